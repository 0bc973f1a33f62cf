/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Addresses as operators write them, "192.0.2.1@5300". Any thread; allocates
 * nothing.
 */
#include "config/config.h"

#include <arpa/inet.h>
#include <string.h>

#include "config/config_quote.h"

static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};

/* 0 to 65535; 0 lets the kernel choose, which tests want. */
static bool
port_parse(uint16_t *out, const char *text)
{
	unsigned v = 0;
	size_t n = strlen(text);

	if (n == 0 || n > 5)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		v = 10 * v + (unsigned)(text[i] - '0');
	}
	*out = (uint16_t)v;
	return v <= 65535;
}

int
config_address_parse(struct config_address *out, const char *text,
    uint16_t port_default, struct err *err)
{
	char host[INET6_ADDRSTRLEN], quoted[CONFIG_QUOTE_MAX];
	const char *at = strchr(text, '@');
	size_t n = at ? (size_t)(at - text) : strlen(text);

	*out = (struct config_address){.port = port_default};
	if (at != NULL && !port_parse(&out->port, at + 1))
		return err_set(err, ERR_SYNTAX,
		    "%s has a bad port behind the @, allowed are 0 to 65535",
		    config_quote(quoted, text));
	if (n < sizeof host) {
		memcpy(host, text, n);
		host[n] = '\0';
		if (inet_pton(AF_INET, host, out->bytes + 12) == 1) {
			memcpy(out->bytes, v4_mapped, sizeof v4_mapped);
			out->v4 = true;
			return 0;
		}
		if (inet_pton(AF_INET6, host, out->bytes) == 1 &&
		    memcmp(out->bytes, v4_mapped, sizeof v4_mapped) != 0)
			return 0;
	}
	return err_set(err, ERR_SYNTAX,
	    "%s is not an address, allowed are IPv4 as 192.0.2.1, IPv6 as "
	    "2001:db8::1, and for listeners @PORT behind them",
	    config_quote(quoted, text));
}

char *
config_address_text(char dst[64], const struct config_address *a)
{
	char host[INET6_ADDRSTRLEN];

	inet_ntop(a->v4 ? AF_INET : AF_INET6, a->bytes + (a->v4 ? 12 : 0), host,
	    sizeof host);
	snprintf(dst, 64, "%s@%u", host, a->port);
	return dst;
}
