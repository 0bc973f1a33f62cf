/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a rollout is judged by: samples of the questions that were answered from
 * the generation (base/sample.h), each answered here by it and by its parent
 * with the real engine (control/guard/replay.h), and what the data plane's page
 * says. Worker thread; never waits: files are read, and a look is bounded.
 */
#ifndef HOLDFAST_ROLLOUT_WATCH_H
#define HOLDFAST_ROLLOUT_WATCH_H

#include "base/sample.h"
#include "control/guard/replay.h"
#include "control/publish/rollout.h"
#include "control/publish/zone_table.h"
#include "snapshot/generation.h"

enum { WATCH_SOURCES = 2 }; /* poll cores, sockets */

/* Shares of what the parent, too, would answer with an error: a mix that
 * changes for both is somebody's flood, and says nothing of the candidate. */
struct rollout_mix {
	double slow, fast; /* moving averages, over many questions and few */
	uint64_t seen;
	bool alarm;
};

struct rollout_watch {
	char *page_path; /* of the data plane */
	struct replay *replay;
	struct sample_reader readers[WATCH_SOURCES];
	unsigned nreaders;
	uint64_t followed_ms;
	const struct generation *before, *after; /* borrowed; NULL: no watch */
	struct rollout_mix mix;
	uint64_t compared; /* questions */
};

int rollout_watch_open(
    struct rollout_watch *w, const struct config *config, struct err *err);
void rollout_watch_close(struct rollout_watch *w);
/* How the data plane answers may have changed with the configuration. */
int rollout_watch_configure(
    struct rollout_watch *w, const struct config *config, struct err *err);

/* From now on answers of `after` are compared with those of `before`. */
void rollout_watch_begin(struct rollout_watch *w,
    const struct generation *before, const struct generation *after);
void rollout_watch_end(struct rollout_watch *w);

void rollout_watch_look(
    const struct rollout_watch *w, struct rollout_seen *out);

/* Takes the samples that there are, at most so many as take a moment. */
void rollout_watch_pump(
    struct rollout_watch *w, struct rollout *r, struct zone_table *zones);

/* One more question whose answer of old is an error or is not. Returns whether
 * the mix is another than before. */
bool rollout_mix_add(struct rollout_mix *m, bool error);

#endif
