/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One line of progress; see load_progress.h.
 */
#include "tools/load/load_progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

enum { TERMINAL_EVERY_MS = 500, PLAIN_EVERY_MS = 5000, TEXT = 16 };

char *
text_count(char *dst, size_t room, double n)
{
	const char *unit = "";

	if (n >= 1e9) {
		n /= 1e9;
		unit = " G";
	} else if (n >= 1e6) {
		n /= 1e6;
		unit = " M";
	} else if (n >= 1e4) {
		n /= 1e3;
		unit = " k";
	} else {
		snprintf(dst, room, "%.0f", n);
		return dst;
	}
	snprintf(dst, room, "%.*f%s", n < 10 ? 2 : n < 100 ? 1 : 0, n, unit);
	return dst;
}

char *
text_time(char *dst, size_t room, double us)
{
	const char *unit = "us";

	if (us >= 1e6) {
		us /= 1e6;
		unit = "s";
	} else if (us >= 1e3) {
		us /= 1e3;
		unit = "ms";
	}
	snprintf(dst, room, "%.*f %s",
	    us < 10    ? 2
	    : us < 100 ? 1
		       : 0,
	    us, unit);
	return dst;
}

void
progress_open(
    struct load_progress *p, bool quiet, uint64_t hz, unsigned nworkers)
{
	*p = (struct load_progress){
	    .quiet = quiet,
	    .terminal = isatty(STDERR_FILENO),
	    .cycles_a_microsecond = (double)hz / 1e6,
	    .nworkers = nworkers,
	    .began_ms = clock_ms(CLOCK_MONOTONIC),
	};
	load_sums_clear(&p->last);
	p->last_ms = p->began_ms;
	p->next_ms =
	    p->began_ms + (p->terminal ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS);
}

/* Few looks: each takes the CPU from a worker that shares it. */
unsigned
progress_pause_ms(const struct load_progress *p)
{
	return p->quiet || !p->terminal ? 100 : 50;
}

static void
put_line(struct load_progress *p, const char *line)
{
	if (p->terminal)
		fprintf(stderr, "\r%s\033[K", line);
	else
		fprintf(stderr, "%s\n", line);
	fflush(stderr);
	p->drawn = p->terminal;
}

static void
show_line(
    struct load_progress *p, const char *what, const struct load_sums *now)
{
	const uint64_t *a = p->last.counters, *b = now->counters;
	struct latency_sum recent = now->latency;
	char sent[TEXT], answered[TEXT], p50[TEXT], p99[TEXT], line[256];
	uint64_t cycles = b[LOAD_CYCLES] - a[LOAD_CYCLES];
	double us = p->cycles_a_microsecond;
	/* by the workers' clock: their counters may have started over */
	double seconds = cycles ? (double)cycles / us / 1e6 / p->nworkers : 1;

	latency_since(&recent, &p->last.latency);
	snprintf(line, sizeof line,
	    "%6.1f s  %s  sent %s/s  answered %s/s  lost %llu  wrong %llu  "
	    "p50 %s  p99 %s  busy %.0f %%",
	    (double)(p->last_ms - p->began_ms) / 1e3, what,
	    text_count(
		sent, TEXT, (double)(b[LOAD_SENT] - a[LOAD_SENT]) / seconds),
	    text_count(answered, TEXT,
		(double)(b[LOAD_ANSWERED] - a[LOAD_ANSWERED]) / seconds),
	    (unsigned long long)b[LOAD_LOST], (unsigned long long)b[LOAD_WRONG],
	    text_time(p50, TEXT, (double)latency_quantile(&recent, 0.5) / us),
	    text_time(p99, TEXT, (double)latency_quantile(&recent, 0.99) / us),
	    cycles
		? 100.0 * (double)(b[LOAD_CYCLES_BUSY] - a[LOAD_CYCLES_BUSY]) /
		      (double)cycles
		: 0.0);
	put_line(p, line);
}

void
progress_show(
    struct load_progress *p, const char *what, const struct load_sums *now)
{
	uint64_t ms = clock_ms(CLOCK_MONOTONIC);

	if (p->quiet || ms < p->next_ms)
		return;
	/* the workers' counters start over when a measurement begins */
	if (now->counters[LOAD_SENT] < p->last.counters[LOAD_SENT])
		load_sums_clear(&p->last);
	p->last_ms = ms;
	p->next_ms = ms + (p->terminal ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS);
	show_line(p, what, now);
	p->last = *now;
}

void
progress_wipe(struct load_progress *p)
{
	if (p->drawn)
		fputs("\r\033[K", stderr);
	p->drawn = false;
}

void
progress_step(void *progress, const char *step, uint64_t done, uint64_t total)
{
	struct load_progress *p = progress;
	uint64_t ms = clock_ms(CLOCK_MONOTONIC);
	char line[128];

	if (p->quiet || ms < p->next_ms)
		return;
	p->next_ms = ms + (p->terminal ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS);
	snprintf(line, sizeof line, "%s: %llu of %llu", step,
	    (unsigned long long)done, (unsigned long long)total);
	put_line(p, line);
}
