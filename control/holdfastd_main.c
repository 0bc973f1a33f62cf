/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfastd, the control process: builds, proves and publishes snapshots. When
 * it dies, answers neither change nor stop.
 *
 *   holdfastd [--config FILE] [--check] [--version]
 *
 * Three threads: this one (signals, control socket), the worker (sources,
 * compiler, publication), and libmicrohttpd's (metrics). Zone files are read by
 * a process of their own (control/parser/), which this program is too, with an
 * argument that is not for people.
 */
#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/file.h"
#include "base/log.h"
#include "base/ready.h"
#include "base/version.h"
#include "control/api/control_socket.h"
#include "control/api/metrics.h"
#include "control/parser/parser.h"
#include "control/parser/parser_keeper.h"
#include "control/sandbox/holdfastd_confine.h"
#include "snapshot/fault.h"

enum { EXIT_USAGE = 2 };

struct program {
	const char *config_path;
	bool check;
	struct config *config;
	struct ev_loop *loop;
	struct control_status status;
	struct parser *parser;
	struct worker *worker;
	struct control_socket *socket;
	struct metrics *metrics;
	struct control_context context;
	struct ev_signal term, intr, hup;
	struct ev_child keeper;
	bool failed; /* this process ends because of it */
	/* what of the configuration outlives a reload */
	char *store_dir, *run_dir, *path, *group;
	struct config_address metrics_address;
	bool metrics_on;
};

static int
usage(void)
{
	fprintf(stderr,
	    "usage: holdfastd [--config FILE] [--check] [--version]\n"
	    "  --config FILE  default " CONFIG_PATH_DEFAULT "\n"
	    "  --check        reads the configuration, says what is wrong\n");
	return EXIT_USAGE;
}

static int
options(struct program *p, int argc, char **argv)
{
	p->config_path = CONFIG_PATH_DEFAULT;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
			p->config_path = argv[++i];
		else if (strcmp(argv[i], "--check") == 0)
			p->check = true;
		else if (strcmp(argv[i], "--version") == 0)
			return puts("holdfastd " HOLDFAST_VERSION), -1;
		else
			return usage();
	}
	return 0;
}

static void
loop_end(void *arg)
{
	struct program *p = arg;

	ev_break(p->loop, EVBREAK_ALL);
}

static void
signal_end(struct ev_loop *loop, struct ev_signal *s, int events)
{
	(void)loop;
	(void)events;
	log_info("signal %d: stopping; what is live stays live", s->signum);
	loop_end(s->data);
}

static void
reload_done(struct work *w)
{
	free(w);
}

static void
signal_reload(struct ev_loop *loop, struct ev_signal *s, int events)
{
	struct program *p = s->data;
	struct work *w = calloc(1, sizeof *w);

	(void)loop;
	(void)events;
	if (!w) {
		log_error("no memory for a reload");
		return;
	}
	w->kind = WORK_RELOAD;
	w->done = reload_done;
	worker_ask(p->worker, w);
}

/* Nothing could be read any more, and what would start another keeper is given
 * up. Whoever supervises this process starts it anew, as good as before. */
static void
keeper_ended(struct ev_loop *loop, struct ev_child *child, int events)
{
	struct program *p = child->data;

	(void)loop;
	(void)events;
	log_error("the keeper of the process that reads zone files has ended "
		  "(status %#x): stopping, to be started anew; what is live "
		  "stays live",
	    (unsigned)child->rstatus);
	p->failed = true;
	loop_end(p);
}

static void
keeper_watch(struct program *p)
{
	ev_child_init(
	    &p->keeper, keeper_ended, parser_keeper_pid(p->parser), 0);
	p->keeper.data = p;
	ev_child_start(p->loop, &p->keeper);
}

