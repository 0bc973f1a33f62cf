/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From configuration to engine; see answer_options.h.
 */
#include "dataplane/poll/answer_options.h"

#include <stdio.h>
#include <string.h>

/* Text as it is, or the octets of "hex:...". */
static int
take_nsid(struct answer_config *out, const char *text, struct err *err)
{
	bool hex = !strncmp(text, "hex:", 4);
	const char *from = hex ? text + 4 : text;
	size_t length = strlen(from), n = hex ? length / 2 : length;

	if (n > ANSWER_NSID_MAX || (hex && length % 2))
		return err_set(err, ERR_LIMIT,
		    "answer.nsid: %.40s: at most %d octets, as text or as "
		    "hex: and pairs of digits",
		    text, ANSWER_NSID_MAX);
	for (size_t i = 0; i < n; i++)
		if (!hex)
			out->nsid[i] = (uint8_t)from[i];
		else if (sscanf(from + 2 * i, "%2hhx", &out->nsid[i]) != 1)
			return err_set(err, ERR_SYNTAX,
			    "answer.nsid: %.40s: not hexadecimal", text);
	out->nsid_bytes = (uint8_t)n;
	return 0;
}

static int
take_text(char *out, const char *text, const char *option, struct err *err)
{
	if (!text)
		return 0;
	if (strlen(text) >= ANSWER_TEXT_MAX)
		return err_set(err, ERR_LIMIT,
		    "answer.%s: at most %d characters", option,
		    ANSWER_TEXT_MAX - 1);
	strcpy(out, text);
	return 0;
}

int
answer_options_take(
    struct answer_config *out, const struct config_answer *c, struct err *err)
{
	int rc = 0;

	answer_config_default(out);
	out->udp_max = c->udp_max;
	out->require_cookie = c->cookies == COOKIES_REQUIRED;
	if (c->nsid)
		rc = take_nsid(out, c->nsid, err);
	if (!rc)
		rc = take_text(out->identity, c->identity, "identity", err);
	if (!rc)
		rc = take_text(out->version, c->version, "version", err);
	return rc;
}
