/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A row an option: its name, what its value is called, a line of help, and a
 * letter by which option_take() knows it. Checks that concern more than one
 * option come after all words.
 */
#include "tools/load/load_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "tools/load/load_values.h"

enum option_id {
	OPTION_HEADING, /* a line of the help */
	OPTION_DEVICE,
	OPTION_CPUS,
	OPTION_MAIN_CPU,
	OPTION_MEMORY,
	OPTION_HUGE,
	OPTION_FILE_PREFIX,
	OPTION_EAL,
	OPTION_RING,
	OPTION_TRUST,
	OPTION_REFLECT,
	OPTION_SERVER,
	OPTION_SERVER_MAC,
	OPTION_NET4,
	OPTION_NET6,
	OPTION_CLIENTS,
	OPTION_IP6,
	OPTION_ZONE,
	OPTION_ZONES_FROM,
	OPTION_LIST,
	OPTION_PCAP,
	OPTION_COUNT,
	OPTION_ZIPF,
	OPTION_NXDOMAIN,
	OPTION_RANDOM,
	OPTION_EDNS,
	OPTION_DO,
	OPTION_COOKIE,
	OPTION_EDNS_SIZE,
	OPTION_MIXED_CASE,
	OPTION_TYPES,
	OPTION_LABELS,
	OPTION_SEED,
	OPTION_RATE,
	OPTION_SEARCH,
	OPTION_WINDOW,
	OPTION_SECONDS,
	OPTION_WARMUP,
	OPTION_TRIAL,
	OPTION_PRECISION,
	OPTION_CHECK_ALL,
	OPTION_CHECK_EVERY,
	OPTION_TIMEOUT,
	OPTION_WAIT_LINK,
	OPTION_MAX_LOSS,
	OPTION_JSON,
	OPTION_QUIET,
	OPTION_HELP,
	OPTION_VERSION,
};

struct option_row {
	enum option_id id;
	const char *name;
	const char *value; /* NULL: takes none */
	const char *help;
};

