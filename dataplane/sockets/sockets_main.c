/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfast-sockets: starts the workers, then follows the generations in the
 * main thread until it is told to stop. All that the workers use is made before
 * they start and freed after they have ended.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/log.h"
#include "base/version.h"
#include "config/cookie_file.h"
#include "dataplane/answer/cookie.h"
#include "dataplane/limit/limits.h"
#include "dataplane/sockets/follow.h"
#include "dataplane/sockets/listen.h"
#include "dataplane/sockets/socket_worker.h"
#include "dataplane/sockets/sockets_cage.h"
#include "dataplane/sockets/sockets_options.h"
#include "dataplane/sockets/udp.h"
#include "snapshot/dataplane_protocol.h"
#include "snapshot/fault.h"

enum {
	MEMORY_TCP_BYTES = 64 << 20, /* held by all TCP connections together */
	SECRETS_LOOK_MS = 1000,
	KEEPALIVE_UNIT_MS = 100, /* RFC 7828 section 3.1 */
};

/* An init ladder: what exists is freed from the last to the first. */
struct program {
	struct sockets_options options;
	struct service service;
	struct sockets_counters *counters;
	struct store *store;
	struct follow *follow;
	struct cookie_watch cookies;
	struct cookie_secrets *secrets; /* what the service has */
	uint64_t secrets_looked_ms;
	struct worker *workers[GRACE_READERS_MAX];
	unsigned nworkers;
	int signal_fd;
	char *limited_path, *samples_path;
	uint64_t looked_ms; /* at the quarantine */
};

/* Connections, listeners, and what the libraries need. */
static void
files_raise(const struct sockets_options *o)
{
	rlim_t want = o->tcp_clients + 4ul * o->nlisten * o->threads + 256;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= want)
		return;
	limit.rlim_cur = limit.rlim_max < want ? limit.rlim_max : want;
	if (setrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur < want)
		log_warn("at most %lu open files are allowed: fewer than "
			 "sockets: tcp_clients: %u needs; raise LimitNOFILE",
		    (unsigned long)limit.rlim_cur, o->tcp_clients);
}

static int
store_find(struct store **out, const char *dir, struct err *err)
{
	int rc = store_open(out, dir, STORE_READ_ONLY, err);

	if (rc == ERR_NOT_FOUND)
		return err_set(err, rc,
		    "%s: no store there; make one with: holdfast compile "
		    "--store %s --zone NAME=FILE",
		    dir, dir);
	return rc;
}

static int
counters_make(struct program *p, struct err *err)
{
	const struct sockets_options *o = &p->options;
	int rc =
	    sockets_counters_new(&p->counters, o->run_dir, o->threads, err);

	if (rc && o->run_dir)
		err_add(err,
		    "run directory %s (make it, let this user write to it, or "
		    "name another with --run)",
		    o->run_dir);
	return rc;
}

static int
listeners_probe(const struct sockets_options *o, struct err *err)
{
	int rc = 0;

	for (unsigned i = 0; i < o->nlisten && !rc; i++) {
		rc = listen_probe(&o->listen[i], LISTEN_UDP, err);
		if (!rc)
			rc = listen_probe(&o->listen[i], LISTEN_TCP, err);
	}
	return rc;
}

/* A list that is bad stops no answers: those before stay, none at first. */
static bool
prefixes_read(struct service *s)
{
	struct prefix_set *set, *old;
	struct err err;

	if (limits_prefixes(&set, &s->udp_limits, &err)) {
		log_error("%s; the prefixes stay as they were, or none until "
			  "SIGHUP",
		    err.text);
		return false;
	}
	old = (struct prefix_set *)atomic_exchange(&s->prefixes, set);
	grace_settle(&s->grace);
	prefix_set_free(&old);
	return true;
}

static int
limited_make(struct program *p, struct err *err)
{
	char text[GRACE_READERS_MAX][sizeof "thread 4294967295"];
	const char *labels[GRACE_READERS_MAX];
	const struct sockets_options *o = &p->options;

	if (o->run_dir == NULL || !limits_are_on(&p->service.udp_limits))
		return 0;
	for (unsigned i = 0; i < o->threads; i++) {
		snprintf(text[i], sizeof text[i], "thread %u", i);
		labels[i] = text[i];
	}
	if (asprintf(&p->limited_path, "%s/%s", o->run_dir,
		SOCKETS_LIMITED_NAME) < 0)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	return limited_create(
	    &p->service.limited, p->limited_path, labels, o->threads, err);
}

static int
samples_make(struct program *p, struct err *err)
{
	const struct sockets_options *o = &p->options;
	unsigned per_second = o->config->answer.samples_per_second;

	if (o->run_dir == NULL || per_second == 0)
		return 0;
	if (asprintf(&p->samples_path, "%s/%s", o->run_dir,
		SOCKETS_SAMPLES_NAME) < 0)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	p->service.samples_per_second = per_second;
	return sample_ring_create(&p->service.samples, p->samples_path,
	    o->threads, per_second, VERDICT_COUNT, err);
}

