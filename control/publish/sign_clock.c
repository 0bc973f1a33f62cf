/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The clock that signatures are made by (sign_clock.h).
 */
#include "control/publish/sign_clock.h"

#include "control/dnssec/dnssec.h"

/* Seconds by which the wall clock was set since it was last believed. */
static int64_t
set_by(const struct sign_clock *c, const struct sign_clock_look *look)
{
	return (int64_t)(look->wall_s - c->wall_s) -
	       (int64_t)(look->boot_s - c->boot_s);
}

static bool
is_in_doubt(const struct sign_clock *c, const struct sign_clock_look *look)
{
	int64_t by = c->known ? set_by(c, look) : 0;

	if (look->wall_s < SIGN_CLOCK_FLOOR)
		return true;
	return !c->contradicted &&
	       (by > SIGN_CLOCK_STEP_S || by < -SIGN_CLOCK_STEP_S) &&
	       !look->synchronised;
}

enum sign_clock_news
sign_clock_look(struct sign_clock *c, const struct sign_clock_look *look)
{
	bool before = c->doubt;
	int64_t by;

	c->doubt = is_in_doubt(c, look);
	if (c->doubt) {
		c->wrong_s = look->wall_s;
		return before ? SIGN_CLOCK_GOES_ON : SIGN_CLOCK_DOUBT;
	}
	by = c->known ? set_by(c, look) : 0;
	c->wall_s = look->wall_s;
	c->boot_s = look->boot_s;
	c->known = true;
	if (!before && by <= SIGN_CLOCK_STEP_S && by >= -SIGN_CLOCK_STEP_S)
		return SIGN_CLOCK_GOES_ON;
	c->contradicted = false;
	return SIGN_CLOCK_MOVED;
}

int
sign_clock_check(const struct sign_clock *c, struct err *err)
{
	char wrong[32];

	if (!c->doubt)
		return 0;
	dnssec_time_text(wrong, c->wrong_s);
	if (!c->known || c->wrong_s < SIGN_CLOCK_FLOOR)
		return err_set(err, ERR_REFUSED,
		    "the clock says %s, when this program was not made yet; "
		    "nothing is signed before it is set",
		    wrong);
	return err_set(err, ERR_REFUSED,
	    "the clock was set to %s while holdfastd ran, and the kernel does "
	    "not call it synchronised; nothing is signed before it is, or is "
	    "right again, or holdfastd is started anew",
	    wrong);
}
