/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The tables: every option with its type, range, default and meaning. Nothing
 * here allocates. The texts end up in docs/configuration.md and in messages to
 * operators: a sentence each, units named. Here is the file as a whole; its
 * sections are in config_schema_daemons.c, _control.c and _zones.c.
 */
#include "config/config_schema_rows.h"

static const char *const log_words[] = {"error", "warn", "info", "debug", NULL};
const char *const schema_dnssec_words[] = {
    "default", "verify", "warn", "off", "sign", NULL};

static const struct schema_row store_rows[] = {
    {.name = "directory",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_ABSOLUTE,
	FIELD(config, store_dir),
	.high = 1024,
	.initial = "/var/lib/holdfast",
	.help = "The snapshot store: cells, generations and which one is "
		"current. The data plane boots from it alone."},
    {.name = "run",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_ABSOLUTE,
	FIELD(config, run_dir),
	.high = 80, /* socket names below it must fit into 107 octets */
	.initial = "/run/holdfast",
	.help = "Sockets, counters and the health file, on tmpfs."},
};
COUNT_ROWS(store_rows);

static const struct schema_section store_section = {.path = "store",
    .help = "Where snapshots and sockets are.",
    ROWS(store_rows)};

static const struct schema_row root_rows[] = {
    {.name = "log_level",
	.type = SCHEMA_TEXT,
	FIELD(config, log_level),
	.words = log_words,
	.initial = "info",
	.help = "The least important lines that are logged."},
    {.name = "store", .type = SCHEMA_SECTION, .section = &store_section},
    {.name = "answer", .type = SCHEMA_SECTION, .section = &schema_answer},
    {.name = "dataplane", .type = SCHEMA_SECTION, .section = &schema_dataplane},
    {.name = "sockets", .type = SCHEMA_SECTION, .section = &schema_sockets},
    {.name = "limits", .type = SCHEMA_SECTION, .section = &schema_limits},
    {.name = "control", .type = SCHEMA_SECTION, .section = &schema_control},
    {.name = "rollout", .type = SCHEMA_SECTION, .section = &schema_rollout},
    {.name = "guards", .type = SCHEMA_SECTION, .section = &schema_guards},
    {.name = "zone_directory",
	.type = SCHEMA_TEXT,
	FIELD(config, zone_directory),
	.high = 1024,
	.initial_shown = "the configuration file's folder",
	.help = "Where relative zone files are; relative to the "
		"configuration file itself."},
    {.name = "zones_from",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_NULLABLE,
	FIELD(config, zones_from),
	.high = 1024,
	.help = "A file with a line NAME<TAB>FILE a zone, for tens of "
		"thousands of them; # starts a comment line. In addition to "
		"zones."},
    {.name = "dnssec_default",
	.type = SCHEMA_WORD,
	FIELD(config, dnssec_default),
	.words = schema_dnssec_words,
	.initial = "verify",
	.help = "dnssec of the zones of zones_from, and of those that do not "
		"say; default means verify."},
    {.name = "policies",
	.type = SCHEMA_SECTIONS,
	ARRAY(config, policies, npolicies),
	.high = 256,
	.section = &schema_policy,
	.help = "Ways of signing, see below."},
    {.name = "zones",
	.type = SCHEMA_SECTIONS,
	ARRAY(config, zones, nzones),
	.high = 1 << 20,
	.section = &schema_zone,
	.help = "The zones, see below."},
};
COUNT_ROWS(root_rows);

const struct schema_section schema_root = {
    .path = "", .help = "What belongs to no section.", ROWS(root_rows)};
