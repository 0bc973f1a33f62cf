/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Error texts: formatted into the caller's struct, one line, never too long.
 * Runs in any thread of control, tools and management; allocates nothing.
 * A text is built aside first, so that arguments may point into the old one.
 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Texts quote file contents and peers' bytes: a log line or a terminal must
 * not be steered by them. Octets above 0x7f stay, they may be UTF-8. */
static void
err_text_clean(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
	}
}

static __attribute__((format(printf, 2, 0))) void
err_text_format(char dst[ERR_TEXT_MAX], const char *format, va_list args)
{
	if (vsnprintf(dst, ERR_TEXT_MAX, format, args) < 0)
		snprintf(dst, ERR_TEXT_MAX, "(unprintable error text)");
	err_text_clean(dst);
}

/* Puts ": " and `tail` behind what is in `text`, as much as fits. */
static void
err_text_join(char text[ERR_TEXT_MAX], const char *tail)
{
	size_t len = strlen(text), room = ERR_TEXT_MAX - 1 - len;
	size_t more = strlen(tail);

	if (room <= 2)
		return;
	if (more > room - 2)
		more = room - 2;
	memcpy(text + len, ": ", 2);
	memcpy(text + len + 2, tail, more);
	text[len + 2 + more] = '\0';
}

int
err_set(struct err *err, int code, const char *format, ...)
{
	char text[ERR_TEXT_MAX];
	va_list args;

	if (!err)
		return code;
	va_start(args, format);
	err_text_format(text, format, args);
	va_end(args);
	err->code = code;
	memcpy(err->text, text, strlen(text) + 1);
	return code;
}

int
err_set_errno(struct err *err, const char *format, ...)
{
	int cause = errno;
	char text[ERR_TEXT_MAX], reason[128];
	va_list args;

	if (!err)
		return ERR_IO;
	va_start(args, format);
	err_text_format(text, format, args);
	va_end(args);
	err_text_join(text, strerror_r(cause, reason, sizeof reason));
	err->code = ERR_IO;
	memcpy(err->text, text, strlen(text) + 1);
	errno = cause;
	return ERR_IO;
}

int
err_add(struct err *err, const char *format, ...)
{
	char text[ERR_TEXT_MAX];
	va_list args;

	if (!err)
		return ERR_OK;
	va_start(args, format);
	err_text_format(text, format, args);
	va_end(args);
	err_text_join(text, err->text);
	memcpy(err->text, text, strlen(text) + 1);
	return err->code;
}

const char *
err_code_name(int code)
{
	switch ((enum err_code)code) {
	case ERR_OK:
		return "ok";
	case ERR_IO:
		return "io";
	case ERR_NO_MEMORY:
		return "no_memory";
	case ERR_SYNTAX:
		return "syntax";
	case ERR_SEMANTIC:
		return "semantic";
	case ERR_CORRUPT:
		return "corrupt";
	case ERR_VERSION:
		return "version";
	case ERR_NOT_FOUND:
		return "not_found";
	case ERR_EXISTS:
		return "exists";
	case ERR_BUSY:
		return "busy";
	case ERR_STALE:
		return "stale";
	case ERR_LIMIT:
		return "limit";
	case ERR_REFUSED:
		return "refused";
	case ERR_USAGE:
		return "usage";
	case ERR_UNAVAILABLE:
		return "unavailable";
	}
	return "unknown";
}
