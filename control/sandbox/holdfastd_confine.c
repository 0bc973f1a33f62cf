/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The start of holdfastd as far as its rights are concerned
 * (holdfastd_confine.h). Allocates paths, and frees them.
 */
#include "control/sandbox/holdfastd_confine.h"

#include <libgen.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "control/sandbox/confine.h"
#include "sandbox/privileges.h"

/* Of root, which has all of them: files of other users are read and written as
 * before, the metrics' port may be a low one. */
#define CONTROL_CAPABILITIES                                                   \
	(1ull << CAP_CHOWN | 1ull << CAP_DAC_OVERRIDE |                        \
	    1ull << CAP_DAC_READ_SEARCH | 1ull << CAP_FOWNER |                 \
	    1ull << CAP_NET_BIND_SERVICE)

int
holdfastd_become_user(const struct config *c, struct err *err)
{
	struct privileges_user user;
	int rc = 0;

	if (!c->control.user) {
		if (geteuid() == 0)
			log_warn("holdfastd runs as root: start it as a user, "
				 "or set control.user");
		return 0;
	}
	rc = privileges_user_find(&user, c->control.user, err);
	if (rc == 0 && geteuid() == 0)
		rc = privileges_directory_make(c->run_dir, 0755, &user, err);
	if (rc == 0 && geteuid() == 0)
		rc = privileges_directory_make(c->store_dir, 0770, &user, err);
	if (rc == 0)
		rc = privileges_become(&user, err);
	return rc ? err_add(err, "%s: control.user", c->path) : 0;
}

/* The folder that a path is in, for free(); NULL: no memory, or no path. "/"
 * stays the path itself: all would be too much. */
static char *
folder_of(const char *path)
{
	char *copy = path ? strdup(path) : NULL;
	char *folder = copy ? strdup(dirname(copy)) : NULL;

	free(copy);
	if (!folder || strcmp(folder, "/") != 0)
		return folder;
	free(folder);
	return strdup(path);
}

static int
cage_enter(const struct config *c, unsigned *landlock, struct err *err)
{
	char *config = folder_of(c->path), *list = folder_of(c->zones_from);
	/* rules are about what is there now: the folder of the keys may come
	 * later, or be another one after a restore */
	char *keys = folder_of(c->control.keys);
	const char *const writable[] = {c->store_dir, c->run_dir, keys, NULL};
	const char *const readable[] = {config, list, NULL};
	const struct confine_control cage = {
	    .writable = writable, .readable = readable};
	int rc;

	if (!config || !list != !c->zones_from || !keys != !c->control.keys)
		rc = err_set(err, ERR_NO_MEMORY, "no memory");
	else
		rc = confine_control(&cage, landlock, err);
	free(config);
	free(list);
	free(keys);
	return rc;
}

int
holdfastd_confine(const struct config *c, struct err *err)
{
	unsigned landlock = 0;
	/* rules are about directories that are there */
	int rc = file_make_directories(c->run_dir, 0755, err);

	if (rc == 0)
		rc = file_make_directories(c->store_dir, 0775, err);
	if (rc == 0)
		rc = privileges_keep(CONTROL_CAPABILITIES, err);
	if (rc == 0 && c->control.sandbox)
		rc = cage_enter(c, &landlock, err);
	if (rc)
		return rc;
	if (!c->control.sandbox)
		log_warn("control.sandbox is off: holdfastd may do whatever "
			 "its user may");
	else if (landlock)
		log_info("confined: seccomp, Landlock %u", landlock);
	else
		log_warn("confined: seccomp; this kernel has no Landlock: what "
			 "its user may read and write, it may");
	return 0;
}
