/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Numbers, addresses and types of the command line.
 */
#include "tools/load/load_values.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include <ldns/ldns.h>

/* One word of a list; false: it is longer than any that makes sense. */
static bool
next_word(const char **text, char *word, size_t room)
{
	size_t n = strcspn(*text, ",");

	if (n >= room)
		return false;
	memcpy(word, *text, n);
	word[n] = '\0';
	*text += n + ((*text)[n] == ',');
	return true;
}

int
value_number(unsigned *out, const char *name, const char *text, unsigned least,
    unsigned most, struct err *err)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n < least || n > most)
		return err_set(err, ERR_USAGE,
		    "--%s %s: a whole number from %u to %u", name, text, least,
		    most);
	*out = (unsigned)n;
	return 0;
}

static double
suffix_factor(const char *suffix)
{
	if (*suffix == '\0')
		return 1;
	if (suffix[1] != '\0')
		return 0;
	switch (*suffix) {
	case 'k':
	case 'K':
		return 1e3;
	case 'm':
	case 'M':
		return 1e6;
	case 'g':
	case 'G':
		return 1e9;
	default:
		return 0;
	}
}

int
value_real(double *out, const char *name, const char *text, double least,
    double most, struct err *err)
{
	char *end;
	double n = strtod(text, &end);

	n *= end == text ? 0 : suffix_factor(end);
	if (end == text || suffix_factor(end) == 0 || !isfinite(n) ||
	    n < least || n > most)
		return err_set(err, ERR_USAGE,
		    "--%s %s: a number from %g to %g (k, M, G may stand "
		    "behind it)",
		    name, text, least, most);
	*out = n;
	return 0;
}

int
value_percent(double *out, const char *name, const char *text, struct err *err)
{
	char *end;
	double n = strtod(text, &end);

	if (end == text || (*end && strcmp(end, "%") != 0) || !isfinite(n) ||
	    n < 0 || n > 100)
		return err_set(
		    err, ERR_USAGE, "--%s %s: percent, 0 to 100", name, text);
	*out = n;
	return 0;
}

int
value_numbers(unsigned *out, unsigned *count, unsigned room, const char *name,
    const char *text, unsigned least, unsigned most, struct err *err)
{
	const char *at = text;
	char word[16];
	int rc = 0;

	*count = 0;
	do {
		if (*count == room || !next_word(&at, word, sizeof word))
			return err_set(err, ERR_USAGE,
			    "--%s %s: at most %u numbers, commas between them",
			    name, text, room);
		rc = value_number(
		    &out[(*count)++], name, word, least, most, err);
	} while (!rc && at[-1] == ',');
	return rc;
}

int
value_mac(uint8_t out[LOAD_MAC_BYTES], const char *name, const char *text,
    struct err *err)
{
	unsigned b[LOAD_MAC_BYTES];
	int end = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2],
		&b[3], &b[4], &b[5], &end) != LOAD_MAC_BYTES ||
	    text[end] != '\0')
		return err_set(err, ERR_USAGE,
		    "--%s %s: a MAC address, such as 02:00:00:00:00:53", name,
		    text);
	for (unsigned i = 0; i < LOAD_MAC_BYTES; i++)
		out[i] = (uint8_t)b[i];
	return 0;
}

int
value_net(struct flow_net *out, bool ip6, const char *name, const char *text,
    struct err *err)
{
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN];
	unsigned bits;

	*out = (struct flow_net){.ip6 = ip6};
	if (slash == NULL || (size_t)(slash - text) >= sizeof address)
		goto bad;
	snprintf(address, sizeof address, "%.*s", (int)(slash - text), text);
	if (inet_pton(ip6 ? AF_INET6 : AF_INET, address, out->address) != 1 ||
	    value_number(&bits, name, slash + 1, 1, ip6 ? 126 : 30, NULL) != 0)
		goto bad;
	out->bits = (uint8_t)bits;
	return 0;
bad:
	return err_set(err, ERR_USAGE, "--%s %s: a network, such as %s", name,
	    text, ip6 ? "2001:2::/48" : "198.18.0.0/15");
}

int
value_types(uint16_t *out, size_t *count, size_t room, const char *name,
    const char *text, struct err *err)
{
	const char *at = text;
	char word[16];

	*count = 0;
	do {
		ldns_rr_type type = 0;

		if (*count < room && next_word(&at, word, sizeof word))
			type = ldns_get_rr_type_by_name(word);
		if (type == 0)
			return err_set(err, ERR_USAGE,
			    "--%s %s: types such as A,AAAA,TYPE65, at most "
			    "%zu",
			    name, text, room);
		out[(*count)++] = (uint16_t)type;
	} while (at[-1] == ',');
	return 0;
}
