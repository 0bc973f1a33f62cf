/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The step from a document to the fields of struct config.
 */
#ifndef HOLDFAST_CONFIG_WALK_H
#define HOLDFAST_CONFIG_WALK_H

#include "base/err.h"
#include "config/config.h"
#include "config/config_document.h"

/* `c` has its defaults. After an error it is half filled, and may be freed. */
int config_walk(struct config *c, const struct document *d, const char *file,
    struct err *err);

#endif
