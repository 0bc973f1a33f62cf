/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The DPDK ports of the configuration: found, negotiated, set up, started and
 * stopped. Main thread, at start and stop; poll cores read struct port.
 */
#ifndef HOLDFAST_PORTS_H
#define HOLDFAST_PORTS_H

#include <rte_mempool.h>

#include "dataplane/answer/answer.h"
#include "dataplane/poll/frame.h"
#include "dataplane/poll/negotiate.h"

struct port {
	/* What cores read for every packet; never written once started. */
	uint16_t id;
	uint8_t trusted_sums;  /* enum frame_sums taken as given */
	uint8_t offload;       /* enum reply_offload */
	uint64_t rx_sum_flags; /* of mbufs, that mean something here */
	uint64_t tx_sum_flags4, tx_sum_flags6;
	struct frame_host host;
	struct query_ctx query;
	struct answer_config answer; /* udp_max is what the MTU carries */
	/* for clients that are denied: says nothing of who we are */
	struct query_ctx denied;
	struct answer_config answer_denied;
	/* cold */
	const struct config_port *config;
	struct rte_mempool *pool; /* on the port's own NUMA node */
	int numa_node;
	struct port_plan plan;
	bool started;
};

/* The addresses of the configuration as the parser wants them. */
int ports_host(
    const struct config_port *config, struct frame_host *out, struct err *err);

/* Finds the device that EAL made for `config`, negotiates and configures it. */
int port_open(struct port *p, const struct config_port *config, unsigned mbufs,
    const struct answer_config *answer, struct err *err);
int port_start(struct port *p, struct err *err);
/* Stops and closes; does nothing to a port that never opened. */
void port_close(struct port *p);

#endif
