/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The ladder from a configuration to running cores, and down again; see
 * launch.h. Main thread; all memory that the poll cores use is taken here,
 * before they start.
 *
 *   signals -> store and lock -> EAL -> ports -> cores -> page, counters,
 *   socket, exception ports -> generation -> ports on, cores running
 */
#include "dataplane/poll/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#include "base/cache_line.h"
#include "base/file.h"
#include "base/log.h"
#include "dataplane/poll/answer_options.h"
#include "dataplane/poll/eal.h"
#include "dataplane/poll/management.h"
#include "dataplane/poll/poll_cage.h"

enum {
	/* A killed predecessor's lock goes when the kernel has taken its
	 * memory back. */
	LOCK_WAIT_MS = 2000,
	LOCK_TRY_MS = 20,
	GUARD_QUERY_BYTES = 10240,            /* more than the largest MTU */
	LAUNCH_CORES_MAX = RTE_MAX_LCORE - 1, /* and the main one */
};

_Static_assert((int)LAUNCH_CORES_MAX <= (int)HEALTH_CORES_MAX, "one array");

/* Three parts, each away from the others' cache lines. */
struct launch {
	/* Written by the management thread as it runs. */
	struct management management;
	struct kernel_port kernel_ports[CONFIG_PORTS_MAX];
	/* Read by cores in every turn, written at start and stop. */
	_Alignas(CORE_ALIGN) struct port ports[CONFIG_PORTS_MAX];
	atomic_bool stop;
	const struct config *config;
	struct core *cores; /* in DPDK's memory */
	struct answer_config answer;
	struct poll_cage cage;
	char *counters_path, *page_path, *health_path, *socket_path;
	char *limited_path, *samples_path;
	char *cookie_path;
	struct sample_ring *samples; /* NULL: nothing is sampled */
	char labels[HEALTH_CORES_MAX][COUNTERS_NAME_MAX];
	void *accounts[HEALTH_CORES_MAX]; /* of the cores' limiters */
	/* Each written by its core. */
	struct exception_queue queues[HEALTH_CORES_MAX];
};

/* Signals come to whichever thread, and before the loop runs there is nobody
 * to tell: a virtio-user server may wait for its peer in EAL for ever. */
static atomic_int stop_event = -1;
static atomic_bool is_running;

static void
on_signal(int number)
{
	uint64_t one = 1;
	int saved = errno;

	(void)number;
	if (!atomic_load(&is_running))
		_exit(0);
	if (write(atomic_load(&stop_event), &one, sizeof one) < 0)
		_exit(1); /* cannot happen: the counter is 64 bits */
	errno = saved;
}

static int
open_signals(struct launch *l, struct err *err)
{
	struct sigaction stop = {
	    .sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	l->management.signals = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->management.signals < 0)
		return err_set_errno(err, "eventfd");
	atomic_store(&stop_event, l->management.signals);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGHUP, &ignore, NULL);
	return 0;
}

static int
make_paths(struct launch *l, struct err *err)
{
	const char *run = l->config->run_dir;

	if (asprintf(&l->counters_path, "%s/%s", run, DATAPLANE_COUNTERS_NAME) <
		0 ||
	    asprintf(&l->page_path, "%s/%s", run, DATAPLANE_PAGE_NAME) < 0 ||
	    asprintf(&l->health_path, "%s/%s", run, DATAPLANE_HEALTH_NAME) <
		0 ||
	    asprintf(&l->socket_path, "%s/%s", run, DATAPLANE_SOCKET_NAME) <
		0 ||
	    asprintf(&l->limited_path, "%s/%s", run, DATAPLANE_LIMITED_NAME) <
		0 ||
	    asprintf(&l->samples_path, "%s/%s", run, DATAPLANE_SAMPLES_NAME) <
		0)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	l->management.health_path = l->health_path;
	if (l->config->answer.cookies != COOKIES_OFF) {
		l->cookie_path = cookie_file_path(
		    l->config->answer.cookie_secret_file, l->config->store_dir);
		if (!l->cookie_path)
			return err_set(err, ERR_NO_MEMORY, "out of memory");
	}
	l->management.cookies.path = l->cookie_path;
	return file_make_directories(run, 0755, err);
}

