/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What all workers of holdfast-sockets share, and the head of everything that
 * their event loops wait for.
 */
#ifndef HOLDFAST_SERVICE_H
#define HOLDFAST_SERVICE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "dataplane/answer/answer.h"
#include "dataplane/answer/sampled_query.h"
#include "dataplane/guard/guard.h"
#include "dataplane/limit/limits.h"
#include "dataplane/sockets/grace.h"
#include "dataplane/sockets/tcp_clients.h"

struct tcp_limits {
	unsigned clients, per_client; /* connections */
	unsigned idle_ms;
	unsigned query_ms;  /* for a message to arrive or to leave */
	unsigned pipeline;  /* queries answered in one go a connection */
	uint64_t memory;    /* bytes that connections of a worker may hold */
	uint16_t keepalive; /* idle_ms as RFC 7828 says it, in 100 ms */
};

/* Made before the workers start; only `grace`, `prefixes` and `secrets` change
 * while they run. Workers read all three between entering and leaving. */
struct service {
	struct answer_config answer;
	struct answer_config answer_denied; /* says nothing of who we are */
	struct limits udp_limits;
	struct counters *limited; /* base/limited.h; NULL: not wanted */
	_Atomic(const struct prefix_set *) prefixes;    /* NULL: none */
	_Atomic(const struct cookie_secrets *) secrets; /* NULL: none */
	struct tcp_limits limits;
	struct tcp_clients *clients;
	struct grace grace;
	struct guard *guard;         /* NULL in tests */
	struct sample_ring *samples; /* NULL: nothing is sampled */
	unsigned samples_per_second; /* of a worker */
};

/* What the queries of a burst have in common. */
static inline struct query_ctx
service_context(const struct service *s, enum answer_transport transport)
{
	return (struct query_ctx){
	    .config = &s->answer,
	    .transport = transport,
	    .now = (uint32_t)(clock_ms(CLOCK_REALTIME_COARSE) / 1000),
	    .secrets = atomic_load(&s->secrets),
	    .require_cookie = s->answer.require_cookie,
	    .keepalive = s->limits.keepalive,
	};
}

enum source_kind { SOURCE_STOP, SOURCE_UDP, SOURCE_TCP_LISTENER, SOURCE_TCP };

/* First member of what epoll's user pointer leads to. */
struct event_source {
	enum source_kind kind;
	int fd; /* -1: closed already in this round of events */
};

/* A DNS message and what the engine may scribble on behind it. The sum is not
 * a power of two, so that neighbours do not compete for the same cache sets. */
enum {
	MESSAGE_SLACK = 192,
	MESSAGE_ROOM = 65536 + MESSAGE_SLACK,
};

#endif
