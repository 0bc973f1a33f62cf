/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Is the wall clock to be believed? Signatures say from when to when they are
 * valid: a zone that is signed by a clock that is years off is bogus for
 * everybody who validates, and what was served until then was not. So nothing
 * is signed, and no key takes a step, while the clock is in doubt:
 *
 *   - it stands before this program was made: it was not set yet;
 *   - it was set by more than an hour while this process ran (against
 *     CLOCK_BOOTTIME), and the kernel does not call it synchronised.
 *
 * Of a clock that is wrong from the start on, what is served may tell
 * (zone_signer.h).
 *
 * A pure function of clocks that the caller looks at. Worker thread.
 */
#ifndef HOLDFAST_SIGN_CLOCK_H
#define HOLDFAST_SIGN_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum {
	/* a step that does no harm: signatures begin so long before they are
	 * made */
	SIGN_CLOCK_STEP_S = 3600,
	SIGN_CLOCK_FLOOR = 1767225600, /* the beginning of 2026 */
};

struct sign_clock_look {
	uint64_t wall_s; /* seconds since 1970 */
	uint64_t boot_s; /* of a clock that nobody sets */
	bool synchronised;
};

struct sign_clock {
	uint64_t wall_s, boot_s; /* when it was last believed */
	uint64_t wrong_s;        /* what is not believed, if it is in doubt */
	bool known, doubt;
	/* what is served says that it is wrong: another one is welcome */
	bool contradicted;
};

enum sign_clock_news {
	SIGN_CLOCK_GOES_ON,
	SIGN_CLOCK_DOUBT, /* since this look */
	SIGN_CLOCK_MOVED, /* it is believed, and another one than before: what
	                     was planned is to be planned anew */
};

enum sign_clock_news sign_clock_look(
    struct sign_clock *c, const struct sign_clock_look *look);

/* 0, or ERR_REFUSED and why nothing may be signed. */
int sign_clock_check(const struct sign_clock *c, struct err *err);

#endif
