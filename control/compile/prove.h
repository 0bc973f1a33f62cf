/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The proof: asks the engine (answer_one) every name and type of the zones
 * given, and names that must not exist, on a loaded candidate, decodes the
 * responses with ldns, and compares with what the naive resolver (naive.h)
 * finds in the source's records. The naive resolver shares no code with builder
 * or engine. Runs in holdfastd and `holdfast compile`.
 */
#ifndef HOLDFAST_PROVE_H
#define HOLDFAST_PROVE_H

#include "base/err.h"
#include "snapshot/generation.h"
#include "snapshot/records.h"

struct prove_options {
	/* prove only names for which this says yes (names of new cells); `zone`
	 * is an index; NULL: all */
	bool (*wanted)(void *arg, size_t zone, const uint8_t *name);
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	void *arg;
};

struct prove_fault {
	size_t zone;    /* index among `zones` */
	struct err why; /* names the record: name, type, expected, found */
};

/* `zones`: all zones of the generation, sorted by apex (a parent's answer for a
 * DS depends on its neighbours); `subjects`: indexes of those to be proven.
 * Faults (at most faults_max, one a zone) are returned; 0 if there are none,
 * ERR_REFUSED if there are. */
int prove_zones(const struct generation *g,
    const struct zone_records *const *zones, size_t nzones,
    const uint32_t *subjects, size_t nsubjects,
    const struct prove_options *options, struct prove_fault *faults,
    size_t faults_max, size_t *nfaults, uint64_t *answers, struct err *err);

#endif
