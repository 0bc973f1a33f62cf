/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a parser holds back (parser_area.h): made and read in holdfastd, written
 * in the parser. Allocates nothing but the file's pages.
 */
#include "control/parser/parser_area.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What is read of a file that the parser has written by itself. */
struct area_head {
	uint64_t sent, end;
};

_Static_assert(sizeof(struct area_head) == offsetof(struct parser_area, data),
    "the head is what is before the data");

int
parser_area_create(int *fd, struct err *err)
{
	*fd = memfd_create("holdfast-parser", MFD_CLOEXEC);
	if (*fd < 0)
		return err_set_errno(err, "memory for a parser's replies");
	if (ftruncate(*fd, sizeof(struct parser_area)) < 0) {
		err_set_errno(err, "memory for a parser's replies");
		close(*fd);
		*fd = -1;
		return err->code;
	}
	return 0;
}

int
parser_area_clear(int fd)
{
	static const struct area_head none;

	return pwrite(fd, &none, sizeof none, 0) == sizeof none ? 0 : ERR_IO;
}

struct parser_area *
parser_area_map_find(int fd)
{
	void *p = mmap(NULL, sizeof(struct parser_area), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* `end` follows the octets: a parser that is killed in between has not added
 * them. */
size_t
parser_area_add(struct parser_area *a, const void *p, size_t bytes)
{
	size_t held = parser_area_held(a), room = PARSER_AREA_BYTES - held;
	size_t n = bytes < room ? bytes : room;

	memcpy(a->data + held, p, n);
	atomic_store_explicit(&a->end,
	    atomic_load_explicit(&a->end, memory_order_relaxed) + n,
	    memory_order_release);
	return n;
}

size_t
parser_area_left(int fd, uint64_t received, void *to, size_t most)
{
	struct area_head h;
	uint64_t left;
	ssize_t n;

	if (pread(fd, &h, sizeof h, 0) != sizeof h)
		return 0;
	if (h.sent > received || received > h.end ||
	    h.end - h.sent > PARSER_AREA_BYTES)
		return 0;
	left = h.end - received;
	n = pread(fd, to, left < most ? (size_t)left : most,
	    (off_t)(sizeof h + received - h.sent));
	return n > 0 ? (size_t)n : 0;
}
