/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where zones' files are: what the loader shares with the readers of zone
 * lists.
 */
#ifndef HOLDFAST_CONFIG_ZONES_H
#define HOLDFAST_CONFIG_ZONES_H

#include "base/err.h"
#include "config/config.h"

/* Puts the directory in front of a relative path, which is replaced. */
int config_path_join(char **path, const char *directory, struct err *err);

/* Makes the file's path absolute; one that leaves the directory is refused. */
int config_zone_place(
    struct config_zone *z, const char *directory, struct err *err);

/* Zones that do not say get dnssec_default. */
void config_zones_dnssec(struct config *c);

#endif
