/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the guards remember of a zone, across restarts: a file of JSON in
 * STORE/guards for each zone that has something to be remembered, named by the
 * digest of its apex, replaced in one step. The worker writes; `holdfast
 * explain` reads, with holdfastd or without it.
 *
 *   {"format": 1, "zone": "a.example.", "version": HEX, "at": SECONDS,
 *    "refused": true, "keep": false,
 *    "verdicts": [{"kind": "shrink", "action": "ack", "overridden": false,
 *                  "what": "..."}],
 *    "override": {"version": HEX, "kinds": ["shrink"], "until": SECONDS,
 *                 "reason": "...", "who": "..."},
 *    "passed": {"version": HEX, "kinds": ["shrink"]},
 *    "marks": [[SECONDS, A, AAAA, ..., ALL], ...]}
 *
 * `all.json` is the same for all zones together: how many went, and when.
 */
#ifndef HOLDFAST_GUARD_STATE_H
#define HOLDFAST_GUARD_STATE_H

#include <jansson.h>

#include "control/guard/guard_diff.h"
#include "control/guard/guards.h"

#define GUARD_FOLDER "guards"

enum {
	GUARD_MARKS = 24,                /* slots of the window */
	GUARD_MARK_ALL = GROUP_COUNT,    /* index of the sum of all groups */
	GUARD_STATE_BYTES_MAX = 1 << 16, /* of a file */
	GUARD_REASON_MAX = 256,
	GUARD_WHO_MAX = 64,
};

/* The most records that the zone had within a slot of time. */
struct guard_mark {
	/* seconds since 1970, where a 24th of the window begins; no number of
	 * such parts, since another configuration has other ones */
	uint64_t at;
	uint32_t most[GROUP_COUNT + 1];
};

/* Lets one version pass, once. */
struct guard_token {
	bool there;
	struct digest version;
	uint32_t kinds; /* bits, 1 << enum guard_kind */
	uint64_t until; /* seconds since 1970 */
	char reason[GUARD_REASON_MAX], who[GUARD_WHO_MAX];
};

struct guard_state {
	uint8_t apex[DNS_NAME_MAX + 1];
	struct digest version; /* that the verdicts are on */
	uint64_t at;           /* seconds since 1970 */
	bool refused;
	bool keep;   /* the configuration protected it when it named it */
	bool is_all; /* of no zone: marks count zones that went */
	struct guard_verdict *verdicts;
	unsigned nverdicts;
	struct guard_token token;
	struct guard_mark marks[GUARD_MARKS];
	unsigned nmarks;
	/* version that a token was taken for, until another follows it: whoever
	 * owns the store next must not take back what was let pass */
	struct digest passed;
	uint32_t passed_kinds; /* 0: none */
	/* of this process alone */
	bool changed; /* since it was written */
	struct guard_state *next;
};

struct guard_states;

int guard_states_open(
    struct guard_states **out, const char *store_dir, struct err *err);
void guard_states_free(struct guard_states **t);

/* What is remembered of a zone; NULL if there is nothing, or, with `make`, no
 * memory. A file that can't be read is logged and is nothing. */
struct guard_state *guard_state_find(
    struct guard_states *t, const uint8_t *apex, bool make);

/* The state of all zones together: marks have how many went, in most[ALL].
 * NULL: no memory. */
struct guard_state *guard_states_all(struct guard_states *t);

/* Writes what has changed; a state with nothing in it has no file. */
int guard_state_save(
    struct guard_states *t, struct guard_state *s, struct err *err);

/* The file of a zone; for who only reads. ERR_NOT_FOUND: nothing to tell. */
int guard_state_read(struct guard_state *out, const char *store_dir,
    const uint8_t *apex, struct err *err);
/* From a file's bytes, taken for hostile. End also after an error. */
int guard_state_parse(
    struct guard_state *out, const void *text, size_t bytes, struct err *err);
void guard_state_fini(struct guard_state *s);

/* Replaces the verdicts with copies. */
int guard_state_verdicts(struct guard_state *s, const struct guard_verdict *v,
    unsigned n, struct err *err);

/* A string of octets that somebody else chose: texts may quote a zone file, or
 * end within a character. What is not UTF-8 becomes question marks, since JSON
 * can't have it. */
json_t *guard_text_json(const char *text);

/* The object above. */
json_t *guard_state_json(const struct guard_state *s);

#endif
