/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The limits around the engine: what shares an account and what does not, who
 * is spared, what becomes of what is over, and the engine's empty answers.
 */
#include "dataplane/limit/limits.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/dns.h"
#include "base/limited.h"
#include "tests/unit/answer_rig.h"
#include "tests/unit/unit_run.h"

enum { HZ = 1000000000, NOW = 2000000000 };

static struct config_limit config;
static struct limits limits;
static struct limiter limiter;
static void *memory;
static struct err err;

#define OK(call) ck_assert_msg((call) == 0, "%s", err.text)

static void
config_reset(void)
{
	config = (struct config_limit){.rrl = CONFIG_RRL_ON,
	    .responses_per_second = 100,
	    .responses_burst = 10,
	    .slip = 2,
	    .ipv4_prefix = 24,
	    .ipv6_prefix = 56,
	    .client_ipv4_prefix = 32,
	    .client_ipv6_prefix = 64,
	    .accounts = 1024};
}

static void
start(unsigned cores)
{
	OK(limits_from_config(&limits, &config, &err));
	free(memory);
	memory = aligned_alloc(64, limiter_bytes(&limits) + 64);
	memset(memory, 0, limiter_bytes(&limits) + 64);
	limiter_init(&limiter, &limits, memory, cores, HZ);
}

static struct answer_query
query_of(const uint8_t *client, unsigned bytes, unsigned verdict, uint64_t name)
{
	return (struct answer_query){.client = client,
	    .client_bytes = (uint8_t)bytes,
	    .verdict = (uint8_t)verdict,
	    .key_hash = name};
}

/* How many of n alike go out whole. */
static unsigned
respond(struct answer_query q, unsigned n)
{
	unsigned sent = 0;

	while (n--) {
		struct answer_query copy = q;

		limiter_respond(&limiter, NOW, &copy, 1);
		sent += copy.verdict == q.verdict;
	}
	return sent;
}

static const uint8_t a1[4] = {192, 0, 2, 1}, a2[4] = {192, 0, 2, 254},
		     b1[4] = {192, 0, 3, 1};
static const uint8_t c1[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0x11, 1},
		     c2[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0xff, 2},
		     d1[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 1, 0x11, 1};

START_TEST(what_shares_an_account)
{
	config_reset();
	start(1);
	ck_assert_uint_eq(respond(query_of(a1, 4, VERDICT_ANSWER, 7), 50), 10);
	/* the same prefix, an alias of the same name */
	ck_assert_uint_eq(respond(query_of(a2, 4, VERDICT_ANSWER, 7), 50), 0);
	ck_assert_uint_eq(respond(query_of(a2, 4, VERDICT_CNAME, 7), 50), 0);
	/* another name, kind, prefix */
	ck_assert_uint_eq(respond(query_of(a2, 4, VERDICT_ANSWER, 8), 50), 10);
	ck_assert_uint_eq(respond(query_of(a2, 4, VERDICT_NODATA, 7), 50), 10);
	ck_assert_uint_eq(
	    respond(query_of(a2, 4, VERDICT_NXDOMAIN, 7), 50), 10);
	ck_assert_uint_eq(
	    respond(query_of(a2, 4, VERDICT_REFERRAL, 7), 50), 10);
	ck_assert_uint_eq(respond(query_of(b1, 4, VERDICT_ANSWER, 7), 50), 10);
	ck_assert_uint_eq(respond(query_of(c1, 16, VERDICT_ANSWER, 7), 50), 10);
	ck_assert_uint_eq(respond(query_of(c2, 16, VERDICT_ANSWER, 7), 50), 0);
	ck_assert_uint_eq(respond(query_of(d1, 16, VERDICT_ANSWER, 7), 50), 10);
}
END_TEST

/* Errors of all sorts and names share one account, and leak as they are. */
START_TEST(errors_are_one_kind)
{
	static const unsigned errors[] = {VERDICT_REFUSED, VERDICT_FORMERR,
	    VERDICT_NOTIMP, VERDICT_NOTAUTH, VERDICT_BADVERS, VERDICT_SERVFAIL,
	    VERDICT_YXDOMAIN, VERDICT_DENIED};
	unsigned sent = 0;

	config_reset();
	start(1);
	for (unsigned i = 0; i < 80; i++)
		sent += respond(query_of(a1, 4, errors[i % 8], i), 1);
	ck_assert_uint_eq(sent, 10 + 35);
}
END_TEST

