/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Keys on disk. For a zone "example.org." the directory has
 *
 *   Kexample.org.+state.json      which keys there are, and their states
 *   Kexample.org.+013+12345.private, .key      each key, as BIND writes them
 *   lock                          held while something is changed
 *
 * Octets of a name other than letters, digits, - _ and dots between labels are
 * written as %XX; a name that is too long for a file is named by its SHA-256.
 * Files are 0600 in a directory that is 0700. A key's own files are on disk
 * before the state names it, and the state is replaced in one step: whatever
 * moment the power fails in, the state that is there is whole. Used by
 * holdfastd's worker and by `holdfast keys`.
 */
#ifndef HOLDFAST_KEY_DIRECTORY_H
#define HOLDFAST_KEY_DIRECTORY_H

#include "control/sign/zone_key.h"

enum { KEY_DIRECTORY_NO_LOCK = -1 };

struct key_directory {
	int fd;
	int lock_fd;      /* or KEY_DIRECTORY_NO_LOCK */
	const char *path; /* borrowed */
};

/* What the state file looked like: equal as long as nobody wrote it. */
struct key_stamp {
	uint64_t inode, bytes; /* inode 0: there is none */
	int64_t changed_ns;
};

/* `create`: makes it where there is none (with the owner of the folder that it
 * is in, for root). ERR_REFUSED if others than its owner may enter it. */
int key_directory_open(
    struct key_directory *d, const char *path, bool create, struct err *err);
void key_directory_close(struct key_directory *d);

/* ERR_BUSY if another process has it for longer than `wait_ms`. */
int key_directory_lock(
    struct key_directory *d, unsigned wait_ms, struct err *err);
void key_directory_unlock(struct key_directory *d);

/* The zone's keys; ERR_NOT_FOUND if there is no state. `secrets`: with the
 * private keys of those that are not removed. The caller ends `k` (also after
 * an error) with zone_keys_fini(). */
int key_directory_read(struct key_directory *d, const uint8_t *apex,
    bool secrets, struct zone_keys *k, struct err *err);

/* Writes the files of a key that was generated. */
int key_directory_add(struct key_directory *d, const struct zone_keys *k,
    const struct zone_key *key, struct err *err);

/* Writes the state; the lock is held. */
int key_directory_write(
    struct key_directory *d, const struct zone_keys *k, struct err *err);

/* Deletes the files of a key that the state no longer names, best effort. */
void key_directory_forget(struct key_directory *d, const struct zone_keys *k,
    const struct zone_key *key);

/* The apexes of all zones that have a state, one callback each. The first error
 * of any, when all were seen. */
int key_directory_each(struct key_directory *d,
    int (*zone)(void *arg, const uint8_t *apex, struct err *err), void *arg,
    struct err *err);

void key_directory_stamp(
    struct key_directory *d, const uint8_t *apex, struct key_stamp *out);

#endif
