/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Proofs of absence for the naive resolver; see naive_denial.h. Records are
 * sorted by owner in canonical order (RFC 4034 section 6.1), which is the order
 * of the NSEC chain, and of the NSEC3 chain too: base32hex keeps the order of
 * hashes (RFC 4648 section 7).
 */
#include "control/compile/naive_denial.h"

#include <ldns/sha1.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"

_Static_assert(NAIVE_HASH_BYTES == LDNS_SHA1_DIGEST_LENGTH, "NSEC3 hash");

enum { HASH_LABEL_BYTES = 32, SHA1_IN_NSEC3 = 1, FLAG_OPT_OUT = 1 };

/* --- the chain ------------------------------------------------------------ */

static int
base32hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'v' ? c - 'a' + 10 : -1;
}

/* The hash that an NSEC3 owner stands for (RFC 5155 section 3): its first label
 * in front of the apex, in lower case. */
static bool
owner_hash(uint8_t hash[NAIVE_HASH_BYTES], const struct zone_records *records,
    const uint8_t *owner)
{
	uint64_t bits = 0;
	unsigned have = 0, at = 0;

	if (owner[0] != HASH_LABEL_BYTES ||
	    !name_equal(name_parent(owner, 1), records->apex))
		return false;
	for (unsigned i = 1; i <= HASH_LABEL_BYTES; i++) {
		int digit = base32hex_digit(owner[i]);

		if (digit < 0)
			return false;
		bits = bits << 5 | (unsigned)digit;
		have += 5;
		if (have >= 8) {
			have -= 8;
			hash[at++] = (uint8_t)(bits >> have);
		}
	}
	return true;
}

/* The records of one owner, from index i on. */
static struct naive_name
owner_at(const struct zone_records *records, size_t i)
{
	const uint8_t *owner = record_owner(records, &records->records[i]);
	size_t end = i + 1;

	while (end < records->count &&
	       name_equal(record_owner(records, &records->records[end]), owner))
		end++;
	return (struct naive_name){
	    .owner = owner,
	    .first = (uint32_t)i,
	    .count = (uint32_t)(end - i),
	    .bytes = (uint32_t)name_length(owner),
	};
}

static bool
owner_has(
    const struct naive_zone *z, const struct naive_name *owner, uint16_t type)
{
	size_t count;

	return naive_set_find(z, owner, type, &count) != NULL;
}

/* RFC 5155 sections 3.2 and 4.2: NSEC3 and NSEC3PARAM begin alike: algorithm,
 * flags, iterations, salt. Octets of that, or 0 if it is cut off. */
static size_t
parameters_bytes(const uint8_t *rdata, size_t bytes)
{
	size_t whole = bytes >= 5 ? 5u + rdata[4] : 0;

	return whole <= bytes ? whole : 0;
}

/* Parameters are algorithm, iterations and salt; of the flags none may be set
 * but opt-out (RFC 5155 section 8.2). */
static bool
has_parameters(const struct naive_zone *z, const struct naive_name *owner,
    const uint8_t *parameters, size_t bytes)
{
	size_t count;
	const struct record *r =
	    naive_set_find(z, owner, DNS_TYPE_NSEC3, &count);

	for (size_t i = 0; i < count; i++) {
		const uint8_t *rdata = record_rdata(z->records, &r[i]);

		if (parameters_bytes(rdata, r[i].rdata_bytes) == bytes &&
		    r[i].rdata_bytes > bytes && rdata[0] == parameters[0] &&
		    rdata[1] <= FLAG_OPT_OUT &&
		    memcmp(rdata + 2, parameters + 2, bytes - 2) == 0)
			return true;
	}
	return false;
}

/* Lists the NSEC3 owners with these parameters. */
static void
nsec3_owners_list(struct naive_zone *z, const uint8_t *parameters, size_t bytes)
{
	const struct zone_records *records = z->records;
	struct naive_chain *c = &z->chain;
	struct naive_name owner;

	for (size_t i = 0; i < records->count; i += owner.count) {
		owner = owner_at(records, i);
		if (!has_parameters(z, &owner, parameters, bytes) ||
		    !owner_hash(c->hashes[c->count], records, owner.owner))
			continue;
		c->first[c->count++] = owner.first;
	}
}

/* RFC 5155 section 5: IH(salt, x, k). */
static void
name_hash_make(uint8_t hash[NAIVE_HASH_BYTES], const struct naive_chain *c,
    const uint8_t *name)
{
	uint8_t octets[DNS_NAME_MAX + 1 + UINT8_MAX];
	size_t bytes = name_length(name);

	name_lower(octets, name, bytes);
	for (unsigned k = 0; k <= c->iterations; k++) {
		memcpy(octets + bytes, c->salt, c->salt_bytes);
		ldns_sha1(octets, (unsigned)(bytes + c->salt_bytes), hash);
		bytes = NAIVE_HASH_BYTES;
		memcpy(octets, hash, bytes);
	}
}

