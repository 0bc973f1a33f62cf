/* SPDX-License-Identifier: BSD-2-Clause
 *
 * SHA-256 by libcrypto, and digests as text. A thread's first use allocates its
 * context, later ones nothing.
 */
#ifndef HOLDFAST_DIGEST_H
#define HOLDFAST_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "snapshot/format.h"
#include "snapshot/hash.h"

#define DIGEST_TEXT_MAX (2 * DIGEST_BYTES + 1)

struct digest {
	uint8_t b[DIGEST_BYTES];
};

void digest_of(struct digest *out, const void *data, size_t bytes);

/* Incremental form for what does not lie in one piece. */
struct digest_stream;
struct digest_stream *digest_stream_new(void); /* NULL: out of memory */
void digest_stream_add(struct digest_stream *s, const void *data, size_t bytes);
void digest_stream_end(struct digest_stream *s, struct digest *out);
void digest_stream_free(struct digest_stream *s);

bool digest_equal(const struct digest *a, const struct digest *b);
bool digest_is_zero(const struct digest *d);
char *digest_to_text(char dst[DIGEST_TEXT_MAX], const struct digest *d);
int digest_from_text(struct digest *out, const char *text, struct err *err);

/* The key_id of cells: first 16 bytes of SHA-256 over the key's 16 bytes. */
void digest_key_id(uint8_t out[16], const struct name_key *key);

#endif
