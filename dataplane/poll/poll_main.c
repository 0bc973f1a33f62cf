/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfast-dataplane: options, configuration, and off to launch.c. Main thread.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/log.h"
#include "base/version.h"
#include "config/config.h"
#include "dataplane/poll/launch.h"
#include "snapshot/dataplane_protocol.h"
#include "snapshot/fault.h"

enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,    /* or --health says no */
	EXIT_BAD_USAGE = 2, /* options or configuration */
};

enum action { ACTION_RUN, ACTION_CHECK, ACTION_HEALTH };

struct options {
	const char *config;
	enum action action;
};

static const char usage[] =
    "Usage: holdfast-dataplane [OPTION]...\n"
    "Answers DNS over UDP from DPDK poll cores.\n"
    "\n"
    "  --config FILE  configuration (default " CONFIG_PATH_DEFAULT ")\n"
    "  --check        read the configuration, say what is wrong, and exit\n"
    "  --health       ask the running data plane whether this node should be\n"
    "                 announced; exit status 0: yes, 1: no\n"
    "  --version      print the version and exit\n"
    "  --help         print this and exit\n"
    "\n"
    "Exit status: 0 clean stop, 1 failure, 2 wrong options or configuration.\n";

/* -1: go on; else the exit status. */
static int
parse_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"check", no_argument, NULL, 'k'},
	    {"health", no_argument, NULL, 'a'},
	    {"version", no_argument, NULL, 'V'},
	    {"help", no_argument, NULL, 'h'},
	    {0},
	};
	int option;

	*o = (struct options){.config = CONFIG_PATH_DEFAULT};
	while ((option = getopt_long(argc, argv, "c:hV", known, NULL)) != -1)
		switch (option) {
		case 'c':
			o->config = optarg;
			break;
		case 'k':
			o->action = ACTION_CHECK;
			break;
		case 'a':
			o->action = ACTION_HEALTH;
			break;
		case 'V':
			puts("holdfast-dataplane " HOLDFAST_VERSION);
			return EXIT_DONE;
		case 'h':
			fputs(usage, stdout);
			return EXIT_DONE;
		default:
			fputs(usage, stderr);
			return EXIT_BAD_USAGE;
		}
	if (optind == argc)
		return -1;
	fprintf(stderr, "holdfast-dataplane: %s: no arguments expected\n",
	    argv[optind]);
	return EXIT_BAD_USAGE;
}

/* One exchange over the socket; a data plane that is not there is not healthy.
 */
static int
ask_health(const struct config *c)
{
	char path[512], answer[DATAPLANE_MESSAGE_MAX + 1];
	struct dataplane_message m;
	const char *healthy, *reason;
	struct err err;
	int fd, rc;

	snprintf(path, sizeof path, "%s/%s", c->run_dir, DATAPLANE_SOCKET_NAME);
	rc = dataplane_connect(&fd, path, &err);
	if (!rc)
		rc = dataplane_exchange(
		    fd, "health", answer, sizeof answer, 2000, &m, &err);
	if (rc) {
		printf("unhealthy no-answer (%s)\n", err.text);
		return EXIT_FAILED;
	}
	healthy = dataplane_field_find(&m, "healthy");
	reason = dataplane_field_find(&m, "reason");
	if (healthy && !strcmp(healthy, "yes")) {
		puts("healthy");
		return EXIT_DONE;
	}
	printf("unhealthy %s\n", reason ? reason : "unknown");
	return EXIT_FAILED;
}

static int
act(const struct options *o, const struct config *c)
{
	struct err err;

	switch (o->action) {
	case ACTION_CHECK:
		if (launch_check(c, &err) || launch_check_lists(c, &err)) {
			log_error("%s", err.text);
			return EXIT_BAD_USAGE;
		}
		printf("%s: the configuration is sound\n", o->config);
		return EXIT_DONE;
	case ACTION_HEALTH:
		return ask_health(c);
	case ACTION_RUN:
		break;
	}
	log_open("holdfast-dataplane",
	    (enum log_level)log_level_from_text(c->log_level));
	fault_set_from_environment();
	if (launch_run(c, &err)) {
		log_error("%s", err.text);
		return EXIT_FAILED;
	}
	log_info("stopped");
	return EXIT_DONE;
}

int
main(int argc, char **argv)
{
	struct options o;
	struct config *c = NULL;
	struct err err;
	int status;

	log_open("holdfast-dataplane", LOG_LEVEL_INFO);
	if (cpu_check(&err)) {
		log_error("%s", err.text);
		return EXIT_FAILED;
	}
	status = parse_options(argc, argv, &o);
	if (status >= 0)
		return status;
	if (config_load(&c, o.config, &err)) {
		log_error("%s", err.text);
		return EXIT_BAD_USAGE;
	}
	status = act(&o, c);
	config_free(&c);
	return status;
}
