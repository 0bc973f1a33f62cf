/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Setting up DPDK ports; see ports.h. Main thread; allocates DPDK memory only.
 */
#include "dataplane/poll/ports.h"

#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "base/log.h"
#include "dataplane/poll/eal.h"
#include "dataplane/poll/reply.h"

enum {
	MBUF_CACHE = 256,
};

int
ports_host(
    const struct config_port *config, struct frame_host *out, struct err *err)
{
	for (unsigned i = 0; i < config->naddresses; i++) {
		const struct config_address *a = &config->addresses[i];

		if (i >= FRAME_ADDRESSES_MAX)
			return err_set(err, ERR_LIMIT,
			    "port %s: more than %d addresses", config->name,
			    FRAME_ADDRESSES_MAX);
		if (a->v4)
			memcpy(&out->addresses4[out->naddresses4++],
			    a->bytes + 12, 4);
		else
			memcpy(
			    out->addresses6[out->naddresses6++], a->bytes, 16);
	}
	return 0;
}

/* A device's words are "NAME,ARGUMENTS" or a PCI address. */
static int
find_device(struct port *p, const struct config_port *config, struct err *err)
{
	char name[RTE_ETH_NAME_MAX_LEN];
	size_t n = strcspn(config->device, ",");
	uint16_t id;

	snprintf(name, sizeof name, "%.*s", (int)n, config->device);
	if (rte_eth_dev_get_port_by_name(name, &p->id) == 0)
		return 0;
	/* "3b:00.0" is known as "0000:3b:00.0" */
	RTE_ETH_FOREACH_DEV (id) {
		char known[RTE_ETH_NAME_MAX_LEN];

		if (rte_eth_dev_get_name_by_port(id, known) == 0 &&
		    eal_device_is_pci(config->device) &&
		    strlen(known) > strlen(name) &&
		    !strcmp(known + strlen(known) - strlen(name), name)) {
			p->id = id;
			return 0;
		}
	}
	return err_set(err, ERR_NOT_FOUND, "port %s: DPDK has no device %s; %s",
	    config->name, name,
	    eal_device_is_pci(config->device)
		? "bind the NIC to vfio-pci (dpdk-devbind.py) and check the "
		  "address"
		: "check the driver's name and arguments (net_af_packet0,"
		  "iface=eth1, say) and that the interface exists");
}

static int
make_pool(struct port *p, unsigned mbufs, struct err *err)
{
	char name[RTE_MEMPOOL_NAMESIZE];
	unsigned least = p->plan.queues *
	                 (p->plan.rx_descriptors + p->plan.tx_descriptors) / 2;

	if (mbufs < least)
		log_warn("port %s: %u mbufs for %u queues; %u or more would "
			 "never run out",
		    p->config->name, mbufs, p->plan.queues, 2 * least);
	snprintf(name, sizeof name, "hf_port_%u", p->id);
	p->pool = rte_pktmbuf_pool_create(name, mbufs, MBUF_CACHE,
	    p->plan.data_shift, (uint16_t)p->plan.data_room, p->numa_node);
	if (!p->pool)
		return err_set(err, ERR_NO_MEMORY,
		    "port %s: no memory for %u mbufs of %u octets on NUMA "
		    "node %d (%s); raise dataplane.memory_mib or lower "
		    "dataplane.mbufs",
		    p->config->name, mbufs, p->plan.data_room, p->numa_node,
		    rte_strerror(rte_errno));
	return 0;
}

static int
port_error(const struct port *p, const char *what, int rc, struct err *err)
{
	return err_set(err, ERR_IO, "port %s (%s): %s: %s", p->config->name,
	    p->config->device, what, rte_strerror(-rc));
}

static int
set_up_queues(struct port *p, struct err *err)
{
	unsigned node = (unsigned)p->numa_node;
	int rc;

	rc = rte_eth_dev_configure(
	    p->id, p->plan.queues, p->plan.queues, &p->plan.conf);
	if (rc)
		return port_error(p, "the driver refuses the set-up", rc, err);
	/* Tolerated: some drivers have one fixed MTU, which was checked. */
	rc = rte_eth_dev_set_mtu(p->id, p->plan.mtu);
	if (rc && rc != -ENOTSUP)
		return port_error(p, "mtu", rc, err);
	for (uint16_t q = 0; q < p->plan.queues; q++) {
		rc = rte_eth_rx_queue_setup(
		    p->id, q, p->plan.rx_descriptors, node, NULL, p->pool);
		if (rc)
			return port_error(p, "receive queue", rc, err);
		rc = rte_eth_tx_queue_setup(
		    p->id, q, p->plan.tx_descriptors, node, NULL);
		if (rc)
			return port_error(p, "transmit queue", rc, err);
	}
	return 0;
}

