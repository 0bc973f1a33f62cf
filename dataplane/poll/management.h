/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The management thread: everything in the data plane that may wait, allocate
 * or call the kernel. It runs on the main lcore, beside the poll cores, and
 * owns the socket, the exception ports, the page, loading and swapping, and
 * the timers. One thread, so nothing here is locked.
 */
#ifndef HOLDFAST_MANAGEMENT_H
#define HOLDFAST_MANAGEMENT_H

#include "dataplane/guard/guard.h"
#include "dataplane/poll/activation.h"
#include "dataplane/poll/burst.h"
#include "dataplane/poll/cookie_keeper.h"
#include "dataplane/poll/core_counters.h"
#include "dataplane/poll/dp_socket.h"
#include "dataplane/poll/health.h"
#include "dataplane/poll/kernel_port.h"

enum {
	MANAGEMENT_TICK_MS = 100,    /* page, health, deadlines */
	MANAGEMENT_SECOND_MS = 1000, /* statistics and links of the ports */
	MANAGEMENT_BOOT_MS_MAX =
	    30000, /* longest wait to try the store again */
};

struct management {
	/* made by launch.c */
	const struct config *config;
	struct port *ports;
	struct kernel_port *kernel_ports;
	unsigned nports;
	struct core *cores;
	unsigned ncores;
	struct counters *counters, *limited;
	struct limits limits;
	struct store *store;
	struct live *live;
	struct page *page;
	int signals; /* eventfd that SIGTERM and SIGINT write to */
	char *health_path;
	struct guard *guard;
	struct activation activation;
	struct dp_socket socket;
	struct cookie_keeper cookies;
	/* its own */
	struct health health;
	struct dp_context commands;
	uint64_t tick_at, second_at, boot_at;
	uint64_t boot_wait_ms;
	uint64_t busy_until; /* packets for the kernel came lately */
	bool link_down[CONFIG_PORTS_MAX];
	bool said_stale;
};

uint64_t management_now_ms(void); /* CLOCK_BOOTTIME */

/* Before the cores start. */
void management_init(struct management *m);

/* From the store, if it has something to serve; tried again by the timer. */
void management_boot(struct management *m);

/* Until SIGTERM, SIGINT or the command `stop`. */
void management_run(struct management *m);

/* load_options.progress: a long load leaves the exception port running. */
void management_progress(void *management, uint64_t done, uint64_t total);

#endif
