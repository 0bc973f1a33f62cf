/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fuzzes what is read from the folder of keys. The first octet says which: a
 * state file, which must come back the same from what is written of it, or a
 * private key of algorithm 13 or 15.
 */
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/sign/key_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void
check(bool holds)
{
	if (!holds)
		abort();
}

static bool
key_equal(const struct zone_key *a, const struct zone_key *b)
{
	return a->tag == b->tag && a->algorithm == b->algorithm &&
	       a->role == b->role && a->state == b->state && a->ds == b->ds &&
	       a->created == b->created && a->published == b->published &&
	       a->since == b->since && a->ds_since == b->ds_since;
}

static void
state_fuzz(const uint8_t *data, size_t bytes)
{
	static struct zone_keys k, again;
	struct err err = {0};
	char *text;

	if (key_state_parse(&k, "state", data, bytes, &err) != 0) {
		check(err.code == ERR_CORRUPT && err.text[0] && k.count == 0);
		return;
	}
	check(name_length_find(k.apex, DNS_NAME_MAX) > 0);
	check(key_state_text(&k, &text, &err) == 0);
	check(key_state_parse(&again, "state", text, strlen(text), &err) == 0);
	free(text);
	check(again.count == k.count && name_equal(again.apex, k.apex));
	for (unsigned i = 0; i < k.count; i++)
		check(key_equal(&k.keys[i], &again.keys[i]));
}

static void
secret_fuzz(uint8_t algorithm, const uint8_t *data, size_t bytes)
{
	static const struct zone_keys zone = {.apex = {1, 'a', 0}};
	struct zone_key key = {.algorithm = algorithm, .tag = 1};
	struct err err = {0};

	if (zone_key_secret_take(&zone, &key, data, bytes, &err) != 0) {
		check(err.code < 0 && err.text[0] && !key.secret);
		return;
	}
	check(key.secret && key.rdata_bytes > 4);
	ldns_key_deep_free(key.secret);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	uint8_t *copy;

	if (bytes == 0)
		return 0;
	copy = malloc(bytes > 1 ? bytes - 1 : 1);
	if (!copy)
		return 0;
	memcpy(copy, data + 1, bytes - 1);
	if (data[0] % 3 == 0)
		state_fuzz(copy, bytes - 1);
	else
		secret_fuzz(
		    data[0] % 3 == 1 ? LDNS_ECDSAP256SHA256 : LDNS_ED25519,
		    copy, bytes - 1);
	free(copy);
	return 0;
}
