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
	struct compile_options options;
	struct layout layout;
	struct slot_table before; /* of the round before */
	struct compile_result *result;
};

/* What the proof's question "is this name's cell new?" needs. */
struct newness {
	const struct compiler *c;
	const struct slot_work *w;
	size_t zone; /* of the last question */
};

static void
progress_say(const struct compiler *c, enum compile_step step, uint64_t done,
    uint64_t total)
{
	if (c->options.progress)
		c->options.progress(c->options.arg, step, done, total);
}

/* --- which zones, which versions --------------------------------------------
 */

static int
zone_order(const void *a, const void *b)
{
	const struct layout_zone *x = a, *y = b;

	return name_compare(x->records->apex, y->records->apex);
}

static bool
zones_are_sorted(const struct layout *l)
{
	for (size_t i = 1; i < l->nzones; i++)
		if (zone_order(&l->zones[i - 1], &l->zones[i]) > 0)
			return false;
	return true;
}

const char *
compile_zone_why(const struct compile_zone *z)
{
	return z->why ? z->why->text : "no memory to say why";
}

void
compile_zones_fini(struct compile_zone *zones, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(zones[i].why);
		zones[i].why = NULL;
	}
}

void
compile_zone_refuse(struct compile_zone *z, const struct err *why)
{
	z->status = why->code;
	free(z->why);
	z->why = malloc(sizeof *z->why);
	if (z->why)
		*z->why = *why;
}

static void
zone_set_fault(struct compile_zone *z, const struct zone_records *records,
    int code, const char *text)
{
	char apex[NAME_TEXT_MAX];
	struct err why;

	err_set(&why, code, "zone %s: %s",
	    records ? name_to_text(apex, records->apex) : "?", text);
	compile_zone_refuse(z, &why);
}

/* Takes each zone's version: the one wanted, or the last good one. */
static int
zones_take(struct compiler *c, struct compile_zone *zones, size_t nzones,
    struct err *err)
{
	struct layout *l = &c->layout;
	size_t kept = 0;

	l->zones = calloc(nzones + 1, sizeof *l->zones);
	if (!l->zones)
		return err_set(err, ERR_NO_MEMORY, "no memory for zones");
	for (size_t i = 0; i < nzones; i++) {
		struct compile_zone *z = &zones[i];

		z->status = 0;
		free(z->why);
		z->why = NULL;
		if (!z->records)
			zone_set_fault(z, z->last_good, ERR_NOT_FOUND,
			    "there is no version of it");
		if (z->records || z->last_good)
			l->zones[l->nzones++] = (struct layout_zone){
			    .zone = z,
			    .records = z->records ? z->records : z->last_good,
			};
	}
	if (!zones_are_sorted(l))
		qsort(l->zones, l->nzones, sizeof *l->zones, zone_order);
	for (size_t i = 0; i < l->nzones; i++) {
		if (kept && zone_order(&l->zones[kept - 1], &l->zones[i]) == 0)
			zone_set_fault(l->zones[i].zone, l->zones[i].records,
			    ERR_EXISTS, "it is there twice");
		else
			l->zones[kept++] = l->zones[i];
	}
	l->nzones = kept;
	return 0;
}

/* At most APEX_DEPTHS_MAX distinct depths: those that the parent has come
 * first, then the least deep. Zones of other depths are left out. */
static void
zones_limit_depths(struct compiler *c)
{
	struct layout *l = &c->layout;
	bool wanted[DNS_LABELS_MAX + 1] = {false};
	bool allowed[DNS_LABELS_MAX + 1] = {false};
	unsigned depths = 0;
	size_t kept = 0;

	for (size_t i = 0; i < l->nzones; i++)
		wanted[name_labels(l->zones[i].records->apex)] = true;
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned d = 0; d <= DNS_LABELS_MAX; d++) {
			const uint64_t *mask =
			    c->parent ? manifest_header(c->parent)->depths
				      : NULL;
			bool old = mask && mask[d / 64] >> d % 64 & 1;

			if (wanted[d] && !allowed[d] && (old || pass == 1) &&
			    depths < APEX_DEPTHS_MAX) {
				allowed[d] = true;
				depths++;
			}
		}
	}
	for (size_t i = 0; i < l->nzones; i++) {
		struct layout_zone *z = &l->zones[i];

		if (allowed[name_labels(z->records->apex)])
			l->zones[kept++] = *z;
		else
			zone_set_fault(z->zone, z->records, ERR_LIMIT,
			    "zones would lie at more than 16 different depths "
			    "(labels of their names); serve it from another "
			    "store");
	}
	l->nzones = kept;
}

