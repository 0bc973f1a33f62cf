/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What good configurations become: defaults, every option, paths, zones from
 * lists, a hundred thousand of them; and that the example file and the
 * reference say what the schema does.
 */
#include "config/config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "config/config_schema.h"
#include "tests/unit/unit_run.h"

static struct config *
parse(const char *text)
{
	struct config *c;
	struct err err;

	if (config_parse(
		&c, "/etc/holdfast/t.yaml", text, strlen(text), &err) != 0)
		ck_abort_msg("%s", err.text);
	return c;
}

static void
write_file(const char *dir, const char *name, const char *text)
{
	char path[UNIT_PATH_MAX];
	struct err err;

	ck_assert_int_eq(file_write(AT_FDCWD, unit_path(path, dir, name), 0644,
			     text, strlen(text), FILE_REPLACE, &err),
	    0);
}

static char *
read_text(const char *path)
{
	struct bytes b;
	struct err err;

	bytes_init(&b);
	if (file_read(AT_FDCWD, path, 1 << 20, &b, &err) != 0)
		ck_abort_msg("%s (run in the tree's root)", err.text);
	bytes_append_zero(&b, 1);
	return (char *)b.data;
}

START_TEST(defaults_are_those_of_the_header)
{
	struct config *c;
	struct err err;
	char text[64];

	ck_assert_int_eq(config_default(&c, &err), 0);
	ck_assert_str_eq(c->store_dir, "/var/lib/holdfast");
	ck_assert_str_eq(c->run_dir, "/run/holdfast");
	ck_assert_str_eq(c->log_level, "info");
	ck_assert_uint_eq(c->answer.udp_max, 1232);
	ck_assert_uint_eq(c->answer.samples_per_second, 200);
	ck_assert_uint_eq(c->guards.replay.minutes, 10);
	ck_assert_uint_eq(c->guards.replay.lost_permille, 1);
	ck_assert_uint_eq(c->guards.replay.truncated_permille, 10);
	ck_assert_uint_eq(c->guards.replay.growth_permille, 250);
	ck_assert_uint_eq(c->guards.replay.least, 10);
	ck_assert_uint_eq(c->guards.replay.learn_permille, 10);
	ck_assert_int_eq(c->guards.actions.replay, ACTION_ACK);
	ck_assert_ptr_null(c->answer.nsid);
	ck_assert_ptr_null(c->answer.identity);
	ck_assert_ptr_null(c->answer.version);
	ck_assert_uint_eq(c->dataplane.nports, 0);
	ck_assert_uint_eq(c->dataplane.management_core, 0);
	ck_assert_str_eq(c->dataplane.huge_pages, "auto");
	ck_assert_uint_eq(c->dataplane.memory_mib, 256);
	ck_assert_uint_eq(c->dataplane.mbufs, 8191);
	ck_assert_str_eq(c->dataplane.file_prefix, "holdfast");
	ck_assert_uint_eq(c->sockets.nlisten, 0);
	ck_assert_uint_eq(c->sockets.threads, 1);
	ck_assert_uint_eq(c->sockets.tcp_clients, 1024);
	ck_assert_uint_eq(c->sockets.tcp_per_client, 32);
	ck_assert_uint_eq(c->sockets.tcp_idle_ms, 10000);
	ck_assert_uint_eq(c->sockets.tcp_query_ms, 5000);
	ck_assert_uint_eq(c->sockets.tcp_pipeline, 32);
	ck_assert_ptr_null(c->control.socket_group);
	ck_assert_str_eq(
	    config_address_text(text, &c->control.metrics), "127.0.0.1@9153");
	ck_assert(c->control.metrics_on);
	ck_assert_uint_eq(c->control.retain, 16);
	ck_assert_uint_eq(c->control.settle_ms, 200);
	ck_assert_uint_eq(c->control.commit_deadline_ms, 10000);
	ck_assert(c->control.prove);
	ck_assert(c->rollout.canary);
	ck_assert_uint_eq(c->rollout.canary_permille, 50);
	ck_assert_uint_eq(c->rollout.least_s, 10);
	ck_assert_uint_eq(c->rollout.most_s, 60);
	ck_assert_int_eq(c->rollout.undecided, UNDECIDED_COMMIT);
	ck_assert_uint_eq(c->rollout.good_permille, 2);
	ck_assert_uint_eq(c->rollout.bad_permille, 50);
	ck_assert_uint_eq(c->rollout.false_return_ppm, 1000);
	ck_assert_uint_eq(c->rollout.missed_ppm, 10000);
	ck_assert_uint_eq(c->rollout.cost_percent, 300);
	ck_assert_uint_eq(c->rollout.soak_s, 60);
	ck_assert_uint_eq(c->rollout.hold_down_s, 60);
	ck_assert_uint_eq(c->nzones, 0);
	ck_assert_int_eq(c->zone_directory[0], '/');
	config_free(&c);
	ck_assert_ptr_null(c);
}
END_TEST

