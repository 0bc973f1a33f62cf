/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One turn of the control process: look at the sources, compile what changed,
 * prove it, put it live, keep house. Whatever fails, what is live stays. Worker
 * thread only.
 *
 *   live? -> read -> compile (and prove) -> activate -> commit -> retain
 */
#ifndef HOLDFAST_CYCLE_H
#define HOLDFAST_CYCLE_H

#include "config/config.h"
#include "control/compile/compile.h"
#include "control/publish/condemned.h"
#include "control/publish/control_status.h"
#include "control/publish/publisher.h"
#include "control/publish/zone_table.h"

struct cycle {
	struct publisher publisher;
	struct zone_table zones;
	struct condemned condemned;
	struct control_status *status;
	struct publisher_live live; /* as of the last look */
	bool live_known;
	bool
	    zones_changed; /* by configuration: compile even if no source did */
	bool prove, worked; /* in this turn something was compiled */
	uint64_t alarms_ms; /* when ends of signatures were looked at */
	unsigned again_ms; /* not 0: a file is being written, come again then */
	char said[ERR_TEXT_MAX];       /* the error that was logged last */
	struct compile_memory *memory; /* what the compiler remembers */
	struct generation *loaded;     /* the live one, to share cells with */
};

struct cycle_result {
	bool changed; /* a new generation is live */
	struct digest generation;
	uint64_t activation;
};

/* Opens the store and reads what is live. */
int cycle_open(struct cycle *c, const struct config *config,
    struct control_status *status, struct err *err);
void cycle_close(struct cycle *c);

/* A reloaded configuration: zones and settings. Store and run directory can't
 * change while it runs: an error says so. */
int cycle_configure(
    struct cycle *c, const struct config *config, struct err *err);

/* One turn. `force`: read the files even if they look unchanged. */
int cycle_run(
    struct cycle *c, bool force, struct cycle_result *result, struct err *err);

/* To an older generation: `steps` parents back, or the one given. `left`: what
 * was live. */
int cycle_rollback(struct cycle *c, unsigned steps,
    const struct digest *generation, struct cycle_result *result,
    struct digest *left, struct err *err);

int cycle_release(
    struct cycle *c, const uint8_t *apex, size_t *released, struct err *err);

#endif
