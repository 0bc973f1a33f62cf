/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Starting and stopping the data plane: everything acquired in order, released
 * in reverse. Main thread.
 */
#ifndef HOLDFAST_LAUNCH_H
#define HOLDFAST_LAUNCH_H

#include "base/err.h"
#include "config/config.h"

/* What can be said of a configuration without starting: ports are there, and
 * DPDK's words can be made. */
int launch_check(const struct config *c, struct err *err);
/* The files of prefixes that it names; to run, they need not be good. */
int launch_check_lists(const struct config *c, struct err *err);

/* Runs until it is told to stop; 0 after a clean stop. */
int launch_run(const struct config *c, struct err *err);

#endif