static const struct option_row rows[] = {
    {OPTION_HEADING, NULL, NULL, "Port"},
    {OPTION_DEVICE, "device", "DEVARGS",
	"net_vhost0,iface=/tmp/x.sock, net_af_packet0,iface=eth1, or a PCI "
	"address"},
    {OPTION_CPUS, "cpus", "N[,N...]", "a worker and a queue pair on each (1)"},
    {OPTION_MAIN_CPU, "main-cpu", "N", "the main thread's (0)"},
    {OPTION_MEMORY, "memory", "MIB", "DPDK's memory (512)"},
    {OPTION_HUGE, "huge", "auto|on|off", "huge pages for it (auto)"},
    {OPTION_FILE_PREFIX, "file-prefix", "WORD",
	"apart from other DPDK programs (holdfast-load)"},
    {OPTION_EAL, "eal", "WORD", "a word more for DPDK's EAL; repeatable"},
    {OPTION_RING, "ring", "N", "descriptors of a queue (1024)"},
    {OPTION_TRUST, "trust-checksums", NULL,
	"do not verify checksums of what comes back"},
    {OPTION_REFLECT, "reflect", NULL,
	"the peer sends queries back as they are (testpmd's macswap): what the "
	"ports cost"},
    {OPTION_HEADING, NULL, NULL, "Peers"},
    {OPTION_SERVER, "server", "ADDR[@PORT]", "whom to ask; repeatable"},
    {OPTION_SERVER_MAC, "server-mac", "MAC",
	"its MAC address or its gateway's; else asked for by ARP and ND"},
    {OPTION_NET4, "client-net4", "NET", "clients' (198.18.0.0/15)"},
    {OPTION_NET6, "client-net6", "NET", "clients' (2001:2::/48)"},
    {OPTION_CLIENTS, "clients", "N", "how many addresses ask (4096)"},
    {OPTION_IP6, "ipv6", "PERCENT",
	"queries over IPv6 (50 where servers are of both kinds)"},
    {OPTION_HEADING, NULL, NULL, "Queries"},
    {OPTION_ZONE, "zone", "APEX=FILE",
	"names from this zone, and the answers expected; repeatable"},
    {OPTION_ZONES_FROM, "zones-from", "LIST", "lines APEX<TAB>FILE"},
    {OPTION_LIST, "list", "FILE", "queries as dnsperf's: lines NAME TYPE"},
    {OPTION_PCAP, "pcap", "FILE", "queries to port 53 in it"},
    {OPTION_COUNT, "count", "N", "queries to make (4M)"},
    {OPTION_ZIPF, "zipf", "S", "popularity of names, 1 is usual (uniform)"},
    {OPTION_NXDOMAIN, "nxdomain", "PERCENT", "names that do not exist (0)"},
    {OPTION_RANDOM, "random", "PERCENT", "random-subdomain attack (0)"},
    {OPTION_EDNS, "edns", "PERCENT", "queries with EDNS (0)"},
    {OPTION_DO, "do", "PERCENT", "queries with the DO bit (0)"},
    {OPTION_COOKIE, "cookie", "PERCENT",
	"queries with a cookie, the server's once it is learnt (0)"},
    {OPTION_EDNS_SIZE, "edns-size", "N[,N...]", "sizes offered (1232)"},
    {OPTION_MIXED_CASE, "mixed-case", "PERCENT", "letters of random case (0)"},
    {OPTION_TYPES, "types", "T[,T...]", "asked of hits (those that are there)"},
    {OPTION_LABELS, "labels", "N", "of random names (one more)"},
    {OPTION_SEED, "seed", "N", "same seed, same queries (1)"},
    {OPTION_HEADING, NULL, NULL, "Run"},
    {OPTION_RATE, "rate", "QPS", "open loop; k, M may stand behind it"},
    {OPTION_SEARCH, "search", NULL,
	"find the highest rate without loss (--rate: where to begin)"},
    {OPTION_WINDOW, "window", "N", "closed loop: N queries outstanding"},
    {OPTION_SECONDS, "seconds", "S", "of the measurement (10)"},
    {OPTION_WARMUP, "warmup", "S", "before it, not counted (1)"},
    {OPTION_TRIAL, "trial", "S", "of a step of the search (2)"},
    {OPTION_PRECISION, "precision", "PERCENT", "of the search (2)"},
    {OPTION_CHECK_ALL, "check-all-below", "QPS",
	"below, the content of all answers is compared (100k)"},
    {OPTION_CHECK_EVERY, "check-every", "N",
	"above, that of every Nth (64; 0: none)"},
    {OPTION_TIMEOUT, "timeout-ms", "MS", "then an answer is lost (1000)"},
    {OPTION_WAIT_LINK, "wait-link", "S",
	"for the port's peer, and for MAC addresses (30)"},
    {OPTION_MAX_LOSS, "max-loss", "PPM", "that is not called loss (0)"},
    {OPTION_HEADING, NULL, NULL, "Output"},
    {OPTION_JSON, "json", "FILE", "the report as JSON; -: standard output"},
    {OPTION_QUIET, "quiet", NULL, "no progress"},
    {OPTION_HELP, "help", NULL, "this"},
    {OPTION_VERSION, "version", NULL, "the version"},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

void
load_options_help(void)
{
	puts("Usage: holdfast-load --device DEVARGS --server ADDR [OPTION]...\n"
	     "Asks DNS servers by way of a DPDK port, matches every answer, "
	     "measures.");
	for (unsigned i = 0; i < ROWS; i++) {
		char left[64];

		if (rows[i].id == OPTION_HEADING) {
			printf("\n%s\n", rows[i].help);
			continue;
		}
		snprintf(left, sizeof left, "--%s %s", rows[i].name,
		    rows[i].value ? rows[i].value : "");
		printf("  %-26s %s\n", left, rows[i].help);
	}
	puts("\nExit status: 0 all is well; 1 something was lost beyond "
	     "--max-loss, wrong, or\nnot sent in time; 2 wrong options or "
	     "input; 5 trouble with port or machine.");
}

static void
set_defaults(struct load_options *o)
{
	*o = (struct load_options){
	    .memory_mib = 512,
	    .ring = 1024,
	    .file_prefix = "holdfast-load",
	    .ip6_percent = -1,
	    .seconds = 10,
	    .warmup = 1,
	    .trial_seconds = 2,
	    .precision_percent = 2,
	    .check_all_below = 1e5,
	    .check_every = 64,
	    .timeout_ms = 1000,
	    .wait_link = 30,
	    .mix.seed = 1,
	    .flows.clients = 4096,
	    .flows.net4 = {.address = {198, 18}, .bits = 15},
	    .flows.net6 = {.ip6 = true, .address = {0x20, 1, 0, 2}, .bits = 48},
	};
}

static int
take_huge(struct load_options *o, const char *text, struct err *err)
{
	static const char *const words[] = {"auto", "on", "off"};

	for (o->huge = 0; o->huge < 3; o->huge++)
		if (strcmp(text, words[o->huge]) == 0)
			return 0;
	return err_set(err, ERR_USAGE, "--huge %s: auto, on or off", text);
}

static int
take_server(struct load_options *o, const char *text, struct err *err)
{
	struct config_address a;
	int rc = config_address_parse(&a, text, 53, err);

	if (rc) {
		rc = err_add(err, "--server");
		return rc;
	}
	return flow_server_add(
	    &o->flows, !a.v4, a.bytes + (a.v4 ? 12 : 0), a.port, err);
}

static int
take_eal(struct load_options *o, const char *text, struct err *err)
{
	if (o->neal_words == LOAD_EAL_WORDS_MAX)
		return err_set(err, ERR_USAGE, "--eal: more than %d words",
		    LOAD_EAL_WORDS_MAX);
	o->eal_words[o->neal_words++] = text;
	return 0;
}

/* As a line of a list: checked by the same code, and relative to the same
 * directory. */
static int
take_zone(struct load_options *o, const char *text, struct err *err)
{
	size_t name = strcspn(text, "=");
	char directory[4096];
	struct bytes line;
	int rc;

	if (text[name] == '\0' || strpbrk(text, "\t\n"))
		return err_set(err, ERR_USAGE,
		    "--zone %s: write APEX=FILE, such as --zone "
		    "example.org=example.org.zone",
		    text);
	if (getcwd(directory, sizeof directory) == NULL)
		return err_set_errno(err, "where am I?");
	bytes_init(&line);
	bytes_append(&line, text, name);
	bytes_append(&line, "\t", 1);
	bytes_append(&line, text + name + 1, strlen(text + name + 1));
	bytes_append(&line, "\n", 1);
	rc = line.failed ? err_set(err, ERR_NO_MEMORY, "out of memory")
	                 : config_zone_list_parse(&o->zones, &o->nzones,
			       "--zone", directory, line.data, line.len, err);
	bytes_fini(&line);
	return rc;
}

static int
take_sizes(struct load_options *o, const char *text, struct err *err)
{
	unsigned numbers[LOAD_SIZES_MAX], n;
	int rc = value_numbers(
	    numbers, &n, LOAD_SIZES_MAX, "edns-size", text, 0, UINT16_MAX, err);

	for (unsigned i = 0; !rc && i < n; i++)
		o->edns_sizes[i] = (uint16_t)numbers[i];
	o->mix.nedns_sizes = n;
	return rc;
}

static int
take_count(struct load_options *o, const char *text, struct err *err)
{
	double count;
	int rc = value_real(&count, "count", text, 1, 1u << 30, err);

	if (!rc)
		o->mix.count = (uint32_t)count;
	return rc;
}

static int
take_seed(struct load_options *o, const char *text, struct err *err)
{
	char *end;

	o->mix.seed = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end)
		return err_set(err, ERR_USAGE, "--seed %s: a number", text);
	return 0;
}