/* The workers' secrets from now on. */
static void
secrets_swap(struct program *p, const struct cookie_file *f)
{
	struct cookie_secrets *next = malloc(sizeof *next), *old = p->secrets;

	if (next == NULL) {
		log_error("out of memory: cookie secrets stay as they are");
		return;
	}
	cookie_secrets_set(next, (const void *)f->secrets, f->count);
	(void)atomic_exchange(&p->service.secrets, next);
	grace_settle(&p->service.grace);
	free(old);
	p->secrets = next;
	log_info("cookies: secret %08x makes them, %u %s accepted",
	    cookie_secret_mark(next, 0), next->count,
	    next->count == 1 ? "is" : "are");
}

/* A file that can't be used changes nothing. */
static void
secrets_look(struct program *p)
{
	uint64_t now = clock_ms(CLOCK_MONOTONIC);
	struct cookie_file f;
	struct err err;
	int rc;

	if (!p->options.cookie_path ||
	    (p->cookies.looked && now - p->secrets_looked_ms < SECRETS_LOOK_MS))
		return;
	p->secrets_looked_ms = now;
	rc = cookie_watch_look(&p->cookies, p->options.cookie_path, &f, &err);
	if (rc < 0)
		log_error("%s; %s", err.text,
		    p->secrets ? "the secrets from before stay in use"
			       : "cookies are off until it is there");
	if (rc > 0)
		secrets_swap(p, &f);
	explicit_bzero(&f, sizeof f);
}

/* Without a file of secrets: one of our own. */
static int
secrets_make(struct program *p, struct err *err)
{
	struct cookie_file f = {.count = 1};
	int rc;

	if (!p->options.cookies || p->options.cookie_path)
		return 0;
	rc = cookie_secret_random(f.secrets[0], err);
	if (!rc)
		secrets_swap(p, &f);
	explicit_bzero(&f, sizeof f);
	return rc;
}

/* At least one unit: 0 would tell clients to close at once. */
static uint16_t
keepalive_of(unsigned idle_ms)
{
	unsigned units = idle_ms / KEEPALIVE_UNIT_MS;

	return (uint16_t)(units > UINT16_MAX ? UINT16_MAX : units ? units : 1);
}

static int
guard_make(struct service *s, const struct sockets_options *o, struct err *err)
{
	const struct guard_options g = {
	    .program = "holdfast-sockets",
	    .store_dir = o->store_dir,
	    .expiry_s = o->quarantine_s,
	    .threads = o->threads,
	    .burst_queries = UDP_BURST,
	    .query_bytes = DNS_MESSAGE_MAX,
	};

	return guard_new(&s->guard, &g, err);
}

static int
service_make(struct program *p, struct err *err)
{
	static const struct live nothing;
	const struct sockets_options *o = &p->options;
	struct service *s = &p->service;
	int rc;

	s->answer = o->answer;
	s->answer_denied = (struct answer_config){.udp_max = o->answer.udp_max};
	s->limits = (struct tcp_limits){
	    .clients = o->tcp_clients,
	    .per_client = o->tcp_per_client,
	    .idle_ms = o->tcp_idle_ms,
	    .query_ms = o->tcp_query_ms,
	    .pipeline = o->tcp_pipeline,
	    .keepalive = keepalive_of(o->tcp_idle_ms),
	    .memory = MEMORY_TCP_BYTES / o->threads,
	};
	grace_init(&s->grace, o->threads, &nothing);
	rc = limits_from_config(&s->udp_limits, &o->config->limits, err);
	if (!rc)
		rc = limited_make(p, err);
	if (!rc)
		rc = samples_make(p, err);
	if (!rc)
		rc = guard_make(s, o, err);
	if (rc)
		return rc;
	(void)prefixes_read(s); /* without them, then */
	return tcp_clients_new(
	    &s->clients, o->tcp_clients, o->tcp_per_client, err);
}

static int
workers_make(struct program *p, struct err *err)
{
	const struct sockets_options *o = &p->options;
	int rc = listeners_probe(o, err);

	for (unsigned i = 0; i < o->threads && !rc; i++) {
		rc = worker_new(&p->workers[i], &p->service, i, o->listen,
		    o->nlisten, sockets_counters_block(p->counters, i), err);
		p->nworkers += !rc;
	}
	return rc;
}

/* Signals become readable; workers inherit the mask. */
static int
signals_catch(struct program *p, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	p->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	return p->signal_fd < 0 ? err_set_errno(err, "signalfd") : 0;
}

static int
program_make(struct program *p, struct err *err)
{
	const struct sockets_options *o = &p->options;
	int rc;

	files_raise(o);
	rc = signals_catch(p, err);
	if (!rc)
		rc = store_find(&p->store, o->store_dir, err);
	if (!rc)
		rc = counters_make(p, err);
	if (!rc)
		rc = service_make(p, err);
	if (!rc)
		rc = secrets_make(p, err);
	if (!rc)
		rc = workers_make(p, err);
	if (!rc)
		rc = follow_new(&p->follow, &p->store, o->run_dir,
		    &p->service.grace,
		    sockets_counters_block(p->counters, o->threads), err);
	return rc;
}

