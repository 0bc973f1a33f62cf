/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A zone signed with the keys that are in the directory, which take the steps
 * that are due on the way. Worker thread of holdfastd, and `holdfast compile`;
 * secrets are in memory for the time of the call.
 */
#ifndef HOLDFAST_ZONE_SIGNER_H
#define HOLDFAST_ZONE_SIGNER_H

#include "control/sign/key_directory.h"
#include "control/sign/sign_zone.h"

struct zone_signer {
	const char *keys_path;
	const struct config_policy *policy;
	const struct zone_records *served;   /* live; NULL: nothing */
	const struct zone_records *previous; /* as sign_options has it */
	uint64_t now;
	bool keys_fixed; /* keys are read, and take no step */
	/* `now` is right whatever the served signatures say; else they may not
	 * begin later */
	bool now_is_known;
	/* out */
	bool now_contradicted; /* by what is served */
	struct sign_result result;
	uint64_t due; /* when to come again: signatures, or a key's step */
	/* a key waits to see itself in what is served: come again when that
	 * has changed */
	bool publication_awaited;
	struct key_stamp stamp; /* of the keys that were used; set even if the
	                           zone could not be signed */
};

/* ERR_BUSY: somebody is changing keys, try again; ERR_REFUSED: what is served
 * is signed by keys that are not there, or later than now. */
int zone_signer_run(
    struct zone_signer *s, const struct zone_records *source, struct err *err);

#endif
