/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names of the data plane's counters, and the file that holds them. Main
 * thread, once, at start.
 */
#include "dataplane/poll/core_counters.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const single[] = {
    [CORE_LOOPS - CORE_LOOPS] = "loops",
    [CORE_BUSY_TURNS - CORE_LOOPS] = "busy{turns}",
    [CORE_BUSY_CYCLES - CORE_LOOPS] = "busy{cycles}",
    [CORE_STAGES + STAGE_RECEIVE - CORE_LOOPS] = "stage{receive}",
    [CORE_STAGES + STAGE_FRAME - CORE_LOOPS] = "stage{frame}",
    [CORE_STAGES + STAGE_PARSE - CORE_LOOPS] = "stage{parse}",
    [CORE_STAGES + STAGE_ZONE - CORE_LOOPS] = "stage{zone}",
    [CORE_STAGES + STAGE_NODE - CORE_LOOPS] = "stage{node}",
    [CORE_STAGES + STAGE_DECIDE - CORE_LOOPS] = "stage{decide}",
    [CORE_STAGES + STAGE_WRITE - CORE_LOOPS] = "stage{write}",
    [CORE_STAGES + STAGE_REPLY - CORE_LOOPS] = "stage{reply}",
    [CORE_STAGES + STAGE_SEND - CORE_LOOPS] = "stage{send}",
    [CORE_PACKETS_RECEIVED - CORE_LOOPS] = "packets{received}",
    [CORE_PACKETS_SENT - CORE_LOOPS] = "packets{sent}",
    [CORE_OCTETS_RECEIVED - CORE_LOOPS] = "octets{received}",
    [CORE_OCTETS_SENT - CORE_LOOPS] = "octets{sent}",
    [CORE_QUERIES_IP4 - CORE_LOOPS] = "queries{ipv4}",
    [CORE_QUERIES_IP6 - CORE_LOOPS] = "queries{ipv6}",
    [CORE_QUERIES_CANDIDATE - CORE_LOOPS] = "queries{candidate}",
    [CORE_LIMIT_WOULD_DROP - CORE_LOOPS] = "limit{would_drop}",
    [CORE_LIMIT_WOULD_SLIP - CORE_LOOPS] = "limit{would_slip}",
    [CORE_LIMIT_COOKIES - CORE_LOOPS] = "limit{valid_cookie}",
    [CORE_KERNEL_SENT - CORE_LOOPS] = "kernel{sent}",
    [CORE_KERNEL_UNSENT - CORE_LOOPS] = "kernel{unsent}",
    [PORT_MISSED - CORE_LOOPS] = "port{missed}",
    [PORT_NO_MBUF - CORE_LOOPS] = "port{no_mbuf}",
    [PORT_ERRORS_RECEIVED - CORE_LOOPS] = "port{errors_received}",
    [PORT_ERRORS_SENT - CORE_LOOPS] = "port{errors_sent}",
    [KERNEL_WRITTEN - CORE_LOOPS] = "kernel{written}",
    [KERNEL_UNWRITTEN - CORE_LOOPS] = "kernel{unwritten}",
    [KERNEL_READ - CORE_LOOPS] = "kernel{read}",
    [KERNEL_UNREAD - CORE_LOOPS] = "kernel{unread}",
    [ACTIVATIONS - CORE_LOOPS] = "activations",
    [QUARANTINED - CORE_LOOPS] = "quarantined",
    [PROBATION_ZONES - CORE_LOOPS] = "probation_zones",
    [DATA_AGE_S - CORE_LOOPS] = "data_age_seconds",
};
_Static_assert(sizeof single / sizeof *single == CORE_COUNTERS - CORE_LOOPS,
    "every counter has a name");

static void
name_of(char text[COUNTERS_NAME_MAX], unsigned i)
{
	static const char *const rcodes[CORE_RCODES_MAX] = {[0] = "noerror",
	    "formerr",
	    "servfail",
	    "nxdomain",
	    "notimp",
	    "refused",
	    "yxdomain",
	    [9] = "notauth",
	    [16] = "badvers",
	    [23] = "badcookie"};
	unsigned rcode = i - CORE_RCODES;

	if (i < CORE_RCODES)
		snprintf(text, COUNTERS_NAME_MAX, "verdict{%s}",
		    packet_verdict_name(i));
	else if (i < CORE_CYCLES && rcodes[rcode])
		snprintf(text, COUNTERS_NAME_MAX, "rcode{%s}", rcodes[rcode]);
	else if (i < CORE_CYCLES)
		snprintf(text, COUNTERS_NAME_MAX, "rcode{%u}", rcode);
	else if (i < CORE_LOOPS)
		snprintf(text, COUNTERS_NAME_MAX, "cycles_log2{%u}",
		    i - CORE_CYCLES);
	else
		snprintf(text, COUNTERS_NAME_MAX, "%s", single[i - CORE_LOOPS]);
}

int
core_counters_create(struct counters **out, const char *path,
    const char *const *core_labels, unsigned ncores,
    const char *const *port_names, unsigned nports, struct err *err)
{
	char text[CORE_COUNTERS][COUNTERS_NAME_MAX];
	const char *names[CORE_COUNTERS], *labels[COUNTERS_BLOCKS_MAX];
	char ports[COUNTERS_NAME_MAX][COUNTERS_NAME_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < CORE_COUNTERS; i++) {
		name_of(text[i], i);
		names[i] = text[i];
	}
	if (ncores + nports >= COUNTERS_BLOCKS_MAX ||
	    nports > COUNTERS_NAME_MAX)
		return err_set(err, ERR_LIMIT,
		    "%u cores and %u ports: at most "
		    "%d together",
		    ncores, nports, COUNTERS_BLOCKS_MAX - 1);
	while (n < ncores) {
		labels[n] = core_labels[n];
		n++;
	}
	for (unsigned p = 0; p < nports; p++) {
		snprintf(ports[p], sizeof ports[p], "port %s", port_names[p]);
		labels[n++] = ports[p];
	}
	labels[n++] = "management";
	return counters_create(out, path, names, CORE_COUNTERS, labels, n, err);
}
