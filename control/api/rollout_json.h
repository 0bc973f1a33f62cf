/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Canary and soak as the control socket shows them. Main thread.
 */
#ifndef HOLDFAST_ROLLOUT_JSON_H
#define HOLDFAST_ROLLOUT_JSON_H

#include <jansson.h>

#include "control/publish/control_status.h"

/* An object, or NULL if there is no memory. */
json_t *rollout_json(const struct control_rollout *r);

#endif
