/* SPDX-License-Identifier: BSD-2-Clause
 *
 * EAL from the configuration: which words DPDK's environment is started with.
 * The words are made by a pure function, so that tests can read them. Called
 * once by the main thread.
 */
#ifndef HOLDFAST_EAL_H
#define HOLDFAST_EAL_H

#include <stdbool.h>

#include "base/err.h"
#include "config/config.h"

enum { EAL_WORDS_MAX = 64, EAL_WORD_BYTES = 1200 };

struct eal_words {
	int count;
	char *argv[EAL_WORDS_MAX + 1];
	char text[EAL_WORDS_MAX][EAL_WORD_BYTES];
};

/* lcore 0 is the management thread's; worker i of all ports, in their order,
 * runs on lcore i + 1. CPUs may have any number. */
enum { EAL_LCORE_MANAGEMENT = 0, EAL_LCORE_FIRST_WORKER = 1 };

/* A PCI address ("0000:3b:00.0" or "3b:00.0"), not a virtual device. */
bool eal_device_is_pci(const char *device);

/* True if `huge` pages will do for `c->memory_mib`; else the reason in err. */
int eal_arguments(const struct config_dataplane *c, bool huge,
    struct eal_words *out, struct err *err);

/* Decides on huge pages and calls rte_eal_init(). */
int eal_start(const struct config_dataplane *c, struct err *err);
void eal_stop(void);

#endif
