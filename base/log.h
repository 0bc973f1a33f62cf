/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Log lines to standard error, one write(2) each: "LEVEL program: text" with a
 * systemd priority prefix ("<3>") when standard error is the journal. Called
 * by control, tools and management threads, never on the query path. Threads
 * may log at once. A rate limit per call site is the caller's business.
 */
#ifndef HOLDFAST_LOG_H
#define HOLDFAST_LOG_H

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

/* Call once before any thread starts. `program` must live on. */
void log_open(const char *program, enum log_level most);

/* "error", "warn", "info", "debug" to a level; -1 for another word. */
int log_level_from_text(const char *word);

void log_line(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
