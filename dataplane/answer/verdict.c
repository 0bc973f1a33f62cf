/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Texts of the verdicts, for counters and people. Allocates nothing.
 */
#include "dataplane/answer/verdict.h"

const char *
verdict_name(enum verdict v)
{
	static const char *const names[] = {
#define VERDICT_TEXT(name, text, sent, meaning) text,
	    VERDICTS(VERDICT_TEXT)
#undef VERDICT_TEXT
	};

	return (unsigned)v < VERDICT_COUNT ? names[v] : "?";
}

const char *
verdict_meaning(enum verdict v)
{
	static const char *const meanings[] = {
#define VERDICT_MEANING(name, text, sent, meaning) meaning,
	    VERDICTS(VERDICT_MEANING)
#undef VERDICT_MEANING
	};

	return (unsigned)v < VERDICT_COUNT ? meanings[v] : "?";
}

/* verdict_is_sent() and usual_response_write() rely on the order. */
_Static_assert(VERDICT_SLIPPED + 1 == VERDICT_DROP_SHORT, "last that is sent");
#define VERDICT_ORDER(name, text, sent, meaning)                               \
	_Static_assert(sent == (VERDICT_##name < VERDICT_DROP_SHORT), text);
VERDICTS(VERDICT_ORDER)
