/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Negotiation over tables of what ports say of themselves: hardware that no
 * test machine has, and virtual devices as DPDK 22.11 describes them. And the
 * words that EAL is started with.
 */
#include <rte_mbuf.h>

#include "dataplane/poll/eal.h"
#include "dataplane/poll/negotiate.h"
#include "tests/unit/unit_run.h"

#define RSS_UDP (RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV6_UDP)
#define RX_SUMS (RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM)
#define TX_SUMS (RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM)

static unsigned cores[64];

static struct config_port
some_port(void)
{
	return (struct config_port){.name = (char *)"wan",
	    .device = (char *)"0000:3b:00.0",
	    .cores = cores,
	    .ncores = 1,
	    .mtu = 1500,
	    .rx_ring = 1024,
	    .tx_ring = 1024};
}

/* A 100G NIC, roughly. */
static struct rte_eth_dev_info
some_nic(void)
{
	return (struct rte_eth_dev_info){.max_rx_queues = 64,
	    .max_tx_queues = 64,
	    .min_mtu = 68,
	    .max_mtu = 9702,
	    .max_rx_pktlen = 9728,
	    .min_rx_bufsize = 1024,
	    .rx_offload_capa = RX_SUMS | RTE_ETH_RX_OFFLOAD_SCATTER,
	    .tx_offload_capa = TX_SUMS | RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE |
	                       RTE_ETH_TX_OFFLOAD_TCP_TSO,
	    .flow_type_rss_offloads = RSS_UDP | RTE_ETH_RSS_IPV4 |
	                              RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_L2_PAYLOAD,
	    .rx_desc_lim = {.nb_max = 4096, .nb_min = 64, .nb_align = 32},
	    .tx_desc_lim = {.nb_max = 4096, .nb_min = 64, .nb_align = 32}};
}

static struct port_plan
planned(const struct rte_eth_dev_info *info, const struct config_port *port)
{
	struct port_plan plan;
	struct err err = {0};

	ck_assert_msg(
	    !ports_negotiate(info, port, &plan, &err), "%s", err.text);
	return plan;
}

static void
refused(const struct rte_eth_dev_info *info, const struct config_port *port,
    const char *words)
{
	struct port_plan plan;
	struct err err = {0};

	ck_assert_int_eq(ports_negotiate(info, port, &plan, &err), ERR_LIMIT);
	ck_assert_msg(strstr(err.text, words) != NULL, "%s", err.text);
	ck_assert_msg(strstr(err.text, "wan") != NULL, "%s", err.text);
}

START_TEST(too_few_queues)
{
	static const struct {
		uint16_t rx, tx;
		unsigned cores;
		const char *words;
	} rows[] = {{1, 1, 2, "set cores to 1 CPU"},
	    {16, 4, 5, "set cores to 4 CPUs or fewer"},
	    {4, 16, 5, "set cores to 4 CPUs or fewer"},
	    {0, 0, 1, "0 receive and 0 transmit"}};

	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct rte_eth_dev_info nic = some_nic();
		struct config_port port = some_port();

		nic.max_rx_queues = rows[i].rx;
		nic.max_tx_queues = rows[i].tx;
		port.ncores = rows[i].cores;
		refused(&nic, &port, rows[i].words);
	}
}
END_TEST

START_TEST(queues_follow_cores)
{
	struct rte_eth_dev_info nic = some_nic();
	struct config_port port = some_port();

	for (port.ncores = 1; port.ncores <= 64; port.ncores++)
		ck_assert_uint_eq(planned(&nic, &port).queues, port.ncores);
	port.ncores = 0;
	ck_assert_int_eq(
	    ports_negotiate(&nic, &port, &(struct port_plan){0}, NULL),
	    ERR_USAGE);
}
END_TEST

