/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Captures: frames of every link type to the query in them, and whole files,
 * written by libpcap.
 */
#include <check.h>
#include <pcap.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/wire.h"
#include "tests/unit/query_rig.h"
#include "tools/load/capture_frame.h"

#define ETHERNET "\2\0\0\0\0\1\2\0\0\0\0\2"
/* total length 20 + 8 + 29 */
#define IPV4_OF(bytes, fragment, protocol)                                     \
	"\x45\0\0" bytes "\0\1" fragment "\x40" protocol                       \
	"\0\0\xc0\0\2\1\xc0\0\2\2"
#define IPV4                 IPV4_OF("\x39", "\x40\0", "\x11")
#define ADDRESS6             "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
#define IPV6_OF(bytes, next) "\x60\0\0\0\0" bytes next "\x40" ADDRESS6 ADDRESS6
#define IPV6                 IPV6_OF("\x25", "\x11")
#define UDP_OF(port, bytes)  "\xc0\1" port "\0" bytes "\0\0"
#define UDP                  UDP_OF("\0\x35", "\x25")
#define MESSAGE(flags)                                                         \
	"\x12\x34" flags "\0\1\0\0\0\0\0\0\3www\7example\0\0\1\0\1"
#define QUERY MESSAGE("\1\0")

static const struct captured {
	const char *what;
	int link;
	const char *octets;
	size_t bytes;
	bool found;
} captured[] = {
#define ROW(what, link, octets, found)                                         \
	{                                                                      \
		what, link, octets, sizeof octets - 1, found                   \
	}
    ROW("IPv4", DLT_EN10MB, ETHERNET "\x8\0" IPV4 UDP QUERY, true),
    ROW("IPv6", DLT_EN10MB, ETHERNET "\x86\xdd" IPV6 UDP QUERY, true),
    ROW("a VLAN", DLT_EN10MB, ETHERNET "\x81\0\0\5\x8\0" IPV4 UDP QUERY, true),
    ROW("two VLANs", DLT_EN10MB,
	ETHERNET "\x88\xa8\0\5\x81\0\0\6\x86\xdd" IPV6 UDP QUERY, true),
    ROW("padding behind it", DLT_EN10MB,
	ETHERNET "\x8\0" IPV4 UDP QUERY "\0\0\0\0\0\0", true),
    ROW("IPv4 options", DLT_RAW,
	"\x46\0\0\x3d\0\1\x40\0\x40\x11\0\0\xc0\0\2\1\xc0\0\2\2\1\1\1\1" UDP
	    QUERY,
	true),
    ROW("raw IPv4", DLT_RAW, IPV4 UDP QUERY, true),
    ROW("raw IPv6", DLT_RAW, IPV6 UDP QUERY, true),
    ROW("IPv4 alone", DLT_IPV4, IPV4 UDP QUERY, true),
    ROW("IPv6 alone", DLT_IPV6, IPV6 UDP QUERY, true),
    ROW("cooked", DLT_LINUX_SLL,
	"\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x8\0" IPV4 UDP QUERY, true),
    ROW("cooked, version 2", DLT_LINUX_SLL2,
	"\x86\xdd\0\0\0\0\0\2\0\1\0\6\2\0\0\0\0\1\0\0" IPV6 UDP QUERY, true),
    ROW("IPv6 with hop-by-hop options", DLT_RAW,
	IPV6_OF("\x2d", "\0") "\x11\0\1\4\0\0\0\0" UDP QUERY, true),
    ROW("a fragment of IPv6", DLT_RAW,
	IPV6_OF("\x2d", "\x2c") "\x11\0\0\1\0\0\0\0" UDP QUERY, false),
    ROW("the first fragment", DLT_RAW,
	IPV4_OF("\x39", "\x20\0", "\x11") UDP QUERY, false),
    ROW("the last fragment", DLT_RAW, IPV4_OF("\x39", "\0\5", "\x11") UDP QUERY,
	false),
    ROW("TCP", DLT_RAW, IPV4_OF("\x39", "\x40\0", "\6") UDP QUERY, false),
    ROW("ARP", DLT_EN10MB, ETHERNET "\x8\6" IPV4 UDP QUERY, false),
    ROW("another port", DLT_RAW, IPV4 UDP_OF("\0\x36", "\x25") QUERY, false),
    ROW("UDP longer than IP", DLT_RAW, IPV4 UDP_OF("\0\x35", "\x26") QUERY,
	false),
    ROW("UDP of no length", DLT_RAW, IPV4 UDP_OF("\0\x35", "\7") QUERY, false),
    ROW("IP longer than the frame", DLT_RAW,
	IPV4_OF("\x3a", "\x40\0", "\x11") UDP QUERY, false),
    ROW("a response", DLT_RAW, IPV4 UDP MESSAGE("\x81\0"), false),
    ROW("an update", DLT_RAW, IPV4 UDP MESSAGE("\x29\0"), false),
    ROW("no question", DLT_RAW,
	IPV4 UDP "\x12\x34\1\0\0\0\0\0\0\0\0\0\3www\7example\0\0\1\0\1", false),
    ROW("a question cut off by UDP", DLT_RAW,
	IPV4 UDP_OF("\0\x35", "\x24") QUERY, false),
    ROW("an unknown link", DLT_EN10MB, IPV4 UDP QUERY, false),
};