static int
take_port(struct load_options *o, const struct option_row *row,
    const char *text, struct err *err)
{
	const char *name = row->name;

	switch (row->id) {
	case OPTION_DEVICE:
		o->device = text;
		return 0;
	case OPTION_CPUS:
		return value_numbers(o->cpus, &o->ncpus, LOAD_CPUS_MAX, name,
		    text, 0, LOAD_CPU_NUMBER_MAX, err);
	case OPTION_MAIN_CPU:
		return value_number(
		    &o->main_cpu, name, text, 0, LOAD_CPU_NUMBER_MAX, err);
	case OPTION_MEMORY:
		return value_number(
		    &o->memory_mib, name, text, 32, 1 << 20, err);
	case OPTION_HUGE:
		return take_huge(o, text, err);
	case OPTION_FILE_PREFIX:
		o->file_prefix = text;
		return 0;
	case OPTION_EAL:
		return take_eal(o, text, err);
	case OPTION_RING:
		return value_number(&o->ring, name, text, 64, 16384, err);
	case OPTION_REFLECT:
		o->reflect = true;
		return 0;
	default:
		o->trust_checksums = true;
		return 0;
	}
}

static int
take_peer(struct load_options *o, const struct option_row *row,
    const char *text, struct err *err)
{
	const char *name = row->name;

	switch (row->id) {
	case OPTION_SERVER:
		return take_server(o, text, err);
	case OPTION_SERVER_MAC:
		o->server_mac_given = true;
		return value_mac(o->server_mac, name, text, err);
	case OPTION_NET4:
		return value_net(&o->flows.net4, false, name, text, err);
	case OPTION_NET6:
		return value_net(&o->flows.net6, true, name, text, err);
	case OPTION_CLIENTS:
		return value_number(
		    &o->flows.clients, name, text, 1, 1 << 30, err);
	default:
		return value_percent(&o->ip6_percent, name, text, err);
	}
}

