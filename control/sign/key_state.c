/* SPDX-License-Identifier: BSD-2-Clause
 *
 * States of keys as JSON (key_state.h).
 */
#include "control/sign/key_state.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"

enum { STATE_VERSION = 1 };

/* Seconds since 1970, up to the year 2500. */
#define TIME_MAX 16725225600

static bool
word_find(const char *const *words, unsigned n, const char *word, unsigned *out)
{
	for (unsigned i = 0; i < n; i++) {
		if (strcmp(words[i], word) != 0)
			continue;
		*out = i;
		return true;
	}
	return false;
}

static bool
times_sound(const json_int_t *times, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (times[i] < 0 || times[i] > TIME_MAX)
			return false;
	return true;
}

/* NULL, or what is wrong. */
static const char *
key_parse(struct zone_keys *k, json_t *item)
{
	struct zone_key *key = &k->keys[k->count];
	const char *role, *state, *ds;
	json_int_t tag, algorithm, times[4];
	unsigned words[3];

	if (json_unpack(item, "{s:I, s:I, s:s, s:s, s:I, s:I, s:I, s:s, s:I !}",
		"tag", &tag, "algorithm", &algorithm, "role", &role, "state",
		&state, "since", &times[0], "created", &times[1], "published",
		&times[2], "ds", &ds, "ds_since", &times[3]) != 0)
		return "a key does not have the members that it should";
	if (tag < 0 || tag > UINT16_MAX || zone_key_find(k, (uint16_t)tag))
		return "a tag is out of range, or there twice";
	if (algorithm != LDNS_ECDSAP256SHA256 && algorithm != LDNS_ED25519)
		return "an algorithm is neither 13 nor 15";
	if (!times_sound(times, 4))
		return "a time is out of range";
	if (!word_find(key_role_name, KEY_ROLE_COUNT, role, &words[0]) ||
	    !word_find(key_state_name, KEY_STATE_COUNT, state, &words[1]) ||
	    !word_find(key_ds_name, KEY_DS_COUNT, ds, &words[2]))
		return "a role, state or ds is not known";
	*key = (struct zone_key){.tag = (uint16_t)tag,
	    .algorithm = (uint8_t)algorithm,
	    .role = (enum key_role)words[0],
	    .state = (enum key_state)words[1],
	    .ds = (enum key_ds)words[2],
	    .since = (uint64_t)times[0],
	    .created = (uint64_t)times[1],
	    .published = (uint64_t)times[2],
	    .ds_since = (uint64_t)times[3]};
	k->count++;
	return NULL;
}

static const char *
state_read(struct zone_keys *k, json_t *root)
{
	const char *zone, *why = NULL;
	json_t *keys, *item;
	json_int_t version;
	size_t i;
	int n;

	if (json_unpack(root, "{s:I, s:s, s:o !}", "version", &version, "zone",
		&zone, "keys", &keys) != 0 ||
	    !json_is_array(keys))
		return "not the members that it should have";
	if (version != STATE_VERSION)
		return "a version of the file that this program does not know";
	n = name_from_text(k->apex, zone, NULL);
	if (n < 0)
		return "the zone is not a name";
	name_lower(k->apex, k->apex, (size_t)n);
	if (json_array_size(keys) > KEYS_MAX)
		return "too many keys";
	json_array_foreach(keys, i, item)
	{
		if (!why)
			why = key_parse(k, item);
	}
	return why;
}

int
key_state_parse(struct zone_keys *k, const char *path, const void *text,
    size_t bytes, struct err *err)
{
	json_error_t error;
	json_t *root;
	const char *why;

	*k = (struct zone_keys){0};
	root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		return err_set(err, ERR_CORRUPT,
		    "%s:%d: the state of keys is damaged: %s", path, error.line,
		    error.text);
	why = state_read(k, root);
	json_decref(root);
	if (!why)
		return 0;
	k->count = 0;
	return err_set(err, ERR_CORRUPT, "%s: the state of keys is damaged: %s",
	    path, why);
}

static json_t *
key_json(const struct zone_key *key)
{
	return json_pack("{s:i, s:i, s:s, s:s, s:I, s:I, s:I, s:s, s:I}", "tag",
	    key->tag, "algorithm", key->algorithm, "role",
	    key_role_name[key->role], "state", key_state_name[key->state],
	    "since", (json_int_t)key->since, "created",
	    (json_int_t)key->created, "published", (json_int_t)key->published,
	    "ds", key_ds_name[key->ds], "ds_since", (json_int_t)key->ds_since);
}

int
key_state_text(const struct zone_keys *k, char **out, struct err *err)
{
	char name[NAME_TEXT_MAX];
	json_t *keys = json_array(), *root;
	bool whole;

	for (unsigned i = 0; i < k->count; i++)
		json_array_append_new(keys, key_json(&k->keys[i]));
	whole = json_array_size(keys) == k->count;
	root = json_pack("{s:i, s:s, s:o}", "version", STATE_VERSION, "zone",
	    name_to_text(name, k->apex), "keys", keys);
	*out = whole ? json_dumps(root, JSON_INDENT(1)) : NULL;
	json_decref(root);
	return *out ? 0
	            : err_set(err, ERR_NO_MEMORY,
			  "no memory for the state of keys");
}
