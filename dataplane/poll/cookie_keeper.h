/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The cookie secrets of the poll cores: read from their file, looked at again
 * once a second, published to the cores, which never wait. A file that can't be
 * used changes nothing; without any, cookies are off and all else is answered.
 * Management thread.
 */
#ifndef HOLDFAST_COOKIE_KEEPER_H
#define HOLDFAST_COOKIE_KEEPER_H

#include "config/cookie_file.h"
#include "dataplane/poll/live.h"

struct cookie_keeper {
	const char *path; /* NULL: cookies are off */
	struct cookie_watch watch;
	/* read, and not published yet: a core still uses the place */
	bool waits;
	struct cookie_secrets next;
	uint32_t marks[COOKIE_SECRETS_MAX]; /* of what is published */
	unsigned count;
};

void cookie_keeper_look(struct cookie_keeper *k, struct live *live);

/* "off", or the marks of the secrets, the first one first, with "," between. */
const char *cookie_keeper_text(const struct cookie_keeper *k, char dst[32]);

#endif
