/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The cage of holdfastd (confine.h). A call that is not listed fails with EPERM
 * instead of killing: a library that asks for something new then costs what it
 * asked for, and what is live keeps its watch. Runs in the main thread before
 * there are others.
 */
#include <errno.h>
#include <linux/prctl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/sandbox/confine.h"
#include "sandbox/landlock_rules.h"
#include "sandbox/syscall_filter.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const int allowed[] = {
    /* files */
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(preadv),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(pwrite64),
    SCMP_SYS(pwritev),
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(close),
    SCMP_SYS(lseek),
    SCMP_SYS(stat),
    SCMP_SYS(fstat),
    SCMP_SYS(lstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(statfs),
    SCMP_SYS(fstatfs),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getdents),
    SCMP_SYS(getdents64),
    SCMP_SYS(getcwd),
    SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat),
    SCMP_SYS(rmdir),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(link),
    SCMP_SYS(linkat),
    SCMP_SYS(symlink),
    SCMP_SYS(symlinkat),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate),
    SCMP_SYS(fadvise64),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(syncfs),
    SCMP_SYS(fchmod),
    SCMP_SYS(fchmodat),
    SCMP_SYS(chmod),
    SCMP_SYS(fchown),
    SCMP_SYS(fchownat),
    SCMP_SYS(chown),
    SCMP_SYS(utimensat),
    SCMP_SYS(umask),
    SCMP_SYS(flock),
    SCMP_SYS(fcntl),
    SCMP_SYS(dup),
    SCMP_SYS(dup3),
    SCMP_SYS(pipe2),
    SCMP_SYS(memfd_create),
    SCMP_SYS(inotify_init1),
    SCMP_SYS(inotify_add_watch),
    SCMP_SYS(inotify_rm_watch),
    /* memory */
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(mincore),
    SCMP_SYS(msync),
    SCMP_SYS(mlock),
    SCMP_SYS(munlock),
    SCMP_SYS(get_mempolicy),
    SCMP_SYS(mbind),
    /* sockets: which kinds, below */
    SCMP_SYS(socketpair),
    SCMP_SYS(bind),
    SCMP_SYS(connect),
    SCMP_SYS(listen),
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    SCMP_SYS(shutdown),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    SCMP_SYS(sendto),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(sendfile),
    /* waiting */
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(select),
    SCMP_SYS(pselect6),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    SCMP_SYS(eventfd2),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(timerfd_gettime),
    SCMP_SYS(signalfd4),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    /* is the clock synchronised? setting it is for CAP_SYS_TIME */
    SCMP_SYS(adjtimex),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(futex),
    SCMP_SYS(restart_syscall),
    /* threads and signals */
    SCMP_SYS(set_robust_list),
    SCMP_SYS(get_robust_list),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(rseq),
    SCMP_SYS(membarrier),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_setaffinity),
    SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler),
    SCMP_SYS(getcpu),
    SCMP_SYS(getpriority),
    SCMP_SYS(setpriority),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigpending),
    SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(rt_sigsuspend),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(wait4),
    SCMP_SYS(waitid),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    /* who and where */
    SCMP_SYS(getpid),
    SCMP_SYS(getppid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getgroups),
    SCMP_SYS(getresuid),
    SCMP_SYS(getresgid),
    SCMP_SYS(getrandom),
    SCMP_SYS(getrlimit),
    SCMP_SYS(getrusage),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    SCMP_SYS(times),
#if CONFINE_SANITIZER
    /* the leak checker stops all threads from a process of its own */
    SCMP_SYS(clone),
    SCMP_SYS(ptrace),
    SCMP_SYS(prctl),
    SCMP_SYS(prlimit64),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(kill),
#endif
};

enum { WRITE_AND_EXECUTE = PROT_WRITE | PROT_EXEC };

/* One argument decides. Families of sockets: UNIX, IPv4, IPv6. Memory is
 * written or executed, never both. New threads, not processes. */
