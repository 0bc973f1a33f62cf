/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The audit log: STORE/audit.log, a line of JSON an event, only ever appended
 * to: what was refused, and what people let pass, returned, pinned or held all
 * the same. Any thread of control and the operator's command.
 *
 *   {"at": "2026-01-31T12:00:00Z", "event": "override-given", "zone": ...}
 */
#ifndef HOLDFAST_AUDIT_H
#define HOLDFAST_AUDIT_H

#include <jansson.h>

#include "base/err.h"

#define AUDIT_FILE "audit.log"

/* Appends an event and syncs it. `format` and what follows are those of
 * json_pack(), an object of more members: "{s:s, s:I}"; NULL: none. */
int audit_write(const char *store_dir, struct err *err, const char *event,
    const char *format, ...);

#endif
