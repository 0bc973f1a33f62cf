/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/parser/parser_area.c: what a dead parser held back is
 * found, from where its stream had come to; and what a parser may have written
 * there instead is nothing.
 */
#include <check.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/parser/parser_area.h"
#include "tests/unit/unit_run.h"

static int file;
static struct parser_area *area;

static void
area_open(void)
{
	struct err err;

	ck_assert_msg(parser_area_create(&file, &err) == 0, "%s", err.text);
	ck_assert_int_eq(parser_area_clear(file), 0);
	area = parser_area_map_find(file);
	ck_assert_ptr_nonnull(area);
}

static void
area_close(void)
{
	munmap(area, sizeof *area);
	close(file);
}

/* All that is left, asked for in pieces of `most`. */
static size_t
left(uint64_t received, char *to, size_t most)
{
	size_t all = 0, n;

	while ((n = parser_area_left(file, received + all, to + all, most)) > 0)
		all += n;
	return all;
}

START_TEST(what_was_held_back_is_left)
{
	char got[64];

	area_open();
	ck_assert_uint_eq(parser_area_add(area, "sent", 4), 4);
	parser_area_sent(area);
	ck_assert_uint_eq(parser_area_add(area, "held", 4), 4);
	ck_assert_uint_eq(parser_area_add(area, "back", 4), 4);
	ck_assert_uint_eq(parser_area_held(area), 8);
	for (size_t most = 1; most < 10; most++) {
		ck_assert_uint_eq(left(4, got, most), 8);
		ck_assert_mem_eq(got, "heldback", 8);
	}
	/* it died while it sent them, or behind that */
	ck_assert_uint_eq(left(7, got, 64), 5);
	ck_assert_mem_eq(got, "dback", 5);
	ck_assert_uint_eq(left(12, got, 64), 0);
	area_close();
}
END_TEST

START_TEST(it_takes_as_much_as_there_is_room_for)
{
	static uint8_t much[PARSER_AREA_BYTES + 10];

	area_open();
	ck_assert_uint_eq(parser_area_add(area, much, 7), 7);
	ck_assert_uint_eq(
	    parser_area_add(area, much, sizeof much), PARSER_AREA_BYTES - 7);
	ck_assert_uint_eq(parser_area_add(area, much, 1), 0);
	parser_area_sent(area);
	ck_assert_uint_eq(parser_area_held(area), 0);
	ck_assert_uint_eq(parser_area_add(area, "again", 5), 5);
	ck_assert_mem_eq(area->data, "again", 5);
	area_close();
}
END_TEST

START_TEST(the_next_parser_starts_with_nothing)
{
	char got[8];

	area_open();
	parser_area_add(area, "octets", 6);
	ck_assert_int_eq(parser_area_clear(file), 0);
	ck_assert_uint_eq(left(0, got, 8), 0);
	ck_assert_uint_eq(parser_area_held(area), 0);
	area_close();
}
END_TEST

struct lie {
	uint64_t sent, end, received;
};

START_TEST(what_cannot_be_is_nothing)
{
	static const struct lie lies[] = {
	    {0, ~0ull, 0},
	    {0, PARSER_AREA_BYTES + 1, 0},
	    {0, PARSER_AREA_BYTES + 1, PARSER_AREA_BYTES},
	    {~0ull, 5, 10},
	    {11, 20, 10}, /* octets are missing in between */
	    {0, 9, 10},
	    {~0ull, ~0ull, 10},
	    {10, 5, 10},
	};
	char got[8];

	area_open();
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		atomic_store(&area->sent, lies[i].sent);
		atomic_store(&area->end, lies[i].end);
		ck_assert_uint_eq(
		    parser_area_left(file, lies[i].received, got, 8), 0);
	}
	area_close();
}
END_TEST

START_TEST(a_file_without_octets)
{
	char got[8];

	area_open();
	parser_area_add(area, "octets", 6);
	/* a parser can't; what it could not do harms nobody either */
	ck_assert_int_eq(ftruncate(file, sizeof(uint64_t[2])), 0);
	ck_assert_uint_eq(parser_area_left(file, 0, got, 8), 0);
	ck_assert_int_eq(ftruncate(file, 3), 0);
	ck_assert_uint_eq(parser_area_left(file, 0, got, 8), 0);
	area_close();
}
END_TEST

UNIT_MAIN("parser_area", what_was_held_back_is_left,
    it_takes_as_much_as_there_is_room_for, the_next_parser_starts_with_nothing,
    what_cannot_be_is_nothing, a_file_without_octets)
