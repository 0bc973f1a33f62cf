/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Making a query set (query_set.h): is the mix sound, where do the questions
 * come from, what should be answered. Main thread.
 */
#include "tools/load/query_set.h"

#include <stdlib.h>

#include "tools/load/query_capture.h"
#include "tools/load/query_draw.h"
#include "tools/load/query_expect.h"
#include "tools/load/query_list.h"

enum { ZIPF_MOST = 10 };

static int
percent_check(double percent, const char *what, struct err *err)
{
	/* written so that what is no number fails as well */
	if (percent >= 0 && percent <= 100)
		return 0;
	return err_set(err, ERR_USAGE,
	    "the share of %s is %g %%; give 0 to 100", what, percent);
}

static int
within_check(double part, const char *what, double whole, const char *of,
    struct err *err)
{
	if (part <= whole)
		return 0;
	return err_set(err, ERR_USAGE,
	    "the share of %s, %g %%, is more than that of %s, %g %%", what,
	    part, of, whole);
}

static int
shares_check(const struct query_mix *mix, struct err *err)
{
	const struct {
		double percent;
		const char *what;
	} shares[] = {
	    {mix->nxdomain_percent, "NXDOMAIN"},
	    {mix->random_percent, "random names"},
	    {mix->edns_percent, "EDNS"},
	    {mix->do_percent, "DO"},
	    {mix->cookie_percent, "cookies"},
	    {mix->mixed_case_percent, "mixed case"},
	};

	for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
		if (percent_check(shares[i].percent, shares[i].what, err))
			return err ? err->code : ERR_USAGE;
	if (within_check(mix->nxdomain_percent + mix->random_percent,
		"NXDOMAIN and random names", 100, "all queries", err) ||
	    within_check(
		mix->do_percent, "DO", mix->edns_percent, "EDNS", err) ||
	    within_check(
		mix->cookie_percent, "cookies", mix->edns_percent, "EDNS", err))
		return ERR_USAGE;
	return 0;
}

/* What a list or a capture decides for itself. */
static int
source_check(const struct query_mix *mix, struct err *err)
{
	if (mix->list && mix->pcap)
		return err_set(
		    err, ERR_USAGE, "a list and a pcap; take one of them");
	if (!mix->list && !mix->pcap && mix->nzones == 0)
		return err_set(err, ERR_USAGE,
		    "no zones, no list and no pcap to take queries from");
	if ((mix->list || mix->pcap) &&
	    (mix->zipf > 0 || mix->ntypes || mix->nxdomain_percent > 0 ||
		mix->random_percent > 0))
		return err_set(err, ERR_USAGE,
		    "a %s has names and types of its own: no zipf, types, "
		    "NXDOMAIN or random names with it",
		    mix->list ? "list" : "pcap");
	if (mix->pcap && (mix->edns_percent > 0 || mix->mixed_case_percent > 0))
		return err_set(err, ERR_USAGE,
		    "queries of a pcap stay as they are: no shares of EDNS or "
		    "mixed case with it");
	return 0;
}

static int
mix_check(const struct query_mix *mix, struct err *err)
{
	int rc = shares_check(mix, err);

	if (rc == 0)
		rc = source_check(mix, err);
	if (rc < 0)
		return rc;
	if (!(mix->zipf >= 0 && mix->zipf <= ZIPF_MOST))
		return err_set(err, ERR_USAGE,
		    "the exponent of zipf is %g; give 0 (uniform) to %d",
		    mix->zipf, ZIPF_MOST);
	if (mix->name_labels > DNS_LABELS_MAX)
		return err_set(err, ERR_USAGE,
		    "names of %u labels; a name has at most %d",
		    mix->name_labels, DNS_LABELS_MAX);
	return 0;
}

static int
queries_add(struct query_build *b, const struct query_zones *z,
    const struct query_mix *mix, uint32_t count, struct err *err)
{
	struct draw d = {mix->seed};

	if (mix->list)
		return query_list_add(b, z, mix, &d, err);
	if (mix->pcap)
		return query_capture_add(b, z, mix, err);
	return query_draw(b, z, mix, count, &d, err);
}

int
query_set_make(
    struct query_set **out, const struct query_mix *mix, struct err *err)
{
	struct query_zones zones = {0};
	struct query_build build = {0};
	uint32_t count = mix->count ? mix->count : QUERY_SET_DEFAULT;
	int rc = mix_check(mix, err);

	*out = NULL;
	if (rc == 0)
		rc = query_zones_load(&zones, mix, err);
	if (rc == 0)
		rc = query_build_init(&build, count, err);
	if (rc == 0)
		rc = queries_add(&build, &zones, mix, count, err);
	if (rc == 0 && zones.count)
		rc = query_expect(&build, &zones, mix, err);
	query_zones_fini(&zones);
	if (rc == 0)
		rc = query_build_end(&build, out, err);
	query_build_fini(&build);
	return rc;
}

void
query_set_free(struct query_set **s)
{
	if (*s) {
		free((*s)->queries);
		free((*s)->messages);
	}
	free(*s);
	*s = NULL;
}
