/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Generations that say their number in every record, in frames: an answer out
 * of several cells, joined by CNAMEs, that showed two numbers would be one from
 * two generations. For the tests of swaps on poll cores.
 */
#ifndef HOLDFAST_TESTS_POLL_NUMBERS_H
#define HOLDFAST_TESTS_POLL_NUMBERS_H

#include "snapshot/generation.h"
#include "tests/unit/poll_frames.h"

/* Generation n; a test fails if it cannot be made. */
struct generation *poll_numbers_generation(unsigned n);

/* The frame that asks for all of it. */
struct made poll_numbers_question(uint16_t id);

/* The number in the DNS message; a test fails if it is not whole or shows two.
 */
unsigned poll_numbers_read(const uint8_t *dns, size_t bytes);

#endif
