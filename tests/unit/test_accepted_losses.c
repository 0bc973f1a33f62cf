/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/publish/accepted_losses.c: what guards let pass is
 * known to the next process, of that generation alone; damaged files.
 */
#include "control/publish/accepted_losses.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/name.h"
#include "tests/unit/publish_rig.h"

#define FILE_NAME "accepted-losses"
#define HEAD      "holdfast-accepted-losses 1\n"
#define DIGEST                                                                 \
	"generation 07000000000000000000000000000000"                          \
	"00000000000000000000000000000000\n"

static const struct canary_rates rates = {
    .good = 0.002, .bad = 0.05, .false_return = 0.001, .missed = 0.01};
static const struct digest generation = {{7}}, other = {{8}};
static struct publish_rig r;
static struct evidence before, after;
static struct err err;

static void
start(void)
{
	publish_rig_open(&r);
	ck_assert_int_eq(evidence_init(&before, &rates, &err), 0);
	ck_assert_int_eq(evidence_init(&after, &rates, &err), 0);
}

static void
stop(void)
{
	evidence_fini(&before);
	evidence_fini(&after);
	publish_rig_close(&r);
}

static const uint8_t *
name(unsigned i)
{
	static uint8_t n[DNS_NAME_MAX];
	char text[64];

	snprintf(text, sizeof text, "n%u.a.test.", i);
	ck_assert_int_gt(name_from_text(n, text, &err), 0);
	return n;
}

static void
lose(struct evidence *e, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		struct evidence_piece p = {.apex = (const uint8_t *)"\1a\4test",
		    .qname = name(i),
		    .qtype = 1,
		    .fault = EVIDENCE_LOSS};

		evidence_add(e, &p);
	}
}

static enum canary_verdict
verdict(const struct evidence *e)
{
	bool suspect;

	return evidence_verdict(e, &suspect);
}

START_TEST(what_was_let_pass_is_known_afterwards)
{
	start();
	for (unsigned i = 0; i < 50; i++)
		evidence_accept(&before, name(i));
	ck_assert_int_eq(
	    accepted_losses_write(r.p.store, &generation, &before, &err), 0);
	/* of this generation alone */
	ck_assert_int_eq(accepted_losses_read(r.p.store, &other, &after, &err),
	    ERR_NOT_FOUND);
	ck_assert_uint_eq(evidence_accepted(&after, NULL, 0), 0);
	ck_assert_int_eq(
	    accepted_losses_read(r.p.store, &generation, &after, &err), 0);
	lose(&after, 0, 50);
	ck_assert_uint_eq(after.accepted, 50);
	ck_assert_int_eq(verdict(&after), CANARY_UNDECIDED);
	/* other names speak as ever */
	lose(&after, 50, 60);
	ck_assert_int_eq(verdict(&after), CANARY_BAD);
	stop();
}
END_TEST

START_TEST(nothing_leaves_no_file)
{
	char path[UNIT_PATH_MAX];

	start();
	evidence_accept(&before, name(1));
	ck_assert_int_eq(
	    accepted_losses_write(r.p.store, &generation, &before, &err), 0);
	ck_assert_int_eq(
	    access(unit_path(path, r.store_dir, FILE_NAME), R_OK), 0);
	ck_assert_int_eq(
	    accepted_losses_write(r.p.store, &generation, &after, &err), 0);
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_assert_int_eq(
	    accepted_losses_write(r.p.store, &generation, &after, &err), 0);
	ck_assert_int_eq(
	    accepted_losses_read(r.p.store, &generation, &after, &err),
	    ERR_NOT_FOUND);
	stop();
}
END_TEST

/* As many as there is room for come back. */
START_TEST(the_most_names)
{
	start();
	for (unsigned i = 0; i < EVIDENCE_NAMES_MAX + 5; i++)
		evidence_accept(&before, name(i));
	ck_assert_int_eq(
	    accepted_losses_write(r.p.store, &generation, &before, &err), 0);
	ck_assert_int_eq(
	    accepted_losses_read(r.p.store, &generation, &after, &err), 0);
	ck_assert_uint_eq(
	    evidence_accepted(&after, NULL, 0), EVIDENCE_NAMES_MAX);
	stop();
}
END_TEST

static const char *const damaged[] = {"", "\n", "holdfast-accepted-losses 2\n",
    HEAD, HEAD "name 0123456789abcdef\n", HEAD DIGEST "name 0123456789abcde\n",
    HEAD DIGEST "name 0123456789abcdeF\n",
    HEAD DIGEST "name 0123456789abcde0\n", HEAD DIGEST "name 0123456789abcdef",
    HEAD DIGEST "nome 0123456789abcdef\n",
    HEAD DIGEST "name 0123456789abcdef1\n", HEAD "generation 07\n",
    HEAD DIGEST "\n", HEAD DIGEST DIGEST};

START_TEST(damaged_files_accept_nothing)
{
	char path[UNIT_PATH_MAX];

	start();
	unit_path(path, r.store_dir, FILE_NAME);
	for (unsigned i = 0; i < sizeof damaged / sizeof *damaged; i++) {
		const char *text = damaged[i];

		ck_assert_int_eq(file_write(AT_FDCWD, path, 0640, text,
				     strlen(text), FILE_REPLACE, &err),
		    0);
		ck_assert_msg(accepted_losses_read(r.p.store, &generation,
				  &after, &err) == ERR_CORRUPT,
		    "%s", text);
		ck_assert_uint_eq(evidence_accepted(&after, NULL, 0), 0);
	}
	/* the next rollout is not hindered */
	ck_assert_int_eq(
	    accepted_losses_write(r.p.store, &generation, &before, &err), 0);
	stop();
}
END_TEST

START_TEST(more_names_than_there_is_room_for)
{
	struct bytes text = {0};
	uint64_t *keys = calloc(EVIDENCE_NAMES_MAX, sizeof *keys);
	struct digest of;
	size_t count;

	ck_assert_ptr_nonnull(keys);
	bytes_printf(&text, HEAD DIGEST);
	for (unsigned i = 0; i < EVIDENCE_NAMES_MAX; i++)
		bytes_printf(&text, "name %016x\n", 2 * i + 1);
	ck_assert_int_eq(
	    accepted_losses_parse(text.data, text.len, &of, keys, &count, &err),
	    0);
	ck_assert_uint_eq(count, EVIDENCE_NAMES_MAX);
	ck_assert(digest_equal(&of, &generation));
	bytes_printf(&text, "name 0123456789abcdef\n");
	ck_assert_int_eq(
	    accepted_losses_parse(text.data, text.len, &of, keys, &count, &err),
	    ERR_CORRUPT);
	free(keys);
	bytes_fini(&text);
}
END_TEST

UNIT_MAIN("accepted_losses", what_was_let_pass_is_known_afterwards,
    nothing_leaves_no_file, the_most_names, damaged_files_accept_nothing,
    more_names_than_there_is_room_for)
