/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The data plane's Unix socket: SOCK_SEQPACKET, at most 16 connections, nothing
 * ever waited for. A client that does not read its answers is disconnected.
 * Management thread; allocates nothing.
 */
#ifndef HOLDFAST_DP_SOCKET_H
#define HOLDFAST_DP_SOCKET_H

#include <poll.h>

#include "base/err.h"
#include "dataplane/poll/dp_command.h"

struct dp_socket {
	int listener;                /* -1: closed */
	int clients[DP_CLIENTS_MAX]; /* -1: free */
	char path[108];
};

/* Takes a dead data plane's socket over; ERR_BUSY if one answers there. */
int dp_socket_open(struct dp_socket *s, const char *path, struct err *err);
void dp_socket_close(struct dp_socket *s);

/* Fills up to 1 + DP_CLIENTS_MAX entries; returns how many. */
unsigned dp_socket_poll(const struct dp_socket *s, struct pollfd *fds);

/* Serves what those entries say is ready. */
void dp_socket_serve(struct dp_socket *s, struct dp_context *d,
    const struct pollfd *fds, unsigned count);

#endif
