/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The queries that wait for an answer: a ring of slots in the order of sending.
 * A query's ID and source port are its place in the ring, so that an answer
 * finds its slot in one cache line, and the sender writes memory in order. A
 * slot is kept after its answer, to know a duplicate, until the ring comes
 * round. One worker owns it; no DPDK.
 *
 *      oldest                     next
 *        v                         v
 *   .... | answered | waiting |    | ....     place = sequence mod slots
 *
 *   source port = first port + low bits of the place, ID = the other 16
 */
#ifndef HOLDFAST_OUTSTANDING_H
#define HOLDFAST_OUTSTANDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	/* 1 << 20 slots are 16 ports; 1 << 24 are 256 ports and 256 MiB */
	OUTSTANDING_BITS_MIN = 20,
	OUTSTANDING_BITS_MAX = 24,
	OUTSTANDING_PORTS_MAX = 1 << (OUTSTANDING_BITS_MAX - 16),
};

enum slot_state {
	SLOT_EMPTY,
	SLOT_WAITING,
	SLOT_ANSWERED,
	SLOT_LOST, /* nothing came in time */
};

struct slot {
	uint64_t due; /* TSC */
	uint32_t query;
	uint32_t state; /* enum slot_state */
};
_Static_assert(sizeof(struct slot) == 16, "four slots a cache line");

struct outstanding {
	struct slot *slots;
	uint64_t mask;
	uint64_t next;   /* sequence number of the next query */
	uint64_t oldest; /* all before it are settled */
	uint64_t waiting;
	unsigned port_bits;
	uint16_t first_port;
};

/* Memory is mapped, not yet touched. */
int outstanding_init(
    struct outstanding *o, unsigned bits, uint16_t first_port, struct err *err);
void outstanding_fini(struct outstanding *o);

/* Bits for as many queries as `rate` sends in `seconds`. */
unsigned outstanding_bits(double rate, double seconds);

static inline unsigned
outstanding_ports(const struct outstanding *o)
{
	return 1u << o->port_bits;
}

static inline uint16_t
outstanding_port(const struct outstanding *o, uint64_t sequence)
{
	return (
	    uint16_t)(o->first_port + (sequence & (outstanding_ports(o) - 1)));
}

static inline uint16_t
outstanding_id(const struct outstanding *o, uint64_t sequence)
{
	return (uint16_t)(sequence >> o->port_bits);
}

static inline bool
outstanding_is_full(const struct outstanding *o)
{
	return o->next - o->oldest > o->mask;
}

/* The next query has been sent; the ring is not full. */
static inline void
outstanding_push(struct outstanding *o, uint64_t due, uint32_t query)
{
	struct slot *s = &o->slots[o->next & o->mask];

	/* written a second after it was last seen: not in any cache */
	__builtin_prefetch(&o->slots[(o->next + 32) & o->mask], 1);
	*s = (struct slot){due, query, SLOT_WAITING};
	o->next++;
	o->waiting++;
}

/* The slot that ID and port name, and its sequence number; NULL: no query has
 * been sent with them. The port is one of ours. */
static inline struct slot *
outstanding_find(
    const struct outstanding *o, uint16_t port, uint16_t id, uint64_t *sequence)
{
	uint64_t place =
	    (uint64_t)id << o->port_bits | (uint16_t)(port - o->first_port);
	uint64_t back = (o->next - 1 - place) & o->mask;

	if (back >= o->next)
		return NULL;
	*sequence = o->next - 1 - back;
	return &o->slots[place];
}

static inline void
outstanding_settle(struct outstanding *o, struct slot *s)
{
	s->state = SLOT_ANSWERED;
	o->waiting--;
}

/* Walks over what is settled, and gives up what was due before `expired`.
 * Returns how many of those with a sequence number
 * from `from` on are lost. */
uint64_t outstanding_expire(
    struct outstanding *o, uint64_t expired, uint64_t from);

/* Gives up the oldest, whatever its age. True: it was waiting and is lost. */
bool outstanding_drop_oldest(struct outstanding *o);

#endif
