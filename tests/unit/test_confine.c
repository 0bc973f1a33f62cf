/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/sandbox/: each boundary is shown by trying to cross it,
 * in a process of its own, with the filters of the profile that is tested. A
 * sanitizer needs some of the calls itself; those are left out there.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/sandbox/confine.h"
#include "sandbox/landlock_rules.h"
#include "sandbox/privileges.h"
#include "tests/unit/unit_run.h"

enum { SETUP_FAILED = 99 };

static char inside[UNIT_PATH_MAX];  /* the folder that may be used */
static char outside[UNIT_PATH_MAX]; /* another one */
static char good[UNIT_PATH_MAX], bad[UNIT_PATH_MAX]; /* a file in each */

static void
file_make(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0600);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

static void
folders_make(void)
{
	unit_directory_make(inside);
	unit_directory_make(outside);
	file_make(unit_path(good, inside, "file"));
	file_make(unit_path(bad, outside, "file"));
}

static void
folders_remove(void)
{
	unit_directory_remove(inside);
	unit_directory_remove(outside);
}

static void
parser_enter(void)
{
	char *const folders[] = {inside};
	unsigned landlock;
	struct err err;

	if (confine_parser(folders, 1, STDOUT_FILENO, &landlock, &err) != 0)
		_exit(SETUP_FAILED);
}

static void
control_enter(void)
{
	const char *const writable[] = {inside, NULL};
	const char *const readable[] = {NULL};
	const struct confine_control c = {
	    .writable = writable, .readable = readable};
	unsigned landlock;
	struct err err;

	if (confine_control(&c, &landlock, &err) != 0)
		_exit(SETUP_FAILED);
}

/* What became of a process that enters a cage and does something: waitpid()'s
 * status; what it does returns errno, or 0. */
static int
outcome(void (*enter)(void), int (*act)(void))
{
	int status;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		enter();
		_exit(act());
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	if (WIFEXITED(status))
		ck_assert_int_ne(WEXITSTATUS(status), SETUP_FAILED);
	return status;
}

static void
expect_killed(int (*act)(void))
{
	int status = outcome(parser_enter, act);

	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
	    "status %#x", (unsigned)status);
}

static void
expect_errno(void (*enter)(void), int (*act)(void), int cause)
{
	int status = outcome(enter, act);

	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == cause,
	    "status %#x, wanted %d", (unsigned)status, cause);
}

#define ATTEMPT(name, call)                                                    \
	static int name(void)                                                  \
	{                                                                      \
		return (long)(call) < 0 ? errno : 0;                           \
	}

static char *const no_words[] = {NULL};

ATTEMPT(reads_inside, open(good, O_RDONLY))
ATTEMPT(reads_outside, open(bad, O_RDONLY))
ATTEMPT(reads_shadow, open("/etc/shadow", O_RDONLY))
ATTEMPT(writes_inside, open(good, O_WRONLY))
ATTEMPT(writes_both, open(good, O_RDWR))
ATTEMPT(truncates_inside, open(good, O_RDONLY | O_TRUNC))
ATTEMPT(writes_outside, open(bad, O_WRONLY))
ATTEMPT(removes_inside, unlink(good))
ATTEMPT(removes_outside, unlink(bad))
ATTEMPT(executes, execve("/bin/true", no_words, no_words))
ATTEMPT(forks, syscall(SYS_fork))
ATTEMPT(vforks, syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0))
ATTEMPT(opens_inet, socket(AF_INET, SOCK_DGRAM, 0))
ATTEMPT(opens_netlink, socket(AF_NETLINK, SOCK_RAW, 0))
ATTEMPT(opens_packet, socket(AF_PACKET, SOCK_RAW, 0))
ATTEMPT(traces, ptrace(PTRACE_ATTACH, getppid(), NULL, NULL))
ATTEMPT(writes_memory,
    syscall(SYS_process_vm_writev, getppid(), NULL, 0, NULL, 0, 0))
ATTEMPT(kills, kill(getppid(), 0))
ATTEMPT(kills_thread, syscall(SYS_tgkill, getppid(), getppid(), 0))
ATTEMPT(mounts, syscall(SYS_mount, "x", "/", "tmpfs", 0, NULL))
ATTEMPT(leaves_namespace, syscall(SYS_unshare, 0x10000000))
ATTEMPT(loads_bpf, syscall(SYS_bpf, 0, NULL, 0))
ATTEMPT(asks_io_uring, syscall(SYS_io_uring_setup, 1, NULL))
ATTEMPT(sets_time, syscall(SYS_clock_settime, 0, NULL))
ATTEMPT(writes_descriptor, write(42, "x", 1))
ATTEMPT(writes_stderr, write(STDERR_FILENO, "", 0))

