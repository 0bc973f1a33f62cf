/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the kernel thinks of the wall clock, and jumps of it, for tests of whole
 * programs (clock.h): debug and asan profiles only. The file is read at each
 * look, so that a clock can jump under a running program; what is not there or
 * no number is no jump. Any thread; allocates nothing.
 */
#include "base/clock.h"

#include <sys/timex.h>

#ifdef HOLDFAST_FAULTS
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int64_t
clock_jump_s(clockid_t which)
{
	const char *path = getenv("HOLDFAST_CLOCK_JUMP");
	char text[32];
	ssize_t n;
	int fd;

	if (!path ||
	    (which != CLOCK_REALTIME && which != CLOCK_REALTIME_COARSE))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	return strtoll(text, NULL, 10);
}
#endif

bool
clock_is_synchronised(void)
{
	struct timex t = {.modes = 0}; /* looks, and sets nothing */
	int state = adjtimex(&t);

	return state >= 0 && state != TIME_ERROR && !(t.status & STA_UNSYNC) &&
	       clock_jump_s(CLOCK_REALTIME) == 0;
}
