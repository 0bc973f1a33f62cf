/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What goes in and out of a TCP connection: messages with their length in front
 * (RFC 1035 section 4.2.2), read as they come, answered in order, sent at once.
 * Input is kept only while a message is incomplete, output only while the
 * client does not take it, and then nothing more is read. Run by the workers;
 * allocates the buffers of connections, within limits.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/dns.h"
#include "base/wire.h"
#include "dataplane/sockets/tcp_conn.h"

enum {
	INPUT_FIRST_BYTES = 2048,
	INPUT_MAX_BYTES = 2 + DNS_MESSAGE_MAX,
};

void
input_drop(struct tcp *t, struct tcp_conn *c)
{
	t->held -= c->in_room;
	free(c->in);
	c->in = NULL;
	c->in_bytes = c->in_room = 0;
}

void
output_drop(struct tcp *t, struct tcp_conn *c)
{
	t->held -= c->out_bytes;
	free(c->out);
	c->out = NULL;
	c->out_bytes = c->out_done = 0;
}

/* --- answering
 * ---------------------------------------------------------------- */

/* Answers one query behind what is in the work buffer. False: no answer can be
 * given, and the client would wait for it. */
static bool
query_answer(struct tcp *t, struct tcp_conn *c, const struct live *live,
    const uint8_t *message, uint32_t bytes)
{
	const struct generation *g =
	    live_choose(live, c->address, c->address_bytes);
	struct query_ctx ctx = service_context(t->service, ANSWER_STREAM);
	uint8_t *at = t->work + t->work_bytes;
	struct answer_query q = {.message = at + 2,
	    .bytes = bytes,
	    .capacity = DNS_MESSAGE_MAX + ANSWER_SPARE_BYTES,
	    .client = c->address,
	    .client_bytes = c->address_bytes};
	bool candidate = g && g == live->candidate;
	unsigned sampled;

	if (__builtin_expect(quarantine_is_active(t->quarantine), 0) &&
	    quarantine_holds(t->quarantine, message, bytes)) {
		count_one(
		    t->counters, COUNT_VERDICT_TCP + VERDICT_DROP_QUARANTINED);
		return false;
	}
	query_ctx_probation(&ctx, g && g == live->candidate
				      ? live->candidate_probation
				      : live->stable_probation);
	memcpy(at + 2, message, bytes);
	if (t->log)
		burst_log_hold_all(t->log, g, &q, 1, ANSWER_STREAM);
	sampled = sampled_query_begin(t->sampler,
	    candidate ? SAMPLE_CANDIDATE : SAMPLE_STABLE,
	    clock_ns(CLOCK_MONOTONIC), &q, 1, ANSWER_STREAM, live->key);
	answer_batch_find(t->batch, g, &ctx, &q, 1);
	answer_batch_write(t->batch, g, &ctx, &q, 1);
	sampled_query_end(t->sampler, sampled, g, &ctx, &q);
	if (t->log)
		burst_log_end(t->log);
	count_one(t->counters, COUNT_VERDICT_TCP + q.verdict);
	if (candidate)
		count_one(t->counters, COUNT_CANARY_QUERIES);
	if (q.response_bytes == 0)
		return false;
	if (q.rcode < COUNT_RCODES)
		count_one(t->counters, COUNT_RCODE + q.rcode);
	counters_add(&t->counters[COUNT_TCP_RESPONSE_BYTES], q.response_bytes);
	wire_store16(at, (uint16_t)q.response_bytes);
	t->work_bytes += 2 + q.response_bytes;
	return true;
}

/* Octets of the message at the start of the input with its length, 0 while it
 * is not all there. */
static uint32_t
input_message(const struct tcp_conn *c, uint32_t at)
{
	uint32_t bytes;

	if (c->in_bytes - at < 2)
		return 0;
	bytes = 2u + wire_load16(c->in + at);
	return c->in_bytes - at < bytes ? 0 : bytes;
}

/* Answers whole messages of the input into the work buffer, as many as it takes
 * and as the pipeline allows. True if there may be more. */
static bool
input_answer(
    struct tcp *t, struct tcp_conn *c, const struct live *live, uint64_t now_ms)
{
	uint32_t at = 0, bytes = 0;
	unsigned n = 0;

