/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The worker's loop on a DPDK port without hardware: net_ring, whose other end
 * is a thread that plays a server and misbehaves as told. What it did must be
 * what the worker has counted, and all packet buffers must be back in the end.
 * EAL starts in each test's own process, without huge pages.
 *
 *   worker --tx--> [ ring ] --> server: drop, double, falsify --> [ ring ] --rx
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>

#include "tests/unit/load_rig.h"
#include "tests/unit/unit_run.h"
#include "tools/load/load_neighbour.h"
#include "tools/load/load_worker.h"

enum { BUFFERS = 4095, RING = 1024, QUERIES = 1000, QUEUES_MAX = 2 };

/* Each Nth answer; 0: none. */
struct manners {
	unsigned drop, twice, wrong, stranger, garbled;
};

struct server {
	struct manners manners;
	struct rte_ring *in[QUEUES_MAX], *out; /* all answers go to one queue */
	struct rte_mempool *pool;
	unsigned queues;
	atomic_bool stop;
	pthread_t thread;
	unsigned seen, dropped, twice, wrong, strangers, garbled, neighbours;
};

struct rig {
	struct flow_plan plan;
	struct query_set *set;
	struct query_parts *parts;
	struct rte_mempool *pool;
	uint16_t port;
	struct server server;
	struct load_worker *workers;
	unsigned nworkers;
	atomic_bool ending, leaving;
};

static void
start_eal(void)
{
	char lcores[32];
	char *argv[] = {(char *)"test", (char *)"--no-huge", (char *)"--no-pci",
	    (char *)"--no-shconf", (char *)"--no-telemetry", (char *)"-m",
	    (char *)"64", (char *)"--log-level=*:error", (char *)"--lcores",
	    lcores, NULL};

	snprintf(lcores, sizeof lcores, "0@%d", sched_getcpu());
	ck_assert_int_ge(rte_eal_init(10, argv), 0);
}

/* --- the server ------------------------------------------------------------
 */

static bool
is_nth(unsigned n, unsigned nth)
{
	return nth && n % nth == nth - 1;
}

static void
send_to_worker(struct server *s, struct rte_mbuf *m)
{
	while (rte_ring_enqueue(s->out, m) != 0)
		sched_yield();
}

static void
serve(struct server *s, struct rte_mbuf *m)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	unsigned n = s->seen++;
	bool wrong = is_nth(n, s->manners.wrong);

	if (is_nth(n, s->manners.drop)) {
		s->dropped++;
		rte_pktmbuf_free(m);
		return;
	}
	if (is_nth(n, s->manners.stranger)) { /* somebody else's ID */
		s->strangers++;
		frame[frame[12] == 0x86 ? 62 : 42] ^= 0x80;
		wrong = false;
	}
	rig_answer(frame, m->data_len, wrong ? 3 : 0);
	s->wrong += wrong;
	if (is_nth(n, s->manners.garbled)) {
		s->garbled++;
		frame[m->data_len - 1] ^= 1;
	}
	if (is_nth(n, s->manners.twice)) {
		s->twice++;
		send_to_worker(s, rte_pktmbuf_copy(m, s->pool, 0, UINT32_MAX));
	}
	send_to_worker(s, m);
}

static void *
server_main(void *arg)
{
	struct server *s = arg;

	while (!atomic_load(&s->stop)) {
		unsigned any = 0;
		void *m;

		for (unsigned q = 0; q < s->queues; q++)
			while (rte_ring_dequeue(s->in[q], &m) == 0) {
				struct rte_mbuf *packet = m;

				any++;
				if (rte_pktmbuf_mtod(packet, uint8_t *)[13] ==
				    6) {
					s->neighbours++;
					rte_pktmbuf_free(packet);
				} else {
					serve(s, packet);
				}
			}
		if (any == 0)
			sched_yield();
	}
	return NULL;
}

/* --- the rig ----------------------------------------------------------------
 */

