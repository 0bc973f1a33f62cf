/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Swaps of generations under load, with the code that does it in production:
 * activation (load, verify, compare-and-swap, QSBR) on this thread, the poll
 * loop on another, a client on a third that asks as fast as it is answered.
 *
 *   client --[ring]--> burst_loop --[ring]--> client       a DPDK port
 *                          ^ live pair
 *   this thread: activation_activate(), _commit(), ...     a real store
 *
 * Every answer shows one generation, one that was live while the query was
 * under way; none is lost; mbufs and memory are what they were. SWAPS=N sets
 * the number of swaps.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_eth_ring.h>
#include <rte_ethdev.h>

#include "dataplane/poll/activation.h"
#include "dataplane/poll/burst.h"
#include "dataplane/poll/core_counters.h"
#include "dataplane/poll/eal.h"
#include "tests/unit/poll_frames.h"
#include "tests/unit/swap_world.h"
#include "tests/unit/unit_run.h"

enum {
	MBUFS = 2047,
	RING = 1024,
	WINDOW = 64,     /* queries under way: neither ring can overflow */
	AWAIT_EVERY = 4, /* swaps: an answer came out of the last ones */
	LOST_AFTER_MS = 10000,
	WARM_SWAPS = 100, /* from then on memory must be flat */
#if defined(__SANITIZE_ADDRESS__)
	SWAPS = 1500,
	FRESH = 60,
#else
	SWAPS = 10000,
	FRESH = 200,
#endif
};

/* One client: a window of queries, each with the generations that may answer
 * it. */
struct client {
	struct rte_ring *to, *from;
	struct rte_mempool *pool;
	struct made frames[SWAP_QUESTIONS];
	struct {
		uint64_t low;
		uint16_t question;
		bool busy;
	} window[WINDOW];
	unsigned free[WINDOW], nfree;
	unsigned turn;
	uint64_t sent, received;
	_Atomic uint64_t answered; /* `received`, for the other threads */
	atomic_bool stop;
};

struct rig {
	struct swap_world world;
	struct port port;
	struct core core;
	struct activation a;
	_Atomic uint64_t counters[CORE_COUNTERS];
	atomic_bool stop;
	/* the generation live for sure, and the last that may be */
	_Atomic uint64_t low, high;
	bool ordered; /* numbers rise, so low and high bound them */
	struct client client;
	pthread_t core_thread, client_thread;
	struct err err;
};

#define OK(r, call) ck_assert_msg((call) == 0, "%s", (r)->err.text)

static unsigned cpu[1];
static struct config_address no_addresses[1];
static struct config_port loop_config = {.name = (char *)"unused",
    .device = (char *)"net_ring0",
    .cores = cpu,
    .ncores = 1,
    .addresses = no_addresses,
    .mtu = 1500,
    .rx_ring = 256,
    .tx_ring = 256};
static struct config_port port_config = {.name = (char *)"swap",
    .device = (char *)"net_ring_swap",
    .cores = cpu,
    .ncores = 1,
    .addresses = no_addresses,
    .mtu = 1500,
    .rx_ring = 256,
    .tx_ring = 256};

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* --- the client
 * --------------------------------------------------------------------- */

static void
client_frames_make(struct client *c)
{
	for (unsigned i = 0; i < SWAP_QUESTIONS; i++) {
		uint8_t query[SWAP_QUERY_MAX];
		size_t n = swap_question(query, i, 0);

		c->frames[i] = made_udp(i & 1, false, n);
		memcpy(c->frames[i].b + c->frames[i].l4 + 8, query, n);
	}
}

static void
client_send(struct rig *r)
{
	struct client *c = &r->client;
	struct rte_mbuf *b = rte_pktmbuf_alloc(c->pool);
	unsigned slot = c->free[--c->nfree];
	unsigned i = c->turn++ % SWAP_QUESTIONS;
	struct made *m = &c->frames[i];

	ck_assert_ptr_nonnull(b);
	made_put16(m->b + m->l4 + 8, slot);
	made_finish(m, 17);
	memcpy(rte_pktmbuf_append(b, (uint16_t)m->n), m->b, m->n);
	c->window[slot].busy = true;
	c->window[slot].question = (uint16_t)i;
	c->window[slot].low = atomic_load(&r->low);
	ck_assert_int_eq(rte_ring_enqueue(c->to, b), 0);
	c->sent++;
}

