/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The client's end of the control socket (docs/control-socket.md).
 */
#ifndef HOLDFAST_CONTROL_CLIENT_H
#define HOLDFAST_CONTROL_CLIENT_H

#include <jansson.h>

#include "base/err.h"

#define CONTROL_SOCKET_NAME "holdfastd.sock"

struct control_client;

/* ERR_UNAVAILABLE if nobody listens there. */
int control_client_open(
    struct control_client **out, const char *run_dir, struct err *err);
void control_client_close(struct control_client **c);

/* Sends the request (and frees it) and reads its answer within the time: `line`
 * (may be NULL) is called for each line before the last, `*last` is the last,
 * the caller's. A refusal is an error with the daemon's code and text. */
int control_client_ask(struct control_client *c, json_t *request,
    unsigned timeout_ms, void (*line)(void *arg, json_t *line), void *arg,
    json_t **last, struct err *err);

#endif
