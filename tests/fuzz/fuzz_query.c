/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Any bytes as a query: the engine over a torture zone, in one cell and split
 * over several, by UDP and by stream. The input lies in a heap block with just
 * the spare octets that the engine may touch; every response must be one that a
 * strict reader accepts, and within the limit. With known secrets and a known
 * client, the cookie of a response is one that is valid when it comes back.
 * Runs in the fuzzer, and in `make test` over the corpus.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dns.h"
#include "dataplane/answer/cookie.h"
#include "tests/fuzz/sample_generation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
broken(const char *what)
{
	fprintf(stderr, "fuzz_query: %s\n", what);
	abort();
}

/* A response to a query with a cookie has one that is valid when it comes back.
 * Its place is not looked for: the octets in front of it may be anywhere. */
static bool
has_valid_cookie(const struct query_ctx *ctx, const struct answer_query *q)
{
	static const uint8_t head[] = {0, DNS_OPTION_COOKIE, 0, COOKIE_BYTES};
	const uint8_t *m = q->message;
	uint8_t again[COOKIE_BYTES];

	for (size_t at = DNS_HEADER_BYTES;
	     at + sizeof head + COOKIE_BYTES <= q->response_bytes; at++)
		if (memcmp(m + at, head, sizeof head) == 0 &&
		    cookie_take(again, ctx->secrets, ctx->now,
			m + at + sizeof head, COOKIE_BYTES, q->client,
			q->client_bytes) == ANSWER_COOKIE_VALID)
			return true;
	return false;
}

static void
cookie_check(const struct query_ctx *ctx, const struct answer_query *q)
{
	/* a response to TSIG has no OPT */
	if (q->cookie == ANSWER_COOKIE_NONE || q->verdict == VERDICT_NOTAUTH)
		return;
	if (!ctx->secrets || !q->client_bytes)
		broken("a cookie where they are off");
	if (!has_valid_cookie(ctx, q))
		broken("no valid cookie in a response that has to have one");
}

static void
ask(const struct generation *g, struct answer_batch *batch,
    const struct query_ctx *ctx, const uint8_t *data, size_t size)
{
	static const uint8_t client[16] = {198, 51, 100, 100};
	struct answer_query q;
	size_t most = ctx->transport == ANSWER_UDP ? ctx->config->udp_max
	                                           : DNS_MESSAGE_MAX;
	size_t capacity = (size > most ? size : most) + ANSWER_SPARE_BYTES;
	uint8_t *m = malloc(capacity);
	enum verdict verdict;
	size_t n;

	if (!m)
		return;
	memcpy(m, data, size);
	q = (struct answer_query){.message = m,
	    .bytes = (uint32_t)size,
	    .capacity = (uint32_t)capacity,
	    .client = client,
	    .client_bytes = ctx->ttl_cap ? 16 : 4};
	answer_batch_find(batch, g, ctx, &q, 1);
	answer_batch_write(batch, g, ctx, &q, 1);
	verdict = q.verdict;
	n = q.response_bytes;
	if (verdict >= VERDICT_COUNT || (n != 0) != verdict_is_sent(verdict))
		broken("verdict and response disagree");
	if (n > most)
		broken("response over the limit");
	if (n && !response_is_sound(m, n))
		broken("response that does not parse");
	if (n && memcmp(m, data, 2) != 0)
		broken("another ID");
	if (n)
		cookie_check(ctx, &q);
	free(m);
}

static const uint8_t fuzz_secrets[2][COOKIE_SECRET_BYTES] = {
    {0xe5, 0xe9, 0x73, 0xe5, 0xa6, 0xb2, 0xa4, 0x3f, 0x48, 0xe7, 0xdc, 0x84,
	0x9e, 0x37, 0xbf, 0xcf},
    {1}};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct answer_batch *batch;
	static struct answer_config config;
	static struct cookie_secrets secrets;
	/* the time and the secret of the first example of RFC 9018 */
	const struct query_ctx udp = {.config = &config,
	    .transport = ANSWER_UDP,
	    .now = 1559731985,
	    .secrets = &secrets};
	const struct query_ctx tcp = {.config = &config,
	    .transport = ANSWER_STREAM,
	    .now = 1559734385,
	    .secrets = &secrets,
	    .keepalive = 100};
	const struct query_ctx cap = {.config = &config,
	    .ttl_cap = 30,
	    .secrets = &secrets,
	    .require_cookie = true};
	const struct query_ctx off = {
	    .config = &config, .transport = ANSWER_UDP};

	if (!batch) {
		batch = answer_batch_new();
		answer_config_default(&config);
		memcpy(config.nsid, "fuzz", 4);
		config.nsid_bytes = 4;
		strcpy(config.identity, "fuzz");
		cookie_secrets_set(&secrets, fuzz_secrets, 2);
	}
	if (size > DNS_MESSAGE_MAX)
		return 0;
	for (unsigned i = 0; i < SAMPLE_GENERATIONS; i++) {
		const struct generation *g = sample_generation(i);

		ask(g, batch, &udp, data, size);
		ask(g, batch, &tcp, data, size);
		ask(g, batch, &cap, data, size);
		ask(g, batch, &off, data, size);
	}
	ask(NULL, batch, &udp, data, size);
	return 0;
}
