/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The fault handler; see fault_handler.h. Below on_fault() nothing may be
 * called that signal-safety(7) does not name.
 */
#include "dataplane/guard/fault_handler.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/guard/burst_file.h"

static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE};
enum { SIGNALS = sizeof signals / sizeof *signals };

static struct {
	int fd;
	char program[BURST_FILE_NAME_MAX], build[BURST_FILE_NAME_MAX];
	atomic_flag taken; /* by the first thread that faults */
	_Atomic(const struct burst_log *) threads[FAULT_HANDLER_THREADS_MAX];
	struct sigaction before[SIGNALS];
} handler = {.fd = -1, .taken = ATOMIC_FLAG_INIT};

static _Thread_local const struct burst_log *mine;

/* Bytes on their way to the file: summed as they are written, since the burst
 * of another thread may change under our hands. */
struct writer {
	uint64_t sum;
	size_t used, written;
	uint8_t buffer[4096];
};

static void
writer_flush(struct writer *w)
{
	size_t done = 0;

	while (done < w->used) {
		ssize_t n = write(handler.fd, w->buffer + done, w->used - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			break; /* half a file: its sum will say so */
	}
	w->used = 0;
}

static void
writer_add(struct writer *w, const void *data, size_t bytes)
{
	const uint8_t *from = data;

	while (bytes) {
		size_t n = sizeof w->buffer - w->used;

		n = n < bytes ? n : bytes;
		memcpy(w->buffer + w->used, from, n);
		w->sum = burst_file_sum(w->sum, w->buffer + w->used, n);
		w->used += n;
		w->written += n;
		from += n;
		bytes -= n;
		if (w->used == sizeof w->buffer)
			writer_flush(w);
	}
}

/* Which logs to write, with their sizes as they are now. */
struct chosen {
	const struct burst_log *log;
	struct burst_section_d head;
};

static unsigned
choose_one(
    struct chosen *list, unsigned n, const struct burst_log *l, size_t *room)
{
	struct burst_section_d head = {
	    .bytes = l->used, .queries = l->count, .generation = l->generation};

	if (head.queries == 0 || head.bytes > l->room ||
	    head.bytes + sizeof head > *room)
		return n;
	*room -= head.bytes + sizeof head;
	list[n] = (struct chosen){l, head};
	return n + 1;
}

static unsigned
choose(struct chosen *list, bool from_outside)
{
	size_t room = BURST_FILE_BYTES_MAX - sizeof(struct burst_file_d) -
	              sizeof(uint64_t);
	unsigned n = 0;

	if (!from_outside)
		return mine ? choose_one(list, n, mine, &room) : 0;
	for (unsigned i = 0; i < FAULT_HANDLER_THREADS_MAX; i++) {
		const struct burst_log *l = atomic_load(&handler.threads[i]);

		if (l)
			n = choose_one(list, n, l, &room);
	}
	return n;
}

static void
write_bursts(int number, const siginfo_t *info, bool from_outside)
{
	static struct chosen list[FAULT_HANDLER_THREADS_MAX];
	static struct writer w;
	struct burst_file_d head = {.magic = BURST_FILE_MAGIC,
	    .version = BURST_FILE_VERSION,
	    .signal = (uint32_t)number,
	    .code = info->si_code,
	    .pid = (uint32_t)getpid()};
	struct timespec now;
	uint64_t sum;

	head.sections = choose(list, from_outside);
	if (head.sections == 0)
		return; /* no query's fault */
	clock_gettime(CLOCK_REALTIME, &now);
	head.crashed_ms =
	    (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	if (info->si_code > 0)
		head.address = (uint64_t)(uintptr_t)info->si_addr;
	memcpy(head.program, handler.program, sizeof head.program);
	memcpy(head.build, handler.build, sizeof head.build);
	w.sum = BURST_FILE_SUM_START;
	writer_add(&w, &head, sizeof head);
	for (unsigned i = 0; i < head.sections; i++) {
		writer_add(&w, &list[i].head, sizeof list[i].head);
		writer_add(&w, list[i].log->data, list[i].head.bytes);
	}
	sum = w.sum;
	writer_add(&w, &sum, sizeof sum);
	writer_flush(&w);
}

/* A fault comes again when the handler returns, with nobody to catch it: the
 * core dump is of the place. A signal that was sent is sent once more. */
static void
on_fault(int number, siginfo_t *info, void *context)
{
	bool from_outside = info->si_code <= 0 && info->si_pid != getpid();
	int saved = errno;

	(void)context;
	if (atomic_flag_test_and_set(&handler.taken))
		for (;;)
			pause(); /* another thread's fault ends the process */
	write_bursts(number, info, from_outside);
	signal(number, SIG_DFL);
	if (info->si_code <= 0)
		syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), number);
	errno = saved;
}

int
fault_handler_open(
    int fd, const char *program, const char *build, struct err *err)
{
	struct sigaction act = {
	    .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	handler.fd = fd;
	snprintf(handler.program, sizeof handler.program, "%s", program);
	snprintf(handler.build, sizeof handler.build, "%s", build);
	atomic_flag_clear(&handler.taken);
	sigemptyset(&act.sa_mask);
	for (unsigned i = 0; i < SIGNALS; i++)
		sigaddset(&act.sa_mask, signals[i]);
	for (unsigned i = 0; i < SIGNALS; i++)
		if (sigaction(signals[i], &act, &handler.before[i]))
			return err_set_errno(
			    err, "cannot catch signal %d", signals[i]);
	return 0;
}

void
fault_handler_close(void)
{
	if (handler.fd < 0)
		return;
	for (unsigned i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &handler.before[i], NULL);
	handler.fd = -1;
}

int
fault_handler_enter(struct burst_log *log, struct err *err)
{
	stack_t stack = {.ss_sp = log->stack, .ss_size = log->stack_bytes};
	sigset_t set;

	if (sigaltstack(&stack, NULL))
		return err_set_errno(err, "no stack for the fault handler");
	/* the kernel asks no handler about a fault whose signal is blocked */
	sigemptyset(&set);
	for (unsigned i = 0; i < SIGNALS; i++)
		sigaddset(&set, signals[i]);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	mine = log;
	for (unsigned i = 0; i < FAULT_HANDLER_THREADS_MAX; i++) {
		const struct burst_log *none = NULL;

		if (atomic_compare_exchange_strong(
			&handler.threads[i], &none, log))
			break;
	}
	return 0;
}

void
fault_handler_leave(struct burst_log *log)
{
	stack_t off = {.ss_flags = SS_DISABLE};

	for (unsigned i = 0; i < FAULT_HANDLER_THREADS_MAX; i++) {
		const struct burst_log *same = log;

		atomic_compare_exchange_strong(
		    &handler.threads[i], &same, NULL);
	}
	mine = NULL;
	sigaltstack(&off, NULL);
}
