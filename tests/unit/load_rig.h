/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What tests of the load generator share: a small set of queries, two servers,
 * and a server's part: a frame with a query becomes one with its answer.
 */
#ifndef HOLDFAST_LOAD_RIG_H
#define HOLDFAST_LOAD_RIG_H

#include "tools/load/load_flow.h"
#include "tools/load/query_parts.h"

enum { RIG_FRAME_MAX = 1514 };

/* 192.0.2.53 and 2001:db8::53, both with a MAC address, `clients` of the usual
 * networks; `ip6_percent` of queries over IPv6. */
struct flow_plan rig_plan(uint32_t clients, unsigned ip6_percent);

/* `count` questions q0.example. A, q1.example. A, ...; every third with an OPT
 * record. `expected` is what rig_answer() says. */
struct query_set *rig_set(uint32_t count);

/* Turns a query's frame into its answer's, in place: RCODE as given, no
 * records. Returns its length. */
size_t rig_answer(uint8_t *frame, size_t bytes, unsigned rcode);

/* A copy in a heap block of exactly that size: ASan sees a step outside. */
uint8_t *rig_exact(const uint8_t *bytes, size_t n);

#endif
