/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The compiler; what it is for is said in compile.h. In rounds: lay out the
 * slots (layout.h), fill them (compile_slots.h), load the manifest that would
 * be, check it whole and prove it (prove.h). Zones found at fault step back to
 * their last good version, or out, and another round follows; what it builds
 * alike is taken from the round before. Cells and packs go to the store as they
 * are built: without a manifest nobody looks at them. The manifest is written
 * last, when everything is proven and synced.
 *
 * Runs in holdfastd and `holdfast compile`, in one thread. Allocates a table of
 * the zones, tables of the slots, and one cell and pack at a time.
 */
#include "control/compile/compile.h"

#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/compile/compile_slots.h"
#include "control/compile/compile_zones.h"
#include "control/compile/newness.h"
#include "control/compile/prove.h"
#include "snapshot/manifest.h"
#include "snapshot/verify.h"

enum {
	ROUNDS_MAX = 8,    /* of zones at fault stepping back */
	FAULTS_MAX = 4096, /* that one proof names */
};

struct compiler {
	struct store *store;
	const struct name_key *key;
	const void *parent; /* verified, or NULL */
	struct digest parent_digest;
	struct slot_table parent_table; /* of the parent, if there is one */
	const struct slot_table *remembered; /* of it, with inputs; or NULL */
	struct compile_options options;
	struct layout layout;
	struct slot_table before; /* of the round before */
	struct compile_result *result;
};

/* What the proof's questions and its progress need. */
struct proof {
	struct newness newness;
	const struct compiler *c;
};

static void
progress_say(const struct compiler *c, enum compile_step step, uint64_t done,
    uint64_t total)
{
	if (c->options.progress)
		c->options.progress(c->options.arg, step, done, total);
}

/* --- the manifest
 * ---------------------------------------------------------------- */

static int
manifest_make(const struct compiler *c, const struct slot_work *w,
    struct bytes *out, struct err *err)
{
	const struct layout *l = &c->layout;
	const struct manifest_parts parts = {
	    .parent = c->parent ? c->parent_digest.b : NULL,
	    .key = *c->key,
	    .depths = {l->depths[0], l->depths[1]},
	    .slot_bits = l->shared_bits,
	    .nzones = (uint32_t)l->nzones,
	    .slots = w->table.slots,
	    .nslots = l->nslots,
	    .splits = l->splits,
	    .nsplits = l->nsplits,
	};

	return manifest_write(&parts, out, err);
}

/* True if the manifest says what the parent says, but for who its parent is. */
static bool
is_unchanged(const struct compiler *c, const struct bytes *manifest)
{
	struct manifest_header_d now, then;

	if (!c->parent ||
	    manifest_header(c->parent)->bytes_total != manifest->len)
		return false;
	now = *manifest_header(manifest->data);
	then = *manifest_header(c->parent);
	memset(now.parent, 0, sizeof now.parent);
	memset(then.parent, 0, sizeof then.parent);
	return memcmp(&now, &then, sizeof now) == 0 &&
	       memcmp(manifest->data + sizeof now,
		   (const uint8_t *)c->parent + sizeof then,
		   manifest->len - sizeof now) == 0;
}

/* --- the proof
 * -------------------------------------------------------------------- */

static bool
name_wanted(void *arg, size_t zone, const uint8_t *name)
{
	struct proof *p = arg;

	return name_is_new(&p->newness, zone, name);
}

static void
proof_progress(void *arg, uint64_t done, uint64_t total)
{
	const struct proof *p = arg;

	progress_say(p->c, COMPILE_STEP_PROVE, done, total);
}

/* Which zones have a new cell: only among those of the slots that were filled.
 */
static size_t
subjects_list(const struct slot_work *w, uint32_t *subjects)
{
	const struct layout *l = w->layout;
	size_t n = 0;

	for (uint32_t i = 0; i < l->slot_first[1u << l->shared_bits]; i++)
		if (zone_is_new(w, &l->zones[l->by_slot[i]]))
			subjects[n++] = l->by_slot[i];
	return n;
}

