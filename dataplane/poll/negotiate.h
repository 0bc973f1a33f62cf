/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What to ask of a port, from what it says it can do and what the configuration
 * wants. A pure function over rte_eth_dev_info, because the machines that test
 * this have no such hardware: tests/unit/test_poll_negotiate.c feeds it tables.
 */
#ifndef HOLDFAST_NEGOTIATE_H
#define HOLDFAST_NEGOTIATE_H

#include <rte_ethdev.h>

#include "base/err.h"
#include "config/config.h"

struct port_plan {
	uint16_t queues; /* pairs: one a core */
	uint16_t rx_descriptors, tx_descriptors;
	uint16_t mtu;
	uint32_t data_room;  /* of an mbuf, headroom included */
	uint16_t data_shift; /* octets that packets begin behind a cache line */
	struct rte_eth_conf conf;
	bool ip_sum_rx, udp_sum_rx; /* checked by the port */
	bool ip_sum_tx, udp_sum_tx; /* written by the port */
	bool trusts;  /* UDP checksums of this link are not looked at */
	bool spreads; /* RSS over addresses and ports, when queues > 1 */
};

/* ERR_LIMIT with the number to set when the port has too few queue pairs or
 * cannot carry the MTU. */
int ports_negotiate(const struct rte_eth_dev_info *info,
    const struct config_port *port, struct port_plan *plan, struct err *err);

#endif
