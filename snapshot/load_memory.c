/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sealed memory: a memfd is filled through a writable mapping, which is then
 * removed; the seal makes the kernel refuse every later one, so that nothing in
 * this process or another, by bug or by attack, changes what was verified. Runs
 * in management threads, control and tools.
 *
 * Pages are allocated at once (fallocate), before anything is copied: running
 * out is an error of the load, not a fault of a thread that answers.
 */
#include "snapshot/load_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "snapshot/fault.h"

enum { HUGE_BYTES = 2 << 20 };

/* The value in octets of a line of /proc/meminfo; UINT64_MAX if unknown. */
static uint64_t
meminfo_bytes(const char *line)
{
	FILE *f = fopen("/proc/meminfo", "re");
	char text[128];
	uint64_t kib, found = UINT64_MAX;

	if (!f)
		return UINT64_MAX;
	while (fgets(text, sizeof text, f))
		if (strncmp(text, line, strlen(line)) == 0 &&
		    sscanf(text + strlen(line), ": %" SCNu64, &kib) == 1)
			found = kib * 1024;
	fclose(f);
	return found;
}

static int
no_memory(size_t bytes, const char *what, struct err *err)
{
	return err_set(err, ERR_NO_MEMORY,
	    "%zu MiB of memory for cells cannot be had (%s: %s); what is "
	    "loaded goes on being served; free memory and activate again",
	    (bytes >> 20) + 1, what, strerror(errno));
}

/* fd, memory and writable mapping of s->mapped octets. */
static int
segment_map(struct segment *s, struct err *err)
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int rc;

	s->fd = memfd_create("holdfast-cells",
	    s->huge ? flags | MFD_HUGETLB | MFD_HUGE_2MB : flags);
	if (s->fd < 0)
		return no_memory(s->bytes, "memfd_create", err);
	do
		rc = fallocate(s->fd, 0, 0, (off_t)s->mapped);
	while (rc < 0 && errno == EINTR);
	if (rc < 0 || fault_hit("load-fallocate")) {
		errno = rc < 0 ? errno : ENOSPC;
		rc = no_memory(s->bytes, "fallocate", err);
		goto fail;
	}
	s->map =
	    mmap(NULL, s->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	if (s->map != MAP_FAILED && !fault_hit("load-mmap"))
		return 0;
	rc = no_memory(s->bytes, "mmap", err);
	if (s->map != MAP_FAILED)
		munmap(s->map, s->mapped);
fail:
	close(s->fd);
	s->fd = -1;
	s->map = NULL;
	return rc;
}

static int
segment_map_huge(struct segment *s, struct err *err)
{
	size_t huge = (s->bytes + HUGE_BYTES - 1) & ~(size_t)(HUGE_BYTES - 1);
	uint64_t free_pages = meminfo_bytes("HugePages_Free");

	/* the line counts pages, not KiB */
	if (free_pages == UINT64_MAX || free_pages / 1024 < huge / HUGE_BYTES)
		return ERR_NO_MEMORY;
	s->huge = true;
	s->mapped = huge;
	return segment_map(s, err);
}

static int
segment_map_ordinary(struct segment *s, struct err *err)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	s->huge = false;
	s->mapped = (s->bytes + page - 1) & ~(page - 1);
	/* fallocate would rather kill a process than fail */
	if (meminfo_bytes("MemAvailable") < s->mapped) {
		errno = ENOMEM;
		return no_memory(s->bytes, "MemAvailable", err);
	}
	return segment_map(s, err);
}

int
segment_new(
    struct segment **out, size_t bytes, bool huge_pages, struct err *err)
{
	struct segment *s = calloc(1, sizeof *s);
	int rc = ERR_NO_MEMORY;

	*out = NULL;
	if (!s)
		return no_memory(bytes, "calloc", err);
	atomic_init(&s->references, 1);
	s->fd = -1;
	s->bytes = bytes ? bytes : 1;
	if (huge_pages)
		rc = segment_map_huge(s, NULL);
	if (rc < 0)
		rc = segment_map_ordinary(s, err);
	if (rc < 0) {
		free(s);
		return rc;
	}
	*out = s;
	return 0;
}

int
segment_seal(struct segment *s, struct err *err)
{
	int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	void *map;

	munmap(s->map, s->mapped);
	s->map = NULL;
	if (fcntl(s->fd, F_ADD_SEALS, seals) < 0)
		return err_set_errno(err, "cannot seal the memory of cells");
	map = mmap(
	    NULL, s->mapped, PROT_READ, MAP_SHARED | MAP_POPULATE, s->fd, 0);
	if (map == MAP_FAILED)
		return no_memory(s->bytes, "mmap", err);
	s->map = map;
	close(s->fd);
	s->fd = -1;
	return 0;
}

void
segment_hold(struct segment *s)
{
	atomic_fetch_add_explicit(&s->references, 1, memory_order_relaxed);
}

void
segment_drop(struct segment **sp)
{
	struct segment *s = *sp;

	*sp = NULL;
	if (!s || atomic_fetch_sub_explicit(
		      &s->references, 1, memory_order_acq_rel) != 1)
		return;
	if (s->map)
		munmap(s->map, s->mapped);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}
