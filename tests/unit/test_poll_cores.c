/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One port, N poll cores: each loop runs on an lcore of its own, as launch.c
 * starts it, over a port with a pair of rings a queue. The main thread is the
 * network and the management: it asks all queues in turn, takes the answers and
 * swaps generations meanwhile. Every question gets one answer, from the queue
 * that got it, with one generation's number in it, and each core counts its
 * own.
 *
 *   main --ask--> ring 0 -- rx queue 0 -> burst_loop 0 -> tx queue 0 --> main
 *            \--> ring 1 -- rx queue 1 -> burst_loop 1 -> tx queue 1 --> main
 *
 * There may be more cores than CPUs: lcores then share them.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_mempool.h>

#include "base/clock.h"
#include "dataplane/poll/burst.h"
#include "dataplane/poll/core_counters.h"
#include "dataplane/poll/eal.h"
#include "snapshot/load.h"
#include "tests/unit/poll_numbers.h"
#include "tests/unit/unit_run.h"

enum {
	WORKERS_MAX = 8,
	MBUFS = 4095,
	RING = 256,
	AT_ONCE = 16,          /* questions to a queue */
	OUTSTANDING_MAX = 128, /* of a queue: less than a ring holds */
	QUESTIONS = 8000,
	SWAPS = 50,
	WAIT_MS = 60000,
};

struct worker {
	struct core core;
	_Alignas(128) _Atomic uint64_t counters[CORE_COUNTERS];
	struct rte_ring *in, *out;
	/* what the network knows of it */
	unsigned asked, answered, last;
	bool waits[UINT16_MAX + 1]; /* for the answer with this ID */
};

static struct worker workers[WORKERS_MAX];
static struct port port;
static struct live *live;
static atomic_bool stop;
static struct err err;

#define OK(call) ck_assert_msg((call) == 0, "%s", err.text)

/* EAL with n lcores over the CPUs that there are. */
static void
start_eal(unsigned n, unsigned *cpus)
{
	static struct config_address none[1];
	struct config_port first = {.name = (char *)"first",
	    .device = (char *)"net_ring0",
	    .cores = cpus,
	    .ncores = n,
	    .addresses = none};
	struct config_dataplane c = {.ports = &first,
	    .nports = 1,
	    .huge_pages = (char *)"off",
	    .memory_mib = 64,
	    .file_prefix = (char *)"holdfast-test"};
	unsigned cpu = 0;
	cpu_set_t have;

	sched_getaffinity(0, sizeof have, &have);
	for (unsigned i = 0; i < n; i++) {
		do
			cpu = (cpu + 1) % CPU_SETSIZE;
		while (!CPU_ISSET(cpu, &have));
		cpus[i] = cpu;
	}
	c.management_core = cpus[0];
	OK(eal_start(&c, &err));
	/* EAL ties the main thread to one CPU */
	sched_setaffinity(0, sizeof have, &have);
}

static struct rte_ring *
ring_made(const char *what, unsigned i)
{
	char name[RTE_RING_NAMESIZE];
	struct rte_ring *r;

	snprintf(name, sizeof name, "%s%u", what, i);
	r = rte_ring_create(
	    name, RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	ck_assert_ptr_nonnull(r);
	return r;
}

static void
make_port(unsigned n, unsigned *cpus)
{
	static struct config_address none[1];
	static struct config_port config = {.name = (char *)"rings",
	    .device = (char *)"net_ring_network",
	    .addresses = none,
	    .mtu = 1500,
	    .rx_ring = RING,
	    .tx_ring = RING};
	struct rte_ring *in[WORKERS_MAX], *out[WORKERS_MAX];
	struct answer_config answer;

	config.cores = cpus;
	config.ncores = n;
	for (unsigned i = 0; i < n; i++) {
		in[i] = workers[i].in = ring_made("in", i);
		out[i] = workers[i].out = ring_made("out", i);
	}
	ck_assert_int_ge(
	    rte_eth_from_rings("network", in, n, out, n, SOCKET_ID_ANY), 0);
	answer_config_default(&answer);
	OK(port_open(&port, &config, MBUFS, &answer, &err));
	ck_assert_uint_eq(port.plan.queues, n);
	port.host = made_host();
	OK(port_start(&port, &err));
}

static void
start_workers(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		workers[i].core = (struct core){.port = &port,
		    .live = live,
		    .batch = answer_batch_new(),
		    .counters = workers[i].counters,
		    .stop = &stop,
		    .queue = (uint16_t)i,
		    .lcore = (uint16_t)(EAL_LCORE_FIRST_WORKER + i),
		    .reader = i};
		ck_assert_int_eq(rte_eal_remote_launch(burst_loop,
				     &workers[i].core, workers[i].core.lcore),
		    0);
	}
}

