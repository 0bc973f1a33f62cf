/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Negotiation of a port's queues, offloads and sizes; see negotiate.h. Called
 * once a port at start by the main thread; allocates nothing.
 */
#include "dataplane/poll/negotiate.h"

#include <string.h>

#include <rte_mbuf.h>

#include "dataplane/answer/answer.h"
#include "dataplane/poll/frame.h"

enum {
	/* The engine may scribble on this much behind a response. */
	SCRIBBLE_BYTES = 64,
	/* What drivers expect a receive buffer to hold at least. */
	BUFFER_BYTES_MIN = 2048,
	/* Tag included, for ports that do not say what they add to the MTU. */
	LINK_BYTES = FRAME_ETHERNET_BYTES + FRAME_TAG_BYTES,
	/* Room for a virtio header of 12 octets in a packet's first line, and
	 * a multiple of RTE_MBUF_PRIV_ALIGN. */
	VIRTIO_SHIFT = 16,
};

static int
plan_queues(const struct rte_eth_dev_info *info, const struct config_port *port,
    struct port_plan *plan, struct err *err)
{
	unsigned most = RTE_MIN(info->max_rx_queues, info->max_tx_queues);

	if (port->ncores == 0)
		return err_set(err, ERR_USAGE,
		    "port %s: no cores; name one CPU or more in cores",
		    port->name);
	if (port->ncores > most)
		return err_set(err, ERR_LIMIT,
		    "port %s (%s): %u cores, but the port has %u receive and "
		    "%u transmit queues, one pair a core; set cores to %u "
		    "CPU%s%s",
		    port->name, port->device, port->ncores, info->max_rx_queues,
		    info->max_tx_queues, most, most == 1 ? "" : "s or fewer",
		    strchr(port->device, ':') && !strchr(port->device, ',')
			? ""
			: ", or give the device more queues in its "
			  "arguments (qpairs=, queues= or queue_num=)");
	plan->queues = (uint16_t)port->ncores;
	return 0;
}

/* RSS over addresses and ports, so that the queries of one large resolver do
 * not all come to one core. */
static void
plan_spreading(const struct rte_eth_dev_info *info, struct port_plan *plan)
{
	const uint64_t wanted =
	    RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_NONFRAG_IPV4_UDP |
	    RTE_ETH_RSS_NONFRAG_IPV6_UDP | RTE_ETH_RSS_NONFRAG_IPV4_TCP |
	    RTE_ETH_RSS_NONFRAG_IPV6_TCP;
	uint64_t offered = info->flow_type_rss_offloads & wanted;

	if (plan->queues == 1 || !offered)
		return;
	plan->conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	plan->conf.rx_adv_conf.rss_conf.rss_hf = offered;
	plan->spreads = offered & RTE_ETH_RSS_NONFRAG_IPV4_UDP &&
	                offered & RTE_ETH_RSS_NONFRAG_IPV6_UDP;
}

static void
plan_checksums(const struct rte_eth_dev_info *info,
    const struct config_port *port, struct port_plan *plan)
{
	plan->trusts = port->checksum == CHECKSUM_TRUST;
	if (port->checksum == CHECKSUM_SOFTWARE)
		return;
	plan->ip_sum_rx = info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM;
	plan->udp_sum_rx = info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
	plan->ip_sum_tx = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM;
	plan->udp_sum_tx = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
	if (plan->ip_sum_rx)
		plan->conf.rxmode.offloads |= RTE_ETH_RX_OFFLOAD_IPV4_CKSUM;
	if (plan->udp_sum_rx)
		plan->conf.rxmode.offloads |= RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
	if (plan->ip_sum_tx)
		plan->conf.txmode.offloads |= RTE_ETH_TX_OFFLOAD_IPV4_CKSUM;
	if (plan->udp_sum_tx)
		plan->conf.txmode.offloads |= RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
}

