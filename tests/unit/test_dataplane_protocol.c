/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of messages on the data plane's socket: what parses, what is
 * refused, and a client whose peer is gone, silent or hostile.
 */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "snapshot/dataplane_protocol.h"
#include "tests/unit/unit_run.h"

/* In a block that ends where the parser may write last. */
static int
parse(struct dataplane_message *m, char **block, const char *text, size_t bytes,
    struct err *err)
{
	*block = malloc(bytes + 1);
	memcpy(*block, text, bytes);
	return dataplane_message_parse(m, *block, bytes, err);
}

START_TEST(test_good_messages)
{
	struct dataplane_message m;
	struct err err;
	char *block;

	ck_assert_int_eq(
	    parse(&m, &block, "activate expect=4  parent=ab generation= ", 41,
		&err),
	    0);
	ck_assert_str_eq(m.word, "activate");
	ck_assert_str_eq(m.text, "");
	ck_assert_uint_eq(m.count, 3);
	ck_assert_str_eq(dataplane_field_find(&m, "expect"), "4");
	ck_assert_str_eq(dataplane_field_find(&m, "parent"), "ab");
	ck_assert_str_eq(dataplane_field_find(&m, "generation"), "");
	ck_assert_ptr_null(dataplane_field_find(&m, "expec"));
	free(block);
	ck_assert_int_eq(parse(&m, &block, "status", 6, &err), 0);
	ck_assert_str_eq(m.word, "status");
	ck_assert_uint_eq(m.count, 0);
	free(block);
	ck_assert_int_eq(
	    parse(&m, &block, "error stale a=b is not 7 = 8", 28, &err), 0);
	ck_assert_str_eq(m.word, "error");
	ck_assert_str_eq(m.text, "stale a=b is not 7 = 8");
	ck_assert_uint_eq(m.count, 0);
	free(block);
	ck_assert_int_eq(parse(&m, &block, "ok a=b=c", 8, &err), 0);
	ck_assert_str_eq(dataplane_field_find(&m, "a"), "b=c");
	free(block);
}
END_TEST

START_TEST(test_hostile_messages)
{
	static const struct {
		const char *text;
		size_t bytes;
	} rows[] = {{"", 0}, {" status", 7}, {"=", 1}, {"a=b", 3},
	    {"status x", 8}, {"status =x", 9}, {"status x=1 x=2", 14},
	    {"status\n", 7}, {"status x=\0y", 11}, {"sta\ttus", 7},
	    {"ok x=\x7f", 6}, {"error \x1b[2J", 10}, {"\0", 1},
	    {"ok a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1 j=1 k=1 l=1 m=1 n=1 o=1 "
	     "p=1 q=1",
		71}};
	struct dataplane_message m;
	struct err err;
	char *block;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		memset(&err, 0, sizeof err);
		ck_assert_msg(
		    parse(&m, &block, rows[i].text, rows[i].bytes, &err) < 0,
		    "row %zu", i);
		ck_assert_str_ne(err.text, "");
		free(block);
	}
	block = calloc(1, DATAPLANE_MESSAGE_MAX + 2);
	memset(block, 'a', DATAPLANE_MESSAGE_MAX + 1);
	ck_assert_int_eq(
	    dataplane_message_parse(&m, block, DATAPLANE_MESSAGE_MAX + 1, &err),
	    ERR_LIMIT);
	ck_assert_int_eq(
	    dataplane_message_parse(&m, block, DATAPLANE_MESSAGE_MAX, &err), 0);
	free(block);
}
END_TEST

/* Any octets: no read outside (ASan), no crash, every string terminated. */
START_TEST(test_random_messages)
{
	static const char letters[] = "ab= \n\0=ok error";

	srand(1);
	for (unsigned i = 0; i < 20000; i++) {
		size_t n = (size_t)rand() % 80;
		char text[80], *block;
		struct dataplane_message m;

		for (size_t k = 0; k < n; k++)
			text[k] = i % 4 ? letters[rand() % (sizeof letters - 1)]
			                : (char)rand();
		if (parse(&m, &block, text, n, NULL) == 0) {
			size_t total = strlen(m.word) + strlen(m.text);

			for (unsigned k = 0; k < m.count; k++)
				total += strlen(m.field[k].key) +
				         strlen(m.field[k].value);
			ck_assert_uint_le(total, n);
		}
		free(block);
	}
}
END_TEST

struct peer {
	int fd;
	const char *answer;
	size_t bytes;
};

static void *
peer_run(void *arg)
{
	struct peer *p = arg;
	char request[128];
	int fd = accept(p->fd, NULL, NULL);

	if (recv(fd, request, sizeof request, 0) > 0 && p->answer)
		send(fd, p->answer, p->bytes, MSG_NOSIGNAL);
	if (p->answer) {
		close(fd);
		return NULL;
	}
	/* silent, until the client gives up */
	(void)!recv(fd, request, sizeof request, 0);
	close(fd);
	return NULL;
}

static int
exchange(const char *answer, size_t bytes, struct dataplane_message *m,
    char *text, size_t most, struct err *err)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct peer peer = {.answer = answer, .bytes = bytes};
	char dir[UNIT_PATH_MAX], path[UNIT_PATH_MAX];
	pthread_t thread;
	int fd, rc;

	unit_directory_make(dir);
	unit_path(path, dir, DATAPLANE_SOCKET_NAME);
	ck_assert_int_eq(dataplane_connect(&fd, path, err), ERR_UNAVAILABLE);
	snprintf(at.sun_path, sizeof at.sun_path, "%.100s", path);
	peer.fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	ck_assert_int_eq(bind(peer.fd, (void *)&at, sizeof at), 0);
	ck_assert_int_eq(dataplane_connect(&fd, path, err), ERR_UNAVAILABLE);
	ck_assert_int_eq(listen(peer.fd, 1), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, peer_run, &peer), 0);
	ck_assert_msg(dataplane_connect(&fd, path, err) == 0, "%s", err->text);
	rc = dataplane_exchange(
	    fd, "status", text, most, answer ? 2000 : 50, m, err);
	close(fd);
	pthread_join(thread, NULL);
	close(peer.fd);
	unit_directory_remove(dir);
	return rc;
}

START_TEST(test_exchange)
{
	struct dataplane_message m;
	char text[64], path[200];
	struct err err;
	int fd;

	ck_assert_int_eq(
	    exchange("ok activation=5", 15, &m, text, sizeof text, &err), 0);
	ck_assert_str_eq(m.word, "ok");
	ck_assert_str_eq(dataplane_field_find(&m, "activation"), "5");
	ck_assert_int_eq(
	    exchange("ok\x01", 3, &m, text, sizeof text, &err), ERR_SYNTAX);
	ck_assert_msg(strstr(err.text, "answer"), "%s", err.text);
	ck_assert_int_eq(
	    exchange("", 0, &m, text, sizeof text, &err), ERR_UNAVAILABLE);
	ck_assert_int_eq(
	    exchange(NULL, 0, &m, text, sizeof text, &err), ERR_UNAVAILABLE);
	ck_assert_msg(strstr(err.text, "in time"), "%s", err.text);
	ck_assert_int_eq(
	    exchange("ok activation=5", 15, &m, text, 15, &err), ERR_LIMIT);
	memset(path, 'x', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	ck_assert_int_eq(dataplane_connect(&fd, path, &err), ERR_LIMIT);
}
END_TEST

UNIT_MAIN("dataplane_protocol", test_good_messages, test_hostile_messages,
    test_random_messages, test_exchange)
