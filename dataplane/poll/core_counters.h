/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the data plane counts, and where: the order of values in each block of
 * RUN/dataplane.counters. Blocks are one a core ("core 1 port wan"), then one a
 * port ("port wan"), then "management"; all have the same names, and a block
 * leaves at zero what it has no part in.
 */
#ifndef HOLDFAST_CORE_COUNTERS_H
#define HOLDFAST_CORE_COUNTERS_H

#include "base/counters.h"
#include "base/err.h"
#include "dataplane/answer/stage_clock.h"
#include "dataplane/poll/packet_verdict.h"

enum core_counter {
	/* 0 to PACKET_VERDICT_COUNT - 1: verdicts; sum: packets received */
	CORE_RCODES = PACKET_VERDICT_COUNT,
	CORE_RCODES_MAX = 24,
	CORE_CYCLES = CORE_RCODES + CORE_RCODES_MAX,
	/* bucket n: bursts' mean of 2^n to 2^(n+1) - 1 TSC cycles a query, with
	 * the queries of the burst */
	CORE_CYCLES_MAX = 24,
	CORE_LOOPS = CORE_CYCLES + CORE_CYCLES_MAX, /* the heartbeat */
	/* Turns of the loop that received packets, and TSC cycles from asking
	 * the port until the replies were with it: what testpmd records too. */
	CORE_BUSY_TURNS,
	CORE_BUSY_CYCLES,
	CORE_STAGES, /* TSC cycles of each stage; `make perf` counts them */
	CORE_PACKETS_RECEIVED = CORE_STAGES + STAGES,
	CORE_PACKETS_SENT,
	CORE_OCTETS_RECEIVED,
	CORE_OCTETS_SENT,
	CORE_QUERIES_IP4,
	CORE_QUERIES_IP6,
	CORE_QUERIES_CANDIDATE,
	/* Response rate limits in mode log: answers that they would have
	 * dropped, or slipped; and answers to valid cookies, not limited. */
	CORE_LIMIT_WOULD_DROP,
	CORE_LIMIT_WOULD_SLIP,
	CORE_LIMIT_COOKIES,
	CORE_KERNEL_SENT,   /* packets of the kernel, sent to the wire */
	CORE_KERNEL_UNSENT, /* dropped: transmit queue full */
	PORT_MISSED,        /* by the port: receive queue full */
	PORT_NO_MBUF,
	PORT_ERRORS_RECEIVED,
	PORT_ERRORS_SENT,
	KERNEL_WRITTEN,   /* packets handed to the exception port */
	KERNEL_UNWRITTEN, /* the kernel did not take them */
	KERNEL_READ,
	KERNEL_UNREAD, /* dropped: no mbuf, or the ring was full */
	ACTIVATIONS,
	QUARANTINED,     /* queries in quarantine now */
	PROBATION_ZONES, /* on probation now */
	DATA_AGE_S, /* since the stable generation was committed; by the wall
	               clock, 0 where that is wrong */
	CORE_COUNTERS,
};

/* Creates the file at `path` with `ncores` + `nports` + 1 blocks. */
int core_counters_create(struct counters **out, const char *path,
    const char *const *core_labels, unsigned ncores,
    const char *const *port_names, unsigned nports, struct err *err);

#endif