START_TEST(ports_and_their_defaults)
{
	struct config *c = parse(
	    "dataplane:\n"
	    "  eal_options: [--no-pci, '--log-level=8']\n"
	    "  mbufs: 16383\n"
	    "  ports:\n"
	    "  - name: wan-1\n"
	    "    device: 0000:03:00.0\n"
	    "    cores: [7, 2-4]\n"
	    "    addresses:\n"
	    "    - 192.0.2.1\n"
	    "    - 2001:db8::1\n"
	    "  - {name: lab, device: net_tap0, cores: 1, addresses: 192.0.2.1,\n"
	    "     checksum: trust, mtu: 9000, rx_ring: 64, tx_ring: 128,\n"
	    "     exception: hf-lab, exception_pps: 5}\n");
	const struct config_port *p = c->dataplane.ports;
	char text[64];

	ck_assert_uint_eq(c->dataplane.neal_options, 2);
	ck_assert_str_eq(c->dataplane.eal_options[1], "--log-level=8");
	ck_assert_uint_eq(c->dataplane.nports, 2);
	ck_assert_str_eq(p[0].name, "wan-1");
	ck_assert_str_eq(p[0].device, "0000:03:00.0");
	ck_assert_uint_eq(p[0].ncores, 4);
	ck_assert_uint_eq(p[0].cores[0], 7);
	ck_assert_uint_eq(p[0].cores[1], 2);
	ck_assert_uint_eq(p[0].cores[3], 4);
	ck_assert_uint_eq(p[0].naddresses, 2);
	ck_assert(p[0].addresses[0].v4 && !p[0].addresses[1].v4);
	ck_assert_str_eq(
	    config_address_text(text, &p[0].addresses[0]), "192.0.2.1@0");
	ck_assert_str_eq(
	    config_address_text(text, &p[0].addresses[1]), "2001:db8::1@0");
	ck_assert_uint_eq(p[0].checksum, CHECKSUM_AUTO);
	ck_assert_uint_eq(p[0].mtu, 1500);
	ck_assert_uint_eq(p[0].rx_ring, 1024);
	ck_assert_uint_eq(p[0].exception_pps, 20000);
	ck_assert_ptr_null(p[0].exception);
	ck_assert_uint_eq(p[1].ncores, 1);
	ck_assert_uint_eq(p[1].checksum, CHECKSUM_TRUST);
	ck_assert_uint_eq(p[1].mtu, 9000);
	ck_assert_uint_eq(p[1].tx_ring, 128);
	ck_assert_str_eq(p[1].exception, "hf-lab");
	config_free(&c);
}
END_TEST

START_TEST(values_are_read_as_written)
{
	struct config *c =
	    parse("\xef\xbb\xbf%YAML 1.1\n---\n"
		  "answer: {nsid: hex:00fF, identity: off, version: \"off\"}\n"
		  "sockets: {listen: [\"::1@5300\", 0.0.0.0, \"::@0\"]}\n"
		  "control: {metrics_on: no, prove: on, retain: \"3\"}\n"
		  "rollout: {canary: off, undecided: return, soak_s: 0}\n"
		  "dataplane: {huge_pages: off, ports: ~, eal_options: }\n"
		  "zones: []\n"
		  "zones_from: off\n"
		  "store:\n"
		  "  # all commented out\n");
	char text[64];

	ck_assert_str_eq(c->answer.nsid, "hex:00fF");
	ck_assert_ptr_null(c->answer.identity);
	ck_assert_str_eq(c->answer.version, "off");
	ck_assert_uint_eq(c->sockets.nlisten, 3);
	ck_assert_str_eq(
	    config_address_text(text, &c->sockets.listen[0]), "::1@5300");
	ck_assert_str_eq(
	    config_address_text(text, &c->sockets.listen[1]), "0.0.0.0@53");
	ck_assert_uint_eq(c->sockets.listen[2].port, 0);
	ck_assert(!c->control.metrics_on);
	ck_assert(c->control.prove);
	ck_assert_uint_eq(c->control.retain, 3);
	ck_assert(!c->rollout.canary);
	ck_assert_int_eq(c->rollout.undecided, UNDECIDED_RETURN);
	ck_assert_uint_eq(c->rollout.soak_s, 0);
	ck_assert_str_eq(c->dataplane.huge_pages, "off");
	ck_assert_str_eq(c->store_dir, "/var/lib/holdfast");
	config_free(&c);
}
END_TEST

