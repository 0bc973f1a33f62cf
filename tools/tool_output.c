/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Output of the operator's command. Allocates what jansson does.
 */
#include "tools/tool_output.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	PROGRESS_AFTER_MS = 1000,
	PROGRESS_EVERY_MS = 100,
	PROGRESS_CELLS = 40,
};

void
output_json(json_t *object)
{
	json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	putchar('\n');
	json_decref(object);
}

json_t *
output_json_digest(const struct digest *d)
{
	char hex[DIGEST_TEXT_MAX];

	if (digest_is_zero(d))
		return json_null();
	return json_string(digest_to_text(hex, d));
}

char *
output_time(char dst[32], uint64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (seconds == 0 || gmtime_r(&t, &tm) == NULL ||
	    strftime(dst, 32, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		snprintf(dst, 32, "-");
	return dst;
}

char *
output_bytes(char dst[32], uint64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	double n = (double)bytes / 1024;
	unsigned unit = 0;

	if (bytes < 1024) {
		snprintf(dst, 32, "%u octets", (unsigned)bytes);
		return dst;
	}
	while (n >= 1024 && unit < 3) {
		n /= 1024;
		unit++;
	}
	snprintf(dst, 32, "%.1f %s", n, units[unit]);
	return dst;
}

char *
output_duration(char dst[32], uint64_t ms)
{
	unsigned long long s = ms / 1000;

	if (ms < 10000)
		snprintf(dst, 32, "%.1f s", (double)ms / 1000);
	else if (s < 60)
		snprintf(dst, 32, "%llu s", s);
	else if (s < 3600)
		snprintf(dst, 32, "%llu min %llu s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(dst, 32, "%llu h %llu min", s / 3600, s / 60 % 60);
	else
		snprintf(dst, 32, "%llu d %llu h", s / 86400, s / 3600 % 24);
	return dst;
}

void
progress_begin(struct progress *p, const struct tool *t)
{
	*p = (struct progress){.began_ms = clock_ms(CLOCK_MONOTONIC),
	    .on = !t->json && isatty(STDERR_FILENO)};
}

/* A step that comes again, in another round, is added to. */
static void
step_enter(struct progress *p, const char *step)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	unsigned i = 0;

	if (p->current < p->nsteps)
		p->took_ns[p->current] += now - p->since_ns;
	p->since_ns = now;
	while (i < p->nsteps && strcmp(p->steps[i], step) != 0)
		i++;
	if (i == p->nsteps && i < PROGRESS_STEPS_MAX)
		p->steps[p->nsteps++] = step;
	p->current = i;
}

void
progress_step(
    struct progress *p, const char *step, uint64_t done, uint64_t total)
{
	uint64_t now;
	unsigned cells;

	if (p->current >= p->nsteps || strcmp(p->steps[p->current], step) != 0)
		step_enter(p, step);
	if (!p->on)
		return;
	now = clock_ms(CLOCK_MONOTONIC);
	if (now - p->began_ms < PROGRESS_AFTER_MS ||
	    now - p->drawn_ms < PROGRESS_EVERY_MS)
		return;
	p->drawn_ms = now;
	p->visible = true;
	if (done > total)
		done = total;
	cells = total ? (unsigned)(done * PROGRESS_CELLS / total) : 0;
	fprintf(stderr, "\r\033[K%-16s [%.*s%*s] %3u %%", step, (int)cells,
	    "########################################",
	    (int)(PROGRESS_CELLS - cells), "",
	    total ? (unsigned)(done * 100 / total) : 0);
}

void
progress_end(struct progress *p)
{
	if (p->visible)
		fputs("\r\033[K", stderr);
	p->visible = false;
}

json_t *
progress_seconds(struct progress *p)
{
	json_t *all = json_object();

	for (unsigned i = 0; i < p->nsteps; i++) {
		uint64_t ns = p->took_ns[i];

		if (i == p->current)
			ns += clock_ns(CLOCK_MONOTONIC) - p->since_ns;
		json_object_set_new(
		    all, p->steps[i], json_real((double)ns / 1e9));
	}
	return all;
}
