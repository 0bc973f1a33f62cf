/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A parser's reply that lies in memory, for tests and fuzzers: read as
 * holdfastd reads one from a socket, and written.
 */
#ifndef HOLDFAST_MEMORY_STREAM_H
#define HOLDFAST_MEMORY_STREAM_H

#include <string.h>

#include "base/bytes.h"
#include "control/parser/parser_message.h"

struct memory_stream {
	const uint8_t *at;
	size_t left;
};

/* Of struct parser_stream; `stream` is a struct memory_stream. */
static inline int
memory_stream_read(void *stream, void *to, size_t bytes, struct err *err)
{
	struct memory_stream *s = stream;

	if (s->left < bytes)
		return err_set(err, ERR_UNAVAILABLE, "it ended");
	memcpy(to, s->at, bytes);
	s->at += bytes;
	s->left -= bytes;
	return 0;
}

/* For parser_reply_write_records(); `out` is a struct bytes. */
static inline void
memory_stream_write(void *out, const void *p, size_t bytes)
{
	bytes_append(out, p, bytes);
}

#endif