static void
open_port(struct rig *r)
{
	struct rte_ring *out[QUEUES_MAX], *in[QUEUES_MAX];
	struct rte_eth_conf conf = {0};
	unsigned n = r->nworkers;
	char name[32];

	for (unsigned q = 0; q < n; q++) {
		snprintf(name, sizeof name, "out%u", q);
		out[q] = rte_ring_create(name, RING, SOCKET_ID_ANY, 0);
		snprintf(name, sizeof name, "in%u", q);
		in[q] = rte_ring_create(name, RING, SOCKET_ID_ANY, 0);
		ck_assert(out[q] && in[q]);
		r->server.in[q] = out[q];
	}
	r->server.out = in[0];
	r->server.queues = n;
	r->port = (uint16_t)rte_eth_from_rings("load", in, n, out, n, 0);
	ck_assert_int_eq(
	    rte_eth_dev_configure(r->port, (uint16_t)n, (uint16_t)n, &conf), 0);
	for (uint16_t q = 0; q < n; q++) {
		ck_assert_int_eq(
		    rte_eth_rx_queue_setup(r->port, q, RING, 0, NULL, r->pool),
		    0);
		ck_assert_int_eq(
		    rte_eth_tx_queue_setup(r->port, q, RING, 0, NULL), 0);
	}
	ck_assert_int_eq(rte_eth_dev_start(r->port), 0);
}

static void
open_worker(struct rig *r, unsigned i)
{
	struct load_worker *w = &r->workers[i];
	uint16_t first_port =
	    (uint16_t)(WORKER_FIRST_PORT + (i << (OUTSTANDING_BITS_MIN - 16)));
	char name[32];

	w->asked = (struct asked){.flows = &r->plan,
	    .set = r->set,
	    .parts = r->parts,
	    .salt = (uint64_t)i << 40};
	ck_assert_int_eq(outstanding_init(&w->asked.outstanding,
			     OUTSTANDING_BITS_MIN, first_port, NULL),
	    0);
	w->port = r->port;
	w->queue = (uint16_t)i;
	w->pool = r->pool;
	w->crew = r->workers;
	w->number = i;
	w->nworkers = r->nworkers;
	w->ending = &r->ending;
	w->leaving = &r->leaving;
	if (r->nworkers == 1)
		return;
	snprintf(name, sizeof name, "inbox%u", i);
	w->inbox = rte_ring_create(name, WORKER_INBOX, SOCKET_ID_ANY, 0);
	ck_assert_ptr_nonnull(w->inbox);
}

