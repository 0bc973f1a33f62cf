/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The way to the kernel and back, without the poll cores ever waiting for it:
 *
 *   core --limit--> ring (one a core) --> management --write--> TAP --> kernel
 *   wire <-- named core of the port <-- ring <-- management <--read-- TAP
 *
 * Rings have one producer and one consumer and a fixed size; what does not fit
 * is dropped and counted. The limit is on the core, in front of the ring: a
 * flood of SYNs costs it a comparison a packet. What finds neighbours (ARP,
 * neighbour discovery, ICMP errors) has a limit of its own, so that such a
 * flood cannot silence the kernel.
 */
#ifndef HOLDFAST_EXCEPTION_H
#define HOLDFAST_EXCEPTION_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_ring.h>

#include "base/cache_line.h"
#include "base/err.h"

enum { EXCEPTION_RING = 512, EXCEPTION_BURST = 32 };

/* Packets at `cycles` TSC cycles each, and `burst` cycles of them at once. */
struct exception_limit {
	uint64_t cycles, burst;
	uint64_t next; /* TSC time at which the packets so far are paid for */
};

struct exception_queue { /* a core's end */
	/* the core's alone */
	_Alignas(CORE_ALIGN) struct exception_limit traffic, neighbours;
	/* read by management too, never written once the core runs */
	_Alignas(CORE_ALIGN) struct rte_ring *to_kernel;
	struct rte_ring *from_kernel; /* NULL: another core of the port sends */
};

void exception_limit_init(
    struct exception_limit *l, uint64_t hz, uint64_t per_second);
bool exception_limit_take(struct exception_limit *l, uint64_t now);

/* Rings on `numa_node`; `pps` is this core's share. `named` makes the ring for
 * what the kernel sends. */
int exception_queue_init(struct exception_queue *q, unsigned core,
    int numa_node, unsigned pps, bool named, struct err *err);
/* Frees the packets that are still in the rings, and the rings. */
void exception_queue_fini(struct exception_queue *q);

/* Hands a packet with a punt verdict over. Returns that verdict, or the reason
 * (enum packet_verdict) why the caller still owns the packet. `q` may be NULL:
 * the port has no exception port. */
unsigned exception_offer(struct exception_queue *q, struct rte_mbuf *m,
    unsigned verdict, uint64_t now);

#endif
