/* SPDX-License-Identifier: BSD-2-Clause
 *
 * UDP with recvmmsg(2) and sendmmsg(2): the datagrams of a burst are answered
 * in their own buffers and go back to where they came from, from the address
 * that they were sent to. Run by the workers, each with a struct udp of its
 * own; allocates when that is made.
 */
#include "dataplane/sockets/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <x86intrin.h>

#include "base/clock.h"
#include "base/name.h"
#include "base/wire.h"

union udp_peer {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

union udp_control {
	struct cmsghdr align;
	uint8_t v4[CMSG_SPACE(sizeof(struct in_pktinfo))];
	uint8_t v6[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct udp {
	const struct service *service;
	struct answer_batch *batch;
	struct burst_log *log;
	struct sampler *sampler; /* the worker's */
	const struct quarantine *quarantine;
	counter_t *counters;
	struct limiter limiter;
	void *accounts;   /* of the limiter */
	uint8_t *buffers; /* UDP_BURST of MESSAGE_ROOM */
	struct mmsghdr in[UDP_BURST], out[UDP_BURST];
	struct iovec iov[UDP_BURST];
	union udp_peer peer[UDP_BURST];
	union udp_control control[UDP_BURST];
	/* a group that one generation answers, and which datagrams it is */
	struct answer_query query[UDP_BURST];
	uint8_t index[UDP_BURST];
};

/* Ticks of the limits are nanoseconds: reading them is no system call. */
enum { NS_PER_SECOND = 1000000000 };

static bool
limiter_make(struct udp *u, unsigned number)
{
	const struct service *s = u->service;
	size_t bytes = limiter_bytes(&s->udp_limits);

	if (bytes) {
		u->accounts = aligned_alloc(64, bytes);
		if (u->accounts == NULL)
			return false;
		memset(u->accounts, 0, bytes);
	}
	limiter_init(&u->limiter, &s->udp_limits, u->accounts,
	    s->grace.nreaders, NS_PER_SECOND);
	if (s->limited)
		u->limiter.top.values = counters_block(s->limited, number);
	return true;
}

int
udp_new(struct udp **out, const struct service *service, unsigned number,
    struct answer_batch *batch, struct burst_log *log, struct sampler *sampler,
    counter_t *counters, struct err *err)
{
	struct udp *u = calloc(1, sizeof *u);

	if (u)
		u->buffers =
		    aligned_alloc(64, (size_t)UDP_BURST * MESSAGE_ROOM);
	if (u == NULL || u->buffers == NULL) {
		free(u);
		return err_set(err, ERR_NO_MEMORY, "no memory for UDP buffers");
	}
	u->service = service;
	u->batch = batch;
	u->log = log;
	u->sampler = sampler;
	u->quarantine = guard_quarantine_find(service->guard);
	u->counters = counters;
	*out = u;
	if (limiter_make(u, number))
		return 0;
	udp_free(out);
	return err_set(err, ERR_NO_MEMORY,
	    "no memory for %u accounts of limits; lower limits.accounts",
	    service->udp_limits.accounts);
}

void
udp_free(struct udp **u)
{
	if (*u == NULL)
		return;
	free((*u)->buffers);
	free((*u)->accounts);
	free(*u);
	*u = NULL;
}

static uint8_t *
buffer_of(struct udp *u, unsigned i)
{
	return u->buffers + (size_t)i * MESSAGE_ROOM;
}

static int
udp_receive(struct udp *u, int fd)
{
	for (unsigned i = 0; i < UDP_BURST; i++) {
		u->iov[i].iov_base = buffer_of(u, i);
		u->iov[i].iov_len = DNS_MESSAGE_MAX;
		u->in[i].msg_hdr = (struct msghdr){
		    .msg_name = &u->peer[i],
		    .msg_namelen = sizeof u->peer[i],
		    .msg_iov = &u->iov[i],
		    .msg_iovlen = 1,
		    .msg_control = &u->control[i],
		    .msg_controllen = sizeof u->control[i],
		};
	}
	return recvmmsg(fd, u->in, UDP_BURST, MSG_DONTWAIT, NULL);
}

static const uint8_t *
peer_address(const union udp_peer *p, unsigned *bytes)
{
	if (p->sa.sa_family == AF_INET) {
		*bytes = 4;
		return (const uint8_t *)&p->in.sin_addr;
	}
	*bytes = 16;
	return (const uint8_t *)&p->in6.sin6_addr;
}

/* The same control message makes the reply leave from the address that was
 * asked; the way back is the routing table's choice, but for link-local
 * addresses, which mean nothing without their interface. */
static void
control_turn(struct msghdr *h)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(h);

	if (c == NULL)
		return;
	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof info);
		info.ipi_ifindex = 0;
		memcpy(CMSG_DATA(c), &info, sizeof info);
	} else if (c->cmsg_level == IPPROTO_IPV6 &&
		   c->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof info);
		if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
			info.ipi6_ifindex = 0;
		memcpy(CMSG_DATA(c), &info, sizeof info);
	}
}

