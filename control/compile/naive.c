/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The naive resolver; what it is for is said in naive.h. It follows the text of
 * the RFCs: find the zone (RFC 1034 section 4.3.2 step 2), walk down label by
 * label (step 3) until the name is there, is delegated (3b), is renamed by a
 * DNAME or is missing (3c), and start again when a CNAME or DNAME leads on.
 * Allocates the indexes of the last two zones and the records of the answer.
 */
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/compile/naive.h"
#include "control/compile/naive_denial.h"
#include "control/compile/naive_zone.h"

enum { INDEXES_MAX = 8, MISSES = 64 };

/* The index of a zone, and what its eviction costs: evicting the cheapest, and
 * forgetting the past bit by bit, keeps a large parent while its thousands of
 * small children come and go. */
struct index_slot {
	struct naive_zone zone; /* `records` NULL: not in use */
	uint64_t worth;
};

struct naive {
	const struct zone_records *const *zones;
	size_t nzones;
	size_t
	    last; /* zone of the last question: most often of the next, too */
	/* names that are no apex, each in the place of its hash: questions that
	 * leave their zone meet the same few */
	struct {
		uint16_t bytes; /* 0: none */
		uint8_t name[DNS_NAME_MAX];
	} misses[MISSES];
	struct index_slot index[INDEXES_MAX];
	const struct index_slot *walked; /* by the caller; NULL: none */
	uint64_t worth_evicted;          /* of the last one evicted */
};

/* One question on its way. */
struct resolution {
	struct naive_answer *a;
	const struct naive_zone *zone;
	const uint8_t *name; /* asked, or where the chain has led */
	uint16_t type;
	bool dnssec_ok;
	bool failed; /* out of memory */
	/* owners of the CNAMEs so far */
	const uint8_t *chain[NAIVE_CHAIN_MAX + 1];
	unsigned links;
	/* what shows that names on the way are not there */
	struct naive_proof *proof;
	unsigned shown; /* of the proof, in the answer */
};

/* Where the walk down a zone ended. */
enum place_kind { PLACE_EXACT, PLACE_CUT, PLACE_RENAMED, PLACE_MISSING };

struct place {
	enum place_kind kind;
	const struct naive_name *node; /* the name, the cut, the DNAME's owner
	                                  or the closest encloser */
	const uint8_t *name;           /* of that node, as asked */
};

int
naive_open(struct naive **out, const struct zone_records *const *zones,
    size_t nzones, struct err *err)
{
	struct naive *n = calloc(1, sizeof *n);

	*out = n;
	if (!n)
		return err_set(
		    err, ERR_NO_MEMORY, "no memory for the proof's resolver");
	n->zones = zones;
	n->nzones = nzones;
	return 0;
}

void
naive_close(struct naive **n)
{
	if (*n)
		for (unsigned i = 0; i < INDEXES_MAX; i++)
			naive_zone_fini(&(*n)->index[i].zone);
	free(*n);
	*n = NULL;
}

void
naive_answer_fini(struct naive_answer *a)
{
	free(a->records);
	a->records = NULL;
	a->count = a->cap = 0;
}

/* The slot of a zone's index: its own, or the one whose loss is cheapest; never
 * the one that the caller of naive_zone_open() walks, however many zones its
 * questions lead to. */
static int
index_open(
    struct naive *n, size_t zone, struct index_slot **out, struct err *err)
{
	const struct zone_records *records = n->zones[zone];
	struct index_slot *slot = &n->index[n->walked == &n->index[0]];
	int code = 0;

	for (unsigned i = 0; i < INDEXES_MAX; i++) {
		if (n->index[i].zone.records == records) {
			slot = &n->index[i];
			break;
		}
		if (n->index[i].worth < slot->worth &&
		    &n->index[i] != n->walked)
			slot = &n->index[i];
	}
	if (slot->zone.records != records) {
		n->worth_evicted = slot->worth;
		slot->worth = 0;
		naive_zone_fini(&slot->zone);
		code = naive_zone_init(&slot->zone, records, err);
	}
	if (code == 0) {
		slot->worth = n->worth_evicted + records->count;
		*out = slot;
	}
	return code;
}

int
naive_zone_open(struct naive *n, size_t zone, const struct naive_zone **out,
    struct err *err)
{
	struct index_slot *slot;
	int code;

	n->walked = NULL;
	code = index_open(n, zone, &slot, err);
	if (code == 0) {
		n->walked = slot;
		*out = &slot->zone;
	}
	return code;
}

/* --- which zone ----------------------------------------------------------- */

