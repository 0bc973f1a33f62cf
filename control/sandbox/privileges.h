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

/* Becomes that user, with the groups that the system has it in, for good. An
 * error if this process is neither root nor that user already. */
int privileges_become(const struct privileges_user *u, struct err *err);

/* No capability but those of the mask (1 << CAP_...), in any set, and none to
 * be gained by executing anything. */
int privileges_keep(uint64_t capabilities, struct err *err);

#endif
