/* SPDX-License-Identifier: BSD-2-Clause
 *
 * SHA-256 by libcrypto. The algorithm is fetched once a process and a context
 * kept for each thread, since both cost more than a small digest. If libcrypto
 * cannot digest at all (no memory at a thread's first use, no provider) the
 * process ends: there is no answer that a caller could go on with.
 */
#include "snapshot/digest.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

struct digest_stream {
	EVP_MD_CTX *ctx;
};

static EVP_MD *sha256;
static pthread_key_t thread_ctx_key;
static pthread_once_t digest_once = PTHREAD_ONCE_INIT;
static _Thread_local EVP_MD_CTX *thread_ctx;

static _Noreturn void
digest_die(const char *what)
{
	log_error("libcrypto: %s failed: no SHA-256, cannot go on", what);
	abort();
}

static void
thread_ctx_free(void *ctx)
{
	EVP_MD_CTX_free(ctx);
}

/* The process's last thread runs no destructors: its context and the
 * algorithm stay until exit, as libcrypto's own tables do. */
static void
digest_setup(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!sha256)
		digest_die("EVP_MD_fetch");
	if (pthread_key_create(&thread_ctx_key, thread_ctx_free) != 0)
		digest_die("pthread_key_create");
}

static EVP_MD_CTX *
thread_ctx_get(void)
{
	if (thread_ctx)
		return thread_ctx;
	pthread_once(&digest_once, digest_setup);
	thread_ctx = EVP_MD_CTX_new();
	if (!thread_ctx || pthread_setspecific(thread_ctx_key, thread_ctx) != 0)
		digest_die("EVP_MD_CTX_new");
	return thread_ctx;
}

void
digest_of(struct digest *out, const void *data, size_t bytes)
{
	EVP_MD_CTX *ctx = thread_ctx_get();

	if (!EVP_DigestInit_ex2(ctx, sha256, NULL) ||
	    !EVP_DigestUpdate(ctx, data, bytes) ||
	    !EVP_DigestFinal_ex(ctx, out->b, NULL))
		digest_die("EVP_Digest");
}

struct digest_stream *
digest_stream_new(void)
{
	struct digest_stream *s = malloc(sizeof *s);

	if (!s)
		return NULL;
	pthread_once(&digest_once, digest_setup);
	s->ctx = EVP_MD_CTX_new();
	if (!s->ctx || !EVP_DigestInit_ex2(s->ctx, sha256, NULL)) {
		digest_stream_free(s);
		return NULL;
	}
	return s;
}

void
digest_stream_add(struct digest_stream *s, const void *data, size_t bytes)
{
	if (!EVP_DigestUpdate(s->ctx, data, bytes))
		digest_die("EVP_DigestUpdate");
}

/* The stream starts anew after its end. */
void
digest_stream_end(struct digest_stream *s, struct digest *out)
{
	if (!EVP_DigestFinal_ex(s->ctx, out->b, NULL) ||
	    !EVP_DigestInit_ex2(s->ctx, sha256, NULL))
		digest_die("EVP_DigestFinal_ex");
}

void
digest_stream_free(struct digest_stream *s)
{
	if (!s)
		return;
	EVP_MD_CTX_free(s->ctx);
	free(s);
}

bool
digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->b, b->b, DIGEST_BYTES) == 0;
}

bool
digest_is_zero(const struct digest *d)
{
	static const struct digest zero;

	return digest_equal(d, &zero);
}

char *
digest_to_text(char dst[DIGEST_TEXT_MAX], const struct digest *d)
{
	static const char hex[] = "0123456789abcdef";

	for (unsigned i = 0; i < DIGEST_BYTES; i++) {
		dst[2 * i] = hex[d->b[i] >> 4];
		dst[2 * i + 1] = hex[d->b[i] & 15];
	}
	dst[2 * DIGEST_BYTES] = '\0';
	return dst;
}

/* Lower case only: a digest has one text, it is a file's name. */
static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int
digest_from_text(struct digest *out, const char *text, struct err *err)
{
	size_t len = strnlen(text, DIGEST_TEXT_MAX);

	if (len != 2 * DIGEST_BYTES)
		goto bad;
	for (unsigned i = 0; i < DIGEST_BYTES; i++) {
		int high = hex_value(text[2 * i]);
		int low = hex_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			goto bad;
		out->b[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
bad:
	return err_set(err, ERR_SYNTAX,
	    "\"%.80s\" is no digest: it must be 64 digits 0-9 a-f", text);
}

void
digest_key_id(uint8_t out[16], const struct name_key *key)
{
	struct digest d;

	digest_of(&d, key->k, sizeof key->k);
	memcpy(out, d.b, 16);
}