START_TEST(frames_have_queries)
{
	for (size_t i = 0; i < sizeof captured / sizeof *captured; i++) {
		const struct captured *c = &captured[i];
		uint8_t *exact = malloc(c->bytes);
		const uint8_t *query;
		size_t bytes;
		bool found;

		memcpy(exact, c->octets, c->bytes);
		found = capture_query_find(
		    c->link, exact, c->bytes, &query, &bytes);
		ck_assert_msg(found == c->found, "%s", c->what);
		if (found) {
			ck_assert_uint_eq(bytes, sizeof QUERY - 1);
			ck_assert_mem_eq(query, QUERY, bytes);
		}
		free(exact);
	}
}
END_TEST

START_TEST(cut_off_frames_have_none)
{
	for (size_t i = 0; i < sizeof captured / sizeof *captured; i++) {
		const struct captured *c = &captured[i];

		for (size_t n = 0; n < c->bytes; n++) {
			uint8_t *exact = malloc(n ? n : 1);
			const uint8_t *query;
			size_t bytes;

			memcpy(exact, c->octets, n);
			/* but for what is padding */
			if (capture_query_find(
				c->link, exact, n, &query, &bytes))
				ck_assert_uint_ge(n + 6, c->bytes);
			free(exact);
		}
	}
}
END_TEST

static void
capture_write(const char *path, int link, unsigned times)
{
	pcap_t *p = pcap_open_dead(link, 65535);
	pcap_dumper_t *dump = pcap_dump_open(p, path);

	ck_assert_ptr_nonnull(dump);
	for (size_t i = 0; i < times * sizeof captured / sizeof *captured;
	     i++) {
		const struct captured *c = &captured[i / times];
		struct pcap_pkthdr packet = {.caplen = (bpf_u_int32)c->bytes,
		    .len = (bpf_u_int32)c->bytes};

		if (c->link == link)
			pcap_dump(
			    (u_char *)dump, &packet, (const u_char *)c->octets);
	}
	pcap_dump_close(dump);
	pcap_close(p);
}

START_TEST(a_capture_is_a_set)
{
	char directory[UNIT_PATH_MAX], zone[UNIT_PATH_MAX], path[UNIT_PATH_MAX];
	struct query_mix mix = {.pcap = path};
	struct query_set *s;
	struct rig rig;

	unit_directory_make(directory);
	thousand_write(zone, directory);
	capture_write(unit_path(path, directory, "pcap"), DLT_EN10MB, 3);
	rig_open_file(&rig, "example", zone);
	s = set_of_zone("example", zone, mix);
	ck_assert_uint_eq(s->count, 5 * 3);
	ck_assert_uint_eq(s->left_out, 2 * 3);
	ck_assert_uint_eq(s->distinct, 1);
	ck_assert_uint_eq(s->with_expected, s->count);
	for (uint32_t i = 0; i < s->count; i++) {
		const uint8_t *m = s->messages + s->queries[i].at;

		ck_assert_uint_eq(wire_load16(m), 0);
		ck_assert_mem_eq(m + 2, QUERY + 2, sizeof QUERY - 3);
		query_check(&rig, s, i);
	}
	query_set_free(&s);
	mix.count = 4;
	s = set_make(&mix);
	ck_assert_uint_eq(s->count, 4);
	ck_assert_uint_eq(s->with_expected, 0);
	query_set_free(&s);
	rig_close(&rig);
	unit_directory_remove(directory);
}
END_TEST

START_TEST(captures_that_are_refused)
{
	static const struct {
		int link;
		unsigned times;
		const char *text;
	} rows[] = {
	    {DLT_EN10MB, 0, "no queries to port 53 among 0 packets"},
	    {DLT_IEEE802_11, 1, "link type IEEE802_11 (105)"},
	};
	char directory[UNIT_PATH_MAX], path[UNIT_PATH_MAX];
	struct query_mix mix = {.pcap = path};
	struct query_set *s;
	struct err err;

	unit_directory_make(directory);
	unit_path(path, directory, "pcap");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		capture_write(path, rows[i].link, rows[i].times);
		ck_assert_int_lt(query_set_make(&s, &mix, &err), 0);
		ck_assert_msg(
		    strstr(err.text, rows[i].text) && strstr(err.text, path),
		    "%s", err.text);
	}
	unit_directory_remove(directory);
}
END_TEST

/* The file ends in the middle of a packet. */
START_TEST(a_capture_cut_off_is_refused)
{
	char directory[UNIT_PATH_MAX], path[UNIT_PATH_MAX];
	struct query_mix mix = {.pcap = path};
	struct query_set *s;
	struct err err;

	unit_directory_make(directory);
	capture_write(unit_path(path, directory, "pcap"), DLT_EN10MB, 1);
	ck_assert_int_eq(truncate(path, 24 + 16 + 20), 0);
	ck_assert_int_eq(query_set_make(&s, &mix, &err), ERR_SYNTAX);
	ck_assert_msg(strstr(err.text, "packet 1: truncated"), "%s", err.text);
	unit_directory_remove(directory);
}
END_TEST

UNIT_MAIN("query_capture", frames_have_queries, cut_off_frames_have_none,
    a_capture_is_a_set, captures_that_are_refused, a_capture_cut_off_is_refused)