START_TEST(zones_are_sorted_and_placed)
{
	struct config *c = parse("zones:\n"
				 "- {name: Z.Example., file: z}\n"
				 "- {name: \"a.z.example\", file: sub/a}\n"
				 "- {name: example, file: /abs/e}\n"
				 "- {name: ., file: root, dnssec: off}\n");

	ck_assert_uint_eq(c->nzones, 4);
	ck_assert_str_eq(c->zones[0].name, ".");
	ck_assert_str_eq(c->zones[1].name, "example.");
	ck_assert_str_eq(c->zones[2].name, "z.example.");
	ck_assert_str_eq(c->zones[3].name, "a.z.example.");
	ck_assert_mem_eq(c->zones[2].apex, "\1z\7example", 11);
	ck_assert_str_eq(c->zones[1].file, "/abs/e");
	ck_assert_str_eq(c->zones[2].file, "/etc/holdfast/z");
	ck_assert_str_eq(c->zones[3].file, "/etc/holdfast/sub/a");
	ck_assert_uint_eq(c->zones[2].line, 2);
	ck_assert_uint_eq(c->zones[0].line, 5);
	ck_assert(!c->zones[0].from_list);
	config_free(&c);
	c = parse("zone_directory: sub\nzones: [{name: a, file: b}]\n");
	ck_assert_str_eq(c->zones[0].file, "/etc/holdfast/sub/b");
	config_free(&c);
	c = parse("zone_directory: /\nzones: [{name: a, file: b}]\n");
	ck_assert_str_eq(c->zones[0].file, "/b");
	config_free(&c);
}
END_TEST

START_TEST(relative_to_the_working_directory)
{
	char dir[UNIT_PATH_MAX], here[UNIT_PATH_MAX], want[UNIT_PATH_MAX];
	struct config *c;
	struct err err;

	unit_directory_make(dir);
	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_ptr_nonnull(getcwd(here, sizeof here));
	ck_assert_int_eq(mkdir("sub", 0755), 0);
	write_file(dir, "sub/t.yaml", "zones: [{name: a, file: b}]\n");
	ck_assert_int_eq(config_load(&c, "sub/t.yaml", &err), 0);
	ck_assert_str_eq(c->zones[0].file, unit_path(want, here, "sub/b"));
	config_free(&c);
	write_file(dir, "t.yaml", "zones: [{name: a, file: b}]\n");
	ck_assert_int_eq(config_load(&c, "t.yaml", &err), 0);
	ck_assert_str_eq(c->zones[0].file, unit_path(want, here, "b"));
	config_free(&c);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(config_parse(&c, "etc/t.yaml", "{}", 2, &err), 0);
	ck_assert_str_eq(c->zone_directory, "/etc");
	config_free(&c);
	ck_assert_int_eq(config_parse(&c, "/t.yaml", "{}", 2, &err), 0);
	ck_assert_str_eq(c->zone_directory, "/");
	config_free(&c);
	unit_directory_remove(dir);
}
END_TEST

