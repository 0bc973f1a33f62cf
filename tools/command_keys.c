/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfast keys: the keys of zones that are signed here, offline, in the
 * directory that the configuration names. holdfastd notices by itself what has
 * been changed. Root works as the owner of the directory, so that holdfastd can
 * read what is written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/name.h"
#include "control/sign/key_directory.h"
#include "control/sign/key_roll.h"
#include "tools/tool_output.h"

enum {
	LOCK_WAIT_MS = 5000,
	CLOCK_SLACK_S = 60, /* clocks that are set a little back are usual */
};

struct keys_job {
	struct tool *tool;
	struct key_directory dir;
	const struct config_policy *policy;
	struct zone_keys *keys;
	uint64_t now;
	json_t *list; /* --json: one object a key */
};

static const struct config_zone *
zone_configured_find(const struct config *c, const uint8_t *apex)
{
	for (unsigned i = 0; i < c->nzones; i++)
		if (name_equal(c->zones[i].apex, apex))
			return &c->zones[i];
	return NULL;
}

/* A zone that is not configured yet will have the default policy. */
static const struct config_policy *
policy_of(const struct config *c, const uint8_t *apex)
{
	const struct config_zone *z = zone_configured_find(c, apex);
	const struct config_zone any = {0};

	return config_policy_of(c, z ? z : &any);
}

static int
zone_word(const struct tool *t, uint8_t apex[DNS_NAME_MAX + 1], struct err *err)
{
	int n;

	memset(apex, 0, DNS_NAME_MAX + 1);
	if (t->nargs < 2)
		return err_set(err, ERR_USAGE,
		    "which zone? Write: holdfast keys %s ZONE", t->args[0]);
	n = name_from_text(apex, t->args[1], err);
	if (n < 0)
		return err_set(
		    err, ERR_USAGE, "\"%s\" is no zone name", t->args[1]);
	name_lower(apex, apex, (size_t)n);
	return 0;
}

/* As root: what is made here must be holdfastd's. */
static int
owner_become(const struct key_directory *d, struct err *err)
{
	struct stat st;

	if (geteuid() != 0)
		return 0;
	if (fstat(d->fd, &st) != 0)
		return err_set_errno(err, "%s: can't stat", d->path);
	if (st.st_uid != 0 &&
	    (setegid(st.st_gid) != 0 || seteuid(st.st_uid) != 0))
		return err_set_errno(
		    err, "%s: can't work as its owner", d->path);
	return 0;
}

/* "2026-11-21 10:04:05 UTC" or "-". */
static void
due_text(char dst[32], const struct keys_job *j, const struct zone_key *key)
{
	const struct key_roll roll = {.policy = j->policy, .now = j->now};

	output_time(dst, key_roll_key_due(key, &roll));
}

static void
key_print(struct keys_job *j, const struct zone_key *key)
{
	char name[NAME_TEXT_MAX], since[32], due[32];

	name_to_text(name, j->keys->apex);
	if (j->list) {
		json_array_append_new(j->list,
		    json_pack("{s:s, s:i, s:s, s:s, s:s, s:I, s:I, s:I, s:s, "
			      "s:I, s:s}",
			"zone", name, "tag", key->tag, "algorithm",
			zone_key_algorithm_name(key->algorithm), "role",
			key_role_name[key->role], "state",
			key_state_name[key->state], "since",
			(json_int_t)key->since, "created",
			(json_int_t)key->created, "published",
			(json_int_t)key->published, "ds", key_ds_name[key->ds],
			"ds_since", (json_int_t)key->ds_since, "waits_for",
			key_roll_waits_for(key)));
		return;
	}
	due_text(due, j, key);
	printf("%s %s %05u %s %s since %s", name, key_role_name[key->role],
	    key->tag, zone_key_algorithm_name(key->algorithm),
	    key_state_name[key->state], output_time(since, key->since));
	if (key->role != KEY_ZSK)
		printf(", DS %s", key_ds_name[key->ds]);
	printf("; waits for %s", key_roll_waits_for(key));
	if (strcmp(due, "-") != 0)
		printf(", not before %s", due);
	putchar('\n');
}

