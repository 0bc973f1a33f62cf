/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What differs between two versions of a zone: one merge over both, which are
 * sealed. What signers make anew at any time (RRSIG, NSEC, NSEC3, NSEC3PARAM,
 * ZONEMD) and the SOA are not counted. Allocates nothing; any thread.
 */
#ifndef HOLDFAST_GUARD_DIFF_H
#define HOLDFAST_GUARD_DIFF_H

#include "snapshot/records.h"

/* Groups of types that are counted: enum, word. */
#define GUARD_GROUPS(X)                                                        \
	X(A, "A")                                                              \
	X(AAAA, "AAAA")                                                        \
	X(CNAME, "CNAME")                                                      \
	X(MX, "MX")                                                            \
	X(NS, "NS")                                                            \
	X(TXT, "TXT")                                                          \
	X(SRV, "SRV")                                                          \
	X(PTR, "PTR")                                                          \
	X(SVCB, "SVCB and HTTPS")                                              \
	X(DS, "DS")                                                            \
	X(OTHER, "other")

enum guard_group {
#define GUARD_GROUP_ENUM(name, word) GROUP_##name,
	GUARD_GROUPS(GUARD_GROUP_ENUM)
#undef GUARD_GROUP_ENUM
	    GROUP_COUNT,
	GROUP_NONE = GROUP_COUNT, /* not counted */
};

extern const char *const guard_group_word[GROUP_COUNT];

enum guard_group guard_group_of(uint16_t type);

/* One owner whose records differ; a side may have none. */
struct guard_owner {
	const uint8_t *name;
	const struct zone_records *old, *new;
	const struct record *before, *after;
	size_t nbefore, nafter;
};

struct guard_diff {
	uint32_t before[GROUP_COUNT], after[GROUP_COUNT];
	uint32_t removed, added; /* records; another RDATA is both */
};

/* `owner` (may be NULL) is called for each owner that differs, also if that is
 * a TTL alone. */
void guard_diff_run(struct guard_diff *out, const struct zone_records *old,
    const struct zone_records *new,
    void (*owner)(void *arg, const struct guard_owner *o), void *arg);

/* How many records of a zone count. */
uint64_t guard_records_count(const struct zone_records *z);

/* All groups. */
uint32_t guard_groups_sum(const uint32_t groups[GROUP_COUNT]);

/* The records of a type among those of an owner; NULL if there are none. */
const struct record *guard_rrset_find(
    const struct record *records, size_t n, uint16_t type, size_t *count);

#endif