static size_t
apex_search(const struct naive *n, const uint8_t *name)
{
	size_t low = 0, high = n->nzones;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = name_compare(n->zones[middle]->apex, name);

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return SIZE_MAX;
}

static size_t
apex_find(struct naive *n, const uint8_t *name)
{
	size_t bytes = name_length(name);
	size_t place = naive_name_mix(name, bytes) % MISSES, zone;

	if (n->misses[place].bytes == bytes &&
	    memcmp(n->misses[place].name, name, bytes) == 0)
		return SIZE_MAX;
	zone = apex_search(n, name);
	if (zone == SIZE_MAX) {
		n->misses[place].bytes = (uint16_t)bytes;
		memcpy(n->misses[place].name, name, bytes);
	}
	return zone;
}

/* True if zone i is the deepest one that has the name: the zones below its
 * apex, if any, stand right behind it. */
static bool
zone_is_deepest(const struct naive *n, size_t i, const uint8_t *name)
{
	return i < n->nzones && name_is_at_or_below(name, n->zones[i]->apex) &&
	       (i + 1 == n->nzones ||
		   !name_is_at_or_below(
		       n->zones[i + 1]->apex, n->zones[i]->apex));
}

static size_t
deepest_zone_find(struct naive *n, const uint8_t *name)
{
	if (zone_is_deepest(n, n->last, name))
		return n->last;
	for (;; name = name_parent(name, 1)) {
		size_t zone = apex_find(n, name);

		if (zone != SIZE_MAX || name[0] == 0)
			return zone;
	}
}

/* RFC 1034 section 4.3.2 step 2; RFC 4035 section 3.1.4.1: the parent's zone,
 * if it is here, answers for the DS of an apex. */
static size_t
zone_choose(struct naive *n, const uint8_t *qname, uint16_t qtype)
{
	size_t zone = deepest_zone_find(n, qname);

	if (zone != SIZE_MAX && qtype == DNS_TYPE_DS && qname[0] != 0 &&
	    name_equal(qname, n->zones[zone]->apex)) {
		size_t parent = deepest_zone_find(n, name_parent(qname, 1));

		if (parent != SIZE_MAX)
			return parent;
	}
	return zone;
}

/* --- putting records into the answer -------------------------------------- */

static void
answer_add(struct resolution *r, struct naive_record record)
{
	struct naive_answer *a = r->a;

	if (a->count == a->cap) {
		size_t cap = a->cap ? 2 * a->cap : 32;
		void *records = realloc(a->records, cap * sizeof record);

		if (!records) {
			r->failed = true;
			return;
		}
		a->records = records;
		a->cap = cap;
	}
	a->records[a->count++] = record;
}

static void
record_add(struct resolution *r, enum naive_section section,
    const uint8_t *owner, const struct record *record, uint32_t ttl_most)
{
	const struct zone_records *z = r->zone->records;

	answer_add(
	    r, (struct naive_record){
		   .owner = owner,
		   .rdata = record_rdata(z, record),
		   .ttl = record->ttl < ttl_most ? record->ttl : ttl_most,
		   .type = record->type,
		   .rdata_bytes = record->rdata_bytes,
		   .section = section,
	       });
}

/* RFC 4035 section 3.1.1: signatures go with what they cover. */
static void
signatures_add(struct resolution *r, enum naive_section section,
    const uint8_t *owner, const struct naive_name *node, uint16_t covered,
    uint32_t ttl_most)
{
	size_t count;
	const struct record *s =
	    naive_set_find(r->zone, node, DNS_TYPE_RRSIG, &count);

	if (!r->dnssec_ok || covered == DNS_TYPE_RRSIG)
		return;
	for (size_t i = 0; i < count; i++)
		if (naive_type_covered(s[i].type,
			record_rdata(r->zone->records, &s[i]),
			s[i].rdata_bytes) == covered)
			record_add(r, section, owner, &s[i], ttl_most);
}

/* An RRset and, with dnssec_ok, its signatures. False if there is none. */
static bool
set_add(struct resolution *r, enum naive_section section, const uint8_t *owner,
    const struct naive_name *node, uint16_t type)
{
	size_t count;
	const struct record *set = naive_set_find(r->zone, node, type, &count);

	for (size_t i = 0; i < count; i++)
		record_add(r, section, owner, &set[i], UINT32_MAX);
	if (count)
		signatures_add(r, section, owner, node, type, UINT32_MAX);
	return count > 0;
}

/* --- the walk down a zone ---------------------------------------------------
 */

static bool
node_has(
    const struct resolution *r, const struct naive_name *node, uint16_t type)
{
	size_t count;

	return naive_set_find(r->zone, node, type, &count) != NULL;
}

