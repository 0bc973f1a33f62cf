/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Users and capabilities (privileges.h), by system calls: for two calls no
 * library is worth it.
 */
#include "sandbox/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"

enum { CAPABILITY_LAST = 63 };

int
privileges_user_find(
    struct privileges_user *u, const char *name, struct err *err)
{
	struct passwd *p;

	errno = 0;
	p = getpwnam(name);
	if (!p && errno && errno != ENOENT)
		return err_set_errno(err, "user %s", name);
	if (!p)
		return err_set(
		    err, ERR_NOT_FOUND, "there is no user %s here", name);
	*u = (struct privileges_user){
	    .uid = p->pw_uid, .gid = p->pw_gid, .name = name};
	return 0;
}

int
privileges_directory_make(const char *path, unsigned mode,
    const struct privileges_user *u, struct err *err)
{
	struct stat st;
	int rc;

	if (stat(path, &st) == 0)
		return 0;
	rc = file_make_directories(path, mode, err);
	if (rc == 0 && chown(path, u->uid, u->gid) < 0)
		rc = err_set_errno(err, "%s", path);
	return rc;
}

int
privileges_file_give(
    const char *path, const struct privileges_user *u, struct err *err)
{
	int rc = 0, fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_set_errno(err, "%s", path);
	if (fstat(fd, &st) < 0)
		rc = err_set_errno(err, "%s", path);
	else if (st.st_uid == u->uid || st.st_uid != geteuid())
		rc = 0;
	else if (!S_ISDIR(st.st_mode) && st.st_nlink != 1)
		rc = err_set(err, ERR_REFUSED,
		    "%s: it has another name too; remove it", path);
	else if (fchownat(fd, "", u->uid, (gid_t)-1, AT_EMPTY_PATH) < 0)
		rc = err_set_errno(err, "%s", path);
	close(fd);
	return rc;
}

int
privileges_become(const struct privileges_user *u, struct err *err)
{
	if (getuid() == u->uid && geteuid() == u->uid)
		return 0;
	if (geteuid() != 0)
		return err_set(err, ERR_REFUSED,
		    "only root can become user %s; start it as one of the two",
		    u->name);
	if (initgroups(u->name, u->gid) < 0 ||
	    setresgid(u->gid, u->gid, u->gid) < 0 ||
	    setresuid(u->uid, u->uid, u->uid) < 0)
		return err_set_errno(err, "becoming user %s", u->name);
	/* a way back would be worse than not having gone */
	if ((prctl(PR_GET_SECUREBITS) & SECBIT_NO_SETUID_FIXUP) == 0 &&
	    (setuid(0) == 0 || geteuid() != u->uid))
		return err_set(err, ERR_REFUSED,
		    "user %s could become root again", u->name);
	return 0;
}

int
privileges_borrow(const struct privileges_user *u, struct err *err)
{
	if (geteuid() != 0)
		return 0;
	if (initgroups(u->name, u->gid) < 0 || setegid(u->gid) < 0 ||
	    seteuid(u->uid) < 0)
		return err_set_errno(err, "user %s", u->name);
	return 0;
}

int
privileges_give_back(struct err *err)
{
	if (getuid() != 0 || geteuid() == 0)
		return 0;
	if (seteuid(0) < 0 || setegid(0) < 0)
		return err_set_errno(err, "back to root");
	return 0;
}

int
privileges_outlive_user(struct err *err)
{
	if (geteuid() == 0 &&
	    prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) < 0)
		return err_set_errno(err, "secure bits");
	return 0;
}

int
privileges_keep(uint64_t keep, struct err *err)
{
	struct __user_cap_header_struct head = {
	    .version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set_errno(err, "no_new_privs");
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	/* needs a capability itself, which not everybody has: without it
	 * no_new_privs keeps the rest from coming back */
	for (int i = 0; i <= CAPABILITY_LAST; i++)
		if (!(keep >> i & 1))
			prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	if (syscall(SYS_capget, &head, data) < 0)
		return err_set_errno(err, "capabilities");
	for (int i = 0; i < 2; i++) {
		uint32_t some = (uint32_t)(keep >> (32 * i));

		data[i].effective &= some;
		data[i].permitted &= some;
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &head, data) < 0)
		return err_set_errno(err, "capabilities");
	return 0;
}
