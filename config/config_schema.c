/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The tables: every option with its type, range, default and meaning. Nothing
 * here allocates. The texts end up in docs/configuration.md and in messages to
 * operators: a sentence each, units named.
 */
#include "config/config_schema.h"

#include <ctype.h>
#include <string.h>

#include "base/prefix.h"

/* clang-format off */
#define FIELD(type, member) \
	.offset = offsetof(struct type, member), \
	.size = sizeof(((struct type *)NULL)->member)
#define ARRAY(type, member, count) \
	FIELD(type, member), .count_offset = offsetof(struct type, count)
#define ROWS(table) .rows = table, .nrows = sizeof table / sizeof table[0]
/* clang-format on */

#define COUNT_ROWS(table)                                                      \
	_Static_assert(sizeof table / sizeof table[0] <= SCHEMA_ROWS_MAX,      \
	    "rows seen are kept in 32 bits")

static const char *const checksum_words[] = {"auto", "software", "trust", NULL};
static const char *const huge_page_words[] = {"auto", "on", "off", NULL};
static const char *const capability_words[] = {
    "net_admin", "net_raw", "bpf", "ipc_lock", "sys_nice", "sys_rawio", NULL};
static const char *const log_words[] = {"error", "warn", "info", "debug", NULL};
static const char *const cookie_words[] = {"off", "on", "required", NULL};
static const char *const rrl_words[] = {"off", "log", "on", NULL};
static const char *const undecided_words[] = {"commit", "return", NULL};
static const char *const denied_words[] = {"drop", "refuse", NULL};
static const char *const dnssec_words[] = {
    "default", "verify", "warn", "off", "sign", NULL};
static const char *const action_words[] = {
    "off", "warn", "ack", "refuse", NULL};
static const char *const zone_action_words[] = {
    "default", "off", "warn", "ack", "refuse", NULL};
static const char *const algorithm_words[] = {
    "ecdsa-p256-sha256", "ed25519", NULL};
static const char *const keys_words[] = {"csk", "ksk-zsk", NULL};
static const char *const denial_words[] = {"nsec", "nsec3", NULL};
static const char *const cds_words[] = {"publish", "off", "delete", NULL};

static bool
only(const char *text, const char *letters)
{
	return text[strspn(text, letters)] == '\0';
}

#define LOWER_DIGITS "abcdefghijklmnopqrstuvwxyz0123456789"

static bool
is_port_name(const char *text)
{
	return only(text, LOWER_DIGITS "-");
}

