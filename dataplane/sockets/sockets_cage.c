/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Giving up privileges; see sockets_cage.h. One thread: what it enters, its
 * workers will be in. Allocates paths, and frees them.
 */
#include "dataplane/sockets/sockets_cage.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "sandbox/answer_cage.h"
#include "sandbox/privileges.h"
#include "snapshot/fault.h"

static int
user_become(
    const struct sockets_options *o, const char *const *files, struct err *err)
{
	const char *name = o->config->sockets.user;
	struct privileges_user user;
	int rc = 0;

	if (!name)
		return 0;
	rc = privileges_user_find(&user, name, err);
	for (; *files && rc == 0 && geteuid() == 0; files++)
		rc = privileges_file_give(*files, &user, err);
	if (!rc)
		rc = privileges_become(&user, err);
	if (!rc &&
	    faccessat(AT_FDCWD, o->store_dir, R_OK | X_OK, AT_EACCESS) < 0)
		rc = err_set_errno(
		    err, "%s: user %s cannot read it", o->store_dir, user.name);
#ifdef __SANITIZE_ADDRESS__
	/* the leak checker looks at its own process */
	prctl(PR_SET_DUMPABLE, 1);
#endif
	return rc ? err_add(err, "sockets.user") : 0;
}

static int
cage_open(
    struct answer_cage *c, const struct sockets_options *o, struct err *err)
{
	const struct config_limit *l = &o->config->limits;
	const char *const edited[] = {o->store_dir, l->allow_from, l->deny_from,
	    l->exempt_from, o->cookie_path};
	char *crash = NULL;
	struct answer_cage_files files = {
	    .edited = edited, .nedited = sizeof edited / sizeof *edited};
	uint64_t kept = !o->config->sockets.user && geteuid() == 0
	                    ? ANSWER_CAGE_ROOT_CAPABILITIES
	                    : 0;
	int rc;

	if (asprintf(&crash, "%s/crash", o->store_dir) < 0)
		crash = NULL;
	const char *const writable[] = {
	    crash ? crash : o->run_dir, crash ? o->run_dir : NULL, NULL};

	files.writable = writable;
	rc = answer_cage_open(c, &files, kept, err);
	free(crash);
	return rc;
}

static void
cage_say(unsigned landlock)
{
	if (landlock)
		log_info("confined: seccomp, Landlock %u", landlock);
	else
		log_warn("confined: seccomp; this kernel has no Landlock: what "
			 "its user may read and write, it may");
}

/* With what is not there, answers go on. */
static void
cage_enter(struct answer_cage *c)
{
	struct err err;

	if (answer_cage_enter(c, &err))
		log_error("no sandbox of files: %s", err.text);
	if (answer_cage_lock(&err))
		log_error("no filter of system calls: %s", err.text);
	else
		cage_say(c->rules.version);
	answer_cage_close(c);
}

int
sockets_cage_enter(
    const struct sockets_options *o, const char *const *files, struct err *err)
{
	struct answer_cage cage;
	struct err closed;
	bool wanted = o->config->sockets.sandbox;
	int rc;

	if (wanted && cage_open(&cage, o, &closed)) {
		log_error("no sandbox: %s", closed.text);
		wanted = false;
	} else if (!wanted) {
		log_warn("sockets.sandbox is off: this process may do whatever "
			 "its user may");
	}
	rc = user_become(o, files, err);
	if (wanted && !rc)
		cage_enter(&cage);
	else if (wanted)
		answer_cage_close(&cage);
	return rc;
}

#ifdef HOLDFAST_FAULTS
static bool
is_hit(const char *what)
{
	return fault_hit(what);
}

void
sockets_cage_try(void)
{
	if (fault_any)
		answer_cage_try(is_hit);
}
#else
void
sockets_cage_try(void)
{
}
#endif
