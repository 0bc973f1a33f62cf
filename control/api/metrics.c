/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Metrics (metrics.h). The HTTP thread is libmicrohttpd's; it reads status and
 * zones under their locks and maps the counter files anew for each request.
 */
#include "control/api/metrics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/limited.h"
#include "control/dnssec/dnssec.h"
#include "control/publish/zone_dnssec.h"
#include "control/publish/zone_kept.h"
#include "snapshot/dataplane_protocol.h"
#include "snapshot/page.h"

enum { CONNECTIONS_MAX = 16, TIMEOUT_S = 10, ZONES_SHOWN_MAX = 10000 };

struct metrics {
	struct MHD_Daemon *daemon;
	struct control_context context;
};

/* A label's value: backslash, quote and newline are escaped. */
static void
label_text(struct bytes *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '\\' || *s == '"')
			bytes_append(out, "\\", 1);
		if (*s == '\n')
			bytes_append(out, "\\n", 2);
		else
			bytes_append(out, s, 1);
	}
}

static void
gauge(struct bytes *out, const char *name, const char *help, double value)
{
	bytes_printf(out,
	    "# HELP holdfast_%s %s\n# TYPE holdfast_%s gauge\n"
	    "holdfast_%s %.17g\n",
	    name, help, name, name, value);
}

static void
control_text(const struct control_context *c, struct bytes *out)
{
	struct control_facts f;
	uint64_t now = clock_ms(CLOCK_REALTIME) / 1000;

	control_status_read(c->status, &f);
	for (unsigned i = 0; i < CONTROL_COUNTER_COUNT; i++)
		bytes_printf(out,
		    "# HELP holdfast_control_%s_total %s\n"
		    "# TYPE holdfast_control_%s_total counter\n"
		    "holdfast_control_%s_total %lu\n",
		    control_counter_name[i], control_counter_help[i],
		    control_counter_name[i], control_counter_name[i],
		    f.counter[i]);
	gauge(out, "activation", "number of the last activation",
	    (double)f.activation);
	gauge(out, "generation_age_seconds",
	    "age of what is served; never a reason to stop",
	    f.have_generation && now > f.committed_at
		? (double)(now - f.committed_at)
		: 0);
	gauge(out, "last_turn_seconds",
	    "how long the last turn of control took",
	    (double)f.last_cycle_ms / 1000);
	gauge(out, "control_error", "1: the last turn failed", f.failed);
	gauge(out, "rollout_permille",
	    "of 1000 clients so many have what a canary or a soak watches",
	    f.rollout.permille);
	gauge(out, "rollout_exposure_seconds",
	    "share of the clients times seconds that they have had it",
	    (double)f.rollout.exposure_ms / 1000);
	gauge(out, "rollout_waiting", "1: changes wait to be published",
	    f.rollout.pending);
	gauge(out, "publication_held", "1: by an operator", f.rollout.held);
	gauge(out, "questions_mix_changed",
	    "1: more errors from both generations than before",
	    f.rollout.alarm);
}

/* Seconds until the first RRset of a zone has no valid signature; below 0: it
 * has none. */
static void
signatures_text(const struct control_context *c, struct bytes *out)
{
	uint64_t now = clock_ms(CLOCK_REALTIME) / 1000, first = DNSSEC_NEVER;
	struct zone_table *t = c->zones;
	struct zone_kept_counts kept;
	uint64_t unverified = 0;

	zones_kept_count(t, &kept);
	if (kept.signatures_end < first)
		first = kept.signatures_end;
	bytes_printf(out,
	    "# HELP holdfast_zone_signatures_end_seconds until the first "
	    "signature of what is served ends\n"
	    "# TYPE holdfast_zone_signatures_end_seconds gauge\n");
	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < t->count; i++) {
		const struct zone_entry *e = &t->zones[i];
		uint64_t end = e->dnssec.expires_at;

		unverified += zone_dnssec_unverified(e);
		if (!e->served || !e->dnssec.is_signed || end == DNSSEC_NEVER)
			continue;
		if (end < first)
			first = end;
		if (i >= ZONES_SHOWN_MAX)
			continue;
		bytes_printf(
		    out, "holdfast_zone_signatures_end_seconds{zone=\"");
		label_text(out, e->name);
		bytes_printf(out, "\"} %lld\n", (long long)(end - now));
	}
	pthread_mutex_unlock(&t->lock);
	gauge(out, "zones_unverified",
	    "signed zones that are served and not known to be without fault",
	    (double)unverified);
	if (first != DNSSEC_NEVER)
		gauge(out, "signatures_end_seconds",
		    "until the first signature of any zone ends",
		    (double)(int64_t)(first - now));
}

