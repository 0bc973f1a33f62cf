/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names of packet verdicts, for counters and manuals. Any thread; allocates
 * nothing.
 */
#include "dataplane/poll/packet_verdict.h"

static const struct {
	const char *name, *meaning;
} rows[] = {
#define PACKET_VERDICT_ROW(name, text, meaning) {text, meaning},
    PACKET_VERDICTS(PACKET_VERDICT_ROW)
#undef PACKET_VERDICT_ROW
};

const char *
packet_verdict_name(unsigned v)
{
	if (v < VERDICT_COUNT)
		return verdict_name(v);
	return v < PACKET_VERDICT_COUNT ? rows[v - VERDICT_COUNT].name : "?";
}

const char *
packet_verdict_meaning(unsigned v)
{
	if (v < VERDICT_COUNT)
		return verdict_meaning(v);
	return v < PACKET_VERDICT_COUNT ? rows[v - VERDICT_COUNT].meaning : "?";
}
