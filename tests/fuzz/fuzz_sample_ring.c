/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A ring of samples whose writer is broken, or is somebody else: the first 32
 * octets go over the head (which is then made right, or left as it is, by one
 * of them), the others over `written` and the first slots. What the reader
 * hands out must be sound, and there is an end to it. Then the octets as a
 * response.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/message.h"
#include "base/sample.h"

enum { HEAD = 32, VERDICTS = 24, SAMPLES_MOST = 100000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ring_write(int fd, const uint8_t *data, size_t size)
{
	struct sample_ring_d head = {.magic = SAMPLE_MAGIC,
	    .version = SAMPLE_VERSION,
	    .blocks = 1,
	    .slots = SAMPLE_SLOTS_MIN,
	    .verdicts = VERDICTS};

	if (size && data[0] & 1)
		memcpy(&head, data, size < HEAD ? size : HEAD);
	if (ftruncate(fd,
		sizeof head + SAMPLE_BLOCK_HEAD +
		    SAMPLE_SLOTS_MIN * (off_t)sizeof(struct sample_slot_d)) ||
	    pwrite(fd, &head, sizeof head, 0) != (ssize_t)sizeof head)
		abort();
	if (size > HEAD &&
	    pwrite(fd, data + HEAD, size - HEAD, sizeof head) < 0)
		abort();
}

static void
sample_check(const struct sample *s)
{
	uint8_t again[SAMPLE_QUERY_MAX];
	bool stripped;

	if (sample_query_take(again, s->query, s->query_bytes, &stripped) !=
		s->query_bytes ||
	    stripped || s->verdict >= VERDICTS || s->permille >= 1000 ||
	    s->weight == 0 || s->side >= SAMPLE_SIDES || s->transport > 1)
		abort();
}

static void
response_walk(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1), name[256];
	struct message_record r;
	struct message_walk w;
	unsigned n = 0;

	memcpy(copy, data, size);
	(void)message_hash(copy, size);
	if (message_walk_start(&w, copy, size)) {
		while (message_next(&w, &r)) {
			(void)message_name(copy, size, r.owner, name);
			(void)message_name(copy, size, r.rdata, name);
			n++;
		}
	}
	if (n > size / 11)
		abort();
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("ring", MFD_CLOEXEC);
	struct sample_reader r;
	struct sample s;
	unsigned n = 0;
	char path[64];
	struct err err;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	ring_write(fd, data, size);
	if (sample_reader_init(&r, path, VERDICTS, &err))
		abort();
	if (sample_reader_follow(&r, &err) == 0)
		while (sample_next(&r, &s)) {
			sample_check(&s);
			if (++n > SAMPLES_MOST)
				abort();
		}
	sample_reader_fini(&r);
	close(fd);
	response_walk(data, size);
	return 0;
}
