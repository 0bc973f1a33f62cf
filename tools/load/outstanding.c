/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The ring's memory, and what comes of queries without an answer.
 */
#include "tools/load/outstanding.h"

#include <string.h>
#include <sys/mman.h>

unsigned
outstanding_bits(double rate, double seconds)
{
	double most = rate * seconds;
	unsigned bits = OUTSTANDING_BITS_MIN;

	while (bits < OUTSTANDING_BITS_MAX && (double)(1u << bits) < most)
		bits++;
	return bits;
}

int
outstanding_init(
    struct outstanding *o, unsigned bits, uint16_t first_port, struct err *err)
{
	size_t bytes = sizeof *o->slots << bits;
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return err_set_errno(err,
		    "no memory for %u queries that wait for an answer (%zu "
		    "MiB)",
		    1u << bits, bytes >> 20);
	(void)madvise(p, bytes, MADV_HUGEPAGE); /* a wish */
	*o = (struct outstanding){.slots = p,
	    .mask = (UINT64_C(1) << bits) - 1,
	    .port_bits = bits - 16,
	    .first_port = first_port};
	return 0;
}

void
outstanding_fini(struct outstanding *o)
{
	if (o->slots)
		munmap(o->slots, (o->mask + 1) * sizeof *o->slots);
	*o = (struct outstanding){0};
}

bool
outstanding_drop_oldest(struct outstanding *o)
{
	struct slot *s = &o->slots[o->oldest++ & o->mask];

	if (s->state != SLOT_WAITING)
		return false;
	s->state = SLOT_LOST;
	o->waiting--;
	return true;
}

uint64_t
outstanding_expire(struct outstanding *o, uint64_t expired, uint64_t from)
{
	uint64_t lost = 0;

	while (o->oldest != o->next) {
		const struct slot *s = &o->slots[o->oldest & o->mask];
		uint64_t sequence = o->oldest;

		if (s->state == SLOT_WAITING && s->due >= expired)
			break;
		if (outstanding_drop_oldest(o) && sequence >= from)
			lost++;
	}
	return lost;
}
