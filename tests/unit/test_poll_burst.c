/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The poll loop on a real DPDK port that needs no hardware: net_ring0, whose
 * transmit queue is its own receive queue. Frames are put in by the test, one
 * turn of the loop is made, and what comes out is looked at; then counters
 * must add up and every mbuf must be back in the pool. EAL starts in each
 * test's own process, without huge pages.
 *
 *   test --tx--> [ ring ] --rx--> burst_turn --tx--> [ ring ] --rx--> test
 */
#include <sched.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "base/dns.h"
#include "base/message.h"
#include "dataplane/poll/burst.h"
#include "dataplane/poll/core_counters.h"
#include "dataplane/poll/eal.h"
#include "dataplane/poll/reply.h"
#include "snapshot/load.h"
#include "snapshot/page.h"
#include "tests/rig/text_generation.h"
#include "tests/unit/poll_frames.h"
#include "tests/unit/unit_run.h"

enum { MBUFS = 511 };

static unsigned cpu[1];
static struct config_address no_addresses[1];
static struct config_port port_config = {.name = (char *)"ring",
    .device = (char *)"net_ring0",
    .cores = cpu,
    .ncores = 1,
    .addresses = no_addresses,
    .mtu = 1500,
    .rx_ring = 256,
    .tx_ring = 256};

struct rig {
	struct port port;
	struct core core;
	struct live *live;
	_Atomic uint64_t counters[CORE_COUNTERS];
	atomic_bool stop;
	struct generation *stable, *candidate;
	struct err err;
};

#define OK(r, call) ck_assert_msg((call) == 0, "%s", (r)->err.text)

static struct generation *
generation_saying(struct rig *r, const char *text)
{
	struct text_zone zone = {.apex = "example.test."};
	struct generation *g = NULL;
	char zone_text[256];

	snprintf(zone_text, sizeof zone_text,
	    "$TTL 60\n@ SOA ns hm 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n"
	    "gen TXT \"%s\"\n",
	    text);
	zone.text = zone_text;
	OK(r, text_generation_make(&g, NULL, &zone, 1, &r->err));
	return g;
}

static void
publish(struct rig *r, uint32_t permille)
{
	struct generation *none = NULL;
	struct live_pair pair = {.stable = r->stable,
	    .candidate = r->candidate,
	    .canary_permille = permille,
	    .canary_key = {1234567, 89}};

	OK(r, live_publish(r->live, &pair, &none, &r->err));
}

static void
rig_make(struct rig *r)
{
	struct config_dataplane c = {.ports = &port_config,
	    .nports = 1,
	    .huge_pages = (char *)"off",
	    .memory_mib = 64,
	    .file_prefix = (char *)"holdfast-test"};
	struct answer_config answer;
	cpu_set_t have;

	*r = (struct rig){0};
	/* any CPU that we may run on; nothing runs on the lcore */
	sched_getaffinity(0, sizeof have, &have);
	while (!CPU_ISSET(cpu[0], &have))
		cpu[0]++;
	c.management_core = cpu[0];
	OK(r, eal_start(&c, &r->err));
	answer_config_default(&answer);
	OK(r, port_open(&r->port, &port_config, MBUFS, &answer, &r->err));
	r->port.host = made_host();
	OK(r, port_start(&r->port, &r->err));
	OK(r, live_new(&r->live, 1, &r->err));
	r->stable = generation_saying(r, "stable");
	r->core = (struct core){.port = &r->port,
	    .live = r->live,
	    .batch = answer_batch_new(),
	    .counters = r->counters,
	    .stop = &r->stop};
	live_reader_start(r->live, 0);
	publish(r, 0);
}

static void
rig_remove(struct rig *r)
{
	ck_assert_uint_eq(rte_mempool_avail_count(r->port.pool), MBUFS);
	live_reader_stop(r->live, 0);
	generation_free(&r->stable);
	generation_free(&r->candidate);
	live_free(&r->live);
	answer_batch_free(r->core.batch);
	port_close(&r->port);
	eal_stop();
}

