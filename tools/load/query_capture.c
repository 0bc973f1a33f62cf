/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A capture to queries (query_capture.h); frames are read by capture_frame.c.
 */
#include "tools/load/query_capture.h"

#include <pcap.h>
#include <string.h>

#include "base/dns.h"
#include "tools/load/capture_frame.h"

static int
captured_add(struct query_build *b, const struct query_zones *z,
    const uint8_t *query, size_t bytes, struct err *err)
{
	uint8_t message[QUERY_MESSAGE_MAX];
	size_t zone;

	memcpy(message, query, bytes);
	memset(message, 0, 2);
	zone = query_zones_find(z, message + DNS_HEADER_BYTES);
	return query_build_add(b, message, bytes, QUERY_LISTED,
	    zone == SIZE_MAX ? QUERY_ZONE_NONE : (uint32_t)zone, err);
}

static int
packets_read(struct query_build *b, const struct query_zones *z,
    const struct query_mix *mix, pcap_t *p, struct err *err)
{
	struct query_set *s = b->set;
	struct pcap_pkthdr *packet;
	const u_char *frame;
	uint64_t number = 1;
	int rc = 0, got;

	for (; rc == 0 && (s->count < mix->count || mix->count == 0);
	     number++) {
		const uint8_t *query;
		size_t bytes;

		got = pcap_next_ex(p, &packet, &frame);
		if (got == PCAP_ERROR_BREAK)
			return 0;
		if (got < 0)
			return err_set(err, ERR_SYNTAX, "%s: packet %lu: %s",
			    mix->pcap, (unsigned long)number, pcap_geterr(p));
		if (capture_query_find(pcap_datalink(p), frame, packet->caplen,
			&query, &bytes))
			rc = captured_add(b, z, query, bytes, err);
		else
			s->left_out++;
		query_progress(mix, "packets", number, 0);
	}
	return rc;
}

static int
link_check(const struct query_mix *mix, int link, struct err *err)
{
	const char *name = pcap_datalink_val_to_name(link);

	if (capture_link_is_known(link))
		return 0;
	return err_set(err, ERR_SEMANTIC,
	    "%s: its frames are of link type %s (%d); Ethernet, raw IP and "
	    "Linux cooked captures can be read",
	    mix->pcap, name ? name : "unknown", link);
}

int
query_capture_add(struct query_build *b, const struct query_zones *z,
    const struct query_mix *mix, struct err *err)
{
	char cause[PCAP_ERRBUF_SIZE] = "";
	pcap_t *p = pcap_open_offline(mix->pcap, cause);
	int rc;

	if (!p)
		return err_set(err, ERR_IO, "%s: %s",
		    strstr(cause, mix->pcap) ? "capture" : mix->pcap, cause);
	rc = link_check(mix, pcap_datalink(p), err);
	if (rc == 0)
		rc = packets_read(b, z, mix, p, err);
	pcap_close(p);
	if (rc == 0 && b->set->count == 0)
		rc = err_set(err, ERR_SEMANTIC,
		    "%s: no queries to port 53 among %lu packets", mix->pcap,
		    (unsigned long)b->set->left_out);
	return rc;
}
