/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The keeper (parser_keeper.h): both its ends. Its own process has one thread
 * and allocates nothing.
 */
#include "control/parser/parser_keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "control/parser/parser_area.h"
#include "control/parser/parser_child.h"
#include "sandbox/privileges.h"
#include "snapshot/fault.h"

/* Of root's keeper and its parsers: to read what root may read. */
#define KEEPER_CAPABILITIES (1ull << CAP_DAC_READ_SEARCH)

enum keeper_order { KEEPER_SPAWN = 1, KEEPER_END };

struct keeper_answer {
	int32_t value; /* a process, or how it ended; negative: -errno */
};

union descriptor_room {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int))];
};

/* --- the keeper's process --- */

/* The next order, and the descriptor that comes with it, or -1. Negative: the
 * other end is closed. */
static int
order_receive(uint8_t *order, int *fd)
{
	union descriptor_room room;
	struct iovec v = {.iov_base = order, .iov_len = 1};
	struct msghdr m = {.msg_iov = &v,
	    .msg_iovlen = 1,
	    .msg_control = &room,
	    .msg_controllen = sizeof room};
	struct cmsghdr *c;
	ssize_t n;

	do
		n = recvmsg(PARSER_KEEPER_FD, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	*fd = -1;
	if (n <= 0)
		return -1;
	c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof *fd))
		memcpy(fd, CMSG_DATA(c), sizeof *fd);
	return 0;
}

/* Its only descriptors are the stream, in the place of ours, and standard
 * error; what it holds back it has mapped. */
static void
child_run(int fd)
{
	struct parser_area *area = parser_area_map_find(PARSER_KEEPER_AREA_FD);

	if (!area || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
	    dup2(fd, PARSER_CHILD_FD) < 0)
		_exit(EXIT_PARSER_SETUP);
	close_range(PARSER_CHILD_FD + 1, ~0u, 0);
	prctl(PR_SET_NAME, "holdfast-parser", 0, 0, 0);
	_exit(parser_child_run(area));
}

static int32_t
child_start(int fd, pid_t *child)
{
	if (fd < 0 || *child)
		return -EINVAL;
	if (parser_area_clear(PARSER_KEEPER_AREA_FD) != 0)
		return -EIO;
	*child = fork();
	if (*child == 0)
		child_run(fd);
	if (*child < 0) {
		*child = 0;
		return -errno;
	}
	return *child;
}

static int32_t
child_end(pid_t *child)
{
	int status = 0;
	pid_t n;

	if (!*child)
		return -ECHILD;
	kill(*child, SIGKILL);
	do
		n = waitpid(*child, &status, 0);
	while (n < 0 && errno == EINTR);
	*child = 0;
	return n < 0 ? -errno : status;
}

/* If memory runs out, what is being read is given up, nothing else. */
static void
oom_first(void)
{
	struct err err;
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	file_write_all(fd, "1000", 4, &err);
	close(fd);
}

int
parser_keeper_main(void)
{
	struct keeper_answer answer;
	pid_t child = 0;
	struct err err;
	uint8_t order;
	int fd;

	log_open("holdfastd parser", LOG_LEVEL_WARN);
	fault_set_from_environment();
	/* digests need nothing of it, and it may name libraries to load */
	setenv("OPENSSL_CONF", "/dev/null", 1);
	/* they end when holdfastd does, not when a terminal says so */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	close_range(PARSER_KEEPER_AREA_FD + 1, ~0u, 0);
	prctl(PR_SET_NAME, "parser-keeper", 0, 0, 0);
	oom_first();
	if (privileges_keep(KEEPER_CAPABILITIES, &err) != 0) {
		log_error("%s", err.text);
		return EXIT_PARSER_SETUP;
	}
	while (order_receive(&order, &fd) == 0) {
		answer.value = -EINVAL;
		if (order == KEEPER_SPAWN)
			answer.value = child_start(fd, &child);
		else if (order == KEEPER_END)
			answer.value = child_end(&child);
		if (fd >= 0)
			close(fd);
		if (send(PARSER_KEEPER_FD, &answer, sizeof answer,
			MSG_NOSIGNAL) != sizeof answer)
			break;
	}
	child_end(&child);
	return 0;
}

