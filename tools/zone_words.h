/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The zones that a command line names, and their files read: what `check` and
 * `compile` have in common.
 */
#ifndef HOLDFAST_ZONE_WORDS_H
#define HOLDFAST_ZONE_WORDS_H

#include "snapshot/records.h"
#include "tools/tool_output.h"

struct zone_read {
	const struct config_zone *zone;
	struct zone_records *records; /* NULL: refused */
	struct err why;
	/* of a zone that was signed here */
	bool is_signed;
	uint64_t made, kept; /* signatures */
	uint64_t due;        /* seconds since 1970: to be signed again */
};

struct zone_words {
	struct config_zone *zones; /* sorted, no two alike */
	unsigned nzones;
	bool borrowed; /* `zones` are the configuration's */
	struct zone_read *read;
	unsigned refused;
};

/* The zones of --zone and --zones-from. */
int zone_words_take(
    struct zone_words *w, const struct tool *t, struct err *err);

/* Those of t->loaded, which must stay until zone_words_fini(). */
void zone_words_configured(struct zone_words *w, const struct tool *t);

/* Reads all files of `zones`; one that is bad is noted and the next is read.
 * Warnings go to standard error. Fails for want of memory only. */
int zone_words_read(struct zone_words *w, const struct tool *t,
    const struct config_zone *zones, unsigned nzones, struct progress *p,
    struct err *err);

/* Checks the zones that have been read by their `dnssec`, or by --dnssec: those
 * that it refuses are as if they could not be read. Fails for want of memory
 * only. */
int zone_words_dnssec(struct zone_words *w, const struct tool *t,
    unsigned nzones, struct progress *p, struct err *err);

/* Signs the zones that have been read and are to be signed, as holdfastd would
 * sign them, with the keys as they are: none takes a step. Those that can't be
 * signed are as if they could not be read. Fails for want of memory only. */
struct store_zones;
int zone_words_sign(struct zone_words *w, const struct tool *t,
    struct store_zones *in, struct progress *p, struct err *err);

/* The date of the checks, seconds since 1970. */
uint64_t zone_words_now(const struct tool *t);

/* What is done with a signed zone. */
enum config_dnssec zone_words_mode(
    const struct config_zone *z, const struct tool *t);

void zone_words_fini(struct zone_words *w);

#endif
