/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The worker's loop. A turn receives a burst, sends a burst if one is due, and
 * looks for queries that wait too long. What a turn does is on the generator's
 * own bill: cycles of turns with packets are its busy share.
 */
#include "tools/load/load_worker.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_pause.h>

#include "base/dns.h"
#include "tools/load/load_neighbour.h"

#define PREFETCH_AHEAD 4u

enum { FETCH_OCTETS_AHEAD = 1024, FETCH_QUERIES_AHEAD = 24 };

/* --- receiving ---------------------------------------------------------- */

/* What the port's hardware says of the checksums. NONE is a virtual port's word
 * for "unfinished, but it never was on a wire". */
static inline unsigned
sums_of(const struct load_worker *w, const struct rte_mbuf *m)
{
	uint64_t flags = m->ol_flags & w->sum_flags;
	uint64_t ip = flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
	uint64_t l4 = flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	unsigned sums = w->trusted_sums;

	if (ip == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
		sums |= LOAD_SUM_IP_GOOD;
	else if (ip == RTE_MBUF_F_RX_IP_CKSUM_BAD)
		sums |= LOAD_SUM_IP_BAD;
	if (l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD ||
	    l4 == RTE_MBUF_F_RX_L4_CKSUM_NONE)
		sums |= LOAD_SUM_UDP_GOOD;
	else if (l4 == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		sums |= LOAD_SUM_UDP_BAD;
	return sums;
}

static void
keep_wrong(struct load_worker *w, const struct answer *a)
{
	struct load_stats *s = &w->stats;
	struct load_wrong *kept;

	load_count(s, LOAD_WRONG, 1);
	if (s->nwrong == LOAD_WRONG_KEPT)
		return;
	kept = &s->wrong[s->nwrong++];
	kept->query = a->slot->query;
	kept->bytes = (uint16_t)RTE_MIN(a->bytes, (unsigned)QUERY_MESSAGE_MAX);
	memcpy(kept->message, a->message, kept->bytes);
}

static void
check_content(struct load_worker *w, const struct answer *a)
{
	uint64_t expected = w->asked.set->queries[a->slot->query].expected;
	uint64_t got;

	/* BADCOOKIE: the query comes again, by and by, with a good one */
	if (expected == 0 || (a->message[3] & 15) == (DNS_RCODE_BADCOOKIE & 15))
		return;
	load_count(&w->stats, LOAD_CHECKED, 1);
	if (!answer_fingerprint(a->message, a->bytes, &got) || got != expected)
		keep_wrong(w, a);
}

static void
learn_cookie(struct load_worker *w, const struct answer *a)
{
	const struct asked *asked = &w->asked;
	const struct load_query *q = &asked->set->queries[a->slot->query];
	const uint8_t *query = asked->set->messages + q->at;

	if (cookie_jar_concerns(query, q->bytes, &asked->parts[a->slot->query]))
		cookie_jar_learn(&w->jar, asked->flows,
		    asked_flow(asked, a->sequence), query, q->bytes, a->message,
		    a->bytes);
}

static inline void
take_first(struct load_worker *w, const struct load_trial *t,
    const struct answer *a, uint64_t now)
{
	struct load_stats *s = &w->stats;
	uint8_t rcode = a->message[3] & 15;

	outstanding_settle(&w->asked.outstanding, a->slot);
	if (w->jar.places)
		learn_cookie(w, a);
	if (a->sequence < w->measured_from)
		return;
	w->last_answer = now;
	load_count(s, LOAD_ANSWERED, 1);
	latency_add(&s->latency, now - a->slot->due);
	latency_store(&s->rcodes[rcode], latency_load(&s->rcodes[rcode]) + 1);
	if (a->message[2] & 2)
		load_count(s, LOAD_TRUNCATED, 1);
	if (w->check_left == 0 || --w->check_left > 0)
		return;
	w->check_left = t->check_every;
	check_content(w, a);
}

static inline void
take_answer(struct load_worker *w, const struct load_trial *t,
    const uint8_t *data, const struct load_frame *f, uint64_t now)
{
	struct answer a;

	switch (answer_match(&w->asked, data, f, &a)) {
	case ANSWER_FIRST:
		take_first(w, t, &a, now);
		break;
	case ANSWER_DUPLICATE:
		if (a.sequence >= w->measured_from)
			load_count(&w->stats, LOAD_DUPLICATE, 1);
		break;
	case ANSWER_LATE:
		if (a.sequence >= w->measured_from)
			load_count(&w->stats, LOAD_LATE, 1);
		break;
	case ANSWER_MISMATCHED:
		load_count(&w->stats, LOAD_MISMATCHED, 1);
		break;
	case ANSWER_NOT_DNS:
		load_count(&w->stats, LOAD_MALFORMED, 1);
		break;
	}
}

/* The query itself, its ports as we sent them: counted as an answer whose
 * content is nobody's business. */
static void
take_reflected(
    struct load_worker *w, const uint8_t *udp, unsigned bytes, uint64_t now)
{
	struct outstanding *o = &w->asked.outstanding;
	struct slot *slot = NULL;
	uint64_t sequence;

	if (bytes >= LOAD_UDP_BYTES + 2)
		slot = outstanding_find(o, wire_load16(udp),
		    wire_load16(udp + LOAD_UDP_BYTES), &sequence);
	if (!slot || slot->state != SLOT_WAITING) {
		load_count(&w->stats, LOAD_MISMATCHED, 1);
		return;
	}
	outstanding_settle(o, slot);
	if (sequence < w->measured_from)
		return;
	load_count(&w->stats, LOAD_ANSWERED, 1);
	latency_add(&w->stats.latency, now - slot->due);
}

/* Whose source port it is; `nworkers`: nobody's. */
static inline unsigned
owner_of(const struct load_worker *w, uint16_t port)
{
	unsigned owner = (uint16_t)(port - WORKER_FIRST_PORT) >>
	                 w->asked.outstanding.port_bits;

	return RTE_MIN(owner, w->nworkers);
}

/* True if the packet is somebody else's now. */
static bool
hand_over(struct load_worker *w, struct rte_mbuf *m, unsigned owner)
{
	if (rte_ring_enqueue(w->crew[owner].inbox, m) != 0)
		return false; /* its owner is far behind: lost */
	load_count(&w->stats, LOAD_HANDED, 1);
	return true;
}

static bool
answer_neighbour(struct load_worker *w, struct rte_mbuf *m,
    enum load_packet kind, const struct load_frame *f)
{
	size_t bytes = 0;

	if (rte_pktmbuf_data_len(m) + rte_pktmbuf_tailroom(m) >= NEIGHBOUR_ROOM)
		bytes = neighbour_answer(
		    rte_pktmbuf_mtod(m, uint8_t *), kind, f, w->asked.flows);
	if (bytes == 0)
		return false;
	m->ol_flags = 0;
	m->data_len = (uint16_t)bytes;
	m->pkt_len = (uint32_t)bytes;
	load_count(&w->stats, LOAD_NEIGHBOURS, 1);
	return rte_eth_tx_burst(w->port, w->queue, &m, 1) == 1;
}

/* True if the packet is to be freed. */
static inline bool
take_packet(struct load_worker *w, const struct load_trial *t,
    struct rte_mbuf *m, uint64_t now)
{
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);
	enum load_packet kind = LOAD_PACKET_FRAGMENT; /* of our buffers */
	struct load_frame f;
	unsigned owner;

	if (likely(m->nb_segs == 1))
		kind = load_frame_parse(data, m->data_len, sums_of(w, m), &f);
	switch (kind) {
	case LOAD_PACKET_UDP:
		if (unlikely(w->reflects)) {
			take_reflected(w, data + f.l4, f.l4_bytes, now);
			return true;
		}
		owner = owner_of(w, wire_load16(data + f.l4 + 2));
		if (likely(owner == w->number))
			take_answer(w, t, data, &f, now);
		else if (owner < w->nworkers)
			return !hand_over(w, m, owner);
		else
			load_count(&w->stats, LOAD_OTHER, 1);
		return true;
	case LOAD_PACKET_ARP_REQUEST:
	case LOAD_PACKET_SOLICITATION:
		return !answer_neighbour(w, m, kind, &f);
	case LOAD_PACKET_UNREACHABLE:
		load_count(&w->stats, LOAD_UNREACHABLE, 1);
		return true;
	case LOAD_PACKET_FRAGMENT:
		load_count(&w->stats, LOAD_FRAGMENTS, 1);
		return true;
	case LOAD_PACKET_MALFORMED:
		load_count(&w->stats, LOAD_MALFORMED, 1);
		return true;
	default:
		load_count(&w->stats, LOAD_OTHER, 1);
		return true;
	}
}

static void
take_burst(struct load_worker *w, const struct load_trial *t,
    struct rte_mbuf **packets, unsigned n, uint64_t now)
{
	struct rte_mbuf *done[WORKER_RECEIVE_MAX];
	uint64_t octets = 0;
	unsigned ndone = 0;

	for (unsigned i = 0; i < RTE_MIN(n, PREFETCH_AHEAD); i++)
		rte_prefetch0(rte_pktmbuf_mtod(packets[i], void *));
	for (unsigned i = 0; i < n; i++) {
		if (i + PREFETCH_AHEAD < n)
			rte_prefetch0(rte_pktmbuf_mtod(
			    packets[i + PREFETCH_AHEAD], void *));
		octets += packets[i]->pkt_len;
		if (take_packet(w, t, packets[i], now))
			done[ndone++] = packets[i];
	}
	rte_pktmbuf_free_bulk(done, ndone);
	load_count(&w->stats, LOAD_OCTETS_RECEIVED, octets);
}

static inline unsigned
receive(struct load_worker *w, const struct load_trial *t)
{
	struct rte_mbuf *packets[WORKER_RECEIVE_MAX];
	unsigned n, all;

	all = rte_eth_rx_burst(w->port, w->queue, packets, WORKER_RECEIVE_MAX);
	if (all > 0)
		take_burst(w, t, packets, all, rte_rdtsc());
	if (w->inbox == NULL)
		return all;
	n = rte_ring_dequeue_burst(
	    w->inbox, (void **)packets, WORKER_RECEIVE_MAX, NULL);
	if (n > 0)
		take_burst(w, t, packets, n, rte_rdtsc());
	return all + n;
}

/* --- sending ------------------------------------------------------------ */

static inline void
fill_packet(struct load_worker *w, struct rte_mbuf *m, uint64_t due)
{
	struct asked *a = &w->asked;
	struct outstanding *o = &a->outstanding;
	const struct load_query *q = &a->set->queries[w->next_query];
	struct flow_message message = {
	    .bytes = a->set->messages + q->at,
	    .length = q->bytes,
	    .sum = a->parts[w->next_query].sum,
	    .id = outstanding_id(o, o->next),
	    .source_port = outstanding_port(o, o->next),
	};
	const struct query_parts *parts = &a->parts[w->next_query];
	struct flow flow = asked_flow(a, o->next);
	size_t bytes;

	/* read in order, but pages are many: fetched well before their turn */
	__builtin_prefetch(message.bytes + FETCH_OCTETS_AHEAD);
	__builtin_prefetch(q + FETCH_QUERIES_AHEAD);
	if (w->jar.places &&
	    cookie_jar_concerns(message.bytes, q->bytes, parts))
		cookie_jar_fill(&w->jar, a->flows, flow, parts, &message);
	bytes = flow_frame_write(
	    rte_pktmbuf_mtod(m, uint8_t *), a->flows, flow, &message);
	m->data_len = (uint16_t)bytes;
	m->pkt_len = (uint32_t)bytes;
	outstanding_push(o, due, w->next_query);
	if (++w->next_query == a->set->count)
		w->next_query = 0;
}

/* At a rate so high that the ring comes round before the time-out. */
static unsigned
drop_oldest(struct load_worker *w)
{
	bool counts = w->asked.outstanding.oldest >= w->measured_from;

	return outstanding_drop_oldest(&w->asked.outstanding) && counts;
}

/* Makes `n` packets to be sent. */
static void
fill_burst(struct load_worker *w, unsigned n, uint64_t due)
{
	struct outstanding *o = &w->asked.outstanding;
	uint64_t octets = 0, lost = 0;

	for (unsigned i = 0; i < n; i++) {
		if (unlikely(outstanding_is_full(o)))
			lost += drop_oldest(w);
		fill_packet(w, w->sending[i], due);
		octets += w->sending[i]->pkt_len;
	}
	w->sending_at = 0;
	w->sending_end = n;
	load_count(&w->stats, LOAD_SENT, n);
	load_count(&w->stats, LOAD_OCTETS_SENT, octets);
	if (lost)
		load_count(&w->stats, LOAD_LOST, lost);
}

static inline bool
get_packets(struct load_worker *w, unsigned n)
{
	if (likely(rte_pktmbuf_alloc_bulk(w->pool, w->sending, n) == 0))
		return true;
	load_count(&w->stats, LOAD_NO_BUFFERS, 1);
	return false;
}

static void
fill_by_schedule(
    struct load_worker *w, const struct load_trial *t, uint64_t now)
{
	struct pacer *p = &w->pacer;
	uint64_t behind = now - p->next_due;

	if (!pacing_is_due(p, now))
		return;
	if (unlikely(behind > t->behind_max)) {
		load_count(&w->stats, LOAD_UNSENT, pacing_skip(p, now));
		return;
	}
	if (!get_packets(w, p->burst))
		return;
	load_most(&w->stats.behind_most, behind);
	fill_burst(w, p->burst, p->next_due);
	pacing_next(p);
}

static void
fill_by_window(struct load_worker *w, const struct load_trial *t, uint64_t now)
{
	uint64_t waiting = w->asked.outstanding.waiting;
	unsigned room, n;

	if (waiting >= t->window)
		return;
	/* in bursts of a good size, but never too few to keep a server going */
	room = (unsigned)(t->window - waiting);
	n = RTE_MIN(room, (unsigned)PACING_BURST_MAX);
	if (n < PACING_BURST_MAX && room < t->window / 4)
		return;
	if (get_packets(w, n))
		fill_burst(w, n, now);
}

/* What the port does not take now is offered again in the next turn. */
static inline unsigned
send_packets(struct load_worker *w)
{
	unsigned n = w->sending_end - w->sending_at;
	unsigned sent = rte_eth_tx_burst(
	    w->port, w->queue, w->sending + w->sending_at, (uint16_t)n);

	w->sending_at += sent;
	if (sent < n)
		load_count(&w->stats, LOAD_HELD, 1);
	return sent;
}

static inline unsigned
send_due(struct load_worker *w, const struct load_trial *t, uint64_t now)
{
	if (w->sending_at == w->sending_end) {
		if (t->rate > 0)
			fill_by_schedule(w, t, now);
		else
			fill_by_window(w, t, now);
	}
	return w->sending_at == w->sending_end ? 0 : send_packets(w);
}

/* --- trials ------------------------------------------------------------- */

static void
expire(struct load_worker *w, const struct load_trial *t, uint64_t now)
{
	uint64_t lost = outstanding_expire(
	    &w->asked.outstanding, now - t->timeout, w->measured_from);

	if (lost)
		load_count(&w->stats, LOAD_LOST, lost);
}

static inline bool
is_cut(const struct load_worker *w)
{
	return atomic_load_explicit(w->ending, memory_order_relaxed);
}

static inline void
count_turn(struct load_stats *s, uint64_t cycles, unsigned packets)
{
	load_count(s, LOAD_CYCLES, cycles);
	load_count(s, LOAD_TURNS, 1);
	load_most(&s->stall_most, cycles);
	if (packets == 0)
		return;
	load_count(s, LOAD_CYCLES_BUSY, cycles);
	load_count(s, LOAD_TURNS_BUSY, 1);
}

static void
run_until(struct load_worker *w, const struct load_trial *t, uint64_t until)
{
	uint64_t now = rte_rdtsc(), answer = now, after;

	w->last_answer = now;
	while (now < until && !is_cut(w)) {
		unsigned packets = receive(w, t);

		packets += send_due(w, t, now);
		expire(w, t, now);
		after = rte_rdtsc();
		count_turn(&w->stats, after - now, packets);
		load_most(&w->stats.gap_most, w->last_answer - answer);
		answer = w->last_answer;
		now = after;
	}
	if (now > answer)
		load_most(&w->stats.gap_most, now - answer);
}

/* Until all are answered or given up, and nothing is left with the sender. */
static void
drain(struct load_worker *w, const struct load_trial *t)
{
	uint64_t now = rte_rdtsc(), until = now + t->timeout;

	while (w->asked.outstanding.waiting > 0 && now <= until) {
		receive(w, t);
		if (w->sending_at != w->sending_end)
			send_packets(w);
		now = rte_rdtsc();
		expire(w, t, now);
	}
	expire(w, t, now + t->timeout + 1);
	rte_pktmbuf_free_bulk(
	    w->sending + w->sending_at, w->sending_end - w->sending_at);
	w->sending_at = w->sending_end = 0;
}

static void
begin(struct load_worker *w, const struct load_trial *t)
{
	w->check_left = t->check_every;
	w->stats.nwrong = 0;
	if (t->rate > 0)
		pacing_start(&w->pacer, t->rate, pacing_burst(t->rate),
		    t->start, t->cycles_a_second);
}

void
load_worker_run(struct load_worker *w, const struct load_trial *t)
{
	begin(w, t);
	w->measured_from = w->asked.outstanding.next;
	load_stats_clear(&w->stats);
	run_until(w, t, t->warm_end);
	w->measured_from = w->asked.outstanding.next;
	load_stats_clear(&w->stats);
	run_until(w, t, t->end);
	if (t->rate > 0 && !is_cut(w))
		load_count(
		    &w->stats, LOAD_UNSENT, pacing_skip(&w->pacer, t->end - 1));
	drain(w, t);
}

/* Between trials: neighbours ask, and late answers come. */
static void
idle(struct load_worker *w)
{
	static const struct load_trial none;

	for (unsigned i = 0; i < 64; i++) {
		receive(w, &none);
		rte_pause();
	}
}

int
load_worker_main(void *worker)
{
	struct load_worker *w = worker;
	const struct load_trial *t;

	while (!atomic_load_explicit(w->leaving, memory_order_relaxed)) {
		t = atomic_exchange_explicit(
		    &w->trial, NULL, memory_order_acquire);
		if (t == NULL) {
			idle(w);
			continue;
		}
		load_worker_run(w, t);
		atomic_fetch_add_explicit(
		    &w->trials_done, 1, memory_order_release);
	}
	return 0;
}