static void
rig_open(struct rig *r, unsigned nworkers, struct manners manners)
{
	*r = (struct rig){.plan = rig_plan(100, 50),
	    .set = rig_set(QUERIES),
	    .nworkers = nworkers,
	    .server.manners = manners};
	start_eal();
	ck_assert_int_eq(query_parts_make(&r->parts, r->set, NULL), 0);
	r->pool = rte_pktmbuf_pool_create(
	    "buffers", BUFFERS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	ck_assert_ptr_nonnull(r->pool);
	r->server.pool = r->pool;
	open_port(r);
	r->workers = aligned_alloc(64, nworkers * sizeof *r->workers);
	ck_assert_ptr_nonnull(r->workers);
	memset(r->workers, 0, nworkers * sizeof *r->workers);
	for (unsigned i = 0; i < nworkers; i++)
		open_worker(r, i);
}

static void
start_server(struct rig *r)
{
	ck_assert_int_eq(
	    pthread_create(&r->server.thread, NULL, server_main, &r->server),
	    0);
}

static void
stop_server(struct rig *r)
{
	atomic_store(&r->server.stop, true);
	pthread_join(r->server.thread, NULL);
}

static void
empty(struct rte_ring *ring)
{
	void *m;

	while (rte_ring_dequeue(ring, &m) == 0)
		rte_pktmbuf_free(m);
}

static void
rig_close(struct rig *r)
{
	for (unsigned i = 0; i < r->nworkers; i++) {
		empty(r->server.in[i]);
		outstanding_fini(&r->workers[i].asked.outstanding);
		if (r->workers[i].inbox)
			empty(r->workers[i].inbox);
	}
	empty(r->server.out);
	ck_assert_uint_eq(rte_mempool_avail_count(r->pool), BUFFERS);
	query_set_free(&r->set);
	free(r->parts);
	free(r->workers);
}

static struct load_trial
trial(double rate, double seconds, double timeout)
{
	double hz = (double)rte_get_tsc_hz();
	uint64_t now = rte_rdtsc();

	return (struct load_trial){.rate = rate,
	    .start = now,
	    .warm_end = now,
	    .end = now + (uint64_t)(seconds * hz),
	    .timeout = (uint64_t)(timeout * hz),
	    .behind_max = (uint64_t)(30 * hz),
	    .cycles_a_second = rte_get_tsc_hz(),
	    .check_every = 1};
}

static uint64_t
counted(const struct rig *r, unsigned worker, enum load_counter counter)
{
	return latency_load(&r->workers[worker].stats.counters[counter]);
}

/* --- tests ------------------------------------------------------------------
 */

START_TEST(all_is_well)
{
	struct load_trial t;
	struct rig r;

	rig_open(&r, 1, (struct manners){0});
	start_server(&r);
	t = trial(20000, 0.2, 60);
	load_worker_run(&r.workers[0], &t);
	stop_server(&r);
	ck_assert_uint_ge(counted(&r, 0, LOAD_SENT), 1);
	ck_assert_uint_eq(
	    counted(&r, 0, LOAD_SENT) + counted(&r, 0, LOAD_UNSENT), 4000);
	ck_assert_uint_eq(counted(&r, 0, LOAD_SENT), r.server.seen);
	ck_assert_uint_eq(counted(&r, 0, LOAD_ANSWERED), r.server.seen);
	ck_assert_uint_eq(counted(&r, 0, LOAD_CHECKED), r.server.seen);
	ck_assert_uint_eq(counted(&r, 0, LOAD_LOST), 0);
	ck_assert_uint_eq(counted(&r, 0, LOAD_WRONG), 0);
	ck_assert_uint_eq(counted(&r, 0, LOAD_MISMATCHED), 0);
	ck_assert_uint_eq(counted(&r, 0, LOAD_MALFORMED), 0);
	rig_close(&r);
}
END_TEST

START_TEST(misbehaviour_is_counted)
{
	struct load_trial t;
	struct load_worker *w;
	struct rig r;

	rig_open(&r, 1,
	    (struct manners){.drop = 10,
		.twice = 7,
		.wrong = 5,
		.stranger = 23,
		.garbled = 29});
	start_server(&r);
	w = &r.workers[0];
	t = trial(20000, 0.2, 2);
	load_worker_run(w, &t);
	stop_server(&r);
	ck_assert_uint_ge(r.server.twice, 1);
	ck_assert_uint_ge(r.server.wrong, 1);
	ck_assert_uint_eq(counted(&r, 0, LOAD_SENT), r.server.seen);
	ck_assert_uint_eq(
	    counted(&r, 0, LOAD_ANSWERED) + counted(&r, 0, LOAD_LOST),
	    r.server.seen);
	/* the last double may lie in the ring still; a garbled or strange
	 * answer may have been sent twice */
	ck_assert_uint_ge(counted(&r, 0, LOAD_MISMATCHED) + 1,
	    r.server.strangers - r.server.garbled);
	ck_assert_uint_ge(counted(&r, 0, LOAD_MALFORMED), r.server.garbled);
	ck_assert_uint_ge(counted(&r, 0, LOAD_LOST), r.server.dropped);
	ck_assert_uint_ge(counted(&r, 0, LOAD_DUPLICATE), 1);
	ck_assert_uint_le(counted(&r, 0, LOAD_DUPLICATE), r.server.twice);
	ck_assert_uint_ge(counted(&r, 0, LOAD_WRONG), 1);
	ck_assert_uint_le(counted(&r, 0, LOAD_WRONG), r.server.wrong);
	ck_assert_uint_eq(w->stats.nwrong, LOAD_WRONG_KEPT);
	ck_assert_uint_eq(w->stats.wrong[0].message[3] & 15, 3);
	rig_close(&r);
}
END_TEST

START_TEST(closed_loop)
{
	struct load_trial t;
	struct rig r;

	rig_open(&r, 1, (struct manners){0});
	start_server(&r);
	t = trial(0, 0.1, 60);
	t.window = 16;
	load_worker_run(&r.workers[0], &t);
	stop_server(&r);
	ck_assert_uint_ge(counted(&r, 0, LOAD_SENT), 16);
	ck_assert_uint_eq(counted(&r, 0, LOAD_SENT), r.server.seen);
	ck_assert_uint_eq(counted(&r, 0, LOAD_ANSWERED), r.server.seen);
	rig_close(&r);
}
END_TEST

/* All answers come to the first worker's queue; it keeps its own and hands over
 * the other's. */
static void *
worker_thread(void *w)
{
	load_worker_main(w);
	return NULL;
}

START_TEST(answers_to_another_queue)
{
	pthread_t threads[QUEUES_MAX];
	struct load_trial t;
	struct rig r;

	rig_open(&r, 2, (struct manners){0});
	start_server(&r);
	t = trial(5000, 0.2, 60);
	for (unsigned i = 0; i < 2; i++) {
		atomic_store(&r.workers[i].trial, &t);
		ck_assert_int_eq(pthread_create(&threads[i], NULL,
				     worker_thread, &r.workers[i]),
		    0);
	}
	for (unsigned i = 0; i < 2; i++)
		while (atomic_load(&r.workers[i].trials_done) == 0)
			usleep(1000);
	atomic_store(&r.leaving, true);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	stop_server(&r);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_ge(counted(&r, i, LOAD_SENT), 1);
		ck_assert_uint_eq(
		    counted(&r, i, LOAD_ANSWERED), counted(&r, i, LOAD_SENT));
		ck_assert_uint_eq(counted(&r, i, LOAD_OTHER), 0);
	}
	ck_assert_uint_eq(counted(&r, 0, LOAD_SENT) + counted(&r, 1, LOAD_SENT),
	    r.server.seen);
	ck_assert_uint_ge(counted(&r, 0, LOAD_HANDED), 1);
	ck_assert_uint_eq(counted(&r, 1, LOAD_HANDED), 0);
	rig_close(&r);
}
END_TEST

