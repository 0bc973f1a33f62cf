/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Query sets for tests, and an engine that is asked their queries.
 */
#ifndef HOLDFAST_QUERY_RIG_H
#define HOLDFAST_QUERY_RIG_H

#include "tests/unit/answer_rig.h"
#include "tests/unit/unit_run.h"
#include "tools/load/query_set.h"

#define TORTURE_APEX "torture.example"
#define TORTURE_FILE "tests/differential/torture.zone"

/* A mistake ends the test. */
struct query_set *set_make(const struct query_mix *mix);
struct query_set *set_of_zone(
    const char *apex, const char *file, struct query_mix mix);

/* The zone of a file, in the engine. */
void rig_open_file(struct rig *rig, const char *apex, const char *file);

/* Asks the engine query i: its answer can be read, and is the expected one if
 * that is known. The answer is left in the rig. */
void query_check(struct rig *rig, const struct query_set *s, uint32_t i);

void file_of_text(const char *path, const char *text);

/* A zone of a thousand names h0 to h999 with an address each, as a file. */
void thousand_write(char path[UNIT_PATH_MAX], const char *directory);

/* What is behind the name, type and class of query i. */
const uint8_t *behind_question(const struct query_set *s, uint32_t i);

/* How many names are asked, and how often the most frequent one. */
uint32_t names_count(const struct query_set *s, uint32_t *most);

#endif
