/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Server cookies: the examples of RFC 9018 appendix A, the hash against
 * libcrypto's SipHash, time windows, roll-overs; then the COOKIE option in
 * whole messages: its lengths, who gets BADCOOKIE, queries without a question.
 */
#include <check.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/wire.h"
#include "dataplane/answer/cookie.h"
#include "tests/unit/answer_rig.h"
#include "tests/unit/option_query.h"
#include "tests/unit/unit_run.h"

static void
from_hex(uint8_t *out, const char *hex)
{
	for (; *hex; hex += 2)
		ck_assert_int_eq(sscanf(hex, "%2hhx", out++), 1);
}

static struct cookie_secrets
secrets_of(const char *first, const char *second)
{
	uint8_t octets[COOKIE_SECRETS_MAX][COOKIE_SECRET_BYTES];
	struct cookie_secrets s;

	from_hex(octets[0], first);
	if (second)
		from_hex(octets[1], second);
	cookie_secrets_set(&s, (const void *)octets, second ? 2 : 1);
	return s;
}

#define SECRET_A   "e5e973e5a6b2a43f48e7dc849e37bfcf"
#define SECRET_OLD "dd3bdf9344b678b185a6f5cb60fca715"
#define SECRET_NEW "445536bcd2513298075a5d379663c962"

static const uint8_t client_1[] = {198, 51, 100, 100};
static const uint8_t client_2[] = {203, 0, 113, 203};
static const uint8_t client_6[] = {0x20, 0x01, 0x0d, 0xb8, 0x02, 0x20, 0, 1,
    0x59, 0xde, 0xd0, 0xf4, 0x87, 0x69, 0x82, 0xb8};

/* RFC 9018 appendix A. A.3 is answered 112 minutes after its cookie was made:
 * valid within the hour, renewed alike. */
static const struct {
	const char *first, *second;
	const uint8_t *client;
	unsigned client_bytes;
	uint32_t now;
	const char *query, *response;
	enum answer_cookie said;
} examples[] = {
    {SECRET_A, NULL, client_1, 4, 1559731985, "2464c4abcf10c957",
	"2464c4abcf10c957010000005cf79f111f8130c3eee29480",
	ANSWER_COOKIE_CLIENT},
    {SECRET_A, NULL, client_1, 4, 1559734385,
	"2464c4abcf10c957010000005cf79f111f8130c3eee29480",
	"2464c4abcf10c957010000005cf7a871d4a564a1442aca77",
	ANSWER_COOKIE_VALID},
    {SECRET_A, NULL, client_2, 4, 1559734700,
	"fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5",
	"fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e",
	ANSWER_COOKIE_CLIENT},
    {SECRET_NEW, SECRET_OLD, client_6, 16, 1559741961,
	"22681ab97d52c298010000005cf7c57926556bd0934c72f8",
	"22681ab97d52c298010000005cf7c609a6bb79d16625507a",
	ANSWER_COOKIE_VALID},
};

START_TEST(examples_of_the_rfc)
{
	for (unsigned i = 0; i < sizeof examples / sizeof *examples; i++) {
		struct cookie_secrets s =
		    secrets_of(examples[i].first, examples[i].second);
		uint8_t query[40], want[COOKIE_BYTES], got[COOKIE_BYTES];
		unsigned bytes = (unsigned)strlen(examples[i].query) / 2;

		from_hex(query, examples[i].query);
		from_hex(want, examples[i].response);
		ck_assert_int_eq(
		    cookie_take(got, &s, examples[i].now, query, bytes,
			examples[i].client, examples[i].client_bytes),
		    examples[i].said);
		ck_assert_mem_eq(got, want, COOKIE_BYTES);
	}
}
END_TEST

/* Reserved octets are part of the hash: A.3's cookie when it was young. */
START_TEST(reserved_octets_are_hashed)
{
	struct cookie_secrets s = secrets_of(SECRET_A, NULL);
	uint8_t query[COOKIE_BYTES], got[COOKIE_BYTES];

	from_hex(query, "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5");
	ck_assert_int_eq(
	    cookie_take(got, &s, 1559727985, query, COOKIE_BYTES, client_2, 4),
	    ANSWER_COOKIE_VALID);
	ck_assert_uint_eq(wire_load32(got + 8), 0x01000000);
	query[10] ^= 1;
	ck_assert_int_eq(
	    cookie_take(got, &s, 1559727985, query, COOKIE_BYTES, client_2, 4),
	    ANSWER_COOKIE_CLIENT);
}
END_TEST

