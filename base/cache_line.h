/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How far apart lie things that different threads write. A cache line has one
 * writer at a time: two threads that write to one line take it from each other
 * at every store, at a hundred cycles and more each time, though they share no
 * variable.
 *
 * The distance is two lines, not one: the prefetchers of x86-64 servers fetch
 * the other half of a pair of lines (128 bytes) with the one that was asked
 * for, so a neighbour's reads pull at a line that it never uses.
 */
#ifndef HOLDFAST_CACHE_LINE_H
#define HOLDFAST_CACHE_LINE_H

enum {
	CACHE_LINE_BYTES = 64,
	/* Of what one thread writes: alignment, and with it size. */
	CORE_ALIGN = 2 * CACHE_LINE_BYTES,
};

#endif
