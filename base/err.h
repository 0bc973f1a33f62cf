/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Errors of control and library code: a negative code for the program, a text
 * for the operator. Functions return 0 or a negative `enum err_code` and fill
 * a caller's `struct err`; each caller may add its context in front; the top
 * of the program logs once. Nothing here allocates. Packet code does not use
 * this: it returns verdicts (dataplane/answer/verdict.h).
 */
#ifndef HOLDFAST_ERR_H
#define HOLDFAST_ERR_H

#include <stddef.h>

enum err_code {
	ERR_OK = 0,
	ERR_IO = -1, /* a system call failed; the text has errno's */
	ERR_NO_MEMORY = -2,
	ERR_SYNTAX = -3,   /* text that does not parse */
	ERR_SEMANTIC = -4, /* it parses, but must not be served */
	ERR_CORRUPT = -5,  /* bytes fail their digest or their structure */
	ERR_VERSION = -6,  /* a format older or newer than this program's */
	ERR_NOT_FOUND = -7,
	ERR_EXISTS = -8,
	ERR_BUSY = -9,     /* another owner holds the lock */
	ERR_STALE = -10,   /* compare-and-swap lost: somebody was faster */
	ERR_LIMIT = -11,   /* more than the format or configuration allows */
	ERR_REFUSED = -12, /* a proof or a guard said no */
	ERR_USAGE = -13,   /* the caller's arguments are wrong */
	ERR_UNAVAILABLE = -14, /* the peer process is not there */
};

#define ERR_TEXT_MAX 768

struct err {
	int code;
	char text[ERR_TEXT_MAX]; /* one line, no newline, always terminated */
};

/* Sets code and text; returns code, so that `return err_set(...)` reads well.
 * `err` may be NULL. */
int err_set(struct err *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As err_set() with ": " and strerror(errno) at the end and code ERR_IO. */
int err_set_errno(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts context and ": " in front of the text; returns its code. */
int err_add(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Short name of a code ("corrupt"), stable: it appears in JSON. */
const char *err_code_name(int code);

#endif