static int
zone_list(void *arg, const uint8_t *apex, struct err *err)
{
	struct keys_job *j = arg;
	int rc = key_directory_read(&j->dir, apex, false, j->keys, err);

	j->policy = policy_of(j->tool->loaded, apex);
	for (unsigned i = 0; rc == 0 && i < j->keys->count; i++)
		key_print(j, &j->keys->keys[i]);
	zone_keys_fini(j->keys);
	return rc;
}

static int
keys_list(struct keys_job *j, struct err *err)
{
	uint8_t apex[DNS_NAME_MAX + 1];
	int rc;

	if (j->tool->nargs < 2)
		return key_directory_each(&j->dir, zone_list, j, err);
	rc = zone_word(j->tool, apex, err);
	return rc ? rc : zone_list(j, apex, err);
}

/* Writes the files of keys that were made just now, then the state. */
static int
keys_save(struct keys_job *j, unsigned first_new, struct err *err)
{
	int rc = 0;

	for (unsigned i = first_new; rc == 0 && i < j->keys->count; i++)
		rc =
		    key_directory_add(&j->dir, j->keys, &j->keys->keys[i], err);
	if (rc == 0)
		rc = key_directory_write(&j->dir, j->keys, err);
	for (unsigned i = first_new; rc == 0 && i < j->keys->count; i++)
		key_print(j, &j->keys->keys[i]);
	return rc;
}

static int
keys_create(struct keys_job *j, struct err *err)
{
	unsigned before = j->keys->count;
	int rc = key_roll_create(j->keys, j->policy, j->now, err);

	return rc ? rc : keys_save(j, before, err);
}

/* The role that is meant: the word, or the only one that can be. */
static int
role_word(struct keys_job *j, enum key_role *role, struct err *err)
{
	const struct tool *t = j->tool;
	bool split = false;

	for (unsigned i = 0; i < j->keys->count; i++)
		split |= j->keys->keys[i].state == KEY_ACTIVE &&
		         j->keys->keys[i].role != KEY_CSK;
	for (unsigned i = 0; t->nargs > 2 && i < KEY_ROLE_COUNT; i++)
		if (strcmp(t->args[2], key_role_name[i]) == 0) {
			*role = (enum key_role)i;
			return 0;
		}
	if (t->nargs > 2 || split)
		return err_set(err, ERR_USAGE,
		    "which key? Write: holdfast keys roll %s %s", t->args[1],
		    split ? "ksk, or zsk" : "csk");
	*role = KEY_CSK;
	return 0;
}

static int
keys_roll(struct keys_job *j, struct err *err)
{
	unsigned before = j->keys->count;
	struct zone_key *key;
	enum key_role role = KEY_CSK;
	int rc = role_word(j, &role, err);

	if (rc == 0)
		rc = key_roll_begin(j->keys, role, j->now, &key, err);
	return rc ? rc : keys_save(j, before, err);
}

static int
keys_ds_seen(struct keys_job *j, struct err *err)
{
	struct zone_key *key;
	int rc = key_roll_ds_seen(j->keys, j->now, &key, err);

	if (rc == 0)
		rc = key_directory_write(&j->dir, j->keys, err);
	if (rc == 0)
		key_print(j, key);
	return rc;
}

