/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Attempts of a parser to leave its cage (parser_fault.h). What is refused with
 * an error is told on standard error; nothing here ends the process by itself
 * but the crash.
 */
#include "control/parser/parser_fault.h"

#ifdef HOLDFAST_FAULTS
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "control/parser/parser_child.h"
#include "snapshot/fault.h"

static void
tell(const char *what, long result)
{
	log_error(
	    "%s: %s", what, result < 0 ? strerror(errno) : "nobody minds");
}

static void
eat_memory(void)
{
	enum { PIECE = 16 << 20 };
	uint8_t *p;

	while ((p = malloc(PIECE)) != NULL)
		memset(p, 1, PIECE);
	tell("parser-memory", -1);
}

void
parser_fault(const char *path, struct parser_area *area)
{
	static char word[] = "/bin/true";
	static char *const words[] = {word, NULL};
	/* of a reply that says 4 billion records */
	static const uint32_t lie[] = {0x31534650u, 0, 8, ~0u, ~0u, ~0u, 0, 0};

	if (!strstr(path, "poison"))
		return;
	if (fault_hit("parser-crash")) {
		signal(SIGSEGV, SIG_DFL); /* a sanitizer would report */
		raise(SIGSEGV);
	}
	if (fault_hit("parser-hang"))
		for (;;)
			sched_yield();
	if (fault_hit("parser-memory"))
		eat_memory();
	if (fault_hit("parser-open"))
		tell("parser-open", open("/etc/shadow", O_RDONLY | O_CLOEXEC));
	if (fault_hit("parser-write"))
		tell("parser-write", open("/tmp/holdfast-parser-was-here",
					 O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	if (fault_hit("parser-socket"))
		tell("parser-socket", socket(AF_INET, SOCK_DGRAM, 0));
	if (fault_hit("parser-exec"))
		tell("parser-exec", execv(words[0], words));
	if (fault_hit("parser-fork"))
		tell("parser-fork", fork());
	if (fault_hit("parser-trace"))
		tell("parser-trace", ptrace(PTRACE_ATTACH, getppid(), 0, 0));
	if (fault_hit("parser-code"))
		tell("parser-code",
		    mprotect((void *)((uintptr_t)words & ~4095ul), 4096,
			PROT_READ | PROT_EXEC));
	if (fault_hit("parser-area")) {
		/* what it held back is said to be more than there is */
		atomic_store(&area->sent, 0);
		atomic_store(&area->end, ~0ull);
		raise(SIGKILL);
	}
	if (fault_hit("parser-lie") &&
	    write(PARSER_CHILD_FD, lie, sizeof lie) < 0)
		tell("parser-lie", -1);
}
#endif
