/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Setting up the port; see load_port.h. Allocates DPDK memory only.
 */
#include "tools/load/load_port.h"

#include <stdio.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_mbuf.h>

#include "base/clock.h"
#include "base/log.h"
#include "tools/load/load_eal.h"
#include "tools/load/load_neighbour.h"
#include "tools/load/load_worker.h"

enum { PACKET_CACHE = 512, POLL_US = 10000, ASK_EVERY_MS = 250 };

static int
port_error(
    const struct load_options *o, const char *what, int rc, struct err *err)
{
	return err_set(
	    err, ERR_IO, "%s: %s: %s", o->device, what, rte_strerror(-rc));
}

/* A device's words are "NAME,ARGUMENTS" or a PCI address; "3b:00.0" is known as
 * "0000:3b:00.0". */
static int
find_device(struct load_port *p, const struct load_options *o, struct err *err)
{
	bool pci = load_device_is_pci(o->device);
	char name[RTE_ETH_NAME_MAX_LEN], known[RTE_ETH_NAME_MAX_LEN];
	uint16_t id;

	snprintf(
	    name, sizeof name, "%.*s", (int)strcspn(o->device, ","), o->device);
	RTE_ETH_FOREACH_DEV (id) {
		size_t longer;

		if (rte_eth_dev_get_name_by_port(id, known) != 0 ||
		    strlen(known) < strlen(name))
			continue;
		longer = strlen(known) - strlen(name);
		if (strcmp(known + longer, name) == 0 && (pci || !longer)) {
			p->id = id;
			return 0;
		}
	}
	return err_set(err, ERR_NOT_FOUND,
	    "--device %s: DPDK has no such device; %s", o->device,
	    pci ? "bind the NIC to vfio-pci (dpdk-devbind.py) and check the "
		  "address"
		: "check the driver's name and arguments "
		  "(net_af_packet0,iface=eth1, say) and that the interface "
		  "exists");
}

static uint16_t
fit_ring(unsigned wanted, const struct rte_eth_desc_lim *lim)
{
	unsigned align = lim->nb_align ? lim->nb_align : 1;
	unsigned most = lim->nb_max ? lim->nb_max : UINT16_MAX;
	unsigned n = RTE_MAX(wanted, (unsigned)lim->nb_min);

	n = (n + align - 1) / align * align;
	return (uint16_t)(n > most ? most / align * align : n);
}

static void
plan_spreading(struct load_port_plan *plan, const struct rte_eth_dev_info *info)
{
	uint64_t wanted =
	    info->flow_type_rss_offloads &
	    (RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV6_UDP);

	if (!wanted)
		return;
	plan->conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	plan->conf.rx_adv_conf.rss_conf.rss_hf = wanted;
	plan->spreads = true;
}

/* Sums of what is sent are made of parts that are known beforehand, which costs
 * less than an offload's second cache line of the buffer: none is asked for. */
int
load_port_plan(struct load_port_plan *plan, const struct rte_eth_dev_info *info,
    const struct load_options *o, struct err *err)
{
	unsigned most = RTE_MIN(info->max_rx_queues, info->max_tx_queues);
	const uint64_t sums =
	    RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;

	*plan = (struct load_port_plan){0};
	if (o->ncpus > most)
		return err_set(err, ERR_LIMIT,
		    "--cpus: %u workers, but %s has %u queue pair%s, one for "
		    "each; name fewer, or give the device more in its "
		    "arguments (queues=, qpairs=, queue_num=)",
		    o->ncpus, o->device, most, most == 1 ? "" : "s");
	if (o->ncpus > 1)
		plan_spreading(plan, info);
	/* net_vhost finishes sums in software if its user does not say so */
	plan->conf.rxmode.offloads |= info->rx_offload_capa & sums;
	plan->checks_sums =
	    info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
	/* all packets come from one pool and have one owner */
	plan->conf.txmode.offloads =
	    info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	plan->rx_ring = fit_ring(o->ring, &info->rx_desc_lim);
	plan->tx_ring = fit_ring(o->ring, &info->tx_desc_lim);
	return 0;
}