static void
sip_of_library(
    uint8_t out[8], const uint8_t key[16], const uint8_t *message, size_t bytes)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
	EVP_MAC_CTX *c = EVP_MAC_CTX_new(mac);
	size_t size = 8, n = 0;
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_size_t("size", &size), OSSL_PARAM_END};

	ck_assert(c != NULL);
	ck_assert_int_eq(EVP_MAC_init(c, key, 16, params), 1);
	ck_assert_int_eq(EVP_MAC_update(c, message, bytes), 1);
	ck_assert_int_eq(EVP_MAC_final(c, out, &n, 8), 1);
	ck_assert_uint_eq(n, 8);
	EVP_MAC_CTX_free(c);
	EVP_MAC_free(mac);
}

static uint8_t
random_octet(void)
{
	static uint64_t state = 1;
	uint64_t z = (state += 0x9e3779b97f4a7c15ull);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	return (uint8_t)(z >> 40);
}

START_TEST(hash_is_the_librarys)
{
	for (unsigned i = 0; i < 400; i++) {
		uint8_t secret[1][COOKIE_SECRET_BYTES], got[COOKIE_BYTES];
		uint8_t message[32], want[8];
		unsigned client_bytes = i % 2 ? 16 : 4;
		struct cookie_secrets s;

		for (unsigned k = 0; k < 16; k++)
			secret[0][k] = random_octet();
		for (unsigned k = 0; k < 32; k++)
			message[k] = random_octet();
		cookie_secrets_set(&s, (const void *)secret, 1);
		cookie_take(got, &s, wire_load32(message + 12), message, 8,
		    message + 16, client_bytes);
		wire_store32(message + 8, 0x01000000);
		ck_assert_mem_eq(got, message, 16);
		sip_of_library(want, secret[0], message, 16 + client_bytes);
		ck_assert_mem_eq(got + 16, want, 8);
	}
}
END_TEST

/* Ages in seconds of a cookie, and what becomes of it; around the end of 32
 * bits as well. */
START_TEST(time_windows)
{
	static const struct {
		int age;
		bool valid, kept;
	} rows[] = {{0, true, true}, {1799, true, true}, {1800, true, false},
	    {3600, true, false}, {3601, false, false}, {-300, true, true},
	    {-301, false, false}, {INT32_MAX, false, false},
	    {INT32_MIN, false, false}};
	static const uint32_t makes[] = {1559731985, 0xffffff00, 100, 0};
	struct cookie_secrets s = secrets_of(SECRET_A, NULL);

	for (unsigned m = 0; m < 4; m++)
		for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
			uint8_t made[COOKIE_BYTES], got[COOKIE_BYTES];
			uint32_t now = makes[m] + (uint32_t)rows[i].age;

			cookie_take(made, &s, makes[m],
			    (const uint8_t *)"clientco", 8, client_6, 16);
			ck_assert_int_eq(cookie_take(got, &s, now, made,
					     COOKIE_BYTES, client_6, 16),
			    rows[i].valid ? ANSWER_COOKIE_VALID
					  : ANSWER_COOKIE_CLIENT);
			if (rows[i].kept)
				ck_assert_mem_eq(got, made, COOKIE_BYTES);
			else
				ck_assert_uint_eq(wire_load32(got + 12), now);
		}
}
END_TEST

