/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Deaths at known places (kill_point.h).
 */
#include "control/publish/kill_point.h"

#ifdef HOLDFAST_FAULTS
#include <signal.h>
#include <stdlib.h>
#include <string.h>

void
kill_point(const char *word)
{
	static unsigned passes;
	const char *at = getenv("HOLDFASTD_KILL_AT");
	size_t n = at ? strcspn(at, ":") : 0;
	unsigned long want = at && at[n] ? strtoul(at + n + 1, NULL, 10) : 1;

	if (n && strlen(word) == n && strncmp(word, at, n) == 0 &&
	    ++passes >= want)
		raise(SIGKILL);
}
#endif
