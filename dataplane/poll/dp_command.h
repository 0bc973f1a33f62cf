/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The data plane's commands: one request in, one answer out, as text
 * (snapshot/dataplane_protocol.h describes each). Knows nothing of sockets, so
 * tests and fuzzers call it. Management thread; allocates what loading does.
 */
#ifndef HOLDFAST_DP_COMMAND_H
#define HOLDFAST_DP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/poll/activation.h"
#include "dataplane/poll/cookie_keeper.h"
#include "dataplane/poll/health.h"
#include "snapshot/dataplane_protocol.h"

enum { DP_CLIENTS_MAX = 16, DP_NO_OWNER = -1 };

struct dp_context {
	struct activation *activation;
	const struct health *health;
	const struct limits *limits; /* NULL in tests: no lists of prefixes */
	const struct cookie_keeper *cookies; /* NULL: none are kept */
	uint64_t started_ms;
	unsigned quarantined; /* queries in quarantine, for `status` */
	uint64_t age_s;       /* of the data, for `status` */
	bool stop;            /* set by the command */
	int owner;            /* number of the owning connection */
	uint64_t owner_pid;   /* as it says itself */
	/* connections that were owners: told so at their next request */
	bool deposed[DP_CLIENTS_MAX];
};

void dp_context_init(struct dp_context *d, struct activation *a,
    const struct health *h, uint64_t now_ms);

/* Answers the request of connection `client`; cuts `request` (which has room
 * for one octet more) up. Returns the answer's length; *hang_up says that the
 * connection is to be closed behind it. */
size_t dp_command(struct dp_context *d, unsigned client, char *request,
    size_t bytes, char answer[DATAPLANE_MESSAGE_MAX], bool *hang_up);

/* The connection is gone. */
void dp_forget(struct dp_context *d, unsigned client);

/* Fields of a request, checked; a number that is not there stays as it is. */
int dp_number_field(const struct dataplane_message *m, const char *key,
    bool needed, uint64_t *out, struct err *err);
int dp_digest_field(const struct dataplane_message *m, const char *key,
    struct digest *out, struct err *err);
int dp_yes_field(const struct dataplane_message *m, const char *key, bool *out,
    struct err *err);

/* dp_operator.c: false if the word is none of the operator's. */
bool dp_operator_run(struct dp_context *d, const struct dataplane_message *m,
    int *rc, struct err *err);
int dp_history(struct dp_context *d, const struct dataplane_message *m,
    char *answer, size_t *bytes, struct err *err);

#endif