START_TEST(who_else_it_is_not_valid_for)
{
	struct cookie_secrets s = secrets_of(SECRET_A, NULL);
	uint8_t made[COOKIE_BYTES], got[COOKIE_BYTES], long_one[40] = {0};

	cookie_take(
	    made, &s, 1000, (const uint8_t *)"clientco", 8, client_1, 4);
	ck_assert_int_eq(
	    cookie_take(got, &s, 1000, made, COOKIE_BYTES, client_2, 4),
	    ANSWER_COOKIE_CLIENT);
	for (unsigned bit = 0; bit < 8 * COOKIE_BYTES; bit++) {
		uint8_t other[COOKIE_BYTES];

		memcpy(other, made, COOKIE_BYTES);
		other[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(cookie_take(got, &s, 1000, other, COOKIE_BYTES,
				     client_1, 4),
		    ANSWER_COOKIE_CLIENT);
	}
	memcpy(long_one, made, COOKIE_BYTES);
	for (unsigned bytes = 16; bytes <= 40; bytes++)
		ck_assert_int_eq(
		    cookie_take(got, &s, 1000, long_one, bytes, client_1, 4),
		    bytes == COOKIE_BYTES ? ANSWER_COOKIE_VALID
					  : ANSWER_COOKIE_CLIENT);
}
END_TEST

/* The steps of an anycast set: nodes that have made a step and nodes that have
 * not yet accept each other's cookies. */
START_TEST(rollover_loses_nothing)
{
	struct cookie_secrets steps[] = {secrets_of(SECRET_OLD, NULL),
	    secrets_of(SECRET_OLD, SECRET_NEW),
	    secrets_of(SECRET_NEW, SECRET_OLD), secrets_of(SECRET_NEW, NULL)};

	for (unsigned from = 0; from + 1 < 4; from++)
		for (unsigned back = 0; back < 2; back++) {
			const struct cookie_secrets *maker =
			    &steps[from + back];
			const struct cookie_secrets *taker =
			    &steps[from + 1 - back];
			uint8_t made[COOKIE_BYTES], got[COOKIE_BYTES];
			bool lost = from == 2 && taker->count == 1 &&
			            maker->key[0][0] != taker->key[0][0];

			cookie_take(made, maker, 1000,
			    (const uint8_t *)"clientco", 8, client_1, 4);
			ck_assert_int_eq(cookie_take(got, taker, 1001, made,
					     COOKIE_BYTES, client_1, 4),
			    lost ? ANSWER_COOKIE_CLIENT : ANSWER_COOKIE_VALID);
			/* what goes back is the taker's own */
			ck_assert_int_eq(cookie_take(made, taker, 1001, got,
					     COOKIE_BYTES, client_1, 4),
			    ANSWER_COOKIE_VALID);
			ck_assert_mem_eq(made, got, COOKIE_BYTES);
		}
}
END_TEST

/* --- in messages ---------------------------------------------------------- */

static const struct text_zone zone = {"ex.test.",
    "$ORIGIN ex.test.\n$TTL 300\n@ SOA ns1 host 77 3600 600 86400 300\n"
    "@ NS ns1\nns1 A 192.0.2.1\nwww A 192.0.2.3\nc CNAME www\n",
    false};

struct asker {
	struct rig rig;
	struct cookie_secrets secrets;
};

static void
asker_open(struct asker *a)
{
	rig_open(&a->rig, &zone, 1);
	a->secrets = secrets_of(SECRET_A, NULL);
	a->rig.secrets = &a->secrets;
	a->rig.now = 1559731985;
	a->rig.client = client_1;
	a->rig.client_bytes = 4;
}

/* Asks for A of the name (NULL: no question) with a COOKIE option. */
static void
ask(struct asker *a, const char *name, const void *cookie, unsigned bytes,
    enum answer_transport transport)
{
	struct option_query q;

	option_query_begin(&q, name, DNS_TYPE_A);
	option_query_add(&q, DNS_OPTION_COOKIE, cookie, bytes);
	rig_send(&a->rig, q.message, q.bytes, transport);
}

static unsigned
rcode_of(const struct rig *r)
{
	const uint8_t *opt = option_response_opt(r);

	return (r->response[3] & 15u) | (opt ? opt[5] * 16u : 0);
}

static void
learn(struct asker *a, uint8_t cookie[COOKIE_BYTES])
{
	unsigned bytes;
	const uint8_t *p;

	ask(a, "www.ex.test.", "clientco", 8, ANSWER_UDP);
	p = option_response_find(&a->rig, DNS_OPTION_COOKIE, &bytes);
	ck_assert(p != NULL);
	ck_assert_uint_eq(bytes, COOKIE_BYTES);
	memcpy(cookie, p, COOKIE_BYTES);
}

START_TEST(lengths_of_the_option)
{
	/* the usual way, one without records, one that is composed, refused */
	static const char *const names[] = {
	    "www.ex.test.", "no.ex.test.", "c.ex.test.", "other.", NULL};
	uint8_t octets[64] = "clientco";
	struct asker a;

	asker_open(&a);
	for (unsigned n = 0; n < 5; n++)
		for (unsigned bytes = 0; bytes <= 64; bytes++) {
			bool sound = bytes == 8 || (bytes >= 16 && bytes <= 40);
			unsigned got_bytes = 0, rcode;
			const uint8_t *got;

			ask(&a, names[n], octets, bytes, ANSWER_UDP);
			rcode = rcode_of(&a.rig);
			got = option_response_find(
			    &a.rig, DNS_OPTION_COOKIE, &got_bytes);
			ck_assert_msg((rcode == DNS_RCODE_FORMERR) == !sound,
			    "%u octets: rcode %u", bytes, rcode);
			ck_assert_int_eq(got != NULL, sound);
			ck_assert_int_eq(a.rig.cookie,
			    sound ? ANSWER_COOKIE_CLIENT : ANSWER_COOKIE_NONE);
			if (!sound)
				continue;
			ck_assert_uint_eq(got_bytes, COOKIE_BYTES);
			ck_assert_mem_eq(got, octets, 8);
			if (names[n] == NULL)
				ck_assert_uint_eq(rcode,
				    bytes == 8 ? 0 : DNS_RCODE_BADCOOKIE);
		}
	rig_close(&a.rig);
}
END_TEST

START_TEST(learnt_and_sent_again)
{
	uint8_t cookie[COOKIE_BYTES];
	unsigned bytes;
	struct asker a;

	asker_open(&a);
	learn(&a, cookie);
	for (unsigned t = 0; t < 2; t++) {
		ask(&a, "www.ex.test.", cookie, COOKIE_BYTES,
		    t ? ANSWER_STREAM : ANSWER_UDP);
		ck_assert_int_eq(a.rig.cookie, ANSWER_COOKIE_VALID);
		ck_assert_int_eq(a.rig.verdict, VERDICT_ANSWER);
		ck_assert_mem_eq(
		    option_response_find(&a.rig, DNS_OPTION_COOKIE, &bytes),
		    cookie, COOKIE_BYTES);
	}
	/* no question: confirmed, or not (RFC 7873 section 5.4) */
	ask(&a, NULL, cookie, COOKIE_BYTES, ANSWER_UDP);
	ck_assert_int_eq(a.rig.verdict, VERDICT_COOKIE);
	ck_assert_uint_eq(rcode_of(&a.rig), 0);
	ck_assert_uint_eq(wire_load16(a.rig.response + 4), 0);
	a.rig.client = client_2;
	ask(&a, NULL, cookie, COOKIE_BYTES, ANSWER_UDP);
	ck_assert_int_eq(a.rig.verdict, VERDICT_BADCOOKIE);
	ck_assert_uint_eq(rcode_of(&a.rig), DNS_RCODE_BADCOOKIE);
	ck_assert_ptr_nonnull(
	    option_response_find(&a.rig, DNS_OPTION_COOKIE, &bytes));
	rig_close(&a.rig);
}
END_TEST

/* Off, or a client whose address is not known: an unknown option. */
START_TEST(off)
{
	struct asker a;
	unsigned bytes;

	asker_open(&a);
	for (unsigned i = 0; i < 2; i++) {
		if (i)
			a.rig.client_bytes = 0;
		else
			a.rig.secrets = NULL;
		for (unsigned n = 0; n <= 41; n++) {
			ask(&a, "www.ex.test.",
			    "0123456789012345678901234567"
			    "8901234567890123456789",
			    n, ANSWER_UDP);
			ck_assert_int_eq(a.rig.verdict, VERDICT_ANSWER);
			ck_assert_int_eq(a.rig.cookie, ANSWER_COOKIE_NONE);
			ck_assert_ptr_null(option_response_find(
			    &a.rig, DNS_OPTION_COOKIE, &bytes));
		}
		ask(&a, NULL, "clientco", 8, ANSWER_UDP);
		ck_assert_int_eq(a.rig.verdict, VERDICT_FORMERR);
		a.rig.secrets = &a.secrets;
	}
	rig_close(&a.rig);
}
END_TEST

START_TEST(required)
{
	uint8_t cookie[COOKIE_BYTES];
	struct asker a;

	asker_open(&a);
	learn(&a, cookie);
	a.rig.require_cookie = true;
	ask(&a, "www.ex.test.", "clientco", 8, ANSWER_UDP);
	ck_assert_int_eq(a.rig.verdict, VERDICT_BADCOOKIE);
	ck_assert_uint_eq(rcode_of(&a.rig), DNS_RCODE_BADCOOKIE);
	ck_assert_uint_eq(wire_load16(a.rig.response + 4), 1);
	ck_assert_uint_eq(wire_load16(a.rig.response + 6), 0);
	ask(&a, "www.ex.test.", cookie, COOKIE_BYTES, ANSWER_UDP);
	ck_assert_int_eq(a.rig.verdict, VERDICT_ANSWER);
	ask(&a, "www.ex.test.", "clientco", 8, ANSWER_STREAM);
	ck_assert_int_eq(a.rig.verdict, VERDICT_ANSWER);
	/* who knows nothing of cookies is answered */
	ck_assert_str_eq(rig_ask(&a.rig, "www.ex.test A +edns=1232"),
	    "NOERROR aa edns | www.ex.test. 300 A 192.0.2.3 | |");
	rig_close(&a.rig);
}
END_TEST

/* A client that is limited learns a cookie with which it is not any more. */
START_TEST(slipped)
{
	struct asker a;
	unsigned bytes;

	asker_open(&a);
	a.rig.withhold = VERDICT_SLIPPED;
	ask(&a, "www.ex.test.", "clientco", 8, ANSWER_UDP);
	ck_assert_uint_eq(wire_load16(a.rig.response + 6), 0);
	ck_assert_uint_eq(a.rig.response[2] & 2, 2);
	ck_assert_ptr_nonnull(
	    option_response_find(&a.rig, DNS_OPTION_COOKIE, &bytes));
	rig_close(&a.rig);
}
END_TEST

UNIT_MAIN("cookie", examples_of_the_rfc, reserved_octets_are_hashed,
    hash_is_the_librarys, time_windows, who_else_it_is_not_valid_for,
    rollover_loses_nothing, lengths_of_the_option, learnt_and_sent_again, off,
    required, slipped)
