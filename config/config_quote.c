/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Values in quotes.
 */
#include "config/config_quote.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

char *
config_quote(char dst[CONFIG_QUOTE_MAX], const char *text)
{
	size_t n = strlen(text), most = CONFIG_QUOTE_MAX - sizeof "\"\"...";
	const char *dots = "";

	if (n > most) {
		n = most;
		while (n > 0 && ((uint8_t)text[n] & 0xc0) == 0x80)
			n--; /* not inside of a UTF-8 character */
		dots = "...";
	}
	snprintf(dst, CONFIG_QUOTE_MAX, "\"%.*s%s\"", (int)n, text, dots);
	return dst;
}
