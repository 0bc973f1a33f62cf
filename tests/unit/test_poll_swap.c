/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Generations swapped as fast as they can be made while a poll core answers
 * without pause. Every generation writes its number into all its records, and
 * the answer to the question lies in several cells that CNAMEs join: an answer
 * with two numbers would be one from two generations. Every question gets its
 * answer, and memory stays as it is.
 *
 *   main thread: make generation n -> publish -> retire n - 1 -> reclaim
 *   core thread: ask -> burst_turn -> look at the answers
 *
 * HOLDFAST_SWAPS=10000 makes it so many; 1,000 without.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "dataplane/poll/burst.h"
#include "dataplane/poll/core_counters.h"
#include "dataplane/poll/eal.h"
#include "snapshot/load.h"
#include "tests/unit/poll_numbers.h"
#include "tests/unit/unit_run.h"

enum { MBUFS = 511, SWAPS = 1000, IN_HAND = 16 };

static struct port port;
static struct core core;
static struct live *live;
static _Atomic uint64_t counters[CORE_COUNTERS];
static atomic_bool stop;
static struct err err;

#define OK(call) ck_assert_msg((call) == 0, "%s", err.text)

static void
publish(struct generation *g, struct generation **garbage)
{
	struct live_pair pair = {.stable = g};
	int rc;

	/* a core that the scheduler has put aside is waited for here, as the
	 * socket's clients would, by trying again */
	while ((rc = live_publish(live, &pair, garbage, &err)) == ERR_BUSY)
		sched_yield();
	OK(rc);
}

/* Until the core has begun another burst: each generation gets to answer. */
static void
let_core_turn(void)
{
	uint64_t loops = atomic_load(&counters[CORE_LOOPS]);

	while (atomic_load(&counters[CORE_LOOPS]) < loops + 2)
		sched_yield();
}

static void
set_up(void)
{
	static unsigned cpu[1];
	static struct config_address none[1];
	static struct config_port config = {.name = (char *)"ring",
	    .device = (char *)"net_ring0",
	    .cores = cpu,
	    .ncores = 1,
	    .addresses = none,
	    .mtu = 1500,
	    .rx_ring = 256,
	    .tx_ring = 256};
	struct config_dataplane c = {.ports = &config,
	    .nports = 1,
	    .huge_pages = (char *)"off",
	    .memory_mib = 64,
	    .file_prefix = (char *)"holdfast-test"};
	struct answer_config answer;
	cpu_set_t have;

	sched_getaffinity(0, sizeof have, &have);
	while (!CPU_ISSET(cpu[0], &have))
		cpu[0]++;
	c.management_core = cpu[0];
	OK(eal_start(&c, &err));
	/* EAL ties the main thread to one CPU; the test's two may have all */
	sched_setaffinity(0, sizeof have, &have);
	answer_config_default(&answer);
	OK(port_open(&port, &config, MBUFS, &answer, &err));
	port.host = made_host();
	OK(port_start(&port, &err));
	OK(live_new(&live, 1, &err));
	core = (struct core){.port = &port,
	    .live = live,
	    .batch = answer_batch_new(),
	    .counters = counters,
	    .stop = &stop};
}

struct seen {
	uint64_t asked, answered;
	unsigned last, different;
};

static void
look(struct seen *s, struct rte_mbuf *m, const struct made *asked)
{
	const uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
	unsigned n = poll_numbers_read(
	    data + asked->l4 + 8, m->data_len - asked->l4 - 8);

	ck_assert_uint_ge(n, s->last); /* never back to an older one */
	s->different += n != s->last;
	s->answered++;
	s->last = n;
	rte_pktmbuf_free(m);
}

static void *
core_thread(void *arg)
{
	struct made q = poll_numbers_question(0x0101);
	struct seen *s = arg;

	live_reader_start(live, 0);
	while (!atomic_load(&stop)) {
		struct rte_mbuf *m[IN_HAND];
		unsigned n;

		ck_assert_int_eq(
		    rte_pktmbuf_alloc_bulk(port.pool, m, IN_HAND), 0);
		for (unsigned i = 0; i < IN_HAND; i++)
			memcpy(
			    rte_pktmbuf_append(m[i], (uint16_t)q.n), q.b, q.n);
		s->asked += rte_eth_tx_burst(port.id, 0, m, IN_HAND);
		burst_turn(&core);
		n = rte_eth_rx_burst(port.id, 0, m, IN_HAND);
		for (unsigned i = 0; i < n; i++)
			look(s, m[i], &q);
	}
	live_reader_stop(live, 0);
	return NULL;
}

static long
resident_kib(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	ck_assert_int_eq(fscanf(f, "%*d %ld", &pages), 1);
	fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

START_TEST(swaps_while_questions_run)
{
	const char *wanted = getenv("HOLDFAST_SWAPS");
	unsigned swaps = wanted ? (unsigned)atoi(wanted) : SWAPS;
	struct generation *g = NULL, *old = NULL;
	struct seen s = {0};
	pthread_t thread;
	long early = 0, late;

	set_up();
	g = poll_numbers_generation(1);
	publish(g, &old);
	ck_assert_int_eq(pthread_create(&thread, NULL, core_thread, &s), 0);
	let_core_turn();
	for (unsigned n = 2; n <= swaps; n++) {
		old = g;
		g = poll_numbers_generation(n);
		publish(g, &old);
		let_core_turn();
		if (n == swaps / 4)
			early = resident_kib();
	}
	late = resident_kib();
	while (live_reclaim(live))
		sched_yield();
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	printf(
	    "%u swaps, %lu answers, %u numbers seen, %ld KiB then, %ld now\n",
	    swaps, (unsigned long)s.answered, s.different, early, late);
	ck_assert_uint_eq(s.answered, s.asked);
	ck_assert_uint_eq(counters[VERDICT_CNAME], s.asked);
	ck_assert_uint_eq(s.different, swaps);
#ifndef __SANITIZE_ADDRESS__ /* which keeps what is freed for a while */
	ck_assert_int_le(late, early + early / 10 + 2048);
#endif
	ck_assert_uint_eq(rte_mempool_avail_count(port.pool), MBUFS);
	generation_free(&g);
	live_free(&live);
	answer_batch_free(core.batch);
	port_close(&port);
	eal_stop();
}
END_TEST

UNIT_MAIN("poll_swap", swaps_while_questions_run)
