/* SPDX-License-Identifier: BSD-2-Clause
 *
 * SHA-256 against FIPS 180's examples; pieces, text, threads.
 */
#include "snapshot/digest.h"

#include <pthread.h>
#include <string.h>

#include "tests/unit/unit_run.h"

#define TWO_BLOCKS "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"

static const struct {
	const char *data, *text;
} known[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {TWO_BLOCKS,
	"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

START_TEST(known_answers)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		char text[DIGEST_TEXT_MAX];
		struct digest d, back;

		digest_of(&d, known[i].data, strlen(known[i].data));
		ck_assert_str_eq(digest_to_text(text, &d), known[i].text);
		ck_assert_int_eq(digest_from_text(&back, text, NULL), 0);
		ck_assert(digest_equal(&d, &back));
	}
}
END_TEST

START_TEST(pieces_give_the_same)
{
	struct digest_stream *s = digest_stream_new();
	struct digest whole, d;
	size_t n = strlen(TWO_BLOCKS);

	ck_assert_ptr_nonnull(s);
	digest_of(&whole, TWO_BLOCKS, n);
	/* the stream starts anew after each end */
	for (size_t cut = 0; cut <= n; cut++) {
		digest_stream_add(s, TWO_BLOCKS, cut);
		digest_stream_add(s, TWO_BLOCKS + cut, n - cut);
		digest_stream_end(s, &d);
		ck_assert(digest_equal(&d, &whole));
	}
	digest_stream_free(s);
	digest_stream_free(NULL);
}
END_TEST

START_TEST(equal_and_zero)
{
	struct digest a = {{0}}, b = {{0}};

	ck_assert(digest_is_zero(&a));
	for (int i = 0; i < DIGEST_BYTES; i++) {
		b.b[i] = 1;
		ck_assert(!digest_equal(&a, &b));
		ck_assert(!digest_is_zero(&b));
		b.b[i] = 0;
	}
	ck_assert(digest_equal(&a, &b));
}
END_TEST

START_TEST(text_must_be_exact)
{
	char text[DIGEST_TEXT_MAX + 1];
	struct digest d;
	struct err err;

	ck_assert_int_eq(digest_from_text(&d, "", &err), ERR_SYNTAX);
	for (int i = 0; i < 64; i++) {
		strcpy(text, known[1].text);
		text[i] = 'g';
		ck_assert_int_eq(digest_from_text(&d, text, &err), ERR_SYNTAX);
		text[i] = 'A'; /* one text a digest: lower case */
		ck_assert_int_eq(digest_from_text(&d, text, &err), ERR_SYNTAX);
		text[i] = '\0';
		ck_assert_int_eq(digest_from_text(&d, text, &err), ERR_SYNTAX);
	}
	strcpy(text, known[1].text);
	strcat(text, "0");
	ck_assert_int_eq(digest_from_text(&d, text, &err), ERR_SYNTAX);
}
END_TEST

START_TEST(key_id_is_fixed)
{
	/* sha256 of k[0] and k[1] as little-endian bytes, first half */
	static const struct name_key key = {{1, 3}};
	uint8_t id[16];
	struct digest d;

	digest_key_id(id, &key);
	digest_of(&d, "\1\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0", 16);
	ck_assert_mem_eq(id, d.b, 16);
}
END_TEST

static void *
digest_many(void *arg)
{
	struct digest d, first;

	digest_of(&first, arg, strlen(arg));
	for (int i = 0; i < 1000; i++) {
		digest_of(&d, arg, strlen(arg));
		if (!digest_equal(&d, &first))
			return NULL;
	}
	return arg;
}

/* Contexts are a thread's own, and ASan sees that none is lost. */
START_TEST(threads_do_not_share)
{
	static char texts[4][8] = {"a", "bb", "ccc", "dddd"};
	pthread_t threads[4];
	void *result;

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, digest_many, texts[i]),
		    0);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(pthread_join(threads[i], &result), 0);
		ck_assert_ptr_nonnull(result);
	}
}
END_TEST

UNIT_MAIN("digest", known_answers, pieces_give_the_same, equal_and_zero,
    text_must_be_exact, key_id_is_fixed, threads_do_not_share)
