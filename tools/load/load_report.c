/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The table, and what the run's end means.
 */
#include "tools/load/load_report.h"

#include "base/dns.h"
#include "base/name.h"
#include "base/wire.h"
#include "tools/load/load_progress.h"

enum { TEXT = 32 };

/* Counters that say something only when they are not zero. */
static const enum load_counter rare[] = {LOAD_UNSENT, LOAD_DUPLICATE, LOAD_LATE,
    LOAD_MISMATCHED, LOAD_MALFORMED, LOAD_TRUNCATED, LOAD_FRAGMENTS,
    LOAD_UNREACHABLE, LOAD_NEIGHBOURS, LOAD_OTHER, LOAD_HANDED, LOAD_HELD,
    LOAD_NO_BUFFERS};

static const char *const rcode_names[LOAD_RCODES] = {"NOERROR", "FORMERR",
    "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
    "NXRRSET", "NOTAUTH", "NOTZONE"};

enum load_status
load_report_status(const struct load_run *r)
{
	const uint64_t *c = r->result.sums.counters;

	if (r->options->mode == LOAD_SEARCH && r->found == 0)
		return LOAD_STATUS_LOSS;
	if (!r->result.passed || c[LOAD_MISMATCHED] || c[LOAD_DUPLICATE])
		return LOAD_STATUS_LOSS;
	return LOAD_STATUS_FINE;
}

static void
row(FILE *out, const char *name, uint64_t value, const char *note)
{
	fprintf(
	    out, "  %-12s %16llu  %s\n", name, (unsigned long long)value, note);
}

static void
print_set(const struct load_run *r, FILE *out)
{
	const struct query_set *s = r->set;
	char count[TEXT], distinct[TEXT];

	fprintf(out, "queries   %s, %s of them different",
	    text_count(count, TEXT, s->count),
	    text_count(distinct, TEXT, s->distinct));
	static const char *const kinds[QUERY_KINDS] = {
	    "hits", "NXDOMAIN", "random", "listed"};
	for (unsigned k = 0; k < QUERY_KINDS; k++)
		if (s->of_kind[k])
			fprintf(out, "; %.1f %% %s",
			    100.0 * (double)s->of_kind[k] / s->count, kinds[k]);
	fprintf(out, "; %.1f %% with a known answer\n",
	    100.0 * (double)s->with_expected / s->count);
}

static void
print_rates(const struct load_run *r, FILE *out)
{
	const struct load_result *t = &r->result;
	const uint64_t *c = t->sums.counters;
	double s = t->seconds > 0 ? t->seconds : 1;
	char sent[TEXT], answered[TEXT], in[TEXT], to[TEXT];

	fprintf(out,
	    "rate      sent %s/s, answered %s/s over %.2f s; %sbit/s out, "
	    "%sbit/s in\n",
	    text_count(sent, TEXT, (double)c[LOAD_SENT] / s),
	    text_count(answered, TEXT, (double)c[LOAD_ANSWERED] / s),
	    t->seconds,
	    text_count(to, TEXT, (double)c[LOAD_OCTETS_SENT] * 8 / s),
	    text_count(in, TEXT, (double)c[LOAD_OCTETS_RECEIVED] * 8 / s));
}

static void
print_counts(const struct load_result *t, FILE *out)
{
	const uint64_t *c = t->sums.counters;
	char note[128];

	fputs("answers\n", out);
	row(out, "sent", c[LOAD_SENT], "");
	snprintf(note, sizeof note, "%.4f %%",
	    c[LOAD_SENT]
		? 100.0 * (double)c[LOAD_ANSWERED] / (double)c[LOAD_SENT]
		: 0.0);
	row(out, "answered", c[LOAD_ANSWERED], note);
	snprintf(note, sizeof note, "%.1f ppm", load_result_lost_ppm(t));
	row(out, "lost", c[LOAD_LOST], note);
	snprintf(note, sizeof note, "of %llu whose content was compared",
	    (unsigned long long)c[LOAD_CHECKED]);
	row(out, "wrong", c[LOAD_WRONG], note);
	for (unsigned i = 0; i < sizeof rare / sizeof *rare; i++)
		if (c[rare[i]])
			row(out, load_counter_names[rare[i]], c[rare[i]],
			    load_counter_texts[rare[i]]);
	for (unsigned i = 0; i < LOAD_RCODES; i++)
		if (t->sums.rcodes[i])
			row(out, rcode_names[i] ? rcode_names[i] : "rcode",
			    t->sums.rcodes[i], "");
}

