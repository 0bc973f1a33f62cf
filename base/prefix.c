/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Prefixes as operators write them; see prefix.h.
 */
#include "base/prefix.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { QUOTED = 60 }; /* octets of a wrong text that are shown */

static bool
length_parse(uint8_t *out, const char *text, unsigned most)
{
	unsigned v = 0;
	size_t n = strlen(text);

	if (n == 0 || n > 3 || (n > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		v = 10 * v + (unsigned)(text[i] - '0');
	}
	*out = (uint8_t)v;
	return v <= most;
}

static bool
host_part_is_zero(const struct prefix *p)
{
	for (unsigned bit = p->bits; bit < (p->v4 ? 32 : 128); bit++)
		if (p->bytes[bit / 8] & 0x80 >> bit % 8)
			return false;
	return true;
}

int
prefix_parse(struct prefix *out, const char *text, struct err *err)
{
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	char host[INET6_ADDRSTRLEN];
	unsigned most;

	*out = (struct prefix){0};
	if (n >= sizeof host)
		goto no_prefix;
	memcpy(host, text, n);
	host[n] = '\0';
	out->v4 = inet_pton(AF_INET, host, out->bytes) == 1;
	if (!out->v4 && inet_pton(AF_INET6, host, out->bytes) != 1)
		goto no_prefix;
	most = out->v4 ? 32 : 128;
	out->bits = (uint8_t)most;
	if (slash && !length_parse(&out->bits, slash + 1, most))
		return err_set(err, ERR_SYNTAX,
		    "\"%.*s\" has a bad length behind the /, allowed are 0 to "
		    "%u",
		    QUOTED, text, most);
	if (!host_part_is_zero(out))
		return err_set(err, ERR_SYNTAX,
		    "\"%.*s\" has bits set behind its first %u: write the "
		    "first address of the prefix, or a longer one",
		    QUOTED, text, out->bits);
	return 0;
no_prefix:
	return err_set(err, ERR_SYNTAX,
	    "\"%.*s\" is not a prefix, allowed are 192.0.2.0/24, "
	    "2001:db8::/48, or an address",
	    QUOTED, text);
}

char *
prefix_text(char dst[PREFIX_TEXT_MAX], const struct prefix *p)
{
	char host[INET6_ADDRSTRLEN];

	inet_ntop(p->v4 ? AF_INET : AF_INET6, p->bytes, host, sizeof host);
	snprintf(dst, PREFIX_TEXT_MAX, "%s/%u", host, p->bits);
	return dst;
}

bool
prefix_has(const struct prefix *p, const uint8_t *address)
{
	unsigned whole = p->bits / 8, rest = p->bits % 8;

	return memcmp(p->bytes, address, whole) == 0 &&
	       (rest == 0 ||
		   ((p->bytes[whole] ^ address[whole]) >> (8 - rest)) == 0);
}
