/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The processor that this program was compiled for. Called first by every
 * program's main, so that an older machine gets a sentence and not SIGILL.
 */
#ifndef HOLDFAST_CPU_H
#define HOLDFAST_CPU_H

#include "base/err.h"

/* 0, or ERR_UNAVAILABLE with the features of x86-64-v3 that are missing. */
int cpu_check(struct err *err);

#endif
