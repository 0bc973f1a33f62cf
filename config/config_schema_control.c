/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The options of holdfastd: control, rollout, and policies of signing.
 */
#include "config/config_schema_rows.h"

static const char *const undecided_words[] = {"commit", "return", NULL};
static const char *const algorithm_words[] = {
    "ecdsa-p256-sha256", "ed25519", NULL};
static const char *const keys_words[] = {"csk", "ksk-zsk", NULL};
static const char *const denial_words[] = {"nsec", "nsec3", NULL};
static const char *const cds_words[] = {"publish", "off", "delete", NULL};

static const struct schema_row control_rows[] = {
    {.name = "socket_group",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_NULLABLE,
	FIELD(config, control.socket_group),
	.high = 32,
	.check = is_group,
	.allowed = "names of groups",
	.help = "Group that may use the control socket; without one: root "
		"and the user of holdfastd."},
    {.name = "metrics",
	.type = SCHEMA_ADDRESS,
	FIELD(config, control.metrics),
	.initial = "127.0.0.1@9153",
	.help = "Where /metrics is served (Prometheus), over HTTP."},
    {.name = "metrics_on",
	.type = SCHEMA_BOOL,
	FIELD(config, control.metrics_on),
	.initial = "true",
	.help = "Whether metrics are served."},
    {.name = "retain",
	.type = SCHEMA_NUMBER,
	FIELD(config, control.retain),
	.low = 2,
	.high = 10000,
	.initial = "16",
	.help = "Committed generations kept for a rollback."},
    {.name = "settle_ms",
	.type = SCHEMA_NUMBER,
	FIELD(config, control.settle_ms),
	.high = 60000,
	.initial = "200",
	.help = "Milliseconds that a zone file must be unchanged before it is "
		"read; one that is renamed into place is read at once."},
    {.name = "commit_deadline_ms",
	.type = SCHEMA_NUMBER,
	FIELD(config, control.commit_deadline_ms),
	.low = 100,
	.high = 86400000,
	.initial = "10000",
	.help = "Milliseconds after which the data plane gives up a candidate "
		"that was not committed."},
    {.name = "prove",
	.type = SCHEMA_BOOL,
	FIELD(config, control.prove),
	.initial = "true",
	.help = "Compare the answers of a candidate with the source's records "
		"before it goes live; false is for benchmarks only."},
    {.name = "signature_horizon_h",
	.type = SCHEMA_NUMBER,
	FIELD(config, control.signature_horizon_h),
	.high = 8760,
	.initial = "24",
	.help = "Hours that the signatures of a new version must hold, or it "
		"is refused (zones with dnssec: verify). What is served and "
		"has less left is an alarm, and stays."},
    {.name = "keys",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_ABSOLUTE,
	FIELD(config, control.keys),
	.high = 1024,
	.initial = "/var/lib/holdfast/keys",
	.help = "Folder of the keys of zones with dnssec: sign; mode 0700, "
		"read and written by holdfastd and by holdfast keys alone."},
    {.name = "nsec3_iterations_max",
	.type = SCHEMA_NUMBER,
	FIELD(config, control.nsec3_iterations_max),
	.high = 2500,
	.initial = "100",
	.help = "A zone whose NSEC3PARAM asks for more iterations is refused: "
		"each proof of absence costs as many hashes (RFC 9276)."},
    {.name = "user",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_NULLABLE,
	FIELD(config, control.user),
	.high = 32,
	.check = is_group,
	.allowed = "names of users",
	.help = "User that holdfastd becomes when root starts it; without "
		"one it stays who it is."},
    {.name = "sandbox",
	.type = SCHEMA_BOOL,
	FIELD(config, control.sandbox),
	.initial = "true",
	.help = "Whether holdfastd, and the process that reads zone files for "
		"it, give up all system calls and files that they do not "
		"need."},
    {.name = "parser_memory_mib",
	.type = SCHEMA_NUMBER,
	FIELD(config, control.parser_memory_mib),
	.low = 64,
	.high = 1048576,
	.initial = "4096",
	.help = "MiB of memory that reading one zone may take, or its version "
		"is refused."},
    {.name = "parser_seconds",
	.type = SCHEMA_NUMBER,
	FIELD(config, control.parser_seconds),
	.low = 1,
	.high = 86400,
	.initial = "120",
	.help = "Seconds that reading one zone may take, or its version is "
		"refused."},
};
COUNT_ROWS(control_rows);

