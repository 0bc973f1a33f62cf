/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Generations for tests of control/publish (publish_rig.h).
 */
#include "tests/unit/publish_rig.h"

#include <stdio.h>
#include <string.h>

#include "control/compile/compile.h"
#include "tests/unit/zone_text.h"

void
publish_rig_open(struct publish_rig *r)
{
	struct err err;

	memset(r, 0, sizeof *r);
	unit_directory_make(r->dir);
	unit_path(r->store_dir, r->dir, "store");
	unit_path(r->run_dir, r->dir, "run");
	ck_assert_msg(
	    publisher_open(&r->p, r->store_dir, r->run_dir, &err) == 0, "%s",
	    err.text);
	r->p.retain = 16;
	r->p.deadline_ms = 1000;
	ck_assert_int_eq(publisher_live(&r->p, &r->live, &err), 0);
}

void
publish_rig_close(struct publish_rig *r)
{
	publisher_close(&r->p);
	unit_directory_remove(r->dir);
}

struct zone_records *
publish_rig_zone(const char *apex, unsigned serial)
{
	char text[256];

	snprintf(text, sizeof text,
	    "@ 60 SOA ns host %u 3600 600 86400 300\n@ 60 NS ns\n"
	    "ns 60 A 192.0.2.1\nserial 60 TXT \"%u\"\n",
	    serial, serial);
	return zone_from_text(apex, text);
}

struct digest
publish_rig_compile(struct publish_rig *r, unsigned serial_a, unsigned serial_b)
{
	struct compile_options options = {.prove = true, .shared_slot_bits = 4};
	struct compile_zone zones[2];
	struct compile_result made;
	struct bytes parent = {0};
	struct err err;
	size_t n = 0;

	if (serial_a)
		zones[n++] = (struct compile_zone){
		    .records = publish_rig_zone("a.test.", serial_a)};
	if (serial_b)
		zones[n++] = (struct compile_zone){
		    .records = publish_rig_zone("b.test.", serial_b)};
	if (!digest_is_zero(&r->live.generation))
		ck_assert_int_eq(store_get(r->p.store, STORE_GENERATION,
				     &r->live.generation, &parent, &err),
		    0);
	ck_assert_msg(
	    compile_generation(r->p.store, parent.len ? parent.data : NULL,
		parent.len, zones, n, &options, &made, &err) == 0,
	    "%s", err.text);
	ck_assert_uint_eq(made.zones_refused, 0);
	for (size_t i = 0; i < n; i++)
		zone_records_free((struct zone_records *)zones[i].records);
	generation_free(&made.loaded);
	bytes_fini(&parent);
	return made.generation;
}

void
publish_rig_step(void *arg, const char *word)
{
	(void)arg;
	(void)word;
}

struct digest
publish_rig_publish(struct publish_rig *r, unsigned serial_a, unsigned serial_b)
{
	struct digest made = publish_rig_compile(r, serial_a, serial_b);
	uint64_t activation = 0;
	struct err err;

	ck_assert_msg(publisher_publish(&r->p, &r->live, &made,
			  publish_rig_step, NULL, &activation, &err) == 0,
	    "%s", err.text);
	ck_assert_uint_eq(activation, r->live.activation + 1);
	ck_assert_int_eq(publisher_live(&r->p, &r->live, &err), 0);
	ck_assert(digest_equal(&made, &r->live.generation));
	return made;
}
