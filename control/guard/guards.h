/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The guards: what a version of a zone has to pass before it goes live, besides
 * being sound. Each has a verdict: what, where, how much, the limit, and how to
 * let it pass all the same. A guard refuses a zone's version, never a turn:
 * that zone stays at its last good version, the others go on.
 *
 *   guards_begin    and guards_vanish: zones that are not configured any more
 *   guards_before   old records against new ones: budgets, protected names
 *   guards_after    the candidate, asked through the engine: assertions, and
 *                   whatever else calls guards_verdict_add()
 *   guards_end      what became of it, kept in STORE/guards, a file a zone
 *   guards_tried    how a canary ended, if that is what became of it
 *
 * Only zones whose version is another are looked at, by one linear merge.
 * Worker thread only; what others read is in the files (guard_state.h).
 */
#ifndef HOLDFAST_GUARDS_H
#define HOLDFAST_GUARDS_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "control/compile/compile.h"
#include "snapshot/digest.h"
#include "snapshot/generation.h"

/* One row: enum, its word in files, counters and messages, what it watches. */
#define GUARD_KINDS(X)                                                         \
	X(NEVER_EMPTY, "never-empty", "a protected name lost its records")     \
	X(EMPTIED, "emptied", "nothing is left of a zone but its servers")     \
	X(SHRINK, "shrink", "records are missing, also of many small cuts")    \
	X(CHURN, "churn", "most of a zone was replaced at once")               \
	X(GENERATION, "generation", "all zones together lost too much")        \
	X(VANISHED, "vanished", "a zone is not configured any more")           \
	X(SOA, "soa", "the SOA's server, mailbox or times are others")         \
	X(NS, "ns", "the servers of a zone are others")                        \
	X(DNSKEY, "dnskey", "the keys of a zone are others")                   \
	X(DS, "ds", "keys of a child are others")                              \
	X(UNSIGNED, "unsigned", "a signed zone is unsigned, or the reverse")   \
	X(SERIAL, "serial", "the serial does not go forward")                  \
	X(TTL, "ttl", "TTLs rose far")                                         \
	X(NEGATIVE_TTL, "negative-ttl", "absence is cached for longer")        \
	X(ASSERTION, "assertion", "an assertion of the configuration fails")   \
	X(REPLAY, "replay", "real questions would be answered worse")          \
	X(CANARY, "canary", "clients were answered worse")

enum guard_kind {
#define GUARD_KIND_ENUM(name, word, help) GUARD_##name,
	GUARD_KINDS(GUARD_KIND_ENUM)
#undef GUARD_KIND_ENUM
	    GUARD_KIND_COUNT
};

extern const char *const guard_kind_word[GUARD_KIND_COUNT];
extern const char *const guard_kind_help[GUARD_KIND_COUNT];

/* What follows; the words of the options, in this order. */
enum guard_action {
	GUARD_OFF,
	GUARD_WARN,   /* it is said, and goes on */
	GUARD_ACK,    /* refused, unless an override lets it pass */
	GUARD_REFUSE, /* refused; only another configuration lets it pass */
	GUARD_ACTION_COUNT
};

extern const char *const guard_action_word[GUARD_ACTION_COUNT];

enum { GUARD_WHAT_MAX = 440 };

struct guard_verdict {
	enum guard_kind kind;
	enum guard_action action;
	uint8_t apex[DNS_NAME_MAX + 1];
	struct digest version; /* guards set it where it is left zero */
	/* what, where, how much, the limit; how to override is added */
	char what[GUARD_WHAT_MAX];
	bool overridden; /* by a token; set by the guards */
};

struct guards;

/* `store_dir` is kept. Makes STORE/guards. */
int guards_open(struct guards **out, const char *store_dir, struct err *err);
void guards_free(struct guards **g);

/* Takes over what the configuration says of guards (a copy). On failure nothing
 * has changed. Also for checking a configuration, with `g` NULL. */
int guards_configure(struct guards *g, const struct config *c, struct err *err);