/* What can't be written is served nevertheless; nothing can be committed then,
 * and there is nothing to lock. */
static bool
store_is_fixed(const char *dir)
{
	if (faccessat(AT_FDCWD, dir, W_OK, AT_EACCESS) == 0 ||
	    (errno != EROFS && errno != EACCES))
		return false;
	log_error("%s cannot be written (%s): what is there is served, nothing "
		  "can be committed",
	    dir, strerror(errno));
	return true;
}

static int
open_store(struct launch *l, struct err *err)
{
	struct timespec pause = {.tv_nsec = LOCK_TRY_MS * 1000000L};
	const char *dir = l->config->store_dir;
	struct store **s = &l->management.store;
	bool fixed = store_is_fixed(dir);
	int rc = store_open(s, dir, fixed ? STORE_READ_ONLY : 0, err);

	if (rc == 0 && fixed)
		return 0;
	if (rc == ERR_NOT_FOUND) { /* started before control, say */
		rc = store_create(dir, err);
		if (!rc)
			rc = store_open(s, dir, 0, err);
	}
	if (rc)
		return rc;
	for (int ms = 0; ms < LOCK_WAIT_MS; ms += LOCK_TRY_MS) {
		rc = store_lock(*s, STORE_LOCK_COMMIT, err);
		if (rc != ERR_BUSY)
			return rc;
		nanosleep(&pause, NULL);
	}
	return err_add(err,
	    "is another data plane or an offline compile using this store?");
}

static int
open_ports(struct launch *l, struct err *err)
{
	const struct config_dataplane *c = &l->config->dataplane;
	struct management *m = &l->management;
	int rc = 0;

	for (unsigned p = 0; p < c->nports && !rc; p++) {
		l->ports[p].id = UINT16_MAX;
		kernel_port_init(&l->kernel_ports[p]);
		rc = port_open(
		    &l->ports[p], &c->ports[p], c->mbufs, &l->answer, err);
		m->nports++; /* opened in part is closed too */
	}
	return rc;
}

/* A name for people: the CPU and the port. */
static void
label_core(
    struct launch *l, unsigned i, const struct config_port *port, unsigned cpu)
{
	snprintf(l->labels[i], sizeof l->labels[i], "core %u port %.40s", cpu,
	    port->name);
}

/* The accounts of a core, near it; its share is one of its port's cores. */
static int
make_limiter(
    struct launch *l, unsigned i, const struct port *port, struct err *err)
{
	const struct limits *limits = &l->management.limits;
	size_t bytes = limiter_bytes(limits);

	if (bytes == 0) {
		limiter_init(&l->cores[i].limiter, limits, NULL, 1, 1);
		return 0;
	}
	l->accounts[i] =
	    rte_zmalloc_socket("accounts", bytes, CORE_ALIGN, port->numa_node);
	if (!l->accounts[i])
		return err_set(err, ERR_NO_MEMORY,
		    "no memory for the limits' accounts, %zu octets a core; "
		    "raise dataplane.memory_mib or lower limits.accounts",
		    bytes);
	limiter_init(&l->cores[i].limiter, limits, l->accounts[i],
	    port->config->ncores, rte_get_tsc_hz());
	return 0;
}

static int
make_core(struct launch *l, unsigned i, struct port *port, unsigned queue,
    struct err *err)
{
	struct core *c = &l->cores[i];

	*c = (struct core){
	    .port = port,
	    .live = l->management.live,
	    .batch = answer_batch_new(),
	    .stop = &l->stop,
	    .cage = &l->cage,
	    .queue = (uint16_t)queue,
	    .lcore = (uint16_t)(EAL_LCORE_FIRST_WORKER + i),
	    .reader = i,
	};
	label_core(l, i, port->config, port->config->cores[queue]);
	if (!c->batch)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	return make_limiter(l, i, port, err);
}

