/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The options of the programs that answer: answer, dataplane, sockets, limits.
 */
#include "config/config_schema_rows.h"

static const char *const checksum_words[] = {"auto", "software", "trust", NULL};
static const char *const huge_page_words[] = {"auto", "on", "off", NULL};
static const char *const capability_words[] = {
    "net_admin", "net_raw", "bpf", "ipc_lock", "sys_nice", "sys_rawio", NULL};
static const char *const cookie_words[] = {"off", "on", "required", NULL};
static const char *const rrl_words[] = {"off", "log", "on", NULL};
static const char *const denied_words[] = {"drop", "refuse", NULL};

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
is_device(const char *text)
{
	return strchr(text, ' ') == NULL;
}

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

const struct schema_section schema_answer = {.path = "answer",
    .help = "What the answers of data plane and sockets say.",
    ROWS(answer_rows)};
const struct schema_section schema_dataplane = {.path = "dataplane",
    .help = "holdfast-dataplane: ports, CPUs, memory.",
    ROWS(dataplane_rows)};
const struct schema_section schema_sockets = {.path = "sockets",
    .help = "holdfast-sockets: kernel sockets and limits of TCP.",
    ROWS(sockets_rows)};
const struct schema_section schema_limits = {.path = "limits",
    .help = "What data plane and sockets do against floods over UDP.",
    ROWS(limit_rows)};
