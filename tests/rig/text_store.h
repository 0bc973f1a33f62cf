/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A zone as text to a candidate in a store: what a compiler would have left
 * there, without the compiler. For tests of those who load and activate.
 */
#ifndef HOLDFAST_TEXT_STORE_H
#define HOLDFAST_TEXT_STORE_H

#include "snapshot/store.h"

/* One zone, one slot. `parent` may be NULL. The generation's digest goes to
 * `out`. Not committed: store_commit() or an activation does that. */
int text_store_put(struct store *s, const char *apex, const char *text,
    const struct digest *parent, struct digest *out, struct err *err);

#endif
