/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A generation for benchmarks: one zone of N names, "h<number>.bench.example.",
 * each with one A record that tells its number; signed, if wanted, by an ECDSA
 * key that nobody has, with NSEC or with NSEC3 without salt and iterations.
 * Built by the real builder into
 * a store of its own and loaded from there by the real loader, into huge pages
 * where there are some.
 */
#ifndef HOLDFAST_HOSTS_SNAPSHOT_H
#define HOLDFAST_HOSTS_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "snapshot/load.h"

#define BENCH_APEX_WIRE "\5bench\7example"

enum bench_chain { BENCH_UNSIGNED, BENCH_NSEC, BENCH_NSEC3 };

struct hosts_snapshot {
	struct generation *generation;
	uint64_t names;
};

int hosts_snapshot_make(struct hosts_snapshot *out, uint64_t names,
    enum bench_chain chain, struct err *err);
void hosts_snapshot_free(struct hosts_snapshot *s);

/* Writes the label of name i; returns its octets. */
unsigned bench_label(uint8_t *to, char kind, uint32_t i);

static inline uint32_t
bench_address(uint32_t i)
{
	return 0x0a000000u + i;
}

#endif
