/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The command line of the operator's command: a row an option, and a bit a
 * command that takes it. Words may stand in any order. Allocates the lists.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/dnssec/dnssec.h"
#include "tools/command.h"

enum { GENERATION_DIGITS_MIN = 4, TIMEOUT_DEFAULT_MS = 120000 };

struct option_row {
	const char *name;
	unsigned bit; /* enum tool_option */
	bool has_value;
};

static const struct option_row option_rows[] = {
    {"json", OPT_JSON, false},
    {"store", OPT_STORE, true},
    {"config", OPT_CONFIG, true},
    {"run", OPT_RUN, true},
    {"zone", OPT_ZONE, true},
    {"zones-from", OPT_ZONE, true},
    {"schema", OPT_SCHEMA, false},
    {"all", OPT_ALL, false},
    {"tcp", OPT_QUERY, false},
    {"udp", OPT_QUERY, true},
    {"generation", OPT_GENERATION, true},
    {"timeout", OPT_TIMEOUT, true},
    {"dnssec", OPT_DNSSEC, true},
    {"at", OPT_DNSSEC, true},
    {"reason", OPT_REASON, true},
    {"for", OPT_REASON, true},
    {"force", OPT_FORCE, false},
    {"list", OPT_DRILL, false},
    {"only", OPT_DRILL, true},
    {"short", OPT_DRILL, false},
    {"keep", OPT_DRILL, false},
    {"scratch", OPT_DRILL, true},
    {"patience", OPT_DRILL, true},
    {"version", OPT_REASON, true},
};
enum { OPTION_ROWS = sizeof option_rows / sizeof option_rows[0] };

static int
number_take(unsigned *out, const char *name, const char *text, unsigned least,
    unsigned most, struct err *err)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n < least || n > most)
		return err_set(err, ERR_USAGE,
		    "--%s %s: a number from %u to %u", name, text, least, most);
	*out = (unsigned)n;
	return 0;
}

static int
zone_take(struct tool *t, const char *text, struct err *err)
{
	const char **zones;

	if (strchr(text, '=') == NULL)
		return err_set(err, ERR_USAGE,
		    "--zone %s: write NAME=FILE, such as --zone "
		    "example.org=example.org.zone",
		    text);
	zones = realloc(t->zones, (t->nzones + 1) * sizeof *zones);
	if (zones == NULL)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	t->zones = zones;
	t->zones[t->nzones++] = text;
	return 0;
}

static int
dnssec_take(struct tool *t, const char *word, struct err *err)
{
	int mode = config_dnssec_from_text(word);

	if (mode < 0)
		return err_set(err, ERR_USAGE,
		    "--dnssec %s: write verify, warn, off or sign", word);
	t->dnssec = (enum config_dnssec)mode;
	return 0;
}

/* "90", "90s", "10m", "2h" or "1d", a week at most. */
static int
duration_take(unsigned *out, const char *text, struct err *err)
{
	static const struct {
		const char *suffix;
		unsigned seconds;
	} units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (*text < '0' || *text > '9' || n == 0 ||
		    n > 7 * 86400 / units[i].seconds ||
		    strcmp(end, units[i].suffix) != 0)
			continue;
		*out = (unsigned)n * units[i].seconds;
		return 0;
	}
	return err_set(err, ERR_USAGE,
	    "--for %s: write a time such as 90s, 10m, 2h or 1d, at most 7d",
	    text);
}

static int
at_take(struct tool *t, const char *text, struct err *err)
{
	int rc = dnssec_time_parse(&t->at, text, err);

	if (rc == 0 && t->at == 0)
		rc = err_set(err, ERR_USAGE, "0 is no time");
	return rc ? err_add(err, "--at") : 0;
}

/* What another program reads; texts of the table and of argv. */
static int
passed_take(
    struct tool *t, const char *name, const char *value, struct err *err)
{
	if (t->npassed == TOOL_PASSED_MOST)
		return err_set(err, ERR_USAGE, "too many options");
	t->passed[t->npassed].name = name;
	t->passed[t->npassed++].value = value;
	return 0;
}

