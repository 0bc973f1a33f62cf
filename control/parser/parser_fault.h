/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a parser that somebody has taken over would do: tests of debug and asan
 * builds switch one of these on by name (snapshot/fault.h), and a zone file
 * whose path has "poison" in it does it. Elsewhere nothing.
 */
#ifndef HOLDFAST_PARSER_FAULT_H
#define HOLDFAST_PARSER_FAULT_H

#include "control/parser/parser_area.h"

#ifdef HOLDFAST_FAULTS
void parser_fault(const char *path, struct parser_area *area);
#else
#define parser_fault(path, area) ((void)(path), (void)(area))
#endif

#endif