static void
put(struct rig *r, const struct made *m)
{
	struct rte_mbuf *b = rte_pktmbuf_alloc(r->port.pool);
	char *to = rte_pktmbuf_append(b, (uint16_t)m->n);

	memcpy(to, m->b, m->n);
	ck_assert_uint_eq(rte_eth_tx_burst(r->port.id, 0, &b, 1), 1);
}

/* The next frame that came out; false if none did. */
static bool
take(struct rig *r, struct made *m)
{
	struct rte_mbuf *b;

	if (rte_eth_rx_burst(r->port.id, 0, &b, 1) == 0)
		return false;
	m->n = b->pkt_len;
	ck_assert_uint_le(m->n, sizeof m->b);
	ck_assert_uint_eq(b->data_len, b->pkt_len);
	memcpy(m->b, rte_pktmbuf_mtod(b, void *), m->n);
	rte_pktmbuf_free(b);
	return true;
}

static uint64_t
sum_of_verdicts(struct rig *r)
{
	uint64_t sum = 0;

	for (unsigned v = 0; v < PACKET_VERDICT_COUNT; v++)
		sum += r->counters[v];
	return sum;
}

/* A question for gen.example.test TXT in a packet from `client`. */
static struct made
question(bool ip6, bool tagged, uint16_t client)
{
	static const uint8_t message[] =
	    "\x12\x34\1\0\0\1\0\0\0\0\0\0\3GEN\7example\4test\0\0\x10\0\1";
	struct made m = made_udp(ip6, tagged, sizeof message - 1);

	memcpy(m.b + m.l4 + 8, message, sizeof message - 1);
	made_put16(m.b + m.l3 + (ip6 ? 22 : 14), client);
	made_finish(&m, 17);
	return m;
}

/* What the TXT record of an answer says; its first octet. */
static char
answer_says(const struct made *asked, const struct made *m)
{
	const uint8_t *dns = m->b + asked->l4 + 8;
	size_t n = asked->n - asked->l4 - 8;

	ck_assert_uint_eq(made_get16(dns), 0x1234);
	ck_assert_uint_eq(made_get16(dns + 2), 0x8500);
	ck_assert_uint_eq(made_get16(dns + 6), 1);
	ck_assert_mem_eq(dns + 12, asked->b + asked->l4 + 20, n - 12);
	ck_assert_uint_eq(
	    made_l4_sum(m->b, asked->l3, asked->ip6, NULL), 0xffff);
	return (char)dns[n + 13]; /* name, type, class, TTL, length, length */
}

START_TEST(questions_answered)
{
	struct rig r;
	struct made out;

	rig_make(&r);
	for (unsigned i = 0; i < 4; i++) {
		struct made m = question(i & 1, i & 2, 7);

		put(&r, &m);
		ck_assert_uint_eq(burst_turn(&r.core), 1);
		ck_assert(take(&r, &out));
		ck_assert_int_eq(answer_says(&m, &out), 's');
		ck_assert(!take(&r, &out));
	}
	ck_assert_uint_eq(r.counters[VERDICT_ANSWER], 4);
	ck_assert_uint_eq(r.counters[CORE_RCODES], 4);
	ck_assert_uint_eq(r.counters[CORE_QUERIES_IP4], 2);
	ck_assert_uint_eq(r.counters[CORE_QUERIES_IP6], 2);
	ck_assert_uint_eq(r.counters[CORE_LOOPS], 4);
	rig_remove(&r);
}
END_TEST

