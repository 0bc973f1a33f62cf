/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Versions of zones that a rollback left. The data plane (or control) writes
 * which slots of which generation were left (store.h); here that becomes a list
 * of zones' versions, kept in the store's file `condemned-zones` under the
 * owner lock, so that a release is remembered too:
 *
 *   holdfast-condemned-zones 1
 *   seen N                    entries of the store's list that were taken over
 *   zone VERSION NAME         a version that must not be published
 */
#ifndef HOLDFAST_CONDEMNED_H
#define HOLDFAST_CONDEMNED_H

#include "control/publish/zone_table.h"
#include "snapshot/store.h"

struct condemned {
	struct condemned_version *versions;
	size_t count;
	size_t seen; /* entries of the store's list */
};

/* Reads the file; a missing one is an empty list, a damaged one an error. */
int condemned_read(struct condemned *c, struct store *s, struct err *err);

/* Takes over what the store's list has beyond `seen`: versions of the left
 * generations' zones in the slots listed that differ from the live ones. */
int condemned_adopt(struct condemned *c, struct store *s,
    struct zone_table *live, struct err *err);

/* Takes a zone's versions off the list; how many there were. */
int condemned_release(struct condemned *c, struct store *s, const uint8_t *apex,
    size_t *released, struct err *err);

void condemned_free(struct condemned *c);

#endif