static int
zones_prove(struct compiler *c, struct slot_work *w, const struct generation *g,
    const struct zone_records **zones, uint32_t *subjects,
    struct prove_fault *faults, struct err *err)
{
	struct proof proof = {.newness = {.w = w, .g = g}, .c = c};
	const struct prove_options options = {
	    .wanted = name_wanted,
	    .progress = proof_progress,
	    .arg = &proof,
	};
	size_t nfaults = 0, nsubjects = subjects_list(w, subjects);
	uint64_t answers = 0;
	int code;

	for (size_t i = 0; i < c->layout.nzones; i++)
		zones[i] = c->layout.zones[i].records;
	code = prove_zones(g, zones, c->layout.nzones, subjects, nsubjects,
	    &options, faults, FAULTS_MAX, &nfaults, &answers, err);
	newness_fini(&proof.newness);
	c->result->answers_proven += answers;
	for (size_t i = 0; i < nfaults; i++)
		slot_zone_refuse(
		    w, &c->layout.zones[faults[i].zone], &faults[i].why);
	return code == ERR_REFUSED && nfaults ? 0 : code;
}

/* Marks the zones at fault in w; other errors end the compilation. */
static int
candidate_prove(struct compiler *c, struct slot_work *w,
    const struct generation *g, struct err *err)
{
	const struct layout *l = &c->layout;
	uint32_t most = l->slot_first[1u << l->shared_bits];
	const struct zone_records **zones =
	    malloc((l->nzones + 1) * sizeof *zones);
	uint32_t *subjects = malloc((most + 1u) * sizeof *subjects);
	struct prove_fault *faults = calloc(FAULTS_MAX, sizeof *faults);
	int code = ERR_NO_MEMORY;

	if (zones && subjects && faults)
		code = zones_prove(c, w, g, zones, subjects, faults, err);
	else
		err_set(err, code, "no memory for the proof");
	free(zones);
	free(subjects);
	free(faults);
	return code;
}

/* The whole does not fit together, and nothing says whose fault it is: all that
 * is not the last good version steps back. */
static int
whole_blame(struct compiler *c, struct slot_work *w, const struct err *why)
{
	for (size_t i = 0; i < c->layout.nzones; i++) {
		const struct layout_zone *z = &c->layout.zones[i];

		if (z->records != z->zone->last_good)
			slot_zone_refuse(w, z, why);
	}
	return w->nrefused ? 0 : why->code;
}

static int
candidate_check(struct compiler *c, struct slot_work *w,
    const struct bytes *manifest, struct err *err)
{
	struct generation **g = &c->result->loaded;
	const struct load_options options = {.base = c->options.base};
	int code;

	progress_say(c, COMPILE_STEP_LOAD, 0, 1);
	code = generation_load_manifest(
	    g, c->store, manifest->data, manifest->len, &options, err);
	if (code)
		return code;
	code = generation_check_whole(*g, c->options.base, err);
	if (code && code != ERR_NO_MEMORY)
		code = whole_blame(c, w, err);
	else if (code == 0 && c->options.prove)
		code = candidate_prove(c, w, *g, err);
	if (code || w->nrefused)
		generation_free(g);
	return code;
}

/* --- rounds
 * ------------------------------------------------------------------------- */

static int
candidate_publish(struct compiler *c, struct slot_work *w,
    const struct bytes *manifest, struct err *err)
{
	struct digest digest;
	int code;

	progress_say(c, COMPILE_STEP_RECORDS, 0, 1);
	code = store_sync(c->store, err);
	if (code)
		return code;
	progress_say(c, COMPILE_STEP_MANIFEST, 0, 1);
	code = store_put(c->store, STORE_CANDIDATE, manifest->data,
	    manifest->len, &digest, err);
	if (code)
		return code;
	progress_say(c, COMPILE_STEP_MANIFEST, 1, 1);
	c->result->generation = digest;
	w->table.generation = digest;
	return 0;
}

/* All slots are filled: what became of it? */
static int
round_finish(struct compiler *c, struct slot_work *w, struct bytes *manifest,
    struct err *err)
{
	int code = manifest_make(c, w, manifest, err);

	if (code)
		return code;
	c->result->unchanged = is_unchanged(c, manifest);
	if (c->result->unchanged) {
		c->result->generation = c->parent_digest;
		w->table.generation = c->parent_digest;
		return 0;
	}
	code = candidate_check(c, w, manifest, err);
	if (code == 0 && w->nrefused == 0)
		code = candidate_publish(c, w, manifest, err);
	return code;
}