static void
service_limits_free(struct program *p)
{
	struct prefix_set *set =
	    (struct prefix_set *)atomic_load(&p->service.prefixes);

	prefix_set_free(&set);
	if (p->service.limited) {
		counters_close(&p->service.limited);
		unlink(p->limited_path);
	}
	free(p->limited_path);
	if (p->service.samples) {
		sample_ring_close(&p->service.samples);
		unlink(p->samples_path);
	}
	free(p->samples_path);
}

static void
program_free(struct program *p)
{
	for (unsigned i = 0; i < p->nworkers; i++)
		worker_stop(p->workers[i]);
	for (unsigned i = 0; i < p->nworkers; i++)
		worker_free(&p->workers[i]);
	follow_free(&p->follow);
	free(p->secrets);
	tcp_clients_free(&p->service.clients);
	service_limits_free(p);
	guard_free(&p->service.guard);
	sockets_counters_free(&p->counters);
	if (p->store)
		store_close(&p->store);
	if (p->signal_fd >= 0)
		close(p->signal_fd);
	sockets_options_fini(&p->options);
}

/* True when it says stop; SIGHUP says that the lists of prefixes are others. */
static bool
signal_take(struct program *p)
{
	struct signalfd_siginfo info;

	if (read(p->signal_fd, &info, sizeof info) != (ssize_t)sizeof info)
		return false;
	if (info.ssi_signo != SIGHUP)
		return true;
	if (prefixes_read(&p->service))
		log_info("SIGHUP: prefixes read again");
	return false;
}

/* Once a second. */
static void
quarantine_look(struct program *p)
{
	uint64_t now = clock_ms(CLOCK_MONOTONIC);

	if (now - p->looked_ms < 1000)
		return;
	p->looked_ms = now;
	sockets_cage_try();
	atomic_store(&sockets_counters_block(
			 p->counters, p->options.threads)[COUNT_QUARANTINED],
	    guard_look(p->service.guard));
}

/* The user owns what it will remove. */
static int
give_up_privileges(struct program *p, struct err *err)
{
	const struct sockets_options *o = &p->options;
	char counters[4096], crash[4096];
	const char *const files[] = {
	    crash, o->run_dir ? counters : NULL, p->limited_path, NULL};

	snprintf(crash, sizeof crash, "%s/crash", o->store_dir);
	snprintf(counters, sizeof counters, "%s/%s",
	    o->run_dir ? o->run_dir : "", SOCKETS_COUNTERS_NAME);
	return sockets_cage_enter(o, files, err);
}

/* The first look is before the workers start: the first query is answered from
 * what there is. */
static int
program_run(struct program *p, struct err *err)
{
	struct pollfd fds[2] = {
	    {.fd = p->signal_fd, .events = POLLIN},
	    {.fd = follow_fd(p->follow), .events = POLLIN},
	};
	int wait_ms = follow_tick(p->follow), rc = 0;
	char text[64];

	guard_replay(p->service.guard, follow_store_find(p->follow),
	    follow_stable_find(p->follow), &p->service.answer);
	guard_arm(p->service.guard);
	secrets_look(p);
	rc = give_up_privileges(p, err);
	for (unsigned i = 0; i < p->nworkers && !rc; i++)
		rc = worker_start(p->workers[i], err);
	if (rc)
		return rc;
	for (unsigned i = 0; i < p->options.nlisten; i++)
		log_info("answering on %s",
		    config_address_text(text, &p->options.listen[i]));
	while (poll(fds, 2, wait_ms) >= 0 || errno == EINTR) {
		if (fds[0].revents && signal_take(p))
			break;
		wait_ms = follow_tick(p->follow);
		quarantine_look(p);
		secrets_look(p);
	}
	log_info("stopping");
	return 0;
}

static int
serve(struct program *p)
{
	struct err err;
	int level = p->options.log_level
	                ? log_level_from_text(p->options.log_level)
	                : LOG_LEVEL_INFO;
	int rc;

	log_open("holdfast-sockets", level < 0 ? LOG_LEVEL_INFO : level);
	fault_set_from_environment();
	rc = program_make(p, &err);
	if (!rc)
		rc = program_run(p, &err);
	if (rc)
		log_error("%s", err.text);
	return rc ? 1 : 0;
}

int
main(int argc, char **argv)
{
	static struct program program = {.signal_fd = -1};
	struct err err;
	int status = 0;

	if (sockets_options_parse(&program.options, argc, argv, &err)) {
		fprintf(stderr, "holdfast-sockets: %s\n", err.text);
		status = err.code == ERR_NO_MEMORY ? 1 : 2;
	} else if (program.options.action == SOCKETS_HELP) {
		sockets_options_help(stdout);
	} else if (program.options.action == SOCKETS_VERSION) {
		puts("holdfast-sockets " HOLDFAST_VERSION);
	} else if (program.options.action == SOCKETS_CHECK) {
		puts("holdfast-sockets: configuration and command line are "
		     "good");
	} else if (cpu_check(&err)) {
		fprintf(stderr, "holdfast-sockets: %s\n", err.text);
		status = 1;
	} else {
		status = serve(&program);
	}
	program_free(&program);
	return status;
}
