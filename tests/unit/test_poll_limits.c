/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Limits on poll cores: N cores of one port, each with its share of the rates,
 * over ports that are rings. The main thread is the network; it makes the turns
 * of all cores itself, so that time is what it says.
 *
 *   main --put--> ring i --> burst_turn of core i --> ring --take--> main
 *
 * A second is 2^50 ticks: within a test only bursts are given.
 */
#include <sched.h>
#include <stdlib.h>

#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "base/limited.h"
#include "dataplane/poll/burst.h"
#include "dataplane/poll/core_counters.h"
#include "dataplane/poll/eal.h"
#include "snapshot/load.h"
#include "tests/rig/text_generation.h"
#include "tests/unit/poll_frames.h"
#include "tests/unit/unit_run.h"

enum { CORES_MAX = 2, MBUFS = 1023, RING = 256, BURST = 40 };

struct rig {
	struct port port;
	struct core core[CORES_MAX];
	_Atomic uint64_t counters[CORES_MAX][CORE_COUNTERS];
	_Atomic uint64_t top[CORES_MAX][LIMITED_VALUES];
	void *accounts[CORES_MAX];
	struct rte_ring *in[CORES_MAX], *out[CORES_MAX];
	struct limits limits;
	struct live *live;
	struct generation *stable;
	atomic_bool stop;
	unsigned n;
	struct err err;
};

static struct rig rig; /* large */
static unsigned cpus[CORES_MAX];
static struct config_address no_addresses[1];
static struct config_port port_config = {.name = (char *)"rings",
    .device = (char *)"net_ring_limits",
    .cores = cpus,
    .addresses = no_addresses,
    .mtu = 1500,
    .rx_ring = RING,
    .tx_ring = RING};
static struct config_limit config;

#define OK(r, call) ck_assert_msg((call) == 0, "%s", (r)->err.text)

static void
config_reset(void)
{
	config = (struct config_limit){.rrl = CONFIG_RRL_ON,
	    .responses_per_second = 1,
	    .responses_burst = BURST,
	    .slip = 2,
	    .ipv4_prefix = 24,
	    .ipv6_prefix = 56,
	    .client_ipv4_prefix = 32,
	    .client_ipv6_prefix = 64,
	    .accounts = 1024};
}

static void
start_eal(struct rig *r)
{
	static struct config_port first = {.name = (char *)"first",
	    .device = (char *)"net_ring0",
	    .cores = cpus,
	    .ncores = 1,
	    .addresses = no_addresses};
	struct config_dataplane c = {.ports = &first,
	    .nports = 1,
	    .huge_pages = (char *)"off",
	    .memory_mib = 64,
	    .file_prefix = (char *)"holdfast-test"};
	cpu_set_t have;

	sched_getaffinity(0, sizeof have, &have);
	while (!CPU_ISSET(cpus[0], &have))
		cpus[0]++;
	cpus[1] = cpus[0];
	c.management_core = cpus[0];
	OK(r, eal_start(&c, &r->err));
}

static void
make_core(struct rig *r, unsigned i)
{
	size_t bytes = limiter_bytes(&r->limits);
	struct core *c = &r->core[i];

	*c = (struct core){.port = &r->port,
	    .live = r->live,
	    .batch = answer_batch_new(),
	    .counters = r->counters[i],
	    .stop = &r->stop,
	    .queue = (uint16_t)i,
	    .reader = i};
	r->accounts[i] = aligned_alloc(64, bytes + 64);
	memset(r->accounts[i], 0, bytes);
	/* a second that does not end within a test */
	limiter_init(&c->limiter, &r->limits, r->accounts[i], r->n, 1ull << 50);
	c->limiter.top.values = r->top[i];
	live_reader_start(r->live, i);
}

