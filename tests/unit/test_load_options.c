/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The command line: what each option sets, what is refused and with which
 * words, and what is made of it for EAL and for the port.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/unit_run.h"
#include "tools/load/load_eal.h"
#include "tools/load/load_port.h"

enum { WORDS_MAX = 128 };

static int
parse(struct load_options *o, const char *line, struct err *err)
{
	static char text[4096]; /* options keep pointers into it */
	char *argv[WORDS_MAX] = {(char *)"holdfast-load"};
	int argc = 1;

	ck_assert_uint_lt(strlen(line), sizeof text);
	strcpy(text, line);
	for (char *w = strtok(text, " "); w; w = strtok(NULL, " "))
		argv[argc++] = w;
	return load_options_parse(o, argc, argv, err);
}

#define BASE "--device net_null0 --server 192.0.2.53 --list q.txt --rate 1k "

static struct load_options
parsed(const char *line)
{
	struct load_options o;
	struct err err = {0};

	ck_assert_msg(parse(&o, line, &err) == 0, "%s: %s", line, err.text);
	return o;
}

START_TEST(defaults)
{
	struct load_options o = parsed(BASE);

	ck_assert_str_eq(o.device, "net_null0");
	ck_assert_uint_eq(o.ncpus, 1);
	ck_assert_uint_eq(o.memory_mib, 512);
	ck_assert_uint_eq(o.ring, 1024);
	ck_assert_uint_eq(o.flows.clients, 4096);
	ck_assert_uint_eq(o.flows.nservers4, 1);
	ck_assert_uint_eq(o.flows.servers[0].port, 53);
	ck_assert_uint_eq(o.flows.ip6_share, 0);
	ck_assert(!o.flows.servers[0].mac_known);
	ck_assert_int_eq(o.mode, LOAD_AT_RATE);
	ck_assert_double_eq(o.rate, 1000);
	ck_assert_uint_eq(o.check_every, 64);
	ck_assert_str_eq(o.mix.list, "q.txt");
	ck_assert_uint_eq(o.mix.count, 0);
	load_options_fini(&o);
}
END_TEST

START_TEST(every_option)
{
	struct load_options o = parsed(
	    "--device net_vhost0,iface=/tmp/x --cpus 1,3 --main-cpu 2 "
	    "--memory 256 --huge off --file-prefix p --eal --legacy-mem "
	    "--ring 512 --trust-checksums --server 192.0.2.1@5300 "
	    "--server 2001:db8::1 --server-mac 02:00:00:00:00:5f "
	    "--client-net4 10.0.0.0/8 --client-net6 fd00::/64 --clients 70000 "
	    "--ipv6 25% --pcap c.pcap --count 4M --zipf 1.1 --nxdomain 20 "
	    "--random 5 --edns 90 --do 70 --cookie 30 --edns-size 1232,4096 "
	    "--mixed-case 10 --types A,AAAA,TYPE65 --labels 127 --seed 9 "
	    "--search --rate 2.5M --seconds 3 --warmup 0.5 --trial 0.1 "
	    "--precision 1 --check-all-below 5k --check-every 1 "
	    "--timeout-ms 250 --wait-link 7 --max-loss 2.5 --json - --quiet");

	ck_assert_uint_eq(o.ncpus, 2);
	ck_assert_uint_eq(o.cpus[1], 3);
	ck_assert_uint_eq(o.main_cpu, 2);
	ck_assert_uint_eq(o.huge, LOAD_HUGE_OFF);
	ck_assert_str_eq(o.eal_words[0], "--legacy-mem");
	ck_assert(o.trust_checksums);
	ck_assert_uint_eq(o.flows.servers[0].port, 5300);
	ck_assert(o.flows.servers[1].ip6);
	ck_assert(o.flows.servers[1].mac_known);
	ck_assert_uint_eq(o.flows.servers[1].mac[5], 0x5f);
	ck_assert_uint_eq(o.flows.net4.bits, 8);
	ck_assert_uint_eq(o.flows.ip6_share, 16384);
	ck_assert_uint_eq(o.mix.count, 4000000);
	ck_assert_double_eq(o.mix.zipf, 1.1);
	ck_assert_double_eq(o.mix.do_percent, 70);
	ck_assert_uint_eq(o.mix.nedns_sizes, 2);
	ck_assert_uint_eq(o.edns_sizes[1], 4096);
	ck_assert_uint_eq(o.mix.ntypes, 3);
	ck_assert_uint_eq(o.types[2], 65);
	ck_assert_uint_eq(o.mix.name_labels, 127);
	ck_assert_uint_eq(o.mix.seed, 9);
	ck_assert_int_eq(o.mode, LOAD_SEARCH);
	ck_assert_double_eq(o.rate, 2.5e6);
	ck_assert_double_eq(o.check_all_below, 5000);
	ck_assert_uint_eq(o.timeout_ms, 250);
	ck_assert_double_eq(o.max_loss_ppm, 2.5);
	ck_assert_str_eq(o.json, "-");
	ck_assert(o.quiet);
	load_options_fini(&o);
}
END_TEST