/* Solicitations come to a multicast address for each of ours. */
static void
receive_multicast(const struct port *p)
{
	if (p->host.naddresses6 == 0 || !rte_eth_allmulticast_enable(p->id))
		return;
	if (rte_eth_promiscuous_enable(p->id))
		log_warn("port %s: the driver receives neither all multicast "
			 "nor everything; neighbour solicitations may be "
			 "missed",
		    p->config->name);
}

/* What the loop reads, made from the plan. */
static void
set_hot_fields(struct port *p, const struct answer_config *answer)
{
	const struct port_plan *plan = &p->plan;
	unsigned carries = plan->mtu - FRAME_IP6_BYTES - FRAME_UDP_BYTES;

	p->trusted_sums = plan->trusts ? FRAME_L4_SUM_GOOD : 0;
	if (plan->ip_sum_rx)
		p->rx_sum_flags |= RTE_MBUF_F_RX_IP_CKSUM_MASK;
	if (plan->udp_sum_rx)
		p->rx_sum_flags |= RTE_MBUF_F_RX_L4_CKSUM_MASK;
	if (plan->ip_sum_tx) {
		p->offload |= REPLY_IP_SUM_BY_PORT;
		p->tx_sum_flags4 |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
	}
	if (plan->udp_sum_tx) {
		p->offload |= REPLY_UDP_SUM_BY_PORT;
		p->tx_sum_flags4 |=
		    RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM;
		p->tx_sum_flags6 |=
		    RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_UDP_CKSUM;
	}
	p->answer = *answer;
	/* Never an IP fragment (RFC 9715); an MTU is at least 1280. */
	if (p->answer.udp_max > carries)
		p->answer.udp_max = (uint16_t)carries;
	p->query = (struct query_ctx){.config = &p->answer,
	    .transport = ANSWER_UDP,
	    .require_cookie = answer->require_cookie};
	p->answer_denied = (struct answer_config){.udp_max = p->answer.udp_max};
	p->denied = (struct query_ctx){.config = &p->answer_denied,
	    .transport = ANSWER_UDP,
	    .prohibited = true};
}

int
port_open(struct port *p, const struct config_port *config, unsigned mbufs,
    const struct answer_config *answer, struct err *err)
{
	struct rte_eth_dev_info info;
	struct rte_ether_addr mac;
	int rc;

	*p = (struct port){.id = UINT16_MAX, .config = config};
	rc = find_device(p, config, err);
	if (rc)
		return rc;
	rc = rte_eth_dev_info_get(p->id, &info);
	if (rc)
		return port_error(p, "no information", rc, err);
	rc = ports_negotiate(&info, config, &p->plan, err);
	if (!rc)
		rc = ports_host(config, &p->host, err);
	if (rc)
		return rc;
	p->numa_node = rte_eth_dev_socket_id(p->id);
	if (p->numa_node < 0) /* a virtual device is nowhere */
		p->numa_node = SOCKET_ID_ANY;
	rc = make_pool(p, mbufs, err);
	if (!rc)
		rc = set_up_queues(p, err);
	if (rc)
		return rc;
	rc = rte_eth_macaddr_get(p->id, &mac);
	if (rc)
		return port_error(p, "no MAC address", rc, err);
	memcpy(p->host.mac, mac.addr_bytes, FRAME_MAC_BYTES);
	set_hot_fields(p, answer);
	return 0;
}

int
port_start(struct port *p, struct err *err)
{
	int rc = rte_eth_dev_start(p->id);

	if (rc)
		return port_error(p, "start", rc, err);
	p->started = true;
	receive_multicast(p);
	if (p->plan.queues > 1 && !p->plan.spreads)
		log_warn("port %s: the driver does not say that it spreads "
			 "UDP over queues by ports; cores may be loaded "
			 "unevenly",
		    p->config->name);
	log_info("port %s: %s, %u queue pair%s, mtu %u, checksums %s in, %s "
		 "out, UDP up to %u octets",
	    p->config->name, p->config->device, p->plan.queues,
	    p->plan.queues == 1 ? "" : "s", p->plan.mtu,
	    p->plan.trusts       ? "trusted"
	    : p->plan.udp_sum_rx ? "by hardware"
				 : "in software",
	    p->plan.udp_sum_tx ? "by hardware" : "in software",
	    p->answer.udp_max);
	return 0;
}

void
port_close(struct port *p)
{
	if (p->id == UINT16_MAX || !p->config)
		return;
	if (p->started) {
		rte_eth_dev_stop(p->id);
		p->started = false;
	}
	rte_eth_dev_close(p->id);
	rte_mempool_free(p->pool);
	*p = (struct port){.id = UINT16_MAX};
}
