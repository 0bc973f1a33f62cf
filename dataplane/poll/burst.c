/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The poll loop; see burst.h. Everything here runs on poll cores, for every
 * packet, and touches memory of its own core only, besides the generation.
 */
#include "dataplane/poll/burst.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_prefetch.h>

#include "dataplane/guard/fault_handler.h"
#include "dataplane/poll/core_counters.h"
#include "dataplane/poll/poll_cage.h"
#include "dataplane/poll/reply.h"
#include "dataplane/poll/usual_frame.h"
#include "snapshot/page.h"

#define PREFETCH_AHEAD 8u

static inline void
count(struct core *c, unsigned counter, uint64_t n)
{
	counters_add(&c->counters[counter], n);
}

/* What the stages of this burst took; see stage_clock.h. */
static inline void
count_stages(struct core *c)
{
#ifdef HOLDFAST_STAGES
	for (unsigned s = 0; s < STAGES; s++)
		count(c, CORE_STAGES + s, stage_clock.cycles[s]);
	memset(stage_clock.cycles, 0, sizeof stage_clock.cycles);
#else
	(void)c;
#endif
}

/* A verdict or a response code of this burst: kept beside the burst, so that no
 * addition to a counter waits for the one before. */
static inline void
tally_add(struct tally *t, unsigned value)
{
	t->count[value]++;
	t->seen |= 1ull << value;
}

static inline void
tally_flush(struct core *c, unsigned base, struct tally *t)
{
	for (uint64_t seen = t->seen; seen; seen &= seen - 1) {
		unsigned value = (unsigned)__builtin_ctzll(seen);

		count(c, base + value, t->count[value]);
		t->count[value] = 0;
	}
	t->seen = 0;
}

/* What the port's hardware says of the checksums. NONE is a virtual port's
 * word for "unfinished, but it never was on a wire". */
static inline unsigned
sums_of(const struct port *p, const struct rte_mbuf *m)
{
	uint64_t flags = m->ol_flags & p->rx_sum_flags;

	if (flags == 0) /* always so where the port checks nothing */
		return p->trusted_sums;

	uint64_t ip = flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
	uint64_t l4 = flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	unsigned sums = p->trusted_sums;

	if (ip == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
		sums |= FRAME_IP_SUM_GOOD;
	else if (ip == RTE_MBUF_F_RX_IP_CKSUM_BAD)
		sums |= FRAME_IP_SUM_BAD;
	if (l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD ||
	    l4 == RTE_MBUF_F_RX_L4_CKSUM_NONE)
		sums |= FRAME_L4_SUM_GOOD;
	else if (l4 == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		sums |= FRAME_L4_SUM_BAD;
	return sums;
}

static inline void
push_reply(struct core *c, unsigned i, size_t bytes, uint64_t flags)
{
	struct burst *b = &c->burst;
	struct rte_mbuf *m = b->packets[i];

	/* flags of the way in mean other things on the way out */
	m->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
	m->ol_flags |= flags;
	m->data_len = (uint16_t)bytes;
	m->pkt_len = (uint32_t)bytes;
	b->send[b->sending] = m;
	b->send_packet[b->sending++] = (uint8_t)i;
}

static inline void
push_query(struct core *c, const struct live_pair *pair, unsigned i)
{
	struct burst *b = &c->burst;
	struct rte_mbuf *m = b->packets[i];
	const struct frame *f = &b->frames[i];
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
	struct burst_batch *batch = &b->stable;
	struct answer_query *q;
	unsigned message = f->l4 + FRAME_UDP_BYTES;

	if (unlikely(pair->candidate) &&
	    page_client_permille(pair->canary_key, frame_client(f, data),
		frame_client_bytes(f)) < pair->canary_permille)
		batch = &b->candidate;
	batch->packet[batch->count] = (uint8_t)i;
	q = &batch->queries[batch->count++];
	q->client = frame_client(f, data);
	q->client_bytes = (uint8_t)frame_client_bytes(f);
	q->message = data + message;
	q->bytes = f->l4_bytes - FRAME_UDP_BYTES;
	q->capacity = (uint32_t)m->buf_len - m->data_off - message;
}

/* What the data plane answers besides queries. */
static void
answer_neighbour(struct core *c, unsigned i, enum packet_verdict v)
{
	const struct frame_host *host = &c->port->host;
	const struct frame *f = &c->burst.frames[i];
	uint8_t *data = rte_pktmbuf_mtod(c->burst.packets[i], uint8_t *);
	size_t bytes;

	if (v == PACKET_ARP_ANSWERED)
		bytes = reply_arp(host, data, f);
	else if (v == PACKET_NEIGHBOUR_ANSWERED)
		bytes = reply_neighbour(host, data, f);
	else
		bytes = reply_echo(data, f);
	push_reply(c, i, bytes, 0);
}

/* All that is no query: answered, handed to the kernel or dropped. */
static void
settle(struct core *c, unsigned i, enum packet_verdict v, uint64_t now)
{
	struct rte_mbuf *m = c->burst.packets[i];
	unsigned verdict = v;

	if (packet_verdict_is_answered(v))
		answer_neighbour(c, i, v);
	else if (packet_verdict_is_punt(v))
		verdict = exception_offer(c->exception, m, v, now);
	if (!packet_verdict_is_answered(verdict) &&
	    !packet_verdict_is_punt(verdict))
		rte_pktmbuf_free(m);
	c->burst.verdicts[i] = (uint8_t)verdict;
	tally_add(&c->burst.verdict_tally, verdict);
}

/* Any other frame. */
static void __attribute__((noinline)) parse_frame(
    struct core *c, const struct live_pair *pair, unsigned i, uint64_t now)
{
	const struct rte_mbuf *m = c->burst.packets[i];
	enum packet_verdict v = PACKET_DROP_FRAME_CHAINED;

	if (m->nb_segs == 1)
		v = frame_parse(&c->port->host,
		    rte_pktmbuf_mtod(m, const uint8_t *), m->data_len,
		    sums_of(c->port, m), &c->burst.frames[i]);
	if (v == PACKET_QUERY)
		push_query(c, pair, i);
	else
		settle(c, i, v, now);
}

/* A query of the usual size lies in two cache lines. */
static inline void
prefetch_packet(const struct rte_mbuf *m)
{
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);

	rte_prefetch0(data);
	rte_prefetch0(data + RTE_CACHE_LINE_SIZE);
}

static void
parse_frames(struct core *c, const struct live_pair *pair, uint64_t now)
{
	struct burst *b = &c->burst;
	uint64_t octets = 0;

	for (unsigned i = 0; i < RTE_MIN(b->received, PREFETCH_AHEAD); i++)
		prefetch_packet(b->packets[i]);
	for (unsigned i = 0; i < b->received; i++) {
		struct rte_mbuf *m = b->packets[i];
		uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);

		if (i + PREFETCH_AHEAD < b->received)
			prefetch_packet(b->packets[i + PREFETCH_AHEAD]);
		octets += m->pkt_len;
		if (likely(m->nb_segs == 1 &&
			   usual_frame_parse(&c->port->host, data, m->data_len,
			       sums_of(c->port, m), &b->frames[i])))
			push_query(c, pair, i);
		else
			parse_frame(c, pair, i, now);
	}
	count(c, CORE_OCTETS_RECEIVED, octets);
}