static int
option_take(struct tool *t, const struct option_row *row, const char *value,
    struct err *err)
{
	int rc = 0;

	if (row->bit == OPT_DRILL)
		rc = passed_take(t, row->name, value, err);
	else if (strcmp(row->name, "json") == 0)
		t->json = true;
	else if (strcmp(row->name, "store") == 0)
		t->store_dir = value;
	else if (strcmp(row->name, "config") == 0)
		t->config = value;
	else if (strcmp(row->name, "run") == 0)
		t->run_dir = value;
	else if (strcmp(row->name, "zone") == 0)
		rc = zone_take(t, value, err);
	else if (strcmp(row->name, "zones-from") == 0)
		t->zones_from = value;
	else if (strcmp(row->name, "schema") == 0)
		t->schema = true;
	else if (strcmp(row->name, "all") == 0)
		t->all = true;
	else if (strcmp(row->name, "force") == 0)
		t->force = true;
	else if (strcmp(row->name, "tcp") == 0)
		t->tcp = true;
	else if (strcmp(row->name, "udp") == 0)
		rc = number_take(
		    &t->udp_bytes, row->name, value, 512, 65535, err);
	else if (strcmp(row->name, "generation") == 0)
		t->generation = value;
	else if (strcmp(row->name, "dnssec") == 0)
		rc = dnssec_take(t, value, err);
	else if (strcmp(row->name, "at") == 0)
		rc = at_take(t, value, err);
	else if (strcmp(row->name, "reason") == 0)
		t->reason = value;
	else if (strcmp(row->name, "version") == 0)
		t->version = value;
	else if (strcmp(row->name, "for") == 0)
		rc = duration_take(&t->for_s, value, err);
	else if (strcmp(row->name, "timeout") == 0) {
		rc = number_take(
		    &t->timeout_ms, row->name, value, 1, 86400, err);
		t->timeout_ms *= 1000;
	}
	return rc;
}

static int
options_read(struct tool *t, int argc, char **argv, struct err *err)
{
	struct option long_options[OPTION_ROWS + 1] = {0};
	int index, letter, rc = 0;

	for (unsigned i = 0; i < OPTION_ROWS; i++)
		long_options[i] = (struct option){.name = option_rows[i].name,
		    .has_arg = option_rows[i].has_value ? required_argument
		                                        : no_argument,
		    .val = 'a'};
	optind = 0; /* start over: tests parse many lines */
	opterr = 0;
	while (!rc && (letter = getopt_long(
			   argc, argv, ":", long_options, &index)) != -1) {
		if (letter == ':')
			rc = err_set(err, ERR_USAGE, "%s needs a value",
			    argv[optind - 1]);
		else if (letter == '?')
			rc = err_set(err, ERR_USAGE, "there is no option %s",
			    argv[optind - 1]);
		else if (!(option_rows[index].bit & t->command->options))
			rc = err_set(err, ERR_USAGE,
			    "`holdfast %s` has no option --%s",
			    t->command->name, option_rows[index].name);
		else
			rc = option_take(t, &option_rows[index], optarg, err);
	}
	return rc;
}

int
tool_options_parse(struct tool *t, int argc, char **argv, struct err *err)
{
	int rc;

	t->timeout_ms = TIMEOUT_DEFAULT_MS;
	rc = options_read(t, argc, argv, err);
	t->args = argv + optind;
	t->nargs = argc - optind;
	if (!rc && t->nargs < t->command->args_least)
		rc = err_set(err, ERR_USAGE, "something is missing");
	if (!rc && t->nargs > t->command->args_most)
		rc = err_set(err, ERR_USAGE, "\"%s\" is one word too many",
		    t->args[t->command->args_most]);
	if (rc) {
		char text[ERR_TEXT_MAX];

		snprintf(text, sizeof text, "%s", err->text);
		err_set(err, rc, "%s; write: holdfast %s %s", text,
		    t->command->name, t->command->arguments);
	}
	return rc;
}

void
tool_fini(struct tool *t)
{
	free(t->zones);
	if (t->loaded)
		config_free(&t->loaded);
}

