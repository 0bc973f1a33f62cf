/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The management thread's half of an exception port: packets from the cores'
 * rings are written to the TAP, frames that the kernel sends are read into
 * mbufs of the port and put on the ring of its named core. A turn is bounded.
 */
#ifndef HOLDFAST_KERNEL_PORT_H
#define HOLDFAST_KERNEL_PORT_H

#include "dataplane/poll/exception.h"
#include "dataplane/poll/ports.h"

struct kernel_port {
	int tap; /* descriptor; -1: the port has no exception port */
	const struct port *port;
	struct exception_queue
	    *queues; /* of the port's cores, named one first */
	unsigned nqueues;
	_Atomic uint64_t *counters; /* the management block */
};

void kernel_port_init(struct kernel_port *k);
/* Makes the TAP and the rings of the port's cores. `first_core` numbers them.
 */
int kernel_port_open(struct kernel_port *k, const struct port *port,
    struct exception_queue *queues, unsigned first_core,
    _Atomic uint64_t *counters, struct err *err);
/* Only when no core runs any more. */
void kernel_port_close(struct kernel_port *k);

/* Returns how many packets it moved, either way. */
unsigned kernel_port_turn(struct kernel_port *k);

#endif
