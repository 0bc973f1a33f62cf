/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Generations for fuzz targets, and the strict reader of responses. The reader
 * shares nothing with the engine or the verifier.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/dns.h"
#include "base/wire.h"
#include "tests/fuzz/sample_generation.h"
#include "tests/rig/denial_zones.h"
#include "tests/rig/text_generation.h"

const char sample_zone_text[] =
    "$ORIGIN ex.test.\n"
    "$TTL 3600\n"
    "@ SOA ns1 host 1 3600 600 86400 300\n"
    "@ NS ns1\n"
    "@ MX 10 mail\n"
    "@ TXT \"apex\"\n"
    "ns1 A 192.0.2.1\n"
    "mail AAAA 2001:db8::25\n"
    "a A 192.0.2.3\n"
    "a AAAA 2001:db8::3\n"
    "a TYPE65280 \\# 4 00010203\n"
    "s NS ns.s\n"
    "s NS ns.t\n"
    "s NS ns1\n"
    "s DS 1 8 2 "
    "0000000000000000000000000000000000000000000000000000000000000000\n"
    "ns.s A 192.0.2.9\n"
    "t NS ns.t\n"
    "ns.t A 192.0.2.10\n"
    "ns.t AAAA 2001:db8::10\n"
    "d.e A 192.0.2.4\n"
    "*.w CNAME a\n"
    "*.m MX 5 x.m\n"
    "x.m A 192.0.2.5\n"
    "s.*.v A 192.0.2.6\n"
    "c CNAME c2\n"
    "c2 CNAME a\n"
    "n CNAME no.e\n"
    "o CNAME www.elsewhere.\n"
    "u CNAME host.s\n"
    "p CNAME @\n"
    "l CNAME l2\n"
    "l2 CNAME l\n"
    "dn DNAME y\n"
    "x.y A 192.0.2.8\n"
    "q CNAME x.dn\n"
    "big TXT "
    "\"0123456789012345678901234567890123456789012345678901234567890123\"\n"
    "$GENERATE 1-90 big TXT "
    "\"$ 0123456789012345678901234567890123456789012345678901234567890123\"\n"
    "$GENERATE 1-40 glue NS n$.glue\n"
    "$GENERATE 1-40 n$.glue A 192.0.2.$\n";

const struct generation *
sample_generation(unsigned i)
{
	static struct generation *made[SAMPLE_GENERATIONS];
	const struct text_zone plain[] = {
	    {"ex.test.", sample_zone_text, i == 1}};
	const struct text_zone signed_[] = {
	    {"example.", denial_zone_nsec3, i == 3},
	    {"nsec.", denial_zone_nsec, i == 3},
	};
	struct err err;

	if (!made[i] &&
	    text_generation_make(&made[i], NULL, i < 2 ? plain : signed_,
		i < 2 ? 1 : 2, &err) != 0) {
		fprintf(stderr, "sample_generation: %s\n", err.text);
		abort();
	}
	return made[i];
}

/* Skips the name at *at; false if it is not sound. */
static bool
name_skip(const uint8_t *m, size_t bytes, size_t *at)
{
	size_t p = *at, limit = *at, total = 0;
	bool jumped = false;

	for (;;) {
		if (p >= bytes)
			return false;
		if (m[p] == 0)
			break;
		if ((m[p] & 0xc0) == 0xc0) {
			size_t to;

			if (p + 1 >= bytes)
				return false;
			to = wire_load16(m + p) & 0x3fff;
			if (to >= limit || to < DNS_HEADER_BYTES)
				return false; /* only ever backwards */
			if (!jumped)
				*at = p + 2;
			jumped = true;
			limit = to;
			p = to;
			continue;
		}
		if (m[p] > DNS_LABEL_MAX)
			return false;
		total += m[p] + 1u;
		p += m[p] + 1u;
	}
	if (!jumped)
		*at = p + 1;
	return total + 1 <= DNS_NAME_MAX;
}

static bool
record_skip(const uint8_t *m, size_t bytes, size_t *at)
{
	size_t rdlen;

	if (!name_skip(m, bytes, at) || bytes - *at < 10)
		return false;
	if (wire_load16(m + *at) != DNS_TYPE_OPT &&
	    wire_load32(m + *at + 4) > DNS_TTL_MAX)
		return false;
	rdlen = wire_load16(m + *at + 8);
	*at += 10;
	if (bytes - *at < rdlen)
		return false;
	*at += rdlen;
	return true;
}

bool
response_is_sound(const uint8_t *m, size_t bytes)
{
	size_t at = DNS_HEADER_BYTES;
	unsigned records;

	if (bytes < DNS_HEADER_BYTES || !(m[2] & 0x80))
		return false;
	for (unsigned i = 0; i < wire_load16(m + 4); i++) {
		if (!name_skip(m, bytes, &at) || bytes - at < 4)
			return false;
		at += 4;
	}
	records = (unsigned)wire_load16(m + 6) + wire_load16(m + 8) +
	          wire_load16(m + 10);
	for (unsigned i = 0; i < records; i++)
		if (!record_skip(m, bytes, &at))
			return false;
	return at == bytes;
}
