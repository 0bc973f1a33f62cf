/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The command line of holdfast-load: one row an option in load_options.c, from
 * which the help is printed too. Main thread; allocates lists of words.
 */
#ifndef HOLDFAST_LOAD_OPTIONS_H
#define HOLDFAST_LOAD_OPTIONS_H

#include "config/config.h"
#include "tools/load/load_flow.h"
#include "tools/load/query_set.h"

enum {
	LOAD_CPUS_MAX = 64,
	LOAD_CPU_NUMBER_MAX = 1023,
	LOAD_EAL_WORDS_MAX = 32,
	LOAD_SIZES_MAX = 16,
	LOAD_TYPES_MAX = 64,
};

enum load_huge { LOAD_HUGE_AUTO, LOAD_HUGE_ON, LOAD_HUGE_OFF };
enum load_mode { LOAD_AT_RATE, LOAD_SEARCH, LOAD_WINDOW };

/* Points into itself: not to be copied. */
struct load_options {
	/* port */
	const char *device;
	unsigned cpus[LOAD_CPUS_MAX], ncpus, main_cpu;
	unsigned memory_mib, ring;
	unsigned huge; /* enum load_huge */
	const char *file_prefix;
	const char *eal_words[LOAD_EAL_WORDS_MAX];
	unsigned neal_words;
	bool trust_checksums;
	bool reflect;

	/* peers; servers and networks lie in the plan */
	struct flow_plan flows;
	uint8_t server_mac[LOAD_MAC_BYTES];
	bool server_mac_given;
	double ip6_percent; /* < 0: half of both kinds, or the one there is */

	/* queries */
	struct query_mix mix;
	uint16_t edns_sizes[LOAD_SIZES_MAX], types[LOAD_TYPES_MAX];
	struct config_zone *zones; /* what mix.zone_* point into */
	unsigned nzones;
	const char **zone_apexes, **zone_files;
	const char *zones_from;

	/* run */
	enum load_mode mode;
	bool search; /* --search was given */
	double rate; /* of all workers; 0: none given */
	unsigned window;
	double seconds, warmup, trial_seconds, precision_percent;
	double check_all_below;
	unsigned check_every, timeout_ms, wait_link;
	double max_loss_ppm;

	/* output */
	const char *json; /* a file; "-": standard output; NULL: none */
	bool quiet;
	bool help, version;
};

/* Defaults, then the words. With --help or --version nothing else is checked.
 * ERR_USAGE says what to write instead. */
int load_options_parse(
    struct load_options *o, int argc, char **argv, struct err *err);
void load_options_fini(struct load_options *o);
void load_options_help(void);

#endif