/* One of each kind in one burst: all out at once, each with its counter. */
START_TEST(mixed_burst)
{
	struct rig r;
	struct made in[] = {question(false, false, 1), made_arp(),
	    made_echo(true, true, 30), made_solicitation(false),
	    question(true, true, 2), made_udp(false, false, 5),
	    made_udp(false, false, 40), question(false, false, 3),
	    made_udp(true, false, 40)};
	struct made out;
	unsigned n = sizeof in / sizeof *in, sent = 0;

	in[6].b[in[6].l4 + 6] ^= 1;    /* checksum */
	made_finish(&in[8], 6);        /* TCP, and no exception port */
	in[7].b[in[7].l4 + 10] = 0x81; /* a response: dropped by the engine */
	made_finish(&in[7], 17);
	rig_make(&r);
	for (unsigned i = 0; i < n; i++)
		put(&r, &in[i]);
	ck_assert_uint_eq(burst_turn(&r.core), n);
	while (take(&r, &out))
		sent++;
	ck_assert_uint_eq(sent, 5);
	ck_assert_uint_eq(r.counters[CORE_PACKETS_SENT], 5);
	ck_assert_uint_eq(r.counters[CORE_PACKETS_RECEIVED], n);
	ck_assert_uint_eq(sum_of_verdicts(&r), n);
	ck_assert_uint_eq(r.counters[VERDICT_ANSWER], 2);
	ck_assert_uint_eq(r.counters[VERDICT_DROP_SHORT], 1);
	ck_assert_uint_eq(r.counters[VERDICT_DROP_RESPONSE], 1);
	ck_assert_uint_eq(r.counters[PACKET_ARP_ANSWERED], 1);
	ck_assert_uint_eq(r.counters[PACKET_NEIGHBOUR_ANSWERED], 1);
	ck_assert_uint_eq(r.counters[PACKET_ECHO_ANSWERED], 1);
	ck_assert_uint_eq(r.counters[PACKET_DROP_UDP_CHECKSUM], 1);
	ck_assert_uint_eq(r.counters[PACKET_DROP_NO_EXCEPTION], 1);
	rig_remove(&r);
}
END_TEST

/* Random octets over sound frames, in full bursts: nothing is lost from the
 * sum, and no mbuf from the pool. */
START_TEST(noise_adds_up)
{
	struct rig r;
	uint32_t random = 20240607;
	uint64_t put_in = 0;

	rig_make(&r);
	for (unsigned round = 0; round < 400; round++) {
		struct made out;

		for (unsigned i = 0; i < BURST_MAX; i++) {
			struct made m = i % 3 ? question(i & 1, i & 2, 9)
			                      : made_echo(i & 1, i & 2, 20);

			for (unsigned k = 0; k < i % 4; k++) {
				random = random * 1664525 + 1013904223;
				m.b[(random >> 16) % m.n] = (uint8_t)random;
			}
			put(&r, &m);
			put_in++;
		}
		ck_assert_uint_eq(burst_turn(&r.core), BURST_MAX);
		while (take(&r, &out))
			ck_assert_mem_eq(out.b + 6, our_mac, 6);
	}
	ck_assert_uint_eq(r.counters[CORE_PACKETS_RECEIVED], put_in);
	ck_assert_uint_eq(sum_of_verdicts(&r), put_in);
	rig_remove(&r);
}
END_TEST

/* The burst is split by client; each client gets one generation, always. */
START_TEST(canary)
{
	struct rig r;
	unsigned canaries = 0;
	uint64_t key[2] = {1234567, 89};

	rig_make(&r);
	r.candidate = generation_saying(&r, "candidate");
	publish(&r, 300);
	for (unsigned client = 0; client < 1000; client++) {
		struct made m = question(client & 1, false, (uint16_t)client);
		const uint8_t *address = m.b + m.l3 + (m.ip6 ? 8 : 12);
		char wanted =
		    page_client_permille(key, address, m.ip6 ? 16 : 4) < 300
			? 'c'
			: 's';
		struct made out;

		put(&r, &m);
		put(&r, &m);
		burst_turn(&r.core);
		for (unsigned k = 0; k < 2; k++) {
			ck_assert(take(&r, &out));
			ck_assert_int_eq(answer_says(&m, &out), wanted);
		}
		canaries += wanted == 'c';
	}
	ck_assert_uint_ge(canaries, 200);
	ck_assert_uint_le(canaries, 400);
	ck_assert_uint_eq(r.counters[CORE_QUERIES_CANDIDATE], 2ull * canaries);
	rig_remove(&r);
}
END_TEST

