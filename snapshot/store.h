/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The store: the directory that is all there is between control and data plane.
 *
 *   DIR/holdfast-store        what this is: format version and name key (text)
 *   DIR/owner.lock            held by who builds: one holdfastd or one compile
 *   DIR/commit.lock           held by who writes `current`: the data plane
 * while it runs, else the owner DIR/cells/DIGEST.cell
 * DIR/records/DIGEST.records DIR/candidates/DIGEST.manifest     proven, not yet
 * committed DIR/generations/DIGEST.manifest    committed, now or once
 *   DIR/current               activation number and generation (text, checked)
 *   DIR/condemned             what a rollback left (text, checked)
 *   DIR/pins                  generations that retention must keep (text)
 *   DIR/wanted                what a rollback is about to name (text)
 *   DIR/removing              what retention is about to remove (text)
 *   DIR/hold                  there: nothing is published (text)
 *
 * Every file but `current`, `condemned` and those of marks is named by its
 * digest, written under a temporary name (".new-*"), linked without replacing
 * and never changed. Order of writing: cells and records; one syncfs; the
 * manifest, synced; then `current` by rename, synced. So kill -9, power loss or
 * a full disk at any point leaves the old `current` with everything it names.
 * Locks are open-file-description locks (F_OFD_SETLK): they go with the
 * process.
 *
 * A handle belongs to one thread at a time.
 */
#ifndef HOLDFAST_STORE_H
#define HOLDFAST_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "snapshot/digest.h"
#include "snapshot/hash.h"

struct store;

enum store_lock {
	STORE_LOCK_OWNER = 1,
	STORE_LOCK_COMMIT = 2,
};

enum store_open_flags {
	STORE_READ_ONLY = 1, /* works on a read-only file system */
};

/* Makes an empty store in a new or empty directory, with a random key; does
 * nothing if it is a store already; refuses a directory with other things. */
int store_create(const char *dir, struct err *err);

/* Refuses what is missing, not ours, or of another version, by name. Files
 * under temporary names that a killed writer left are removed when the owner
 * lock is taken. */
int store_open(
    struct store **out, const char *dir, unsigned flags, struct err *err);
void store_close(struct store **s); /* drops its locks */

const struct name_key *store_key(const struct store *s);
const char *store_dir(const struct store *s);

/* ERR_BUSY if somebody else has it; the text names its process id if known. */
int store_lock(struct store *s, enum store_lock which, struct err *err);
void store_unlock(struct store *s, enum store_lock which);
/* A store that was opened for reading, because it could not be written then,
 * and can be now: it is for writing from now on, with this lock. On an error it
 * is as before. */
bool store_is_read_only(const struct store *s);
int store_write_now(struct store *s, enum store_lock which, struct err *err);
/* True if another process holds it (a data plane is alive, say). */
bool store_is_locked(struct store *s, enum store_lock which);

/* What a file is, by folder and suffix. */
enum store_kind {
	STORE_CELL,
	STORE_RECORDS,
	STORE_CANDIDATE,
	STORE_GENERATION
};

/* Writes bytes under their digest (returned); a file that is already there
 * with the same name is compared by size and trusted. Not synced. */
int store_put(struct store *s, enum store_kind kind, const void *data,
    size_t bytes, struct digest *digest, struct err *err);
/* One syncfs for all that was put. */
int store_sync(struct store *s, struct err *err);

/* Whole file, digest checked. Names the file and both digests on mismatch. */
int store_get(struct store *s, enum store_kind kind,
    const struct digest *digest, struct bytes *out, struct err *err);
/* Open for reading, with its size; the caller checks the digest. */
int store_open_file(struct store *s, enum store_kind kind,
    const struct digest *digest, int *fd, uint64_t *bytes, struct err *err);
bool store_has(
    struct store *s, enum store_kind kind, const struct digest *digest);

struct store_current {
	uint64_t activation;      /* number of the activation; 0: none yet */
	struct digest generation; /* zeros: none yet */
	uint64_t committed_at;    /* seconds since 1970, for people */
};

/* A fresh store has activation 0. A damaged file is ERR_CORRUPT: boot then
 * looks at the committed generations (store_newest_generation). */
int store_current_read(
    struct store *s, struct store_current *out, struct err *err);

/* Moves the candidate to generations/ (no-op if it is there: rollback) and
 * writes `current`. Needs STORE_LOCK_COMMIT. Compares `expected` with what
 * `current` says now: ERR_STALE if it has moved, or if `activation` is no later
 * one. A damaged `current` is written over if `expected` is all zeros. */
int store_commit(struct store *s, const struct store_current *expected,
    const struct digest *generation, uint64_t activation, struct err *err);

/* Committed generations, newest commit first (by file time, then by parent
 * links), then candidates. Caller frees *out with free(). */
struct store_entry {
	struct digest digest, parent;
	uint64_t committed_at;
	bool is_current, is_candidate, is_pinned;
};
int store_list(
    struct store *s, struct store_entry **out, size_t *count, struct err *err);

/* The parent that the manifest of a committed generation names; zeros: none.
 * `of` and `out` may be the same. */
int store_parent_read(struct store *s, const struct digest *of,
    struct digest *out, struct err *err);

/* The first of the list that was committed: what to boot from when `current` is
 * damaged. ERR_NOT_FOUND if there is none. */
int store_newest_generation(
    struct store *s, struct digest *out, struct err *err);

/* Removes generations beyond the newest `keep`, candidates that nobody named
 * for an hour, and cells and records that nothing left names. Never what
 * `current`, its parents within `keep`, a pin, a candidate or `extra` (say, the
 * data plane's loaded generations) names. Needs STORE_LOCK_OWNER. */
int store_retain(struct store *s, unsigned keep, const struct digest *extra,
    size_t extra_count, struct err *err);

/* The condemned list: a line a slot that a rollback moved away from:
 * (generation, slot, records digest). Appended whole and synced, by who holds
 * the commit lock. */
struct store_condemned {
	struct digest generation; /* that was left */
	uint32_t slot;
	struct digest records;
};
int store_condemned_read(struct store *s, struct store_condemned **out,
    size_t *count, struct err *err);
int store_condemned_write(struct store *s, const struct store_condemned *list,
    size_t count, struct err *err);

/* To be said before a generation is loaded to be rolled back to, by who holds
 * the commit lock: retention, which needs the other lock, keeps it from now on.
 * ERR_NOT_FOUND where it has been faster. */
int store_want(
    struct store *s, const struct digest *generation, struct err *err);

/* What operators mark; needs STORE_LOCK_COMMIT to write. Pinned generations are
 * kept by retention; comments in `pins` stay. */
int store_pin_set(struct store *s, const struct digest *generation, bool pinned,
    struct err *err);
bool store_is_held(const struct store *s);
int store_hold_set(struct store *s, bool held, struct err *err);

#endif