static int
maps(int protection)
{
	void *p =
	    mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : 0;
}

static int
maps_code(void)
{
	return maps(PROT_READ | PROT_EXEC);
}

static int
maps_data(void)
{
	return maps(PROT_READ | PROT_WRITE);
}

static int
maps_writable_code(void)
{
	return maps(PROT_READ | PROT_WRITE | PROT_EXEC);
}

static int
makes_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(p, 4096, PROT_READ | PROT_EXEC) < 0 ? errno : 0;
}

static void *
thread_main(void *arg)
{
	return arg;
}

static int
makes_threads(void)
{
	pthread_t t;

	return pthread_create(&t, NULL, thread_main, NULL) ||
	       pthread_join(t, NULL);
}

static bool
has_landlock(void)
{
	struct landlock_rules r;
	struct err err;

	ck_assert_int_eq(landlock_rules_open(&r, &err), 0);
	landlock_rules_close(&r);
	return r.version > 0;
}

START_TEST(parser_may)
{
	folders_make();
	expect_errno(parser_enter, reads_inside, 0);
	expect_errno(parser_enter, maps_data, 0);
	expect_errno(parser_enter, writes_stderr, 0);
	folders_remove();
}
END_TEST

START_TEST(parser_may_not)
{
	static int (*const acts[])(void) = {writes_inside, writes_both,
	    truncates_inside, removes_inside, executes, forks, vforks, traces,
	    writes_memory, kills, kills_thread, mounts, leaves_namespace,
	    loads_bpf, asks_io_uring, sets_time, maps_code, makes_code,
	    writes_descriptor};

	folders_make();
	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
		expect_killed(acts[i]);
	expect_errno(parser_enter, opens_inet, EACCES);
	if (has_landlock()) {
		expect_errno(parser_enter, reads_outside, EACCES);
		expect_errno(parser_enter, reads_shadow, EACCES);
	}
	ck_assert_int_eq(access(good, F_OK), 0);
	folders_remove();
}
END_TEST

START_TEST(control_may)
{
	static int (*const acts[])(void) = {reads_inside, writes_inside,
	    truncates_inside, opens_inet, maps_data, makes_threads,
	    removes_inside};

	folders_make();
	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
		expect_errno(control_enter, acts[i], 0);
	folders_remove();
}
END_TEST

START_TEST(control_may_not)
{
	static int (*const acts[])(void) = {
		executes,
		forks,
		writes_memory,
		mounts,
		leaves_namespace,
		loads_bpf,
		asks_io_uring,
		sets_time,
		opens_netlink,
		opens_packet,
		makes_code,
		maps_writable_code,
		kills_thread,
#if !CONFINE_SANITIZER
		vforks,
		traces,
		kills,
#endif
	};

	folders_make();
	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
		expect_errno(control_enter, acts[i], EPERM);
	if (has_landlock()) {
		expect_errno(control_enter, reads_outside, EACCES);
		expect_errno(control_enter, writes_outside, EACCES);
		expect_errno(control_enter, removes_outside, EACCES);
		expect_errno(control_enter, reads_shadow, EACCES);
	}
	folders_remove();
}
END_TEST

/* --- users and capabilities --- */

static void
nothing_enter(void)
{
	struct err err;

	if (privileges_keep(0, &err) != 0)
		_exit(SETUP_FAILED);
}

static void
user_enter(void)
{
	struct privileges_user u;
	struct err err;

	if (privileges_user_find(&u, "daemon", &err) != 0 ||
	    privileges_become(&u, &err) != 0)
		_exit(SETUP_FAILED);
}

ATTEMPT(changes_root, chroot("/"))
ATTEMPT(becomes_root, setuid(0))

START_TEST(privileges)
{
	struct privileges_user u;
	struct err err = {0};

	ck_assert_int_eq(privileges_user_find(&u, "nobody-has-this-name", &err),
	    ERR_NOT_FOUND);
	expect_errno(nothing_enter, changes_root, EPERM);
	if (geteuid() != 0)
		return;
	expect_errno(user_enter, becomes_root, EPERM);
	folders_make();
	expect_errno(user_enter, writes_inside, EACCES);
	folders_remove();
}
END_TEST

UNIT_MAIN("confine", parser_may, parser_may_not, control_may, control_may_not,
    privileges)
