/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Swaps of generations in holdfast-sockets under load: the code that follows
 * the data plane's page and the store's `current`, real workers behind real
 * sockets, and a client that asks over UDP and over one TCP connection.
 *
 *   client <--UDP, TCP on 127.0.0.1--> workers --(grace)--> generations
 *                                                 ^ follow_tick()
 *   this thread: writes the page, or commits to the store
 *
 * Every answer shows one generation, one that was live while the query was
 * under way; none is lost; memory is what it was.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/wire.h"
#include "dataplane/sockets/follow.h"
#include "dataplane/sockets/socket_worker.h"
#include "snapshot/dataplane_protocol.h"
#include "tests/unit/swap_world.h"

enum {
	WORKERS = 2,
	ROUND_UDP = 24, /* queries sent at once, then all answers awaited */
	ROUND_TCP = 8,
	ROUND = ROUND_UDP + ROUND_TCP,
	WARM_SWAPS = 100,
	AWAIT_EVERY = 8, /* swaps: the client has made a round */
	LOST_AFTER_S = 10,
#if defined(__SANITIZE_ADDRESS__)
	SWAPS = 1500,
	FRESH = 40,
#else
	SWAPS = 10000,
	FRESH = 150,
#endif
};

struct client {
	int udp, tcp;
	unsigned turn;
	uint16_t questions[ROUND];
	bool answered[ROUND];
	uint64_t sent, received;
	_Atomic uint64_t rounds;
	atomic_bool stop;
};

struct rig {
	struct swap_world world;
	struct service service;
	struct sockets_counters *counters;
	struct worker *workers[WORKERS];
	struct follow *follow;
	struct page *page;
	struct config_address listen;
	struct client client;
	/* the generation live for sure, and the last that may be */
	_Atomic uint64_t low, high;
	bool ordered;
	pthread_t thread;
	struct err err;
};

#define OK(r, call) ck_assert_msg((call) == 0, "%s", (r)->err.text)

