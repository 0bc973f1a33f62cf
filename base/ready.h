/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Tells the service manager that the program has started (sd_notify(3): a
 * datagram to the socket that NOTIFY_SOCKET names). Main thread; allocates
 * nothing; does nothing where nobody wants to know.
 */
#ifndef HOLDFAST_READY_H
#define HOLDFAST_READY_H

#include "base/err.h"

int ready_notify(struct err *err);

#endif
