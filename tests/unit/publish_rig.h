/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A publisher on a store in a scratch directory, without a data plane, and
 * generations for it: zones "a.test." and "b.test.", told apart by their
 * serials. A mistake ends the test.
 */
#ifndef HOLDFAST_PUBLISH_RIG_H
#define HOLDFAST_PUBLISH_RIG_H

#include "control/publish/publisher.h"
#include "snapshot/records.h"
#include "tests/unit/unit_run.h"

struct publish_rig {
	char dir[UNIT_PATH_MAX], store_dir[UNIT_PATH_MAX];
	char run_dir[UNIT_PATH_MAX];
	struct publisher p;
	struct publisher_live live; /* as publish_rig_publish() left it */
};

void publish_rig_open(struct publish_rig *r);
void publish_rig_close(struct publish_rig *r);

/* A version of a zone; the caller frees it. */
struct zone_records *publish_rig_zone(const char *apex, unsigned serial);

/* Compiles a candidate; serial 0: without that zone. */
struct digest publish_rig_compile(
    struct publish_rig *r, unsigned serial_a, unsigned serial_b);

/* Compiles and publishes. */
struct digest publish_rig_publish(
    struct publish_rig *r, unsigned serial_a, unsigned serial_b);

/* For publisher_publish(): nobody listens. */
void publish_rig_step(void *arg, const char *word);

#endif
