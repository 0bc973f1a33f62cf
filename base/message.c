/* SPDX-License-Identifier: BSD-2-Clause
 *
 * DNS messages, record by record (message.h). Allocates nothing, any thread.
 */
#include "base/message.h"

#include "base/dns.h"
#include "base/name.h"
#include "base/wire.h"

enum { RECORD_FIXED_BYTES = 10, POINTER_BYTES = 2, POINTERS_MAX = 127 };

/* Offset behind the name at `at`, or 0: compressed or not, inside the message;
 * where a pointer leads is not looked at. */
static uint32_t
name_end_find(const uint8_t *m, uint32_t bytes, uint32_t at)
{
	uint32_t start = at;

	while (at < bytes && at - start < DNS_NAME_MAX) {
		uint8_t c = m[at];

		if (c == 0)
			return at + 1;
		if (c >= 0xc0)
			return bytes - at < POINTER_BYTES ? 0
			                                  : at + POINTER_BYTES;
		if (c > DNS_LABEL_MAX)
			return 0;
		at += c + 1u;
	}
	return 0;
}

bool
message_walk_start(struct message_walk *w, const uint8_t *message, size_t bytes)
{
	*w = (struct message_walk){
	    .message = message, .bytes = (uint32_t)bytes, .failed = true};
	if (bytes < DNS_HEADER_BYTES || bytes > DNS_MESSAGE_MAX)
		return false;
	w->at = DNS_HEADER_BYTES;
	if (wire_load16(message + 4) > 1)
		return false;
	if (wire_load16(message + 4) == 1) {
		w->at = name_end_find(message, w->bytes, w->at);
		if (w->at == 0 || w->bytes - w->at < 4)
			return false;
		w->at += 4;
	}
	w->question_end = w->at;
	for (unsigned i = 0; i < MESSAGE_SECTIONS; i++)
		w->left[i] = wire_load16(message + 6 + 2 * i);
	w->failed = false;
	return true;
}

static unsigned
section_find(const struct message_walk *w)
{
	unsigned s = 0;

	while (s < MESSAGE_SECTIONS && w->left[s] == 0)
		s++;
	return s;
}

bool
message_next(struct message_walk *w, struct message_record *out)
{
	unsigned section = section_find(w);
	uint32_t end;

	if (w->failed || section == MESSAGE_SECTIONS)
		return false;
	w->failed = true;
	end = name_end_find(w->message, w->bytes, w->at);
	if (end == 0 || w->bytes - end < RECORD_FIXED_BYTES)
		return false;
	*out = (struct message_record){
	    .section = (enum message_section)section,
	    .type = wire_load16(w->message + end),
	    .rdata_bytes = wire_load16(w->message + end + 8),
	    .owner = w->at,
	    .rdata = end + RECORD_FIXED_BYTES,
	};
	if (w->bytes - out->rdata < out->rdata_bytes)
		return false;
	w->left[section]--;
	w->at = out->rdata + out->rdata_bytes;
	w->failed = false;
	return true;
}

static uint64_t
hash_octets(uint64_t h, const uint8_t *p, uint32_t bytes)
{
	uint64_t word;

	for (; bytes >= sizeof word; p += sizeof word, bytes -= sizeof word) {
		memcpy(&word, p, sizeof word);
		h = (h ^ word) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 32;
	}
	for (; bytes; bytes--)
		h = (h ^ *p++) * 0x100000001b3ull;
	return h ^ h >> 29;
}

/* Owner, type and class, then the RDATA with its length: all but the TTL. */
static uint64_t
hash_record(uint64_t h, const uint8_t *message, const struct message_record *r)
{
	h = hash_octets(h, message + r->owner, r->rdata - 6 - r->owner);
	return hash_octets(h, message + r->rdata - 2, r->rdata_bytes + 2u);
}

uint32_t
message_hash(const uint8_t *message, size_t bytes)
{
	struct message_record r;
	struct message_walk w;
	uint64_t h = 0x243f6a8885a308d3ull;
	bool opt = false;

	if (!message_walk_start(&w, message, bytes))
		return 0;
	h = hash_octets(h, message + 2, w.question_end - 2);
	while (message_next(&w, &r)) {
		if (r.type == DNS_TYPE_OPT)
			opt = true;
		else
			h = hash_record(h, message, &r);
	}
	if (w.failed)
		return 0;
	h = hash_octets(h, (const uint8_t[1]){opt}, 1);
	h ^= h >> 32;
	return (uint32_t)h ? (uint32_t)h : 1;
}

size_t
message_name(
    const uint8_t *message, size_t bytes, uint32_t at, uint8_t name[256])
{
	unsigned pointers = 0;
	size_t n = 0;

	while (at < bytes) {
		uint8_t c = message[at];

		if (c >= 0xc0) {
			if (bytes - at < POINTER_BYTES ||
			    ++pointers > POINTERS_MAX)
				return 0;
			at = wire_load16(message + at) & DNS_POINTER_MAX;
			continue;
		}
		if (c > DNS_LABEL_MAX || n + c + 1u > DNS_NAME_MAX ||
		    c >= bytes - at)
			return 0;
		name_lower(name + n, message + at, c + 1u);
		n += c + 1u;
		at += c + 1u;
		if (c == 0)
			return n;
	}
	return 0;
}
