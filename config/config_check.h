/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What options must not be together, each being right alone.
 */
#ifndef HOLDFAST_CONFIG_CHECK_H
#define HOLDFAST_CONFIG_CHECK_H

#include "base/err.h"
#include "config/config.h"
#include "config/config_document.h"

/* The document that `c` came from gives messages their lines. */
int config_check(
    const struct config *c, const struct document *d, struct err *err);

#endif
