/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Rings and limits between poll cores and the exception port; see exception.h.
 * Made by the main thread at start; exception_offer() runs on poll cores.
 */
#include "dataplane/poll/exception.h"

#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_errno.h>

#include "dataplane/poll/packet_verdict.h"

/* A virtual scheduling clock: each packet moves `next` on by its price, and a
 * packet is over the limit when `next` is further ahead than a burst. */
void
exception_limit_init(
    struct exception_limit *l, uint64_t hz, uint64_t per_second)
{
	*l = (struct exception_limit){0};
	l->cycles = hz / (per_second ? per_second : 1);
	l->burst = RTE_MAX(hz / 50, 16 * l->cycles); /* 20 ms */
}

bool
exception_limit_take(struct exception_limit *l, uint64_t now)
{
	if (l->next < now)
		l->next = now;
	if (l->next - now > l->burst)
		return false;
	l->next += l->cycles;
	return true;
}

static struct rte_ring *
ring_find(const char *kind, unsigned core, int numa_node)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof name, "hf_%s_%u", kind, core);
	return rte_ring_create(
	    name, EXCEPTION_RING, numa_node, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

int
exception_queue_init(struct exception_queue *q, unsigned core, int numa_node,
    unsigned pps, bool named, struct err *err)
{
	uint64_t hz = rte_get_tsc_hz();

	memset(q, 0, sizeof *q);
	exception_limit_init(&q->traffic, hz, pps);
	exception_limit_init(&q->neighbours, hz, pps / 4);
	q->to_kernel = ring_find("to_kernel", core, numa_node);
	if (named)
		q->from_kernel = ring_find("from_kernel", core, numa_node);
	if (!q->to_kernel || (named && !q->from_kernel)) {
		exception_queue_fini(q);
		return err_set(err, ERR_NO_MEMORY,
		    "no memory for the rings of the exception port (%s); raise "
		    "dataplane.memory_mib",
		    rte_strerror(rte_errno));
	}
	return 0;
}

static void
ring_free(struct rte_ring **r)
{
	void *m;

	if (!*r)
		return;
	while (!rte_ring_dequeue(*r, &m))
		rte_pktmbuf_free(m);
	rte_ring_free(*r);
	*r = NULL;
}

void
exception_queue_fini(struct exception_queue *q)
{
	ring_free(&q->to_kernel);
	ring_free(&q->from_kernel);
}

static bool
is_for_neighbours(unsigned verdict)
{
	return verdict == PACKET_PUNT_ARP || verdict == PACKET_PUNT_NEIGHBOUR ||
	       verdict == PACKET_PUNT_ICMP || verdict == PACKET_PUNT_ICMP_ERROR;
}

unsigned
exception_offer(struct exception_queue *q, struct rte_mbuf *m, unsigned verdict,
    uint64_t now)
{
	struct exception_limit *limit;

	if (!q)
		return verdict == PACKET_PUNT_ADDRESS
		           ? PACKET_DROP_ADDRESS
		           : PACKET_DROP_NO_EXCEPTION;
	limit = is_for_neighbours(verdict) ? &q->neighbours : &q->traffic;
	if (!exception_limit_take(limit, now))
		return PACKET_DROP_PUNT_LIMIT;
	return rte_ring_sp_enqueue(q->to_kernel, m) ? PACKET_DROP_PUNT_RING
	                                            : verdict;
}