START_TEST(spreading)
{
	static const struct {
		unsigned cores;
		uint64_t offered, asked;
		bool spreads;
	} rows[] = {
	    {1, RSS_UDP, 0, false},
	    {2, 0, 0, false},
	    {2, RTE_ETH_RSS_L2_PAYLOAD, 0, false},
	    {2, RTE_ETH_RSS_IPV4, RTE_ETH_RSS_IPV4, false},
	    {2, RTE_ETH_RSS_NONFRAG_IPV4_UDP, RTE_ETH_RSS_NONFRAG_IPV4_UDP,
		false},
	    {2, RSS_UDP | RTE_ETH_RSS_SCTP, RSS_UDP, true},
	};

	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct rte_eth_dev_info nic = some_nic();
		struct config_port port = some_port();
		struct port_plan plan;

		nic.flow_type_rss_offloads = rows[i].offered;
		port.ncores = rows[i].cores;
		plan = planned(&nic, &port);
		ck_assert_uint_eq(
		    plan.conf.rx_adv_conf.rss_conf.rss_hf, rows[i].asked);
		ck_assert_int_eq(plan.conf.rxmode.mq_mode,
		    rows[i].asked ? RTE_ETH_MQ_RX_RSS : RTE_ETH_MQ_RX_NONE);
		ck_assert_int_eq(plan.spreads, rows[i].spreads);
	}
}
END_TEST

START_TEST(checksums)
{
	static const struct {
		enum config_checksum wanted;
		uint64_t rx, tx;       /* offered */
		uint64_t rx_on, tx_on; /* asked for */
		bool trusts;
	} rows[] = {
	    {CHECKSUM_AUTO, RX_SUMS, TX_SUMS, RX_SUMS, TX_SUMS, false},
	    {CHECKSUM_AUTO, 0, 0, 0, 0, false},
	    /* virtio: UDP alone */
	    {CHECKSUM_AUTO, RTE_ETH_RX_OFFLOAD_UDP_CKSUM,
		RTE_ETH_TX_OFFLOAD_UDP_CKSUM, RTE_ETH_RX_OFFLOAD_UDP_CKSUM,
		RTE_ETH_TX_OFFLOAD_UDP_CKSUM, false},
	    {CHECKSUM_AUTO, RTE_ETH_RX_OFFLOAD_TCP_CKSUM,
		RTE_ETH_TX_OFFLOAD_TCP_CKSUM, 0, 0, false},
	    {CHECKSUM_SOFTWARE, RX_SUMS, TX_SUMS, 0, 0, false},
	    {CHECKSUM_TRUST, 0, 0, 0, 0, true},
	    {CHECKSUM_TRUST, RX_SUMS, TX_SUMS, RX_SUMS, TX_SUMS, true},
	};

	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct rte_eth_dev_info nic = some_nic();
		struct config_port port = some_port();
		struct port_plan plan;

		nic.rx_offload_capa = rows[i].rx;
		nic.tx_offload_capa = rows[i].tx;
		port.checksum = rows[i].wanted;
		plan = planned(&nic, &port);
		ck_assert_uint_eq(plan.conf.rxmode.offloads, rows[i].rx_on);
		ck_assert_uint_eq(plan.conf.txmode.offloads, rows[i].tx_on);
		ck_assert_int_eq(plan.udp_sum_rx,
		    !!(rows[i].rx_on & RTE_ETH_RX_OFFLOAD_UDP_CKSUM));
		ck_assert_int_eq(plan.ip_sum_rx,
		    !!(rows[i].rx_on & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM));
		ck_assert_int_eq(plan.udp_sum_tx,
		    !!(rows[i].tx_on & RTE_ETH_TX_OFFLOAD_UDP_CKSUM));
		ck_assert_int_eq(plan.ip_sum_tx,
		    !!(rows[i].tx_on & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM));
		ck_assert_int_eq(plan.trusts, rows[i].trusts);
	}
}
END_TEST

/* Nothing is asked for that a port does not offer, whatever it offers. */
START_TEST(never_more_than_offered)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		struct rte_eth_dev_info nic = some_nic();
		struct config_port port = some_port();
		struct port_plan plan;

		port.ncores = 4;
		nic.rx_offload_capa = nic.tx_offload_capa = 1ull << bit;
		nic.flow_type_rss_offloads = 1ull << bit;
		plan = planned(&nic, &port);
		ck_assert_uint_eq(
		    plan.conf.rxmode.offloads & ~nic.rx_offload_capa, 0);
		ck_assert_uint_eq(
		    plan.conf.txmode.offloads & ~nic.tx_offload_capa, 0);
		ck_assert_uint_eq(plan.conf.rx_adv_conf.rss_conf.rss_hf &
				      ~nic.flow_type_rss_offloads,
		    0);
	}
}
END_TEST

