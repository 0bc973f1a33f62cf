/* SPDX-License-Identifier: BSD-2-Clause
 *
 * /metrics in Prometheus text format, by libmicrohttpd in a thread of its own:
 * control's own counters and gauges, a state for each zone, and whatever the
 * counter files of data plane and socket server say of themselves
 * (base/counters.h), so that their metrics need nothing here.
 */
#ifndef HOLDFAST_METRICS_H
#define HOLDFAST_METRICS_H

#include "config/config.h"
#include "control/api/control_socket.h"

struct metrics;

int metrics_open(struct metrics **out, const struct config_address *address,
    const struct control_context *context, struct err *err);
void metrics_close(struct metrics **m);

/* The text itself, appended; for tests. */
void metrics_text(const struct control_context *context, struct bytes *out);

#endif