/* Nobody takes packets from the port: what it holds is lost, the rest was never
 * sent, and the sum is what was due. */
START_TEST(a_port_that_takes_nothing)
{
	struct load_trial t;
	struct rig r;

	rig_open(&r, 1, (struct manners){0});
	t = trial(1e6, 0.05, 0.02);
	load_worker_run(&r.workers[0], &t);
	ck_assert_uint_ge(counted(&r, 0, LOAD_HELD), 1);
	ck_assert_uint_eq(counted(&r, 0, LOAD_ANSWERED), 0);
	ck_assert_uint_eq(counted(&r, 0, LOAD_LOST), counted(&r, 0, LOAD_SENT));
	ck_assert_uint_eq(
	    counted(&r, 0, LOAD_SENT) + counted(&r, 0, LOAD_UNSENT), 50000);
	rig_close(&r);
}
END_TEST

/* Between answers somebody asks for a client's MAC address. */
START_TEST(neighbours_are_answered)
{
	struct load_trial t;
	struct rte_mbuf *m;
	struct flow_plan asker;
	uint8_t client[4];
	struct rig r;

	rig_open(&r, 1, (struct manners){0});
	asker = (struct flow_plan){.net4 = {.address = {192, 0, 2}},
	    .mac = {2, 0, 0, 0, 0, 7},
	    .clients = 1};
	flow_client4(&r.plan, 50, client);
	ck_assert_int_eq(flow_server_add(&asker, false, client, 53, NULL), 0);
	m = rte_pktmbuf_alloc(r.pool);
	m->data_len = (uint16_t)neighbour_ask(
	    rte_pktmbuf_mtod(m, uint8_t *), &asker, &asker.servers[0]);
	m->pkt_len = m->data_len;
	ck_assert_int_eq(rte_ring_enqueue(r.server.out, m), 0);
	start_server(&r);
	t = trial(1000, 0.05, 60);
	load_worker_run(&r.workers[0], &t);
	stop_server(&r);
	ck_assert_uint_eq(counted(&r, 0, LOAD_NEIGHBOURS), 1);
	ck_assert_uint_eq(r.server.neighbours, 1);
	rig_close(&r);
}
END_TEST

UNIT_MAIN("load_worker", all_is_well, misbehaviour_is_counted, closed_loop,
    answers_to_another_queue, a_port_that_takes_nothing,
    neighbours_are_answered)
