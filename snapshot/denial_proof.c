/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Blocks of proofs of absence; see denial_proof.h. Runs in control and tools.
 */
#include "snapshot/denial_proof.h"

#include "base/name.h"
#include "snapshot/node_builder.h"

int
denial_proof_append(struct bytes *out, struct block_builder *b,
    const struct zone_plan *p, uint32_t first, uint32_t count, uint16_t type,
    struct err *err)
{
	const struct plan_node owner = {.first = first, .count = count};
	struct node_rrset set = node_rrset_find(p, &owner, type);
	struct node_rrset signatures = node_signatures_find(p, &owner, type);
	const uint8_t *name = record_owner(p->zone, set.first);
	char text[NAME_TEXT_MAX];

	block_start(b, p->zone, name, RELOC_OWNER);
	block_rrset_add(
	    b, block_own(b), MARK_ANSWER, set.first, set.count, UINT32_MAX);
	if (signatures.count > 0)
		block_rrset_add(b, block_own(b), MARK_ANSWER, signatures.first,
		    signatures.count, UINT32_MAX);
	if (block_fault_get(b) != BLOCK_SOUND)
		return err_set(err, ERR_LIMIT,
		    "%s %s: the RRset, with its signatures, is longer than a "
		    "message can be",
		    name_to_text(text, name),
		    type == DNS_TYPE_NSEC ? "NSEC" : "NSEC3");
	block_write(b, out);
	return 0;
}