static inline void
push_answer(struct core *c, unsigned i, const struct answer_query *q)
{
	const struct port *p = c->port;
	struct rte_mbuf *m = c->burst.packets[i];
	const struct frame *f = &c->burst.frames[i];
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
	size_t bytes;

	if (likely(usual_frame_is(f)))
		bytes = usual_reply_write(
		    data, USUAL_IP, q->response_bytes, p->offload);
	else
		bytes = reply_udp(data, f, q->response_bytes, p->offload);
	push_reply(c, i, bytes, f->ip6 ? p->tx_sum_flags6 : p->tx_sum_flags4);
	if (!p->tx_sum_flags6 && !p->tx_sum_flags4)
		return; /* the mbuf's second cache line stays untouched */
	m->tx_offload = 0;
	m->l2_len = f->l3;
	m->l3_len = (uint64_t)(f->l4 - f->l3);
}

static void
drop_query(struct core *c, unsigned i, unsigned verdict)
{
	struct burst *b = &c->burst;

	rte_pktmbuf_free(b->packets[i]);
	b->verdicts[i] = (uint8_t)verdict;
	tally_add(&b->verdict_tally, verdict);
	count(c, b->frames[i].ip6 ? CORE_QUERIES_IP6 : CORE_QUERIES_IP4, 1);
}

/* Takes out of a batch the queries that have crashed this program. */
static void __attribute__((noinline))
drop_quarantined(struct core *c, struct burst_batch *a)
{
	unsigned kept = 0;

	for (unsigned k = 0; k < a->count; k++) {
		const struct answer_query *q = &a->queries[k];

		if (quarantine_holds(c->quarantine, q->message, q->bytes)) {
			drop_query(c, a->packet[k], VERDICT_DROP_QUARANTINED);
			continue;
		}
		a->queries[kept] = *q;
		a->packet[kept++] = a->packet[k];
	}
	a->count = kept;
}

