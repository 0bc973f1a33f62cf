/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The ring of outstanding queries: every query is found by its ID and port
 * until the ring comes round, not after; time-outs, and a ring that is full.
 */
#include "tests/unit/unit_run.h"
#include "tools/load/outstanding.h"

enum { BITS = OUTSTANDING_BITS_MIN, SLOTS = 1 << BITS, FIRST_PORT = 20000 };

static struct outstanding
made(void)
{
	struct outstanding o;

	ck_assert_int_eq(outstanding_init(&o, BITS, FIRST_PORT, NULL), 0);
	return o;
}

static struct slot *
find(const struct outstanding *o, uint64_t sequence, uint64_t *found)
{
	return outstanding_find(o, outstanding_port(o, sequence),
	    outstanding_id(o, sequence), found);
}

static void
push_many(struct outstanding *o, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (outstanding_is_full(o))
			outstanding_drop_oldest(o);
		outstanding_push(o, o->next * 10, (uint32_t)o->next);
	}
}

START_TEST(nothing_was_asked)
{
	struct outstanding o = made();
	uint64_t sequence;

	ck_assert_ptr_null(outstanding_find(&o, FIRST_PORT, 0, &sequence));
	ck_assert_ptr_null(
	    outstanding_find(&o, FIRST_PORT + 3, 777, &sequence));
	outstanding_push(&o, 1, 2);
	ck_assert_ptr_nonnull(find(&o, 0, &sequence));
	ck_assert_uint_eq(sequence, 0);
	ck_assert_ptr_null(find(&o, 1, &sequence));
	outstanding_fini(&o);
}
END_TEST

START_TEST(found_until_the_ring_comes_round)
{
	struct outstanding o = made();
	uint64_t found;

	push_many(&o, SLOTS + 1000);
	for (uint64_t s = 1000; s < o.next; s += 97) {
		struct slot *slot = find(&o, s, &found);

		ck_assert_ptr_nonnull(slot);
		ck_assert_uint_eq(found, s);
		ck_assert_uint_eq(slot->query, s);
		ck_assert_uint_eq(slot->due, s * 10);
	}
	/* those before are taken for the ones that have their place */
	ck_assert_ptr_nonnull(find(&o, 5, &found));
	ck_assert_uint_eq(found, SLOTS + 5);
	outstanding_fini(&o);
}
END_TEST

/* No two that wait have the same ID and port; ports stay in their range. */
START_TEST(ids_and_ports_differ)
{
	struct outstanding o = made();
	unsigned ports = outstanding_ports(&o);

	ck_assert_uint_eq(ports, SLOTS >> 16);
	for (uint64_t s = 0; s < SLOTS; s += 31) {
		uint16_t port = outstanding_port(&o, s);

		ck_assert_uint_ge(port, FIRST_PORT);
		ck_assert_uint_lt(port, FIRST_PORT + ports);
		ck_assert_uint_eq(
		    (uint64_t)outstanding_id(&o, s) * ports + port - FIRST_PORT,
		    s);
	}
	outstanding_fini(&o);
}
END_TEST

START_TEST(states)
{
	struct outstanding o = made();
	uint64_t found;
	struct slot *slot;

	push_many(&o, 3);
	ck_assert_uint_eq(o.waiting, 3);
	slot = find(&o, 1, &found);
	ck_assert_uint_eq(slot->state, SLOT_WAITING);
	outstanding_settle(&o, slot);
	ck_assert_uint_eq(o.waiting, 2);
	ck_assert_uint_eq(find(&o, 1, &found)->state, SLOT_ANSWERED);
	/* 0 is too old, 1 is answered, 2 is young */
	ck_assert_uint_eq(outstanding_expire(&o, 20, 0), 1);
	ck_assert_uint_eq(o.oldest, 2);
	ck_assert_uint_eq(o.waiting, 1);
	ck_assert_uint_eq(find(&o, 0, &found)->state, SLOT_LOST);
	ck_assert_uint_eq(find(&o, 1, &found)->state, SLOT_ANSWERED);
	ck_assert_uint_eq(outstanding_expire(&o, 21, 0), 1);
	ck_assert_uint_eq(o.waiting, 0);
	ck_assert_uint_eq(o.oldest, o.next);
	ck_assert_uint_eq(outstanding_expire(&o, 1000, 0), 0);
	outstanding_fini(&o);
}
END_TEST

/* Those before the measurement are given up, but not counted. */
START_TEST(lost_from_a_number_on)
{
	struct outstanding o = made();

	push_many(&o, 10);
	ck_assert_uint_eq(outstanding_expire(&o, UINT64_MAX, 7), 3);
	ck_assert_uint_eq(o.waiting, 0);
	outstanding_fini(&o);
}
END_TEST

START_TEST(full)
{
	struct outstanding o = made();
	uint64_t found;

	push_many(&o, SLOTS);
	ck_assert(outstanding_is_full(&o));
	outstanding_settle(&o, find(&o, 1, &found));
	ck_assert(outstanding_drop_oldest(&o));
	ck_assert(!outstanding_is_full(&o));
	ck_assert(!outstanding_drop_oldest(&o)); /* was answered */
	push_many(&o, 2);
	ck_assert(outstanding_is_full(&o));
	ck_assert_uint_eq(o.waiting, SLOTS);
	outstanding_fini(&o);
}
END_TEST

START_TEST(bits_for_a_rate)
{
	ck_assert_uint_eq(outstanding_bits(1, 1), OUTSTANDING_BITS_MIN);
	ck_assert_uint_eq(outstanding_bits(1e6, 1), 20);
	ck_assert_uint_eq(outstanding_bits(1.1e6, 1), 21);
	ck_assert_uint_eq(outstanding_bits(4e6, 2), 23);
	ck_assert_uint_eq(outstanding_bits(1e9, 10), OUTSTANDING_BITS_MAX);
}
END_TEST

UNIT_MAIN("outstanding", nothing_was_asked, found_until_the_ring_comes_round,
    ids_and_ports_differ, states, lost_from_a_number_on, full, bits_for_a_rate)