START_TEST(over_is_dropped_or_slipped)
{
	struct answer_query q[40];
	unsigned whole = 0, slipped = 0, dropped = 0;

	config_reset();
	start(1);
	for (unsigned i = 0; i < 40; i++)
		q[i] = query_of(a1, 4, VERDICT_ANSWER, 1);
	limiter_respond(&limiter, NOW, q, 40);
	for (unsigned i = 0; i < 40; i++) {
		whole += q[i].verdict == VERDICT_ANSWER;
		slipped += q[i].verdict == VERDICT_SLIPPED;
		dropped += q[i].verdict == VERDICT_DROP_LIMITED;
	}
	ck_assert_uint_eq(whole, 10);
	ck_assert_uint_eq(slipped, 15);
	ck_assert_uint_eq(dropped, 15);
}
END_TEST

START_TEST(cookies_and_exempt_are_spared)
{
	struct answer_query q = query_of(a1, 4, VERDICT_ANSWER, 1);

	config_reset();
	start(1);
	ck_assert_uint_eq(respond(q, 100), 10 + 45 * 0);
	q.limit_class = LIMIT_CLASS_EXEMPT;
	ck_assert_uint_eq(respond(q, 100), 100);
	q.limit_class = LIMIT_CLASS_PLAIN;
	q.cookie = ANSWER_COOKIE_VALID;
	ck_assert_uint_eq(respond(q, 100), 100);
	ck_assert_uint_eq(limiter.tally.cookies, 100);
	q.cookie = ANSWER_COOKIE_CLIENT; /* anybody can send one */
	ck_assert_uint_eq(respond(q, 100), 0);
	/* what is dropped already stays so, and costs nothing */
	q = query_of(b1, 4, VERDICT_DROP_SHORT, 1);
	ck_assert_uint_eq(respond(q, 100), 100);
	q.verdict = VERDICT_ANSWER;
	ck_assert_uint_eq(respond(q, 100), 10);
}
END_TEST

START_TEST(mode_log_changes_nothing)
{
	config_reset();
	config.rrl = CONFIG_RRL_LOG;
	start(1);
	ck_assert_uint_eq(
	    respond(query_of(a1, 4, VERDICT_ANSWER, 1), 110), 110);
	ck_assert_uint_eq(limiter.tally.would_drop, 50);
	ck_assert_uint_eq(limiter.tally.would_slip, 50);
}
END_TEST

START_TEST(two_cores_give_half_each)
{
	config_reset();
	start(2);
	ck_assert_uint_eq(respond(query_of(a1, 4, VERDICT_ANSWER, 1), 100), 5);
}
END_TEST

static unsigned
admit(const uint8_t *client, unsigned bytes, struct prefix_set *p, unsigned n)
{
	unsigned admitted = 0;

	while (n--) {
		struct answer_query q = query_of(client, bytes, 0, 0);

		admitted += limiter_admit(&limiter, p, NOW, &q, 1);
		ck_assert(q.verdict == LIMIT_ADMITTED ||
			  q.verdict == VERDICT_DROP_BUDGET);
	}
	return admitted;
}

START_TEST(a_client_has_a_budget)
{
	char *exempt[] = {(char *)"192.0.3.0/24"};
	struct prefix_set *p;

	config_reset();
	config.rrl = CONFIG_RRL_OFF;
	config.queries_per_second = 20;
	config.exempt = exempt;
	config.nexempt = 1;
	start(1);
	OK(limits_prefixes(&p, &limits, &err));
	ck_assert_uint_eq(admit(a1, 4, p, 100), 20);
	ck_assert_uint_eq(admit(a2, 4, p, 100), 20); /* another address */
	ck_assert_uint_eq(admit(b1, 4, p, 100), 100);
	ck_assert_uint_eq(admit(c1, 16, p, 100), 20);
	prefix_set_free(&p);
}
END_TEST