static uint64_t
now_ms(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* --- the client
 * --------------------------------------------------------------------- */

static int
client_socket(const struct rig *r, int type)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
	    .sin_port = htons(r->listen.port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct timeval limit = {.tv_sec = LOST_AFTER_S};
	int fd = socket(AF_INET, type, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
	ck_assert_int_eq(connect(fd, (const void *)&to, sizeof to), 0);
	return fd;
}

static void
client_take(struct rig *r, const uint8_t *message, size_t bytes, uint64_t low)
{
	struct client *c = &r->client;
	uint64_t high = atomic_load(&r->high);
	unsigned id = wire_load16(message);
	uint32_t says;

	ck_assert_uint_lt(id, ROUND);
	ck_assert_msg(!c->answered[id], "a second answer");
	c->answered[id] = true;
	says = swap_answer(message, bytes, c->questions[id]);
	if (r->ordered)
		ck_assert_msg(says >= low && says <= high,
		    "an answer of generation %u, asked when %lu was live and "
		    "%lu the last",
		    says, (unsigned long)low, (unsigned long)high);
	else
		ck_assert_uint_le(says, SWAP_PREPARED);
	c->received++;
}

static void
round_send(struct client *c)
{
	for (unsigned id = 0; id < ROUND; id++) {
		uint8_t m[2 + SWAP_QUERY_MAX];
		size_t n;

		c->questions[id] = (uint16_t)(c->turn++ % SWAP_QUESTIONS);
		c->answered[id] = false;
		n = swap_question(m + 2, c->questions[id], (uint16_t)id);
		wire_store16(m, (uint16_t)n);
		if (id < ROUND_UDP)
			ck_assert_int_eq(send(c->udp, m + 2, n, 0), (ssize_t)n);
		else
			ck_assert_int_eq(
			    send(c->tcp, m, n + 2, 0), (ssize_t)n + 2);
		c->sent++;
	}
}

/* False: nothing came for so long that it is lost. */
static bool
round_receive(struct rig *r, uint64_t low)
{
	struct client *c = &r->client;
	uint8_t m[2048];

	for (unsigned i = 0; i < ROUND_UDP; i++) {
		ssize_t n = recv(c->udp, m, sizeof m, 0);

		if (n < 12)
			return false;
		client_take(r, m, (size_t)n, low);
	}
	for (unsigned i = 0; i < ROUND_TCP; i++) {
		if (recv(c->tcp, m, 2, MSG_WAITALL) != 2)
			return false;

		size_t n = wire_load16(m);

		ck_assert_uint_le(n, sizeof m);
		if (recv(c->tcp, m, n, MSG_WAITALL) != (ssize_t)n)
			return false;
		client_take(r, m, n, low);
	}
	return true;
}

static void *
client_run(void *arg)
{
	struct rig *r = arg;

	while (!atomic_load(&r->client.stop)) {
		uint64_t low = atomic_load(&r->low);

		round_send(&r->client);
		if (!round_receive(r, low))
			break;
		atomic_fetch_add(&r->client.rounds, 1);
	}
	return NULL;
}

/* --- the server
 * --------------------------------------------------------------------- */

/* A port that is free now for UDP and TCP. */
static uint16_t
port_choose(void)
{
	struct sockaddr_in a = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(fd, (const void *)&a, n), 0);
	ck_assert_int_eq(getsockname(fd, (void *)&a, &n), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static void
service_make(struct rig *r)
{
	static const struct live nothing;
	struct service *s = &r->service;

	answer_config_default(&s->answer);
	s->limits = (struct tcp_limits){.clients = 16,
	    .per_client = 16,
	    .idle_ms = 60000,
	    .query_ms = 60000,
	    .pipeline = 16,
	    .memory = 1 << 20};
	grace_init(&s->grace, WORKERS, &nothing);
	OK(r, tcp_clients_new(&s->clients, 16, 16, &r->err));
	OK(r, sockets_counters_new(&r->counters, NULL, WORKERS, &r->err));
	r->listen =
	    (struct config_address){.bytes = {[10] = 0xff, 0xff, 127, 0, 0, 1},
		.v4 = true,
		.port = port_choose()};
	for (unsigned i = 0; i < WORKERS; i++)
		OK(r, worker_new(&r->workers[i], s, i, &r->listen, 1,
			  sockets_counters_block(r->counters, i), &r->err));
}

static void
rig_make(struct rig *r, bool with_page)
{
	struct store *reader = NULL;
	char path[UNIT_PATH_MAX];

	memset(r, 0, sizeof *r);
	swap_world_make(&r->world);
	if (with_page)
		OK(r, page_create(&r->page,
			  unit_path(path, r->world.dir, DATAPLANE_PAGE_NAME),
			  &r->err));
	service_make(r);
	OK(r,
	    store_open(&reader, r->world.store_dir, STORE_READ_ONLY, &r->err));
	OK(r, follow_new(&r->follow, &reader, with_page ? r->world.dir : NULL,
		  &r->service.grace,
		  sockets_counters_block(r->counters, WORKERS), &r->err));
	follow_tick(r->follow);
	swap_world_is_spread(atomic_load(&r->service.grace.live)->stable);
	for (unsigned i = 0; i < WORKERS; i++)
		OK(r, worker_start(r->workers[i], &r->err));
	r->client.udp = client_socket(r, SOCK_DGRAM);
	r->client.tcp = client_socket(r, SOCK_STREAM);
	(void)swap_question((uint8_t[SWAP_QUERY_MAX]){0}, 0, 0);
	ck_assert_int_eq(pthread_create(&r->thread, NULL, client_run, r), 0);
}

static void
rig_stop(struct rig *r)
{
	atomic_store(&r->client.stop, true);
	pthread_join(r->thread, NULL);
	ck_assert_uint_eq(r->client.received, r->client.sent);
	ck_assert_uint_eq(
	    sockets_counters_sum(r->counters, COUNT_GENERATION_FAILURES), 0);
}

static void
rig_remove(struct rig *r)
{
	close(r->client.udp);
	close(r->client.tcp);
	for (unsigned i = 0; i < WORKERS; i++)
		worker_stop(r->workers[i]);
	for (unsigned i = 0; i < WORKERS; i++)
		worker_free(&r->workers[i]);
	follow_free(&r->follow);
	tcp_clients_free(&r->service.clients);
	sockets_counters_free(&r->counters);
	page_close(&r->page);
	swap_world_remove(&r->world);
}

/* The client has asked and was answered since. */
static void
await_round(struct rig *r)
{
	const struct timespec pause = {.tv_nsec = 100000};
	uint64_t before = atomic_load(&r->client.rounds);
	uint64_t start = now_ms(CLOCK_MONOTONIC);

	while (atomic_load(&r->client.rounds) < before + 2) {
		ck_assert_msg(
		    now_ms(CLOCK_MONOTONIC) - start < 2000 * LOST_AFTER_S,
		    "no answer any more");
		nanosleep(&pause, NULL);
	}
}

static void
say(struct rig *r, const char *what, uint64_t start,
    const struct swap_memory *m)
{
	printf("%s: %lu swaps in %.1f s, %lu queries over UDP and TCP, %lu "
	       "answers, each of one generation; RSS %zu KiB early, %zu KiB "
	       "at the end; sealed %zu KiB, %zu KiB\n",
	    what,
	    (unsigned long)sockets_counters_sum(
		r->counters, COUNT_GENERATION_SWAPS),
	    (double)(now_ms(CLOCK_MONOTONIC) - start) / 1000,
	    (unsigned long)r->client.sent, (unsigned long)r->client.received,
	    m[0].rss_kib, m[1].rss_kib, m[0].sealed_kib, m[1].sealed_kib);
	fflush(stdout);
}

/* As the data plane writes it: another stable generation, or a candidate for
 * all clients beside it. */
static void
page_turn(struct rig *r, unsigned i)
{
	struct page_state s = {.activation = 1 + i};
	const struct digest *next = &r->world.prepared[1 + i % SWAP_PREPARED];

	s.stable = *next;
	if (i % 3 == 0) {
		s.stable = r->world.first;
		s.candidate = *next;
		s.canary_permille = 1000;
	}
	page_write(r->page, &s);
	page_beat(r->page, now_ms(CLOCK_BOOTTIME));
	follow_tick(r->follow);
}

START_TEST(many_swaps_by_the_page)
{
	unsigned swaps = swap_count(SWAPS);
	struct swap_memory memory[2] = {{0}};
	uint64_t start, before;
	static struct rig r;

	rig_make(&r, true);
	start = now_ms(CLOCK_MONOTONIC);
	before = sockets_counters_sum(r.counters, COUNT_GENERATION_SWAPS);
	for (unsigned i = 1; i <= swaps; i++) {
		page_turn(&r, i);
		if (i % AWAIT_EVERY == 0)
			await_round(&r);
		if (i == WARM_SWAPS || i == swaps) {
			/* one generation alone is in memory */
			page_turn(&r, 1);
			memory[i == swaps] = swap_memory_now();
		}
	}
	rig_stop(&r);
	say(&r, "by the page", start, memory);
	ck_assert_uint_ge(
	    sockets_counters_sum(r.counters, COUNT_GENERATION_SWAPS) - before,
	    swaps);
	if (swaps > WARM_SWAPS)
		swap_memory_is_flat(&memory[0], &memory[1]);
	rig_remove(&r);
}
END_TEST

/* With no data plane: each generation compiled, proven and committed on the
 * one before. */
START_TEST(fresh_generations_by_the_store)
{
	struct swap_memory memory[2] = {{0}};
	struct store_current current;
	static struct rig r;
	uint64_t start;

	rig_make(&r, false);
	r.ordered = true;
	start = now_ms(CLOCK_MONOTONIC);
	for (unsigned i = 1; i <= FRESH; i++) {
		struct digest d;

		OK(&r, store_current_read(r.world.store, &current, &r.err));
		d = swap_world_build(&r.world, i, &current.generation);
		atomic_store(&r.high, i);
		OK(&r, store_commit(r.world.store, &current, &d,
			   current.activation + 1, &r.err));
		follow_tick(r.follow);
		ck_assert(digest_equal(
		    &atomic_load(&r.service.grace.live)->stable->digest, &d));
		atomic_store(&r.low, i);
		if (i == FRESH / 2 || i == FRESH)
			memory[i == FRESH] = swap_memory_now();
	}
	await_round(&r);
	rig_stop(&r);
	say(&r, "by the store", start, memory);
	rig_remove(&r);
}
END_TEST

UNIT_MAIN("follow_swap", many_swaps_by_the_page, fresh_generations_by_the_store)
