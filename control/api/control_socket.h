/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The control socket (docs/control-socket.md): Unix stream, JSON lines. Runs in
 * the main thread's event loop; requests that take time are handed to the
 * worker and answered when it is done.
 */
#ifndef HOLDFAST_CONTROL_SOCKET_H
#define HOLDFAST_CONTROL_SOCKET_H

#include <ev.h>

#include "config/config.h"
#include "control/publish/worker.h"

#define CONTROL_SOCKET_NAME "holdfastd.sock"

/* What commands need to know of the process. */
struct control_context {
	struct worker *worker; /* asked by the socket alone */
	struct zone_table *zones;
	struct control_status *status;
	const struct guards *guards; /* for their counts; or NULL */
	const char *config_path, *store_dir, *run_dir;
	uint64_t started_ms; /* CLOCK_MONOTONIC */
	/* ends the process's loop; after the answer is on its way */
	void (*stop)(void *arg);
	void *stop_arg;
};

struct control_socket;

/* Listens at RUN/holdfastd.sock with mode 0660 and the group given (NULL: the
 * process's). A socket file that nobody listens on is replaced. */
int control_socket_open(struct control_socket **out, struct ev_loop *loop,
    const struct control_context *context, const char *group, struct err *err);
void control_socket_close(struct control_socket **s);

#endif
