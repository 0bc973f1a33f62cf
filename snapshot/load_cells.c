/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From a manifest and a source of cells to a generation: plan where each cell
 * will lie, take the memory, copy, seal, and only then check digests and
 * structure, of the bytes that will be served. Runs in management threads,
 * control and tools; all memory belongs to the generation.
 *
 * Cells of the base are shared. What updates leave scattered is repacked: when
 * a generation would refer to too many segments, or its segments would hold too
 * much that it does not use, everything is loaded afresh into one.
 */
#include "snapshot/load_cells.h"

#include <stdlib.h>
#include <string.h>

#include "snapshot/fault.h"

/* What an empty slot refers to. */
static const struct {
	struct cell_header_d header;
	struct bucket_d bucket;
	uint8_t tail[CELL_TAIL_BYTES];
} empty_cell __attribute__((aligned(CELL_ALIGN))) = {
    .header =
	{
	    .magic = "HFCELL1",
	    .version = FORMAT_VERSION,
	    .kind = CELL_SHARED,
	    .bytes_total = sizeof empty_cell,
	    .nbuckets = 1,
	    .heap_off = sizeof(struct cell_header_d) + sizeof(struct bucket_d),
	    .split = NO_SPLIT,
	},
};

/* Memory of segments beyond the cells in use that is not worth a repacking:
 * a fifth, so that two generations in a swap stay within 2.2 times the cells.
 */
enum { WASTE_DIVISOR = 5, WASTE_SMALL = 4 << 20 };

struct load_plan {
	struct generation *g;
	const struct generation *base; /* NULL: share nothing */
	const struct cell_source *source;
	const struct load_options *options;
	uint64_t fresh_bytes; /* of cells that are not shared */
	uint64_t done;
	bool tables_differ; /* shared cells must be verified again */
};

/* Index of a segment of the base among those of the generation, taking a
 * reference when it is new there. */
static bool
segment_share(
    struct generation_memory *m, struct segment *segment, uint32_t *index)
{
	for (uint32_t i = 0; i < m->nsegments; i++)
		if (m->segments[i] == segment) {
			*index = i;
			return true;
		}
	/* one is kept for what is loaded */
	if (m->nsegments == LOAD_SEGMENTS_MAX - 1)
		return false;
	segment_hold(segment);
	*index = m->nsegments;
	m->segments[m->nsegments++] = segment;
	return true;
}

static void
plan_clear(struct load_plan *p)
{
	struct generation_memory *m = p->g->memory;

	for (unsigned i = 0; i < m->nsegments; i++)
		segment_drop(&m->segments[i]);
	m->nsegments = 0;
	p->g->bytes = 0;
	p->fresh_bytes = 0;
	for (uint32_t i = 0; i < p->g->nslots; i++)
		m->cells[i].is_shared = false;
}

/* True if the slot's cell now refers to the base; *scattered: it can't, for
 * there are too many segments. */
static bool
cell_share(struct load_plan *p, uint32_t slot, bool *scattered)
{
	struct loaded_cell *cell = &p->g->memory->cells[slot];
	const struct loaded_cell *have;
	uint32_t at;

	if (!p->base)
		return false;
	at = generation_base_slot(p->g, p->base, slot);
	if (at == UINT32_MAX)
		return false;
	have = &p->base->memory->cells[at];
	if (!digest_equal(&have->cell, &cell->cell) &&
	    !(have->bytes && fault_hit("load-stale-cell")))
		return false;
	if (!segment_share(p->g->memory,
		p->base->memory->segments[have->segment], &cell->segment)) {
		*scattered = true;
		return false;
	}
	cell->bytes = have->bytes;
	cell->offset = have->offset;
	cell->is_shared = true;
	return true;
}

static int
cell_size(struct load_plan *p, uint32_t slot, struct err *err)
{
	struct loaded_cell *cell = &p->g->memory->cells[slot];
	char name[DIGEST_TEXT_MAX];
	int rc = p->source->size(
	    p->source->arg, slot, &cell->cell, &cell->bytes, err);

	if (rc < 0) {
		err_add(err, "cell of slot %u", slot);
		return rc;
	}
	if (cell->bytes == 0 || cell->bytes > CELL_BYTES_MAX ||
	    cell->bytes % CELL_ALIGN)
		return err_set(err, ERR_CORRUPT,
		    "cells/%s.cell: no cell has %llu bytes: the file is damaged",
		    digest_to_text(name, &cell->cell),
		    (unsigned long long)cell->bytes);
	cell->offset = p->fresh_bytes;
	p->fresh_bytes += cell->bytes;
	return 0;
}

/* Segments hold what generations before put there, used or not. */
static bool
plan_is_wasteful(const struct load_plan *p)
{
	const struct generation_memory *m = p->g->memory;
	uint64_t held = p->fresh_bytes;

	for (unsigned i = 0; i < m->nsegments; i++)
		held += m->segments[i]->bytes;
	return held > p->g->bytes + p->g->bytes / WASTE_DIVISOR + WASTE_SMALL;
}