static uint16_t
fit_descriptors(unsigned wanted, const struct rte_eth_desc_lim *lim)
{
	unsigned align = lim->nb_align ? lim->nb_align : 1;
	unsigned most = lim->nb_max ? lim->nb_max : UINT16_MAX;
	unsigned n = RTE_MAX(wanted, (unsigned)lim->nb_min);

	n = (n + align - 1) / align * align;
	if (n > most)
		n = most / align * align;
	return (uint16_t)n;
}

/* A virtio header lies in front of the packet: begun on a cache line, as the
 * mbuf would have it, packet and header are three lines that the peer's core
 * and ours pass to each other, both ways; behind the header they are two. A NIC
 * writes whole lines, and is left alone. */
static void
plan_placement(const struct rte_eth_dev_info *info, struct port_plan *plan)
{
	if (info->driver_name && strstr(info->driver_name, "virtio"))
		plan->data_shift = VIRTIO_SHIFT;
}

/* Cache lines from one mbuf of a pool to the next. An even number would put
 * the same lines of all of them on a part of the cache's sets: 390 TSC cycles a
 * packet became 530 (make bench-wire, 1,000 names). */
static unsigned
plan_lines(const struct port_plan *plan)
{
	unsigned bytes = (unsigned)sizeof(struct rte_mempool_objhdr) +
	                 (unsigned)sizeof(struct rte_mbuf) + plan->data_shift +
	                 plan->data_room;

	return (bytes + RTE_CACHE_LINE_SIZE - 1) / RTE_CACHE_LINE_SIZE;
}

static int
plan_sizes(const struct rte_eth_dev_info *info, const struct config_port *port,
    struct port_plan *plan, struct err *err)
{
	unsigned most = info->max_mtu ? info->max_mtu : UINT16_MAX;
	unsigned link = LINK_BYTES, buffer;

	/* What a port says it adds to the MTU, if it says both numbers. */
	if (most != UINT16_MAX && info->max_rx_pktlen > most)
		link = info->max_rx_pktlen - most;
	if (info->max_rx_pktlen && info->max_rx_pktlen - link < most)
		most =
		    info->max_rx_pktlen > link ? info->max_rx_pktlen - link : 0;
	if (port->mtu > most)
		return err_set(err, ERR_LIMIT,
		    "port %s (%s): mtu %u, but the port carries at most %u; "
		    "set mtu to %u or less",
		    port->name, port->device, port->mtu, most, most);
	if (port->mtu < info->min_mtu)
		return err_set(err, ERR_LIMIT,
		    "port %s (%s): mtu %u, but the port wants at least %u",
		    port->name, port->device, port->mtu, info->min_mtu);
	plan->mtu = (uint16_t)port->mtu;
	plan->conf.rxmode.mtu = port->mtu;
	/* A frame of the largest size, or the largest response behind the
	 * largest headers, which the MTU bounds too. */
	buffer = port->mtu + FRAME_HEADERS_MAX + SCRIBBLE_BYTES;
	buffer = RTE_MAX(buffer, (unsigned)BUFFER_BYTES_MIN);
	buffer = RTE_MAX(buffer, info->min_rx_bufsize);
	plan->data_room = RTE_PKTMBUF_HEADROOM + RTE_ALIGN_CEIL(buffer, 64u);
	plan->data_room += 64 - plan->data_shift;
	if (plan_lines(plan) % 2 == 0)
		plan->data_room += 64;
	return 0;
}

int
ports_negotiate(const struct rte_eth_dev_info *info,
    const struct config_port *port, struct port_plan *plan, struct err *err)
{
	int rc;

	*plan = (struct port_plan){0};
	rc = plan_queues(info, port, plan, err);
	if (!rc)
		rc = plan_sizes(info, port, plan, err);
	if (rc)
		return rc;
	plan_placement(info, plan);
	plan_spreading(info, plan);
	plan_checksums(info, port, plan);
	/* Every mbuf that is sent came from the port's one pool and has one
	 * owner: what this offload asks for. */
	if (info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE)
		plan->conf.txmode.offloads |= RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	plan->rx_descriptors =
	    fit_descriptors(port->rx_ring, &info->rx_desc_lim);
	plan->tx_descriptors =
	    fit_descriptors(port->tx_ring, &info->tx_desc_lim);
	return 0;
}