/* What is sampled is what was asked, with what went out, from both sides. */
START_TEST(samples)
{
	const uint64_t key[2] = {1234567, 89};
	char dir[UNIT_PATH_MAX], path[UNIT_PATH_MAX];
	unsigned sides[2] = {0, 0};
	struct sample_reader reader;
	struct sample_ring *ring;
	struct sample s;
	struct rig r;

	rig_make(&r);
	r.candidate = generation_saying(&r, "candidate");
	publish(&r, 300);
	unit_directory_make(dir);
	unit_path(path, dir, "samples");
	OK(&r, sample_ring_create(&ring, path, 1, 1000, VERDICT_COUNT, &r.err));
	sampler_init(&r.core.sampler, ring, 0, 1000, 1, rte_rdtsc());
	OK(&r, sample_reader_init(&reader, path, VERDICT_COUNT, &r.err));
	OK(&r, sample_reader_follow(&reader, &r.err));
	for (unsigned client = 0; client < 500; client++) {
		struct made m = question(client & 1, false, (uint16_t)client);
		struct made out;
		unsigned permille = page_client_permille(
		    key, m.b + m.l3 + (m.ip6 ? 8 : 12), m.ip6 ? 16 : 4);
		unsigned side =
		    permille < 300 ? SAMPLE_CANDIDATE : SAMPLE_STABLE;

		put(&r, &m);
		burst_turn(&r.core);
		ck_assert(take(&r, &out));
		ck_assert(sample_next(&reader, &s));
		ck_assert_uint_eq(s.permille, permille);
		ck_assert_uint_eq(s.side, side);
		ck_assert_uint_eq(s.generation,
		    sample_mark((side == SAMPLE_STABLE ? r.stable : r.candidate)
				    ->digest.b));
		ck_assert_uint_eq(s.verdict, VERDICT_ANSWER);
		ck_assert_uint_eq(s.transport, ANSWER_UDP);
		ck_assert_uint_eq(s.query_bytes, m.n - m.l4 - 8);
		ck_assert_mem_eq(s.query, m.b + m.l4 + 8, s.query_bytes);
		ck_assert_uint_eq(s.response_bytes, out.n - m.l4 - 8);
		ck_assert_uint_eq(
		    s.hash, message_hash(out.b + m.l4 + 8, out.n - m.l4 - 8));
		ck_assert(!sample_next(&reader, &s));
		sides[side]++;
	}
	ck_assert_uint_ge(sides[0], 100);
	ck_assert_uint_ge(sides[1], 100);
	sample_reader_fini(&reader);
	sample_ring_close(&ring);
	unit_directory_remove(dir);
	rig_remove(&r);
}
END_TEST

/* With nothing loaded every question gets SERVFAIL. */
START_TEST(no_generation)
{
	struct made m = question(false, false, 1), out;
	struct generation *none = NULL;
	struct live_pair empty = {0};
	struct rig r;

	rig_make(&r);
	OK(&r, live_publish(r.live, &empty, &none, &r.err));
	put(&r, &m);
	burst_turn(&r.core);
	ck_assert(take(&r, &out));
	ck_assert_uint_eq(out.b[m.l4 + 11] & 15, DNS_RCODE_SERVFAIL);
	ck_assert_uint_eq(r.counters[VERDICT_SERVFAIL], 1);
	ck_assert_uint_eq(r.counters[CORE_RCODES + DNS_RCODE_SERVFAIL], 1);
	rig_remove(&r);
}
END_TEST

static uint16_t
take_half(uint16_t port, uint16_t queue, struct rte_mbuf *packets[],
    uint16_t count, void *arg)
{
	(void)port;
	(void)queue;
	(void)packets;
	(void)arg;
	return count / 2;
}

/* A transmit queue that takes half: the rest is freed, and counted as that
 * and as nothing else. */
