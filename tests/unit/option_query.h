/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Queries with EDNS options, and the options of responses, for tests.
 */
#ifndef HOLDFAST_OPTION_QUERY_H
#define HOLDFAST_OPTION_QUERY_H

#include "base/dns.h"
#include "tests/unit/answer_rig.h"

struct option_query {
	uint8_t message[1024];
	size_t bytes, opt_at;
};

/* A question of class IN, or none (`name` NULL), and an OPT record. */
void option_query_begin(
    struct option_query *q, const char *name, uint16_t type);
void option_query_add(
    struct option_query *q, unsigned code, const void *data, unsigned bytes);

/* The OPT record of the rig's response, which is its last; or NULL. A response
 * that is not sound fails the test. */
const uint8_t *option_response_opt(const struct rig *r);
/* The data of the option, which is there once; or NULL. */
const uint8_t *option_response_find(
    const struct rig *r, unsigned code, unsigned *bytes);

#endif