static void
query_count(struct udp *u, const struct answer_query *q)
{
	count_one(u->counters, COUNT_VERDICT_UDP + q->verdict);
	if (q->response_bytes == 0)
		return;
	if (q->rcode < COUNT_RCODES)
		count_one(u->counters, COUNT_RCODE + q->rcode);
	counters_add(&u->counters[COUNT_UDP_RESPONSE_BYTES], q->response_bytes);
}

/* Counted as what it is: a query that is not answered. */
static bool
is_quarantined(struct udp *u, unsigned i)
{
	if (__builtin_expect(!quarantine_is_active(u->quarantine), 1) ||
	    !quarantine_holds(u->quarantine, buffer_of(u, i), u->in[i].msg_len))
		return false;
	count_one(u->counters, COUNT_VERDICT_UDP + VERDICT_DROP_QUARANTINED);
	return true;
}

/* The queries of a group; `chosen` has a bit a datagram. */
static unsigned
group_make(struct udp *u, uint32_t chosen)
{
	unsigned n = 0;

	for (; chosen; chosen &= chosen - 1) {
		unsigned i = (unsigned)__builtin_ctz(chosen), bytes;
		const uint8_t *client = peer_address(&u->peer[i], &bytes);

		if (is_quarantined(u, i))
			continue;
		u->query[n] = (struct answer_query){.message = buffer_of(u, i),
		    .bytes = u->in[i].msg_len,
		    .capacity = DNS_MESSAGE_MAX + ANSWER_SPARE_BYTES,
		    .client = client,
		    .client_bytes = (uint8_t)bytes};
		u->index[n++] = (uint8_t)i;
	}
	return n;
}

/* Takes out of the group what is not admitted. Returns what is left of n; adds
 * those that are to be told REFUSED to *denied. */
static unsigned
group_admit(struct udp *u, unsigned n, uint64_t now, uint32_t *denied)
{
	const struct prefix_set *prefixes =
	    atomic_load_explicit(&u->service->prefixes, memory_order_acquire);
	unsigned kept = 0;

	if (limiter_admit(&u->limiter, prefixes, now, u->query, n) == n)
		return n;
	for (unsigned k = 0; k < n; k++) {
		unsigned verdict = u->query[k].verdict;

		if (verdict == LIMIT_ADMITTED) {
			u->query[kept] = u->query[k];
			u->index[kept++] = u->index[k];
		} else if (verdict == VERDICT_DENIED) {
			*denied |= 1u << u->index[k];
		} else {
			count_one(u->counters, COUNT_VERDICT_UDP + verdict);
		}
	}
	return kept;
}

static void
limits_count(struct udp *u)
{
	struct limit_tally *t = &u->limiter.tally;

	counters_add(&u->counters[COUNT_LIMIT_WOULD_DROP], t->would_drop);
	counters_add(&u->counters[COUNT_LIMIT_WOULD_SLIP], t->would_slip);
	counters_add(&u->counters[COUNT_LIMIT_COOKIES], t->cookies);
	*t = (struct limit_tally){0};
}

/* Answers the n queries of the group from `g`, and prepares their replies
 * behind the first `nout` ones. `key`: of the canary's hash; `side`: how they
 * are sampled. */
