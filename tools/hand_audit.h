/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What holdfastd would have written into STORE/audit.log, had it been alive.
 */
#ifndef HOLDFAST_HAND_AUDIT_H
#define HOLDFAST_HAND_AUDIT_H

#include "tools/command.h"

/* Appends the event, with the reason of the command line; what can't be
 * written is a warning. NULL: it is about no generation. */
void hand_audit(
    struct tool *t, const char *event, const struct digest *generation);

#endif