START_TEST(transmit_queue_full)
{
	struct rig r;
	struct made m = question(false, false, 1), out;
	const struct rte_eth_rxtx_callback *hook;
	unsigned sent = 0;

	rig_make(&r);
	for (unsigned i = 0; i < BURST_MAX; i++)
		put(&r, &m);
	hook = rte_eth_add_tx_callback(r.port.id, 0, take_half, NULL);
	ck_assert_ptr_nonnull(hook);
	burst_turn(&r.core);
	rte_eth_remove_tx_callback(r.port.id, 0, hook);
	while (take(&r, &out))
		sent++;
	ck_assert_uint_eq(sent, BURST_MAX / 2);
	ck_assert_uint_eq(r.counters[PACKET_DROP_TX_FULL], BURST_MAX / 2);
	ck_assert_uint_eq(r.counters[VERDICT_ANSWER], BURST_MAX / 2);
	ck_assert_uint_eq(sum_of_verdicts(&r), BURST_MAX);
	rig_remove(&r);
}
END_TEST

START_TEST(to_the_kernel_and_back)
{
	struct exception_queue q;
	struct rte_mbuf *b;
	struct made m = made_udp(false, false, 40), out;
	struct rig r;

	made_finish(&m, 6);
	rig_make(&r);
	OK(&r, exception_queue_init(&q, 0, SOCKET_ID_ANY, 1000, true, &r.err));
	r.core.exception = &q;
	put(&r, &m);
	burst_turn(&r.core);
	ck_assert(!take(&r, &out));
	ck_assert_uint_eq(r.counters[PACKET_PUNT_TCP], 1);
	ck_assert_int_eq(rte_ring_dequeue(q.to_kernel, (void **)&b), 0);
	ck_assert_uint_eq(b->data_len, m.n);
	ck_assert_mem_eq(rte_pktmbuf_mtod(b, void *), m.b, m.n);
	/* and the same mbuf back, as the kernel's */
	ck_assert_int_eq(rte_ring_enqueue(q.from_kernel, b), 0);
	burst_turn(&r.core);
	ck_assert(take(&r, &out));
	ck_assert_mem_eq(out.b, m.b, m.n);
	ck_assert_uint_eq(r.counters[CORE_KERNEL_SENT], 1);
	exception_queue_fini(&q);
	rig_remove(&r);
}
END_TEST

/* Ten times what the ring holds in no time: limited, and what is over stays
 * out of the ring; neighbours still get through. */
START_TEST(flood_for_the_kernel)
{
	struct exception_queue q;
	struct made syn = made_udp(false, false, 40), reply = made_arp();
	struct rig r;

	made_finish(&syn, 6);
	reply.b[21] = 2;
	rig_make(&r);
	OK(&r, exception_queue_init(&q, 0, SOCKET_ID_ANY, 100, true, &r.err));
	r.core.exception = &q;
	for (unsigned i = 0; i < 10; i++) {
		for (unsigned k = 0; k < BURST_MAX; k++)
			put(&r, &syn);
		burst_turn(&r.core);
	}
	put(&r, &reply);
	burst_turn(&r.core);
	ck_assert_uint_eq(r.counters[PACKET_PUNT_ARP], 1);
	ck_assert_uint_ge(r.counters[PACKET_PUNT_TCP], 1);
	ck_assert_uint_le(r.counters[PACKET_PUNT_TCP], 150);
	ck_assert_uint_eq(
	    r.counters[PACKET_PUNT_TCP] + r.counters[PACKET_DROP_PUNT_LIMIT],
	    320);
	exception_queue_fini(&q); /* frees what nobody fetched */
	rig_remove(&r);
}
END_TEST