START_TEST(families)
{
	struct load_options o = parsed(BASE "--server 2001:db8::1");

	ck_assert_uint_eq(o.flows.ip6_share, 32768);
	load_options_fini(&o);
	o = parsed("--device x --server 2001:db8::1 --list q --window 5");
	ck_assert_uint_eq(o.flows.ip6_share, 65536);
	ck_assert_int_eq(o.mode, LOAD_WINDOW);
	load_options_fini(&o);
}
END_TEST

START_TEST(zones)
{
	char dir[UNIT_PATH_MAX], path[UNIT_PATH_MAX], line[2048];
	struct load_options o;
	FILE *f;

	unit_directory_make(dir);
	f = fopen(unit_path(path, dir, "list"), "w");
	ck_assert_ptr_nonnull(f);
	fputs("a.example\t/x/a.zone\nb.example\tb.zone\n", f);
	fclose(f);
	snprintf(line, sizeof line,
	    "--device x --server 192.0.2.1 --rate 1 --zone c.example=/c.zone "
	    "--zones-from %s",
	    path);
	o = parsed(line);
	ck_assert_uint_eq(o.mix.nzones, 3);
	ck_assert_str_eq(o.mix.zone_apexes[0], "c.example.");
	ck_assert_str_eq(o.mix.zone_files[0], "/c.zone");
	ck_assert_str_eq(o.mix.zone_apexes[2], "b.example.");
	ck_assert_int_eq(o.mix.zone_files[2][0], '/');
	load_options_fini(&o);
	unit_directory_remove(dir);
}
END_TEST

/* A line, and a word of what is said. */
START_TEST(refused)
{
	static const char *const rows[][2] = {
	    {"", "--device"},
	    {"--device x --list q --rate 1", "--server"},
	    {"--device x --list q --server 192.0.2.1", "how fast"},
	    {"--device x --rate 1 --server 192.0.2.1", "nothing to ask"},
	    {BASE "--rate 0", "--rate 0"},
	    {BASE "--rate 1x", "--rate 1x"},
	    {BASE "--window 5", "closed loop"},
	    {"--device x --list q --server 192.0.2.1 --search --window 5",
		"closed loop"},
	    {BASE "--cpus 1,", "--cpus"},
	    {BASE "--cpus a", "--cpus"},
	    {BASE "--huge maybe", "auto, on or off"},
	    {BASE "--server 192.0.2.300", "--server"},
	    {BASE "--server-mac 02:00", "MAC address"},
	    {BASE "--client-net4 10.0.0.0", "198.18.0.0/15"},
	    {BASE "--client-net4 10.0.0.1/8", "must be zero"},
	    {BASE "--client-net6 10.0.0.0/8", "2001:2::/48"},
	    {BASE "--clients 200000", "131070"},
	    {BASE "--ipv6 101", "percent"},
	    {BASE "--ipv6 10", "IPv6"},
	    {BASE "--zone example.org", "APEX=FILE"},
	    {BASE "--zones-from /nonexistent/list", "/nonexistent/list"},
	    {BASE "--edns-size 70000", "edns-size"},
	    {BASE "--types A,,B", "types such as"},
	    {BASE "--labels 128", "127"},
	    {BASE "--seed -1", "seed"},
	    {BASE "--json", "needs a value"},
	    {BASE "--nonsense", "--nonsense"},
	    {BASE "word", "word"},
	};

	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct load_options o;
		struct err err = {0};

		ck_assert_msg(
		    parse(&o, rows[i][0], &err) != 0, "%s", rows[i][0]);
		ck_assert_msg(strstr(err.text, rows[i][1]) != NULL, "%s: %s",
		    rows[i][0], err.text);
		load_options_fini(&o);
	}
}
END_TEST