START_TEST(descriptors)
{
	static const struct {
		struct rte_eth_desc_lim lim;
		unsigned wanted;
		uint16_t given;
	} rows[] = {
	    {{0}, 1024, 1024},
	    {{.nb_max = 512}, 1024, 512},
	    {{.nb_min = 2048, .nb_max = 4096}, 1024, 2048},
	    {{.nb_align = 32, .nb_max = 4096}, 1000, 1024},
	    {{.nb_align = 32, .nb_max = 1010}, 1005, 992},
	    {{.nb_max = UINT16_MAX, .nb_align = 1}, 65535, 65535},
	};

	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct rte_eth_dev_info nic = some_nic();
		struct config_port port = some_port();
		struct port_plan plan;

		nic.rx_desc_lim = nic.tx_desc_lim = rows[i].lim;
		port.rx_ring = port.tx_ring = rows[i].wanted;
		plan = planned(&nic, &port);
		ck_assert_uint_eq(plan.rx_descriptors, rows[i].given);
		ck_assert_uint_eq(plan.tx_descriptors, rows[i].given);
	}
}
END_TEST

START_TEST(mtu_and_buffers)
{
	static const struct {
		uint16_t max_mtu;
		uint32_t max_rx_pktlen;
		unsigned mtu, most; /* most: 0 means that it fits */
	} rows[] = {
	    {9702, 9728, 1500, 0},
	    {9702, 9728, 9000, 0},
	    {1500, 1518, 1500, 0},
	    {1500, 1518, 9000, 1500},
	    {UINT16_MAX, UINT32_MAX, 9000, 0},
	    {UINT16_MAX, 1518, 1500, 0},
	    {UINT16_MAX, 1518, 1501, 1500},
	    {0, 0, 1500, 0}, /* says nothing */
	    {1400, 1518, 1500, 1400},
	};

	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct rte_eth_dev_info nic = some_nic();
		struct config_port port = some_port();
		struct port_plan plan;
		char words[32];

		nic.max_mtu = rows[i].max_mtu;
		nic.max_rx_pktlen = rows[i].max_rx_pktlen;
		port.mtu = rows[i].mtu;
		if (rows[i].most) {
			snprintf(
			    words, sizeof words, "set mtu to %u", rows[i].most);
			refused(&nic, &port, words);
			continue;
		}
		plan = planned(&nic, &port);
		ck_assert_uint_eq(plan.mtu, port.mtu);
		/* the largest frame, and the largest response and its 64 */
		ck_assert_uint_ge(plan.data_room,
		    RTE_PKTMBUF_HEADROOM + port.mtu + 18 + 48 + 64);
		ck_assert_uint_ge(plan.data_room, RTE_PKTMBUF_HEADROOM + 2048);
	}
}
END_TEST

static bool
has(const struct eal_words *w, const char *a, const char *b)
{
	for (int i = 0; i < w->count; i++)
		if (!strcmp(w->argv[i], a) &&
		    (!b || (i + 1 < w->count && !strcmp(w->argv[i + 1], b))))
			return true;
	return false;
}

static struct config_dataplane
two_ports(struct config_port ports[2])
{
	static unsigned first[] = {1, 2}, second[] = {1};

	ports[0] = some_port();
	ports[0].cores = first;
	ports[0].ncores = 2;
	ports[1] = some_port();
	ports[1].device = (char *)"net_af_packet0,iface=veth1";
	ports[1].cores = second;
	return (struct config_dataplane){.ports = ports,
	    .nports = 2,
	    .huge_pages = (char *)"auto",
	    .memory_mib = 256,
	    .file_prefix = (char *)"holdfast"};
}

/* Where packets begin, and that mbufs do not share the cache's sets: whatever
 * the MTU, the distance of two mbufs is an odd number of lines. */
