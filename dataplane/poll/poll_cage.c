/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Giving up privileges; see poll_cage.h. Landlock and capabilities are each
 * thread's own, and the threads are there before the ports are: DPDK made them.
 * So each enters by itself; DPDK's interrupt thread by an alarm, which runs
 * there.
 */
#include "dataplane/poll/poll_cage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <rte_alarm.h>
#include <rte_eal.h>

#include "base/file.h"
#include "base/log.h"
#include "snapshot/fault.h"

enum {
	INTERRUPT_WAIT_MS = 1000,
	OWN_THREADS = 2, /* the main one and DPDK's interrupt thread */
};

static const struct {
	const char *word;
	unsigned capability;
} capabilities[] = {{"net_admin", CAP_NET_ADMIN}, {"net_raw", CAP_NET_RAW},
    {"bpf", 39}, {"ipc_lock", CAP_IPC_LOCK}, {"sys_nice", CAP_SYS_NICE},
    {"sys_rawio", CAP_SYS_RAWIO}};

static uint64_t
capabilities_kept(const struct poll_cage *p)
{
	const struct config_dataplane *c = &p->config->dataplane;
	uint64_t kept = p->user.name ? 0 : ANSWER_CAGE_ROOT_CAPABILITIES;

	for (unsigned i = 0; i < c->nkeep_capabilities; i++)
		for (size_t k = 0;
		     k < sizeof capabilities / sizeof *capabilities; k++)
			if (!strcmp(
				c->keep_capabilities[i], capabilities[k].word))
				kept |= 1ull << capabilities[k].capability;
	return kept;
}

int
poll_cage_prepare(
    struct poll_cage *p, const struct config *config, struct err *err)
{
	const struct config_dataplane *c = &config->dataplane;
	int rc;

	p->config = config;
	if (!c->user) {
		if (geteuid() == 0 && !c->sandbox)
			log_warn("holdfast-dataplane runs as root and without "
				 "a sandbox: set dataplane.user");
		return 0;
	}
	rc = privileges_user_find(&p->user, c->user, err);
	if (!rc && geteuid() == 0)
		rc = privileges_directory_make(
		    config->run_dir, 0755, &p->user, err);
	if (!rc && geteuid() == 0)
		rc = privileges_directory_make(
		    config->store_dir, 0770, &p->user, err);
	if (!rc && c->nkeep_capabilities)
		rc = privileges_outlive_user(err);
	return rc ? err_add(err, "dataplane.user") : 0;
}

/* Readers of the store need only read; the run directory is written every
 * second. */
static int
user_check(const struct poll_cage *p, struct err *err)
{
	const char *run = p->config->run_dir, *store = p->config->store_dir;

	if (faccessat(AT_FDCWD, run, W_OK | X_OK, AT_EACCESS) < 0)
		return err_set_errno(
		    err, "%s: user %s cannot write there", run, p->user.name);
	if (faccessat(AT_FDCWD, store, R_OK | X_OK, AT_EACCESS) < 0)
		return err_set_errno(
		    err, "%s: user %s cannot read it", store, p->user.name);
	if (faccessat(AT_FDCWD, store, W_OK, AT_EACCESS) < 0)
		log_error("%s: user %s cannot write it: what is there is "
			  "served, nothing can be committed",
		    store, p->user.name);
	return 0;
}

static int
user_become(struct poll_cage *p, const char *const *files, struct err *err)
{
	int rc = 0;

	if (!p->user.name)
		return 0;
	for (; *files && rc == 0 && geteuid() == 0; files++)
		rc = privileges_file_give(*files, &p->user, err);
	if (!rc)
		rc = privileges_become(&p->user, err);
	if (!rc)
		rc = user_check(p, err);
#ifdef __SANITIZE_ADDRESS__
	/* the leak checker looks at its own process */
	prctl(PR_SET_DUMPABLE, 1);
#endif
	return rc ? err_add(err, "dataplane.user") : 0;
}

static int
rules_open(struct poll_cage *p, struct err *err)
{
	const struct config *c = p->config;
	const char *const writable[] = {
	    c->store_dir, c->run_dir, rte_eal_get_runtime_dir(), NULL};
	const char *const edited[] = {c->limits.allow_from, c->limits.deny_from,
	    c->limits.exempt_from, c->answer.cookie_secret_file,
	    c->dataplane.protected_names};
	const struct answer_cage_files files = {.writable = writable,
	    .edited = edited,
	    .nedited = sizeof edited / sizeof *edited};

	return answer_cage_open(&p->cage, &files, capabilities_kept(p), err);
}

int
poll_cage_open(struct poll_cage *p, const char *const *files, struct err *err)
{
	struct err closed;
	int rc;

	if (p->config->dataplane.sandbox) {
		/* with what is not there, answers go on */
		rc = rules_open(p, &closed);
		p->is_open = rc == 0;
		if (rc)
			log_error("no sandbox: %s", closed.text);
	}
	return user_become(p, files, err);
}

void
poll_cage_enter_core(const struct poll_cage *p)
{
	struct err err;

	if (p && p->is_open && answer_cage_enter(&p->cage, &err))
		log_error("a thread is outside the sandbox: %s", err.text);
}

static void
enter_other(void *arg)
{
	struct poll_cage *p = arg;

	poll_cage_enter_core(p);
	atomic_fetch_add(&p->entered, 1);
}

static void
enter_interrupt_thread(struct poll_cage *p)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	if (rte_eal_alarm_set(1, enter_other, p) < 0)
		return;
	for (unsigned ms = 0;
	     ms < INTERRUPT_WAIT_MS && !atomic_load(&p->entered); ms++)
		nanosleep(&pause, NULL);
}

static unsigned
threads_count(void)
{
	DIR *d = opendir("/proc/self/task");
	struct dirent *e;
	unsigned n = 0;

	while (d && (e = readdir(d)))
		n += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

void
poll_cage_enter(struct poll_cage *p, unsigned cores)
{
	unsigned threads = threads_count();
	unsigned landlock = p->cage.rules.version;
	struct err err;

	if (!p->is_open) {
		log_warn("no sandbox: this process may do whatever its user "
			 "may");
		return;
	}
	enter_interrupt_thread(p);
	enter_other(p);
	if (answer_cage_lock(&err))
		log_error("no filter of system calls: %s", err.text);
	if (atomic_load(&p->entered) != OWN_THREADS ||
	    threads > cores + OWN_THREADS)
		log_warn("%u threads, of which %u are in the sandbox with "
			 "their files: a driver has some of its own",
		    threads, cores + atomic_load(&p->entered));
	if (landlock)
		log_info("confined: seccomp, Landlock %u", landlock);
	else
		log_warn("confined: seccomp; this kernel has no Landlock: what "
			 "its user may read and write, it may");
}

#ifdef HOLDFAST_FAULTS
static bool
is_hit(const char *what)
{
	return fault_hit(what);
}

void
poll_cage_try(void)
{
	if (fault_any)
		answer_cage_try(is_hit);
}
#else
void
poll_cage_try(void)
{
}
#endif