/* Prefixes are looked at first: whom they deny has no account. */
START_TEST(prefixes_decide_first)
{
	char *deny[] = {(char *)"192.0.2.0/24"},
	     *allow[] = {(char *)"192.0.2.1"};
	struct answer_query q[3];
	struct prefix_set *p;

	config_reset();
	config.deny = deny;
	config.allow = allow;
	config.ndeny = config.nallow = 1;
	for (unsigned refuse = 0; refuse < 2; refuse++) {
		config.denied =
		    refuse ? CONFIG_DENIED_REFUSE : CONFIG_DENIED_DROP;
		start(1);
		OK(limits_prefixes(&p, &limits, &err));
		q[0] = query_of(a1, 4, 0, 0);
		q[1] = query_of(a2, 4, 0, 0);
		q[2] = query_of(c1, 16, 0, 0);
		ck_assert_uint_eq(limiter_admit(&limiter, p, NOW, q, 3), 2);
		ck_assert_uint_eq(q[0].verdict, LIMIT_ADMITTED);
		ck_assert_uint_eq(q[1].verdict,
		    refuse ? VERDICT_DENIED : VERDICT_DROP_DENIED);
		ck_assert_uint_eq(q[2].verdict, LIMIT_ADMITTED);
		prefix_set_free(&p);
	}
}
END_TEST

START_TEST(bad_lists_are_named)
{
	struct prefix_set *p;

	config_reset();
	config.deny_from = (char *)"/nonexistent/deny";
	start(1);
	ck_assert_int_eq(limits_prefixes(&p, &limits, &err), ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "/nonexistent/deny"));
	ck_assert_ptr_null(p);
	config.deny_from = NULL;
	OK(limits_prefixes(&p, &limits, &err));
	ck_assert_ptr_null(p);
}
END_TEST

/* The most limited of all blocks together, first. */
START_TEST(the_most_limited_are_shown)
{
	const char *labels[] = {"core 1", "core 2"};
	char path[] = "/tmp/holdfast-limited-XXXXXX", text[PREFIX_TEXT_MAX];
	struct limited_prefix top[LIMITED_PLACES];
	struct counters *c, *reader;

	ck_assert_ptr_nonnull(mkdtemp(path));
	ck_assert_int_eq(chdir(path), 0);
	OK(limited_create(&c, "limited", labels, 2, &err));
	config_reset();
	start(1);
	for (unsigned core = 0; core < 2; core++) {
		limiter.top =
		    (struct limited_block){.values = counters_block(c, core)};
		respond(query_of(a1, 4, VERDICT_ANSWER, core + 1), 100);
		respond(query_of(c1, 16, VERDICT_ANSWER, core + 1), 50);
	}
	OK(counters_open(&reader, "limited", &err));
	ck_assert_uint_eq(limited_read(reader, top, LIMITED_PLACES), 2);
	ck_assert_str_eq(prefix_text(text, &top[0].prefix), "192.0.2.0/24");
	ck_assert_uint_eq(top[0].count, 180);
	ck_assert_str_eq(prefix_text(text, &top[1].prefix), "2001:db8::/56");
	ck_assert_uint_eq(top[1].count, 80);
	/* a thousand others pass through: the most limited are still there */
	for (unsigned i = 0; i < 1000; i++)
		limited_count(&limiter.top, i << 8, 0, LIMITED_KIND_V4 | 24);
	ck_assert_uint_eq(limited_read(reader, top, 1), 1);
	ck_assert_str_eq(prefix_text(text, &top[0].prefix), "192.0.2.0/24");
	counters_close(&reader);
	counters_close(&c);
	unlink("limited");
	rmdir(path);
}
END_TEST

