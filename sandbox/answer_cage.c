/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Capabilities, files and system calls of the programs that answer; see
 * answer_cage.h. What poll cores and workers do is little; the list is of the
 * management threads: the store, generations in memory, control's socket, and
 * what drivers of ports ask when they look at their links.
 */
#include "sandbox/answer_cage.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "sandbox/privileges.h"
#include "sandbox/syscall_filter.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* ASan and LSan ask more of the kernel than we do. */
#ifdef __SANITIZE_ADDRESS__
#define CAGE_SANITIZER 1
#else
#define CAGE_SANITIZER 0
#endif

/* clang-format off */
static const int allowed[] = {
    /* files */
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(preadv),
    SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(pwrite64), SCMP_SYS(pwritev),
    SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(close), SCMP_SYS(lseek),
    SCMP_SYS(stat), SCMP_SYS(fstat), SCMP_SYS(lstat), SCMP_SYS(newfstatat),
    SCMP_SYS(statx), SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(access),
    SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),
    SCMP_SYS(readlinkat), SCMP_SYS(getdents), SCMP_SYS(getdents64), SCMP_SYS(getcwd),
    SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(unlink),
    SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat),
    SCMP_SYS(renameat2), SCMP_SYS(link), SCMP_SYS(linkat),
    SCMP_SYS(ftruncate), SCMP_SYS(fallocate), SCMP_SYS(fadvise64),
    SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(syncfs), SCMP_SYS(fchmod),
    SCMP_SYS(fchmodat), SCMP_SYS(chmod), SCMP_SYS(utimensat), SCMP_SYS(umask),
    SCMP_SYS(flock), SCMP_SYS(fcntl), SCMP_SYS(dup), SCMP_SYS(dup2),
    SCMP_SYS(dup3), SCMP_SYS(pipe), SCMP_SYS(pipe2), SCMP_SYS(memfd_create), SCMP_SYS(inotify_init1),
    SCMP_SYS(inotify_add_watch), SCMP_SYS(inotify_rm_watch),
    /* drivers: links and statistics, on descriptors that they have */
    SCMP_SYS(ioctl),
    /* memory */
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    SCMP_SYS(mincore), SCMP_SYS(msync), SCMP_SYS(mlock), SCMP_SYS(munlock),
    SCMP_SYS(get_mempolicy), SCMP_SYS(set_mempolicy), SCMP_SYS(mbind),
    /* sockets: which kinds, below */
    SCMP_SYS(socketpair), SCMP_SYS(bind), SCMP_SYS(connect), SCMP_SYS(listen),
    SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(shutdown),
    SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt), SCMP_SYS(sendto), SCMP_SYS(recvfrom),
    SCMP_SYS(sendmsg), SCMP_SYS(recvmsg), SCMP_SYS(sendmmsg),
    SCMP_SYS(recvmmsg),
    /* waiting */
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6),
    SCMP_SYS(epoll_create), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait), SCMP_SYS(eventfd), SCMP_SYS(signalfd),
    SCMP_SYS(pause), SCMP_SYS(timer_create), SCMP_SYS(timer_settime),
    SCMP_SYS(timer_delete),
    SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(eventfd2),
    SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime),
    SCMP_SYS(timerfd_gettime), SCMP_SYS(signalfd4), SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
    SCMP_SYS(futex), SCMP_SYS(restart_syscall),
    /* threads and signals */
    SCMP_SYS(set_robust_list), SCMP_SYS(get_robust_list),
    SCMP_SYS(set_tid_address), SCMP_SYS(arch_prctl), SCMP_SYS(rseq), SCMP_SYS(membarrier),
    SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_setaffinity), SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler), SCMP_SYS(getcpu), SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigpending),
    SCMP_SYS(rt_sigtimedwait), SCMP_SYS(rt_sigsuspend),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    /* giving up more */
    SCMP_SYS(landlock_restrict_self), SCMP_SYS(capget), SCMP_SYS(capset),
    /* who and where */
    SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(gettid), SCMP_SYS(getuid),
    SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
    SCMP_SYS(getgroups), SCMP_SYS(getresuid), SCMP_SYS(getresgid),
    SCMP_SYS(getrandom), SCMP_SYS(getrlimit), SCMP_SYS(getrusage),
    SCMP_SYS(sysinfo), SCMP_SYS(uname), SCMP_SYS(times),
#if CAGE_SANITIZER
    /* the leak checker stops all threads from a process of its own */
    SCMP_SYS(clone), SCMP_SYS(ptrace), SCMP_SYS(prctl), SCMP_SYS(prlimit64),
    SCMP_SYS(process_vm_readv), SCMP_SYS(wait4), SCMP_SYS(kill),
#endif
};
/* clang-format on */

enum { WRITE_AND_EXECUTE = PROT_WRITE | PROT_EXEC, LIMITS_MAX = 16 };

/* One argument decides. Families of sockets: UNIX, IPv4 and IPv6 (of drivers,
 * for ioctls), netlink. Memory is written or executed, never both. New threads,
 * not processes; signals to ourselves, as the fault handler sends. */
