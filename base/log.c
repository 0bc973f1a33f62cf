/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Log lines: built on the stack, one write(2) each, so lines of threads and
 * processes never mix. Allocates nothing. Runs in control, tools and
 * management threads.
 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOG_LINE_MAX = 2048 };

static const char *const level_words[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARN] = "warn",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};
enum { LEVELS = sizeof level_words / sizeof level_words[0] };

/* sd-daemon(3): syslog's numbers for err, warning, info, debug. */
static const char *const level_priorities[LEVELS] = {
    "<3>", "<4>", "<6>", "<7>"};

/* Written by log_open() before any thread starts, read-only after that. */
static const char *log_program = "holdfast";
static enum log_level log_most = LOG_LEVEL_INFO;
static bool log_to_journal;

/* systemd names the device and inode of the journal's stream; standard error
 * may have been redirected since (systemd.exec(5), JOURNAL_STREAM). */
static bool
stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	if (!stream || sscanf(stream, "%llu:%llu", &device, &inode) != 2)
		return false;
	return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device &&
	       st.st_ino == inode;
}

void
log_open(const char *program, enum log_level most)
{
	log_program = program;
	log_most = most;
	log_to_journal = stderr_is_journal();
}

int
log_level_from_text(const char *word)
{
	for (int i = 0; i < LEVELS; i++) {
		if (strcmp(word, level_words[i]) == 0)
			return i;
	}
	return -1;
}

/* One line is one line: whoever sends us bytes must not forge another. */
static void
line_clean(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
	}
}

void
log_line(enum log_level level, const char *format, ...)
{
	int saved = errno;
	char line[LOG_LINE_MAX];
	va_list args;
	size_t len;

	if (level > log_most || (unsigned)level >= LEVELS)
		return;
	snprintf(line, sizeof line,
	    "%s%s %s: ", log_to_journal ? level_priorities[level] : "",
	    level_words[level], log_program);
	len = strlen(line);
	va_start(args, format);
	errno = saved; /* for %m */
	vsnprintf(line + len, sizeof line - len - 1, format, args);
	va_end(args);
	line_clean(line + len);
	len = strlen(line);
	line[len++] = '\n';
	/* If standard error is gone there is nobody left to tell. */
	while (write(STDERR_FILENO, line, len) < 0 && errno == EINTR)
		;
	errno = saved;
}
