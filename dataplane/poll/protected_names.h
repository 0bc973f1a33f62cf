/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names that must have an answer, whatever control says: a file of the data
 * plane's own, a line "NAME TYPE" each, "#" starts a comment. A generation in
 * which one has none is not activated. The management thread reads the file at
 * each activation, and asks the engine itself; allocates what it reads.
 *
 * An answer has a record of the type, or a CNAME whose chain leaves the zone. A
 * chain that ends in a name or type that is not there is none. At a delegation
 * the NS records of the referral are one for type NS.
 */
#ifndef HOLDFAST_PROTECTED_NAMES_H
#define HOLDFAST_PROTECTED_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/dns.h"
#include "base/err.h"
#include "snapshot/generation.h"

enum {
	PROTECTED_NAMES_MAX = 10000,
	PROTECTED_FILE_BYTES_MAX = 4 << 20,
};

struct protected_name {
	uint8_t name[DNS_NAME_MAX + 1];
	uint16_t type;
	unsigned line;
};

struct protected_names {
	struct protected_name *list;
	size_t count;
};

/* Parses the file's octets, which it cuts up; text[bytes] must be room. `path`
 * is for messages. */
int protected_names_parse(struct protected_names *p, const char *path,
    char *text, size_t bytes, struct err *err);
void protected_names_free(struct protected_names *p);

/* ERR_REFUSED if one has no answer in `g`: the text names the first, and how
 * many there are. */
int protected_names_ask(const struct protected_names *p, const char *path,
    const struct generation *g, struct err *err);

/* Reads and asks; a file that cannot be read is an error too. */
int protected_names_check(
    const char *path, const struct generation *g, struct err *err);

#endif