/* How many hashes of the chain are not greater. */
static size_t
hashes_up_to(const struct naive_chain *c, const uint8_t hash[NAIVE_HASH_BYTES])
{
	size_t low = 0, high = c->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(c->hashes[middle], hash, NAIVE_HASH_BYTES) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
chain_has_apex(const struct naive_zone *z)
{
	const struct naive_chain *c = &z->chain;
	uint8_t hash[NAIVE_HASH_BYTES];
	size_t at;

	name_hash_make(hash, c, z->records->apex);
	at = hashes_up_to(c, hash);
	return at && memcmp(c->hashes[at - 1], hash, sizeof hash) == 0;
}

static void
nsec3_chain_find(struct naive_zone *z)
{
	struct naive_chain *c = &z->chain;
	size_t count;
	const struct record *r =
	    naive_set_find(z, &z->names[0], DNS_TYPE_NSEC3PARAM, &count);

	for (size_t i = 0; i < count && c->count == 0; i++) {
		const uint8_t *p = record_rdata(z->records, &r[i]);
		size_t bytes = parameters_bytes(p, r[i].rdata_bytes);

		if (bytes == 0 || bytes != r[i].rdata_bytes ||
		    p[0] != SHA1_IN_NSEC3 || p[1] != 0)
			continue;
		c->iterations = (uint16_t)(p[2] << 8 | p[3]);
		c->salt_bytes = p[4];
		c->salt = p + 5;
		nsec3_owners_list(z, p, bytes);
		c->type = DNS_TYPE_NSEC3;
		if (!chain_has_apex(z)) {
			c->type = 0;
			c->count = 0;
		}
	}
}

/* Owners of NSEC records but those that are hidden below a cut or a DNAME,
 * which stand right behind it. */
static void
nsec_chain_find(struct naive_zone *z)
{
	const struct zone_records *records = z->records;
	struct naive_chain *c = &z->chain;
	const uint8_t *hides = NULL;
	struct naive_name owner;

	for (size_t i = 0; i < records->count; i += owner.count) {
		owner = owner_at(records, i);
		if (hides && name_is_at_or_below(owner.owner, hides))
			continue;
		if (owner_has(z, &owner, DNS_TYPE_DNAME) ||
		    (owner_has(z, &owner, DNS_TYPE_NS) &&
			!name_equal(owner.owner, records->apex)))
			hides = owner.owner;
		if (owner_has(z, &owner, DNS_TYPE_NSEC))
			c->first[c->count++] = owner.first;
	}
	if (owner_has(z, &z->names[0], DNS_TYPE_NSEC))
		c->type = DNS_TYPE_NSEC;
}

int
naive_chain_open(struct naive_zone *z, struct err *err)
{
	struct naive_chain *c = &z->chain;
	size_t cap = 0;

	if (c->first)
		return 0;
	for (size_t i = 0; i < z->records->count; i++)
		cap += z->records->records[i].type == DNS_TYPE_NSEC ||
		       z->records->records[i].type == DNS_TYPE_NSEC3;
	c->first = calloc(cap + 1, sizeof *c->first);
	c->hashes = calloc(cap + 1, sizeof *c->hashes);
	if (!c->first || !c->hashes) {
		naive_chain_fini(z);
		return err_set(err, ERR_NO_MEMORY,
		    "no memory for the NSEC chain of a zone in the proof");
	}
	nsec3_chain_find(z);
	if (!c->type)
		nsec_chain_find(z);
	return 0;
}

void
naive_chain_fini(struct naive_zone *z)
{
	free(z->chain.first);
	free(z->chain.hashes);
	z->chain = (struct naive_chain){0};
}

/* --- searching it --------------------------------------------------------- */

static void
proof_add(struct naive_proof *p, struct naive_name owner)
{
	for (unsigned i = 0; i < p->count; i++)
		if (p->owners[i].first == owner.first)
			return;
	if (p->count < NAIVE_PROOF_MAX)
		p->owners[p->count++] = owner;
}

/* The NSEC at the name, or else the one whose owner comes last before it. */
static void
nsec_add(const struct naive_zone *z, const uint8_t *name, struct naive_proof *p)
{
	const struct naive_chain *c = &z->chain;
	size_t low = 0, high = c->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct record *r = &z->records->records[c->first[middle]];

		if (name_compare(record_owner(z->records, r), name) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low)
		proof_add(p, owner_at(z->records, c->first[low - 1]));
}

/* True, and added, if the chain has the hash of the name. */
static bool
nsec3_match_add(
    const struct naive_zone *z, const uint8_t *name, struct naive_proof *p)
{
	const struct naive_chain *c = &z->chain;
	uint8_t hash[NAIVE_HASH_BYTES];
	size_t at;

	name_hash_make(hash, c, name);
	at = hashes_up_to(c, hash);
	if (at == 0 || memcmp(c->hashes[at - 1], hash, sizeof hash) != 0)
		return false;
	proof_add(p, owner_at(z->records, c->first[at - 1]));
	return true;
}

/* The record that covers the hash of the name; the last one also covers what is
 * in front of the first. */
static void
nsec3_cover_add(
    const struct naive_zone *z, const uint8_t *name, struct naive_proof *p)
{
	const struct naive_chain *c = &z->chain;
	uint8_t hash[NAIVE_HASH_BYTES];
	size_t at;

	name_hash_make(hash, c, name);
	at = hashes_up_to(c, hash);
	proof_add(
	    p, owner_at(z->records, c->first[at ? at - 1 : c->count - 1]));
}

/* RFC 5155 section 7.2.1: the closest encloser that the chain has (with opt-out
 * names above insecure delegations may not be in it), and that the next name
 * down is not there. */
static void
nsec3_encloser_add(const struct naive_zone *z, const uint8_t *name,
    const uint8_t *encloser, struct naive_proof *p)
{
	unsigned labels = name_labels(encloser);
	unsigned apex = name_labels(z->records->apex);

	while (!nsec3_match_add(z, encloser, p) && labels > apex) {
		encloser = name_parent(encloser, 1);
		labels--;
	}
	nsec3_cover_add(
	    z, name_parent(name, name_labels(name) - labels - 1), p);
}

static bool
is_nsec3(const struct naive_zone *z)
{
	return z->chain.type == DNS_TYPE_NSEC3;
}

/* "*" below a name. The encloser of a name is shorter by two octets or more, so
 * there is room. */
static const uint8_t *
wildcard_below(uint8_t made[DNS_NAME_MAX + 1], const uint8_t *encloser)
{
	made[0] = 1;
	made[1] = '*';
	memcpy(made + 2, encloser, name_length(encloser));
	return made;
}

/* --- what each answer needs ----------------------------------------------- */

/* RFC 4035 section 3.1.3.1; RFC 5155 sections 7.2.3 and 7.2.4. What has no NSEC
 * of its own (an empty non-terminal, say) is covered by another. */
void
naive_prove_nodata(
    const struct naive_zone *z, const uint8_t *name, struct naive_proof *p)
{
	if (z->chain.type == DNS_TYPE_NSEC)
		nsec_add(z, name, p);
	if (is_nsec3(z) && !nsec3_match_add(z, name, p) &&
	    !name_equal(name, z->records->apex))
		nsec3_encloser_add(z, name, name_parent(name, 1), p);
}

/* RFC 4035 section 3.1.3.2; RFC 5155 section 7.2.2. */
void
naive_prove_missing(const struct naive_zone *z, const uint8_t *name,
    const uint8_t *encloser, struct naive_proof *p)
{
	uint8_t made[DNS_NAME_MAX + 1];
	const uint8_t *wildcard = wildcard_below(made, encloser);

	if (z->chain.type == DNS_TYPE_NSEC) {
		nsec_add(z, name, p);
		nsec_add(z, wildcard, p);
	}
	if (is_nsec3(z)) {
		nsec3_encloser_add(z, name, encloser, p);
		nsec3_cover_add(z, wildcard, p);
	}
}

/* RFC 4035 section 3.1.3.3; RFC 5155 section 7.2.6. */
void
naive_prove_expanded(const struct naive_zone *z, const uint8_t *name,
    const uint8_t *encloser, struct naive_proof *p)
{
	unsigned below = name_labels(name) - name_labels(encloser);

	if (z->chain.type == DNS_TYPE_NSEC)
		nsec_add(z, name, p);
	if (is_nsec3(z))
		nsec3_cover_add(z, name_parent(name, below - 1), p);
}

/* RFC 4035 section 3.1.3.4; RFC 5155 section 7.2.5: the proof that a name is
 * missing, but that what was the wildcard's cover is its own record. */
void
naive_prove_expanded_nodata(const struct naive_zone *z, const uint8_t *name,
    const uint8_t *encloser, struct naive_proof *p)
{
	naive_prove_missing(z, name, encloser, p);
}

/* RFC 4035 section 3.1.4.1; RFC 5155 section 7.2.7. */
void
naive_prove_insecure(
    const struct naive_zone *z, const uint8_t *cut, struct naive_proof *p)
{
	const struct naive_name *node = naive_name_find(z, cut);

	if (z->chain.type == DNS_TYPE_NSEC && node &&
	    owner_has(z, node, DNS_TYPE_NSEC))
		nsec_add(z, cut, p);
	if (is_nsec3(z))
		naive_prove_nodata(z, cut, p);
}