START_TEST(ring_to_the_kernel_full)
{
	struct exception_queue q;
	struct made syn = made_udp(false, false, 40);
	struct rig r;

	made_finish(&syn, 6);
	rig_make(&r);
	OK(&r, exception_queue_init(&q, 0, SOCKET_ID_ANY, 0, true, &r.err));
	exception_limit_init(&q.traffic, 1000000000, 1000000000);
	q.traffic.burst = 1ull << 60; /* no limit */
	/* all mbufs but a few are in the ring then; so a smaller one */
	rte_ring_free(q.to_kernel);
	q.to_kernel = rte_ring_create(
	    "small", 16, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	r.core.exception = &q;
	for (unsigned k = 0; k < BURST_MAX; k++)
		put(&r, &syn);
	burst_turn(&r.core);
	ck_assert_uint_eq(r.counters[PACKET_PUNT_TCP], 15);
	ck_assert_uint_eq(r.counters[PACKET_DROP_PUNT_RING], BURST_MAX - 15);
	exception_queue_fini(&q);
	rig_remove(&r);
}
END_TEST

/* A second's worth passes in a second, whenever it comes. */
START_TEST(limits_by_time)
{
	struct exception_limit l;
	unsigned taken = 0;
	uint64_t now = 1;

	exception_limit_init(&l, 1000000, 1000); /* a MHz clock */
	for (; now < 10000000; now += 100) /* 10 s at ten times the limit */
		taken += exception_limit_take(&l, now);
	ck_assert_uint_ge(taken, 10000);
	ck_assert_uint_le(taken, 10000 + 25);
	now += 100000000; /* silence saves nothing up beyond a burst */
	for (taken = 0; exception_limit_take(&l, now); taken++)
		;
	ck_assert_uint_le(taken, 25);
}
END_TEST

/* Frames in several buffers are dropped whole. */
START_TEST(chained_frame)
{
	struct rte_mbuf *first, *second;
	struct rig r;

	rig_make(&r);
	first = rte_pktmbuf_alloc(r.port.pool);
	second = rte_pktmbuf_alloc(r.port.pool);
	rte_pktmbuf_append(first, 1000);
	rte_pktmbuf_append(second, 1000);
	ck_assert_int_eq(rte_pktmbuf_chain(first, second), 0);
	ck_assert_uint_eq(rte_eth_tx_burst(r.port.id, 0, &first, 1), 1);
	burst_turn(&r.core);
	ck_assert_uint_eq(r.counters[PACKET_DROP_FRAME_CHAINED], 1);
	rig_remove(&r);
}
END_TEST

/* What hardware would have said of checksums is believed only where it was
 * asked, and what it is to write on the way out is marked. */
START_TEST(hardware_sums)
{
	struct made m = question(false, false, 1);
	struct rte_mbuf *b;
	struct rig r;

	rig_make(&r);
	m.b[m.l4 + 6] ^= 1;
	r.port.rx_sum_flags = RTE_MBUF_F_RX_L4_CKSUM_MASK;
	r.port.offload = REPLY_UDP_SUM_BY_PORT;
	r.port.tx_sum_flags4 = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM;
	for (unsigned i = 0; i < 2; i++) {
		b = rte_pktmbuf_alloc(r.port.pool);
		memcpy(rte_pktmbuf_append(b, (uint16_t)m.n), m.b, m.n);
		b->ol_flags |= i ? RTE_MBUF_F_RX_L4_CKSUM_GOOD
		                 : RTE_MBUF_F_RX_L4_CKSUM_BAD;
		ck_assert_uint_eq(rte_eth_tx_burst(r.port.id, 0, &b, 1), 1);
	}
	burst_turn(&r.core);
	ck_assert_uint_eq(r.counters[PACKET_DROP_UDP_CHECKSUM], 1);
	ck_assert_uint_eq(r.counters[VERDICT_ANSWER], 1);
	ck_assert_uint_eq(rte_eth_rx_burst(r.port.id, 0, &b, 1), 1);
	ck_assert_uint_eq(
	    b->ol_flags, RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM);
	ck_assert_uint_eq(b->l2_len, 14);
	ck_assert_uint_eq(b->l3_len, 20);
	rte_pktmbuf_free(b);
	rig_remove(&r);
}
END_TEST

UNIT_MAIN("poll_burst", questions_answered, mixed_burst, noise_adds_up, canary,
    samples, no_generation, transmit_queue_full, to_the_kernel_and_back,
    flood_for_the_kernel, ring_to_the_kernel_full, limits_by_time,
    chained_frame, hardware_sums)