static int
make_cores(struct launch *l, struct err *err)
{
	struct management *m = &l->management;
	unsigned n = 0;
	int rc;

	for (unsigned p = 0; p < m->nports; p++)
		n += l->ports[p].config->ncores;
	rc = live_new(&m->live, n, err);
	if (rc)
		return rc;
	l->cores = rte_zmalloc("cores", n * sizeof *l->cores, CORE_ALIGN);
	if (!l->cores)
		return err_set(err, ERR_NO_MEMORY,
		    "no memory for %u cores; raise dataplane.memory_mib", n);
	m->cores = l->cores;
	for (unsigned p = 0; p < m->nports && !rc; p++)
		for (unsigned q = 0; q < l->ports[p].config->ncores && !rc;
		     q++) {
			rc = make_core(l, m->ncores, &l->ports[p], q, err);
			m->ncores++;
		}
	return rc;
}

static int
open_counters(struct launch *l, struct err *err)
{
	const char *labels[HEALTH_CORES_MAX], *names[CONFIG_PORTS_MAX];
	struct management *m = &l->management;
	int rc;

	for (unsigned i = 0; i < m->ncores; i++)
		labels[i] = l->labels[i];
	for (unsigned p = 0; p < m->nports; p++)
		names[p] = l->ports[p].config->name;
	rc = core_counters_create(&m->counters, l->counters_path, labels,
	    m->ncores, names, m->nports, err);
	for (unsigned i = 0; i < m->ncores && !rc; i++)
		m->cores[i].counters = counters_block(m->counters, i);
	return rc;
}

/* Where the cores say which prefixes they limit most. */
static int
open_limited(struct launch *l, struct err *err)
{
	const char *labels[HEALTH_CORES_MAX];
	struct management *m = &l->management;
	int rc;

	if (!limits_are_on(&m->limits))
		return 0;
	for (unsigned i = 0; i < m->ncores; i++)
		labels[i] = l->labels[i];
	rc = limited_create(
	    &m->limited, l->limited_path, labels, m->ncores, err);
	for (unsigned i = 0; i < m->ncores && !rc; i++)
		m->cores[i].limiter.top.values = counters_block(m->limited, i);
	return rc;
}

/* Where the cores put samples of what is asked. */
static int
open_samples(struct launch *l, struct err *err)
{
	unsigned per_second = l->config->answer.samples_per_second;
	struct management *m = &l->management;
	int rc;

	if (per_second == 0)
		return 0;
	rc = sample_ring_create(&l->samples, l->samples_path, m->ncores,
	    per_second, VERDICT_COUNT, err);
	for (unsigned i = 0; i < m->ncores && !rc; i++)
		sampler_init(&m->cores[i].sampler, l->samples, i, per_second,
		    rte_get_tsc_hz(), rte_rdtsc());
	return rc;
}

/* A list that is bad stops no answers: not those that run, and not those of a
 * restart. Then there is none. */
static void
publish_prefixes(struct management *m)
{
	struct prefix_set *set = NULL;
	struct err err;
	int rc = limits_prefixes(&set, &m->limits, &err);

	if (!rc)
		rc = live_publish_prefixes(m->live, &set, &err);
	if (rc)
		log_error("%s; nobody is denied or exempt until `holdfast "
			  "limits reload` reads the lists again",
		    err.text);
	prefix_set_free(&set);
}

static int
open_kernel_ports(struct launch *l, struct err *err)
{
	struct management *m = &l->management;
	unsigned first = 0;
	int rc = 0;

	for (unsigned p = 0; p < m->nports && !rc; p++) {
		const struct config_port *c = l->ports[p].config;

		if (c->exception) {
			rc = kernel_port_open(&l->kernel_ports[p], &l->ports[p],
			    &l->queues[first], first,
			    counters_block(m->counters, m->ncores + m->nports),
			    err);
			for (unsigned i = 0; i < c->ncores; i++)
				l->cores[first + i].exception =
				    &l->queues[first + i];
		}
		first += c->ncores;
	}
	return rc;
}

