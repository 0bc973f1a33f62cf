/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Attempts of holdfastd to leave its cage (control_fault.h), each told in the
 * log with what came of it.
 */
#include "control/sandbox/control_fault.h"

#ifdef HOLDFAST_FAULTS
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "snapshot/fault.h"

static void
tell(const char *what, long result)
{
	log_error(
	    "%s: %s", what, result < 0 ? strerror(errno) : "nobody minds");
}

void
control_fault(void)
{
	static char word[] = "/bin/true";
	static char *const words[] = {word, NULL};

	if (fault_hit("control-open"))
		tell("control-open", open("/etc/shadow", O_RDONLY | O_CLOEXEC));
	if (fault_hit("control-write"))
		tell(
		    "control-write", open("/tmp/holdfastd-was-here",
					 O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	if (fault_hit("control-exec"))
		tell("control-exec", execv(words[0], words));
	if (fault_hit("control-fork"))
		tell("control-fork", syscall(SYS_vfork));
	if (fault_hit("control-trace"))
		tell("control-trace", syscall(SYS_process_vm_writev, getppid(),
					  NULL, 0, NULL, 0, 0));
	if (fault_hit("control-socket"))
		tell("control-socket", socket(AF_NETLINK, SOCK_RAW, 0));
}
#endif