/* Takes out of a batch what is not admitted, before the engine sees it. */
static void
admit_batch(struct core *c, const struct prefix_set *prefixes,
    struct burst_batch *a, uint64_t now)
{
	struct burst_batch *denied = &c->burst.denied;
	unsigned kept = 0;

	if (a->count == 0 || limiter_admit(&c->limiter, prefixes, now,
				 a->queries, a->count) == a->count)
		return;
	for (unsigned k = 0; k < a->count; k++) {
		struct answer_query *q = &a->queries[k];
		unsigned verdict = q->verdict;
		struct burst_batch *to = a;
		unsigned at;

		if (verdict == VERDICT_DENIED) {
			to = denied;
			at = denied->count++;
		} else if (verdict == LIMIT_ADMITTED) {
			at = kept++;
		} else {
			drop_query(c, a->packet[k], verdict);
			continue;
		}
		to->queries[at] = *q;
		to->packet[at] = a->packet[k];
	}
	a->count = kept;
}

static void
admit(struct core *c, uint64_t now)
{
	const struct prefix_set *prefixes = live_prefixes_read(c->live);

	if (likely(!prefixes && !c->limiter.clients.lines))
		return;
	admit_batch(c, prefixes, &c->burst.stable, now);
	admit_batch(c, prefixes, &c->burst.candidate, now);
}

/* `key`: of the canary's hash; `side`: how it is sampled. */
static void
answer_batch(struct core *c, const struct generation *g,
    const struct query_ctx *ctx, struct burst_batch *a, uint64_t now,
    const uint64_t key[2], enum sample_side side)
{
	struct answer_query *q = a->queries;
	struct burst *b = &c->burst;
	unsigned ip6 = 0, sampled;

	if (unlikely(quarantine_is_active(c->quarantine)))
		drop_quarantined(c, a);
	if (a->count == 0)
		return;
	if (c->log)
		burst_log_hold_all(c->log, g, q, a->count, ANSWER_UDP);
	sampled = sampled_query_begin(
	    &c->sampler, side, now, q, a->count, ANSWER_UDP, key);
	answer_batch_find(c->batch, g, ctx, q, a->count);
	if (unlikely(ctx->prohibited))
		limits_name_denied(q, a->count);
	limiter_respond(&c->limiter, now, q, a->count);
	answer_batch_write(c->batch, g, ctx, q, a->count);
	sampled_query_end(&c->sampler, sampled, g, ctx, q);
	for (unsigned k = 0; k < a->count; k++) {
		unsigned i = a->packet[k];

		ip6 += b->frames[i].ip6;
		b->verdicts[i] = q[k].verdict;
		tally_add(&b->verdict_tally, q[k].verdict);
		if (unlikely(q[k].response_bytes == 0)) {
			rte_pktmbuf_free(b->packets[i]);
			continue;
		}
		tally_add(&b->rcode_tally, q[k].rcode % CORE_RCODES_MAX);
		push_answer(c, i, &q[k]);
	}
	count(c, CORE_QUERIES_IP6, ip6);
	count(c, CORE_QUERIES_IP4, a->count - ip6);
	stage_end(STAGE_REPLY);
}

/* The engine's verdict was counted already. */
static void
drop_unsent(struct core *c, unsigned i)
{
	struct burst *b = &c->burst;

	b->verdict_tally.count[b->verdicts[i]]--;
	tally_add(&b->verdict_tally, PACKET_DROP_TX_FULL);
}

/* What the port does not take now is dropped: waiting would delay others. */
static void
send_replies(struct core *c)
{
	struct burst *b = &c->burst;
	uint64_t octets = 0;
	unsigned sent;

	if (b->sending == 0)
		return;
	for (unsigned i = 0; i < b->sending; i++)
		octets += b->send[i]->pkt_len;
	sent = rte_eth_tx_burst(
	    c->port->id, c->queue, b->send, (uint16_t)b->sending);
	count(c, CORE_PACKETS_SENT, sent);
	for (unsigned i = sent; i < b->sending; i++) {
		octets -= b->send[i]->pkt_len;
		drop_unsent(c, b->send_packet[i]);
	}
	if (unlikely(sent < b->sending))
		rte_pktmbuf_free_bulk(&b->send[sent], b->sending - sent);
	count(c, CORE_OCTETS_SENT, octets);
}