static int
take_query(struct load_options *o, const struct option_row *row,
    const char *text, struct err *err)
{
	struct query_mix *mix = &o->mix;
	const char *name = row->name;

	switch (row->id) {
	case OPTION_ZONE:
		return take_zone(o, text, err);
	case OPTION_ZONES_FROM:
		o->zones_from = text;
		return 0;
	case OPTION_LIST:
		mix->list = text;
		return 0;
	case OPTION_PCAP:
		mix->pcap = text;
		return 0;
	case OPTION_COUNT:
		return take_count(o, text, err);
	case OPTION_ZIPF:
		return value_real(&mix->zipf, name, text, 0, 10, err);
	case OPTION_NXDOMAIN:
		return value_percent(&mix->nxdomain_percent, name, text, err);
	case OPTION_RANDOM:
		return value_percent(&mix->random_percent, name, text, err);
	case OPTION_EDNS:
		return value_percent(&mix->edns_percent, name, text, err);
	case OPTION_DO:
		return value_percent(&mix->do_percent, name, text, err);
	case OPTION_COOKIE:
		return value_percent(&mix->cookie_percent, name, text, err);
	case OPTION_EDNS_SIZE:
		return take_sizes(o, text, err);
	case OPTION_MIXED_CASE:
		return value_percent(&mix->mixed_case_percent, name, text, err);
	case OPTION_TYPES:
		return value_types(
		    o->types, &mix->ntypes, LOAD_TYPES_MAX, name, text, err);
	case OPTION_LABELS:
		return value_number(&mix->name_labels, name, text, 1, 127, err);
	default:
		return take_seed(o, text, err);
	}
}

static int
take_run(struct load_options *o, const struct option_row *row, const char *text,
    struct err *err)
{
	const char *name = row->name;

	switch (row->id) {
	case OPTION_RATE:
		return value_real(&o->rate, name, text, 1, 1e9, err);
	case OPTION_SEARCH:
		o->search = true;
		return 0;
	case OPTION_WINDOW:
		return value_number(&o->window, name, text, 1, 1 << 20, err);
	case OPTION_SECONDS:
		return value_real(&o->seconds, name, text, 0.01, 1e6, err);
	case OPTION_WARMUP:
		return value_real(&o->warmup, name, text, 0, 1e4, err);
	case OPTION_TRIAL:
		return value_real(
		    &o->trial_seconds, name, text, 0.05, 1e4, err);
	case OPTION_PRECISION:
		return value_real(
		    &o->precision_percent, name, text, 0.1, 50, err);
	case OPTION_CHECK_ALL:
		return value_real(
		    &o->check_all_below, name, text, 0, 1e12, err);
	case OPTION_CHECK_EVERY:
		return value_number(
		    &o->check_every, name, text, 0, 1 << 30, err);
	case OPTION_TIMEOUT:
		return value_number(&o->timeout_ms, name, text, 1, 60000, err);
	case OPTION_WAIT_LINK:
		return value_number(&o->wait_link, name, text, 0, 86400, err);
	default:
		return value_real(&o->max_loss_ppm, name, text, 0, 1e6, err);
	}
}

static int
option_take(struct load_options *o, const struct option_row *row,
    const char *text, struct err *err)
{
	if (row->id >= OPTION_JSON)
		switch (row->id) {
		case OPTION_JSON:
			o->json = text;
			return 0;
		case OPTION_QUIET:
			o->quiet = true;
			return 0;
		case OPTION_HELP:
			o->help = true;
			return 0;
		default:
			o->version = true;
			return 0;
		}
	if (row->id >= OPTION_RATE)
		return take_run(o, row, text, err);
	if (row->id >= OPTION_ZONE)
		return take_query(o, row, text, err);
	if (row->id >= OPTION_SERVER)
		return take_peer(o, row, text, err);
	return take_port(o, row, text, err);
}

static int
read_words(struct load_options *o, int argc, char **argv, struct err *err)
{
	struct option known[ROWS + 1] = {0};
	const struct option_row *row_of[ROWS];
	int index = 0, letter, rc = 0;
	unsigned n = 0;

	for (unsigned i = 0; i < ROWS; i++) {
		if (rows[i].id == OPTION_HEADING)
			continue;
		row_of[n] = &rows[i];
		known[n++] = (struct option){.name = rows[i].name,
		    .has_arg = rows[i].value ? required_argument : no_argument,
		    .val = 'a'};
	}
	optind = 0; /* start over: tests parse many lines */
	opterr = 0;
	while (!rc &&
	       (letter = getopt_long(argc, argv, ":", known, &index)) != -1) {
		if (letter == ':')
			rc = err_set(err, ERR_USAGE, "%s needs a value",
			    argv[optind - 1]);
		else if (letter == '?')
			rc = err_set(err, ERR_USAGE,
			    "there is no option %s; --help lists them",
			    argv[optind - 1]);
		else
			rc = option_take(o, row_of[index], optarg, err);
	}
	if (!rc && optind < argc)
		rc = err_set(err, ERR_USAGE,
		    "%s: a word that belongs to no option", argv[optind]);
	return rc;
}

