/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The TCP side of a worker (RFC 7766): many queries a connection, answered in
 * the order they came, and limits on what a client can hold.
 *
 *   idle     no message begun, nothing to send       closed after idle_ms, or
 *                                                    sooner when room is needed
 *   reading  a message has begun                     must be whole in query_ms
 *   sending  the client has not taken its responses  must be gone in query_ms;
 *                                                    nothing is read meanwhile
 */
#ifndef HOLDFAST_TCP_H
#define HOLDFAST_TCP_H

#include "dataplane/sockets/service.h"
#include "dataplane/sockets/sockets_counters.h"

struct tcp;

/* Connections are put into the epoll set `epoll_fd` with a pointer to their
 * struct event_source. */
int tcp_new(struct tcp **out, const struct service *service,
    struct answer_batch *batch, struct burst_log *log, struct sampler *sampler,
    counter_t *counters, int epoll_fd, struct err *err);
void tcp_free(struct tcp **t); /* closes what is open */

/* Takes the connections that wait at a listener. False when descriptors are
 * out: try again later, not at once. */
bool tcp_accept(struct tcp *t, int listen_fd, uint64_t now_ms);

/* Something happened at a connection. */
void tcp_event(struct tcp *t, struct event_source *source, uint32_t events,
    const struct live *live, uint64_t now_ms);

/* Closes what is over time. Every 100 ms or so. */
void tcp_sweep(struct tcp *t, uint64_t now_ms);

/* Frees what was closed; at the end of a round of events, whose list may still
 * have pointed to it. */
void tcp_reap(struct tcp *t);

/* Closes all connections that have nothing to send; the number that is left. */
unsigned tcp_drain(struct tcp *t);

#endif