START_TEST(zone_lists_add_to_the_zones)
{
	char dir[UNIT_PATH_MAX], path[UNIT_PATH_MAX], want[ERR_TEXT_MAX];
	struct config *c;
	struct err err;

	unit_directory_make(dir);
	write_file(dir, "t.yaml",
	    "zones_from: list\nzone_directory: z\n"
	    "zones: [{name: b, file: b}]\n");
	write_file(dir, "list", "# zones\n\nC.\tc c\r\na\t/x/a\n");
	unit_path(path, dir, "t.yaml");
	if (config_load(&c, path, &err) != 0)
		ck_abort_msg("%s", err.text);
	ck_assert_uint_eq(c->nzones, 3);
	ck_assert_str_eq(c->zones[0].name, "a.");
	ck_assert_str_eq(c->zones[0].file, "/x/a");
	ck_assert(c->zones[0].from_list && !c->zones[1].from_list);
	ck_assert_uint_eq(c->zones[0].line, 4);
	ck_assert_str_eq(c->zones[2].name, "c.");
	snprintf(want, sizeof want, "%s/z/c c", dir);
	ck_assert_str_eq(c->zones[2].file, want);
	config_free(&c);

	write_file(dir, "list", "a\tx\nB\tx\n");
	ck_assert_int_eq(config_load(&c, path, &err), ERR_EXISTS);
	snprintf(want, sizeof want,
	    "%s/list:2: zone b. is given twice, first in %s/t.yaml:3", dir,
	    dir);
	ck_assert_str_eq(err.text, want);
	unlink(unit_path(want, dir, "list"));
	ck_assert_int_eq(config_load(&c, path, &err), ERR_NOT_FOUND);
	snprintf(want, sizeof want,
	    "%s/t.yaml:1: option \"zones_from\": %s/list: cannot open: No such "
	    "file or directory",
	    dir, dir);
	ck_assert_str_eq(err.text, want);
	unit_directory_remove(dir);
}
END_TEST

START_TEST(bad_lines_of_lists)
{
	static const struct {
		const char *text, *message;
		size_t bytes; /* 0: up to the terminator */
	} bad[] = {
	    {"a\tb\nc\n", "l:2: no tab; a line is NAME<TAB>FILE", 0},
	    {"\tb\n", "l:1: no zone name in front of the tab", 0},
	    {"a\t\n", "l:1: no file behind the tab", 0},
	    {"a\tb\tc\n", "l:1: a second tab; a line is NAME<TAB>FILE", 0},
	    {"a\tb\1\n", "l:1: a control character", 0},
	    {"a\tb\0c\n", "l:1: a control character", 6},
	    {"a\r\tb\n", "l:1: a control character", 0},
	    {"a..b\tb", "l:1: \"a..b\" is no domain name: a label is empty", 0},
	    {"a\t../b",
		"l:1: \"../b\" leaves the zone directory, write an absolute "
		"path",
		0},
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct config_zone *zones = NULL;
		unsigned nzones = 0;
		struct err err;
		size_t n = bad[i].bytes ? bad[i].bytes : strlen(bad[i].text);

		ck_assert_int_lt(config_zone_list_parse(&zones, &nzones, "l",
				     "/d", bad[i].text, n, &err),
		    0);
		ck_assert_str_eq(err.text, bad[i].message);
		config_zones_free(&zones, nzones);
	}
}
END_TEST

START_TEST(files_that_are_none)
{
	char dir[UNIT_PATH_MAX], path[UNIT_PATH_MAX], want[ERR_TEXT_MAX];
	struct config *c;
	struct err err;

	unit_directory_make(dir);
	ck_assert_int_lt(config_load(&c, dir, &err), 0);
	snprintf(want, sizeof want,
	    "configuration: %s: it is a directory, not a file", dir);
	ck_assert_str_eq(err.text, want);
	unit_path(path, dir, "none.yaml");
	ck_assert_int_eq(config_load(&c, path, &err), ERR_NOT_FOUND);
	write_file(dir, "none.yaml", "{}");
	ck_assert_int_eq(truncate(path, (16 << 20) + 1), 0);
	ck_assert_int_eq(config_load(&c, path, &err), ERR_LIMIT);
	ck_assert_int_eq(
	    config_parse(&c, "t", "{}", (16u << 20) + 1, &err), ERR_LIMIT);
	ck_assert_str_eq(err.text,
	    "t: 16777217 bytes are too large, allowed are 16777216; name the "
	    "zones in a list file (zones_from)");
	ck_assert_int_eq(truncate(path, 0), 0);
	ck_assert_int_eq(config_load(&c, path, &err), ERR_SYNTAX);
	ck_assert_ptr_null(c);
	unit_directory_remove(dir);
}
END_TEST

