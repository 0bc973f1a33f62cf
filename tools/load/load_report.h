/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The report of a run: a table for people, JSON for programs. Main thread.
 */
#ifndef HOLDFAST_LOAD_REPORT_H
#define HOLDFAST_LOAD_REPORT_H

#include <stdio.h>

#include "tools/load/load_run.h"

/* Exit status; in --help and docs/load.md. */
enum load_status {
	LOAD_STATUS_FINE = 0,
	LOAD_STATUS_LOSS = 1, /* lost beyond --max-loss, wrong, not sent */
	LOAD_STATUS_USAGE = 2,
	LOAD_STATUS_TROUBLE = 5,
};

enum load_status load_report_status(const struct load_run *r);
void load_report_table(const struct load_run *r, FILE *out);
/* To the file that the options name. */
int load_report_json(const struct load_run *r, struct err *err);

#endif
