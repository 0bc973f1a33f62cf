/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Points at which tests kill holdfastd, to see that the store is sound after a
 * death at every step. Debug and asan profiles only: HOLDFASTD_KILL_AT=WORD[:N]
 * in the environment sends SIGKILL to the process when it comes to WORD for the
 * Nth time. Elsewhere nothing.
 */
#ifndef HOLDFAST_KILL_POINT_H
#define HOLDFAST_KILL_POINT_H

#ifdef HOLDFAST_FAULTS
void kill_point(const char *word);
#else
#define kill_point(word) ((void)(word))
#endif

#endif
