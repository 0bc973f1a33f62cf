/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `holdfast`, the operator's command: what its commands share. One row a
 * command in the table of commands.c, from which the help is printed; one row
 * an option in tool_options.c. A process runs one command, in one thread.
 */
#ifndef HOLDFAST_COMMAND_H
#define HOLDFAST_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "snapshot/store.h"

/* Exit status of every command; in `holdfast help` and docs/operating.md. */
enum tool_status {
	TOOL_OK = 0,
	TOOL_NO = 1, /* the answer is no: refused, unsound, not found */
	TOOL_USAGE = 2,
	TOOL_PARTIAL = 3, /* part of the zones were refused */
	TOOL_NOBODY = 4,  /* nobody there: the daemon does not run */
	TOOL_STORE = 5,   /* trouble with the store or a file */
};

/* Options, as bits: a command's row says which it takes. */
enum tool_option {
	OPT_JSON = 1 << 0,
	OPT_STORE = 1 << 1,
	OPT_CONFIG = 1 << 2,
	OPT_RUN = 1 << 3,
	OPT_ZONE = 1 << 4, /* --zone NAME=FILE, --zones-from LIST */
	OPT_SCHEMA = 1 << 5,
	OPT_ALL = 1 << 6,
	OPT_QUERY = 1 << 7, /* --tcp, --udp N */
	OPT_GENERATION = 1 << 8,
	OPT_TIMEOUT = 1 << 9,
	OPT_DNSSEC = 1 << 10, /* --dnssec MODE, --at TIME */
	OPT_REASON = 1 << 11, /* --reason TEXT, --for TIME, --version HEX */
	OPT_FORCE = 1 << 12,
	OPT_DRILL = 1 << 13, /* passed on as they are */
};

enum { TOOL_PASSED_MOST = 40 };

struct tool {
	const struct command *command;
	bool json, schema, all, tcp, force;
	const char *store_dir; /* --store, else the configuration's */
	const char *run_dir;
	const char *config; /* --config; NULL: the default file, if any */
	const char *zones_from;
	const char *generation;
	unsigned udp_bytes; /* 0: no EDNS size asked for */
	unsigned timeout_ms;
	enum config_dnssec dnssec; /* --dnssec; DEFAULT: each zone's own */
	uint64_t at;               /* --at, seconds since 1970; 0: now */
	const char *reason, *version;
	unsigned for_s; /* --for; 0: not said */
	struct {
		const char *name, *value;
	} passed[TOOL_PASSED_MOST]; /* OPT_DRILL */
	size_t npassed;
	const char **zones; /* NAME=FILE */
	size_t nzones;
	char **args; /* what is no option */
	int nargs;
	struct config *loaded; /* behind store_dir and run_dir */
};

struct command {
	const char *name;
	const char *arguments; /* as the help shows them */
	unsigned options;      /* enum tool_option */
	int args_least, args_most;
	const char *help;
	enum tool_status (*run)(struct tool *t);
};

extern const struct command commands[];
extern const unsigned ncommands;

const struct command *command_find(const char *name);
void commands_help(void);
void command_help(const struct command *c);

/* Fills `t` from the words behind the command's name. */
int tool_options_parse(struct tool *t, int argc, char **argv, struct err *err);
void tool_fini(struct tool *t);

/* Prints the error, as text on standard error or as JSON on standard output,
 * and returns the exit status that its code means. */
enum tool_status tool_fail(const struct tool *t, const struct err *err);

/* The same for a store or a file that can't be used: status 5, unless the words
 * were wrong. */
enum tool_status tool_fail_store(const struct tool *t, const struct err *err);

/* Opens the store that --store or the configuration names. */
int tool_store_open(
    struct tool *t, struct store **out, unsigned flags, struct err *err);
/* store_dir and run_dir from the configuration where the command line has
 * none. A configuration that is named but bad is an error. */
int tool_places(struct tool *t, struct err *err);

/* How many queries the daemons of a store drop now; 0 also if that can't be
 * read. */
size_t quarantine_in_force(const char *store_dir);

/* A generation by its digest, a prefix of it (4 digits at least), `current` or
 * `previous` (the parent of `current`). */
int tool_generation(
    struct store *s, const char *name, struct digest *out, struct err *err);

enum tool_status command_check(struct tool *t);
enum tool_status command_compile(struct tool *t);
enum tool_status command_cookies(struct tool *t);
enum tool_status command_diff(struct tool *t);
enum tool_status command_drill(struct tool *t);
enum tool_status command_explain(struct tool *t);
enum tool_status command_help_run(struct tool *t);
enum tool_status command_hold_release(struct tool *t);
enum tool_status command_history(struct tool *t);
enum tool_status command_hold(struct tool *t);
enum tool_status command_keys(struct tool *t);
enum tool_status command_limits(struct tool *t);
enum tool_status command_pin(struct tool *t);
enum tool_status command_quarantine(struct tool *t);
enum tool_status command_override(struct tool *t);
enum tool_status command_query(struct tool *t);
enum tool_status command_release(struct tool *t);
enum tool_status command_reload(struct tool *t);
enum tool_status command_rollback(struct tool *t);
enum tool_status command_show(struct tool *t);
enum tool_status command_stats(struct tool *t);
enum tool_status command_status(struct tool *t);
enum tool_status command_stop(struct tool *t);
enum tool_status command_unpin(struct tool *t);
enum tool_status command_verify(struct tool *t);
enum tool_status command_version(struct tool *t);
enum tool_status command_zones(struct tool *t);

#endif