static int
config_keep(struct program *p, struct err *err)
{
	const struct config *c = p->config;

	p->store_dir = strdup(c->store_dir);
	p->run_dir = strdup(c->run_dir);
	p->path = strdup(c->path);
	p->group =
	    c->control.socket_group ? strdup(c->control.socket_group) : NULL;
	p->metrics_address = c->control.metrics;
	p->metrics_on = c->control.metrics_on;
	if (!p->store_dir || !p->run_dir || !p->path ||
	    (c->control.socket_group && !p->group))
		return err_set(err, ERR_NO_MEMORY, "no memory");
	p->context = (struct control_context){.status = &p->status,
	    .config_path = p->path,
	    .store_dir = p->store_dir,
	    .run_dir = p->run_dir,
	    .started_ms = clock_ms(CLOCK_MONOTONIC),
	    .stop = loop_end,
	    .stop_arg = p};
	return 0;
}

static void
signals_open(struct program *p)
{
	ev_signal_init(&p->term, signal_end, SIGTERM);
	ev_signal_init(&p->intr, signal_end, SIGINT);
	ev_signal_init(&p->hup, signal_reload, SIGHUP);
	p->term.data = p->intr.data = p->hup.data = p;
	ev_signal_start(p->loop, &p->term);
	ev_signal_start(p->loop, &p->intr);
	ev_signal_start(p->loop, &p->hup);
	signal(SIGPIPE, SIG_IGN);
}

static int
serve(struct program *p, struct err *err)
{
	int rc =
	    worker_start(&p->worker, &p->config, p->parser, &p->status, err);

	if (rc)
		return rc;
	keeper_watch(p);
	p->context.worker = p->worker;
	p->context.zones = worker_zones(p->worker);
	p->context.guards = worker_guards(p->worker);
	rc = control_socket_open(
	    &p->socket, p->loop, &p->context, p->group, err);
	if (rc == 0 && p->metrics_on)
		rc = metrics_open(
		    &p->metrics, &p->metrics_address, &p->context, err);
	if (rc == 0) {
		struct err not_told;

		if (ready_notify(&not_told) != 0)
			log_warn("%s", not_told.text);
		log_info("store %s, control socket %s/" CONTROL_SOCKET_NAME,
		    p->store_dir, p->run_dir);
		ev_run(p->loop, 0);
	}
	metrics_close(&p->metrics);
	/* its answers go out before the zones that they speak of go */
	worker_stop(p->worker);
	control_socket_close(&p->socket);
	worker_free(&p->worker);
	if (rc == 0 && p->failed)
		rc = err_set(err, ERR_UNAVAILABLE, "stopped");
	return rc;
}

/* The parser's keeper is the last program that is started. */
static int
rights_give_up(struct program *p, struct err *err)
{
	int rc = holdfastd_become_user(p->config, err);

	if (rc == 0)
		rc = parser_open(&p->parser, p->config, err);
	if (rc == 0)
		rc = holdfastd_confine(p->config, err);
	return rc;
}

static int
run(struct program *p, struct err *err)
{
	int rc = cpu_check(err);

	if (rc == 0)
		rc = config_load(&p->config, p->config_path, err);
	if (rc || p->check)
		return rc;
	log_open("holdfastd",
	    (enum log_level)log_level_from_text(p->config->log_level));
	p->loop = ev_default_loop(0);
	if (!p->loop)
		return err_set(err, ERR_IO, "no event loop");
	rc = config_keep(p, err);
	if (rc)
		return rc;
	control_status_init(&p->status);
	signals_open(p);
	rc = rights_give_up(p, err);
	if (rc == 0)
		rc = serve(p, err);
	parser_close(&p->parser);
	control_status_fini(&p->status);
	return rc;
}

int
main(int argc, char **argv)
{
	struct program p = {0};
	struct err err;
	int rc;

	if (argc == 2 && strcmp(argv[1], PARSER_KEEPER_ARGUMENT) == 0)
		return parser_keeper_main();
	fault_set_from_environment();
	rc = options(&p, argc, argv);
	if (rc)
		return rc < 0 ? 0 : rc;
	log_open("holdfastd", LOG_LEVEL_INFO);
	rc = run(&p, &err);
	if (rc)
		log_error("%s", err.text);
	else if (p.check)
		printf("%s: good\n", p.config_path);
	config_free(&p.config);
	free(p.store_dir);
	free(p.run_dir);
	free(p.path);
	free(p.group);
	if (p.loop)
		ev_loop_destroy(p.loop);
	return rc ? EXIT_FAILURE : 0;
}
