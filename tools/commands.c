/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The table of the operator's commands, and the help that is printed from it.
 */
#include <stdio.h>
#include <string.h>

#include "base/version.h"
#include "tools/command.h"
#include "tools/tool_output.h"

#define OFFLINE (OPT_JSON | OPT_STORE | OPT_CONFIG)
#define ONLINE  (OPT_JSON | OPT_RUN | OPT_CONFIG | OPT_TIMEOUT)

/* clang-format off */
const struct command commands[] = {
	{"status", "[--run DIR | --config FILE] [--store DIR]",
	 ONLINE | OPT_STORE, 0, 0,
	 "What runs, what is answered and since when. Asks holdfastd, or the\n"
	 "data plane itself when holdfastd is dead or hangs (status 4 then), and\n"
	 "looks into the store.",
	 command_status},
	{"zones", "[ZONE] [--run DIR | --config FILE]", ONLINE, 0, 1,
	 "Every zone: served, refused and why, condemned.", command_zones},
	{"check", "[--config FILE] [--zone NAME=FILE ...] [--zones-from LIST] "
	 "[--dnssec MODE] [--at TIME] [--schema]",
	 OPT_JSON | OPT_CONFIG | OPT_ZONE | OPT_SCHEMA | OPT_DNSSEC, 0, 0,
	 "Reads configuration and zone files and says what is wrong with them;\n"
	 "touches nothing. --schema prints the reference of the configuration.\n"
	 "--dnssec and --at as for compile.",
	 command_check},
	{"compile", "[--store DIR] (--zone NAME=FILE | --zones-from LIST | --config "
	 "FILE) ... [--dnssec MODE] [--at TIME]",
	 OFFLINE | OPT_ZONE | OPT_DNSSEC, 0, 0,
	 "Makes a generation of zone files, proves it and commits it, offline.\n"
	 "The store is made if there is none. LIST has a line NAME<TAB>FILE a\n"
	 "zone. A zone that is bad is named, and stays at its last good version\n"
	 "or out; the others are compiled (status 3). MODE is verify (signed\n"
	 "zones that validators would not believe are refused), warn, off, or\n"
	 "sign (with the keys that the configuration names); TIME the date that\n"
	 "signatures must hold on, 2026-01-31T12:00:00Z. With no zone named, all\n"
	 "zones of --config FILE, as it says.",
	 command_compile},
	{"keys", "(list [ZONE] | create ZONE | roll ZONE [csk|ksk|zsk] | ds ZONE | "
	 "ds-seen ZONE | remove ZONE [TAG]) [--config FILE]",
	 OPT_JSON | OPT_CONFIG, 1, 3,
	 "The keys of zones with dnssec: sign, in the folder that control: keys\n"
	 "names. roll makes a key's successor; holdfastd takes each step when\n"
	 "its time has come. ds prints what the parent should have; ds-seen\n"
	 "says that it has it. remove deletes keys that are no longer needed.",
	 command_keys},
	{"show", "[WHAT] [--store DIR]", OFFLINE, 0, 1,
	 "What a store, a generation (`current`, `previous`, digits of its\n"
	 "digest) or a file of the store (cell, manifest, records) has in it.",
	 command_show},
	{"verify", "[WHAT] [--all] [--store DIR]", OFFLINE | OPT_ALL, 0, 1,
	 "Checks digests, structure and the whole of a generation (`current` if\n"
	 "none is named, every one with --all), or a cell or manifest file.",
	 command_verify},
	{"query", "NAME [TYPE] [+do] [--tcp | --udp N] [--generation HEX] "
	 "[--store DIR]", OFFLINE | OPT_QUERY | OPT_GENERATION, 1, 3,
	 "Answers a question from the store as the data plane would, offline,\n"
	 "and prints the response as dig does.", command_query},
	{"quarantine", "[list | release ID] [--store DIR]", OFFLINE, 0, 2,
	 "The queries that have crashed a daemon and are dropped for a while.\n"
	 "A released one is answered again.", command_quarantine},
	{"diff", "A B [--store DIR]", OFFLINE, 2, 2,
	 "The records that differ between two generations.", command_diff},
	{"history", "[--store DIR]", OFFLINE, 0, 0,
	 "The generations of a store, newest first: current, candidate, pinned,\n"
	 "rolled back (condemned).", command_history},
	{"drill", "[--config FILE] [--list] [--only NAME] [--short] [--keep] "
	 "[--scratch DIR] [--patience FACTOR]",
	 OPT_JSON | OPT_CONFIG | OPT_DRILL, 0, 0,
	 "Lets the accidents happen that Holdfast is made against, to the real\n"
	 "programs in a scratch folder, under questions all the while, and\n"
	 "prints what became of each; status 1 if one did harm. The zones of a\n"
	 "configuration are copied there and must not notice. Touches nothing\n"
	 "that is in use. Needs python3.", command_drill},
	{"reload", "[ZONE] [--run DIR | --config FILE] [--timeout SECONDS]",
	 ONLINE, 0, 1,
	 "Reads configuration and zone files again, now, and waits until what\n"
	 "is good in them is answered.", command_reload},
	{"rollback", "[N | HEX] [--force] [--run DIR | --store DIR]",
	 ONLINE | OPT_STORE | OPT_FORCE, 0, 1,
	 "Returns to the generation before, N before, or HEX, and condemns what\n"
	 "it leaves; while a canary runs, its candidate is the first step.\n"
	 "Refused if signatures have ended there, unless --force; says where a\n"
	 "serial goes back. Works with holdfastd dead, and on a store that\n"
	 "nobody uses.",
	 command_rollback},
	{"hold", "[--reason TEXT] [--run DIR | --store DIR]",
	 ONLINE | OPT_STORE | OPT_REASON, 0, 0,
	 "Nothing is published from now on, by anybody; a canary ends at once.\n"
	 "Works with holdfastd dead, as pin, unpin and release do.",
	 command_hold},
	{"release", "[ZONE] [--run DIR | --store DIR]", ONLINE | OPT_STORE, 0, 1,
	 "Ends a hold. With ZONE: lets a version of it that was taken back be\n"
	 "published again, and its next one at once (by holdfastd alone).",
	 command_release},
	{"explain", "ZONE [--run DIR | --store DIR]", ONLINE | OPT_STORE, 1, 1,
	 "What the guards said last of a version of this zone, and what it takes\n"
	 "to publish it all the same. Works with holdfastd dead.",
	 command_explain},
	{"override", "ZONE --reason TEXT [--version HEX] [--for 10m] "
	 "[--run DIR | --config FILE]",
	 ONLINE | OPT_REASON, 1, 1,
	 "Lets the version that the guards refused pass, once, unless it changes\n"
	 "before. With --version only the one that explain showed. The reason\n"
	 "goes to the audit log.", command_override},
	{"pin", "HEX [--run DIR | --store DIR]", ONLINE | OPT_STORE, 1, 1,
	 "Keeps a generation, for a rollback, however old it is.", command_pin},
	{"unpin", "HEX [--run DIR | --store DIR]", ONLINE | OPT_STORE, 1, 1,
	 "Takes that back.", command_unpin},
	{"stats", "[--all] [--run DIR | --config FILE]", ONLINE | OPT_ALL, 0, 0,
	 "The counters of data plane, sockets and control; --all shows zeros\n"
	 "and every core.", command_stats},
	{"limits", "[reload] [--run DIR | --config FILE]", ONLINE, 0, 1,
	 "What limits and lists of prefixes have dropped, and which prefixes are\n"
	 "limited most. `limits reload` makes the data plane read its lists again\n"
	 "(holdfast-sockets does at SIGHUP).", command_limits},
	{"cookies", "[show | stage | swap | roll] [--config FILE | --store DIR]",
	 OFFLINE | OPT_RUN | OPT_TIMEOUT, 0, 1,
	 "The secrets of DNS cookies, by marks that give nothing away. stage: a\n"
	 "new one that is accepted beside the old; swap: it makes cookies from\n"
	 "now on, and the old one is accepted; roll: both at once, for a server\n"
	 "that shares its secrets with nobody. The daemons follow the file.",
	 command_cookies},
	{"stop", "[dataplane] [--run DIR | --config FILE]", ONLINE, 0, 1,
	 "Stops holdfastd: answers go on. `stop dataplane` stops the data plane,\n"
	 "and UDP answers with it.", command_stop},
	{"version", "", OPT_JSON, 0, 0, "Prints the version.", command_version},
	{"help", "[COMMAND]", OPT_JSON, 0, 1, "Prints this, or more on a command.",
	 command_help_run},
};
/* clang-format on */

