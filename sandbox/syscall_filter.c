/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Seccomp filters by libseccomp (syscall_filter.h). Runs before threads start;
 * the library frees what it allocates.
 */
#include "sandbox/syscall_filter.h"

#include <errno.h>
#include <string.h>

static int
add_rules(scmp_filter_ctx filter, const struct syscall_table *t)
{
	int rc = 0;

	for (size_t i = 0; i < t->nallowed && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, t->allowed[i], 0);
	for (size_t i = 0; i < t->nlimits && rc == 0; i++) {
		const struct syscall_limit *l = &t->limits[i];
		const struct scmp_arg_cmp c = {.arg = l->argument,
		    .op = SCMP_CMP_MASKED_EQ,
		    .datum_a = l->mask,
		    .datum_b = l->value};

		rc = seccomp_rule_add_array(
		    filter, SCMP_ACT_ALLOW, l->number, 1, &c);
	}
	for (size_t i = 0; i < t->nfailures && rc == 0; i++)
		rc = seccomp_rule_add(filter,
		    SCMP_ACT_ERRNO((uint32_t)t->failures[i].cause),
		    t->failures[i].number, 0);
	return rc;
}

int
syscall_filter_load(const struct syscall_table *t, struct err *err)
{
	scmp_filter_ctx filter = seccomp_init(t->otherwise);
	int rc;

	if (!filter)
		return err_set(err, ERR_NO_MEMORY, "no memory for seccomp");
	rc = seccomp_attr_set(
	    filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (rc == 0 && t->all_threads)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (rc == 0)
		rc = add_rules(filter, t);
	/* an older library searches the calls one after the other */
	if (rc == 0) {
		seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
		rc = seccomp_load(filter);
	}
	seccomp_release(filter);
	if (rc == 0)
		return 0;
	errno = -rc;
	return err_set_errno(err, "seccomp");
}