/* Queries in hand are at most a burst of what a receive buffer holds. */
static int
make_guard(struct launch *l, struct err *err)
{
	struct management *m = &l->management;
	const struct guard_options o = {
	    .program = "holdfast-dataplane",
	    .store_dir = l->config->store_dir,
	    .expiry_s = l->config->answer.quarantine_s,
	    .threads = m->ncores,
	    .burst_queries = BURST_MAX,
	    .query_bytes = GUARD_QUERY_BYTES,
	};
	int rc = guard_new(&m->guard, &o, err);

	for (unsigned i = 0; i < m->ncores && !rc; i++) {
		m->cores[i].log = guard_log_find(m->guard, i);
		m->cores[i].quarantine = guard_quarantine_find(m->guard);
	}
	return rc;
}

static void
set_up_activation(struct launch *l)
{
	struct management *m = &l->management;

	m->activation = (struct activation){
	    .store = m->store,
	    .live = m->live,
	    .page = m->page,
	    .protected_names = l->config->dataplane.protected_names,
	    .huge_pages = strcmp(l->config->dataplane.huge_pages, "off") != 0,
	    .progress = management_progress,
	    .progress_arg = m,
	    .now_ms = management_now_ms,
	};
}

/* The user owns what it will write anew or remove. */
static int
give_up_privileges(struct launch *l, struct err *err)
{
	char crash[4096];
	const char *const files[] = {l->counters_path, l->page_path,
	    l->health_path, l->socket_path, l->limited_path, crash, NULL};

	snprintf(crash, sizeof crash, "%s/crash", l->config->store_dir);
	return poll_cage_open(&l->cage, files, err);
}

static int
start_cores(struct launch *l, struct err *err)
{
	struct management *m = &l->management;
	int rc = 0;

	for (unsigned p = 0; p < m->nports && !rc; p++)
		rc = port_start(&l->ports[p], err);
	if (!rc)
		rc = give_up_privileges(l, err);
	for (unsigned i = 0; i < m->ncores && !rc; i++)
		if (rte_eal_remote_launch(
			burst_loop, &l->cores[i], l->cores[i].lcore))
			rc = err_set(err, ERR_IO, "lcore %u does not start",
			    l->cores[i].lcore);
	if (!rc)
		poll_cage_enter(&l->cage, m->ncores);
	return rc;
}

static void
stop_cores(struct launch *l)
{
	atomic_store(&l->stop, true);
	rte_eal_mp_wait_lcore();
}

/* Everything that needs DPDK, from ports to a clean stop. */
static int
run_on_eal(struct launch *l, struct err *err)
{
	struct management *m = &l->management;
	int rc = open_ports(l, err);

	if (rc)
		goto close_ports;
	rc = make_cores(l, err);
	if (rc)
		goto free_cores;
	rc = open_counters(l, err);
	if (rc)
		goto free_cores;
	rc = open_limited(l, err);
	if (rc)
		goto close_counters;
	rc = open_samples(l, err);
	if (rc)
		goto close_counters;
	rc = page_create(&m->page, l->page_path, err);
	if (rc)
		goto close_counters;
	rc = open_kernel_ports(l, err);
	if (rc)
		goto close_kernel_ports;
	rc = make_guard(l, err);
	if (rc)
		goto close_kernel_ports;
	set_up_activation(l);
	publish_prefixes(m);
	management_init(m);
	management_boot(m);
	guard_replay(m->guard, m->store, m->activation.stable, &l->answer);
	guard_arm(m->guard);
	atomic_store(&is_running, true);
	rc = start_cores(l, err);
	if (!rc)
		management_run(m);
	stop_cores(l);
	activation_fini(&m->activation);
	unlink(l->health_path);
close_kernel_ports:
	guard_free(&m->guard);
	for (unsigned p = 0; p < m->nports; p++)
		kernel_port_close(&l->kernel_ports[p]);
	page_close(&m->page);
	unlink(l->page_path);
close_counters:
	counters_close(&m->counters);
	unlink(l->counters_path);
	if (m->limited)
		counters_close(&m->limited);
	unlink(l->limited_path);
	sample_ring_close(&l->samples);
	unlink(l->samples_path);
free_cores:
	for (unsigned i = 0; i < m->ncores; i++) {
		answer_batch_free(m->cores[i].batch);
		rte_free(l->accounts[i]);
	}
	rte_free(l->cores);
	live_free(&m->live);
close_ports:
	for (unsigned p = 0; p < m->nports; p++)
		port_close(&l->ports[p]);
	return rc;
}

