/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What it costs that another process reads the zone files: the zones of a list
 * are read in this process and by way of a parser, in turn, and each round
 * prints a JSON line: seconds, and those of processors that this process and
 * the parser took. A round keeps its zones until all are read, as holdfastd
 * does, and includes the start of its parser.
 *
 *   bench_parser ZONES_LIST [ROUNDS [process|parser]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "control/parser/parser.h"
#include "control/parser/parser_keeper.h"

struct bench {
	struct config config;
	struct zone_records **zones;
	size_t read, records;
};

static void
die(const struct err *err)
{
	fprintf(stderr, "bench_parser: %s\n", err->text);
	exit(EXIT_FAILURE);
}

static double
cpu_s(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
zone_keep(struct bench *b, int rc, const struct err *err)
{
	if (rc)
		die(err);
	b->records += b->zones[b->read++]->count;
}

static void
read_here(struct bench *b)
{
	struct err err;

	for (unsigned i = 0; i < b->config.nzones; i++) {
		const struct config_zone *c = &b->config.zones[i];
		struct zonefile_stamp stamp;
		struct zonefile_options o = {.stamp = &stamp};

		zone_keep(b,
		    zonefile_load(
			&b->zones[b->read], c->file, c->apex, &o, &err),
		    &err);
		zonefile_stamp_fini(&stamp);
	}
}

static void
take(struct bench *b, struct parser *p)
{
	struct zonefile_stamp stamp;
	struct zonefile_options o = {.stamp = &stamp};
	struct err err;

	zone_keep(b, parser_take(p, &b->zones[b->read], &o, &err), &err);
	zonefile_stamp_fini(&stamp);
}

static void
read_there(struct bench *b)
{
	struct parser *p;
	struct err err;

	if (parser_open(&p, &b->config, &err) != 0)
		die(&err);
	for (unsigned i = 0; i < b->config.nzones; i++) {
		const struct config_zone *c = &b->config.zones[i];

		while (!parser_has_room(p))
			take(b, p);
		if (parser_ask(p, c->file, c->apex, 0, &err) != 0)
			die(&err);
	}
	while (b->read < b->config.nzones)
		take(b, p);
	parser_close(&p);
}

static void
measure(struct bench *b, const char *where, void (*run)(struct bench *b))
{
	double self = cpu_s(RUSAGE_SELF), other = cpu_s(RUSAGE_CHILDREN);
	uint64_t start = clock_ns(CLOCK_MONOTONIC), end;

	b->read = b->records = 0;
	run(b);
	end = clock_ns(CLOCK_MONOTONIC);
	printf("{\"where\": \"%s\", \"zones\": %zu, \"records\": %zu, "
	       "\"seconds\": %.3f, \"cpu_here\": %.3f, \"cpu_parser\": %.3f}\n",
	    where, b->read, b->records, (double)(end - start) / 1e9,
	    cpu_s(RUSAGE_SELF) - self, cpu_s(RUSAGE_CHILDREN) - other);
	fflush(stdout);
	for (size_t i = 0; i < b->read; i++)
		zone_records_free(b->zones[i]);
}

int
main(int argc, char **argv)
{
	struct bench b = {.config.control = {.sandbox = true,
			      .parser_memory_mib = 4096,
			      .parser_seconds = 120}};
	int rounds = argc > 2 ? atoi(argv[2]) : 3;
	struct err err;

	if (argc == 2 && strcmp(argv[1], PARSER_KEEPER_ARGUMENT) == 0)
		return parser_keeper_main();
	if (argc < 2) {
		fprintf(stderr,
		    "bench_parser ZONES_LIST [ROUNDS [process|parser]]\n");
		return EXIT_FAILURE;
	}
	if (config_zone_list_load(
		&b.config.zones, &b.config.nzones, argv[1], "/", &err) != 0)
		die(&err);
	b.zones = calloc(b.config.nzones, sizeof(struct zone_records *));
	if (!b.zones)
		return EXIT_FAILURE;
	for (int i = 0; i < rounds; i++) {
		if (argc < 4 || strcmp(argv[3], "process") == 0)
			measure(&b, "process", read_here);
		if (argc < 4 || strcmp(argv[3], "parser") == 0)
			measure(&b, "parser", read_there);
	}
	free(b.zones);
	config_zones_free(&b.config.zones, b.config.nzones);
	return 0;
}
