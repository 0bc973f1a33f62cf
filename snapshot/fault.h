/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fault points: defects that tests switch on by name, to see that the proof
 * finds what the verifier cannot. In the debug and asan profiles
 * (HOLDFAST_FAULTS) a point costs a load while no fault is set; elsewhere it
 * is the constant false. One thread sets, and none builds or answers meanwhile.
 */
#ifndef HOLDFAST_FAULT_H
#define HOLDFAST_FAULT_H

#include <stdbool.h>

/* The name of fault i of the table in fault.c, or NULL behind the last. */
const char *fault_name_find(unsigned i);

/* Makes every `every`-th pass of the point a hit; 0: none. False if there is no
 * such fault, or this program was built without them. */
bool fault_set(const char *name, unsigned every);
void fault_clear_all(void);
/* Sets what HOLDFAST_FAULT in the environment names ("one,two:EVERY"), for
 * tests of whole programs; main thread, before others start. */
void fault_set_from_environment(void);

#ifdef HOLDFAST_FAULTS
extern bool fault_any; /* a fault is set */
bool fault_pass(const char *name);
#define fault_hit(name) (fault_any && fault_pass(name))
#define fault_is_set()  fault_any
#else
#define fault_hit(name) false
#define fault_is_set()  false
#endif

#endif
