/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How many TCP connections there are in all and of each client (an IPv4
 * address or an IPv6 /64). Shared by the workers under a mutex that is taken
 * once when a connection begins and once when it ends. A table of fixed size,
 * twice the limit, keyed by a random number so that nobody can make clients
 * collide.
 */
#ifndef HOLDFAST_TCP_CLIENTS_H
#define HOLDFAST_TCP_CLIENTS_H

#include <stdint.h>

#include "base/err.h"

struct tcp_clients;

enum tcp_admission {
	TCP_ADMITTED,
	TCP_REFUSED_CLIENT, /* this client has its share */
	TCP_REFUSED_ALL,    /* all connections are taken */
};

int tcp_clients_new(struct tcp_clients **out, unsigned limit,
    unsigned limit_per_client, struct err *err);
void tcp_clients_free(struct tcp_clients **c);

/* The client that an address of 4 or 16 octets is counted as. */
uint64_t tcp_client_key(const uint8_t *address, unsigned bytes);

enum tcp_admission tcp_clients_enter(struct tcp_clients *c, uint64_t client);
void tcp_clients_leave(struct tcp_clients *c, uint64_t client);
unsigned tcp_clients_count(struct tcp_clients *c);

#endif