/* What limits would have done, or did not do. */
static inline void
count_limits(struct core *c)
{
	struct limit_tally *t = &c->limiter.tally;

	if (likely((t->would_drop | t->would_slip | t->cookies) == 0))
		return;
	count(c, CORE_LIMIT_WOULD_DROP, t->would_drop);
	count(c, CORE_LIMIT_WOULD_SLIP, t->would_slip);
	count(c, CORE_LIMIT_COOKIES, t->cookies);
	*t = (struct limit_tally){0};
}

static void
count_burst(struct core *c, uint64_t cycles)
{
	struct burst *b = &c->burst;
	unsigned queries =
	    b->stable.count + b->candidate.count + b->denied.count;

	count(c, CORE_BUSY_TURNS, 1);
	count(c, CORE_BUSY_CYCLES, cycles);
	count(c, CORE_PACKETS_RECEIVED, b->received);
	tally_flush(c, 0, &b->verdict_tally);
	tally_flush(c, CORE_RCODES, &b->rcode_tally);
	if (queries) {
		uint64_t each = cycles / queries | 1;
		unsigned bucket = 63 - (unsigned)__builtin_clzll(each);

		count(c, CORE_CYCLES + RTE_MIN(bucket, CORE_CYCLES_MAX - 1u),
		    queries);
	}
	if (b->candidate.count)
		count(c, CORE_QUERIES_CANDIDATE, b->candidate.count);
	count_limits(c);
}

/* What the queries of a burst have in common. */
static inline void
set_context(struct core *c, uint64_t start)
{
	c->query = c->port->query;
	c->query.now = wall_clock_seconds(&c->live->clock, start);
	c->query.secrets = live_secrets_read(c->live);
	c->denied = c->port->denied;
	c->denied.now = c->query.now;
	c->denied.secrets = c->query.secrets;
}

static void
do_burst(struct core *c, uint64_t start)
{
	/* Once a burst: all its queries see one pair of generations. */
	const struct live_pair *pair = live_pair_read(c->live);
	const struct query_ctx *ctx = &c->query;
	struct burst *b = &c->burst;

	stage_start(start);
	stage_end(STAGE_RECEIVE);
	b->sending = 0;
	b->stable.count = 0;
	b->candidate.count = 0;
	b->denied.count = 0;
	parse_frames(c, pair, start);
	set_context(c, start);
	admit(c, start);
	stage_end(STAGE_FRAME);
	query_ctx_probation(&c->query, pair->stable_probation);
	answer_batch(c, pair->stable, ctx, &b->stable, start, pair->canary_key,
	    SAMPLE_STABLE);
	query_ctx_probation(&c->query, pair->candidate_probation);
	answer_batch(c, pair->candidate, ctx, &b->candidate, start,
	    pair->canary_key, SAMPLE_CANDIDATE);
	answer_batch(c, &answer_nothing, &c->denied, &b->denied, start,
	    pair->canary_key, SAMPLE_NOT);
	send_replies(c);
	if (c->log)
		burst_log_end(c->log);
	stage_end(STAGE_SEND);
	count_burst(c, rte_rdtsc() - start);
	count_stages(c);
}

/* The named core of a port sends what the kernel has to say. */
static void
send_for_kernel(struct core *c)
{
	struct rte_mbuf *packets[EXCEPTION_BURST];
	unsigned n, sent;

	n = rte_ring_sc_dequeue_burst(
	    c->exception->from_kernel, (void **)packets, EXCEPTION_BURST, NULL);
	if (likely(n == 0))
		return;
	sent = rte_eth_tx_burst(c->port->id, c->queue, packets, (uint16_t)n);
	count(c, CORE_KERNEL_SENT, sent);
	if (sent < n) {
		rte_pktmbuf_free_bulk(&packets[sent], n - sent);
		count(c, CORE_KERNEL_UNSENT, n - sent);
	}
}

unsigned
burst_turn(struct core *c)
{
	struct burst *b = &c->burst;
	uint64_t start = rte_rdtsc();

	b->received =
	    rte_eth_rx_burst(c->port->id, c->queue, b->packets, BURST_MAX);
	if (b->received)
		do_burst(c, start);
	if (c->exception && c->exception->from_kernel)
		send_for_kernel(c);
	live_reader_quiescent(c->live, c->reader);
	count(c, CORE_LOOPS, 1);
	return b->received;
}

int
burst_loop(void *core)
{
	struct core *c = core;

	if (c->log && fault_handler_enter(c->log, NULL))
		c->log = NULL; /* answers go on without */
	poll_cage_enter_core(c->cage);
	live_reader_start(c->live, c->reader);
	while (!atomic_load_explicit(c->stop, memory_order_relaxed))
		burst_turn(c);
	live_reader_stop(c->live, c->reader);
	if (c->log)
		fault_handler_leave(c->log);
	return 0;
}