static const struct schema_row rollout_rows[] = {
    {.name = "canary",
	.type = SCHEMA_BOOL,
	FIELD(config, rollout.canary),
	.initial = "true",
	.help = "A new generation first answers some of the clients, then all "
		"for a soak time, and returns by itself; false: all at once, "
		"without soak. Without a data plane there is no canary."},
    {.name = "canary_permille",
	.type = SCHEMA_NUMBER,
	FIELD(config, rollout.canary_permille),
	.low = 1,
	.high = 1000,
	.initial = "50",
	.help = "Of 1000 clients so many get the candidate, other ones each "
		"time."},
    {.name = "least_s",
	.type = SCHEMA_NUMBER,
	FIELD(config, rollout.least_s),
	.high = 3600,
	.initial = "10",
	.help = "Seconds that a canary takes at least."},
    {.name = "most_s",
	.type = SCHEMA_NUMBER,
	FIELD(config, rollout.most_s),
	.low = 1,
	.high = 3600,
	.initial = "60",
	.help = "Seconds that it takes at most; not below least_s."},
    {.name = "undecided",
	.type = SCHEMA_WORD,
	FIELD(config, rollout.undecided),
	.words = undecided_words,
	.initial = "commit",
	.help = "What becomes of a candidate when most_s have passed and there "
		"were too few questions to say: commit, or return."},
    {.name = "good_permille",
	.type = SCHEMA_NUMBER,
	FIELD(config, rollout.good_permille),
	.low = 1,
	.high = 500,
	.initial = "2",
	.help = "Of 1000 questions about a zone so many may be at fault "
		"(answered worse than before, otherwise than the candidate "
		"says, or too dear)."},
    {.name = "bad_permille",
	.type = SCHEMA_NUMBER,
	FIELD(config, rollout.bad_permille),
	.low = 2,
	.high = 999,
	.initial = "50",
	.help = "Of 1000 questions so many at fault must be found; above "
		"good_permille."},
    {.name = "false_return_ppm",
	.type = SCHEMA_NUMBER,
	FIELD(config, rollout.false_return_ppm),
	.low = 1,
	.high = 500000,
	.initial = "1000",
	.help = "Of a million versions with good_permille at fault at most so "
		"many are returned."},
    {.name = "missed_ppm",
	.type = SCHEMA_NUMBER,
	FIELD(config, rollout.missed_ppm),
	.low = 1,
	.high = 500000,
	.initial = "10000",
	.help = "Of a million versions with bad_permille at fault at most so "
		"many pass the canary."},
    {.name = "cost_percent",
	.type = SCHEMA_NUMBER,
	FIELD(config, rollout.cost_percent),
	.high = 100000,
	.initial = "300",
	.help = "A question that costs more than so many percent of what it "
		"cost before is at fault; 0: whatever it costs."},
    {.name = "soak_s",
	.type = SCHEMA_NUMBER,
	FIELD(config, rollout.soak_s),
	.high = 86400,
	.initial = "60",
	.help = "Seconds that a generation is watched after all have it; 0: "
		"not at all. What changes meanwhile waits."},
    {.name = "hold_down_s",
	.type = SCHEMA_NUMBER,
	FIELD(config, rollout.hold_down_s),
	.high = 86400,
	.initial = "60",
	.help = "Seconds that a zone whose version was returned waits before "
		"its next one is tried; twice that after the next, and so on "
		"up to 32 times. Other zones do not wait."},
};
COUNT_ROWS(rollout_rows);

enum { YEAR_S = 366 * 86400 };

