/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The report as one JSON object; docs/load.md says what is in it.
 */
#include <jansson.h>

#include "tools/load/load_report.h"

/* jansson's json_integer_t is signed. */
static json_t *
number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *
counters(const struct load_sums *s)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < LOAD_COUNTERS_MAX; i++)
		json_object_set_new(
		    o, load_counter_names[i], number(s->counters[i]));
	return o;
}

static json_t *
rcodes(const struct load_sums *s)
{
	json_t *o = json_object();
	char name[8];

	for (unsigned i = 0; i < LOAD_RCODES; i++) {
		if (s->rcodes[i] == 0)
			continue;
		snprintf(name, sizeof name, "%u", i);
		json_object_set_new(o, name, number(s->rcodes[i]));
	}
	return o;
}

static json_t *
latency(const struct latency_sum *h, uint64_t cycles_a_second)
{
	double us = (double)cycles_a_second / 1e6;

	if (h->count == 0)
		return json_null();
	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "min",
	    (double)h->least / us, "mean",
	    (double)h->sum / (double)h->count / us, "p50",
	    (double)latency_quantile(h, 0.5) / us, "p90",
	    (double)latency_quantile(h, 0.9) / us, "p99",
	    (double)latency_quantile(h, 0.99) / us, "p99.9",
	    (double)latency_quantile(h, 0.999) / us, "max",
	    (double)h->most / us);
}

static json_t *
generator(const struct load_run *r, const struct load_result *t)
{
	double cycles = load_result_cycles(t);
	double us = (double)r->cycles_a_second / 1e6;

	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:b, s:b, s:i}", "busy",
	    load_result_busy(t), "cycles_a_query", cycles, "ceiling_qps",
	    cycles > 0 ? (double)r->cycles_a_second * r->nworkers / cycles : 0,
	    "behind_us", (double)t->sums.behind_most / us, "stall_us",
	    (double)t->sums.stall_most / us, "limited", t->generator_limited,
	    "stalled", t->stalled, "workers", (int)r->nworkers);
}

/* What a trial came to. */
static json_t *
result(const struct load_run *r, const struct load_result *t)
{
	double s = t->seconds > 0 ? t->seconds : 1;
	const uint64_t *c = t->sums.counters;

	return json_pack(
	    "{s:f, s:f, s:f, s:f, s:f, s:f, s:I, s:I, s:I, s:b, s:o, s:o, "
	    "s:o, s:o}",
	    "rate", t->rate, "seconds", t->seconds, "sent_qps",
	    (double)c[LOAD_SENT] / s, "answered_qps",
	    (double)c[LOAD_ANSWERED] / s, "lost_ppm", load_result_lost_ppm(t),
	    "gap_us",
	    (double)t->sums.gap_most * 1e6 / (double)r->cycles_a_second,
	    "answered", (json_int_t)c[LOAD_ANSWERED], "lost",
	    (json_int_t)c[LOAD_LOST], "wrong", (json_int_t)c[LOAD_WRONG],
	    "passed", t->passed, "counters", counters(&t->sums), "rcodes",
	    rcodes(&t->sums), "latency_us",
	    latency(&t->sums.latency, r->cycles_a_second), "generator",
	    generator(r, t));
}

static json_t *
query_set(const struct query_set *s)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "count",
	    (json_int_t)s->count, "distinct", (json_int_t)s->distinct, "hits",
	    (json_int_t)s->of_kind[QUERY_HIT], "nxdomain",
	    (json_int_t)s->of_kind[QUERY_NXDOMAIN], "random",
	    (json_int_t)s->of_kind[QUERY_RANDOM], "listed",
	    (json_int_t)s->of_kind[QUERY_LISTED], "with_expected",
	    (json_int_t)s->with_expected, "left_out", (json_int_t)s->left_out);
}

static json_t *
search(const struct load_run *r)
{
	json_t *trials = json_array();

	for (unsigned i = 0; i < r->ntrials; i++) {
		const struct load_result *t = &r->trials[i];
		double s = t->seconds > 0 ? t->seconds : 1;

		json_array_append_new(trials,
		    json_pack("{s:f, s:f, s:f, s:f, s:f, s:b, s:b}", "rate",
			t->rate, "seconds", t->seconds, "answered_qps",
			(double)t->sums.counters[LOAD_ANSWERED] / s, "lost_ppm",
			load_result_lost_ppm(t), "busy", load_result_busy(t),
			"generator_limited", t->generator_limited, "passed",
			t->passed));
	}
	return json_pack("{s:f, s:f, s:o}", "rate", r->found, "precision",
	    r->options->precision_percent / 100, "trials", trials);
}

static json_t *
report(const struct load_run *r)
{
	static const char *const modes[] = {"rate", "search", "window"};
	const struct load_options *o = r->options;
	json_t *all = result(r, &r->result);

	if (all == NULL)
		return NULL;
	json_object_set_new(all, "mode", json_string(modes[o->mode]));
	json_object_set_new(all, "device", json_string(o->device));
	json_object_set_new(all, "driver", json_string(r->port->driver));
	json_object_set_new(all, "window", number(o->window));
	json_object_set_new(all, "clients", number(o->flows.clients));
	json_object_set_new(all, "status", number(load_report_status(r)));
	json_object_set_new(all, "tsc_hz", number(r->cycles_a_second));
	json_object_set_new(all, "queries", query_set(r->set));
	if (o->mode == LOAD_SEARCH)
		json_object_set_new(all, "search", search(r));
	return all;
}

int
load_report_json(const struct load_run *r, struct err *err)
{
	const char *path = r->options->json;
	bool is_stdout = strcmp(path, "-") == 0;
	FILE *f = is_stdout ? stdout : fopen(path, "we");
	json_t *all;
	int rc = 0;

	if (!f)
		return err_set_errno(err, "--json %s", path);
	all = report(r);
	if (!all || json_dumpf(all, f, JSON_COMPACT | JSON_PRESERVE_ORDER) ||
	    fputc('\n', f) == EOF || fflush(f))
		rc = err_set_errno(err, "--json %s: cannot write", path);
	json_decref(all);
	if (!is_stdout && fclose(f) && !rc)
		rc = err_set_errno(err, "--json %s: cannot write", path);
	return rc;
}
