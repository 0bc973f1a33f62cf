/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Putting a generation live, and going back. With a data plane: through its
 * socket, whose compare-and-swap decides; it commits to the store. Without one:
 * the commit lock is taken and `current` written here. Worker thread only.
 *
 * holdfastd holds the store's owner lock and, when there is a data plane, its
 * one owning connection.
 */
#ifndef HOLDFAST_PUBLISHER_H
#define HOLDFAST_PUBLISHER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "snapshot/store.h"

struct publisher {
	struct store *store;  /* opened and owned by this */
	char *socket_path;    /* of the data plane */
	int fd;               /* owning connection, or -1 */
	unsigned deadline_ms; /* of a candidate */
	unsigned retain;      /* generations kept */
};

/* Makes the store where there is none, opens it, takes the owner lock. */
int publisher_open(struct publisher *p, const char *store_dir,
    const char *run_dir, struct err *err);
void publisher_close(struct publisher *p);

/* What is live: the data plane's word when it is there, else `current`. */
struct publisher_live {
	uint64_t activation;
	struct digest generation; /* zeros: none yet */
	bool dataplane;           /* it is there, and this is its word */
	struct digest candidate;  /* zeros: none */
	uint64_t soak_ms; /* that are left of a soak; 0: there is none */
};
/* ERR_UNAVAILABLE when it is there, but does not answer. */
int publisher_live(
    struct publisher *p, struct publisher_live *out, struct err *err);

/* When it was committed, seconds since 1970; 0 if that is not known. */
uint64_t publisher_committed_at(
    struct publisher *p, const struct publisher_live *live);

/* Makes `generation` (in candidates/) live, if `expect` still is. `step` hears
 * "activating" and "committing". ERR_STALE when somebody was faster. */
int publisher_publish(struct publisher *p, const struct publisher_live *expect,
    const struct digest *generation, void (*step)(void *arg, const char *word),
    void *arg, uint64_t *activation, struct err *err);

/* The steps of it with a data plane, for a canary. `activation` is the number
 * that the one before left, and becomes the new one. */
struct publisher_step {
	struct digest parent, generation;
	unsigned permille;
	uint64_t deadline_ms; /* of an activation, for its commit */
	uint64_t soak_ms;     /* after a commit; 0: proven at once */
	uint64_t activation;
};
int publisher_activate(
    struct publisher *p, struct publisher_step *s, struct err *err);
int publisher_commit(
    struct publisher *p, struct publisher_step *s, struct err *err);
/* The candidate goes away. */
int publisher_return(
    struct publisher *p, struct publisher_step *s, struct err *err);
/* The soak is over: zones on probation are not any more. */
int publisher_proven(
    struct publisher *p, struct publisher_step *s, struct err *err);

/* Makes a committed generation live and condemns what it leaves. */
int publisher_rollback(struct publisher *p, const struct publisher_live *from,
    const struct digest *generation, uint64_t *activation, struct err *err);

/* Marks of operators in the store (store.h): through the data plane, which has
 * the commit lock, or here. */
int publisher_pin(struct publisher *p, const struct publisher_live *live,
    const struct digest *generation, bool pinned, struct err *err);
int publisher_hold(struct publisher *p, const struct publisher_live *live,
    bool held, struct err *err);

/* Removes what nothing names any more. `keep`: more to keep. */
int publisher_retain(struct publisher *p, const struct publisher_live *live,
    const struct digest *keep, size_t count, struct err *err);

#endif