static void
client_take(struct rig *r, struct rte_mbuf *b)
{
	struct client *c = &r->client;
	uint64_t high = atomic_load(&r->high);
	const uint8_t *frame = rte_pktmbuf_mtod(b, const uint8_t *);
	bool ip6 = made_get16(frame + 12) == 0x86dd;
	const uint8_t *message = frame + (ip6 ? 62 : 42);
	unsigned slot = made_get16(message);
	uint32_t says;

	ck_assert_uint_lt(slot, WINDOW);
	ck_assert_msg(c->window[slot].busy, "a second answer");
	ck_assert_uint_eq(made_l4_sum(frame, 14, ip6, NULL), 0xffff);
	says = swap_answer(message, b->data_len - (size_t)(message - frame),
	    c->window[slot].question);
	if (r->ordered)
		ck_assert_msg(says >= c->window[slot].low && says <= high,
		    "an answer of generation %u, asked when %lu was live and "
		    "%lu the last",
		    says, (unsigned long)c->window[slot].low,
		    (unsigned long)high);
	else
		ck_assert_uint_le(says, SWAP_PREPARED);
	c->window[slot].busy = false;
	c->free[c->nfree++] = slot;
	c->received++;
	rte_pktmbuf_free(b);
}

static void *
client_run(void *arg)
{
	const struct timespec pause = {.tv_nsec = 20000};
	struct rig *r = arg;
	struct client *c = &r->client;
	uint64_t last = now_ms();

	while (!atomic_load(&c->stop) || c->nfree < WINDOW) {
		struct rte_mbuf *b[BURST_MAX];
		unsigned n;

		for (unsigned i = 0;
		     i < BURST_MAX && c->nfree && !atomic_load(&c->stop); i++)
			client_send(r);
		n = rte_ring_dequeue_burst(
		    c->from, (void **)b, BURST_MAX, NULL);
		for (unsigned i = 0; i < n; i++)
			client_take(r, b[i]);
		atomic_store(&c->answered, c->received);
		if (n) {
			last = now_ms();
			continue;
		}
		/* three threads may have to share one CPU */
		nanosleep(&pause, NULL);
		if (now_ms() - last > LOST_AFTER_MS)
			break; /* what is still under way is lost */
	}
	return NULL;
}

/* --- the data plane
 * ----------------------------------------------------------------- */