START_TEST(placement)
{
	static const char *const drivers[] = {
	    NULL, "net_ice", "net_virtio", "net_virtio_user"};

	for (unsigned d = 0; d < 4; d++)
		for (unsigned mtu = 1280; mtu <= 9000; mtu += 10) {
			struct rte_eth_dev_info info = some_nic();
			struct config_port port = some_port();
			struct port_plan plan;
			size_t bytes;

			info.driver_name = drivers[d];
			port.mtu = mtu;
			plan = planned(&info, &port);
			ck_assert_uint_eq(plan.data_shift, d < 2 ? 0 : 16);
			bytes = sizeof(struct rte_mempool_objhdr) +
			        sizeof(struct rte_mbuf) + plan.data_shift +
			        plan.data_room;
			ck_assert_uint_eq((bytes + 63) / 64 % 2, 1);
		}
}
END_TEST

START_TEST(eal_words_with_a_nic)
{
	struct config_port ports[2];
	struct config_dataplane c = two_ports(ports);
	static struct eal_words w;

	ck_assert_int_eq(eal_arguments(&c, true, &w, NULL), 0);
	ck_assert(has(&w, "--lcores", "0@0,1@1,2@2,3@1"));
	ck_assert(has(&w, "-a", "0000:3b:00.0"));
	ck_assert(has(&w, "--vdev", "net_af_packet0,iface=veth1"));
	ck_assert(has(&w, "-m", "256"));
	ck_assert(has(&w, "--no-telemetry", NULL));
	ck_assert(has(&w, "--in-memory", NULL));
	ck_assert(!has(&w, "--no-pci", NULL));
	ck_assert(!has(&w, "--no-huge", NULL));
	ck_assert_ptr_null(w.argv[w.count]);
}
END_TEST

START_TEST(eal_words_without)
{
	struct config_port ports[2];
	struct config_dataplane c = two_ports(ports);
	char *more[] = {(char *)"--log-level", (char *)"8"};
	static struct eal_words w;

	ports[0].device = (char *)"net_tap0";
	c.eal_options = more;
	c.neal_options = 2;
	ck_assert_int_eq(eal_arguments(&c, false, &w, NULL), 0);
	ck_assert(has(&w, "--no-pci", NULL));
	ck_assert(has(&w, "--no-huge", NULL));
	ck_assert(has(&w, "--log-level", "8"));
	ck_assert(has(&w, "--file-prefix", "holdfast"));
	ck_assert(!has(&w, "--in-memory", NULL));
}
END_TEST

START_TEST(eal_words_too_many)
{
	struct config_port ports[2];
	struct config_dataplane c = two_ports(ports);
	char *more[EAL_WORDS_MAX], longest[EAL_WORD_BYTES + 1];
	static struct eal_words w;

	for (unsigned i = 0; i < EAL_WORDS_MAX; i++)
		more[i] = (char *)"x";
	c.eal_options = more;
	c.neal_options = EAL_WORDS_MAX;
	ck_assert_int_eq(eal_arguments(&c, false, &w, NULL), ERR_LIMIT);
	memset(longest, 'x', EAL_WORD_BYTES);
	longest[EAL_WORD_BYTES] = '\0';
	more[0] = longest;
	c.neal_options = 1;
	ck_assert_int_eq(eal_arguments(&c, false, &w, NULL), ERR_LIMIT);
}
END_TEST

START_TEST(devices)
{
	ck_assert(eal_device_is_pci("0000:3b:00.0"));
	ck_assert(eal_device_is_pci("3b:00.1"));
	ck_assert(eal_device_is_pci("0000:3b:00.0,representor=1"));
	ck_assert(!eal_device_is_pci("net_af_packet0,iface=veth1"));
	ck_assert(!eal_device_is_pci("net_af_xdp0"));
	ck_assert(!eal_device_is_pci("0000:3b:00"));
	ck_assert(!eal_device_is_pci(""));
}
END_TEST

UNIT_MAIN("poll_negotiate", too_few_queues, queues_follow_cores, spreading,
    checksums, never_more_than_offered, descriptors, mtu_and_buffers, placement,
    eal_words_with_a_nic, eal_words_without, eal_words_too_many, devices)