static void
launch_free(struct launch *l)
{
	free(l->counters_path);
	free(l->page_path);
	free(l->health_path);
	free(l->socket_path);
	free(l->limited_path);
	free(l->samples_path);
	free(l->cookie_path);
	free(l);
}

int
launch_check(const struct config *c, struct err *err)
{
	static struct eal_words words; /* large */
	struct answer_config answer;
	unsigned cores = 0;
	int rc;

	if (c->dataplane.nports == 0)
		return err_set(err, ERR_USAGE,
		    "%s: dataplane has no ports; name one, with its device, "
		    "cores and addresses",
		    c->path ? c->path : "configuration");
	for (unsigned p = 0; p < c->dataplane.nports; p++)
		cores += c->dataplane.ports[p].ncores;
	if (cores > LAUNCH_CORES_MAX)
		return err_set(err, ERR_LIMIT,
		    "%s: %u cores in all ports; at most %d", c->path, cores,
		    LAUNCH_CORES_MAX);
	rc = answer_options_take(&answer, &c->answer, err);
	if (!rc)
		rc = eal_arguments(&c->dataplane, false, &words, err);
	return rc;
}

int
launch_check_lists(const struct config *c, struct err *err)
{
	struct limits limits;
	struct prefix_set *set = NULL;
	int rc = limits_from_config(&limits, &c->limits, err);

	if (!rc)
		rc = limits_prefixes(&set, &limits, err);
	prefix_set_free(&set);
	return rc;
}

int
launch_run(const struct config *c, struct err *err)
{
	struct launch *l = aligned_alloc(CORE_ALIGN, sizeof *l);
	int rc = launch_check(c, err);

	if (!l)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	memset(l, 0, sizeof *l);
	l->config = c;
	l->management.config = c;
	l->management.ports = l->ports;
	l->management.kernel_ports = l->kernel_ports;
	l->management.signals = -1;
	if (!rc)
		rc = answer_options_take(&l->answer, &c->answer, err);
	if (!rc)
		rc = limits_from_config(&l->management.limits, &c->limits, err);
	if (!rc)
		rc = poll_cage_prepare(&l->cage, c, err);
	if (!rc)
		rc = make_paths(l, err);
	if (!rc)
		rc = open_signals(l, err);
	if (rc)
		goto free_launch;
	/* The socket first: it tells whether another data plane lives here. */
	rc = dp_socket_open(&l->management.socket, l->socket_path, err);
	if (rc)
		goto close_signals;
	/* what is made there belongs to the user */
	rc = l->cage.user.name ? privileges_borrow(&l->cage.user, err) : 0;
	if (!rc)
		rc = open_store(l, err);
	if (!rc)
		rc = privileges_give_back(err);
	if (rc)
		goto close_store;
	rc = eal_start(&c->dataplane, err);
	if (rc)
		goto close_store;
	rc = run_on_eal(l, err);
	eal_stop();
close_store:
	store_close(&l->management.store);
	dp_socket_close(&l->management.socket);
close_signals:
	atomic_store(&is_running, false);
	close(l->management.signals);
free_launch:
	launch_free(l);
	return rc;
}
