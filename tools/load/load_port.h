/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The generator's DPDK port: found, set up, started, its peer waited for, the
 * servers' MAC addresses asked for. Main thread, before workers run.
 */
#ifndef HOLDFAST_LOAD_PORT_H
#define HOLDFAST_LOAD_PORT_H

#include <stdatomic.h>

#include <rte_ethdev.h>

#include "tools/load/load_options.h"

struct load_port {
	uint16_t id;
	uint16_t queues;
	bool is_open, is_started;
	bool checks_sums; /* the port's hardware does */
	bool spreads;     /* RSS over ports */
	char driver[64];
	struct rte_mempool *pool;
	uint8_t mac[LOAD_MAC_BYTES];
};

struct load_port_plan {
	struct rte_eth_conf conf;
	uint16_t rx_ring, tx_ring;
	bool checks_sums, spreads;
};

/* What to ask of a port that says this of itself; pure. ERR_LIMIT: it has too
 * few queues. */
int load_port_plan(struct load_port_plan *plan,
    const struct rte_eth_dev_info *info, const struct load_options *o,
    struct err *err);

/* On errors too, load_port_close() is to be called. */
int load_port_open(
    struct load_port *p, const struct load_options *o, struct err *err);
/* Up to o->wait_link seconds; `ending` cuts it short. */
int load_port_wait(const struct load_port *p, const struct load_options *o,
    const atomic_bool *ending, struct err *err);
/* Fills the MAC addresses of o->flows that are not known. */
int load_port_resolve(const struct load_port *p, struct load_options *o,
    const atomic_bool *ending, struct err *err);
void load_port_close(struct load_port *p);

#endif