static void
print_latency(const struct load_run *r, FILE *out)
{
	static const struct {
		const char *name;
		double share;
	} quantiles[] = {
	    {"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}};
	const struct latency_sum *h = &r->result.sums.latency;
	double us = (double)r->cycles_a_second / 1e6;
	char text[TEXT];

	if (h->count == 0)
		return;
	fputs("latency  ", out);
	for (unsigned i = 0; i < sizeof quantiles / sizeof *quantiles; i++)
		fprintf(out, " %s %s ", quantiles[i].name,
		    text_time(text, TEXT,
			(double)latency_quantile(h, quantiles[i].share) / us));
	fprintf(out, " max %s  (from the time a query was due)\n",
	    text_time(text, TEXT, (double)h->most / us));
	fprintf(out, "          longest time without an answer %s\n",
	    text_time(text, TEXT, (double)r->result.sums.gap_most / us));
}

static void
warn(const struct load_result *t, FILE *out)
{
	if (t->generator_limited)
		fputs("WARNING   the generator was at its limit: this may be "
		      "its own ceiling, not the server's. Give it more CPUs "
		      "(--cpus), huge pages, or a quieter machine.\n",
		    out);
	if (t->stalled)
		fputs(
		    "WARNING   the generator was kept from its CPU for longer "
		    "than the port's queue can take: some of the loss and "
		    "of the latency is its own. A CPU of its own, or nice "
		    "-n -20, helps.\n",
		    out);
}

static void
print_generator(const struct load_run *r, FILE *out)
{
	const struct load_result *t = &r->result;
	double cycles = load_result_cycles(t);
	double us = (double)r->cycles_a_second / 1e6;
	char ceiling[TEXT], behind[TEXT], stall[TEXT];

	fprintf(out,
	    "generator busy %.1f %%, %.0f TSC cycles a query (enough for "
	    "%s/s)\n"
	    "          at most %s behind its schedule, longest turn %s\n",
	    100 * load_result_busy(t), cycles,
	    text_count(ceiling, TEXT,
		cycles > 0 ? (double)r->cycles_a_second * r->nworkers / cycles
			   : 0),
	    text_time(behind, TEXT, (double)t->sums.behind_most / us),
	    text_time(stall, TEXT, (double)t->sums.stall_most / us));
	warn(t, out);
}

static void
print_wrong(const struct load_run *r, FILE *out)
{
	for (unsigned i = 0; i < r->nworkers; i++) {
		const struct load_stats *s = &r->workers[i].stats;

		for (unsigned k = 0; k < s->nwrong; k++) {
			const struct load_wrong *w = &s->wrong[k];
			const struct load_query *q = &r->set->queries[w->query];
			const uint8_t *m = r->set->messages + q->at;
			unsigned end = r->parts[w->query].question_end;
			char name[NAME_TEXT_MAX];

			fprintf(out,
			    "wrong     %s type %u: rcode %u, %u answers, %u "
			    "authority records in %u octets\n",
			    name_to_text(name, m + DNS_HEADER_BYTES),
			    wire_load16(m + end - 4), w->message[3] & 15,
			    wire_load16(w->message + 6),
			    wire_load16(w->message + 8), w->bytes);
		}
	}
}

static void
print_search(const struct load_run *r, FILE *out)
{
	char text[TEXT];

	if (r->options->mode != LOAD_SEARCH)
		return;
	if (r->found > 0)
		fprintf(out,
		    "search    highest rate with at most %g ppm lost: %s/s "
		    "(%u trials)\n",
		    r->options->max_loss_ppm, text_count(text, TEXT, r->found),
		    r->ntrials);
	else
		fprintf(out,
		    "search    no rate was without loss (%u trials); below is "
		    "the last\n",
		    r->ntrials);
}

void
load_report_table(const struct load_run *r, FILE *out)
{
	fprintf(out, "port      %s, %u worker%s, %s\n", r->options->device,
	    r->nworkers, r->nworkers == 1 ? "" : "s",
	    r->options->trust_checksums ? "checksums trusted"
	    : r->port->checks_sums      ? "checksums verified by the port"
					: "checksums verified");
	print_set(r, out);
	print_search(r, out);
	print_rates(r, out);
	print_counts(&r->result, out);
	print_latency(r, out);
	print_generator(r, out);
	print_wrong(r, out);
}