START_TEST(help_needs_nothing_else)
{
	struct load_options o = parsed("--help");

	ck_assert(o.help);
	load_options_fini(&o);
}
END_TEST

static struct load_eal_words words;

static bool
has_words(const char *first, const char *second)
{
	for (int i = 0; i < words.count; i++)
		if (!strcmp(words.argv[i], first) &&
		    (!second || !strcmp(words.argv[i + 1], second)))
			return true;
	return false;
}

START_TEST(words_for_eal)
{
	struct load_options o =
	    parsed(BASE "--cpus 4,5 --main-cpu 3 --eal --x");

	ck_assert_int_eq(load_eal_arguments(&o, false, &words, NULL), 0);
	ck_assert(has_words("--lcores", "0@3,1@4,2@5"));
	ck_assert(has_words("--vdev", "net_null0"));
	ck_assert(has_words("--no-huge", NULL));
	ck_assert(has_words("--no-pci", NULL));
	ck_assert(has_words("--x", NULL));
	ck_assert_int_eq(load_eal_arguments(&o, true, &words, NULL), 0);
	ck_assert(has_words("--in-memory", NULL));
	o.device = "0000:3b:00.0,arg=1";
	ck_assert_int_eq(load_eal_arguments(&o, true, &words, NULL), 0);
	ck_assert(has_words("-a", "0000:3b:00.0,arg=1"));
	ck_assert(!has_words("--no-pci", NULL));
	o.neal_words = LOAD_EAL_WORDS_MAX;
	for (unsigned i = 0; i < LOAD_EAL_WORDS_MAX; i++)
		o.eal_words[i] = "x";
	ck_assert_int_eq(load_eal_arguments(&o, true, &words, NULL), 0);
	load_options_fini(&o);
}
END_TEST

START_TEST(pci_addresses)
{
	ck_assert(load_device_is_pci("3b:00.0"));
	ck_assert(load_device_is_pci("0000:3b:00.1"));
	ck_assert(load_device_is_pci("0000:3b:00.1,x=1"));
	ck_assert(!load_device_is_pci("net_vhost0,iface=/a:b.c"));
	ck_assert(!load_device_is_pci("net_null0"));
	ck_assert(!load_device_is_pci("be00.0"));
	ck_assert(!load_device_is_pci(""));
}
END_TEST

/* No hardware is here: what it says is a table. */
START_TEST(port_plans)
{
	struct load_options o = parsed(BASE "--cpus 0,0,0 --ring 1000");
	struct rte_eth_dev_info info = {.max_rx_queues = 4,
	    .max_tx_queues = 2,
	    .rx_desc_lim = {.nb_max = 512, .nb_min = 64, .nb_align = 32},
	    .tx_desc_lim = {.nb_max = 4096, .nb_min = 64, .nb_align = 64}};
	struct load_port_plan plan;
	struct err err;

	ck_assert_int_eq(load_port_plan(&plan, &info, &o, &err), ERR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "2 queue pairs"));
	info.max_tx_queues = 4;
	ck_assert_int_eq(load_port_plan(&plan, &info, &o, &err), 0);
	ck_assert_uint_eq(plan.rx_ring, 512);
	ck_assert_uint_eq(plan.tx_ring, 1024);
	ck_assert(!plan.spreads);
	ck_assert(!plan.checks_sums);
	info.flow_type_rss_offloads = RTE_ETH_RSS_NONFRAG_IPV4_UDP;
	info.rx_offload_capa = RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
	info.tx_offload_capa =
	    RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE | RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
	ck_assert_int_eq(load_port_plan(&plan, &info, &o, &err), 0);
	ck_assert(plan.spreads);
	ck_assert(plan.checks_sums);
	ck_assert_uint_eq(plan.conf.rxmode.mq_mode, RTE_ETH_MQ_RX_RSS);
	ck_assert_uint_eq(
	    plan.conf.rxmode.offloads, RTE_ETH_RX_OFFLOAD_UDP_CKSUM);
	ck_assert_uint_eq(
	    plan.conf.txmode.offloads, RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE);
	load_options_fini(&o);
}
END_TEST

UNIT_MAIN("load_options", defaults, every_option, families, zones, refused,
    help_needs_nothing_else, words_for_eal, pci_addresses, port_plans)
