/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Listening sockets: one UDP and one TCP socket an address and worker, which
 * share the address by SO_REUSEPORT. Used by the main thread before the workers
 * start. Allocates nothing but descriptors.
 */
#ifndef HOLDFAST_LISTEN_H
#define HOLDFAST_LISTEN_H

#include <stdbool.h>

#include "base/err.h"
#include "config/config.h"

enum listen_transport { LISTEN_UDP, LISTEN_TCP };

/* Fails if anybody else has the address: SO_REUSEPORT alone would let two
 * servers share it in silence. Call for all addresses before any is opened. */
int listen_probe(
    const struct config_address *a, enum listen_transport how, struct err *err);

/* Opens, non-blocking and bound (TCP: listening). An address that is not on
 * this machine yet is bound all the same; `*absent` says so. */
int listen_open(int *fd, const struct config_address *a,
    enum listen_transport how, bool *absent, struct err *err);

#endif
