/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Inside of the verifier: chains of NSEC and NSEC3. Not for anybody but
 * snapshot/verify_*.c.
 */
#ifndef HOLDFAST_VERIFY_DENIAL_H
#define HOLDFAST_VERIFY_DENIAL_H

#include "snapshot/verify_node.h"

/* The denial_d of the zone at zone_off of a shared cell all of whose nodes were
 * found sound, and its chain. */
int denial_verify(struct cell_check *c, uint32_t zone_off);

/* All behind the header of a denial cell. */
int denial_cell_verify(struct cell_check *c);

#endif