static void
guards_text(const struct control_context *c, struct bytes *out)
{
	if (!c->guards)
		return;
	bytes_printf(out,
	    "# HELP holdfast_control_guard_verdicts_total what guards said of "
	    "versions of zones\n"
	    "# TYPE holdfast_control_guard_verdicts_total counter\n");
	for (unsigned k = 0; k < GUARD_KIND_COUNT; k++)
		for (unsigned a = GUARD_WARN; a < GUARD_ACTION_COUNT; a++)
			bytes_printf(out,
			    "holdfast_control_guard_verdicts_total{guard=\"%s"
			    "\",action=\"%s\"} %lu\n",
			    guard_kind_word[k], guard_action_word[a],
			    guards_count(c->guards, (enum guard_kind)k,
				(enum guard_action)a));
}

static void
zones_text(const struct control_context *c, struct bytes *out)
{
	static const char *const words[] = {
	    "waiting", "served", "refused", "condemned"};
	struct zone_table *t = c->zones;
	uint64_t states[4] = {0}, signing_fails;
	struct zone_kept_counts kept;

	zones_kept_count(t, &kept);
	signing_fails = kept.signing_fails;
	pthread_mutex_lock(&t->lock);
	bytes_printf(out,
	    "# HELP holdfast_zone_serial serial of the version that is served\n"
	    "# TYPE holdfast_zone_serial gauge\n");
	for (size_t i = 0; i < t->count; i++) {
		const struct zone_entry *e = &t->zones[i];

		states[e->state]++;
		signing_fails += e->signing.why != NULL;
		if (i >= ZONES_SHOWN_MAX || !e->served)
			continue;
		bytes_printf(out, "holdfast_zone_serial{zone=\"");
		label_text(out, e->name);
		bytes_printf(out, "\",state=\"%s\"} %u\n", words[e->state],
		    e->served->serial);
	}
	pthread_mutex_unlock(&t->lock);
	gauge(out, "zones_signing_fails", "zones that can't be signed now",
	    (double)signing_fails);
	bytes_printf(out, "# HELP holdfast_zones zones by state\n"
			  "# TYPE holdfast_zones gauge\n");
	for (unsigned i = 0; i < 4; i++)
		bytes_printf(out, "holdfast_zones{state=\"%s\"} %lu\n",
		    words[i], states[i]);
}

/* "verdict{nxdomain}" of block "core 1" to
 * holdfast_dataplane_verdict_total{block="core 1",what="nxdomain"}. Names of a
 * family stand together, as the format wants. */
static void
counters_text(const char *program, const struct counters *c, struct bytes *out)
{
	char last[COUNTERS_NAME_MAX] = "";

	for (unsigned n = 0; n < counters_names(c); n++) {
		const char *name = counters_name(c, n);
		int family = (int)strcspn(name, "{");
		int label =
		    (int)strcspn(name + family + (name[family] != 0), "}");

		if (strncmp(last, name, (size_t)family) != 0 || last[family]) {
			snprintf(last, sizeof last, "%.*s", family, name);
			bytes_printf(out,
			    "# TYPE holdfast_%s_%s_total counter\n", program,
			    last);
		}
		for (unsigned b = 0; b < counters_blocks(c); b++) {
			bytes_printf(out, "holdfast_%s_%s_total{block=\"",
			    program, last);
			label_text(out, counters_label(c, b));
			if (name[family])
				bytes_printf(out, "\",what=\"%.*s", label,
				    name + family + 1);
			bytes_printf(out, "\"} %lu\n", counters_value(c, b, n));
		}
	}
}

static void
counter_file_text(const struct control_context *c, const char *program,
    const char *file, struct bytes *out)
{
	char path[4096];
	struct counters *counters;
	struct err err;

	snprintf(path, sizeof path, "%s/%s", c->run_dir, file);
	if (counters_open(&counters, path, &err) != 0)
		return;
	counters_text(program, counters, out);
	counters_close(&counters);
}

