/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Times as text (dnssec.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/dnssec/dnssec.h"

char *
dnssec_time_text(char dst[32], uint64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) ||
	    strftime(dst, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(dst, 32, "%llu", (unsigned long long)seconds);
	return dst;
}

int
dnssec_time_parse(uint64_t *out, const char *text, struct err *err)
{
	size_t digits = strspn(text, "0123456789");
	struct tm tm = {0};
	const char *end;
	time_t t;

	if (digits && !text[digits] && digits <= 12) {
		*out = strtoull(text, NULL, 10);
		return 0;
	}
	end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	t = end && !*end ? timegm(&tm) : -1;
	if (t < 0)
		return err_set(err, ERR_USAGE,
		    "\"%.64s\" is no time: write 2026-01-31T12:00:00Z, or "
		    "seconds since 1970",
		    text);
	*out = (uint64_t)t;
	return 0;
}
