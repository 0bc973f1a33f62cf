/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From the file of secrets to the cores; see cookie_keeper.h. A few system
 * calls a second, on the management thread.
 */
#include "dataplane/poll/cookie_keeper.h"

#include <stdio.h>

#include "base/log.h"

static void
publish(struct cookie_keeper *k, struct live *live)
{
	if (!live_publish_secrets(live, &k->next))
		return; /* at the next look */
	k->waits = false;
	k->count = k->next.count;
	for (unsigned i = 0; i < k->count; i++)
		k->marks[i] = cookie_secret_mark(&k->next, i);
	explicit_bzero(&k->next, sizeof k->next);
	log_info("cookies: secrets %s", cookie_keeper_text(k, (char[32]){0}));
}

void
cookie_keeper_look(struct cookie_keeper *k, struct live *live)
{
	struct cookie_file f;
	struct err err;
	int rc;

	if (!k->path)
		return;
	rc = cookie_watch_look(&k->watch, k->path, &f, &err);
	if (rc < 0)
		log_error("%s; %s", err.text,
		    k->count ? "the secrets from before stay in use"
			     : "cookies are off until it is there");
	if (rc > 0) {
		cookie_secrets_set(&k->next, (const void *)f.secrets, f.count);
		explicit_bzero(&f, sizeof f);
		k->waits = true;
	}
	if (k->waits)
		publish(k, live);
}

const char *
cookie_keeper_text(const struct cookie_keeper *k, char dst[32])
{
	int n = snprintf(dst, 32, "%s", k->count ? "" : "off");

	for (unsigned i = 0; i < k->count; i++)
		n += snprintf(dst + n, 32 - (size_t)n, "%s%08x", i ? "," : "",
		    k->marks[i]);
	return dst;
}
