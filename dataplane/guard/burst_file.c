/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading what a crash has left; see burst_file.h. Main threads at start, the
 * fuzzer. Allocates nothing.
 */
#include "dataplane/guard/burst_file.h"

uint64_t
burst_file_sum(uint64_t sum, const void *data, size_t bytes)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < bytes; i++)
		sum = (sum ^ p[i]) * 0x100000001b3ull;
	return sum;
}

static bool
is_terminated(const char text[BURST_FILE_NAME_MAX])
{
	return memchr(text, '\0', BURST_FILE_NAME_MAX) != NULL;
}

static int
head_check(const struct burst_file_d *h, struct err *err)
{
	if (h->magic != BURST_FILE_MAGIC)
		return err_set(err, ERR_CORRUPT, "not a burst of a crash");
	if (h->version != BURST_FILE_VERSION)
		return err_set(err, ERR_VERSION,
		    "version %u, this program reads version %d", h->version,
		    BURST_FILE_VERSION);
	if (h->sections > BURST_FILE_SECTIONS_MAX)
		return err_set(err, ERR_CORRUPT, "%u sections, at most %d",
		    h->sections, BURST_FILE_SECTIONS_MAX);
	if (!is_terminated(h->program) || !is_terminated(h->build))
		return err_set(err, ERR_CORRUPT, "a name without its end");
	return 0;
}

static bool
query_head_is_sound(const struct held_query_d *h)
{
	return h->transport <= ANSWER_STREAM &&
	       (h->client_bytes == 0 || h->client_bytes == 4 ||
		   h->client_bytes == 16) &&
	       h->capacity >= ANSWER_BUFFER_MIN &&
	       h->capacity <= BURST_FILE_CAPACITY_MAX &&
	       h->capacity - ANSWER_SPARE_BYTES >= h->bytes;
}

/* 1: a query; 0: the section ends here; else ERR_CORRUPT. */
static int
query_take(const uint8_t **at, const uint8_t *end, struct held_query *out,
    struct err *err)
{
	if (*at == end)
		return 0;
	if ((size_t)(end - *at) < sizeof out->head)
		return err_set(err, ERR_CORRUPT, "it ends inside a query");
	memcpy(&out->head, *at, sizeof out->head);
	*at += sizeof out->head;
	if (!query_head_is_sound(&out->head))
		return err_set(err, ERR_CORRUPT,
		    "a query with impossible sizes or transport");
	if ((size_t)(end - *at) < out->head.bytes)
		return err_set(err, ERR_CORRUPT, "it ends inside a message");
	out->message = *at;
	*at += out->head.bytes;
	return 1;
}

static int
section_check(
    const uint8_t **at, const uint8_t *end, unsigned section, struct err *err)
{
	struct burst_section_d s;
	struct held_query q;
	const uint8_t *stop;
	uint32_t n = 0;
	int rc;

	if ((size_t)(end - *at) < sizeof s)
		return err_set(
		    err, ERR_CORRUPT, "it ends before section %u", section);
	memcpy(&s, *at, sizeof s);
	*at += sizeof s;
	if ((size_t)(end - *at) < s.bytes)
		return err_set(
		    err, ERR_CORRUPT, "it ends inside section %u", section);
	stop = *at + s.bytes;
	while ((rc = query_take(at, stop, &q, err)) > 0)
		n++;
	if (rc)
		return err_add(err, "section %u", section);
	if (n != s.queries || n > BURST_LOG_QUERIES_MAX)
		return err_set(err, ERR_CORRUPT,
		    "section %u says %u queries and has %u", section, s.queries,
		    n);
	return 0;
}

int
burst_file_open(
    struct burst_file *f, const void *data, size_t bytes, struct err *err)
{
	const uint8_t *at = data, *end;
	uint64_t sum;
	int rc;

	if (bytes < sizeof f->head + sizeof sum || bytes > BURST_FILE_BYTES_MAX)
		return err_set(err, ERR_CORRUPT,
		    "%zu octets: too short or too long for a burst", bytes);
	memcpy(&f->head, at, sizeof f->head);
	rc = head_check(&f->head, err);
	if (rc)
		return rc;
	end = at + bytes - sizeof sum;
	memcpy(&sum, end, sizeof sum);
	if (sum !=
	    burst_file_sum(BURST_FILE_SUM_START, data, (size_t)(end - at)))
		return err_set(err, ERR_CORRUPT,
		    "its check sum is not that of its octets");
	at += sizeof f->head;
	f->at = at;
	f->end = end;
	for (unsigned i = 0; i < f->head.sections && !rc; i++)
		rc = section_check(&at, end, i, err);
	if (!rc && at != end)
		rc =
		    err_set(err, ERR_CORRUPT, "octets behind the last section");
	f->sections_left = f->head.sections;
	f->queries_left = 0;
	return rc;
}

bool
burst_file_next(struct burst_file *f, struct held_query *out)
{
	while (f->queries_left == 0) {
		struct burst_section_d s;

		if (f->sections_left == 0)
			return false;
		memcpy(&s, f->at, sizeof s); /* all was checked */
		f->at += sizeof s;
		f->sections_left--;
		f->queries_left = s.queries;
		f->generation = s.generation;
	}
	f->queries_left--;
	out->generation = f->generation;
	return query_take(&f->at, f->end, out, NULL) > 0;
}
