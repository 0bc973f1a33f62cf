/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Decisions of canary and soak (rollout.h).
 */
#include "control/publish/rollout.h"

const char *const rollout_phase_word[] = {
    [ROLLOUT_IDLE] = "idle",
    [ROLLOUT_CANARY] = "canary",
    [ROLLOUT_SOAK] = "soak",
};

void
rollout_settings_from(
    struct rollout_settings *s, const struct config_rollout *c)
{
	*s = (struct rollout_settings){.on = c->canary,
	    .undecided_returns = c->undecided == UNDECIDED_RETURN,
	    .permille = c->canary_permille,
	    .cost_percent = c->cost_percent,
	    .least_ms = (uint64_t)c->least_s * 1000,
	    .most_ms = (uint64_t)c->most_s * 1000,
	    .soak_ms = c->canary ? (uint64_t)c->soak_s * 1000 : 0,
	    .hold_down_ms = (uint64_t)c->hold_down_s * 1000,
	    .rates = {.good = c->good_permille / 1000.0,
		.bad = c->bad_permille / 1000.0,
		.false_return = c->false_return_ppm / 1e6,
		.missed = c->missed_ppm / 1e6}};
}

void
rollout_init(struct rollout *r)
{
	*r = (struct rollout){.phase = ROLLOUT_IDLE};
}

void
rollout_fini(struct rollout *r)
{
	evidence_fini(&r->evidence);
	*r = (struct rollout){.phase = ROLLOUT_IDLE};
}

int
rollout_begin(struct rollout *r, enum rollout_phase phase,
    const struct digest *generation, const struct digest *parent,
    uint64_t now_ms, struct err *err)
{
	struct evidence fresh;
	int rc = evidence_init(&fresh, &r->settings.rates, err);

	if (rc)
		return rc;
	/* what guards let pass is no fault in the soak either */
	if (phase == ROLLOUT_SOAK && r->phase == ROLLOUT_CANARY)
		evidence_accept_all(&fresh, &r->evidence);
	evidence_fini(&r->evidence);
	r->evidence = fresh;
	r->canary_ms = phase == ROLLOUT_SOAK && r->phase == ROLLOUT_CANARY
	                   ? now_ms - r->since_ms
	                   : 0;
	r->phase = phase;
	r->generation = *generation;
	r->parent = *parent;
	r->since_ms = now_ms;
	r->pid = 0;
	return 0;
}

void
rollout_end(struct rollout *r)
{
	evidence_fini(&r->evidence);
	r->phase = ROLLOUT_IDLE;
}

bool
rollout_has_killed(const struct rollout *r)
{
	return r->deaths >= ROLLOUT_DEATHS &&
	       digest_equal(&r->died, &r->generation);
}

/* Another process is the data plane now. Returns whether that is so. */
static bool
died(struct rollout *r, const struct rollout_seen *seen)
{
	uint32_t before = r->pid;

	r->pid = seen->pid;
	if (!before || before == seen->pid)
		return false;
	if (!digest_equal(&r->died, &r->generation))
		r->deaths = 0;
	r->died = r->generation;
	r->deaths++;
	return true;
}

static enum rollout_move
canary_step(struct rollout *r, uint64_t now_ms, const char **why)
{
	uint64_t took = now_ms - r->since_ms;
	bool suspect, over = took >= r->settings.most_ms;
	enum canary_verdict v = evidence_verdict(&r->evidence, &suspect);

	if (v == CANARY_BAD) {
		*why = "questions were answered worse than before";
		return ROLLOUT_RETURN;
	}
	if (took < r->settings.least_ms)
		return ROLLOUT_WAIT;
	if (v == CANARY_GOOD && (!suspect || over)) {
		*why = "the questions asked say that it is good";
		return ROLLOUT_COMMIT;
	}
	if (!over)
		return ROLLOUT_WAIT;
	*why = r->settings.undecided_returns
	           ? "there were too few questions to say that it is good"
	           : "its time is over, and the few questions asked do not "
	             "speak against it";
	return r->settings.undecided_returns ? ROLLOUT_RETURN : ROLLOUT_COMMIT;
}

static enum rollout_move
soak_step(struct rollout *r, uint64_t now_ms, const char **why)
{
	bool suspect;

	if (evidence_verdict(&r->evidence, &suspect) == CANARY_BAD) {
		*why = "questions were answered worse than before";
		return ROLLOUT_RETURN;
	}
	if (now_ms - r->since_ms < r->settings.soak_ms)
		return ROLLOUT_WAIT;
	*why = "nothing spoke against it";
	return ROLLOUT_PROVEN;
}

enum rollout_move
rollout_step(struct rollout *r, const struct rollout_seen *seen,
    uint64_t now_ms, const char **why)
{
	bool canary = r->phase == ROLLOUT_CANARY;

	*why = NULL;
	if (r->phase == ROLLOUT_IDLE)
		return ROLLOUT_WAIT;
	if (!seen->alive) {
		/* it starts, or hangs; its own deadline acts without us */
		*why = "the data plane does not come back";
		return canary && rollout_left_ms(r, now_ms) == 0 ? ROLLOUT_LOST
		                                                 : ROLLOUT_WAIT;
	}
	if (died(r, seen) && rollout_has_killed(r)) {
		*why = "the data plane ended twice with it";
		return ROLLOUT_RETURN;
	}
	if (!digest_equal(
		canary ? &seen->candidate : &seen->stable, &r->generation)) {
		*why = "the data plane has something else";
		return ROLLOUT_LOST;
	}
	return canary ? canary_step(r, now_ms, why) : soak_step(r, now_ms, why);
}

uint64_t
rollout_hold_down_ms(const struct rollout_settings *s, unsigned returns)
{
	unsigned doublings = returns > 6 ? 5 : returns ? returns - 1 : 0;

	return returns ? s->hold_down_ms << doublings : 0;
}

uint64_t
rollout_exposure_ms(const struct rollout *r, uint64_t now_ms)
{
	uint64_t canary_ms =
	    r->phase == ROLLOUT_CANARY ? now_ms - r->since_ms : r->canary_ms;
	uint64_t all_ms = r->phase == ROLLOUT_SOAK ? now_ms - r->since_ms : 0;

	if (r->phase == ROLLOUT_IDLE)
		return 0;
	return canary_ms * r->settings.permille / 1000 + all_ms;
}

uint64_t
rollout_left_ms(const struct rollout *r, uint64_t now_ms)
{
	uint64_t most = r->phase == ROLLOUT_CANARY ? r->settings.most_ms
	                                           : r->settings.soak_ms;
	uint64_t took = now_ms - r->since_ms;

	return r->phase == ROLLOUT_IDLE || took >= most ? 0 : most - took;
}