	while (!c->refused && n < t->service->limits.pipeline &&
	       t->work_bytes < TCP_STOP_BYTES &&
	       (bytes = input_message(c, at)) != 0) {
		if (!query_answer(t, c, live, c->in + at + 2, bytes - 2))
			c->refused = true;
		at += bytes;
		n++;
	}
	if (at == 0)
		return false;
	c->in_bytes -= at;
	memmove(c->in, c->in + at, c->in_bytes);
	c->deadline_ms = now_ms + t->service->limits.query_ms;
	return bytes != 0 && !c->refused;
}

/* --- reading and writing
 * -------------------------------------------------------- */

/* Keeps what the socket did not take. False: over the limit of memory. */
static bool
output_keep(struct tcp *t, struct tcp_conn *c, uint32_t sent, uint64_t now_ms)
{
	uint32_t left = t->work_bytes - sent;

	if (t->held + left > t->service->limits.memory)
		return false;
	c->out = malloc(left);
	if (c->out == NULL)
		return false;
	memcpy(c->out, t->work + sent, left);
	c->out_bytes = left;
	c->out_done = 0;
	t->held += left;
	c->deadline_ms = now_ms + t->service->limits.query_ms;
	return true;
}

/* Sends the work buffer. False if the connection was closed. */
static bool
work_send(struct tcp *t, struct tcp_conn *c, uint64_t now_ms)
{
	ssize_t sent = send(c->source.fd, t->work, t->work_bytes, MSG_NOSIGNAL);

	if (sent < 0) {
		if (errno != EAGAIN && errno != EINTR) {
			conn_close(t, c);
			return false;
		}
		sent = 0;
	}
	if ((uint32_t)sent < t->work_bytes &&
	    !output_keep(t, c, (uint32_t)sent, now_ms)) {
		conn_close_counted(t, c, COUNT_TCP_LIMIT_MEMORY);
		return false;
	}
	return true;
}

/* Sends what was kept. False if the connection was closed. */
bool
conn_send(struct tcp *t, struct tcp_conn *c, uint64_t now_ms)
{
	ssize_t sent = send(c->source.fd, c->out + c->out_done,
	    c->out_bytes - c->out_done, MSG_NOSIGNAL);

	if (sent < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return true;
		conn_close(t, c);
		return false;
	}
	c->out_done += (uint32_t)sent;
	if (c->out_done == c->out_bytes) {
		output_drop(t, c);
		c->deadline_ms = now_ms + t->service->limits.query_ms;
	}
	return true;
}

/* Room for the message that is arriving: grows by doubling, as octets really
 * come, and never beyond one message of the largest size. */
static bool
input_room(struct tcp *t, struct tcp_conn *c)
{
	uint32_t room = c->in_room ? 2 * c->in_room : INPUT_FIRST_BYTES;
	uint8_t *in;

	if (c->in_bytes < c->in_room)
		return true;
	if (room > INPUT_MAX_BYTES)
		room = INPUT_MAX_BYTES;
	if (t->held + room - c->in_room > t->service->limits.memory)
		return false;
	in = realloc(c->in, room);
	if (in == NULL)
		return false;
	t->held += room - c->in_room;
	c->in = in;
	c->in_room = room;
	return true;
}

/* Reads once. False if the connection was closed. */
bool
conn_read(struct tcp *t, struct tcp_conn *c, uint64_t now_ms)
{
	ssize_t got;

	if (!input_room(t, c)) {
		conn_close_counted(t, c, COUNT_TCP_LIMIT_MEMORY);
		return false;
	}
	got = recv(
	    c->source.fd, c->in + c->in_bytes, c->in_room - c->in_bytes, 0);
	if (got < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return true;
		conn_close(t, c);
		return false;
	}
	if (got == 0)
		c->end_of_input = true;
	else if (c->in_bytes == 0) /* a message begins */
		c->deadline_ms = now_ms + t->service->limits.query_ms;
	c->in_bytes += (uint32_t)got;
	return true;
}

/* Answers what can be answered now. False if the connection was closed. */
bool
conn_answer(
    struct tcp *t, struct tcp_conn *c, const struct live *live, uint64_t now_ms)
{
	bool more = true;

	while (more && c->out == NULL) {
		t->work_bytes = 0;
		more = input_answer(t, c, live, now_ms);
		if (t->work_bytes && !work_send(t, c, now_ms))
			return false;
	}
	if (c->out)
		return true;
	if (c->refused) {
		conn_close_counted(t, c, COUNT_TCP_MALFORMED);
		return false;
	}
	if (c->end_of_input) {
		conn_close(t, c);
		return false;
	}
	if (c->in_bytes == 0 && c->in) {
		input_drop(t, c);
		c->deadline_ms = now_ms + t->service->limits.idle_ms;
	}
	return true;
}
