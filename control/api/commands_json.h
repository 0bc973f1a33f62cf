/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The commands of the control socket: a request's object in, lines of answers
 * out. Main thread.
 */
#ifndef HOLDFAST_COMMANDS_JSON_H
#define HOLDFAST_COMMANDS_JSON_H

#include <jansson.h>

#include "control/api/control_socket.h"

/* Takes an answer's line; takes over `line`. */
typedef void command_answer(void *client, json_t *line);

/* Does the request, or starts it. Returns NULL when all lines were given to
 * `answer`, or work for the worker: its `done` and `arg` are the caller's to
 * set before worker_ask(), and command_finish() gives its answer. */
struct work *command_do(const struct control_context *c, json_t *request,
    command_answer *answer, void *client);

/* The same for a request's line, without its newline. `hang_up` is set if it
 * is no request at all: who sends garbage is not listened to any longer. */
struct work *command_line(const struct control_context *c, const char *line,
    size_t bytes, command_answer *answer, void *client, bool *hang_up);

/* The answer to finished work; frees it. */
void command_finish(const struct control_context *c, struct work *work,
    command_answer *answer, void *client);

/* {"ok": false, "done": true, "error": {...}} */
json_t *command_error(int code, const char *text);

#endif
