/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of base/ready.c: a service manager that listens, and none.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/ready.h"
#include "tests/unit/unit_run.h"

static struct err err;

/* Listens at the path ("@..." is abstract); the test gets what is said. */
static int
listener(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	size_t n = strlen(path);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	memcpy(a.sun_path, path, n);
	if (path[0] == '@')
		a.sun_path[0] = '\0';
	ck_assert_int_eq(
	    bind(fd, (struct sockaddr *)&a,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
	    0);
	return fd;
}

static void
hears_ready(const char *path)
{
	int fd = listener(path);
	char text[64] = "";

	setenv("NOTIFY_SOCKET", path, 1);
	ck_assert_msg(ready_notify(&err) == 0, "%s", err.text);
	ck_assert_int_eq(recv(fd, text, sizeof text - 1, MSG_DONTWAIT), 7);
	ck_assert_str_eq(text, "READY=1");
	close(fd);
}

START_TEST(test_manager_listens)
{
	char dir[UNIT_PATH_MAX], path[UNIT_PATH_MAX];

	unit_directory_make(dir);
	hears_ready(unit_path(path, dir, "notify"));
	snprintf(path, sizeof path, "@holdfast-unit-%d", (int)getpid());
	hears_ready(path);
	unit_directory_remove(dir);
}
END_TEST

START_TEST(test_nobody)
{
	char path[200] = "/";

	unsetenv("NOTIFY_SOCKET");
	ck_assert_int_eq(ready_notify(&err), 0);
	setenv("NOTIFY_SOCKET", "", 1);
	ck_assert_int_eq(ready_notify(&err), 0);
	setenv("NOTIFY_SOCKET", "relative", 1);
	ck_assert_int_eq(ready_notify(&err), ERR_USAGE);
	memset(path + 1, 'x', 150);
	setenv("NOTIFY_SOCKET", path, 1);
	ck_assert_int_eq(ready_notify(&err), ERR_USAGE);
	setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);
	ck_assert_int_eq(ready_notify(&err), ERR_IO);
	ck_assert_ptr_nonnull(strstr(err.text, "/nonexistent/notify"));
}
END_TEST

UNIT_MAIN("ready", test_manager_listens, test_nobody)