static void
ask(struct worker *w, unsigned most)
{
	struct rte_mbuf *m[AT_ONCE];
	unsigned n = RTE_MIN(most, (unsigned)AT_ONCE);

	if (w->asked - w->answered + n > OUTSTANDING_MAX)
		return;
	ck_assert_int_eq(rte_pktmbuf_alloc_bulk(port.pool, m, n), 0);
	for (unsigned i = 0; i < n; i++, w->asked++) {
		uint16_t id = (uint16_t)w->asked;
		struct made q = poll_numbers_question(id);

		memcpy(rte_pktmbuf_append(m[i], (uint16_t)q.n), q.b, q.n);
		w->waits[id] = true;
	}
	ck_assert_uint_eq(
	    rte_ring_sp_enqueue_bulk(w->in, (void **)m, n, NULL), n);
}

static void
take_answers(struct worker *w)
{
	const size_t dns = 14 + 20 + 8;
	struct rte_mbuf *m[AT_ONCE];
	unsigned n =
	    rte_ring_sc_dequeue_burst(w->out, (void **)m, AT_ONCE, NULL);

	for (unsigned i = 0; i < n; i++) {
		const uint8_t *p = rte_pktmbuf_mtod(m[i], uint8_t *) + dns;
		unsigned number = poll_numbers_read(p, m[i]->data_len - dns);
		uint16_t id = made_get16(p);

		ck_assert_msg(
		    w->waits[id], "answer %u: twice, or not ours", id);
		w->waits[id] = false;
		ck_assert_uint_ge(number, w->last); /* never an older one */
		w->last = number;
		w->answered++;
	}
	rte_pktmbuf_free_bulk(m, n);
}

static void
publish(struct generation *g, struct generation **old)
{
	struct live_pair pair = {.stable = g};
	int rc;

	while ((rc = live_publish(live, &pair, old, &err)) == ERR_BUSY)
		sched_yield(); /* the scheduler has put a core aside */
	OK(rc);
}

/* Questions to all in turn, answers, and a swap now and then. */
static struct generation *
converse(unsigned n, struct generation *g)
{
	uint64_t deadline = clock_ms(CLOCK_MONOTONIC) + WAIT_MS;
	unsigned each = QUESTIONS / n, answered = 0, swapped = 1;

	while (answered < each * n) {
		ck_assert_uint_lt(clock_ms(CLOCK_MONOTONIC), deadline);
		answered = 0;
		for (unsigned i = 0; i < n; i++) {
			ask(&workers[i], each - workers[i].asked);
			take_answers(&workers[i]);
			answered += workers[i].answered;
		}
		if (answered * (uint64_t)SWAPS / QUESTIONS >= swapped) {
			struct generation *old = g;

			g = poll_numbers_generation(++swapped);
			publish(g, &old);
		}
		live_reclaim(live);
		sched_yield();
	}
	printf("%u cores: %u answers over %u swaps\n", n, answered, swapped);
	return g;
}

/* Each core's counters say what it was asked, and nothing else. */
static void
look_at_counters(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct worker *w = &workers[i];
		uint64_t verdicts = 0;

		for (unsigned v = 0; v < PACKET_VERDICT_COUNT; v++)
			verdicts += w->counters[v];
		ck_assert_uint_eq(w->asked, QUESTIONS / n);
		ck_assert_uint_eq(verdicts, w->asked);
		ck_assert_uint_eq(w->counters[VERDICT_CNAME], w->asked);
		ck_assert_uint_eq(w->counters[CORE_PACKETS_RECEIVED], w->asked);
		ck_assert_uint_eq(w->counters[CORE_PACKETS_SENT], w->asked);
	}
}

static void
run(unsigned n)
{
	unsigned cpus[WORKERS_MAX];
	struct generation *g = poll_numbers_generation(1), *none = NULL;

	start_eal(n, cpus);
	make_port(n, cpus);
	OK(live_new(&live, n, &err));
	publish(g, &none);
	start_workers(n);
	g = converse(n, g);
	while (live_reclaim(live))
		sched_yield();
	atomic_store(&stop, true);
	rte_eal_mp_wait_lcore();
	look_at_counters(n);
	ck_assert_uint_eq(rte_mempool_avail_count(port.pool), MBUFS);
	generation_free(&g);
	live_free(&live);
	for (unsigned i = 0; i < n; i++)
		answer_batch_free(workers[i].core.batch);
	port_close(&port);
	eal_stop();
}

START_TEST(one_core)
{
	run(1);
}
END_TEST

START_TEST(two_cores)
{
	run(2);
}
END_TEST

START_TEST(four_cores)
{
	run(4);
}
END_TEST

START_TEST(eight_cores)
{
	run(8);
}
END_TEST

UNIT_MAIN("poll_cores", one_core, two_cores, four_cores, eight_cores)