/* A turn begins. `now`: seconds since 1970. */
void guards_begin(struct guards *g, uint64_t now);

/* A zone that is served and not configured any more. */
struct guard_leaving {
	const struct zone_records *records;
	/* how much clients ask for it, as a sentence goes on, if that is too
	 * much to go; else empty (guard_replay_leaving()) */
	char asked[160];
	bool stays; /* set by guards_vanish(): it must be served on */
};

/* All of them, of `served` zones in all. */
int guards_vanish(struct guards *g, struct guard_leaving *leaving, size_t n,
    size_t served, struct err *err);

/* Zones sorted by apex; those whose records are not last_good are looked at. A
 * zone that is refused has its status and why set, as compile_generation()
 * honours them. Zones and records have to live until guards_end(). */
int guards_before(
    struct guards *g, struct compile_zone *zones, size_t n, struct err *err);

struct guard_candidate {
	const struct generation *active; /* or NULL: nothing is live */
	const struct generation *candidate;
	struct compile_zone *zones; /* as for guards_before() */
	size_t n;
};

/* Asks the candidate. `refused`: how many zones it refused; if there are some,
 * compile again without them, and ask again. */
int guards_after(struct guards *g, const struct guard_candidate *c,
    unsigned *refused, struct err *err);

enum guards_outcome {
	GUARDS_FAILED, /* nothing went live, for whatever reason */
	GUARDS_LIVE,   /* what passed is live, or nothing had changed */
	GUARDS_TRIED,  /* some clients have it; guards_tried() tells the end */
};

/* The turn is over: files are written, logs and the audit log say what is new.
 */
void guards_end(struct guards *g, enum guards_outcome outcome);

/* The canary of the last GUARDS_TRIED is over. What only counts when it is
 * live (zones that went, losses that were acknowledged) does so now, or is
 * forgotten: the same turn comes again. Between turns. */
void guards_tried(struct guards *g, bool live);

/* For guards that live elsewhere: adds a verdict on a zone, between
 * guards_before() and guards_end(), or at any other time between guards_begin()
 * and guards_end(). A blocking one is refused by the guards_after() that it is
 * added in, unless an override lets it pass. */
int guards_verdict_add(struct guards *g, const struct guard_verdict *v);

/* Whether an override lets this kind of verdict on this version pass; takes
 * the token, which is good for one version going live. */
bool guard_override_take(struct guards *g, const uint8_t *apex,
    const struct digest *version, enum guard_kind kind);

/* The action for a zone, as configured. */
enum guard_action guards_action(
    const struct guards *g, const uint8_t *apex, enum guard_kind kind);

/* Whether the configuration protects a name of the zone. */
bool guards_name_is_protected(
    const struct guards *g, const uint8_t *apex, const uint8_t *name);

/* A name to be protected like those of the configuration, say for its share
 * of the traffic; `why` ends up in the verdict. Names of before are forgotten
 * by guards_protect_begin(). */
void guards_protect_begin(struct guards *g);
int guards_protect(struct guards *g, const uint8_t *name, const char *why);

struct guard_override {
	const uint8_t *apex;
	/* first digits of the version that is meant, as its verdict has them;
	 * empty: the one that was refused last */
	const char *version;
	const char *reason, *who;
	uint64_t until; /* seconds since 1970 */
};

enum {
	GUARD_VERSION_DIGITS = 12, /* in messages */
	GUARD_VERSION_DIGITS_LEAST = 8,
};

/* Lets the version that was refused last pass once: everything that its
 * verdicts named. `who` and `reason` go to the audit log. ERR_NOT_FOUND if
 * nothing is refused, ERR_STALE if that is another version. */
int guards_override(struct guards *g, const struct guard_override *o,
    uint64_t now, struct err *err);

/* Verdicts since the start, by kind and action; a copy, any thread. */
uint64_t guards_count(
    const struct guards *g, enum guard_kind kind, enum guard_action action);

#endif