static const struct syscall_limit limits[] = {
    {SCMP_SYS(socket), 0, 0xffffffff, 1}, {SCMP_SYS(socket), 0, 0xffffffff, 2},
    {SCMP_SYS(socket), 0, 0xffffffff, 10},
    {SCMP_SYS(mmap), 2, WRITE_AND_EXECUTE, 0},
    {SCMP_SYS(mmap), 2, WRITE_AND_EXECUTE, PROT_WRITE},
    {SCMP_SYS(mmap), 2, WRITE_AND_EXECUTE, PROT_EXEC},
    {SCMP_SYS(mprotect), 2, PROT_EXEC, 0},
#if !CONFINE_SANITIZER
    {SCMP_SYS(clone), 0, CLONE_THREAD, CLONE_THREAD},
    {SCMP_SYS(prctl), 0, 0xffffffff, PR_SET_NAME},
    {SCMP_SYS(prctl), 0, 0xffffffff, PR_SET_VMA},
    {SCMP_SYS(prlimit64), 2, ~0ull, 0}, /* looks only */
#endif
};

/* The arguments of clone3() are in memory, where no filter sees them; told that
 * there is no such call, the C library takes clone(). No terminal is used. */
static const struct syscall_failure failures[] = {
    {SCMP_SYS(clone3), ENOSYS},
    {SCMP_SYS(ioctl), ENOTTY},
};

/* What the C library, OpenSSL and the allocator read when they please. */
static const char *const system_files[] = {
    "/dev/null",
    "/dev/urandom",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/protocols",
    "/etc/services",
    "/etc/ssl/openssl.cnf",
    "/lib",
    "/lib64",
    "/proc",
    "/proc/self/exe",
    "/sys/devices/system",
    "/sys/kernel/mm",
    "/usr/lib",
    "/usr/local/lib",
    "/usr/share/zoneinfo",
    NULL,
};

static int
grant_all(struct landlock_rules *r, const char *const *paths,
    enum landlock_grant grant, struct err *err)
{
	int rc = 0;

	for (; *paths && rc == 0; paths++)
		rc = landlock_rules_grant(r, *paths, grant, err);
	return rc;
}

static int
files_confine(
    const struct confine_control *c, unsigned *landlock, struct err *err)
{
	static const char *const null[] = {"/dev/null", NULL};
	struct landlock_rules r;
	int rc = landlock_rules_open(&r, err);

	*landlock = r.version;
	if (rc == 0)
		rc = grant_all(&r, system_files, LANDLOCK_GRANT_READ, err);
	if (rc == 0)
		rc = grant_all(&r, null, LANDLOCK_GRANT_WRITE, err);
	if (rc == 0)
		rc = grant_all(&r, c->readable, LANDLOCK_GRANT_READ, err);
	if (rc == 0)
		rc = grant_all(&r, c->writable, LANDLOCK_GRANT_WRITE, err);
	if (rc == 0)
		rc = landlock_rules_enforce(&r, err);
	landlock_rules_close(&r);
	return rc;
}

int
confine_control(
    const struct confine_control *c, unsigned *landlock, struct err *err)
{
	struct syscall_limit all[COUNT(limits) + 1];
	struct syscall_table t = {.allowed = allowed,
	    .nallowed = COUNT(allowed),
	    .limits = all,
	    .nlimits = COUNT(all),
	    .failures = failures,
	    .nfailures = COUNT(failures),
	    .otherwise = SCMP_ACT_ERRNO(EPERM)};
	int rc = files_confine(c, landlock, err);

	memcpy(all, limits, sizeof limits);
	/* abort() and raise() */
	all[COUNT(limits)] = (struct syscall_limit){
	    SCMP_SYS(tgkill), 0, 0xffffffff, (uint64_t)getpid()};
	return rc ? rc : syscall_filter_load(&t, err);
}