/* The prefixes that are limited most: few, and bounded. */
static void
limited_text(const struct control_context *c, const char *program,
    const char *file, struct bytes *out)
{
	struct limited_prefix top[LIMITED_PLACES];
	char path[4096], text[PREFIX_TEXT_MAX];
	struct counters *counters;
	struct err err;
	unsigned n;

	snprintf(path, sizeof path, "%s/%s", c->run_dir, file);
	if (counters_open(&counters, path, &err) != 0)
		return;
	n = limited_read(counters, top, LIMITED_PLACES);
	counters_close(&counters);
	if (n)
		bytes_printf(out,
		    "# TYPE holdfast_%s_limited_prefix_total counter\n",
		    program);
	for (unsigned i = 0; i < n; i++)
		bytes_printf(out,
		    "holdfast_%s_limited_prefix_total{prefix=\"%s\"} %lu\n",
		    program, prefix_text(text, &top[i].prefix), top[i].count);
}

static void
dataplane_text(const struct control_context *c, struct bytes *out)
{
	char path[4096];
	struct page_state state;
	struct page *page;
	uint64_t beat = 0;
	uint32_t pid;
	struct err err;
	bool there;

	snprintf(path, sizeof path, "%s/%s", c->run_dir, DATAPLANE_PAGE_NAME);
	there = page_open(&page, path, &err) == 0;
	if (there) {
		there = page_read(page, &state, &beat, &pid);
		page_close(&page);
	}
	gauge(out, "dataplane_beat_seconds",
	    "since the data plane's last heartbeat; -1: there is none",
	    there ? (double)(clock_ms(CLOCK_BOOTTIME) - beat) / 1000 : -1);
}

void
metrics_text(const struct control_context *c, struct bytes *out)
{
	control_text(c, out);
	guards_text(c, out);
	zones_text(c, out);
	signatures_text(c, out);
	dataplane_text(c, out);
	counter_file_text(c, "dataplane", DATAPLANE_COUNTERS_NAME, out);
	counter_file_text(c, "sockets", SOCKETS_COUNTERS_NAME, out);
	limited_text(c, "dataplane", DATAPLANE_LIMITED_NAME, out);
	limited_text(c, "sockets", SOCKETS_LIMITED_NAME, out);
}

static enum MHD_Result
respond(struct MHD_Connection *connection, unsigned code, void *text,
    size_t bytes, enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *r =
	    MHD_create_response_from_buffer(bytes, text, mode);
	enum MHD_Result result;

	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE,
	    "text/plain; version=0.0.4; charset=utf-8");
	result = MHD_queue_response(connection, code, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result
request(void *arg, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *upload,
    size_t *upload_bytes, void **state)
{
	static const char other[] = "metrics are at /metrics\n";
	struct metrics *m = arg;
	struct bytes text = {0};

	(void)version;
	(void)upload;
	(void)state;
	*upload_bytes = 0;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return respond(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
		    (void *)(uintptr_t)other, sizeof other - 1,
		    MHD_RESPMEM_PERSISTENT);
	if (strcmp(url, "/metrics") != 0)
		return respond(connection, MHD_HTTP_NOT_FOUND,
		    (void *)(uintptr_t)other, sizeof other - 1,
		    MHD_RESPMEM_PERSISTENT);
	metrics_text(&m->context, &text);
	if (text.failed) {
		bytes_fini(&text);
		return MHD_NO;
	}
	return respond(connection, MHD_HTTP_OK, text.data, text.len,
	    MHD_RESPMEM_MUST_FREE);
}

int
metrics_open(struct metrics **out, const struct config_address *address,
    const struct control_context *context, struct err *err)
{
	struct sockaddr_in6 v6 = {
	    .sin6_family = AF_INET6, .sin6_port = htons(address->port)};
	struct sockaddr_in v4 = {
	    .sin_family = AF_INET, .sin_port = htons(address->port)};
	struct metrics *m = calloc(1, sizeof *m);
	char text[64];

	if (!m)
		return err_set(err, ERR_NO_MEMORY, "no memory");
	memcpy(&v6.sin6_addr, address->bytes, 16);
	memcpy(&v4.sin_addr, address->bytes + 12, 4);
	m->context = *context;
	m->daemon = MHD_start_daemon(
	    MHD_USE_INTERNAL_POLLING_THREAD | (address->v4 ? 0 : MHD_USE_IPv6),
	    address->port, NULL, NULL, request, m, MHD_OPTION_SOCK_ADDR,
	    address->v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S, MHD_OPTION_END);
	if (!m->daemon) {
		free(m);
		return err_set_errno(err,
		    "control: metrics: can't listen on %s; set another "
		    "address, or metrics_on: false",
		    config_address_text(text, address));
	}
	*out = m;
	return 0;
}

void
metrics_close(struct metrics **m)
{
	if (*m) {
		MHD_stop_daemon((*m)->daemon);
		free(*m);
	}
	*m = NULL;
}