static void
port_make(struct rig *r)
{
	struct config_dataplane c = {.ports = &loop_config,
	    .nports = 1,
	    .huge_pages = (char *)"off",
	    .memory_mib = 64,
	    .file_prefix = (char *)"holdfast-swap"};
	struct client *client = &r->client;
	struct answer_config answer;
	cpu_set_t all, have;

	sched_getaffinity(0, sizeof all, &all);
	have = all;
	while (!CPU_ISSET(cpu[0], &have))
		cpu[0]++;
	c.management_core = cpu[0];
	OK(r, eal_start(&c, &r->err));
	/* EAL binds its main thread to one CPU; ours go where there is room */
	sched_setaffinity(0, sizeof all, &all);
	client->to = rte_ring_create(
	    "swap_in", RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	client->from = rte_ring_create(
	    "swap_out", RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	ck_assert(client->to && client->from);
	ck_assert_int_ge(rte_eth_from_rings("swap", &client->to, 1,
			     &client->from, 1, (unsigned)SOCKET_ID_ANY),
	    0);
	answer_config_default(&answer);
	OK(r, port_open(&r->port, &port_config, MBUFS, &answer, &r->err));
	r->port.host = made_host();
	OK(r, port_start(&r->port, &r->err));
	client->pool = r->port.pool;
}

static void
rig_make(struct rig *r)
{
	memset(r, 0, sizeof *r);
	swap_world_make(&r->world);
	port_make(r);
	client_frames_make(&r->client);
	for (unsigned i = 0; i < WINDOW; i++)
		r->client.free[r->client.nfree++] = i;
	r->a = (struct activation){.store = r->world.store, .now_ms = now_ms};
	OK(r, live_new(&r->a.live, 1, &r->err));
	OK(r, activation_boot(&r->a, &r->err));
	swap_world_is_spread(r->a.stable);
	r->core = (struct core){.port = &r->port,
	    .live = r->a.live,
	    .batch = answer_batch_new(),
	    .counters = r->counters,
	    .stop = &r->stop};
}

static void *
core_run(void *core)
{
	burst_loop(core);
	return NULL;
}

static void
rig_start(struct rig *r)
{
	ck_assert_int_eq(
	    pthread_create(&r->core_thread, NULL, core_run, &r->core), 0);
	ck_assert_int_eq(
	    pthread_create(&r->client_thread, NULL, client_run, r), 0);
}

/* Stops the client, then the core; nothing may be missing. */
static void
rig_stop(struct rig *r)
{
	uint64_t dropped = 0;

	atomic_store(&r->client.stop, true);
	pthread_join(r->client_thread, NULL);
	atomic_store(&r->stop, true);
	pthread_join(r->core_thread, NULL);
	for (unsigned v = VERDICT_COUNT; v < PACKET_VERDICT_COUNT; v++)
		dropped += r->counters[v];
	ck_assert_uint_eq(dropped, 0);
	ck_assert_uint_eq(r->client.received, r->client.sent);
	ck_assert_uint_eq(r->counters[CORE_PACKETS_SENT], r->client.sent);
	ck_assert_uint_eq(r->counters[VERDICT_SERVFAIL], 0);
	ck_assert_uint_eq(rte_mempool_avail_count(r->port.pool), MBUFS);
}

static void
rig_remove(struct rig *r)
{
	activation_fini(&r->a);
	live_free(&r->a.live);
	answer_batch_free(r->core.batch);
	port_close(&r->port);
	swap_world_remove(&r->world);
	eal_stop();
}

/* Some query was answered since `before`. */
static void
await_answer(struct rig *r, uint64_t before)
{
	uint64_t start = now_ms();

	while (atomic_load(&r->client.answered) == before) {
		ck_assert_msg(
		    now_ms() - start < LOST_AFTER_MS, "no answer any more");
		sched_yield();
	}
}

/* Nothing but what is live is held in memory. */
static struct swap_memory
settled_memory(struct rig *r)
{
	while (live_reclaim(r->a.live))
		sched_yield();
	return swap_memory_now();
}

static int
activate(struct rig *r, const struct digest *generation)
{
	const struct activation_request q = {.expect = r->a.number,
	    .parent = r->a.stable->digest,
	    .generation = *generation,
	    .permille = 1000,
	    .deadline_ms = 60000};
	int rc;

	/* a core that has not had its turn since 16 swaps: as control does,
	 * ask again */
	while ((rc = activation_activate(&r->a, &q, &r->err)) == ERR_BUSY)
		sched_yield();
	return rc;
}

static void
say(struct rig *r, const char *what, unsigned swaps, uint64_t start,
    const struct swap_memory *m)
{
	printf("%s: %u swaps in %.1f s, %lu queries, %lu answers, each of one "
	       "generation; RSS %zu KiB early, %zu KiB at the end; sealed "
	       "%zu KiB, %zu KiB\n",
	    what, swaps, (double)(now_ms() - start) / 1000,
	    (unsigned long)r->client.sent, (unsigned long)r->client.received,
	    m[0].rss_kib, m[1].rss_kib, m[0].sealed_kib, m[1].sealed_kib);
	fflush(stdout);
}

/* Candidates for all clients, each in place of the one before; every 50th time
 * back to the stable one. Each load is of the files, verified anew. */
START_TEST(many_swaps)
{
	unsigned swaps = swap_count(SWAPS);
	struct swap_memory memory[2] = {{0}};
	uint64_t start, number, before = 0;
	static struct rig r;

	rig_make(&r);
	rig_start(&r);
	number = r.a.number;
	start = now_ms();
	for (unsigned i = 1; i <= swaps; i++) {
		if (i % 50 == 0)
			while (activation_return(&r.a, r.a.number, &r.err) ==
			       ERR_BUSY)
				sched_yield();
		else
			OK(&r, activate(&r,
				   &r.world.prepared[1 + i % SWAP_PREPARED]));
		if (i % AWAIT_EVERY == 0) {
			await_answer(&r, before);
			before = atomic_load(&r.client.answered);
		}
		if (i == WARM_SWAPS || i == swaps)
			memory[i == swaps] = settled_memory(&r);
	}
	ck_assert_uint_eq(r.a.number, number + swaps);
	rig_stop(&r);
	say(&r, "prepared generations", swaps, start, memory);
	ck_assert_uint_ge(r.client.received, swaps);
	if (swaps > WARM_SWAPS)
		swap_memory_is_flat(&memory[0], &memory[1]);
	rig_remove(&r);
}
END_TEST

/* Generations as they come: compiled, proven, activated, committed, each on the
 * one before. An answer is never older than what was live when its query was
 * sent. */
START_TEST(fresh_generations)
{
	unsigned swaps = FRESH;
	struct swap_memory memory[2] = {{0}};
	static struct rig r;
	uint64_t start;

	rig_make(&r);
	r.ordered = true;
	rig_start(&r);
	start = now_ms();
	for (unsigned i = 1; i <= swaps; i++) {
		struct digest d =
		    swap_world_build(&r.world, i, &r.a.stable->digest);
		uint64_t before;

		atomic_store(&r.high, i);
		OK(&r, activate(&r, &d));
		atomic_store(&r.low, i);
		before = atomic_load(&r.client.answered);
		await_answer(&r, before);
		OK(&r, activation_commit(&r.a, r.a.number, &d, 0, &r.err));
		if (i == swaps / 2 || i == swaps)
			memory[i == swaps] = settled_memory(&r);
	}
	rig_stop(&r);
	say(&r, "fresh generations", 2 * swaps, start, memory);
	ck_assert_uint_ge(r.client.received, swaps);
	rig_remove(&r);
}
END_TEST

UNIT_MAIN("poll_activation_swap", many_swaps, fresh_generations)