static int
plan_make(struct load_plan *p, bool *scattered, struct err *err)
{
	struct generation_memory *m = p->g->memory;

	for (uint32_t i = 0; i < p->g->nslots; i++) {
		if (digest_is_zero(&m->cells[i].cell))
			continue;
		if (!cell_share(p, i, scattered)) {
			int rc = cell_size(p, i, err);

			if (rc < 0)
				return rc;
		}
		p->g->bytes += m->cells[i].bytes;
	}
	if (plan_is_wasteful(p))
		*scattered = true;
	return 0;
}

static void
plan_progress(struct load_plan *p, uint64_t bytes)
{
	p->done += bytes;
	if (p->options && p->options->progress)
		p->options->progress(
		    p->options->arg, p->done / 2, p->fresh_bytes);
}

static int
cells_copy(struct load_plan *p, struct segment *segment, struct err *err)
{
	struct generation_memory *m = p->g->memory;

	for (uint32_t i = 0; i < p->g->nslots; i++) {
		struct loaded_cell *cell = &m->cells[i];
		int rc;

		if (cell->is_shared || digest_is_zero(&cell->cell))
			continue;
		cell->segment = m->nsegments;
		rc = p->source->read(p->source->arg, i, &cell->cell,
		    segment->map + cell->offset, cell->bytes, err);
		if (rc < 0) {
			err_add(err, "cell of slot %u", i);
			return rc;
		}
		plan_progress(p, cell->bytes);
	}
	return 0;
}

static int
digest_verify(const struct digest *want, const uint8_t *data, uint64_t bytes,
    struct err *err)
{
	char a[DIGEST_TEXT_MAX], b[DIGEST_TEXT_MAX];
	struct digest is;

	digest_of(&is, data, bytes);
	if (digest_equal(&is, want))
		return 0;
	return err_set(err, ERR_CORRUPT,
	    "cells/%s.cell: the digest of its bytes is %s: the file is "
	    "damaged",
	    digest_to_text(a, want), digest_to_text(b, &is));
}

/* Digest and structure, on the bytes that will be served. */
static int
cells_verify(struct load_plan *p, struct err *err)
{
	struct generation_memory *m = p->g->memory;

	for (uint32_t i = 0; i < p->g->nslots; i++) {
		struct loaded_cell *cell = &m->cells[i];
		const uint8_t *data;
		struct cell_expect expect;
		int rc = 0;

		if (digest_is_zero(&cell->cell) ||
		    (cell->is_shared && !p->tables_differ))
			continue;
		data = m->segments[cell->segment]->map + cell->offset;
		if (!cell->is_shared)
			rc = digest_verify(&cell->cell, data, cell->bytes, err);
		generation_cell_expect(p->g, i, &expect);
		if (rc == 0)
			rc = cell_verify(data, cell->bytes, &expect, err);
		if (rc < 0) {
			err_add(err, "cell of slot %u", i);
			return rc;
		}
		if (!cell->is_shared)
			plan_progress(p, cell->bytes);
	}
	return 0;
}

static void
slots_set(struct generation *g)
{
	struct generation_memory *m = g->memory;

	for (uint32_t i = 0; i < g->nslots; i++) {
		const struct loaded_cell *cell = &m->cells[i];

		m->slots[i].base =
		    digest_is_zero(&cell->cell)
			? (const uint8_t *)&empty_cell
			: m->segments[cell->segment]->map + cell->offset;
		m->slots[i].nbuckets =
		    ((const struct cell_header_d *)m->slots[i].base)->nbuckets;
	}
}

static int
plan_run(struct load_plan *p, struct err *err)
{
	struct generation_memory *m = p->g->memory;
	struct segment *segment;
	int rc;

	if (p->fresh_bytes) {
		rc = segment_new(&segment, p->fresh_bytes,
		    p->options && p->options->huge_pages, err);
		if (rc < 0)
			return rc;
		rc = cells_copy(p, segment, err);
		if (rc == 0)
			rc = segment_seal(segment, err);
		if (rc < 0) {
			segment_drop(&segment);
			return rc;
		}
		m->segments[m->nsegments++] = segment;
	}
	rc = cells_verify(p, err);
	if (rc == 0)
		slots_set(p->g);
	return rc;
}

int
generation_make(struct generation **out, const void *manifest,
    size_t manifest_bytes, const struct cell_source *source,
    const struct load_options *options, struct err *err)
{
	struct load_plan p = {.source = source, .options = options};
	bool scattered = false;
	int rc;

	*out = NULL;
	rc = generation_new(&p.g, manifest, manifest_bytes, err);
	if (rc < 0)
		return rc;
	p.base = options ? options->base : NULL;
	p.tables_differ = p.base && !generation_tables_agree(p.g, p.base);
	rc = plan_make(&p, &scattered, err);
	if (rc == 0 && scattered && p.base) {
		plan_clear(&p);
		p.base = NULL;
		rc = plan_make(&p, &scattered, err);
	}
	if (rc == 0)
		rc = plan_run(&p, err);
	if (rc < 0)
		generation_free(&p.g);
	*out = p.g;
	return rc;
}
