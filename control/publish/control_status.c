/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What holdfastd is doing (control_status.h).
 */
#include "control/publish/control_status.h"

#include <stdio.h>
#include <string.h>

const char *const control_counter_name[CONTROL_COUNTER_COUNT] = {
#define CONTROL_COUNTER_NAME(name, text, help) text,
    CONTROL_COUNTERS(CONTROL_COUNTER_NAME)
#undef CONTROL_COUNTER_NAME
};

const char *const control_counter_help[CONTROL_COUNTER_COUNT] = {
#define CONTROL_COUNTER_HELP(name, text, help) help,
    CONTROL_COUNTERS(CONTROL_COUNTER_HELP)
#undef CONTROL_COUNTER_HELP
};

void
control_status_init(struct control_status *s)
{
	*s = (struct control_status){
	    .facts = {.work = "idle", .rollout.phase = "idle"}};
	pthread_mutex_init(&s->lock, NULL);
}

void
control_status_fini(struct control_status *s)
{
	pthread_mutex_destroy(&s->lock);
}

void
control_status_work(struct control_status *s, const char *word)
{
	pthread_mutex_lock(&s->lock);
	s->facts.work = word;
	pthread_mutex_unlock(&s->lock);
}

void
control_status_count(
    struct control_status *s, enum control_counter c, uint64_t n)
{
	pthread_mutex_lock(&s->lock);
	s->facts.counter[c] += n;
	pthread_mutex_unlock(&s->lock);
}

void
control_status_error(struct control_status *s, const char *text)
{
	pthread_mutex_lock(&s->lock);
	s->facts.have_error = true;
	snprintf(s->facts.last_error, sizeof s->facts.last_error, "%s", text);
	pthread_mutex_unlock(&s->lock);
}

void
control_status_live(struct control_status *s, const struct digest *generation,
    uint64_t activation, uint64_t at)
{
	pthread_mutex_lock(&s->lock);
	s->facts.have_generation = !digest_is_zero(generation);
	s->facts.generation = *generation;
	s->facts.activation = activation;
	s->facts.committed_at = at;
	s->facts.have_candidate = s->facts.have_error = false;
	pthread_mutex_unlock(&s->lock);
}

void
control_status_candidate(
    struct control_status *s, const struct digest *candidate)
{
	pthread_mutex_lock(&s->lock);
	s->facts.have_candidate = candidate != NULL;
	if (candidate)
		s->facts.candidate = *candidate;
	pthread_mutex_unlock(&s->lock);
}

void
control_status_rollout(
    struct control_status *s, const struct control_rollout *r)
{
	pthread_mutex_lock(&s->lock);
	s->facts.rollout = *r;
	pthread_mutex_unlock(&s->lock);
}

void
control_status_read(struct control_status *s, struct control_facts *out)
{
	pthread_mutex_lock(&s->lock);
	*out = s->facts;
	pthread_mutex_unlock(&s->lock);
}
