/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Query sets for tests (query_rig.h).
 */
#include "tests/unit/query_rig.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/name.h"
#include "base/wire.h"

struct query_set *
set_make(const struct query_mix *mix)
{
	struct query_set *s;
	struct err err;

	ck_assert_msg(query_set_make(&s, mix, &err) == 0, "%s", err.text);
	return s;
}

struct query_set *
set_of_zone(const char *apex, const char *file, struct query_mix mix)
{
	mix.zone_apexes = &apex;
	mix.zone_files = &file;
	mix.nzones = 1;
	return set_make(&mix);
}

void
rig_open_file(struct rig *rig, const char *apex, const char *file)
{
	struct text_zone zone = {.apex = apex, .split = true};
	struct bytes text = {0};
	struct err err;

	ck_assert_msg(file_read(AT_FDCWD, file, 1 << 24, &text, &err) == 0,
	    "%s", err.text);
	bytes_append_zero(&text, 1);
	zone.text = (const char *)text.data;
	rig_open(rig, &zone, 1);
	bytes_fini(&text);
}

void
query_check(struct rig *rig, const struct query_set *s, uint32_t i)
{
	const struct load_query *q = &s->queries[i];
	const uint8_t *m = s->messages + q->at;
	char name[NAME_TEXT_MAX];
	uint64_t f;

	name_to_text(name, m + DNS_HEADER_BYTES);
	rig_send(rig, m, q->bytes, ANSWER_UDP);
	ck_assert_msg(
	    answer_fingerprint(rig->response, rig->response_bytes, &f),
	    "%s TYPE%u: an answer that cannot be read", name,
	    wire_load16(
		m + DNS_HEADER_BYTES + name_length(m + DNS_HEADER_BYTES)));
	ck_assert_msg(!q->expected || f == q->expected,
	    "query %u, %s TYPE%u: another answer than expected", i, name,
	    wire_load16(
		m + DNS_HEADER_BYTES + name_length(m + DNS_HEADER_BYTES)));
}

void
file_of_text(const char *path, const char *text)
{
	struct err err;

	ck_assert_msg(file_write(AT_FDCWD, path, 0644, text, strlen(text),
			  FILE_REPLACE, &err) == 0,
	    "%s", err.text);
}

void
thousand_write(char path[UNIT_PATH_MAX], const char *directory)
{
	struct bytes text = {0};

	bytes_printf(&text, "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n");
	for (unsigned i = 0; i < 1000; i++)
		bytes_printf(&text, "h%u A 192.0.2.1\n", i);
	bytes_append_zero(&text, 1);
	file_of_text(
	    unit_path(path, directory, "zone"), (const char *)text.data);
	bytes_fini(&text);
}

const uint8_t *
behind_question(const struct query_set *s, uint32_t i)
{
	const uint8_t *name = s->messages + s->queries[i].at + DNS_HEADER_BYTES;

	return name + name_length(name) + 4;
}

static int
u64_compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

uint32_t
names_count(const struct query_set *s, uint32_t *most)
{
	uint64_t *h = calloc(s->count, sizeof *h);
	uint32_t different = 0, run = 0;

	for (uint32_t i = 0; i < s->count; i++)
		for (const uint8_t *p =
			 s->messages + s->queries[i].at + DNS_HEADER_BYTES;
		     p < behind_question(s, i); p++)
			h[i] = (h[i] ^ *p) * 0x100000001b3ull;
	qsort(h, s->count, sizeof *h, u64_compare);
	*most = 0;
	for (uint32_t i = 0; i < s->count; i++) {
		run = i > 0 && h[i] == h[i - 1] ? run + 1 : 1;
		different += run == 1;
		*most = run > *most ? run : *most;
	}
	free(h);
	return different;
}
