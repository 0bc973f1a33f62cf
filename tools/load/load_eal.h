/* SPDX-License-Identifier: BSD-2-Clause
 *
 * DPDK's environment for the generator, from its options. The words are made by
 * a pure function, so that tests can read them. Main thread, once.
 */
#ifndef HOLDFAST_LOAD_EAL_H
#define HOLDFAST_LOAD_EAL_H

#include "tools/load/load_options.h"

enum { LOAD_EAL_ARGS_MAX = 64, LOAD_EAL_TEXT_MAX = 1200 };

struct load_eal_words {
	int count;
	char *argv[LOAD_EAL_ARGS_MAX + 1];
	char text[LOAD_EAL_ARGS_MAX][LOAD_EAL_TEXT_MAX];
};

/* Lcore 0 is the main thread's, worker i runs on lcore i + 1. */
int load_eal_arguments(const struct load_options *o, bool huge,
    struct load_eal_words *out, struct err *err);

/* "0000:3b:00.0" or "3b:00.0", perhaps with arguments: not a virtual device. */
bool load_device_is_pci(const char *device);

/* Decides on huge pages and calls rte_eal_init(). */
int load_eal_start(const struct load_options *o, struct err *err);

#endif