/* --- holdfastd's side --- */

/* `fd` and `area` go to their places, wherever they are now: dup2() clears
 * close-on-exec, but not of a descriptor onto itself. */
static bool
keeper_place(int fd, int area)
{
	int first = fcntl(fd, F_DUPFD_CLOEXEC, PARSER_KEEPER_AREA_FD + 1);
	int second = fcntl(area, F_DUPFD_CLOEXEC, PARSER_KEEPER_AREA_FD + 1);

	return first >= 0 && second >= 0 &&
	       dup2(first, PARSER_KEEPER_FD) >= 0 &&
	       dup2(second, PARSER_KEEPER_AREA_FD) >= 0;
}

static void
keeper_execute(int fd, int area)
{
	static char name[] = "holdfastd", word[] = PARSER_KEEPER_ARGUMENT;
	char *const arguments[] = {name, word, NULL};
	sigset_t none;

	if (!keeper_place(fd, area))
		_exit(EXIT_PARSER_SETUP);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv("/proc/self/exe", arguments);
	_exit(EXIT_PARSER_SETUP);
}

int
parser_keeper_start(struct parser_keeper *k, struct err *err)
{
	int pair[2], rc;

	*k = (struct parser_keeper){.fd = -1, .area = -1};
	rc = parser_area_create(&k->area, err);
	if (rc)
		return rc;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set_errno(err, "a socket to the parser's keeper");
	k->pid = fork();
	if (k->pid == 0)
		keeper_execute(pair[1], k->area);
	close(pair[1]);
	if (k->pid < 0) {
		close(pair[0]);
		k->pid = 0;
		return err_set_errno(err, "starting the parser's keeper");
	}
	k->fd = pair[0];
	return 0;
}

static int
keeper_gone(struct err *err)
{
	return err_set(err, ERR_UNAVAILABLE,
	    "the parser's keeper is gone: no zone file can be read before "
	    "holdfastd is restarted; what is served stays");
}

static int
keeper_ask(struct parser_keeper *k, enum keeper_order order, int fd,
    struct keeper_answer *answer, struct err *err)
{
	union descriptor_room room = {.head = {.cmsg_level = SOL_SOCKET,
					  .cmsg_type = SCM_RIGHTS,
					  .cmsg_len = CMSG_LEN(sizeof fd)}};
	uint8_t octet = (uint8_t)order;
	struct iovec v = {.iov_base = &octet, .iov_len = 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	ssize_t n;

	if (fd >= 0) {
		memcpy(CMSG_DATA(&room.head), &fd, sizeof fd);
		m.msg_control = &room;
		m.msg_controllen = sizeof room;
	}
	if (k->fd < 0 || sendmsg(k->fd, &m, MSG_NOSIGNAL) != 1)
		return keeper_gone(err);
	do
		n = recv(k->fd, answer, sizeof *answer, 0);
	while (n < 0 && errno == EINTR);
	return n == sizeof *answer ? 0 : keeper_gone(err);
}

int
parser_keeper_spawn(
    struct parser_keeper *k, int fd, pid_t *child, struct err *err)
{
	struct keeper_answer answer;
	int rc = keeper_ask(k, KEEPER_SPAWN, fd, &answer, err);

	if (rc)
		return rc;
	if (answer.value < 0) {
		errno = -answer.value;
		return err_set_errno(err, "starting a parser");
	}
	*child = answer.value;
	return 0;
}

int
parser_keeper_end(struct parser_keeper *k, int *status, struct err *err)
{
	struct keeper_answer answer;
	int rc = keeper_ask(k, KEEPER_END, -1, &answer, err);

	if (rc)
		return rc;
	if (answer.value < 0) {
		errno = -answer.value;
		return err_set_errno(err, "ending the parser");
	}
	*status = answer.value;
	return 0;
}

void
parser_keeper_stop(struct parser_keeper *k)
{
	if (k->area >= 0)
		close(k->area);
	k->area = -1;
	if (k->fd < 0)
		return;
	close(k->fd);
	k->fd = -1;
	while (waitpid(k->pid, NULL, 0) < 0 && errno == EINTR)
		;
	k->pid = 0;
}