/* The engine's part: TC, the question, OPT, and nothing else. */
START_TEST(slipped_answers_are_empty)
{
	static const uint8_t query[] = "\x12\x34\1\0\0\1\0\0\0\0\0\1"
				       "\3www\2ex\4test\0\0\1\0\1"
				       "\0\0\x29\4\xd0\0\0\0\0\0";
	enum { QUERY = sizeof query, QUESTION_END = 12 + 13 + 4 };
	struct text_zone zone = {.apex = "ex.test.",
	    .text = "@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\n"
		    "www 60 A 192.0.2.1\n"};
	uint8_t *m = malloc(ANSWER_BUFFER_MIN);
	struct answer_query q;
	struct query_ctx ctx = {.transport = ANSWER_UDP};
	struct rig r;

	rig_open(&r, &zone, 1);
	ctx.config = &r.config;
	for (unsigned v = VERDICT_ANSWER; v <= VERDICT_NXDOMAIN; v++) {
		memcpy(m, query, QUERY);
		if (v == VERDICT_NXDOMAIN)
			m[13] = 'x';
		q = query_of(a1, 4, 0, 0);
		q.message = m;
		q.bytes = QUERY;
		q.capacity = ANSWER_BUFFER_MIN;
		answer_batch_find(r.batch, r.g, &ctx, &q, 1);
		q.verdict = VERDICT_SLIPPED;
		answer_batch_write(r.batch, r.g, &ctx, &q, 1);
		ck_assert_uint_eq(q.verdict, VERDICT_SLIPPED);
		ck_assert_uint_eq(q.response_bytes, QUESTION_END + 11);
		ck_assert_uint_eq(m[2], 0x87); /* QR AA TC RD */
		ck_assert_uint_eq(m[3], v == VERDICT_NXDOMAIN ? 3 : 0);
		ck_assert_int_eq(memcmp(m + 4, "\0\1\0\0\0\0\0\1", 8), 0);
		ck_assert_int_eq(memcmp(m + QUESTION_END, "\0\0\x29", 3), 0);
	}
	free(m);
	rig_close(&r);
}
END_TEST

/* Denied clients learn that they are (RFC 8914 section 4.19), and no name. */
START_TEST(denied_are_told_so)
{
	static const uint8_t queries[2][45] = {
	    "\x12\x34\1\0\0\1\0\0\0\0\0\1\2id\6server\0\0\x10\0\3"
	    "\0\0\x29\4\xd0\0\0\0\0\0",
	    "\x12\x34\1\0\0\1\0\0\0\0\0\1\2ex\6test.x\0\0\1\0\1"
	    "\0\0\x29\4\xd0\0\0\0\0\0"};
	const struct answer_config nobody = {.udp_max = 1232};
	const struct query_ctx ctx = {
	    .transport = ANSWER_UDP, .config = &nobody, .prohibited = true};
	struct answer_batch *b = answer_batch_new();
	uint8_t *m = malloc(ANSWER_BUFFER_MIN);

	for (unsigned i = 0; i < 2; i++) {
		struct answer_query q = query_of(a1, 4, VERDICT_DENIED, 0);

		memcpy(m, queries[i], 12 + 11 + 4 + 11);
		q.message = m;
		q.bytes = 12 + 11 + 4 + 11;
		q.capacity = ANSWER_BUFFER_MIN;
		answer_batch_find(b, &answer_nothing, &ctx, &q, 1);
		limits_name_denied(&q, 1);
		answer_batch_write(b, &answer_nothing, &ctx, &q, 1);
		ck_assert_uint_eq(q.verdict, VERDICT_DENIED);
		ck_assert_uint_eq(m[3] & 15, DNS_RCODE_REFUSED);
		if (i == 1) {
			ck_assert_uint_eq(
			    q.response_bytes, 12 + 11 + 4 + 11 + 6);
			ck_assert_uint_eq(
			    m[q.response_bytes - 1], DNS_EDE_PROHIBITED);
		}
	}
	free(m);
	answer_batch_free(b);
}
END_TEST

UNIT_MAIN("limits", what_shares_an_account, errors_are_one_kind,
    over_is_dropped_or_slipped, cookies_and_exempt_are_spared,
    mode_log_changes_nothing, two_cores_give_half_each, a_client_has_a_budget,
    prefixes_decide_first, bad_lists_are_named, the_most_limited_are_shown,
    slipped_answers_are_empty, denied_are_told_so)
