/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The section `limits` of the configuration as limits.h wants it, and the lists
 * of prefixes that it names. Main thread at start, management thread when the
 * lists are read again; allocates what they need.
 */
#include <sys/random.h>

#include "dataplane/limit/limits.h"

static struct limit_mask
mask_make(unsigned bits4, unsigned bits6)
{
	unsigned high = bits6 < 64 ? bits6 : 64, low = bits6 - high;

	return (struct limit_mask){
	    .high = UINT64_MAX << (64 - high),
	    .low = low ? UINT64_MAX << (64 - low) : 0,
	    .v4 = UINT32_MAX << (32 - bits4),
	    .bits4 = (uint8_t)bits4,
	    .bits6 = (uint8_t)bits6,
	};
}

int
limits_from_config(
    struct limits *out, const struct config_limit *config, struct err *err)
{
	*out = (struct limits){
	    .mode = config->rrl,
	    .refuse_denied = config->denied == CONFIG_DENIED_REFUSE,
	    .slip = (uint8_t)config->slip,
	    .responses_per_second = config->responses_per_second,
	    .burst = config->responses_burst ? config->responses_burst
	                                     : config->responses_per_second,
	    .queries_per_second = config->queries_per_second,
	    .query_burst = config->queries_per_second,
	    .accounts = config->accounts,
	    .response_mask =
		mask_make(config->ipv4_prefix, config->ipv6_prefix),
	    .client_mask = mask_make(
		config->client_ipv4_prefix, config->client_ipv6_prefix),
	    .config = config,
	};
	if (getrandom(&out->key, sizeof out->key, 0) != sizeof out->key)
		return err_set_errno(err, "limits: no random key");
	out->key.k[1] |= 1;
	return 0;
}

static int
list_read(struct prefix_rules *r, enum prefix_list list, char *const *texts,
    unsigned n, const char *file, struct err *err)
{
	int rc = 0;

	for (unsigned i = 0; i < n && !rc; i++)
		rc = prefix_rules_add(r, list, texts[i], "configuration", err);
	if (!rc && file)
		rc = prefix_rules_load(r, list, file, err);
	return rc;
}

int
limits_prefixes(
    struct prefix_set **out, const struct limits *l, struct err *err)
{
	const struct config_limit *c = l->config;
	struct prefix_rules r = {0};
	int rc = list_read(
	    &r, PREFIX_LIST_ALLOW, c->allow, c->nallow, c->allow_from, err);

	*out = NULL;
	if (!rc)
		rc = list_read(
		    &r, PREFIX_LIST_DENY, c->deny, c->ndeny, c->deny_from, err);
	if (!rc)
		rc = list_read(&r, PREFIX_LIST_EXEMPT, c->exempt, c->nexempt,
		    c->exempt_from, err);
	if (!rc)
		rc = prefix_set_new(out, &r, err);
	prefix_rules_fini(&r);
	return rc;
}
