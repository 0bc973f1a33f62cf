/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Readiness for the service manager (ready.h).
 */
#include "base/ready.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int
ready_notify(struct err *err)
{
	static const char text[] = "READY=1";
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	size_t n = path ? strlen(path) : 0;
	ssize_t sent = -1;
	int fd;

	if (n == 0)
		return 0;
	if ((path[0] != '/' && path[0] != '@') || n >= sizeof to.sun_path)
		return err_set(err, ERR_USAGE,
		    "NOTIFY_SOCKET=%s is not the path of a socket", path);
	memcpy(to.sun_path, path, n);
	if (path[0] == '@') /* abstract */
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		socklen_t bytes =
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);

		sent = sendto(fd, text, sizeof text - 1, MSG_NOSIGNAL,
		    (struct sockaddr *)&to, bytes);
	}
	if (sent < 0)
		err_set_errno(
		    err, "can't tell the service manager at %s", path);
	if (fd >= 0)
		close(fd);
	return sent < 0 ? ERR_IO : 0;
}