/* Without --config the default file counts where there is one that can be read;
 * if it is bad, that is said only when it is needed. */
int
tool_places(struct tool *t, struct err *err)
{
	const char *path = t->config;
	int rc;

	if (t->loaded == NULL) {
		if (path == NULL &&
		    (t->store_dir == NULL || t->run_dir == NULL) &&
		    access(CONFIG_PATH_DEFAULT, R_OK) == 0)
			path = CONFIG_PATH_DEFAULT;
		rc = path ? config_load(&t->loaded, path, err)
		          : config_default(&t->loaded, err);
		if (rc)
			return rc;
	}
	if (t->store_dir == NULL)
		t->store_dir = t->loaded->store_dir;
	if (t->run_dir == NULL)
		t->run_dir = t->loaded->run_dir;
	return 0;
}

int
tool_store_open(
    struct tool *t, struct store **out, unsigned flags, struct err *err)
{
	int rc = 0;

	if (t->store_dir == NULL)
		rc = tool_places(t, err);
	if (rc)
		return rc;
	rc = store_open(out, t->store_dir, flags, err);
	if (rc == ERR_NOT_FOUND)
		return err_set(err, rc,
		    "%s: no store there; name one with --store DIR, or make one "
		    "with: holdfast compile --store %s --zone NAME=FILE",
		    t->store_dir, t->store_dir);
	return rc;
}

static int
generation_current(struct store *s, struct digest *out, struct err *err)
{
	struct store_current current;
	int rc = store_current_read(s, &current, err);

	if (!rc && digest_is_zero(&current.generation))
		rc = err_set(err, ERR_NOT_FOUND,
		    "%s: nothing has been committed yet; `holdfast compile` or "
		    "holdfastd does that",
		    store_dir(s));
	if (!rc)
		*out = current.generation;
	return rc;
}

static int
generation_by_prefix(struct store *s, const struct store_entry *list,
    size_t count, const char *prefix, struct digest *out, struct err *err)
{
	size_t digits = strlen(prefix), found = 0;
	char hex[DIGEST_TEXT_MAX];

	for (size_t i = 0; i < count; i++) {
		digest_to_text(hex, &list[i].digest);
		if (strncasecmp(hex, prefix, digits) == 0) {
			*out = list[i].digest;
			found++;
		}
	}
	if (found == 1)
		return 0;
	return err_set(err, ERR_NOT_FOUND,
	    "%s: %s generation that begins with %s; `holdfast history` lists "
	    "them",
	    store_dir(s), found ? "more than one" : "no", prefix);
}

static int
generation_previous(struct store *s, const struct store_entry *list,
    size_t count, struct digest *out, struct err *err)
{
	struct digest current;
	int rc = generation_current(s, &current, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++) {
		if (!digest_equal(&list[i].digest, &current) ||
		    digest_is_zero(&list[i].parent))
			continue;
		*out = list[i].parent;
		return 0;
	}
	return err_set(err, ERR_NOT_FOUND,
	    "%s: the current generation has no parent here", store_dir(s));
}

int
tool_generation(
    struct store *s, const char *name, struct digest *out, struct err *err)
{
	struct store_entry *list = NULL;
	size_t count = 0;
	int rc;

	if (strcmp(name, "current") == 0)
		return generation_current(s, out, err);
	rc = store_list(s, &list, &count, err);
	if (rc)
		return rc;
	if (strcmp(name, "previous") == 0)
		rc = generation_previous(s, list, count, out, err);
	else if (strlen(name) < GENERATION_DIGITS_MIN ||
		 strlen(name) > 2 * DIGEST_BYTES ||
		 strspn(name, "0123456789abcdefABCDEF") != strlen(name))
		rc = err_set(err, ERR_USAGE,
		    "\"%s\" names no generation: write `current`, `previous` or "
		    "at least %d digits of its digest (holdfast history)",
		    name, GENERATION_DIGITS_MIN);
	else
		rc = generation_by_prefix(s, list, count, name, out, err);
	free(list);
	return rc;
}