const unsigned ncommands = sizeof commands / sizeof commands[0];

static const char exit_text[] =
    "Exit status: 0 fine; 1 the answer is no (refused, unsound, not found);\n"
    "2 wrong usage; 3 part of the zones were refused; 4 nobody there (the\n"
    "daemon does not run); 5 trouble with the store or a file.\n";

const struct command *
command_find(const char *name)
{
	for (unsigned i = 0; i < ncommands; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static void
help_line(const char *line)
{
	printf("      ");
	for (; *line; line++) {
		putchar(*line);
		if (*line == '\n')
			printf("      ");
	}
	putchar('\n');
}

void
command_help(const struct command *c)
{
	printf("  holdfast %s %s\n", c->name, c->arguments);
	help_line(c->help);
}

void
commands_help(void)
{
	puts(
	    "holdfast: asks and tells a Holdfast DNS responder, and looks into "
	    "its store.\n");
	for (unsigned i = 0; i < ncommands; i++)
		command_help(&commands[i]);
	puts(
	    "\nEvery command takes --json. Without --store, --run or --config,\n"
	    "places come from " CONFIG_PATH_DEFAULT " if it is there, else\n"
	    "they are /var/lib/holdfast and /run/holdfast.\n");
	fputs(exit_text, stdout);
}

/* All commands, or the one. */
static void
help_json(const struct command *only)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < ncommands; i++) {
		const struct command *c = &commands[i];

		if (only == NULL || only == c)
			json_array_append_new(list,
			    json_pack("{s:s, s:s, s:s}", "name", c->name,
				"arguments", c->arguments, "help", c->help));
	}
	output_json(json_pack("{s:b, s:o}", "ok", 1, "commands", list));
}

