/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfast-load: options, queries, port, run, report. Main thread.
 */
#include <signal.h>
#include <stdio.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "base/cpu.h"
#include "base/log.h"
#include "base/version.h"
#include "tools/load/load_eal.h"
#include "tools/load/load_progress.h"
#include "tools/load/load_report.h"

static atomic_bool ending;

/* The first time, the trial ends early and is reported; the second time the
 * process ends. */
static void
end(int signal_number)
{
	atomic_store(&ending, true);
	signal(signal_number, SIG_DFL);
}

static void
catch_signals(void)
{
	struct sigaction action = {.sa_handler = end};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int
make_queries(struct load_options *o, struct query_set **set, struct err *err)
{
	struct load_progress p;
	int rc;

	progress_open(&p, o->quiet, 1000000, 1);
	o->mix.progress = progress_step;
	o->mix.arg = &p;
	rc = query_set_make(set, &o->mix, err);
	progress_wipe(&p);
	return rc;
}

static enum load_status
report(const struct load_run *r)
{
	const struct load_options *o = r->options;
	struct err err;

	if (!o->json || strcmp(o->json, "-") != 0)
		load_report_table(r, stdout);
	else if (!o->quiet)
		load_report_table(r, stderr);
	if (o->json && load_report_json(r, &err)) {
		log_error("%s", err.text);
		return LOAD_STATUS_TROUBLE;
	}
	return load_report_status(r);
}

/* EAL runs. */
static enum load_status
run_on_port(struct load_options *o, const struct query_set *set)
{
	enum load_status status = LOAD_STATUS_TROUBLE;
	static struct load_run run; /* large */
	struct load_port port;
	struct err err;
	int rc = load_port_open(&port, o, &err);

	run.options = o;
	run.set = set;
	run.port = &port;
	run.ending = &ending;
	if (!rc)
		rc = load_port_wait(&port, o, &ending, &err);
	if (!rc)
		rc = load_port_resolve(&port, o, &ending, &err);
	if (!rc)
		rc = load_run_open(&run, &err);
	if (!rc)
		rc = load_run_do(&run, &err);
	if (rc)
		log_error("%s", err.text);
	else
		status = report(&run);
	load_run_close(&run);
	load_port_close(&port);
	return status;
}

static enum load_status
run(struct load_options *o)
{
	enum load_status status = LOAD_STATUS_TROUBLE;
	struct query_set *set = NULL;
	struct err err;

	if (make_queries(o, &set, &err)) {
		log_error("%s", err.text);
		return err.code == ERR_NO_MEMORY ? LOAD_STATUS_TROUBLE
		                                 : LOAD_STATUS_USAGE;
	}
	catch_signals();
	if (load_eal_start(o, &err)) {
		log_error("%s", err.text);
	} else {
		status = run_on_port(o, set);
		rte_eal_cleanup();
	}
	query_set_free(&set);
	return status;
}

int
main(int argc, char **argv)
{
	static struct load_options o;
	enum load_status status = LOAD_STATUS_FINE;
	struct err err;

	log_open("holdfast-load", LOG_LEVEL_INFO);
	if (cpu_check(&err)) {
		log_error("%s", err.text);
		return LOAD_STATUS_TROUBLE;
	}
	if (load_options_parse(&o, argc, argv, &err)) {
		log_error("%s", err.text);
		status = LOAD_STATUS_USAGE;
	} else if (o.help) {
		load_options_help();
	} else if (o.version) {
		puts("holdfast-load " HOLDFAST_VERSION);
	} else {
		status = run(&o);
	}
	load_options_fini(&o);
	if (fflush(stdout) != 0) {
		fputs("holdfast-load: cannot write the output\n", stderr);
		status = LOAD_STATUS_TROUBLE;
	}
	return (int)status;
}