/* RFC 1034 section 4.3.2 step 3: from the apex down, a label at a time. */
static struct place
place_find(const struct resolution *r)
{
	uint8_t lower[DNS_NAME_MAX + 1];
	size_t bytes = name_length(r->name);
	unsigned below =
	    name_labels(r->name) - name_labels(r->zone->records->apex);
	struct place at = {.kind = PLACE_EXACT};

	name_lower(lower, r->name, bytes);
	for (unsigned left = below + 1; left-- > 0;) {
		const uint8_t *name = name_parent(r->name, left);
		size_t above = (size_t)(name - r->name);
		const struct naive_name *node =
		    left == below ? &r->zone->names[0]
				  : naive_lower_find(
					r->zone, lower + above, bytes - above);

		if (!node) {
			at.kind = PLACE_MISSING;
			return at;
		}
		at.node = node;
		at.name = name;
		if (left < below && node_has(r, node, DNS_TYPE_NS)) {
			at.kind = PLACE_CUT;
			return at;
		}
		if (left > 0 && node_has(r, node, DNS_TYPE_DNAME)) {
			at.kind = PLACE_RENAMED;
			return at;
		}
	}
	return at;
}

/* --- what is said at each kind of place -------------------------------------
 */

/* RFC 2308 section 5: the SOA with the lesser of its TTL and MINIMUM. */
static void
negative_add(struct resolution *r)
{
	const struct zone_records *z = r->zone->records;
	const struct naive_name *apex = &r->zone->names[0];
	size_t count;
	const struct record *soa =
	    naive_set_find(r->zone, apex, DNS_TYPE_SOA, &count);
	const uint8_t *owner =
	    name_parent(r->name, name_labels(r->name) - name_labels(z->apex));
	uint32_t minimum = 0;

	if (soa && soa->rdata_bytes >= 4) {
		const uint8_t *p = record_rdata(z, soa) + soa->rdata_bytes - 4;

		minimum = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		          (uint32_t)p[2] << 8 | p[3];
	}
	for (size_t i = 0; i < count; i++)
		record_add(r, NAIVE_AUTHORITY, owner, &soa[i], minimum);
	if (soa && soa->ttl < minimum)
		minimum = soa->ttl;
	signatures_add(r, NAIVE_AUTHORITY, owner, apex, DNS_TYPE_SOA, minimum);
}

/* RFC 6672 section 2.3: what is below a DNAME is not there. */
static bool
is_renamed(const struct resolution *r, const uint8_t *name)
{
	unsigned below =
	    name_labels(name) - name_labels(r->zone->records->apex);

	for (unsigned up = 1; up <= below; up++) {
		const struct naive_name *node =
		    naive_name_find(r->zone, name_parent(name, up));

		if (node && node_has(r, node, DNS_TYPE_DNAME))
			return true;
	}
	return false;
}

/* RFC 9471 section 2: addresses of name servers at or below the cut must be
 * there; those of other names of this zone may be. */
static void
glue_add(struct resolution *r, const uint8_t *cut, const uint8_t *server)
{
	const struct naive_name *node = naive_name_find(r->zone, server);
	enum naive_section section =
	    name_is_at_or_below(server, cut) ? NAIVE_REQUIRED : NAIVE_OPTIONAL;
	bool dnssec_ok = r->dnssec_ok;

	if (!node || is_renamed(r, server))
		return;
	r->dnssec_ok = false; /* glue is not signed */
	set_add(r, section, server, node, DNS_TYPE_A);
	set_add(r, section, server, node, DNS_TYPE_AAAA);
	r->dnssec_ok = dnssec_ok;
}

/* A signed zone has its keys at the apex. In one that is not, a DS proves
 * nothing, and NSD and Knot leave it out of referrals. */
static bool
zone_is_signed(const struct naive_zone *z)
{
	size_t count;

	return naive_set_find(z, &z->names[0], DNS_TYPE_DNSKEY, &count) != NULL;
}

/* Puts what shows absence into the authority section, each owner once. */
static void
proof_show(struct resolution *r)
{
	for (; r->shown < r->proof->count; r->shown++) {
		const struct naive_name *o = &r->proof->owners[r->shown];

		set_add(r, NAIVE_AUTHORITY, o->owner, o, r->zone->chain.type);
	}
}

/* RFC 1034 section 4.3.2 step 3b; RFC 4035 section 3.1.4: a signed zone gives
 * the DS with dnssec_ok, or shows that there is none; the delegation's NS are
 * not signed. Proofs may stand anywhere in the section; a cut's own NSEC is
 * most at home behind its NS. */
