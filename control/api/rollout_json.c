/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Canary and soak as JSON (rollout_json.h).
 */
#include "control/api/rollout_json.h"

#include <string.h>

/* Why what has changed does not go live now; NULL: it does. */
static const char *
waiting_why(const struct control_rollout *r)
{
	if (!r->pending)
		return NULL;
	if (r->held)
		return "publication is held: holdfast release";
	if (strcmp(r->phase, "canary") == 0)
		return "a canary goes on; what has changed since joins the "
		       "next candidate";
	if (strcmp(r->phase, "soak") == 0)
		return "a generation is watched; what has changed since joins "
		       "the next candidate";
	return r->hold_down_ms ? "a version was taken back a short while ago"
	                       : NULL;
}

json_t *
rollout_json(const struct control_rollout *r)
{
	char text[DIGEST_TEXT_MAX];
	const char *generation = strcmp(r->phase, "idle") == 0
	                             ? NULL
	                             : digest_to_text(text, &r->generation);

	return json_pack("{s:s, s:s?, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:b, "
			 "s:b, s:I, s:b, s:s?}",
	    "phase", r->phase, "generation", generation, "permille",
	    (int)r->permille, "took_ms", (json_int_t)r->took_ms, "left_ms",
	    (json_int_t)r->left_ms, "exposure_ms", (json_int_t)r->exposure_ms,
	    "questions", (json_int_t)r->questions, "faults",
	    (json_int_t)r->faults, "uncounted", (json_int_t)r->uncounted,
	    "mix_changed", r->alarm, "held", r->held, "hold_down_ms",
	    (json_int_t)r->hold_down_ms, "waiting", r->pending, "why",
	    waiting_why(r));
}