static const struct schema_row policy_rows[] = {
    {.name = "name",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_REQUIRED,
	FIELD(config_policy, name),
	.high = 63,
	.check = is_policy_name,
	.allowed = "a-z, 0-9 and -",
	.help = "What zones call it. Zones that name none have default, which "
		"may be given here."},
    {.name = "algorithm",
	.type = SCHEMA_WORD,
	FIELD(config_policy, algorithm),
	.words = algorithm_words,
	.initial = "ecdsa-p256-sha256",
	.help = "Of keys that are created: ECDSA P-256 with SHA-256 (13) or "
		"Ed25519 (15). A zone's keys keep the algorithm that they "
		"have."},
    {.name = "keys",
	.type = SCHEMA_WORD,
	FIELD(config_policy, keys),
	.words = keys_words,
	.initial = "csk",
	.help = "What is created: one key for all, or a key that signs keys "
		"and one that signs the zone."},
    {.name = "denial",
	.type = SCHEMA_WORD,
	FIELD(config_policy, denial),
	.words = denial_words,
	.initial = "nsec",
	.help = "How absence is proven. nsec3 has no iterations, no salt and "
		"no opt-out (RFC 9276)."},
    {.name = "validity_s",
	.type = SCHEMA_NUMBER,
	FIELD(config_policy, validity_s),
	.low = 60,
	.high = YEAR_S,
	.initial = "1209600",
	.help = "Seconds that a new signature is good for; at least refresh_s "
		"and twice jitter_s. It begins an hour back."},
    {.name = "refresh_s",
	.type = SCHEMA_NUMBER,
	FIELD(config_policy, refresh_s),
	.low = 1,
	.high = YEAR_S,
	.initial = "604800",
	.help = "A signature that has no more seconds than these left is made "
		"anew."},
    {.name = "jitter_s",
	.type = SCHEMA_NUMBER,
	FIELD(config_policy, jitter_s),
	.high = YEAR_S,
	.initial = "86400",
	.help = "Signatures end up to so many seconds earlier, each at its own "
		"time, so that not all are made anew at once."},
    {.name = "dnskey_ttl_s",
	.type = SCHEMA_NUMBER,
	FIELD(config_policy, dnskey_ttl_s),
	.high = YEAR_S,
	.initial = "3600",
	.help = "TTL of DNSKEY, CDS and CDNSKEY; a new key waits for it."},
    {.name = "ds_ttl_s",
	.type = SCHEMA_NUMBER,
	FIELD(config_policy, ds_ttl_s),
	.high = YEAR_S,
	.initial = "86400",
	.help = "TTL of the DS in the parent zone: how long an old key stays "
		"after the DS of the new one was seen there."},
    {.name = "propagation_s",
	.type = SCHEMA_NUMBER,
	FIELD(config_policy, propagation_s),
	.high = YEAR_S,
	.initial = "3600",
	.help = "Seconds until what is published is at every server; a key "
		"roll waits for it at each step."},
    {.name = "cds",
	.type = SCHEMA_WORD,
	FIELD(config_policy, cds),
	.words = cds_words,
	.initial = "publish",
	.help = "CDS and CDNSKEY (RFC 7344) for parents that look: publish; "
		"off: none; delete: ask the parent to remove the DS (RFC "
		"8078)."},
    {.name = "zonemd",
	.type = SCHEMA_BOOL,
	FIELD(config_policy, zonemd),
	.initial = "false",
	.help = "Publish a digest of the zone (RFC 8976, SIMPLE, SHA-384)."},
};
COUNT_ROWS(policy_rows);

const struct schema_section schema_control = {.path = "control",
    .help = "holdfastd: control socket, metrics, publishing.",
    ROWS(control_rows)};
const struct schema_section schema_rollout = {.path = "rollout",
    .help = "holdfastd: how a new generation comes to all clients.",
    ROWS(rollout_rows)};
const struct schema_section schema_policy = {.path = "policies[]",
    .help = "How zones with dnssec: sign are signed; times in seconds.",
    ROWS(policy_rows),
    .bytes = sizeof(struct config_policy)};
