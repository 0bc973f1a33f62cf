/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The audit log (audit.h). A line is one write(2) to a file opened for
 * appending, so that lines of several processes don't mix.
 */
#include "control/guard/audit.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"

static int
line_append(const char *store_dir, const char *text, struct err *err)
{
	char path[4096];
	struct bytes line;
	int fd, rc;

	snprintf(path, sizeof path, "%s/" AUDIT_FILE, store_dir);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0)
		return err_set_errno(err, "%s", path);
	bytes_init(&line);
	bytes_append(&line, text, strlen(text));
	bytes_append(&line, "\n", 1);
	rc = line.failed ? err_set(err, ERR_NO_MEMORY, "no memory")
	                 : file_write_all(fd, line.data, line.len, err);
	bytes_fini(&line);
	if (rc == 0 && fdatasync(fd) != 0)
		rc = err_set_errno(err, "%s", path);
	close(fd);
	return rc;
}

int
audit_write(const char *store_dir, struct err *err, const char *event,
    const char *format, ...)
{
	char at[32];
	time_t now = time(NULL);
	json_t *line, *more = NULL;
	struct tm tm;
	char *text;
	va_list args;
	int rc;

	if (format) {
		va_start(args, format);
		more = json_vpack_ex(NULL, 0, format, args);
		va_end(args);
		/* a line that does not say which zone is none */
		if (!more)
			return err_set(err, ERR_NO_MEMORY,
			    "audit log: no memory for %s", event);
	}
	gmtime_r(&now, &tm);
	strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", &tm);
	line = json_pack("{s:s, s:s}", "at", at, "event", event);
	if (more)
		json_object_update(line, more);
	json_decref(more);
	text = line ? json_dumps(line, JSON_COMPACT) : NULL;
	json_decref(line);
	if (!text)
		return err_set(err, ERR_NO_MEMORY, "no memory for %s", event);
	rc = line_append(store_dir, text, err);
	free(text);
	return rc ? err_add(err, "audit log") : 0;
}
