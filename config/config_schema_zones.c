/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The options of zones, and of the guards, which stand twice: for all zones and
 * for one.
 */
#include "config/config_schema_rows.h"

static const char *const action_words[] = {
    "off", "warn", "ack", "refuse", NULL};
static const char *const zone_action_words[] = {
    "default", "off", "warn", "ack", "refuse", NULL};

/* A name, or a pattern of names, as in a zone file; names are read by control,
 * which says what is wrong with those that are none. */
static bool
is_owner(const char *text)
{
	return text[0] != '\0' && strchr(text, ' ') == NULL &&
	       strstr(text, "..") == NULL;
}

static bool
is_protected(const char *text)
{
	return is_owner(text) &&
	       strchr(text[0] == '*' ? text + 1 : text, '*') == NULL &&
	       (text[0] != '*' || text[1] == '\0' || text[1] == '.');
}

static bool
is_type(const char *text)
{
	return only(text, LOWER_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZ-");
}

/* The options of budgets and actions stand twice: for all zones, and in a zone,
 * where 0 and default mean what is said for all. */
#define BUDGET(member, least, most, normal, meaning)                           \
	{.name = #member,                                                      \
	    .type = SCHEMA_NUMBER,                                             \
	    FIELD(config, guards.budgets.member),                              \
	    .low = least,                                                      \
	    .high = most,                                                      \
	    .initial = normal,                                                 \
	    .help = meaning},
#define ZONE_BUDGET(member, least, most, normal, meaning)                      \
	{.name = #member,                                                      \
	    .type = SCHEMA_NUMBER,                                             \
	    FIELD(config_zone, guards.budgets.member),                         \
	    .high = most,                                                      \
	    .initial = "0",                                                    \
	    .help = "As in guards, for this zone; 0: what is said there."},
#define ACTION(member, text, normal, meaning)                                  \
	{.name = text,                                                         \
	    .type = SCHEMA_WORD,                                               \
	    FIELD(config, guards.actions.member),                              \
	    .words = action_words,                                             \
	    .initial = normal,                                                 \
	    .help = meaning},
#define ZONE_ACTION(member, text, normal, meaning)                             \
	{.name = text,                                                         \
	    .type = SCHEMA_WORD,                                               \
	    FIELD(config_zone, guards.actions.member),                         \
	    .words = zone_action_words,                                        \
	    .initial = "default",                                              \
	    .help = "As in guards.actions, for this zone; default: what is "   \
		    "said there."},

enum { TTL_MOST_S = 0x7fffffff };

#define BUDGETS(X)                                                             \
	X(endpoint_records, 2, 1000000, "3",                                   \
	    "A name that had at least so many addresses (A and AAAA) may not " \
	    "lose all of them, protected or not.")                             \
	X(shrink_percent, 1, 100, "10",                                        \
	    "A zone may lose so much of its most records within window_h, or " \
	    "shrink_records of them if that is more. 100: all.")               \
	X(shrink_records, 1, 100000000, "5",                                   \
	    "A zone may lose so many records, however small it is.")           \
	X(type_percent, 1, 100, "25",                                          \
	    "The same for the records of one type, or shrink_records.")        \
	X(churn_percent, 1, 100, "50",                                         \
	    "So much of a zone may be removed or replaced at once, or "        \
	    "churn_records if that is more.")                                  \
	X(churn_records, 1, 100000000, "50",                                   \
	    "So many records may be removed or replaced at once.")             \
	X(ttl_raise_s, 1, TTL_MOST_S, "86400",                                 \
	    "Seconds by which the TTL of a record may rise at once.")          \
	X(negative_ttl_s, 1, TTL_MOST_S, "3600",                               \
	    "Seconds above which the time that absence is cached (least of "   \
	    "the SOA's TTL and its last field) may not rise.")

#define ACTIONS(X)                                                             \
	X(never_empty, "never_empty", "ack",                                   \
	    "A protected name loses its last address, MX or NS, a name with "  \
	    "endpoint_records all of them, or a zone everything.")             \
	X(shrink, "shrink", "ack",                                             \
	    "More records are lost than budgets allow, in a zone, of a type "  \
	    "or in all zones together.")                                       \
	X(churn, "churn", "ack", "More records are replaced than allowed.")    \
	X(vanished, "vanished", "ack",                                         \
	    "A zone that is protected, or too many zones, are not configured " \
	    "any more: they stay served.")                                     \
	X(soa, "soa", "warn", "The SOA's server, mailbox or times change.")    \
	X(ns, "ns", "ack",                                                     \
	    "No name server of the zone stays; if some stay, warn.")           \
	X(dnskey, "dnskey", "ack",                                             \
	    "No DNSKEY stays, in a zone that is not signed here; if some "     \
	    "stay, warn.")                                                     \
	X(ds, "ds", "warn", "The DS records of a child change.")               \
	X(unsigned_, "unsigned", "ack",                                        \
	    "A signed zone is unsigned now; the reverse: warn.")               \
	X(serial, "serial", "ack",                                             \
	    "The serial goes back (RFC 1982); if it stays while records "      \
	    "change: warn.")                                                   \
	X(ttl, "ttl", "warn", "TTLs rise by more than ttl_raise_s.")           \
	X(negative_ttl, "negative_ttl", "ack",                                 \
	    "Absence is cached for longer, and for more than "                 \
	    "negative_ttl_s; within it: warn.")                                \
	X(assertion, "assertion", "ack", "An assertion does not hold.")        \
	X(replay, "replay", "ack",                                             \
	    "Questions that clients asked would lose their answers.")

static const struct schema_row action_rows[] = {ACTIONS(ACTION)};
COUNT_ROWS(action_rows);
static const struct schema_row zone_action_rows[] = {ACTIONS(ZONE_ACTION)};
COUNT_ROWS(zone_action_rows);

static const struct schema_section action_section = {.path = "guards.actions",
    .help = "What becomes of a version that a guard trips over. warn: it is "
	    "logged; ack: it is refused, and `holdfast override ZONE` lets it "
	    "pass once; refuse: only another configuration lets it pass.",
    ROWS(action_rows)};
static const struct schema_section zone_action_section = {
    .path = "zones[].guards.actions",
    .help = "Actions of one zone.",
    ROWS(zone_action_rows)};

static const struct schema_row replay_rows[] = {
    {.name = "minutes",
	.type = SCHEMA_NUMBER,
	FIELD(config, guards.replay.minutes),
	.low = 1,
	.high = 60,
	.initial = "10",
	.help = "Minutes of sampled questions (answer.samples_per_second) that "
		"are asked of a new generation."},
    {.name = "lost_permille",
	.type = SCHEMA_NUMBER,
	FIELD(config, guards.replay.lost_permille),
	.high = 1000,
	.initial = "1",
	.help = "So much of what was asked of a zone, and answered, may lose "
		"its answer. A protected name never does."},
    {.name = "truncated_permille",
	.type = SCHEMA_NUMBER,
	FIELD(config, guards.replay.truncated_permille),
	.high = 1000,
	.initial = "10",
	.help = "So much of what was asked of a zone may fit into UDP no "
		"more."},
    {.name = "growth_permille",
	.type = SCHEMA_NUMBER,
	FIELD(config, guards.replay.growth_permille),
	.high = 1000,
	.initial = "250",
	.help = "So much of what was asked of a zone may get an answer of more "
		"than 512 octets that is more than twice as large."},
    {.name = "least",
	.type = SCHEMA_NUMBER,
	FIELD(config, guards.replay.least),
	.low = 1,
	.high = 1000000,
	.initial = "10",
	.help = "Sampled questions that must be hit before a share counts: "
		"fewer are luck."},
    {.name = "learn_permille",
	.type = SCHEMA_NUMBER,
	FIELD(config, guards.replay.learn_permille),
	.high = 1000,
	.initial = "10",
	.help =
	    "A name that is asked for by more than so much of its zone's "
	    "traffic is protected, as if guards.protect had it; a zone with "
	    "more than that of all traffic stays served when it is not "
	    "configured any more. 0: none."},
};
COUNT_ROWS(replay_rows);

static const struct schema_section replay_section = {.path = "guards.replay",
    .help = "Questions that clients asked are answered from the generation "
	    "that is live and from the new one.",
    ROWS(replay_rows)};

static const struct schema_row guard_rows[] = {
    {.name = "protect",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_LIST,
	ARRAY(config, guards.protect, guards.nprotect),
	.high = 4096,
	.check = is_protected,
	.allowed = "names, *.NAME for all below one, * for all, @ for the apex",
	.help = "Names that never lose their last address, MX or NS. Relative "
		"to every zone, or with a final dot one name. NS and SOA of "
		"every apex always are protected."},
    BUDGETS(BUDGET){.name = "window_h",
	.type = SCHEMA_NUMBER,
	FIELD(config, guards.window_h),
	.low = 1,
	.high = 720,
	.initial = "24",
	.help = "Hours over which small losses add up, across restarts."},
    {.name = "generation_percent",
	.type = SCHEMA_NUMBER,
	FIELD(config, guards.generation_percent),
	.low = 1,
	.high = 100,
	.initial = "5",
	.help = "All zones together may lose so much of their records at once, "
		"or generation_records if that is more: what goes beyond it is "
		"refused, the largest losses first."},
    {.name = "generation_records",
	.type = SCHEMA_NUMBER,
	FIELD(config, guards.generation_records),
	.low = 1,
	.high = 100000000,
	.initial = "1000",
	.help = "All zones together may lose so many records at once."},
    {.name = "vanish_percent",
	.type = SCHEMA_NUMBER,
	FIELD(config, guards.vanish_percent),
	.low = 1,
	.high = 100,
	.initial = "2",
	.help = "So much of the zones that are served may be taken out of the "
		"configuration within window_h, and one always."},
    {.name = "replay", .type = SCHEMA_SECTION, .section = &replay_section},
    {.name = "actions", .type = SCHEMA_SECTION, .section = &action_section},
};
COUNT_ROWS(guard_rows);

static const struct schema_row zone_guard_rows[] = {
    BUDGETS(ZONE_BUDGET){.name = "actions",
	.type = SCHEMA_SECTION,
	.section = &zone_action_section},
};
COUNT_ROWS(zone_guard_rows);

static const struct schema_section zone_guard_section = {
    .path = "zones[].guards",
    .help = "Budgets of one zone.",
    ROWS(zone_guard_rows)};

static const struct schema_row assertion_rows[] = {
    {.name = "name",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_REQUIRED,
	FIELD(config_assertion, name),
	.high = 255,
	.check = is_owner,
	.allowed = "names, @ for the apex",
	.help = "The name that is asked for: relative to the zone, or with a "
		"final dot."},
    {.name = "type",
	.type = SCHEMA_TEXT,
	FIELD(config_assertion, type),
	.high = 16,
	.check = is_type,
	.allowed = "types of records (A, MX, TYPE65280)",
	.initial_shown = "A and AAAA together",
	.help = "The type that is asked for."},
    {.name = "resolves",
	.type = SCHEMA_BOOL,
	FIELD(config_assertion, resolves),
	.initial = "false",
	.help = "Follow CNAME and DNAME, through all zones that are served "
		"here, to the records; false: the name itself has them."},
    {.name = "least",
	.type = SCHEMA_NUMBER,
	FIELD(config_assertion, least),
	.high = 65535,
	.initial = "1",
	.help = "Records that must be there at least."},
    {.name = "most",
	.type = SCHEMA_NUMBER,
	FIELD(config_assertion, most),
	.high = 65535,
	.initial = "0",
	.help = "Records that may be there at most; 0: any number."},
    {.name = "inside",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_LIST,
	ARRAY(config_assertion, inside, ninside),
	.high = 256,
	.check = is_prefix,
	.allowed = "prefixes (192.0.2.0/24, 2001:db8::/48) and addresses",
	.help = "Every address is in one of these."},
    {.name = "equals",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_LIST,
	ARRAY(config_assertion, equals, nequals),
	.high = 256,
	.help = "These records and no others, each as in a zone file "
		"(\"10 mx.example.com.\"); needs a type."},
    {.name = "ttl_least",
	.type = SCHEMA_NUMBER,
	FIELD(config_assertion, ttl_least),
	.high = TTL_MOST_S,
	.initial = "0",
	.help = "Seconds that the TTL is at least."},
    {.name = "ttl_most",
	.type = SCHEMA_NUMBER,
	FIELD(config_assertion, ttl_most),
	.high = TTL_MOST_S,
	.initial = "0",
	.help = "Seconds that the TTL is at most; 0: any."},
    {.name = "disjoint",
	.type = SCHEMA_TEXT,
	FIELD(config_assertion, disjoint),
	.high = 255,
	.check = is_owner,
	.allowed = "names, @ for the apex",
	.help = "Another name, asked in the same way, that has none of these "
		"records: two sites that must not become one."},
};
COUNT_ROWS(assertion_rows);

static const struct schema_section assertion_section = {
    .path = "zones[].assertions[]",
    .help = "What the answers must be before a version goes live.",
    ROWS(assertion_rows),
    .bytes = sizeof(struct config_assertion)};

static const struct schema_row zone_rows[] = {
    {.name = "name",
	.type = SCHEMA_APEX,
	.flags = SCHEMA_REQUIRED,
	FIELD(config_zone, apex),
	.help = "The zone's apex; the final dot may be left out."},
    {.name = "file",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_REQUIRED,
	FIELD(config_zone, file),
	.high = 4000,
	.help = "Its zone file: absolute, or below zone_directory."},
    {.name = "dnssec",
	.type = SCHEMA_WORD,
	FIELD(config_zone, dnssec),
	.words = schema_dnssec_words,
	.initial = "default",
	.help = "What becomes of a signed zone (and of one with ZONEMD). "
		"verify: a version that validators would not believe is "
		"refused; warn: it is served and said; off: served unchecked; "
		"sign: the file is unsigned and is signed here (holdfast "
		"keys create); default: what dnssec_default says."},
    {.name = "policy",
	.type = SCHEMA_TEXT,
	FIELD(config_zone, policy),
	.high = 63,
	.check = is_policy_name,
	.allowed = "a-z, 0-9 and -",
	.initial_shown = "`default`",
	.help = "How it is signed: the name of one of policies."},
    {.name = "protect",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_LIST,
	ARRAY(config_zone, guards.protect, guards.nprotect),
	.high = 4096,
	.check = is_protected,
	.allowed = "names, *.NAME for all below one, * for all, @ for the apex",
	.help = "Names of it that never lose their last address, MX or NS, "
		"besides those of guards. A zone that has some does not "
		"vanish."},
    {.name = "guards", .type = SCHEMA_SECTION, .section = &zone_guard_section},
    {.name = "assertions",
	.type = SCHEMA_SECTIONS,
	ARRAY(config_zone, guards.assertions, guards.nassertions),
	.high = 1024,
	.section = &assertion_section,
	.help = "What its answers must be, see below. A zone that has some "
		"does not vanish."},
};
COUNT_ROWS(zone_rows);

const struct schema_section schema_guards = {.path = "guards",
    .help = "What a version of a zone must not do to go live (guards.md).",
    ROWS(guard_rows)};
const struct schema_section schema_zone = {.path = "zones[]",
    .help = "A zone; no two of one name, also not in zones_from.",
    ROWS(zone_rows),
    .bytes = sizeof(struct config_zone)};