static int
make_pool(struct load_port *p, const struct load_options *o,
    const struct load_port_plan *plan, int node, struct err *err)
{
	unsigned each = plan->rx_ring + plan->tx_ring + PACING_BURST_MAX +
	                2 * WORKER_RECEIVE_MAX + PACKET_CACHE * 3 / 2 +
	                (o->ncpus > 1 ? WORKER_INBOX : 0);

	p->pool = rte_pktmbuf_pool_create("holdfast_load", each * o->ncpus,
	    PACKET_CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, node);
	if (!p->pool)
		return err_set(err, ERR_NO_MEMORY,
		    "no memory for %u packet buffers (%s); raise --memory %u "
		    "or lower --ring %u",
		    each * o->ncpus, rte_strerror(rte_errno), o->memory_mib,
		    o->ring);
	return 0;
}

static int
set_up_queues(struct load_port *p, const struct load_options *o,
    const struct load_port_plan *plan, int node, struct err *err)
{
	int rc =
	    rte_eth_dev_configure(p->id, p->queues, p->queues, &plan->conf);

	if (rc)
		return port_error(o, "the driver refuses the set-up", rc, err);
	p->is_open = true;
	for (uint16_t q = 0; q < p->queues; q++) {
		rc = rte_eth_rx_queue_setup(
		    p->id, q, plan->rx_ring, (unsigned)node, NULL, p->pool);
		if (rc)
			return port_error(o, "receive queue", rc, err);
		rc = rte_eth_tx_queue_setup(
		    p->id, q, plan->tx_ring, (unsigned)node, NULL);
		if (rc)
			return port_error(o, "transmit queue", rc, err);
	}
	return 0;
}

static int
start(struct load_port *p, const struct load_options *o, struct err *err)
{
	struct rte_ether_addr mac;
	int rc = rte_eth_macaddr_get(p->id, &mac);

	if (rc)
		return port_error(o, "no MAC address", rc, err);
	memcpy(p->mac, mac.addr_bytes, LOAD_MAC_BYTES);
	rc = rte_eth_dev_start(p->id);
	if (rc)
		return port_error(o, "start", rc, err);
	p->is_started = true;
	/* solicitations for clients come to as many groups */
	if (o->flows.nservers6 > 0 && rte_eth_allmulticast_enable(p->id))
		(void)rte_eth_promiscuous_enable(p->id);
	return 0;
}

int
load_port_open(
    struct load_port *p, const struct load_options *o, struct err *err)
{
	struct rte_eth_dev_info info;
	struct load_port_plan plan;
	int rc, node;

	*p = (struct load_port){.queues = (uint16_t)o->ncpus};
	rc = find_device(p, o, err);
	if (rc)
		return rc;
	rc = rte_eth_dev_info_get(p->id, &info);
	if (rc)
		return port_error(o, "no information", rc, err);
	snprintf(p->driver, sizeof p->driver, "%s", info.driver_name);
	node = rte_eth_dev_socket_id(p->id);
	if (node < 0) /* a virtual device is nowhere */
		node = SOCKET_ID_ANY;
	rc = load_port_plan(&plan, &info, o, err);
	if (!rc)
		rc = make_pool(p, o, &plan, node, err);
	if (!rc)
		rc = set_up_queues(p, o, &plan, node, err);
	p->checks_sums = plan.checks_sums;
	p->spreads = plan.spreads;
	return rc ? rc : start(p, o, err);
}

static bool
has_link(const struct load_port *p)
{
	struct rte_eth_link link = {0};

	return rte_eth_link_get_nowait(p->id, &link) == 0 &&
	       link.link_status == RTE_ETH_LINK_UP;
}

int
load_port_wait(const struct load_port *p, const struct load_options *o,
    const atomic_bool *ending, struct err *err)
{
	uint64_t until = clock_ms(CLOCK_MONOTONIC) + o->wait_link * 1000ull;
	bool told = false;

	while (!has_link(p)) {
		if (atomic_load(ending))
			return err_set(err, ERR_UNAVAILABLE, "interrupted");
		if (clock_ms(CLOCK_MONOTONIC) >= until)
			return err_set(err, ERR_UNAVAILABLE,
			    "%s: no link after %u s: nobody is at the other "
			    "end; start the peer, check its socket, interface "
			    "or cable (--wait-link waits longer)",
			    o->device, o->wait_link);
		if (!told && !o->quiet)
			log_info("%s: waiting for the peer", o->device);
		told = true;
		usleep(POLL_US);
	}
	return 0;
}