/* Zones refused in a round step back to their last good version, or out. */
static int
zones_step_back(struct compiler *c, const struct slot_work *w, struct err *err)
{
	struct layout *l = &c->layout;
	size_t kept = 0;

	for (size_t i = 0; i < l->nzones; i++) {
		struct layout_zone z = l->zones[i];

		if (w->refused[i]) {
			const struct zone_records *good = z.zone->last_good;

			if (good &&
			    digest_equal(&good->version, &z.records->version))
				return err_set(err, ERR_REFUSED,
				    "nothing is published: a version that is "
				    "served now does not pass any more: %s",
				    compile_zone_why(z.zone));
			if (!good)
				continue;
			z.records = good;
		}
		l->zones[kept++] = z;
	}
	l->nzones = kept;
	return 0;
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
name_is_new(void *arg, const struct zone_records *records, const uint8_t *name)
{
	struct newness *n = arg;
	const struct layout *l = &n->c->layout;

	while (l->zones[n->zone].records != records)
		n->zone = (n->zone + 1) % l->nzones;
	const struct layout_zone *z = &l->zones[n->zone];

	if (z->split == NO_SPLIT || name_equal(name, records->apex))
		return n->w->is_new[name_slot(z->apex_hash, l->shared_bits)];
	return n->w
	    ->is_new[l->splits[z->split].first_slot +
		     name_slot(name_hash(n->c->key, name), z->split_bits)];
}

static bool
zone_is_new(const struct slot_work *w, const struct layout_zone *z)
{
	const struct layout *l = w->layout;
	bool is_new = w->is_new[name_slot(z->apex_hash, l->shared_bits)];

	if (z->split == NO_SPLIT)
		return is_new;
	for (uint32_t s = 0; s < 1u << z->split_bits && !is_new; s++)
		is_new = w->is_new[l->splits[z->split].first_slot + s];
	return is_new;
}

static void
proof_progress(void *arg, uint64_t done, uint64_t total)
{
	const struct newness *n = arg;

	progress_say(n->c, COMPILE_STEP_PROVE, done, total);
}

static int
zones_prove(struct compiler *c, struct slot_work *w, const struct generation *g,
    const struct zone_records **zones, bool *subject,
    struct prove_fault *faults, struct err *err)
{
	struct newness newness = {.c = c, .w = w};
	const struct prove_options options = {
	    .wanted = name_is_new,
	    .progress = proof_progress,
	    .arg = &newness,
	};
	size_t nfaults = 0;
	uint64_t answers = 0;
	int code;

	for (size_t i = 0; i < c->layout.nzones; i++) {
		zones[i] = c->layout.zones[i].records;
		subject[i] = zone_is_new(w, &c->layout.zones[i]);
	}
	code = prove_zones(g, zones, subject, c->layout.nzones, &options,
	    faults, FAULTS_MAX, &nfaults, &answers, err);
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
	size_t n = c->layout.nzones + 1;
	const struct zone_records **zones = calloc(n, sizeof *zones);
	bool *subject = calloc(n, sizeof *subject);
	struct prove_fault *faults = calloc(FAULTS_MAX, sizeof *faults);
	int code = ERR_NO_MEMORY;

	if (zones && subject && faults)
		code = zones_prove(c, w, g, zones, subject, faults, err);
	else
		err_set(err, code, "no memory for the proof");
	free(zones);
	free(subject);
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
	int code = generation_load_manifest(
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
		    !good ||
		    !digest_equal(&z->records->version, &good->version);
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
	    .remembered =
		compile_memory_find(c->options.memory, &c->parent_digest),
	    .parent = c->parent ? &c->parent_table : NULL,
	    .options = &c->options,
	};
	struct bytes manifest;
	int code;

	bytes_init(&manifest);
	progress_say(c, COMPILE_STEP_PLAN, 0, c->layout.nzones);
	code = layout_make(&c->layout, c->key, c->parent, &c->options, err);
	if (code == 0)
		code = slot_work_run(&w, err);
	if (code == 0 && w.nrefused == 0)
		code = round_finish(c, &w, &manifest, err);
	*again = code == 0 && w.nrefused > 0;
	if (*again)
		code = zones_step_back(c, &w, err);
	else if (code == 0)
		round_count(c, &w);
	slot_table_fini(&c->before);
	if (*again && code == 0) {
		c->before = w.table;
		w.table = (struct slot_table){0};
	} else if (code == 0 && c->options.memory) {
		compile_memory_keep(c->options.memory, &w.table);
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
	code = parent_take(&c, parent_bytes, err);
	if (code == 0)
		code = zones_take(&c, zones, nzones, err);
	if (code == 0) {
		zones_limit_depths(&c);
		code = compiler_run(&c, err);
	}
	for (size_t i = 0; i < nzones; i++)
		result->zones_refused += zones[i].status != 0;
	free(c.layout.zones);
	slot_table_fini(&c.before);
	slot_table_fini(&c.parent_table);
	return code;
}