static void
rig_make(struct rig *r, unsigned n)
{
	struct text_zone zone = {.apex = "ex.test.",
	    .text = "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n"
		    "www A 192.0.2.2\n"};
	struct live_pair pair = {0};
	struct generation *none = NULL;
	struct prefix_set *set = NULL;
	struct answer_config answer;

	r->n = port_config.ncores = n;
	start_eal(r);
	for (unsigned i = 0; i < n; i++) {
		r->in[i] = rte_ring_create(i ? "in1" : "in0", RING,
		    SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
		r->out[i] = rte_ring_create(i ? "out1" : "out0", RING,
		    SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	}
	ck_assert_int_ge(
	    rte_eth_from_rings("limits", r->in, n, r->out, n, SOCKET_ID_ANY),
	    0);
	answer_config_default(&answer);
	OK(r, port_open(&r->port, &port_config, MBUFS, &answer, &r->err));
	r->port.host = made_host();
	OK(r, port_start(&r->port, &r->err));
	OK(r, live_new(&r->live, n, &r->err));
	OK(r, text_generation_make(&r->stable, NULL, &zone, 1, &r->err));
	pair.stable = r->stable;
	OK(r, live_publish(r->live, &pair, &none, &r->err));
	OK(r, limits_from_config(&r->limits, &config, &r->err));
	OK(r, limits_prefixes(&set, &r->limits, &r->err));
	OK(r, live_publish_prefixes(r->live, &set, &r->err));
	for (unsigned i = 0; i < n; i++)
		make_core(r, i);
}

static void
rig_remove(struct rig *r)
{
	ck_assert_uint_eq(rte_mempool_avail_count(r->port.pool), MBUFS);
	for (unsigned i = 0; i < r->n; i++) {
		live_reader_stop(r->live, i);
		answer_batch_free(r->core[i].batch);
		free(r->accounts[i]);
	}
	generation_free(&r->stable);
	live_free(&r->live);
	port_close(&r->port);
	eal_stop();
}

/* "www.ex.test A", with `first` as its first octet, from 198.51.`net`.`host`.
 */
static struct made
question(char first, uint8_t net, uint8_t host)
{
	static const uint8_t message[] =
	    "\x12\x34\1\0\0\1\0\0\0\0\0\0\3www\2ex\4test\0\0\1\0\1";
	struct made m = made_udp(false, false, sizeof message - 1);

	memcpy(m.b + m.l4 + 8, message, sizeof message - 1);
	m.b[m.l4 + 8 + 13] = (uint8_t)first;
	m.b[m.l3 + 14] = net;
	m.b[m.l3 + 15] = host;
	made_finish(&m, 17);
	return m;
}

struct came {
	unsigned whole, truncated, refused;
};

static void
take(struct rig *r, unsigned core, struct came *came)
{
	struct rte_mbuf *b;

	while (rte_ring_sc_dequeue(r->out[core], (void **)&b) == 0) {
		const uint8_t *dns = rte_pktmbuf_mtod(b, uint8_t *) + 42;

		came->truncated += dns[2] >> 1 & 1;
		came->refused += (dns[3] & 15) == 5;
		came->whole += !(dns[2] & 2) && (dns[3] & 15) != 5;
		rte_pktmbuf_free(b);
	}
}

/* n alike to every core; what comes back. */
static struct came
ask(struct rig *r, const struct made *m, unsigned n)
{
	struct came came = {0};

	for (unsigned i = 0; i < n; i++)
		for (unsigned core = 0; core < r->n; core++) {
			struct rte_mbuf *b = rte_pktmbuf_alloc(r->port.pool);

			memcpy(
			    rte_pktmbuf_append(b, (uint16_t)m->n), m->b, m->n);
			ck_assert_int_eq(
			    rte_ring_sp_enqueue(r->in[core], b), 0);
			if (i % 16 == 15 || i + 1 == n) {
				burst_turn(&r->core[core]);
				take(r, core, &came);
			}
		}
	return came;
}

static uint64_t
counted(struct rig *r, unsigned counter)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < r->n; i++)
		sum += r->counters[i][counter];
	return sum;
}

static void
verdicts_add_up(struct rig *r)
{
	uint64_t sum = 0;

	for (unsigned v = 0; v < PACKET_VERDICT_COUNT; v++)
		sum += counted(r, v);
	ck_assert_uint_eq(sum, counted(r, CORE_PACKETS_RECEIVED));
}