/* --- MAC addresses -------------------------------------------------------- */

static const struct flow_server *
unknown_server_find(const struct flow_plan *p)
{
	for (unsigned i = 0; i < p->nservers4 + p->nservers6; i++)
		if (!p->servers[i].mac_known)
			return &p->servers[i];
	return NULL;
}

static void
ask(const struct load_port *p, const struct flow_plan *flows)
{
	for (unsigned i = 0; i < flows->nservers4 + flows->nservers6; i++) {
		const struct flow_server *s = &flows->servers[i];
		struct rte_mbuf *m;

		if (s->mac_known || !(m = rte_pktmbuf_alloc(p->pool)))
			continue;
		m->data_len = (uint16_t)neighbour_ask(
		    rte_pktmbuf_mtod(m, uint8_t *), flows, s);
		m->pkt_len = m->data_len;
		if (rte_eth_tx_burst(p->id, 0, &m, 1) == 0)
			rte_pktmbuf_free(m);
	}
}

/* A server's kernel may ask for the asker first. */
static void
hear_packet(const struct load_port *p, uint16_t queue, struct rte_mbuf *m,
    struct flow_plan *flows)
{
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
	struct load_frame f;
	enum load_packet kind =
	    load_frame_parse(data, m->data_len, LOAD_SUM_UDP_GOOD, &f);
	size_t bytes = 0;

	if (m->nb_segs == 1 && !neighbour_learn(data, kind, &f, flows))
		bytes = neighbour_answer(data, kind, &f, flows);
	m->data_len = (uint16_t)bytes;
	m->pkt_len = (uint32_t)bytes;
	m->ol_flags = 0;
	if (bytes == 0 || rte_eth_tx_burst(p->id, queue, &m, 1) == 0)
		rte_pktmbuf_free(m);
}

static void
hear(const struct load_port *p, struct flow_plan *flows)
{
	struct rte_mbuf *packets[32];

	for (uint16_t q = 0; q < p->queues; q++) {
		unsigned n = rte_eth_rx_burst(p->id, q, packets, 32);

		for (unsigned i = 0; i < n; i++)
			hear_packet(p, q, packets[i], flows);
	}
}

static int
nobody(
    const struct flow_server *s, const struct load_options *o, struct err *err)
{
	struct config_address a = {.v4 = !s->ip6, .port = s->port};
	char text[64];

	memcpy(a.bytes + (a.v4 ? 12 : 0), s->address, a.v4 ? 4 : 16);
	return err_set(err, ERR_UNAVAILABLE,
	    "nobody says that they have the address of --server %s (%s, asked "
	    "for %u s); check the address and the link, or name the MAC "
	    "address, its own or its gateway's, with --server-mac",
	    config_address_text(text, &a), s->ip6 ? "solicitation" : "ARP",
	    o->wait_link);
}

int
load_port_resolve(const struct load_port *p, struct load_options *o,
    const atomic_bool *ending, struct err *err)
{
	uint64_t now = clock_ms(CLOCK_MONOTONIC), asked = 0;
	uint64_t until = now + RTE_MAX(o->wait_link, 1u) * 1000ull;

	memcpy(o->flows.mac, p->mac, LOAD_MAC_BYTES);
	while (unknown_server_find(&o->flows)) {
		if (atomic_load(ending))
			return err_set(err, ERR_UNAVAILABLE, "interrupted");
		now = clock_ms(CLOCK_MONOTONIC);
		if (now >= until)
			return nobody(unknown_server_find(&o->flows), o, err);
		if (now >= asked + ASK_EVERY_MS) {
			ask(p, &o->flows);
			asked = now;
		}
		hear(p, &o->flows);
		usleep(1000);
	}
	flow_plan_finish(&o->flows);
	return 0;
}

void
load_port_close(struct load_port *p)
{
	if (p->is_started)
		rte_eth_dev_stop(p->id);
	if (p->is_open)
		rte_eth_dev_close(p->id);
	rte_mempool_free(p->pool);
	*p = (struct load_port){0};
}
