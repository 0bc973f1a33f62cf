/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One query in a child process; see query_replay.h.
 */
#include "dataplane/guard/query_replay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	PAGE = 4096,
	CHILD_DATA_BYTES = 64 << 20, /* the engine needs none */
};

int
replay_init(struct replay *r, struct err *err)
{
	size_t room = (BURST_FILE_CAPACITY_MAX + PAGE - 1) / PAGE * PAGE;

	r->query_ms = REPLAY_QUERY_MS;
	r->bytes = room + PAGE;
	r->batch = answer_batch_new();
	r->pages = mmap(NULL, r->bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (r->pages == MAP_FAILED)
		r->pages = NULL;
	if (r->batch && r->pages &&
	    mprotect(r->pages + room, PAGE, PROT_NONE) == 0)
		return 0;
	replay_fini(r);
	return err_set(err, ERR_NO_MEMORY, "no memory to try queries");
}

void
replay_fini(struct replay *r)
{
	answer_batch_free(r->batch);
	if (r->pages)
		munmap(r->pages, r->bytes);
	*r = (struct replay){0};
}

static void
limit(__rlimit_resource_t what, rlim_t to)
{
	struct rlimit l = {.rlim_cur = to, .rlim_max = to};

	setrlimit(what, &l);
}

static void
child_limit(void)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE};
	sigset_t none;

	for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++)
		signal(faults[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_CPU, 2); /* whole seconds; the parent is stricter */
	limit(RLIMIT_DATA, CHILD_DATA_BYTES);
}

static _Noreturn void
child_run(struct replay *r, const struct generation *g,
    const struct answer_config *config, const struct held_query *h)
{
	const struct query_ctx ctx = {
	    .config = config, .transport = h->head.transport};
	struct answer_query q = {
	    .message = r->pages + r->bytes - PAGE - h->head.capacity,
	    .bytes = h->head.bytes,
	    .capacity = h->head.capacity,
	    .client = h->head.client,
	    .client_bytes = h->head.client_bytes};

	child_limit();
	memcpy(q.message, h->message, h->head.bytes);
	answer_batch_find(r->batch, g, &ctx, &q, 1);
	answer_batch_write(r->batch, g, &ctx, &q, 1);
	_exit(0);
}

/* The child holds the pipe's other end, and nobody else does: it is closed when
 * the child ends. False: time is up. */
static bool
child_ends(int pipe_fd, unsigned within_ms)
{
	uint64_t until = clock_ms(CLOCK_MONOTONIC) + within_ms;
	struct pollfd p = {.fd = pipe_fd, .events = POLLIN};

	for (;;) {
		uint64_t now = clock_ms(CLOCK_MONOTONIC);
		int n = poll(&p, 1, now < until ? (int)(until - now) : 0);

		if (n > 0)
			return true;
		if (n == 0 || errno != EINTR)
			return false;
	}
}

static enum replay_outcome
child_wait(pid_t child, int pipe_fd, unsigned within_ms, unsigned *signal)
{
	bool ended = child_ends(pipe_fd, within_ms);
	int status = 0;

	if (!ended)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	*signal = WIFSIGNALED(status) ? (unsigned)WTERMSIG(status) : 0;
	if (!ended || *signal == SIGXCPU)
		return REPLAY_HUNG;
	return status == 0 ? REPLAY_FINE : REPLAY_CRASHED;
}

int
replay_query(struct replay *r, const struct generation *g,
    const struct answer_config *config, const struct held_query *query,
    enum replay_outcome *outcome, unsigned *signal, struct err *err)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return err_set_errno(err, "pipe");
	child = fork();
	if (child == 0) {
		close(ends[0]);
		child_run(r, g, config, query);
	}
	close(ends[1]);
	if (child > 0)
		*outcome = child_wait(child, ends[0], r->query_ms, signal);
	close(ends[0]);
	return child < 0 ? err_set_errno(err, "fork") : 0;
}