static void
referral_add(struct resolution *r, const struct place *cut)
{
	const struct zone_records *z = r->zone->records;
	bool insecure = r->dnssec_ok && !node_has(r, cut->node, DNS_TYPE_DS);
	size_t count;
	const struct record *ns =
	    naive_set_find(r->zone, cut->node, DNS_TYPE_NS, &count);

	if (insecure && r->zone->chain.type == DNS_TYPE_NSEC3)
		naive_prove_insecure(r->zone, cut->name, r->proof);
	proof_show(r);
	for (size_t i = 0; i < count; i++)
		record_add(r, NAIVE_AUTHORITY, cut->name, &ns[i], UINT32_MAX);
	if (insecure)
		naive_prove_insecure(r->zone, cut->name, r->proof);
	else if (r->dnssec_ok)
		set_add(r, NAIVE_AUTHORITY, cut->name, cut->node, DNS_TYPE_DS);
	proof_show(r);
	for (size_t i = 0; i < count; i++) {
		const uint8_t *server = record_rdata(z, &ns[i]);
		bool seen = false;

		for (size_t j = 0; j < i && !seen; j++)
			seen = name_equal(server, record_rdata(z, &ns[j]));
		if (!seen && name_is_at_or_below(server, z->apex))
			glue_add(r, cut->name, server);
	}
	/* a chain that led here began at a name that is ours (RFC 1035
	 * section 4.1.1: AA is of the first owner) */
	r->a->aa = r->links > 0;
}

/* Notes a link of the chain. True if there is a name to go on with: the target
 * is in this zone, was not in the chain before, and the chain may grow. */
static bool
chain_follow(struct resolution *r, const uint8_t *target)
{
	r->chain[r->links++] = r->name;
	r->name = target;
	if (!name_is_at_or_below(target, r->zone->records->apex))
		return false;
	for (unsigned i = 0; i < r->links; i++)
		if (name_equal(r->chain[i], target))
			return false;
	return r->links <= NAIVE_CHAIN_MAX;
}

/* RFC 6672 section 3.2: the DNAME, and a CNAME made of it with its TTL; a name
 * that would grow too long is YXDOMAIN. */
static bool
renamed_follow(struct resolution *r, const struct place *at)
{
	size_t count, front = (size_t)(at->name - r->name);
	const struct record *dname =
	    naive_set_find(r->zone, at->node, DNS_TYPE_DNAME, &count);
	const uint8_t *target = record_rdata(r->zone->records, dname);
	size_t target_bytes = dname->rdata_bytes;
	uint8_t *made = r->a->made[r->links];
	bool seen = false;

	for (size_t i = 0; i < r->a->count; i++)
		seen |= r->a->records[i].type == DNS_TYPE_DNAME &&
		        name_equal(r->a->records[i].owner, at->name);
	if (!seen)
		set_add(r, NAIVE_ANSWER, at->name, at->node, DNS_TYPE_DNAME);
	if (front + target_bytes > DNS_NAME_MAX) {
		r->a->rcode = DNS_RCODE_YXDOMAIN;
		return false;
	}
	memcpy(made, r->name, front);
	memcpy(made + front, target, target_bytes);
	answer_add(r, (struct naive_record){
			  .owner = r->name,
			  .rdata = made,
			  .ttl = dname->ttl,
			  .type = DNS_TYPE_CNAME,
			  .rdata_bytes = (uint16_t)(front + target_bytes),
			  .section = NAIVE_ANSWER,
		      });
	return chain_follow(r, made) && r->type != DNS_TYPE_CNAME;
}

/* RFC 8482 section 4.1, and the same for signatures asked for by name: any one
 * set is a right answer, so all are noted. */
static void
any_add(struct resolution *r, const struct naive_name *node)
{
	const struct zone_records *z = r->zone->records;

	for (size_t i = 0; i < node->count; i++) {
		const struct record *record = &z->records[node->first + i];

		if (r->type != DNS_TYPE_ANY && record->type != DNS_TYPE_RRSIG)
			continue;
		record_add(r, NAIVE_ANSWER, r->name, record, UINT32_MAX);
		if (!r->failed)
			r->a->records[r->a->count - 1].choice = true;
	}
	r->a->any_one_set = true;
}

/* No record of the type: at the name itself, or (encloser given) at the
 * wildcard that stands in for it. */
static bool
nodata_answer(struct resolution *r, const uint8_t *encloser)
{
	negative_add(r);
	if (r->dnssec_ok && encloser)
		naive_prove_expanded_nodata(
		    r->zone, r->name, encloser, r->proof);
	else if (r->dnssec_ok)
		naive_prove_nodata(r->zone, r->name, r->proof);
	return false;
}

