/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The cage of the parser (confine.h). The list is what reading files, memory
 * and the C library need; a call that is not in it is a bug of the parser, or
 * somebody else's program in its place, and kills the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/sandbox/confine.h"
#include "sandbox/landlock_rules.h"
#include "sandbox/syscall_filter.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const int allowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(pread64),
    SCMP_SYS(close),
    SCMP_SYS(lseek),
    SCMP_SYS(stat),
    SCMP_SYS(fstat),
    SCMP_SYS(lstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(getcwd),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(sched_yield),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
#if CONFINE_SANITIZER
    SCMP_SYS(sigaltstack),
    SCMP_SYS(prctl),
    SCMP_SYS(prlimit64),
    SCMP_SYS(getrlimit),
    SCMP_SYS(sysinfo),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
#endif
};

enum { OPEN_WRITES = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND };

enum { LIMITS = 7 };

static void
limits_fill(struct syscall_limit limits[LIMITS], int out)
{
	const uint64_t whole = 0xffffffff;
	unsigned n = 0;

	/* descriptors are 32 bits, whatever the register has above */
	limits[n++] =
	    (struct syscall_limit){SCMP_SYS(write), 0, whole, STDERR_FILENO};
	limits[n++] =
	    (struct syscall_limit){SCMP_SYS(write), 0, whole, (uint64_t)out};
	limits[n++] =
	    (struct syscall_limit){SCMP_SYS(openat), 2, OPEN_WRITES, O_RDONLY};
	limits[n++] =
	    (struct syscall_limit){SCMP_SYS(open), 1, OPEN_WRITES, O_RDONLY};
	limits[n++] = (struct syscall_limit){SCMP_SYS(mmap), 2, PROT_EXEC, 0};
	limits[n++] =
	    (struct syscall_limit){SCMP_SYS(mprotect), 2, PROT_EXEC, 0};
	/* abort() */
	limits[n] = (struct syscall_limit){
	    SCMP_SYS(tgkill), 0, whole, (uint64_t)getpid()};
}

/* The C library looks for a caching daemon first when it is asked for the port
 * of a service, and goes on to its file when there is none; and it asks of
 * devices that it reads whether they are terminals. */
static const struct syscall_failure failures[] = {
    {SCMP_SYS(socket), EACCES},
    {SCMP_SYS(ioctl), ENOTTY},
};

/* For the names of services in WKS records; the last is OpenSSL's configuration
 * (parser_keeper.c). */
static const char *const system_files[] = {
    "/etc/services",
    "/etc/protocols",
    "/etc/nsswitch.conf",
    "/dev/null",
#if CONFINE_SANITIZER
    "/proc",
    "/proc/self/exe",
#endif
};

static int
files_confine(
    char *const *folders, size_t nfolders, unsigned *landlock, struct err *err)
{
	struct landlock_rules r;
	int rc = landlock_rules_open(&r, err);

	*landlock = r.version;
	for (size_t i = 0; rc == 0 && i < nfolders; i++)
		rc = landlock_rules_grant(
		    &r, folders[i], LANDLOCK_GRANT_READ, err);
	for (size_t i = 0; rc == 0 && i < COUNT(system_files); i++)
		rc = landlock_rules_grant(
		    &r, system_files[i], LANDLOCK_GRANT_READ, err);
	if (rc == 0)
		rc = landlock_rules_enforce(&r, err);
	landlock_rules_close(&r);
	return rc;
}

int
confine_parser(char *const *folders, size_t nfolders, int out,
    unsigned *landlock, struct err *err)
{
	struct syscall_limit limits[LIMITS];
	struct syscall_table t = {.allowed = allowed,
	    .nallowed = COUNT(allowed),
	    .limits = limits,
	    .nlimits = LIMITS,
	    .failures = failures,
	    .nfailures = COUNT(failures),
	    .otherwise = SCMP_ACT_KILL_PROCESS};
	int rc = files_confine(folders, nfolders, landlock, err);

	if (rc)
		return rc;
	limits_fill(limits, out);
	return syscall_filter_load(&t, err);
}
