/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where the OPT record of a message is, whatever its opcode and what stands in
 * front of it: for messages that are refused without being understood. Private
 * to dataplane/answer; no allocation, bounded by the message. Any thread.
 */
#ifndef HOLDFAST_MESSAGE_OPT_H
#define HOLDFAST_MESSAGE_OPT_H

#include <stddef.h>
#include <stdint.h>

/* The OPT records of the additional section, of a message of at least a header:
 * how many there are, 0 too if the message ends before its last record does or
 * has octets behind it. *opt is the last one, whole. */
unsigned message_opt_find(
    const uint8_t *message, size_t bytes, const uint8_t **opt);

#endif
