/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The UDP side of a worker: bursts of datagrams through the engine, in place.
 */
#ifndef HOLDFAST_UDP_H
#define HOLDFAST_UDP_H

#include "dataplane/sockets/service.h"
#include "dataplane/sockets/sockets_counters.h"

enum { UDP_BURST = 32 };

struct udp; /* scratch of one worker; about 2 MiB of address space */

/* `number` is the worker's, from 0; `log` (NULL: none) holds the queries while
 * they are answered. */
int udp_new(struct udp **out, const struct service *service, unsigned number,
    struct answer_batch *batch, struct burst_log *log, struct sampler *sampler,
    counter_t *counters, struct err *err);
void udp_free(struct udp **u);

/* Receives at most one burst from the socket, answers and sends. Returns how
 * many datagrams there were. */
unsigned udp_serve(struct udp *u, int fd, const struct live *live);

/* Cuts a response to its header and question and sets TC, for one that the
 * link can't carry whole. Returns the octets, 0 if there is no question to
 * keep. */
size_t udp_cut(uint8_t *response, size_t bytes);

#endif
