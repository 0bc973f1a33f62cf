/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Finishes what a trusted virtual link's peer left unfinished: the checksum of
 * a TCP or UDP packet that is about to be handed to a kernel, which does not
 * trust. Pure, bounded, any thread; the management thread uses it.
 */
#ifndef HOLDFAST_FRAME_FINISH_H
#define HOLDFAST_FRAME_FINISH_H

#include <stddef.h>
#include <stdint.h>

/* Does nothing to a fragment or to what it does not understand. */
void frame_finish(uint8_t *data, size_t bytes);

#endif
