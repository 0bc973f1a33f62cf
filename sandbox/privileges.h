/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Who a process is, and what it may become: its user, its capabilities. Called
 * before there are threads. Allocates nothing that stays.
 */
#ifndef HOLDFAST_PRIVILEGES_H
#define HOLDFAST_PRIVILEGES_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct privileges_user {
	uid_t uid;
	gid_t gid;
	const char *name; /* borrowed */
};

/* ERR_NOT_FOUND if there is no such user. */
int privileges_user_find(
    struct privileges_user *u, const char *name, struct err *err);

/* The directory, made if it is missing, then with that owner. */
int privileges_directory_make(const char *path, unsigned mode,
    const struct privileges_user *u, struct err *err);

/* A file of ours becomes the user's; one of somebody else stays as it is. What
 * has a second name is refused: others may write the folder. What is not there
 * is no error. */
int privileges_file_give(
    const char *path, const struct privileges_user *u, struct err *err);

/* Becomes that user, with the groups that the system has it in, for good. An
 * error if this process is neither root nor that user already. */
int privileges_become(const struct privileges_user *u, struct err *err);

/* For a while: files that are made belong to that user, and what it may not, we
 * may not. Returns to root. Nothing where this process is not root. */
int privileges_borrow(const struct privileges_user *u, struct err *err);
int privileges_give_back(struct err *err);

/* From now on becoming a user takes no capability away; with threads, before
 * they start. Each of them has to give up what it should not keep. */
int privileges_outlive_user(struct err *err);

/* No capability but those of the mask (1 << CAP_...), in any set of this thread
 * and of those that it will start, and none to be gained by executing anything.
 */
int privileges_keep(uint64_t capabilities, struct err *err);

#endif
