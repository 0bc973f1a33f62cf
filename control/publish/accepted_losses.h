/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names that lose their answers with a generation, which the guards knew and
 * let pass (canary_evidence.h), kept for a process that takes over its soak:
 * without them it would take back what was within the budgets, or what an
 * operator let pass. A file in the store, of the generation rolled out last:
 *
 *   holdfast-accepted-losses 1
 *   generation DIGEST
 *   name KEY                   16 hex digits; no question is written down
 *
 * Zones whose losses an override lets pass are in the guards' files instead
 * (guard_state.h). Worker thread only.
 */
#ifndef HOLDFAST_ACCEPTED_LOSSES_H
#define HOLDFAST_ACCEPTED_LOSSES_H

#include "control/publish/canary_evidence.h"
#include "snapshot/store.h"

/* Writes what is accepted in `e`; nothing: there is no file afterwards. */
int accepted_losses_write(struct store *s, const struct digest *generation,
    const struct evidence *e, struct err *err);

/* Accepts in `e` what was written of this generation. ERR_NOT_FOUND: nothing
 * was; ERR_CORRUPT: it can't be read, and nothing is accepted. */
int accepted_losses_read(struct store *s, const struct digest *generation,
    struct evidence *e, struct err *err);

/* From a file's octets, taken for hostile. `keys` has room for
 * EVIDENCE_NAMES_MAX. */
int accepted_losses_parse(const void *text, size_t bytes,
    struct digest *generation, uint64_t *keys, size_t *count, struct err *err);

#endif
