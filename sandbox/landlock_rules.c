/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Landlock by its system calls (landlock_rules.h): the C library has no wrapper
 * for them, and headers are older than kernels. Nothing is allocated.
 */
#include "sandbox/landlock_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of linux/landlock.h, which may be older than the kernel that this runs on. */
enum {
	CREATE_VERSION = 1,
	RULE_PATH_BENEATH = 1,
	VERSION_REFER = 2,
	VERSION_TRUNCATE = 3,
	VERSION_IOCTL = 5,
};

#define FS_EXECUTE    (1ull << 0)
#define FS_WRITE_FILE (1ull << 1)
#define FS_READ_FILE  (1ull << 2)
#define FS_READ_DIR   (1ull << 3)
#define FS_ALL_FIRST  ((1ull << 13) - 1) /* of version 1 */
#define FS_REFER      (1ull << 13)
#define FS_TRUNCATE   (1ull << 14)
#define FS_IOCTL_DEV  (1ull << 15)
#define FS_MAKE_CHAR  (1ull << 6)
#define FS_MAKE_BLOCK (1ull << 11)
/* What may be given to a file; the rest is about folders. */
#define FS_OF_FILES (FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE)

struct ruleset_attribute {
	uint64_t handled_fs;
};

struct path_attribute {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

static uint64_t
handled(unsigned version)
{
	uint64_t all = FS_ALL_FIRST;

	if (version >= VERSION_REFER)
		all |= FS_REFER;
	if (version >= VERSION_TRUNCATE)
		all |= FS_TRUNCATE;
	if (version >= VERSION_IOCTL)
		all |= FS_IOCTL_DEV;
	return all;
}

int
landlock_rules_open(struct landlock_rules *r, struct err *err)
{
	struct ruleset_attribute a;
	long version =
	    syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);

	*r = (struct landlock_rules){.fd = -1};
	if (version < 1)
		return 0;
	r->version = (unsigned)version;
	a.handled_fs = handled(r->version);
	r->fd = (int)syscall(SYS_landlock_create_ruleset, &a, sizeof a, 0);
	if (r->fd < 0)
		return err_set_errno(err, "Landlock");
	return 0;
}

int
landlock_rules_grant(struct landlock_rules *r, const char *path,
    enum landlock_grant grant, struct err *err)
{
	const uint64_t read = FS_READ_FILE | FS_READ_DIR;
	const uint64_t write =
	    handled(r->version) & ~(FS_EXECUTE | FS_MAKE_CHAR | FS_MAKE_BLOCK);
	struct path_attribute a = {
	    .allowed = grant == LANDLOCK_GRANT_READ ? read : write};
	struct stat st;
	int rc = 0;

	if (r->fd < 0)
		return 0;
	a.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (a.parent_fd < 0)
		return errno == ENOENT || errno == EACCES || errno == ENOTDIR
		           ? 0
		           : err_set_errno(err, "%s", path);
	if (fstat(a.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		a.allowed &= FS_OF_FILES;
	if (syscall(SYS_landlock_add_rule, r->fd, RULE_PATH_BENEATH, &a, 0) < 0)
		rc = err_set_errno(err, "Landlock: %s", path);
	close(a.parent_fd);
	return rc;
}

int
landlock_rules_bind(const struct landlock_rules *r, struct err *err)
{
	if (r->fd >= 0 && syscall(SYS_landlock_restrict_self, r->fd, 0) < 0)
		return err_set_errno(err, "Landlock");
	return 0;
}

int
landlock_rules_enforce(struct landlock_rules *r, struct err *err)
{
	int rc = landlock_rules_bind(r, err);

	landlock_rules_close(r);
	return rc;
}

void
landlock_rules_close(struct landlock_rules *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}
