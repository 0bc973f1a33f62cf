/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Starting from the store alone; see activation_boot(). Management thread.
 */
#include <stdlib.h>

#include "base/log.h"
#include "dataplane/poll/activation.h"
#include "dataplane/poll/protected_names.h"
#include "snapshot/load.h"

/* A predecessor's page says that this generation was not proven yet when it
 * died: then it is not proven by that. */
static struct probation *
inherit_probation(struct activation *a, const struct digest *digest)
{
	struct probation *stable = NULL, *candidate = NULL;
	uint64_t now = a->now_ms();
	struct page_state s;

	if (!a->page || !page_read_probation(a->page, &s, &stable, &candidate))
		return NULL;
	probation_free(&candidate);
	/* the clock begins anew when the machine does */
	if (!digest_equal(&s.stable, digest) || s.soak_until_ms <= now ||
	    s.soak_until_ms - now > ACTIVATION_DEADLINE_MS_MAX)
		probation_free(&stable);
	if (stable)
		a->soak_until_ms = s.soak_until_ms;
	return stable;
}

static int
boot_from(struct activation *a, const struct digest *digest, struct err *err)
{
	struct probation *probation = NULL;
	struct generation *g = NULL;
	struct err lost;
	int rc = activation_load(a, digest, &g, err);

	/* what was committed is served: it may be all that there is */
	if (!rc && a->protected_names &&
	    protected_names_check(a->protected_names, g, &lost))
		log_error("%s; it is served, for it was committed", lost.text);
	if (!rc) {
		probation = inherit_probation(a, digest);
		rc = activation_set_stable(a, &g, &probation, a->number, err);
	}
	probation_free(&probation);
	generation_free(&g);
	return rc;
}

/* True if a rollback has left it: bytes may be sound and still be wrong. An
 * unreadable list condemns nothing; what is in it is only a preference. */
static bool
is_condemned(const struct store_condemned *list, size_t count,
    const struct digest *generation)
{
	for (size_t i = 0; i < count; i++)
		if (digest_equal(&list[i].generation, generation))
			return true;
	return false;
}

static int
boot_from_list(struct activation *a, struct err *err)
{
	struct store_entry *list = NULL;
	struct store_condemned *condemned = NULL;
	size_t count = 0, ncondemned = 0;
	struct err one;
	int rc = store_list(a->store, &list, &count, err);

	if (rc)
		return rc;
	if (store_condemned_read(a->store, &condemned, &ncondemned, &one))
		log_warn("%s", one.text);
	rc = err_set(err, ERR_NOT_FOUND,
	    "store %s has no sound generation to serve; compile zones "
	    "(holdfastd or `holdfast compile`)",
	    store_dir(a->store));
	for (size_t i = 0; i < count && rc; i++) {
		if (list[i].is_candidate || list[i].is_current ||
		    is_condemned(condemned, ncondemned, &list[i].digest))
			continue;
		rc = boot_from(a, &list[i].digest, &one);
		if (rc)
			log_error("%s", one.text);
		else
			log_warn("booted from a generation before the current");
	}
	free(condemned);
	free(list);
	return rc;
}

static int
boot(struct activation *a, struct err *err)
{
	int rc = store_current_read(a->store, &a->current, err);

	if (!rc && a->current.activation > a->number)
		a->number = a->current.activation;
	if (!rc && digest_is_zero(&a->current.generation))
		return err_set(err, ERR_NOT_FOUND,
		    "store %s has no generation yet; compile zones (holdfastd "
		    "or `holdfast compile`)",
		    store_dir(a->store));
	if (!rc)
		rc = boot_from(a, &a->current.generation, err);
	if (!rc)
		return 0;
	log_error("%s", err->text);
	return boot_from_list(a, err);
}

int
activation_boot(struct activation *a, struct err *err)
{
	int rc = boot(a, err);

	/* the page may still say what a predecessor served */
	if (rc)
		activation_write_page(a);
	return rc;
}
