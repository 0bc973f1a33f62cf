/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The parser's process (parser_child.h): one thread. Memory: one zone at a
 * time, and what limits on the process allow.
 */
#include "control/parser/parser_child.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/name.h"
#include "control/parser/parser_area.h"
#include "control/parser/parser_fault.h"
#include "control/parser/parser_message.h"
#include "control/sandbox/confine.h"

enum {
	CHUNK_BYTES = 1 << 16,
	LARGE_MIB = 64, /* text and records: then it ends when it has replied */
};

/* Replies leave together (parser_area.h). */
struct parser_output {
	struct parser_area *area;
	uint64_t since_ms; /* when the first of those held back was begun */
	struct err err;
	bool failed;
};

struct parser_job {
	struct parser_output out;
	struct bytes in, head, warnings;
	unsigned nwarnings;
	unsigned memory_mib;
	bool is_large;
};

static void
output_flush(struct parser_output *o)
{
	size_t held = parser_area_held(o->area);

	if (held && !o->failed &&
	    file_write_all(PARSER_CHILD_FD, o->area->data, held, &o->err))
		o->failed = true;
	parser_area_sent(o->area);
}

static void
output_add(void *arg, const void *p, size_t bytes)
{
	struct parser_output *o = arg;
	const uint8_t *at = p;

	while (bytes) {
		size_t n = parser_area_add(o->area, at, bytes);

		at += n;
		bytes -= n;
		if (bytes)
			output_flush(o);
	}
}

/* Before the next request is begun: whoever waits for a reply must not wait for
 * much more than its zone. */
static void
output_hold(struct parser_output *o)
{
	uint64_t now = clock_ms(CLOCK_MONOTONIC);

	if (now - o->since_ms >= PARSER_HOLD_MS)
		output_flush(o);
	if (parser_area_held(o->area) == 0)
		o->since_ms = now;
}

/* Requests that have come together are read together. */
static struct {
	uint8_t held[CHUNK_BYTES];
	size_t at, end;
} input;

/* Waits with nothing held back. */
static bool
input_more(struct parser_output *o)
{
	ssize_t got;

	output_flush(o);
	do
		got = read(PARSER_CHILD_FD, input.held, sizeof input.held);
	while (got < 0 && errno == EINTR);
	input.at = 0;
	input.end = got > 0 ? (size_t)got : 0;
	return got > 0;
}

/* False at the stream's end, or when it breaks. */
static bool
input_read(struct parser_output *o, void *to, size_t bytes)
{
	uint8_t *at = to;

	while (bytes) {
		size_t n = input.end - input.at;

		if (n == 0) {
			if (!input_more(o))
				return false;
			continue;
		}
		n = n < bytes ? n : bytes;
		memcpy(at, input.held + input.at, n);
		input.at += n;
		at += n;
		bytes -= n;
	}
	return true;
}

/* --- limits --- */

/* Octets of address space and of data, and resident ones, now. */
struct process_size {
	uint64_t all, data, resident;
};

static bool
process_size_read(struct process_size *s)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long long all, resident, data;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	int n;

	if (!f)
		return false;
	n = fscanf(f, "%llu %llu %*u %*u %*u %llu", &all, &resident, &data);
	fclose(f);
	*s = (struct process_size){all * page, data * page, resident * page};
	return n == 3;
}

/* What reading may take comes on top of what there is: a sanitizer has set
 * terabytes aside. */
static int
limits_set(const struct parser_start_d *d, struct err *err)
{
	uint64_t more = (uint64_t)d->memory_mib << 20;
	struct process_size now;
	struct rlimit limit = {0, 0};

	setrlimit(RLIMIT_CORE, &limit); /* it would hold somebody's zone */
	if (!more)
		return 0;
	if (!process_size_read(&now))
		return err_set_errno(err, "/proc/self/statm");
	limit.rlim_cur = limit.rlim_max = now.all + more;
	if (setrlimit(RLIMIT_AS, &limit) < 0)
		return err_set_errno(err, "limit of memory");
	limit.rlim_cur = limit.rlim_max = now.data + more;
	if (setrlimit(RLIMIT_DATA, &limit) < 0)
		return err_set_errno(err, "limit of memory");
	return 0;
}

/* --- the start --- */

/* The folders' paths: terminated texts, one after the other. */
static int
folders_split(char **folders, uint32_t count, char *texts, size_t bytes)
{
	size_t at = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (at >= bytes)
			return ERR_CORRUPT;
		folders[i] = texts + at;
		at += strnlen(texts + at, bytes - at) + 1;
	}
	return at == bytes ? 0 : ERR_CORRUPT;
}

static int
confine(const struct parser_start_d *d, char *texts, unsigned *landlock,
    struct err *err)
{
	char **folders = calloc(d->nfolders + 1ul, sizeof *folders);
	int rc = 0;

	if (!folders)
		return err_set(err, ERR_NO_MEMORY, "no memory for folders");
	if (folders_split(folders, d->nfolders, texts, d->folders_bytes) != 0)
		rc = err_set(err, ERR_CORRUPT, "the list of folders");
	if (rc == 0 && d->confined)
		rc = confine_parser(
		    folders, d->nfolders, PARSER_CHILD_FD, landlock, err);
	free(folders);
	return rc;
}

