/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The health line; see health.h. Management thread; allocates nothing.
 */
#include "dataplane/poll/health.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

void
health_init(
    struct health *h, const unsigned *cpus, unsigned ncores, uint64_t now_ms)
{
	memset(h, 0, sizeof *h);
	h->ncores = ncores;
	for (unsigned i = 0; i < ncores; i++)
		h->cores[i] =
		    (struct health_core){.cpu = cpus[i], .moved_ms = now_ms};
	strcpy(h->reason, "starting");
}

bool
health_look(
    struct health *h, const uint64_t *loops, bool loaded, uint64_t now_ms)
{
	char reason[HEALTH_REASON_MAX] = "ok";
	bool changed;

	if (!loaded)
		strcpy(reason, "no-generation");
	h->oldest_ms = 0;
	for (unsigned i = 0; i < h->ncores; i++) {
		struct health_core *c = &h->cores[i];
		uint64_t age;

		if (c->loops != loops[i]) {
			c->loops = loops[i];
			c->moved_ms = now_ms;
		}
		age = now_ms - c->moved_ms;
		if (age > h->oldest_ms)
			h->oldest_ms = age;
		if (age > HEALTH_STALL_MS)
			snprintf(
			    reason, sizeof reason, "core-%u-stalled", c->cpu);
	}
	changed = strcmp(reason, h->reason) != 0;
	strcpy(h->reason, reason);
	h->healthy = !strcmp(reason, "ok");
	return changed;
}

int
health_write(const struct health *h, const char *path, struct err *err)
{
	char line[64];
	int n;

	if (h->healthy)
		n = snprintf(line, sizeof line, "healthy\n");
	else
		n = snprintf(line, sizeof line, "unhealthy %s\n", h->reason);
	return file_write(
	    AT_FDCWD, path, 0644, line, (size_t)n, FILE_REPLACE, err);
}