/* However many cores: together they give the burst, and slip half the rest. */
static void
flood(unsigned cores)
{
	struct rig *r = &rig;
	struct made m = question('w', 100, 7), other = question('w', 100, 99);
	struct made exempt = question('w', 101, 7);
	unsigned sent = 240 / cores;
	struct came came;

	config_reset();
	config.exempt = (char *[]){(char *)"198.51.101.0/24"};
	config.nexempt = 1;
	rig_make(r, cores);
	came = ask(r, &m, sent);
	ck_assert_uint_eq(came.whole, BURST);
	ck_assert_uint_eq(came.truncated, (240 - BURST) / 2);
	ck_assert_uint_eq(counted(r, VERDICT_ANSWER), BURST);
	ck_assert_uint_eq(counted(r, VERDICT_SLIPPED), (240 - BURST) / 2);
	ck_assert_uint_eq(counted(r, VERDICT_DROP_LIMITED), (240 - BURST) / 2);
	came = ask(r, &other, 10); /* the same prefix */
	ck_assert_uint_eq(came.whole, 0);
	came = ask(r, &exempt, sent);
	ck_assert_uint_eq(came.whole, 240);
	/* random names that are not there are one account */
	came = (struct came){0};
	for (char c = 'a'; c < 'w'; c++) {
		struct made nx = question(c, 100, 7);
		struct came one = ask(r, &nx, 10 / cores);

		came.whole += one.whole;
	}
	ck_assert_uint_eq(came.whole, BURST);
	verdicts_add_up(r);
	rig_remove(r);
}

START_TEST(one_core)
{
	flood(1);
}
END_TEST

START_TEST(two_cores)
{
	flood(2);
}
END_TEST

/* Denied before the message is looked at; lists are swapped under the cores. */
START_TEST(denied_and_allowed)
{
	struct rig *r = &rig;
	struct made m = question('w', 100, 7), friend = question('w', 100, 9);
	struct prefix_set *set = NULL;
	struct came came;

	config_reset();
	config.rrl = CONFIG_RRL_OFF;
	config.deny = (char *[]){(char *)"198.51.100.0/24"};
	config.allow = (char *[]){(char *)"198.51.100.9"};
	config.ndeny = config.nallow = 1;
	rig_make(r, 1);
	came = ask(r, &m, 20);
	ck_assert_uint_eq(came.whole + came.refused, 0);
	ck_assert_uint_eq(counted(r, VERDICT_DROP_DENIED), 20);
	came = ask(r, &friend, 20);
	ck_assert_uint_eq(came.whole, 20);
	OK(r, live_publish_prefixes(r->live, &set, &r->err));
	ck_assert_uint_eq(live_reclaim(r->live), 1);
	came = ask(r, &m, 20);
	ck_assert_uint_eq(came.whole, 20);
	ck_assert_uint_eq(live_reclaim(r->live), 0);
	verdicts_add_up(r);
	rig_remove(r);
}
END_TEST

/* The refused are within the response rate. */
START_TEST(denied_are_refused)
{
	struct rig *r = &rig;
	struct made m = question('w', 100, 7), o = question('w', 99, 7);
	struct came came;

	config_reset();
	config.denied = CONFIG_DENIED_REFUSE;
	config.deny = (char *[]){(char *)"198.51.100.0/24"};
	config.ndeny = 1;
	rig_make(r, 1);
	came = ask(r, &m, 100);
	ck_assert_uint_eq(came.refused, BURST + (100 - BURST) / 2);
	ck_assert_uint_eq(came.whole + came.truncated, 0);
	ck_assert_uint_eq(counted(r, VERDICT_DENIED), came.refused);
	ck_assert_uint_eq(ask(r, &o, 30).whole, 30);
	verdicts_add_up(r);
	rig_remove(r);
}
END_TEST

START_TEST(over_the_budget)
{
	struct rig *r = &rig;
	struct made m = question('w', 100, 7), o = question('w', 100, 8);

	config_reset();
	config.rrl = CONFIG_RRL_OFF;
	config.queries_per_second = 30;
	rig_make(r, 2);
	ck_assert_uint_eq(ask(r, &m, 100).whole, 30);
	ck_assert_uint_eq(ask(r, &o, 15).whole, 30);
	ck_assert_uint_eq(counted(r, VERDICT_DROP_BUDGET), 170);
	ck_assert_uint_eq(counted(r, CORE_QUERIES_IP4), 230);
	verdicts_add_up(r);
	rig_remove(r);
}
END_TEST

START_TEST(mode_log)
{
	struct rig *r = &rig;
	struct made m = question('w', 100, 7);

	config_reset();
	config.rrl = CONFIG_RRL_LOG;
	rig_make(r, 1);
	ck_assert_uint_eq(ask(r, &m, 100).whole, 100);
	ck_assert_uint_eq(counted(r, CORE_LIMIT_WOULD_DROP), 30);
	ck_assert_uint_eq(counted(r, CORE_LIMIT_WOULD_SLIP), 30);
	verdicts_add_up(r);
	rig_remove(r);
}
END_TEST

UNIT_MAIN("poll_limits", one_core, two_cores, denied_and_allowed,
    denied_are_refused, over_the_budget, mode_log)