enum tool_status
command_help_run(struct tool *t)
{
	const struct command *c;
	struct err err;

	if (t->nargs == 0) {
		if (t->json)
			help_json(NULL);
		else
			commands_help();
		return TOOL_OK;
	}
	c = command_find(t->args[0]);
	if (c == NULL) {
		err_set(&err, ERR_USAGE,
		    "there is no command \"%s\"; `holdfast help` lists them",
		    t->args[0]);
		return tool_fail(t, &err);
	}
	if (t->json) {
		help_json(c);
		return TOOL_OK;
	}
	command_help(c);
	putchar('\n');
	fputs(exit_text, stdout);
	return TOOL_OK;
}

enum tool_status
command_version(struct tool *t)
{
	if (t->json)
		output_json(json_pack(
		    "{s:b, s:s}", "ok", 1, "version", HOLDFAST_VERSION));
	else
		puts("holdfast " HOLDFAST_VERSION);
	return TOOL_OK;
}

static enum tool_status
status_of(int code)
{
	switch (code) {
	case ERR_OK:
		return TOOL_OK;
	case ERR_USAGE:
		return TOOL_USAGE;
	case ERR_UNAVAILABLE:
		return TOOL_NOBODY;
	case ERR_SYNTAX:
	case ERR_SEMANTIC:
	case ERR_NOT_FOUND:
	case ERR_BUSY:
	case ERR_STALE:
	case ERR_REFUSED:
	case ERR_EXISTS:
	case ERR_LIMIT:
		return TOOL_NO;
	default:
		return TOOL_STORE;
	}
}

enum tool_status
tool_fail(const struct tool *t, const struct err *err)
{
	if (t->json)
		output_json(json_pack("{s:b, s:{s:s, s:s}}", "ok", 0, "error",
		    "code", err_code_name(err->code), "text", err->text));
	else
		fprintf(stderr, "holdfast: %s\n", err->text);
	return status_of(err->code);
}

enum tool_status
tool_fail_store(const struct tool *t, const struct err *err)
{
	enum tool_status status = tool_fail(t, err);

	return status == TOOL_USAGE ? status : TOOL_STORE;
}
