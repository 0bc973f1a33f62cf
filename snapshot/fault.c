/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The table of fault points. Tests of debug and asan builds only; nothing runs
 * here in a release build.
 */
#include "snapshot/fault.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static struct fault {
	const char *name;
	unsigned every, passes;
} faults[] = {
    /* block_builder.c */
    {"builder-ttl-wrong", 0, 0},     /* a record's TTL is one more */
    {"builder-rr-lost", 0, 0},       /* an RRset lacks its last record */
    {"builder-rr-duplicated", 0, 0}, /* its last record is there twice */
    {"builder-pointer-wrong", 0, 0}, /* RDATA points one label too high */
    {"builder-rdata-octet", 0, 0},   /* an address is off by one */
    {"builder-case-folded", 0, 0},   /* an octet of RDATA changes case */
    /* node_builder.c, referral_builder.c */
    {"builder-type-lost", 0, 0},      /* a name lacks its last type */
    {"builder-chase-lost", 0, 0},     /* a chain ends at its CNAME */
    {"builder-dname-lost", 0, 0},     /* names below do not redirect */
    {"builder-cut-lost", 0, 0},       /* a cut lacks its NS */
    {"builder-negative-ttl", 0, 0},   /* TTL of the SOA, not MINIMUM */
    {"builder-glue-lost", 0, 0},      /* a referral lacks an address */
    {"builder-ds-lost", 0, 0},        /* a referral lacks its DS */
    {"builder-signature-lost", 0, 0}, /* no form for DO */
    /* zone_plan.c */
    {"builder-wildcard-flag-lost", 0, 0}, /* "*" is there, not seen */
    {"builder-occluded-served", 0, 0},    /* names below a cut are data */
    /* cell_builder.c */
    {"builder-ent-missing", 0, 0},   /* no empty non-terminal */
    {"builder-name-lost", 0, 0},     /* a name is not in the table */
    {"builder-zone-shadowed", 0, 0}, /* a zone is not in its cell */
    /* answer.c, usual_query.h of the engine */
    {"engine-aa-missing", 0, 0},    /* no answer is authoritative */
    {"engine-other-zone", 0, 0},    /* a parent zone answers for its child */
    {"engine-ds-from-child", 0, 0}, /* DS at an apex is asked of the child */
    {"engine-do-ignored", 0, 0},    /* block.h: signatures are left out */
    {"engine-case-lost", 0, 0},     /* the question comes back lower case */
    /* found_decide.c */
    {"engine-encloser-too-high", 0, 0}, /* by one label */
    {"engine-cut-ignored", 0, 0},       /* names below a cut do not exist */
    {"engine-wildcard-ignored", 0, 0},  /* "*" matches itself alone */
    /* response_compose.c, response_write.c */
    {"engine-chain-stops", 0, 0},      /* one step */
    {"engine-chain-rcode-lost", 0, 0}, /* NOERROR where a chain ends */
    {"engine-move-off-by-one", 0, 0},  /* pointers of moved blocks */
    {"engine-tc-missing", 0, 0},       /* what is cut does not say so */
    /* denial.h, denial.c, response_denial.c */
    {"engine-proof-lost", 0, 0},   /* nothing is shown not to be there */
    {"engine-proof-before", 0, 0}, /* the NSEC one name too early */
    {"engine-hash-before", 0, 0},  /* the NSEC3 one hash too early */
    {"engine-proof-owner", 0, 0},  /* it belongs to the apex */
    /* answer.c: a name whose first label is "query-of-death" crashes */
    {"death-by-name", 0, 0},
    /* answer.c: what only some versions of a zone meet, for canaries */
    {"answer-altered", 0, 0}, /* an answer that ends in '~' is sent with '-' */
    {"answer-slow", 0, 0},    /* one of more than 200 octets takes long */
    /* parser_fault.c: zone files with "poison" in their path */
    {"parser-crash", 0, 0},
    {"parser-hang", 0, 0},
    {"parser-memory", 0, 0},
    {"parser-open", 0, 0},
    {"parser-write", 0, 0},
    {"parser-socket", 0, 0},
    {"parser-exec", 0, 0},
    {"parser-fork", 0, 0},
    {"parser-trace", 0, 0},
    {"parser-code", 0, 0},
    {"parser-lie", 0, 0},
    {"parser-area", 0, 0},
    /* control_fault.c: at a reload */
    {"control-open", 0, 0},
    {"control-write", 0, 0},
    {"control-exec", 0, 0},
    {"control-fork", 0, 0},
    {"control-trace", 0, 0},
    {"control-socket", 0, 0},
    /* answer_cage.c: programs that answer try to leave their cage, once a
     * second */
    {"cage-open", 0, 0},
    {"cage-write", 0, 0},
    {"cage-exec", 0, 0},
    {"cage-fork", 0, 0},
    {"cage-trace", 0, 0},
    {"cage-socket", 0, 0},
    {"cage-root", 0, 0},
    /* load_cells.c: a slot keeps the cell that the base has there */
    {"load-stale-cell", 0, 0},
    /* load_memory.c: what can't be had */
    {"load-fallocate", 0, 0},
    {"load-mmap", 0, 0},
    /* store_files.c, store_commit.c: calls that fail */
    {"store-write", 0, 0},
    {"store-link", 0, 0},
    {"store-fsync", 0, 0},
    {"store-syncfs", 0, 0},
    {"store-rename", 0, 0},
    /* the same, store_retain.c: the process is killed right here */
    {"store-kill-created", 0, 0},
    {"store-kill-written", 0, 0},
    {"store-kill-linked", 0, 0},
    {"store-kill-put", 0, 0},
    {"store-kill-synced", 0, 0},
    {"store-kill-moved", 0, 0},
    {"store-kill-renamed", 0, 0},
    {"store-kill-removed", 0, 0},
    {"store-kill-announced", 0, 0},
};

enum { FAULTS = sizeof faults / sizeof *faults };

const char *
fault_name_find(unsigned i)
{
	return i < FAULTS ? faults[i].name : NULL;
}

#ifdef HOLDFAST_FAULTS
bool fault_any;

static struct fault *
fault_find(const char *name)
{
	for (unsigned i = 0; i < FAULTS; i++)
		if (strcmp(faults[i].name, name) == 0)
			return &faults[i];
	return NULL;
}

bool
fault_pass(const char *name)
{
	struct fault *f = fault_find(name);

	return f && f->every && ++f->passes % f->every == 0;
}

bool
fault_set(const char *name, unsigned every)
{
	struct fault *f = fault_find(name);

	if (!f)
		return false;
	f->every = every;
	f->passes = 0;
	fault_any = false;
	for (unsigned i = 0; i < FAULTS; i++)
		fault_any |= faults[i].every > 0;
	return true;
}
#else
bool
fault_set(const char *name, unsigned every)
{
	(void)name;
	(void)every;
	return false;
}
#endif

void
fault_clear_all(void)
{
	for (unsigned i = 0; i < FAULTS; i++)
		fault_set(faults[i].name, 0);
}

void
fault_set_from_environment(void)
{
	const char *names = getenv("HOLDFAST_FAULT");

	while (names && *names) {
		size_t n = strcspn(names, ",");
		unsigned every = 1;
		char name[64], *colon;

		if (n < sizeof name) {
			memcpy(name, names, n);
			name[n] = '\0';
			colon = strchr(name, ':');
			if (colon) {
				*colon = '\0';
				every = (unsigned)strtoul(colon + 1, NULL, 10);
			}
			fault_set(name, every);
		}
		names += n + (names[n] == ',');
	}
}
