/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a holdfastd that somebody has taken over would do: tests of debug and
 * asan builds switch one of these on by name (snapshot/fault.h), and a reload
 * does it. Elsewhere nothing.
 */
#ifndef HOLDFAST_CONTROL_FAULT_H
#define HOLDFAST_CONTROL_FAULT_H

#ifdef HOLDFAST_FAULTS
void control_fault(void);
#else
#define control_fault() ((void)0)
#endif

#endif
