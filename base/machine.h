/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What this machine has for the calling process. At start only: these read the
 * kernel's files.
 */
#ifndef HOLDFAST_MACHINE_H
#define HOLDFAST_MACHINE_H

#include <stdint.h>

#include "base/err.h"

/* 0, or ERR_NOT_FOUND if this process may not run on that CPU; `where` names
 * the option that asks for it. EAL's own words name neither. */
int machine_cpu_check(unsigned cpu, const char *where, struct err *err);

/* MiB of free huge pages, of all sizes. */
uint64_t machine_huge_pages_free_mib(void);

#endif
