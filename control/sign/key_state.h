/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The state of a zone's keys as JSON, without their secrets:
 *
 *   {"version": 1, "zone": "example.org.", "keys": [{"tag": 12345,
 *    "algorithm": 13, "role": "csk", "state": "active", "since": 1764355200,
 *    "created": ..., "published": ..., "ds": "none", "ds_since": 0}]}
 *
 * Whatever else is in it, is missing or is out of range refuses it whole.
 * Allocates what jansson does; any thread.
 */
#ifndef HOLDFAST_KEY_STATE_H
#define HOLDFAST_KEY_STATE_H

#include "control/sign/zone_key.h"

/* Replaces `k`; it has no secrets. `path` is for messages. */
int key_state_parse(struct zone_keys *k, const char *path, const void *text,
    size_t bytes, struct err *err);

/* Terminated; the caller frees it. */
int key_state_text(const struct zone_keys *k, char **out, struct err *err);

#endif
