/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What an operator did past a holdfastd that is dead, in the store's audit log
 * (hand_audit.h).
 */
#include "tools/hand_audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/guard/audit.h"

/* Who rolls back in a hurry is root, and the next to write the log is not. */
static void
owner_give(const char *store_dir)
{
	struct stat store, log;
	char path[4096];

	snprintf(path, sizeof path, "%s/" AUDIT_FILE, store_dir);
	if (geteuid() != 0 || stat(store_dir, &store) != 0 ||
	    lstat(path, &log) != 0 || !S_ISREG(log.st_mode) ||
	    log.st_uid == store.st_uid)
		return;
	if (lchown(path, store.st_uid, store.st_gid) != 0)
		fprintf(stderr, "holdfast: warning: %s stays root's: %s\n",
		    path, strerror(errno));
}

void
hand_audit(struct tool *t, const char *event, const struct digest *generation)
{
	char hex[DIGEST_TEXT_MAX], who[64];
	struct store *s = NULL;
	struct err err;

	if (tool_store_open(t, &s, STORE_READ_ONLY, &err) != 0)
		return; /* it is not known which store that was */
	store_close(&s);
	snprintf(
	    who, sizeof who, "uid %u, without holdfastd", (unsigned)getuid());
	if (audit_write(t->store_dir, &err, event, "{s:s*, s:s*, s:s}",
		"generation",
		generation ? digest_to_text(hex, generation) : NULL, "why",
		t->reason, "who", who) != 0)
		fprintf(stderr,
		    "holdfast: warning: this is not on record: %s\n", err.text);
	else
		owner_give(t->store_dir);
}
