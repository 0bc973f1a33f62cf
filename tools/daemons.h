/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the commands that talk to daemons have in common.
 */
#ifndef HOLDFAST_DAEMONS_H
#define HOLDFAST_DAEMONS_H

#include <jansson.h>

#include "snapshot/dataplane_protocol.h"
#include "tools/command.h"

/* One request to holdfastd; `request` is freed. */
int daemons_ask_control(struct tool *t, json_t *request,
    void (*line)(void *arg, json_t *line), void *arg, json_t **last,
    struct err *err);

/* Whether holdfastd answers within some seconds: ERR_UNAVAILABLE if not, which
 * is said, since the data plane can do without it. */
int daemons_control_awake(struct tool *t, struct err *err);

/* One request to the data plane; the answer points into `buffer`. */
int daemons_ask_dataplane(struct tool *t, const char *request,
    char buffer[DATAPLANE_MESSAGE_MAX + 1], struct dataplane_message *out,
    struct err *err);

#endif