static int
start(struct parser_job *j)
{
	struct parser_start_d d;
	struct parser_ready_d ready = {.magic = PARSER_MAGIC};
	struct err err = {0};
	char *texts;

	if (!input_read(&j->out, &d, sizeof d) || d.magic != PARSER_MAGIC)
		return ERR_CORRUPT;
	texts = malloc(d.folders_bytes + 1ul);
	if (!texts || !input_read(&j->out, texts, d.folders_bytes)) {
		free(texts);
		return ERR_CORRUPT;
	}
	texts[d.folders_bytes] = 0;
	j->memory_mib = d.memory_mib;
	ready.code = limits_set(&d, &err);
	if (ready.code == 0)
		ready.code = confine(&d, texts, &ready.landlock, &err);
	free(texts);
	memcpy(ready.text, err.text, sizeof ready.text);
	output_add(&j->out, &ready, sizeof ready);
	output_flush(&j->out);
	return ready.code;
}

/* --- requests --- */

static void
hear(void *arg, const char *text)
{
	struct parser_job *j = arg;

	if (j->nwarnings++ < PARSER_WARNINGS_MAX)
		bytes_append(&j->warnings, text, strlen(text) + 1);
}

static void
hear_the_rest(struct parser_job *j, const char *path)
{
	char text[ERR_TEXT_MAX];

	if (j->nwarnings <= PARSER_WARNINGS_MAX)
		return;
	snprintf(text, sizeof text, "%.500s: %u more warnings", path,
	    j->nwarnings - PARSER_WARNINGS_MAX);
	bytes_append(&j->warnings, text, strlen(text) + 1);
}

static void
send_reply(struct parser_job *j, int code, const struct zone_records *z,
    const struct err *why, const struct zonefile_stamp *stamp)
{
	static const struct zonefile_stamp no_stamp;
	static const struct bytes no_warnings;
	static const struct err too_much = {
	    ERR_LIMIT, "too many files, or warnings"};
	struct bytes *head = &j->head;

	bytes_clear(head);
	if (parser_reply_write_head(head, code, z, why, stamp, &j->warnings) !=
	    0) {
		bytes_fini(head);
		z = NULL;
		parser_reply_write_head(
		    head, ERR_LIMIT, NULL, &too_much, &no_stamp, &no_warnings);
	}
	output_add(&j->out, head->data, head->len);
	if (z)
		parser_reply_write_records(z, output_add, &j->out);
}

static bool
is_large(const struct zone_records *z, const struct zonefile_stamp *stamp)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < stamp->count; i++)
		bytes += stamp->files[i].bytes;
	if (z)
		bytes +=
		    z->count * sizeof *z->records + z->names.len + z->rdata.len;
	return bytes >> 20 >= LARGE_MIB;
}

static void
serve(struct parser_job *j, const struct parser_request_d *d)
{
	const uint8_t *apex = j->in.data;
	const char *path = (const char *)apex + d->apex_bytes;
	struct zonefile_stamp stamp = {0};
	struct zonefile_options options = {.bytes_max = d->bytes_max,
	    .warn = hear,
	    .arg = j,
	    .only_sorted = true,
	    .stamp = &stamp};
	struct zone_records *z = NULL;
	struct err err = {0};
	int rc;

	bytes_clear(&j->warnings);
	j->nwarnings = 0;
	parser_fault(path, j->out.area);
	rc = zonefile_load(&z, path, apex, &options, &err);
	if (rc == ERR_NO_MEMORY && j->memory_mib) {
		size_t n = strlen(err.text);

		snprintf(err.text + n, sizeof err.text - n,
		    "; reading a zone may take %u MiB "
		    "(control.parser_memory_mib)",
		    j->memory_mib);
	}
	hear_the_rest(j, path);
	send_reply(j, rc, rc ? NULL : z, &err, &stamp);
	j->is_large = is_large(rc ? NULL : z, &stamp);
	if (j->is_large)
		output_flush(&j->out);
	zone_records_free(rc ? NULL : z);
	zonefile_stamp_fini(&stamp);
}

static bool
request_read(struct parser_job *j, struct parser_request_d *d)
{
	size_t bytes;

	if (!input_read(&j->out, d, sizeof *d) || d->magic != PARSER_MAGIC ||
	    d->path_bytes > PARSER_PATH_MAX || d->apex_bytes > DNS_NAME_MAX)
		return false;
	bytes = (size_t)d->apex_bytes + d->path_bytes;
	bytes_clear(&j->in);
	if (!bytes_reserve(&j->in, bytes + 1) ||
	    !input_read(&j->out, j->in.data, bytes))
		return false;
	j->in.data[bytes] = 0;
	return name_length_find(j->in.data, d->apex_bytes) == d->apex_bytes;
}

int
parser_child_run(struct parser_area *area)
{
	static struct parser_job j;
	struct parser_request_d d;

	j.out.area = area;
	if (start(&j) != 0)
		return EXIT_PARSER_SETUP;
	while (!j.out.failed && !j.is_large && request_read(&j, &d)) {
		output_hold(&j.out);
		serve(&j, &d);
	}
	output_flush(&j.out);
	return j.is_large ? EXIT_PARSER_LARGE : EXIT_PARSER_DONE;
}
