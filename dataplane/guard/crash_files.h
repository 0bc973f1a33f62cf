/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names, locks and number of the files that crashes leave (guard.h). A running
 * process has its file locked (an open-file-description lock: it goes with the
 * process), so one without a lock is a dead one's. Main threads.
 */
#ifndef HOLDFAST_CRASH_FILES_H
#define HOLDFAST_CRASH_FILES_H

#include <stddef.h>

#include "base/err.h"

enum { CRASH_FILE_NAME_MAX = 96 };

/* Makes and locks PROGRAM-TIME-PID.burst, with room on disk for a burst of the
 * usual size, where the file system can promise that. */
int crash_file_create(int *fd, char name[CRASH_FILE_NAME_MAX], int dir_fd,
    const char *program, struct err *err);

/* Hands the bytes of dead processes' .burst files to `each`, newest first and
 * `most` at most, and renames them to .crash, of which the newest `keep` stay.
 * Empty ones, and those beyond `most`, are removed. */
void crash_files_take(int dir_fd, const char *program, unsigned most,
    unsigned keep,
    void (*each)(void *arg, const char *name, const void *data, size_t bytes),
    void *arg);

#endif