/* What Linux takes as the name of an interface, less what confuses people. */
static bool
is_interface(const char *text)
{
	return only(text, LOWER_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-_") &&
	       strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

static bool
is_file_prefix(const char *text)
{
	return only(text, LOWER_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_");
}

static bool
is_group(const char *text)
{
	return only(text, LOWER_DIGITS "-_") && !isdigit((uint8_t)text[0]) &&
	       text[0] != '-';
}

/* Plain text, or "hex:" and whole octets (RFC 5001 leaves the form open). */
static bool
is_nsid(const char *text)
{
	if (strncmp(text, "hex:", 4) != 0)
		return strlen(text) <= 64;
	return text[4] != '\0' && strlen(text + 4) % 2 == 0 &&
	       only(text + 4, "0123456789abcdefABCDEF");
}

static bool
is_prefix(const char *text)
{
	struct prefix p;

	return prefix_parse(&p, text, NULL) == 0;
}

static bool
is_policy_name(const char *text)
{
	return only(text, LOWER_DIGITS "-");
}

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

static bool
is_device(const char *text)
{
	return strchr(text, ' ') == NULL;
}

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

static const struct schema_row cookie_rows[] = {
    {.name = "mode",
	.type = SCHEMA_WORD,
	FIELD(config, answer.cookies),
	.words = cookie_words,
	.initial = "on",
	.help = "off: the option is ignored; on: who sends a cookie gets one; "
		"required: who sends one that is not valid gets BADCOOKIE over "
		"UDP and has to come back with the one that comes with it."},
    {.name = "secret_file",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_NULLABLE | SCHEMA_ABSOLUTE,
	FIELD(config, answer.cookie_secret_file),
	.high = 1024,
	.initial_shown = "`cookies.secret` in the store's directory",
	.help = "One or two secrets, a line of 32 hexadecimal digits each: the "
		"first makes cookies, both are accepted. Made at random if it "
		"is missing; the same on all nodes of an anycast set. A change "
		"is taken within a second."},
};
COUNT_ROWS(cookie_rows);

static const struct schema_section cookie_section = {.path = "answer.cookies",
    .help = "DNS cookies (RFC 7873 and 9018): a client that sends one back has "
	    "not forged its address.",
    ROWS(cookie_rows)};

static const struct schema_row answer_rows[] = {
    {.name = "udp_max",
	.type = SCHEMA_NUMBER,
	FIELD(config, answer.udp_max),
	.low = 512,
	.high = 4096,
	.initial = "1232",
	.help = "Largest UDP response in octets; a client may ask for less. "
		"More than 1232 is fragmented on some paths."},
    {.name = "nsid",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_NULLABLE,
	FIELD(config, answer.nsid),
	.high = 4 + 2 * 64,
	.check = is_nsid,
	.allowed = "texts of at most 64 octets, or hex: and up to 64 "
		   "octets in hexadecimal",
	.help = "Name server identifier, sent to clients that ask for it "
		"(RFC 5001)."},
    {.name = "identity",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_NULLABLE,
	FIELD(config, answer.identity),
	.high = 127,
	.help = "Answer to id.server and hostname.bind, class CH (RFC 4892)."},
    {.name = "version",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_NULLABLE,
	FIELD(config, answer.version),
	.high = 127,
	.help = "Answer to version.server and version.bind, class CH."},
    {.name = "quarantine_s",
	.type = SCHEMA_NUMBER,
	FIELD(config, answer.quarantine_s),
	.low = 1,
	.high = 365 * 86400,
	.initial = "3600",
	.help = "Seconds for which a query that has crashed data plane or "
		"sockets is dropped; then it is tried again."},
    {.name = "samples_per_second",
	.type = SCHEMA_NUMBER,
	FIELD(config, answer.samples_per_second),
	.high = 10000,
	.initial = "200",
	.help = "Queries a second that each core or thread shows to the "
		"control process, which asks them of a new generation before "
		"that is published; as many again are from the clients of a "
		"canary. Clients' addresses and EDNS options are left out. 0: "
		"none."},
    {.name = "cookies", .type = SCHEMA_SECTION, .section = &cookie_section},
};
COUNT_ROWS(answer_rows);

static const struct schema_row port_rows[] = {
    {.name = "name",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_REQUIRED,
	FIELD(config_port, name),
	.high = 31,
	.check = is_port_name,
	.allowed = "a-z, 0-9 and -",
	.help = "What counters and messages call the port."},
    {.name = "device",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_REQUIRED,
	FIELD(config_port, device),
	.high = 511,
	.check = is_device,
	.allowed = "PCI addresses and virtual devices without spaces",
	.help = "PCI address (0000:03:00.0) or DPDK virtual device with its "
		"arguments (net_af_packet0,iface=veth1)."},
    {.name = "cores",
	.type = SCHEMA_NUMBER,
	.flags = SCHEMA_REQUIRED | SCHEMA_LIST | SCHEMA_RANGES,
	ARRAY(config_port, cores, ncores),
	.high = CONFIG_CORES_MAX,
	.item_high = 1023,
	.help = "CPUs that poll the port, one queue pair each: [2, 3] or "
		"[2-5]. A CPU polls one port only."},
    {.name = "addresses",
	.type = SCHEMA_ADDRESS,
	.flags = SCHEMA_REQUIRED | SCHEMA_LIST | SCHEMA_SERVICE,
	ARRAY(config_port, addresses, naddresses),
	.high = CONFIG_ADDRESSES_MAX,
	.help = "Service addresses: ARP, neighbour solicitations, echo and "
		"DNS are answered for these."},
    {.name = "checksum",
	.type = SCHEMA_WORD,
	FIELD(config_port, checksum),
	.words = checksum_words,
	.initial = "auto",
	.help = "auto: hardware where the port offers it; software: never in "
		"hardware; trust: do not verify, for virtual links whose peer "
		"leaves checksums unfinished."},
    {.name = "mtu",
	.type = SCHEMA_NUMBER,
	FIELD(config_port, mtu),
	.low = 1280,
	.high = 9000,
	.initial = "1500",
	.help = "Largest IP packet in octets."},
    {.name = "rx_ring",
	.type = SCHEMA_NUMBER,
	.flags = SCHEMA_POWER,
	FIELD(config_port, rx_ring),
	.low = 64,
	.high = 32768,
	.initial = "1024",
	.help = "Receive descriptors a queue."},
    {.name = "tx_ring",
	.type = SCHEMA_NUMBER,
	.flags = SCHEMA_POWER,
	FIELD(config_port, tx_ring),
	.low = 64,
	.high = 32768,
	.initial = "1024",
	.help = "Send descriptors a queue."},
    {.name = "exception",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_NULLABLE,
	FIELD(config_port, exception),
	.high = 15,
	.check = is_interface,
	.allowed = "names of interfaces",
	.help = "TAP interface that is made for what is not ours to answer "
		"(TCP, BGP, ssh); without one such packets are counted and "
		"dropped."},
    {.name = "exception_pps",
	.type = SCHEMA_NUMBER,
	FIELD(config_port, exception_pps),
	.low = 1,
	.high = 10000000,
	.initial = "20000",
	.help = "Packets a second that may go to the exception interface."},
};
COUNT_ROWS(port_rows);

static const struct schema_section port_section = {.path = "dataplane.ports[]",
    .help = "A port that the poll cores own.",
    ROWS(port_rows),
    .bytes = sizeof(struct config_port)};

static const struct schema_row dataplane_rows[] = {
    {.name = "ports",
	.type = SCHEMA_SECTIONS,
	ARRAY(config, dataplane.ports, dataplane.nports),
	.high = CONFIG_PORTS_MAX,
	.section = &port_section,
	.help = "The ports, see below. holdfast-dataplane needs at least "
		"one."},
    {.name = "management_core",
	.type = SCHEMA_NUMBER,
	FIELD(config, dataplane.management_core),
	.high = 1023,
	.initial = "0",
	.help = "CPU of the management thread, which loads generations and "
		"owns the exception interfaces. It is mostly idle: on two "
		"CPUs it may share one with a port."},
    {.name = "huge_pages",
	.type = SCHEMA_TEXT,
	FIELD(config, dataplane.huge_pages),
	.words = huge_page_words,
	.initial = "auto",
	.help = "auto: where there are enough; on: refuse to start without; "
		"off: ordinary pages."},
    {.name = "memory_mib",
	.type = SCHEMA_NUMBER,
	FIELD(config, dataplane.memory_mib),
	.low = 64,
	.high = 1048576,
	.initial = "256",
	.help = "Memory for packets and queues in MiB, without the zones."},
    {.name = "mbufs",
	.type = SCHEMA_NUMBER,
	FIELD(config, dataplane.mbufs),
	.low = 1023,
	.high = 16777215,
	.initial = "8191",
	.help =
	    "Packet buffers a port: more than its cores times rx_ring, better "
	    "times (rx_ring + tx_ring); best is one less than a power of "
	    "two."},
    {.name = "file_prefix",
	.type = SCHEMA_TEXT,
	FIELD(config, dataplane.file_prefix),
	.high = 63,
	.check = is_file_prefix,
	.allowed = "letters, digits, - and _",
	.initial = "holdfast",
	.help = "Names DPDK's files: one for each data plane of a machine."},
    {.name = "eal_options",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_LIST,
	ARRAY(config, dataplane.eal_options, dataplane.neal_options),
	.high = 64,
	.help = "More words for DPDK's EAL, for experts: [--no-pci]."},
    {.name = "protected_names",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_NULLABLE,
	FIELD(config, dataplane.protected_names),
	.high = 1024,
	.help = "A file of names that must have an answer, a line NAME TYPE "
		"each: the data plane refuses a generation in which one has "
		"none, whatever control says. Read at each activation."},
    {.name = "stale_after_h",
	.type = SCHEMA_NUMBER,
	FIELD(config, dataplane.stale_after_h),
	.high = 87600,
	.initial = "0",
	.help = "Hours without a commit after which the log warns that the "
		"data is old; 0: never. Answers go on in any case."},
    {.name = "user",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_NULLABLE,
	FIELD(config, dataplane.user),
	.high = 32,
	.check = is_group,
	.allowed = "names of users",
	.help = "User that holdfast-dataplane becomes, with the groups that "
		"it is in, when its ports are open; without one it stays who "
		"it is."},
    {.name = "sandbox",
	.type = SCHEMA_BOOL,
	FIELD(config, dataplane.sandbox),
	.initial = "true",
	.help = "Whether holdfast-dataplane, when its ports are open, gives up "
		"all system calls and files that it does not need any more."},
    {.name = "keep_capabilities",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_LIST,
	ARRAY(
	    config, dataplane.keep_capabilities, dataplane.nkeep_capabilities),
	.high = 8,
	.words = capability_words,
	.help = "Capabilities that the driver of a port needs when it runs; "
		"most need none."},
};
COUNT_ROWS(dataplane_rows);

static const struct schema_row sockets_rows[] = {
    {.name = "listen",
	.type = SCHEMA_ADDRESS,
	.flags = SCHEMA_LIST,
	ARRAY(config, sockets.listen, sockets.nlisten),
	.high = CONFIG_LISTEN_MAX,
	.help = "Addresses for UDP and TCP by the kernel, with @PORT, else "
		"53: [192.0.2.1, \"::1@5300\"]."},
    {.name = "threads",
	.type = SCHEMA_NUMBER,
	FIELD(config, sockets.threads),
	.low = 1,
	.high = 64,
	.initial = "1",
	.help = "Threads that answer."},
    {.name = "tcp_clients",
	.type = SCHEMA_NUMBER,
	FIELD(config, sockets.tcp_clients),
	.low = 1,
	.high = 1000000,
	.initial = "1024",
	.help = "TCP connections in all."},
    {.name = "tcp_per_client",
	.type = SCHEMA_NUMBER,
	FIELD(config, sockets.tcp_per_client),
	.low = 1,
	.high = 1000000,
	.initial = "32",
	.help = "TCP connections of one IPv4 address or IPv6 /64."},
    {.name = "tcp_idle_ms",
	.type = SCHEMA_NUMBER,
	FIELD(config, sockets.tcp_idle_ms),
	.low = 100,
	.high = 3600000,
	.initial = "10000",
	.help = "Milliseconds until a connection without a query is closed."},
    {.name = "tcp_query_ms",
	.type = SCHEMA_NUMBER,
	FIELD(config, sockets.tcp_query_ms),
	.low = 100,
	.high = 3600000,
	.initial = "5000",
	.help = "Milliseconds that one message may take to come in or go "
		"out."},
    {.name = "tcp_pipeline",
	.type = SCHEMA_NUMBER,
	FIELD(config, sockets.tcp_pipeline),
	.low = 1,
	.high = 1024,
	.initial = "32",
	.help = "Queries of one connection that are in hand at once."},
    {.name = "user",
	.type = SCHEMA_TEXT,
	.flags = SCHEMA_NULLABLE,
	FIELD(config, sockets.user),
	.high = 32,
	.check = is_group,
	.allowed = "names of users",
	.help = "User that holdfast-sockets becomes when its sockets are open; "
		"without one it stays who it is."},
    {.name = "sandbox",
	.type = SCHEMA_BOOL,
	FIELD(config, sockets.sandbox),
	.initial = "true",
	.help = "Whether holdfast-sockets, when its sockets are open, gives up "
		"all system calls and files that it does not need any more."},
};
COUNT_ROWS(sockets_rows);

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

#define PREFIXES(member, count)                                                \
	.type = SCHEMA_TEXT, .flags = SCHEMA_LIST,                             \
	ARRAY(config, limits.member, limits.count),                            \
	.high = CONFIG_PREFIXES_MAX, .check = is_prefix,                       \
	.allowed = "prefixes (192.0.2.0/24, 2001:db8::/48) and addresses"

#define PREFIX_FILE(member)                                                    \
	.type = SCHEMA_TEXT, .flags = SCHEMA_NULLABLE,                         \
	FIELD(config, limits.member), .high = 1024

static const struct schema_row limit_rows[] = {
    {.name = "rrl",
	.type = SCHEMA_WORD,
	FIELD(config, limits.rrl),
	.words = rrl_words,
	.initial = "off",
	.help = "Response rate limiting. on: answers over the rate are dropped "
		"or slipped; log: they are only counted and their prefixes "
		"shown (holdfast limits), to see what on would do."},
    {.name = "responses_per_second",
	.type = SCHEMA_NUMBER,
	FIELD(config, limits.responses_per_second),
	.low = 1,
	.high = 100000000,
	.initial = "200",
	.help = "Responses a second to one prefix that are of one kind and "
		"about one name (what does not exist: one zone; errors: all "
		"together). Each of n CPUs of a port has 1/n of it."},
    {.name = "responses_burst",
	.type = SCHEMA_NUMBER,
	FIELD(config, limits.responses_burst),
	.high = 100000000,
	.initial = "0",
	.help = "As many of these at once, after a pause; 0: those of a "
		"second."},
    {.name = "slip",
	.type = SCHEMA_NUMBER,
	FIELD(config, limits.slip),
	.high = 10,
	.initial = "2",
	.help =
	    "Each n-th response over the rate is sent empty with TC set, so "
	    "that a real client asks again by TCP; 1: each, 0: none."},
    {.name = "ipv4_prefix",
	.type = SCHEMA_NUMBER,
	FIELD(config, limits.ipv4_prefix),
	.low = 1,
	.high = 32,
	.initial = "24",
	.help = "Bits of an IPv4 address that responses are counted by."},
    {.name = "ipv6_prefix",
	.type = SCHEMA_NUMBER,
	FIELD(config, limits.ipv6_prefix),
	.low = 1,
	.high = 128,
	.initial = "56",
	.help = "Bits of an IPv6 address that responses are counted by."},
    {.name = "exempt",
	PREFIXES(exempt, nexempt),
	.help = "Clients without response rate and query budget."},
    {.name = "exempt_from",
	PREFIX_FILE(exempt_from),
	.help = "A file with more of them, a prefix a line; # starts a "
		"comment. `holdfast limits reload` reads it again."},
    {.name = "queries_per_second",
	.type = SCHEMA_NUMBER,
	FIELD(config, limits.queries_per_second),
	.high = 100000000,
	.initial = "0",
	.help = "Queries a second of one client above which they are dropped "
		"unread; 0: no such budget. Each of n CPUs of a port has 1/n "
		"of it."},
    {.name = "client_ipv4_prefix",
	.type = SCHEMA_NUMBER,
	FIELD(config, limits.client_ipv4_prefix),
	.low = 1,
	.high = 32,
	.initial = "32",
	.help = "Bits of an IPv4 address that are one client of "
		"queries_per_second."},
    {.name = "client_ipv6_prefix",
	.type = SCHEMA_NUMBER,
	FIELD(config, limits.client_ipv6_prefix),
	.low = 1,
	.high = 128,
	.initial = "64",
	.help = "Bits of an IPv6 address that are one client of "
		"queries_per_second."},
    {.name = "accounts",
	.type = SCHEMA_NUMBER,
	.flags = SCHEMA_POWER,
	FIELD(config, limits.accounts),
	.low = 1024,
	.high = 16777216,
	.initial = "65536",
	.help = "Accounts that a CPU keeps for each of the two limits, 16 "
		"octets each. Where there are more clients, those with the "
		"most credit are forgotten first."},
    {.name = "deny",
	PREFIXES(deny, ndeny),
	.help = "Clients that are not answered. Of allow and deny the longest "
		"prefix counts; who is in none is answered."},
    {.name = "deny_from",
	PREFIX_FILE(deny_from),
	.help = "A file with more of them, as exempt_from."},
    {.name = "allow",
	PREFIXES(allow, nallow),
	.help = "Clients that are answered although a shorter prefix is "
		"denied."},
    {.name = "allow_from",
	PREFIX_FILE(allow_from),
	.help = "A file with more of them, as exempt_from."},
    {.name = "denied",
	.type = SCHEMA_WORD,
	FIELD(config, limits.denied),
	.words = denied_words,
	.initial = "drop",
	.help = "drop: their queries are dropped unread; refuse: they are told "
		"REFUSED, within the response rate."},
};
COUNT_ROWS(limit_rows);

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

/* The options of budgets and actions stand twice: for all zones, and in a zone,
 * where 0 and default mean what is said for all. */
#define BUDGET(member, text, least, most, normal, meaning)                     \
	{                                                                      \
		.name = #member, .type = SCHEMA_NUMBER,                        \
		FIELD(config, guards.budgets.member), .low = least,            \
		.high = most, .initial = normal, .help = meaning               \
	}
#define ZONE_BUDGET(member, text, least, most, normal, meaning)                \
	{                                                                      \
		.name = #member, .type = SCHEMA_NUMBER,                        \
		FIELD(config_zone, guards.budgets.member), .high = most,       \
		.initial = "0",                                                \
		.help = "As in guards, for this zone; 0: what is said there."  \
	}
#define ACTION(member, text, normal, meaning)                                  \
	{                                                                      \
		.name = text, .type = SCHEMA_WORD,                             \
		FIELD(config, guards.actions.member), .words = action_words,   \
		.initial = normal, .help = meaning                             \
	}
#define ZONE_ACTION(member, text, normal, meaning)                             \
	{                                                                      \
		.name = text, .type = SCHEMA_WORD,                             \
		FIELD(config_zone, guards.actions.member),                     \
		.words = zone_action_words, .initial = "default",              \
		.help =                                                        \
		    "As in guards.actions, for this zone; default: what is "   \
		    "said there."                                              \
	}

enum { TTL_MOST_S = 0x7fffffff };

#define BUDGETS(X)                                                             \
	X(endpoint_records, endpoint_records, 2, 1000000, "3",                 \
	    "A name that had at least so many addresses (A and AAAA) may not " \
	    "lose all of them, protected or not.")                             \
	X(shrink_percent, shrink_percent, 1, 100, "10",                        \
	    "A zone may lose so much of its most records within window_h, or " \
	    "shrink_records of them if that is more. 100: all.")               \
	X(shrink_records, shrink_records, 1, 100000000, "5",                   \
	    "A zone may lose so many records, however small it is.")           \
	X(type_percent, type_percent, 1, 100, "25",                            \
	    "The same for the records of one type, or shrink_records.")        \
	X(churn_percent, churn_percent, 1, 100, "50",                          \
	    "So much of a zone may be removed or replaced at once, or "        \
	    "churn_records if that is more.")                                  \
	X(churn_records, churn_records, 1, 100000000, "50",                    \
	    "So many records may be removed or replaced at once.")             \
	X(ttl_raise_s, ttl_raise_s, 1, TTL_MOST_S, "86400",                    \
	    "Seconds by which the TTL of a record may rise at once.")          \
	X(negative_ttl_s, negative_ttl_s, 1, TTL_MOST_S, "3600",               \
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

#define COMMA_BUDGET(...)      BUDGET(__VA_ARGS__),
#define COMMA_ZONE_BUDGET(...) ZONE_BUDGET(__VA_ARGS__),
#define COMMA_ACTION(...)      ACTION(__VA_ARGS__),
#define COMMA_ZONE_ACTION(...) ZONE_ACTION(__VA_ARGS__),

static const struct schema_row action_rows[] = {ACTIONS(COMMA_ACTION)};
COUNT_ROWS(action_rows);
static const struct schema_row zone_action_rows[] = {
    ACTIONS(COMMA_ZONE_ACTION)};
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
	.help = "A name that is asked for by more than so much of its zone's "
		"traffic is protected, as if guards.protect had it. 0: none."},
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
    BUDGETS(COMMA_BUDGET){.name = "window_h",
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
    BUDGETS(COMMA_ZONE_BUDGET){.name = "actions",
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
	.words = dnssec_words,
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

static const struct schema_section store_section = {.path = "store",
    .help = "Where snapshots and sockets are.",
    ROWS(store_rows)};
static const struct schema_section answer_section = {.path = "answer",
    .help = "What the answers of data plane and sockets say.",
    ROWS(answer_rows)};
static const struct schema_section dataplane_section = {.path = "dataplane",
    .help = "holdfast-dataplane: ports, CPUs, memory.",
    ROWS(dataplane_rows)};
static const struct schema_section sockets_section = {.path = "sockets",
    .help = "holdfast-sockets: kernel sockets and limits of TCP.",
    ROWS(sockets_rows)};
static const struct schema_section limit_section = {.path = "limits",
    .help = "What data plane and sockets do against floods over UDP.",
    ROWS(limit_rows)};
static const struct schema_section guard_section = {.path = "guards",
    .help = "What a version of a zone must not do to go live (guards.md).",
    ROWS(guard_rows)};
static const struct schema_section control_section = {.path = "control",
    .help = "holdfastd: control socket, metrics, publishing.",
    ROWS(control_rows)};
static const struct schema_section rollout_section = {.path = "rollout",
    .help = "holdfastd: how a new generation comes to all clients.",
    ROWS(rollout_rows)};
const struct schema_section schema_policy = {.path = "policies[]",
    .help = "How zones with dnssec: sign are signed; times in seconds.",
    ROWS(policy_rows),
    .bytes = sizeof(struct config_policy)};
static const struct schema_section zone_section = {.path = "zones[]",
    .help = "A zone; no two of one name, also not in zones_from.",
    ROWS(zone_rows),
    .bytes = sizeof(struct config_zone)};

static const struct schema_row root_rows[] = {
    {.name = "log_level",
	.type = SCHEMA_TEXT,
	FIELD(config, log_level),
	.words = log_words,
	.initial = "info",
	.help = "The least important lines that are logged."},
    {.name = "store", .type = SCHEMA_SECTION, .section = &store_section},
    {.name = "answer", .type = SCHEMA_SECTION, .section = &answer_section},
    {.name = "dataplane",
	.type = SCHEMA_SECTION,
	.section = &dataplane_section},
    {.name = "sockets", .type = SCHEMA_SECTION, .section = &sockets_section},
    {.name = "limits", .type = SCHEMA_SECTION, .section = &limit_section},
    {.name = "control", .type = SCHEMA_SECTION, .section = &control_section},
    {.name = "rollout", .type = SCHEMA_SECTION, .section = &rollout_section},
    {.name = "guards", .type = SCHEMA_SECTION, .section = &guard_section},
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
	.words = dnssec_words,
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
	.section = &zone_section,
	.help = "The zones, see below."},
};
COUNT_ROWS(root_rows);

const struct schema_section schema_root = {
    .path = "", .help = "What belongs to no section.", ROWS(root_rows)};
