/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What became of a query. One row a verdict: enum value, name of its counter,
 * whether a response is sent, and what it means. Each query gets exactly one;
 * the poll cores add verdicts of their own for packets that are no query
 * (dataplane/poll/packet_verdict.h).
 */
#ifndef HOLDFAST_VERDICT_H
#define HOLDFAST_VERDICT_H

/* clang-format off */
#define VERDICTS(X) \
	X(ANSWER,          "answer",          1, "records of the type asked for") \
	X(CNAME,           "cname",           1, "a CNAME or DNAME chain, whatever it ended in") \
	X(REFERRAL,        "referral",        1, "a delegation below the name asked for") \
	X(NODATA,          "nodata",          1, "the name exists, the type does not") \
	X(NXDOMAIN,        "nxdomain",        1, "the name does not exist") \
	X(TRUNCATED,       "truncated",       1, "TC set: the answer did not fit") \
	X(REFUSED,         "refused",         1, "not a name of our zones, or not our class") \
	X(FORMERR,         "formerr",         1, "a message that breaks the format") \
	X(NOTIMP,          "notimp",          1, "an opcode or meta type we do not implement") \
	X(NOTAUTH,         "notauth",         1, "a transfer, or a signature with a key that we do not share") \
	X(BADVERS,         "badvers",         1, "an EDNS version above 0") \
	X(YXDOMAIN,        "yxdomain",        1, "a DNAME made the name too long") \
	X(SERVFAIL,        "servfail",        1, "no generation is loaded") \
	X(CHAOS,           "chaos",           1, "an identity name of class CH") \
	X(COOKIE,          "cookie",          1, "no question, a cookie alone") \
	X(BADCOOKIE,       "badcookie",       1, "no valid server cookie where one is required") \
	X(DENIED,          "denied",          1, "REFUSED: the client is in a denied prefix") \
	X(SLIPPED,         "slipped",         1, "over the response rate limit, answered empty with TC set") \
	X(DROP_SHORT,      "drop_short",      0, "less than a header") \
	X(DROP_RESPONSE,   "drop_response",   0, "QR set: answering answers makes loops") \
	X(DROP_DENIED,     "drop_denied",     0, "the client is in a denied prefix") \
	X(DROP_BUDGET,     "drop_budget",     0, "over the client's query budget") \
	X(DROP_LIMITED,    "drop_limited",    0, "over the response rate limit") \
	X(DROP_QUARANTINED, "drop_quarantined", 0, "a query that has crashed this program: see holdfast quarantine")
/* clang-format on */

enum verdict {
#define VERDICT_ENUM(name, text, sent, meaning) VERDICT_##name,
	VERDICTS(VERDICT_ENUM)
#undef VERDICT_ENUM
	    VERDICT_COUNT
};

/* "nxdomain"; "?" for what is no verdict. */
const char *verdict_name(enum verdict v);
/* The sentence of the table. */
const char *verdict_meaning(enum verdict v);

/* Rows behind DENIED are what limits (dataplane/limit) make of a verdict. */
static inline _Bool
verdict_is_sent(enum verdict v)
{
	return v < VERDICT_DROP_SHORT;
}

#endif