static void
ds_print(struct keys_job *j, const struct zone_key *key)
{
	char name[NAME_TEXT_MAX], hex[2 * 32 + 1];
	uint8_t ds[KEY_DS_RDATA_BYTES];

	zone_key_ds(j->keys, key, ds);
	for (unsigned i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", ds[4 + i]);
	name_to_text(name, j->keys->apex);
	if (j->list)
		json_array_append_new(j->list,
		    json_pack("{s:s, s:i, s:i, s:i, s:s}", "zone", name, "tag",
			key->tag, "algorithm", key->algorithm, "digest_type",
			ds[3], "digest", hex));
	else
		printf("%s IN DS %u %u %u %s\n", name, key->tag, key->algorithm,
		    ds[3], hex);
}

/* Of the key that the parent should have, or will be asked to have. */
static int
keys_ds(struct keys_job *j, struct err *err)
{
	const struct zone_keys *k = j->keys;
	bool any = false;

	for (unsigned i = 0; i < k->count; i++)
		if (zone_key_is_for_parent(k, &k->keys[i])) {
			ds_print(j, &k->keys[i]);
			any = true;
		}
	for (unsigned i = 0; !any && i < k->count; i++)
		if (zone_key_signs_keys(&k->keys[i])) {
			fprintf(stderr, "warning: %s %u waits for %s\n",
			    key_role_name[k->keys[i].role], k->keys[i].tag,
			    key_roll_waits_for(&k->keys[i]));
			ds_print(j, &k->keys[i]);
			any = true;
		}
	return any ? 0
	           : err_set(err, ERR_NOT_FOUND,
			 "no key of the zone belongs to its parent");
}

/* True if nothing would miss the key: it is no longer in the zone, or the zone
 * is not signed here, or it was never published. */
static bool
key_is_spare(const struct keys_job *j, const struct zone_key *key)
{
	const struct config_zone *z =
	    zone_configured_find(j->tool->loaded, j->keys->apex);

	return key->state == KEY_REMOVED || key->state == KEY_NEW || !z ||
	       z->dnssec != ZONE_DNSSEC_SIGN;
}

static int
tag_word(const struct tool *t, unsigned *tag, struct err *err)
{
	char *end;
	unsigned long n = strtoul(t->args[2], &end, 10);

	if (t->args[2][0] < '0' || t->args[2][0] > '9' || *end || n > 65535)
		return err_set(
		    err, ERR_USAGE, "\"%s\" is no key tag", t->args[2]);
	*tag = (unsigned)n;
	return 0;
}

/* Takes the keys that go out of the state, writes it, then deletes files. */
static int
keys_drop(struct keys_job *j, const bool *drop, struct err *err)
{
	struct zone_keys *k = j->keys;
	struct zone_key gone[KEYS_MAX];
	unsigned ngone = 0, kept = 0;
	int rc;

	for (unsigned i = 0; i < k->count; i++) {
		if (drop[i])
			gone[ngone++] = k->keys[i];
		else
			k->keys[kept++] = k->keys[i];
	}
	k->count = kept;
	rc = key_directory_write(&j->dir, k, err);
	for (unsigned i = 0; i < ngone; i++) {
		if (rc == 0)
			key_directory_forget(&j->dir, k, &gone[i]);
		if (rc == 0 && !j->list)
			printf("%s %u is deleted\n",
			    key_role_name[gone[i].role], gone[i].tag);
		if (gone[i].secret)
			ldns_key_deep_free(gone[i].secret);
	}
	return rc;
}

static int
keys_remove(struct keys_job *j, struct err *err)
{
	const struct tool *t = j->tool;
	bool drop[KEYS_MAX] = {0}, any = false;
	unsigned tag = 0;
	int rc = t->nargs > 2 ? tag_word(t, &tag, err) : 0;

	for (unsigned i = 0; rc == 0 && i < j->keys->count; i++) {
		const struct zone_key *key = &j->keys->keys[i];

		if (t->nargs > 2 ? key->tag != tag : key->state != KEY_REMOVED)
			continue;
		if (!key_is_spare(j, key))
			return err_set(err, ERR_REFUSED,
			    "key %u is %s, and the zone is signed here: roll "
			    "it (holdfast keys roll), or give the zone another "
			    "dnssec in the configuration first",
			    tag, key_state_name[key->state]);
		drop[i] = any = true;
	}
	if (rc == 0 && !any)
		rc = err_set(err, ERR_NOT_FOUND,
		    t->nargs > 2 ? "the zone has no such key"
				 : "the zone has no key that is removed; name "
				   "one by its tag");
	return rc ? rc : keys_drop(j, drop, err);
}

static const struct keys_action {
	const char *word;
	int args_most; /* the action's word included */
	bool changes;  /* needs the lock */
	bool makes;    /* there may be no keys, nor a directory */
	int (*run)(struct keys_job *j, struct err *err);
} actions[] = {
    {"list", 2, false, false, keys_list},
    {"create", 2, true, true, keys_create},
    {"roll", 3, true, false, keys_roll},
    {"ds", 2, false, false, keys_ds},
    {"ds-seen", 2, true, false, keys_ds_seen},
    {"remove", 3, true, false, keys_remove},
};

/* Steps of a roll wait for times that are noted here: by a clock that is
 * behind, "the parent has the DS" would count as said long ago. */
static int
now_check(const struct keys_job *j, struct err *err)
{
	char now[32], noted[32];

	for (unsigned i = 0; i < j->keys->count; i++) {
		const struct zone_key *key = &j->keys->keys[i];
		uint64_t last = key->since;

		if (key->published > last)
			last = key->published;
		if (key->ds_since > last)
			last = key->ds_since;
		if (last > j->now + CLOCK_SLACK_S)
			return err_set(err, ERR_REFUSED,
			    "the clock says %s, and the state of key %u is of "
			    "%s: set the clock",
			    output_time(now, j->now), key->tag,
			    output_time(noted, last));
	}
	return 0;
}

static int
action_run(struct keys_job *j, const struct keys_action *a, struct err *err)
{
	uint8_t apex[DNS_NAME_MAX + 1];
	int rc = 0;

	if (a->changes)
		rc = key_directory_lock(&j->dir, LOCK_WAIT_MS, err);
	if (rc || a->run == keys_list)
		return rc ? rc : a->run(j, err);
	rc = zone_word(j->tool, apex, err);
	if (rc)
		return rc;
	j->policy = policy_of(j->tool->loaded, apex);
	rc = key_directory_read(&j->dir, apex, true, j->keys, err);
	if (rc == ERR_NOT_FOUND && a->makes) {
		memcpy(j->keys->apex, apex, sizeof apex);
		rc = 0;
	} else if (rc == ERR_NOT_FOUND) {
		rc = err_set(err, rc,
		    "%s: no keys of %s; `holdfast keys create` makes them",
		    j->dir.path, j->tool->args[1]);
	}
	if (rc == 0 && a->changes)
		rc = now_check(j, err);
	return rc ? rc : a->run(j, err);
}

static int
job_run(struct keys_job *j, const struct keys_action *a, struct err *err)
{
	struct tool *t = j->tool;
	const char *path = t->config;
	int rc;

	if (!path && access(CONFIG_PATH_DEFAULT, R_OK) == 0)
		path = CONFIG_PATH_DEFAULT;
	rc = path ? config_load(&t->loaded, path, err)
	          : config_default(&t->loaded, err);
	if (rc == 0)
		rc = key_directory_open(
		    &j->dir, t->loaded->control.keys, a->makes, err);
	if (rc)
		return rc;
	rc = owner_become(&j->dir, err);
	if (rc == 0)
		rc = action_run(j, a, err);
	key_directory_close(&j->dir);
	return rc;
}

static const struct keys_action *
action_find(const struct tool *t, struct err *err)
{
	for (unsigned i = 0; i < sizeof actions / sizeof *actions; i++) {
		if (strcmp(t->args[0], actions[i].word) != 0)
			continue;
		if (t->nargs <= actions[i].args_most)
			return &actions[i];
		err_set(err, ERR_USAGE, "\"%s\" is one word too many",
		    t->args[actions[i].args_most]);
		return NULL;
	}
	err_set(err, ERR_USAGE,
	    "`holdfast keys` can list, create, roll, ds, ds-seen and remove, "
	    "not \"%s\"",
	    t->args[0]);
	return NULL;
}

enum tool_status
command_keys(struct tool *t)
{
	struct keys_job j = {.tool = t, .now = clock_ms(CLOCK_REALTIME) / 1000};
	struct err err;
	const struct keys_action *a = action_find(t, &err);
	int rc;

	if (!a)
		return tool_fail(t, &err);
	j.keys = calloc(1, sizeof *j.keys);
	j.list = t->json ? json_array() : NULL;
	if (j.keys)
		rc = job_run(&j, a, &err);
	else
		rc = err_set(&err, ERR_NO_MEMORY, "out of memory");
	if (j.keys)
		zone_keys_fini(j.keys);
	free(j.keys);
	if (rc) {
		json_decref(j.list);
		return tool_fail(t, &err);
	}
	if (j.list)
		output_json(json_pack("{s:b, s:o}", "ok", 1, "keys", j.list));
	return TOOL_OK;
}
