/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Publishing and retiring pairs of generations; see live.h. Management thread,
 * except live_reader_start() and _stop(), which a core calls around its loop.
 * Allocates at start only.
 */
#include "dataplane/poll/live.h"

#include <stdlib.h>
#include <string.h>

#include "snapshot/load.h"

int
live_new(struct live **out, unsigned readers, struct err *err)
{
	size_t bytes = rte_rcu_qsbr_get_memsize(readers);
	struct live *l = aligned_alloc(64, sizeof *l);

	if (!l)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	memset(l, 0, sizeof *l);
	l->readers = aligned_alloc(64, (bytes + 63) / 64 * 64);
	if (!l->readers || rte_rcu_qsbr_init(l->readers, readers)) {
		free(l->readers);
		free(l);
		return err_set(err, ERR_NO_MEMORY,
		    "out of memory for the grace periods of %u cores", readers);
	}
	l->slots[0].state = LIVE_PUBLISHED;
	atomic_init(&l->pair, &l->slots[0].pair);
	*out = l;
	return 0;
}

static void
slot_free(struct live_slot *s)
{
	generation_free(&s->garbage.generation);
	probation_free(&s->garbage.probation);
	s->state = LIVE_FREE;
}

void
live_free(struct live **l)
{
	if (!*l)
		return;
	for (unsigned i = 0; i < LIVE_PAIRS; i++)
		if ((*l)->slots[i].state == LIVE_RETIRED)
			slot_free(&(*l)->slots[i]);
	prefix_set_free(&(*l)->published_prefixes);
	prefix_set_free(&(*l)->retired_prefixes);
	free((*l)->readers);
	explicit_bzero((*l)->secrets_slots, sizeof(*l)->secrets_slots);
	free(*l);
	*l = NULL;
}

unsigned
live_reclaim(struct live *l)
{
	unsigned waiting = 0;

	for (unsigned i = 0; i < LIVE_PAIRS; i++) {
		struct live_slot *s = &l->slots[i];

		if (s->state != LIVE_RETIRED)
			continue;
		if (rte_rcu_qsbr_check(l->readers, s->token, false))
			slot_free(s);
		else
			waiting++;
	}
	if (!l->retired_prefixes)
		return waiting;
	if (!rte_rcu_qsbr_check(l->readers, l->prefixes_token, false))
		return waiting + 1;
	prefix_set_free(&l->retired_prefixes);
	return waiting;
}

static struct live_slot *
free_slot_find(struct live *l)
{
	for (unsigned i = 0; i < LIVE_PAIRS; i++)
		if (l->slots[i].state == LIVE_FREE)
			return &l->slots[i];
	return NULL;
}

static struct live_slot *
published_slot(struct live *l)
{
	unsigned i = 0;

	while (l->slots[i].state != LIVE_PUBLISHED)
		i++;
	return &l->slots[i];
}

int
live_replace(struct live *l, const struct live_pair *pair,
    struct live_garbage *garbage, struct err *err)
{
	struct live_slot *old = published_slot(l), *new;

	live_reclaim(l);
	new = free_slot_find(l);
	if (!new)
		return err_set(err, ERR_BUSY,
		    "a core still reads generations that %d activations ago "
		    "replaced; look at its heartbeat (holdfast status) and "
		    "restart the data plane if it hangs",
		    LIVE_PAIRS);
	new->pair = *pair;
	new->garbage = (struct live_garbage){0};
	new->state = LIVE_PUBLISHED;
	atomic_store_explicit(&l->pair, &new->pair, memory_order_release);
	old->token = rte_rcu_qsbr_start(l->readers);
	old->garbage = *garbage;
	old->state = LIVE_RETIRED;
	*garbage = (struct live_garbage){0};
	return 0;
}

int
live_publish(struct live *l, const struct live_pair *pair,
    struct generation **garbage, struct err *err)
{
	struct live_garbage old = {.generation = *garbage};
	int rc = live_replace(l, pair, &old, err);

	*garbage = old.generation;
	return rc;
}

int
live_publish_prefixes(
    struct live *l, struct prefix_set **prefixes, struct err *err)
{
	live_reclaim(l);
	if (l->retired_prefixes)
		return err_set(err, ERR_BUSY,
		    "a core still reads the prefixes that were replaced "
		    "before; try again, and look at its heartbeat (holdfast "
		    "status) if that does not help");
	atomic_store_explicit(&l->prefixes, *prefixes, memory_order_release);
	l->prefixes_token = rte_rcu_qsbr_start(l->readers);
	l->retired_prefixes = l->published_prefixes;
	l->published_prefixes = *prefixes;
	*prefixes = NULL;
	return 0;
}

bool
live_publish_secrets(struct live *l, const struct cookie_secrets *secrets)
{
	unsigned n = l->secrets_next;
	struct live_secrets *new = &l->secrets_slots[n];
	struct live_secrets *old =
	    &l->secrets_slots[(n + LIVE_SECRETS - 1) % LIVE_SECRETS];

	if (new->token && !rte_rcu_qsbr_check(l->readers, new->token, false))
		return false;
	new->secrets = *secrets;
	atomic_store_explicit(&l->secrets, &new->secrets, memory_order_release);
	old->token = rte_rcu_qsbr_start(l->readers);
	l->secrets_next = (n + 1) % LIVE_SECRETS;
	return true;
}

void
live_reader_start(struct live *l, unsigned reader)
{
	rte_rcu_qsbr_thread_register(l->readers, reader);
	rte_rcu_qsbr_thread_online(l->readers, reader);
}

void
live_reader_stop(struct live *l, unsigned reader)
{
	rte_rcu_qsbr_thread_offline(l->readers, reader);
	rte_rcu_qsbr_thread_unregister(l->readers, reader);
}