static unsigned
group_answer(struct udp *u, const struct generation *g,
    const struct query_ctx *ctx, unsigned n, uint64_t now, unsigned nout,
    const uint64_t key[2], enum sample_side side)
{
	unsigned sampled;
	uint64_t start = __rdtsc();

	if (n == 0)
		return nout;
	if (u->log)
		burst_log_hold_all(u->log, g, u->query, n, ANSWER_UDP);
	sampled = sampled_query_begin(
	    u->sampler, side, now, u->query, n, ANSWER_UDP, key);
	answer_batch_find(u->batch, g, ctx, u->query, n);
	if (ctx->prohibited)
		limits_name_denied(u->query, n);
	limiter_respond(&u->limiter, now, u->query, n);
	answer_batch_write(u->batch, g, ctx, u->query, n);
	sampled_query_end(u->sampler, sampled, g, ctx, u->query);
	count_cycles(u->counters, __rdtsc() - start, n);
	for (unsigned k = 0; k < n; k++) {
		struct msghdr *h = &u->in[u->index[k]].msg_hdr;

		query_count(u, &u->query[k]);
		if (u->query[k].response_bytes == 0)
			continue;
		h->msg_iov->iov_len = u->query[k].response_bytes;
		h->msg_flags = 0;
		control_turn(h);
		u->out[nout++].msg_hdr = *h;
	}
	if (u->log)
		burst_log_end(u->log);
	return nout;
}

size_t
udp_cut(uint8_t *response, size_t bytes)
{
	size_t name;

	if (bytes < DNS_HEADER_BYTES || wire_load16(response + 4) != 1)
		return 0;
	name = name_length_find(
	    response + DNS_HEADER_BYTES, bytes - DNS_HEADER_BYTES);
	if (name == 0 || DNS_HEADER_BYTES + name + 4 > bytes)
		return 0;
	wire_store16(response + 2, wire_load16(response + 2) | DNS_FLAG_TC);
	memset(response + 6, 0, 6); /* no records in any section */
	return DNS_HEADER_BYTES + name + 4;
}

/* The first of the messages could not be sent. A response that is larger than
 * the link (udp_max above its MTU) goes out cut, so that the client comes back
 * by TCP. What the kernel has no room for is lost like any datagram. */
static void
send_failed(struct udp *u, int fd, struct msghdr *h)
{
	size_t cut = 0;

	if (errno == EMSGSIZE)
		cut = udp_cut(h->msg_iov->iov_base, h->msg_iov->iov_len);
	h->msg_iov->iov_len = cut;
	if (cut && sendmsg(fd, h, MSG_DONTWAIT) >= 0)
		count_one(u->counters, COUNT_UDP_CUT);
	else
		count_one(u->counters, COUNT_UDP_SEND_FAILED);
}

static void
udp_send(struct udp *u, int fd, unsigned n)
{
	unsigned done = 0;

	while (done < n) {
		int sent = sendmmsg(fd, u->out + done, n - done, MSG_DONTWAIT);

		if (sent > 0) {
			done += (unsigned)sent;
		} else if (errno != EINTR) {
			send_failed(u, fd, &u->out[done].msg_hdr);
			done++;
		}
	}
}

unsigned
udp_serve(struct udp *u, int fd, const struct live *live)
{
	struct query_ctx ctx = service_context(u->service, ANSWER_UDP);
	struct query_ctx denied_ctx = ctx;
	uint32_t stable = 0, canary = 0, denied = 0;
	int n = udp_receive(u, fd);
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	unsigned nout = 0;

	denied_ctx.config = &u->service->answer_denied;
	denied_ctx.prohibited = true;
	for (int i = 0; i < n; i++) {
		unsigned bytes;
		const uint8_t *address = peer_address(&u->peer[i], &bytes);

		if (u->peer[i].in.sin_port == 0) /* same place in sin6 */
			count_one(u->counters, COUNT_UDP_PORT_ZERO);
		else if (live_choose(live, address, bytes) == live->stable)
			stable |= 1u << i;
		else
			canary |= 1u << i;
	}
	query_ctx_probation(&ctx, live->stable_probation);
	if (stable)
		nout = group_answer(u, live->stable, &ctx,
		    group_admit(u, group_make(u, stable), now, &denied), now,
		    nout, live->key, SAMPLE_STABLE);
	if (canary) {
		counters_add(&u->counters[COUNT_CANARY_QUERIES],
		    (unsigned)__builtin_popcount(canary));
		query_ctx_probation(&ctx, live->candidate_probation);
		nout = group_answer(u, live->candidate, &ctx,
		    group_admit(u, group_make(u, canary), now, &denied), now,
		    nout, live->key, SAMPLE_CANDIDATE);
	}
	if (denied)
		nout = group_answer(u, &answer_nothing, &denied_ctx,
		    group_make(u, denied), now, nout, live->key, SAMPLE_NOT);
	limits_count(u);
	udp_send(u, fd, nout);
	return n > 0 ? (unsigned)n : 0;
}
