/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Bisection; see rate_search.h. Main thread.
 */
#include "tools/load/rate_search.h"

/* The first steps: small, because the first rate is a good guess. */
#define STEP_UP   1.25
#define STEP_DOWN 0.8

void
search_begin(struct rate_search *s, double first, double precision)
{
	*s = (struct rate_search){.next = first, .precision = precision};
	if (s->next < SEARCH_RATE_MIN)
		s->next = SEARCH_RATE_MIN;
}

bool
search_goes_on(const struct rate_search *s)
{
	if (s->trials >= SEARCH_TRIALS_MAX)
		return false;
	if (s->low == 0)
		return s->next >= SEARCH_RATE_MIN;
	if (s->high == 0)
		return s->next <= SEARCH_RATE_MAX;
	return s->high - s->low > s->low * s->precision;
}

static void
choose(struct rate_search *s)
{
	if (s->low > 0 && s->high > 0)
		s->next = (s->low + s->high) / 2;
	else if (s->low > 0)
		s->next = s->low * STEP_UP;
	else
		s->next = s->high * STEP_DOWN;
}

void
search_take(struct rate_search *s, bool passed, bool excused)
{
	unsigned attempts = excused ? SEARCH_ATTEMPTS_EXCUSED : SEARCH_ATTEMPTS;

	s->trials++;
	if (!passed && ++s->failures < attempts)
		return;
	s->failures = 0;
	if (passed)
		s->low = s->next;
	else
		s->high = s->next;
	choose(s);
}
