/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A TCP connection and the TCP side of a worker, as tcp.c (who is connected,
 * and for how long) and tcp_exchange.c (what goes in and out) share them.
 */
#ifndef HOLDFAST_TCP_CONN_H
#define HOLDFAST_TCP_CONN_H

#include "dataplane/sockets/tcp.h"

struct tcp_conn {
	struct event_source source;
	uint32_t interest;            /* of epoll */
	struct tcp_conn *next, *prev; /* longest untouched first */
	uint64_t client;              /* tcp_client_key() */
	uint64_t deadline_ms;
	uint8_t address[16];
	uint8_t address_bytes;
	bool end_of_input; /* the client has closed its half */
	bool refused;      /* malformed: close when the output is gone */
	uint8_t *in;       /* NULL, or an incomplete message or more */
	uint32_t in_bytes, in_room;
	uint8_t *out; /* NULL, or what could not be sent yet */
	uint32_t out_bytes, out_done;
};

struct tcp {
	const struct service *service;
	struct answer_batch *batch;
	struct burst_log *log;
	struct sampler *sampler; /* the worker's */
	const struct quarantine *quarantine;
	counter_t *counters;
	int epoll_fd;
	unsigned count;
	uint64_t held;        /* bytes in buffers of connections */
	struct tcp_conn list; /* head of the ring */
	struct tcp_conn *dead;
	uint8_t *work; /* TCP_WORK_BYTES: responses of one connection */
	uint32_t work_bytes;
};

enum {
	TCP_STOP_BYTES = 64 << 10, /* no further query is answered then */
};
enum { TCP_WORK_BYTES = TCP_STOP_BYTES + 2 + MESSAGE_ROOM };

/* Closes now and frees at the next reap. */
void conn_close(struct tcp *t, struct tcp_conn *c);
void conn_close_counted(struct tcp *t, struct tcp_conn *c, unsigned counter);

/* The following return false if they have closed the connection. */

/* Reads once. */
bool conn_read(struct tcp *t, struct tcp_conn *c, uint64_t now_ms);
/* Sends what was kept. */
bool conn_send(struct tcp *t, struct tcp_conn *c, uint64_t now_ms);
/* Answers what can be answered now. */
bool conn_answer(struct tcp *t, struct tcp_conn *c, const struct live *live,
    uint64_t now_ms);

/* Give the buffers back. */
void input_drop(struct tcp *t, struct tcp_conn *c);
void output_drop(struct tcp *t, struct tcp_conn *c);

#endif
