/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Versions of zones that a rollback left, or a canary took back. The data plane
 * (or control) writes which slots of which generation were left (store.h); here
 * that becomes a list of zones' versions, kept in the store's file
 * `condemned-zones` under the owner lock, so that a release is remembered too:
 *
 *   holdfast-condemned-zones 1
 *   seen GENERATION           its entries in the store's list were taken over
 *   zone VERSION NAME         a version that must not be published
 */
#ifndef HOLDFAST_CONDEMNED_H
#define HOLDFAST_CONDEMNED_H

#include "control/publish/zone_table.h"
#include "snapshot/store.h"

struct condemned {
	struct condemned_version *versions;
	size_t count;
	/* generations of the store's list that were taken over: while one is
	 * here its versions can be released; it goes when it is live again, so
	 * that the next rollback from it counts */
	struct digest *seen;
	size_t nseen;
};

/* Reads the file; a missing one is an empty list, a damaged one an error. */
int condemned_read(struct condemned *c, struct store *s, struct err *err);

/* Takes over what is new in the store's list: versions of the left generations'
 * zones that differ from the live ones. Called whenever another generation is
 * live. */
int condemned_adopt(struct condemned *c, struct store *s,
    struct zone_table *live, const struct digest *generation, struct err *err);

/* One version of a zone, that which a canary or a soak took back. `live`: what
 * is served instead, or NULL. Written to the file. */
int condemned_version_add(struct condemned *c, struct store *s,
    const struct zone_records *left, const struct zone_records *live,
    struct err *err);

/* A rollback from this generation is about to come, and what it leaves has been
 * said with condemned_version_add(): the rest of it is not condemned. */
int condemned_expect(struct condemned *c, struct store *s,
    const struct digest *generation, struct err *err);

/* Takes a zone's versions off the list; how many there were. */
int condemned_release(struct condemned *c, struct store *s, const uint8_t *apex,
    size_t *released, struct err *err);

void condemned_free(struct condemned *c);

#endif