static void
round_count(struct compiler *c, const struct slot_work *w)
{
	c->result->cells_built = w->cells_built;
	c->result->cells_kept = w->cells_kept;
	for (size_t i = 0; i < c->layout.nzones; i++) {
		const struct layout_zone *z = &c->layout.zones[i];
		const struct zone_records *good = z->zone->last_good;

		c->result->zones_changed +=
		    z->records != good &&
		    (!good ||
			!digest_equal(&z->records->version, &good->version));
	}
}

/* One round. `again`: zones stepped back. */
static int
round_run(struct compiler *c, bool *again, struct err *err)
{
	struct slot_work w = {
	    .store = c->store,
	    .key = c->key,
	    .layout = &c->layout,
	    .before = c->before.nslots ? &c->before : NULL,
	    .remembered = c->remembered,
	    .parent = c->parent ? &c->parent_table : NULL,
	    .options = &c->options,
	};
	struct bytes manifest;
	int code;

	bytes_init(&manifest);
	progress_say(c, COMPILE_STEP_PLAN, 0, c->layout.nzones);
	code = layout_make(
	    &c->layout, c->parent, c->key, c->options.shared_slot_bits, err);
	if (code == 0)
		code = slot_work_run(&w, err);
	if (code == 0 && w.nrefused == 0)
		code = round_finish(c, &w, &manifest, err);
	*again = code == 0 && w.nrefused > 0;
	if (*again)
		code =
		    compile_zones_step_back(&c->layout, c->key, w.refused, err);
	else if (code == 0)
		round_count(c, &w);
	slot_table_fini(&c->before);
	if (*again && code == 0) {
		c->before = w.table;
		w.table = (struct slot_table){0};
	} else if (code == 0 && c->options.memory) {
		compile_memory_keep(c->options.memory, &w.table, &c->layout);
	}
	slot_work_fini(&w);
	layout_fini(&c->layout);
	bytes_fini(&manifest);
	return code;
}

static int
compiler_run(struct compiler *c, struct err *err)
{
	bool again = true;
	int code = 0;

	for (unsigned i = 0; i < ROUNDS_MAX && again && code == 0; i++)
		code = round_run(c, &again, err);
	if (code == 0 && again)
		code = err_set(err, ERR_REFUSED,
		    "zones at fault were found in %d rounds; nothing is "
		    "published. Correct the zones that are named",
		    ROUNDS_MAX);
	return code;
}

static int
parent_take(struct compiler *c, size_t parent_bytes, struct err *err)
{
	int code;

	if (!c->parent)
		return 0;
	code = manifest_verify(c->parent, parent_bytes, err);
	if (code)
		return err_add(err, "the parent's manifest");
	digest_of(&c->parent_digest, c->parent, parent_bytes);
	c->remembered =
	    compile_memory_find(c->options.memory, &c->parent_digest);
	return slot_table_from_manifest(&c->parent_table, c->parent, err);
}

int
compile_generation(struct store *store, const void *parent, size_t parent_bytes,
    struct compile_zone *zones, size_t nzones,
    const struct compile_options *options, struct compile_result *result,
    struct err *err)
{
	struct compiler c = {
	    .store = store,
	    .key = store_key(store),
	    .parent = parent,
	    .options = {.prove = true, .shared_slot_bits = ~0u},
	    .result = result,
	};
	int code;

	*result = (struct compile_result){0};
	if (options)
		c.options = *options;
	c.layout.split_bytes =
	    c.options.split_bytes ? c.options.split_bytes : LAYOUT_SPLIT_BYTES;
	code = parent_take(&c, parent_bytes, err);
	if (code == 0)
		code = compile_zones_take(
		    &c.layout, c.key, c.remembered, zones, nzones, err);
	if (code == 0) {
		compile_zones_limit_depths(&c.layout, c.parent);
		code = compiler_run(&c, err);
	}
	for (size_t i = 0; i < nzones; i++)
		result->zones_refused += zones[i].status != 0;
	free(c.layout.zones);
	slot_table_fini(&c.before);
	slot_table_fini(&c.parent_table);
	return code;
}