/* Seconds here would be minutes if anything were quadratic. */
START_TEST(hundred_thousand_zones)
{
	struct bytes text;
	struct config *c;
	struct err err;

	bytes_init(&text);
	bytes_printf(&text, "zones:\n");
	for (unsigned i = 0; i < 100000; i++)
		bytes_printf(&text, "  - {name: z%u.example, file: z%u.zone}\n",
		    99999 - i, i);
	ck_assert(!text.failed);
	ck_assert_int_eq(
	    config_parse(&c, "/t.yaml", text.data, text.len, &err), 0);
	ck_assert_uint_eq(c->nzones, 100000);
	ck_assert_str_eq(c->zones[0].name, "z0.example.");
	ck_assert_str_eq(c->zones[0].file, "/z99999.zone");
	ck_assert_uint_eq(c->zones[0].line, 100001);
	config_free(&c);
	bytes_clear(&text);
	bytes_printf(&text, "log_level: info\nzones: [");
	for (unsigned i = 0; i < (2 << 20); i++)
		bytes_printf(&text, "a,");
	ck_assert_int_eq(
	    config_parse(&c, "t", text.data, text.len, &err), ERR_SYNTAX);
	ck_assert_str_eq(err.text,
	    "t:2: more values than a configuration may have; name the zones in "
	    "a list file (zones_from)");
	bytes_fini(&text);
}
END_TEST

START_TEST(addresses)
{
	static const char *const bad[] = {"", "@53", "1.2.3", "1.2.3.4@",
	    "1.2.3.4@x", "1.2.3.4@65536", "1.2.3.4@-1", "1.2.3.4@53@53",
	    "01.2.3.4", "::ffff:1.2.3.4", "fe80::1%eth0", " 1.2.3.4",
	    "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111"};
	struct config_address a;
	struct err err;
	char text[64];

	ck_assert_int_eq(
	    config_address_parse(&a, "1.2.3.4@65535", 53, &err), 0);
	ck_assert_uint_eq(a.port, 65535);
	ck_assert_str_eq(config_address_text(text, &a), "1.2.3.4@65535");
	ck_assert_int_eq(config_address_parse(&a, "2001:DB8::", 53, &err), 0);
	ck_assert_str_eq(config_address_text(text, &a), "2001:db8::@53");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(
		    config_address_parse(&a, bad[i], 53, &err) == ERR_SYNTAX,
		    "%s", bad[i]);
}
END_TEST

/* Turns "#option: value" lines on and leaves "# text" alone. */
static void
turn_on(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		if (*from == '#' && from[1] >= 'a' && from[1] <= 'z')
			continue;
		*to++ = *from;
	}
	*to = '\0';
}

/* Every row is written once in each section's example, with its default. */
static void
section_is_shown(const char *text, const struct schema_section *s)
{
	char line[128];

	for (unsigned i = 0; i < s->nrows; i++) {
		const struct schema_row *row = &s->rows[i];

		snprintf(line, sizeof line, "%s: %s", row->name,
		    row->initial ? row->initial : "");
		if (row->section != NULL)
			section_is_shown(text, row->section);
		else
			ck_assert_msg(strstr(text, line) != NULL,
			    "\"%s\" is not in the example", line);
	}
}

START_TEST(example_shows_every_option)
{
	char *text = read_text("config/holdfast.yaml.example");
	struct config *c = parse(text);

	ck_assert_uint_eq(c->nzones, 2);
	ck_assert_uint_eq(c->dataplane.nports, 1);
	config_free(&c);
	section_is_shown(text, &schema_root);
	turn_on(text);
	ck_assert_ptr_null(strstr(text, "#log_level"));
	/* the list need not be there */
	memcpy(strstr(text, "zones_from:"), "#ones_from:", 11);
	c = parse(text);
	ck_assert_str_eq(c->answer.nsid, "ns1.fra");
	ck_assert_str_eq(c->dataplane.ports[0].exception, "hf-wan");
	ck_assert_str_eq(
	    c->zones[0].file, "/etc/holdfast/zones/example.com.zone");
	config_free(&c);
	free(text);
}
END_TEST

START_TEST(reference_is_printed_from_the_schema)
{
	char *text = read_text("docs/configuration.md"), *printed = NULL;
	size_t bytes;
	FILE *out = open_memstream(&printed, &bytes);
	struct err err;

	ck_assert_int_eq(config_schema_print(out, &err), 0);
	fclose(out);
	ck_assert_msg(strcmp(text, printed) == 0,
	    "docs/configuration.md is not what the schema prints: make docs");
	free(printed);
	free(text);
	out = fopen("/dev/full", "w");
	ck_assert_int_eq(config_schema_print(out, &err), ERR_IO);
	fclose(out);
}
END_TEST

UNIT_MAIN("config", defaults_are_those_of_the_header, ports_and_their_defaults,
    values_are_read_as_written, zones_are_sorted_and_placed,
    relative_to_the_working_directory, zone_lists_add_to_the_zones,
    bad_lines_of_lists, files_that_are_none, hundred_thousand_zones, addresses,
    example_shows_every_option, reference_is_printed_from_the_schema)