/* RFC 1034 section 4.3.2 step 3a, also for what a wildcard stands in for: then
 * `encloser` is the name above it, else NULL. True if a CNAME leads on. */
static bool
node_answer(struct resolution *r, const struct naive_name *node,
    const uint8_t *encloser)
{
	size_t count;
	const struct record *cname =
	    naive_set_find(r->zone, node, DNS_TYPE_CNAME, &count);
	bool any =
	    (r->type == DNS_TYPE_ANY && node->count > 0) ||
	    (r->type == DNS_TYPE_RRSIG && node_has(r, node, DNS_TYPE_RRSIG));

	if (!any && !node_has(r, node, r->type) && !cname)
		return nodata_answer(r, encloser);
	if (encloser && r->dnssec_ok)
		naive_prove_expanded(r->zone, r->name, encloser, r->proof);
	if (any) {
		any_add(r, node);
		return false;
	}
	if (set_add(r, NAIVE_ANSWER, r->name, node, r->type))
		return false;
	set_add(r, NAIVE_ANSWER, r->name, node, DNS_TYPE_CNAME);
	return chain_follow(r, record_rdata(r->zone->records, cname));
}

/* RFC 4592 section 3.3.1: only the wildcard of the closest encloser may stand
 * in; RFC 6604 section 3: the rcode is that of the last name. */
static bool
missing_answer(struct resolution *r, const struct place *encloser)
{
	uint8_t source[DNS_NAME_MAX + 1] = {1, '*'};
	size_t bytes = name_length(encloser->name);
	const struct naive_name *wildcard = NULL;

	if (bytes + 2 <= DNS_NAME_MAX) {
		memcpy(source + 2, encloser->name, bytes);
		wildcard = naive_name_find(r->zone, source);
	}
	if (wildcard && node_has(r, wildcard, DNS_TYPE_NS)) {
		/* RFC 4592 section 4.2 gives it no meaning, and NSD and Knot
		 * differ; the name exists, and that is all */
		return nodata_answer(r, encloser->name);
	}
	if (wildcard)
		return node_answer(r, wildcard, encloser->name);
	r->a->rcode = DNS_RCODE_NXDOMAIN;
	negative_add(r);
	if (r->dnssec_ok)
		naive_prove_missing(r->zone, r->name, encloser->name, r->proof);
	return false;
}

/* One name; true if the answer led on to another. */
static bool
resolve_step(struct resolution *r)
{
	struct place at = place_find(r);

	switch (at.kind) {
	case PLACE_CUT:
		/* RFC 4035 section 3.1.4.1: the DS is the parent's */
		if (at.name == r->name && r->type == DNS_TYPE_DS)
			return node_answer(r, at.node, NULL);
		referral_add(r, &at);
		return false;
	case PLACE_RENAMED:
		return renamed_follow(r, &at);
	case PLACE_MISSING:
		return missing_answer(r, &at);
	case PLACE_EXACT:
		break;
	}
	return node_answer(r, at.node, NULL);
}

int
naive_ask(struct naive *n, const uint8_t *qname, uint16_t qtype, bool dnssec_ok,
    struct naive_answer *a, struct err *err)
{
	struct naive_proof proof;
	struct resolution r = {
	    .proof = &proof,
	    .a = a,
	    .name = qname,
	    .type = qtype,
	    .dnssec_ok = dnssec_ok,
	};
	struct index_slot *slot;
	int code;

	a->count = 0;
	a->any_one_set = a->has_signatures = false;
	a->zone = zone_choose(n, qname, qtype);
	a->rcode = DNS_RCODE_REFUSED;
	a->aa = false;
	if (a->zone == SIZE_MAX)
		return 0;
	if (qtype != DNS_TYPE_DS)
		n->last = a->zone;
	code = index_open(n, a->zone, &slot, err);
	if (code)
		return code;
	r.zone = &slot->zone;
	/* signatures of an unsigned zone are answers to RRSIG and nothing else
	 */
	r.dnssec_ok = dnssec_ok && zone_is_signed(r.zone);
	a->has_signatures = r.dnssec_ok;
	proof.count = 0;
	if (r.dnssec_ok)
		code = naive_chain_open(&slot->zone, err);
	if (code)
		return code;
	a->rcode = DNS_RCODE_NOERROR;
	a->aa = true;
	while (resolve_step(&r))
		;
	proof_show(&r);
	if (r.failed)
		return err_set(
		    err, ERR_NO_MEMORY, "no memory for an answer in the proof");
	return 0;
}