/* --- what concerns more than one option ----------------------------------- */

static int
finish_zones(struct load_options *o, struct err *err)
{
	char directory[4096];
	int rc = 0;

	if (o->zones_from && getcwd(directory, sizeof directory) == NULL)
		return err_set_errno(err, "where am I?");
	if (o->zones_from)
		rc = config_zone_list_load(
		    &o->zones, &o->nzones, o->zones_from, directory, err);
	if (!rc && o->nzones > QUERY_ZONES_MAX)
		rc = err_set(err, ERR_LIMIT, "%u zones; at most %d", o->nzones,
		    QUERY_ZONES_MAX);
	if (rc)
		return rc;
	o->zone_apexes = calloc(o->nzones + 1u, sizeof *o->zone_apexes);
	o->zone_files = calloc(o->nzones + 1u, sizeof *o->zone_files);
	if (!o->zone_apexes || !o->zone_files)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	for (unsigned i = 0; i < o->nzones; i++) {
		o->zone_apexes[i] = o->zones[i].name;
		o->zone_files[i] = o->zones[i].file;
	}
	o->mix.zone_apexes = o->zone_apexes;
	o->mix.zone_files = o->zone_files;
	o->mix.nzones = o->nzones;
	o->mix.edns_sizes = o->edns_sizes;
	o->mix.types = o->types;
	return 0;
}

static int
finish_peers(struct load_options *o, struct err *err)
{
	struct flow_plan *p = &o->flows;

	if (o->ip6_percent < 0)
		o->ip6_percent = p->nservers6 == 0   ? 0
		                 : p->nservers4 == 0 ? 100
		                                     : 50;
	p->ip6_share = (uint32_t)(o->ip6_percent * 65536 / 100 + 0.5);
	for (unsigned i = 0; i < p->nservers4 + p->nservers6; i++) {
		memcpy(p->servers[i].mac, o->server_mac, LOAD_MAC_BYTES);
		p->servers[i].mac_known = o->server_mac_given;
	}
	return flow_plan_check(p, err);
}

/* A worker must not share its CPU with the main thread, if that can be. */
static void
choose_cpus(struct load_options *o)
{
	if (o->ncpus > 0)
		return;
	o->ncpus = 1;
	o->cpus[0] = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 1 : 0;
}

static int
check_run(struct load_options *o, struct err *err)
{
	o->mode = o->search       ? LOAD_SEARCH
	          : o->window > 0 ? LOAD_WINDOW
	                          : LOAD_AT_RATE;
	if (o->device == NULL)
		return err_set(err, ERR_USAGE,
		    "no port: name one with --device, such as --device "
		    "net_vhost0,iface=/tmp/x.sock or --device "
		    "net_af_packet0,iface=eth1");
	if (o->mode == LOAD_AT_RATE && o->rate == 0)
		return err_set(err, ERR_USAGE,
		    "how fast? --rate QPS, --search, or --window N");
	if (o->window > 0 && (o->search || o->rate > 0))
		return err_set(err, ERR_USAGE,
		    "--window is a closed loop: it takes neither --rate nor "
		    "--search");
	if (o->mode == LOAD_WINDOW && o->window < o->ncpus)
		return err_set(err, ERR_USAGE,
		    "--window %u: at least one query for each of %u workers",
		    o->window, o->ncpus);
	if (o->nzones == 0 && !o->mix.list && !o->mix.pcap)
		return err_set(err, ERR_USAGE,
		    "nothing to ask: --zone APEX=FILE, --zones-from LIST, "
		    "--list FILE or --pcap FILE");
	return 0;
}

int
load_options_parse(
    struct load_options *o, int argc, char **argv, struct err *err)
{
	int rc;

	set_defaults(o);
	rc = read_words(o, argc, argv, err);
	if (rc || o->help || o->version)
		return rc;
	choose_cpus(o);
	rc = finish_zones(o, err);
	if (!rc)
		rc = check_run(o, err);
	if (!rc)
		rc = finish_peers(o, err);
	return rc;
}

void
load_options_fini(struct load_options *o)
{
	free(o->zone_apexes);
	free(o->zone_files);
	config_zones_free(&o->zones, o->nzones);
}
