/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of dataplane/sockets/tcp_clients.c.
 */
#include <stdlib.h>
#include <string.h>

#include "dataplane/sockets/tcp_clients.h"
#include "tests/unit/unit_run.h"

static struct tcp_clients *
clients_make(unsigned limit, unsigned each)
{
	struct tcp_clients *c = NULL;
	struct err err;

	ck_assert_int_eq(tcp_clients_new(&c, limit, each, &err), 0);
	return c;
}

START_TEST(test_limit_of_one_client)
{
	struct tcp_clients *c = clients_make(10, 2);

	ck_assert_int_eq(tcp_clients_enter(c, 7), TCP_ADMITTED);
	ck_assert_int_eq(tcp_clients_enter(c, 7), TCP_ADMITTED);
	ck_assert_int_eq(tcp_clients_enter(c, 7), TCP_REFUSED_CLIENT);
	ck_assert_int_eq(tcp_clients_enter(c, 8), TCP_ADMITTED);
	tcp_clients_leave(c, 7);
	ck_assert_int_eq(tcp_clients_enter(c, 7), TCP_ADMITTED);
	ck_assert_uint_eq(tcp_clients_count(c), 3);
	tcp_clients_free(&c);
}
END_TEST

START_TEST(test_limit_of_all)
{
	struct tcp_clients *c = clients_make(3, 3);

	for (uint64_t i = 0; i < 3; i++)
		ck_assert_int_eq(tcp_clients_enter(c, i), TCP_ADMITTED);
	ck_assert_int_eq(tcp_clients_enter(c, 99), TCP_REFUSED_ALL);
	tcp_clients_leave(c, 1);
	ck_assert_int_eq(tcp_clients_enter(c, 99), TCP_ADMITTED);
	tcp_clients_free(&c);
}
END_TEST

/* Who never entered can't be taken out. */
START_TEST(test_leave_of_a_stranger)
{
	struct tcp_clients *c = clients_make(3, 3);

	tcp_clients_enter(c, 1);
	tcp_clients_leave(c, 2);
	ck_assert_uint_eq(tcp_clients_count(c), 1);
	tcp_clients_free(&c);
}
END_TEST

/* Against a plain array: any order of coming and going. */
START_TEST(test_any_order)
{
	enum { CLIENTS = 200, LIMIT = 120, EACH = 3 };
	struct tcp_clients *c = clients_make(LIMIT, EACH);
	unsigned count[CLIENTS] = {0}, all = 0;

	srand(1);
	for (unsigned step = 0; step < 200000; step++) {
		unsigned i = (unsigned)rand() % CLIENTS;
		uint64_t key = (uint64_t)i << 32;

		if (rand() % 2) {
			int want = count[i] >= EACH ? TCP_REFUSED_CLIENT
			           : all >= LIMIT   ? TCP_REFUSED_ALL
			                            : TCP_ADMITTED;

			ck_assert_int_eq(tcp_clients_enter(c, key), want);
			count[i] += want == TCP_ADMITTED;
			all += want == TCP_ADMITTED;
		} else if (count[i]) {
			tcp_clients_leave(c, key);
			count[i]--;
			all--;
		}
		ck_assert_uint_eq(tcp_clients_count(c), all);
	}
	tcp_clients_free(&c);
}
END_TEST

/* IPv4: an address; IPv6: a /64. */
START_TEST(test_key)
{
	uint8_t a[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2, 1, 2, 3, 4};
	uint8_t b[16], v4[4] = {192, 0, 2, 1}, v4b[4] = {192, 0, 2, 2};

	memcpy(b, a, 16);
	b[15] ^= 1;
	ck_assert(tcp_client_key(a, 16) == tcp_client_key(b, 16));
	b[7] ^= 1;
	ck_assert(tcp_client_key(a, 16) != tcp_client_key(b, 16));
	ck_assert(tcp_client_key(v4, 4) != tcp_client_key(v4b, 4));
}
END_TEST

UNIT_MAIN("tcp_clients", test_limit_of_one_client, test_limit_of_all,
    test_leave_of_a_stranger, test_any_order, test_key)
