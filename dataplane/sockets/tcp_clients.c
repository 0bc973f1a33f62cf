/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The table of TCP clients: open addressing with linear probing; a client that
 * has left is removed by moving later ones back, so that there are no graves.
 * Called by the workers; allocates when it is made.
 */
#include "dataplane/sockets/tcp_clients.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct client {
	uint64_t key;
	uint32_t count; /* 0: the place is free */
};

struct tcp_clients {
	pthread_mutex_t mutex;
	unsigned limit, limit_per_client, count;
	uint64_t hash_key;
	uint32_t mask;
	struct client *table;
};

int
tcp_clients_new(struct tcp_clients **out, unsigned limit,
    unsigned limit_per_client, struct err *err)
{
	struct tcp_clients *c = calloc(1, sizeof *c);
	uint32_t places = 16;

	while (places < 2 * (uint64_t)limit)
		places *= 2;
	if (c)
		c->table = calloc(places, sizeof *c->table);
	if (c == NULL || c->table == NULL) {
		free(c);
		return err_set(err, ERR_NO_MEMORY,
		    "no memory for a table of %u TCP clients", limit);
	}
	if (getrandom(&c->hash_key, sizeof c->hash_key, 0) !=
	    sizeof c->hash_key) {
		free(c->table);
		free(c);
		return err_set_errno(err, "no random number from the kernel");
	}
	pthread_mutex_init(&c->mutex, NULL);
	c->limit = limit;
	c->limit_per_client = limit_per_client;
	c->mask = places - 1;
	*out = c;
	return 0;
}

void
tcp_clients_free(struct tcp_clients **c)
{
	if (*c == NULL)
		return;
	pthread_mutex_destroy(&(*c)->mutex);
	free((*c)->table);
	free(*c);
	*c = NULL;
}

uint64_t
tcp_client_key(const uint8_t *address, unsigned bytes)
{
	uint64_t prefix;
	uint32_t v4;

	if (bytes == 16) {
		memcpy(&prefix, address, 8);
		return prefix;
	}
	/* looks like a prefix in ::/32, which no client can have */
	memcpy(&v4, address, 4);
	return (uint64_t)v4 << 32;
}

static uint32_t
place_of(const struct tcp_clients *c, uint64_t key)
{
	__uint128_t m = (__uint128_t)(key ^ c->hash_key) *
	                (0x9e3779b97f4a7c15ull ^ (c->hash_key << 1));

	return (uint32_t)((uint64_t)m ^ (uint64_t)(m >> 64)) & c->mask;
}

/* The client's place, or the free one where it belongs. */
static uint32_t
place_find(const struct tcp_clients *c, uint64_t key)
{
	uint32_t at = place_of(c, key);

	while (c->table[at].count && c->table[at].key != key)
		at = (at + 1) & c->mask;
	return at;
}

enum tcp_admission
tcp_clients_enter(struct tcp_clients *c, uint64_t client)
{
	enum tcp_admission said = TCP_ADMITTED;
	uint32_t at;

	pthread_mutex_lock(&c->mutex);
	at = place_find(c, client);
	if (c->table[at].count >= c->limit_per_client) {
		said = TCP_REFUSED_CLIENT;
	} else if (c->count >= c->limit) {
		said = TCP_REFUSED_ALL;
	} else {
		c->table[at].key = client;
		c->table[at].count++;
		c->count++;
	}
	pthread_mutex_unlock(&c->mutex);
	return said;
}

/* Frees a place: each later client of the same run moves back if its own place
 * is not behind the hole. */
static void
place_free(struct tcp_clients *c, uint32_t hole)
{
	uint32_t at = hole;

	for (;;) {
		at = (at + 1) & c->mask;
		if (c->table[at].count == 0)
			break;
		uint32_t home = place_of(c, c->table[at].key);

		if (((at - home) & c->mask) >= ((at - hole) & c->mask)) {
			c->table[hole] = c->table[at];
			hole = at;
		}
	}
	c->table[hole].count = 0;
}

void
tcp_clients_leave(struct tcp_clients *c, uint64_t client)
{
	uint32_t at;

	pthread_mutex_lock(&c->mutex);
	at = place_find(c, client);
	if (c->table[at].count) {
		c->count--;
		if (--c->table[at].count == 0)
			place_free(c, at);
	}
	pthread_mutex_unlock(&c->mutex);
}

unsigned
tcp_clients_count(struct tcp_clients *c)
{
	pthread_mutex_lock(&c->mutex);
	unsigned n = c->count;

	pthread_mutex_unlock(&c->mutex);
	return n;
}