static size_t
limits_fill(struct syscall_limit limits[LIMITS_MAX])
{
	const uint64_t whole = 0xffffffff;
	const struct syscall_limit all[] = {
		{SCMP_SYS(socket), 0, whole, AF_UNIX},
		{SCMP_SYS(socket), 0, whole, AF_INET},
		{SCMP_SYS(socket), 0, whole, AF_INET6},
		{SCMP_SYS(socket), 0, whole, AF_NETLINK},
		{SCMP_SYS(mmap), 2, WRITE_AND_EXECUTE, 0},
		{SCMP_SYS(mmap), 2, WRITE_AND_EXECUTE, PROT_WRITE},
		{SCMP_SYS(mmap), 2, WRITE_AND_EXECUTE, PROT_EXEC},
		{SCMP_SYS(mprotect), 2, PROT_EXEC, 0},
		{SCMP_SYS(tgkill), 0, whole, (uint64_t)getpid()},
#if !CAGE_SANITIZER
		{SCMP_SYS(clone), 0, CLONE_THREAD, CLONE_THREAD},
		{SCMP_SYS(prctl), 0, whole, PR_SET_NAME},
		{SCMP_SYS(prctl), 0, whole, PR_SET_VMA},
		{SCMP_SYS(prctl), 0, whole, PR_CAPBSET_DROP},
		{SCMP_SYS(prctl), 0, whole, PR_SET_NO_NEW_PRIVS},
		{SCMP_SYS(prctl), 0, whole, PR_CAP_AMBIENT},
		{SCMP_SYS(prlimit64), 2, ~0ull, 0}, /* looks only */
#endif
	};

	_Static_assert(COUNT(all) <= LIMITS_MAX, "room for all");
	memcpy(limits, all, sizeof all);
	return COUNT(all);
}

/* Its arguments are in memory, where no filter sees them; told that there is no
 * such call, the C library takes clone(). */
static const struct syscall_failure failures[] = {
    {SCMP_SYS(clone3), ENOSYS},
};

/* What the C library, OpenSSL and drivers read when they please. */
static const char *const system_files[] = {
    "/dev/null",
    "/dev/urandom",
    "/etc/ssl/openssl.cnf",
    "/etc/localtime",
    "/etc/ld.so.cache",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/sys/class/net",
    "/sys/devices",
#if CAGE_SANITIZER
    "/proc",
#else
    "/proc/self",
#endif
    NULL,
};

static int
grant_all(struct landlock_rules *r, const char *const *paths,
    enum landlock_grant grant, struct err *err)
{
	int rc = 0;

	for (; paths && *paths && rc == 0; paths++)
		rc = landlock_rules_grant(r, *paths, grant, err);
	return rc;
}

/* A file in "/" alone, not all that is there. */
static int
grant_folder(struct landlock_rules *r, const char *file, struct err *err)
{
	char *copy = strdup(file);
	const char *folder = copy ? dirname(copy) : NULL;
	int rc;

	if (!folder)
		return err_set(err, ERR_NO_MEMORY, "no memory for a path");
	rc = landlock_rules_grant(
	    r, strcmp(folder, "/") ? folder : file, LANDLOCK_GRANT_READ, err);
	free(copy);
	return rc;
}

int
answer_cage_open(struct answer_cage *c, const struct answer_cage_files *files,
    uint64_t capabilities, struct err *err)
{
	int rc = landlock_rules_open(&c->rules, err);

	c->capabilities = capabilities;
	if (rc == 0)
		rc = grant_all(
		    &c->rules, system_files, LANDLOCK_GRANT_READ, err);
	for (unsigned i = 0; i < files->nedited && rc == 0; i++)
		if (files->edited[i])
			rc = grant_folder(&c->rules, files->edited[i], err);
	if (rc == 0)
		rc = grant_all(
		    &c->rules, files->writable, LANDLOCK_GRANT_WRITE, err);
	if (rc)
		answer_cage_close(c);
	return rc;
}

int
answer_cage_enter(const struct answer_cage *c, struct err *err)
{
	int rc = privileges_keep(c->capabilities, err);

	return rc ? rc : landlock_rules_bind(&c->rules, err);
}

int
answer_cage_lock(struct err *err)
{
	struct syscall_limit limits[LIMITS_MAX];
	struct syscall_table t = {.allowed = allowed,
	    .nallowed = COUNT(allowed),
	    .limits = limits,
	    .failures = failures,
	    .nfailures = COUNT(failures),
	    .otherwise = SCMP_ACT_ERRNO(EPERM),
	    .all_threads = true};

	t.nlimits = limits_fill(limits);
	return syscall_filter_load(&t, err);
}

void
answer_cage_close(struct answer_cage *c)
{
	landlock_rules_close(&c->rules);
}

/* A child that there should not be ends at once. */
static long
try_fork(void)
{
	long pid = syscall(SYS_fork);

	if (pid == 0)
		_exit(0);
	return pid;
}

static void
tell(const char *what, long result)
{
	if (result < 0)
		log_error("cage: %s: %s", what, strerror(errno));
	else
		log_error("cage: %s: nobody minds", what);
}

void
answer_cage_try(bool (*hit)(const char *what))
{
	static char program[] = "/bin/true";
	static char *const words[] = {program, NULL};

	if (hit("cage-open"))
		tell("open", open("/etc/passwd", O_RDONLY | O_CLOEXEC));
	if (hit("cage-write"))
		tell("write", open("/tmp/holdfast-was-here",
				  O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	if (hit("cage-exec"))
		tell("exec", execv(words[0], words));
	if (hit("cage-fork"))
		tell("fork", try_fork());
	if (hit("cage-trace"))
		tell("trace", syscall(SYS_process_vm_writev, getppid(), NULL, 0,
				  NULL, 0, 0));
	if (hit("cage-socket"))
		tell("socket", socket(AF_PACKET, SOCK_RAW, 0));
	if (hit("cage-root"))
		tell("root", syscall(SYS_setuid, 0));
}
