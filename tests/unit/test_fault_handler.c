/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A child process crashes with a burst in hand; what it leaves has every octet
 * of it, and any damage to that is noticed.
 */
#include "dataplane/guard/fault_handler.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "dataplane/guard/burst_file.h"
#include "tests/unit/unit_run.h"

enum { QUERIES = 32, ROOM = 1024 };

static char dir[UNIT_PATH_MAX], path[UNIT_PATH_MAX];
static const uint8_t client[16] = {0x20, 1, 0xd, 0xb8, [15] = 7};

static uint32_t
bytes_of(unsigned i)
{
	return i * 17 % 300;
}

static void
burst_hold(struct burst_log *log)
{
	static uint8_t buffers[QUERIES][ROOM];
	struct answer_query q[QUERIES];

	for (unsigned i = 0; i < QUERIES; i++) {
		memset(buffers[i], (int)i + 1, bytes_of(i));
		q[i] = (struct answer_query){.message = buffers[i],
		    .bytes = bytes_of(i),
		    .capacity = ROOM,
		    .client = client,
		    .client_bytes = i % 2 ? 4 : 16};
	}
	burst_log_hold_all(log, NULL, q, QUERIES, ANSWER_UDP);
	/* answered in place */
	memset(buffers, 0xff, sizeof buffers);
}

/* Returns the signal that the child died of. */
static int
child_die(int number, bool in_hand)
{
	struct rlimit none = {0};
	struct burst_log *log;
	int status, fd;
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &none);
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		if (burst_log_new(&log, QUERIES, ROOM, NULL) ||
		    fault_handler_open(fd, "program", "1.0", NULL) ||
		    fault_handler_enter(log, NULL))
			_exit(1);
		burst_hold(log);
		if (!in_hand)
			burst_log_end(log);
		if (number == SIGABRT)
			abort();
		else if (number == SIGILL)
			__builtin_trap();
		raise(number);
		_exit(2);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	return WTERMSIG(status);
}

static void
left_read(struct bytes *out)
{
	struct err err;

	bytes_init(out);
	ck_assert_int_eq(
	    file_read(AT_FDCWD, path, BURST_FILE_BYTES_MAX, out, &err), 0);
}

static void
left_check(const struct bytes *left, int number)
{
	struct burst_file f;
	struct held_query q;
	struct err err = {0};
	unsigned n = 0;

	ck_assert_msg(burst_file_open(&f, left->data, left->len, &err) == 0,
	    "%s", err.text);
	ck_assert_uint_eq(f.head.signal, (unsigned)number);
	ck_assert_str_eq(f.head.program, "program");
	ck_assert_str_eq(f.head.build, "1.0");
	for (; burst_file_next(&f, &q); n++) {
		ck_assert_uint_eq(q.head.bytes, bytes_of(n));
		ck_assert_uint_eq(q.head.capacity, ROOM);
		ck_assert_uint_eq(q.head.client_bytes, n % 2 ? 4 : 16);
		ck_assert_mem_eq(q.head.client, client, q.head.client_bytes);
		for (unsigned i = 0; i < q.head.bytes; i++)
			ck_assert_uint_eq(q.message[i], n + 1);
	}
	ck_assert_uint_eq(n, QUERIES);
}

START_TEST(each_signal_leaves_the_burst)
{
	static const int numbers[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE};

	unit_directory_make(dir);
	unit_path(path, dir, "left");
	for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		struct bytes left;

		ck_assert_int_eq(child_die(numbers[i], true), numbers[i]);
		left_read(&left);
		left_check(&left, numbers[i]);
		bytes_fini(&left);
	}
	unit_directory_remove(dir);
}
END_TEST

START_TEST(nothing_in_hand_leaves_nothing)
{
	struct bytes left;

	unit_directory_make(dir);
	unit_path(path, dir, "left");
	ck_assert_int_eq(child_die(SIGSEGV, false), SIGSEGV);
	left_read(&left);
	ck_assert_uint_eq(left.len, 0);
	bytes_fini(&left);
	unit_directory_remove(dir);
}
END_TEST

/* Cut anywhere, or an octet changed anywhere. */
START_TEST(damage_is_noticed)
{
	struct burst_file f;
	struct bytes left;

	unit_directory_make(dir);
	unit_path(path, dir, "left");
	child_die(SIGILL, true);
	left_read(&left);
	for (size_t n = 0; n < left.len; n++) {
		uint8_t *part = malloc(n ? n : 1);

		memcpy(part, left.data, n);
		ck_assert_int_ne(burst_file_open(&f, part, n, NULL), 0);
		free(part);
		left.data[n] ^= 0x40;
		ck_assert_int_ne(
		    burst_file_open(&f, left.data, left.len, NULL), 0);
		left.data[n] ^= 0x40;
	}
	left_check(&left, SIGILL);
	bytes_fini(&left);
	unit_directory_remove(dir);
}
END_TEST

UNIT_MAIN("fault_handler", each_signal_leaves_the_burst,
    nothing_in_hand_leaves_nothing, damage_is_noticed)
