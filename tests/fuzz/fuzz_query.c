/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Any bytes as a query: the engine over a torture zone, in one cell and split
 * over several, by UDP and by stream. The input lies in a heap block with just
 * the spare octets that the engine may touch; every response must be one that a
 * strict reader accepts, and within the limit. Runs in the fuzzer, and in
 * `make test` over the corpus.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dns.h"
#include "dataplane/answer/answer.h"
#include "tests/fuzz/sample_generation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
broken(const char *what)
{
	fprintf(stderr, "fuzz_query: %s\n", what);
	abort();
}

static void
ask(const struct generation *g, struct answer_batch *batch,
    const struct query_ctx *ctx, const uint8_t *data, size_t size)
{
	size_t most = ctx->transport == ANSWER_UDP ? ctx->config->udp_max
	                                           : DNS_MESSAGE_MAX;
	size_t capacity = (size > most ? size : most) + ANSWER_SPARE_BYTES;
	uint8_t *m = malloc(capacity);
	enum verdict verdict;
	size_t n;

	if (!m)
		return;
	memcpy(m, data, size);
	n = answer_one(batch, g, ctx, m, size, capacity, &verdict);
	if (verdict >= VERDICT_COUNT || (n != 0) != verdict_is_sent(verdict))
		broken("verdict and response disagree");
	if (n > most)
		broken("response over the limit");
	if (n && !response_is_sound(m, n))
		broken("response that does not parse");
	if (n && memcmp(m, data, 2) != 0)
		broken("another ID");
	free(m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct answer_batch *batch;
	static struct answer_config config;
	struct query_ctx udp = {.config = &config, .transport = ANSWER_UDP};
	struct query_ctx tcp = {.config = &config, .transport = ANSWER_STREAM};
	struct query_ctx cap = {.config = &config, .ttl_cap = 30};

	if (!batch) {
		batch = answer_batch_new();
		answer_config_default(&config);
		memcpy(config.nsid, "fuzz", 4);
		config.nsid_bytes = 4;
		strcpy(config.identity, "fuzz");
	}
	if (size > DNS_MESSAGE_MAX)
		return 0;
	for (unsigned i = 0; i < SAMPLE_GENERATIONS; i++) {
		const struct generation *g = sample_generation(i);

		ask(g, batch, &udp, data, size);
		ask(g, batch, &tcp, data, size);
		ask(g, batch, &cap, data, size);
	}
	ask(NULL, batch, &udp, data, size);
	return 0;
}
