/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A worker: a thread with its own sockets on every listen address and one
 * epoll loop over them and its TCP connections.
 */
#ifndef HOLDFAST_SOCKET_WORKER_H
#define HOLDFAST_SOCKET_WORKER_H

#include "config/config.h"
#include "dataplane/sockets/service.h"
#include "dataplane/sockets/sockets_counters.h"

struct worker;

/* Opens the sockets; `number` is the worker's reader in the service's grace. */
int worker_new(struct worker **out, struct service *service, unsigned number,
    const struct config_address *listen, unsigned nlisten, counter_t *counters,
    struct err *err);
int worker_start(struct worker *w, struct err *err);
/* Ends the loop: what has been received is answered, responses under way get a
 * second to leave. Joins the thread if it runs. */
void worker_stop(struct worker *w);
void worker_free(struct worker **w);

#endif
