/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Faults and warnings as text (dnssec_faults.h).
 */
#include "control/dnssec/dnssec_faults.h"

#include <ldns/ldns.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/name.h"

enum { WARN_EACH_MAX = 4, FAULTS_SHOWN_MAX = 4 };

static const char *const warning_names[DNSSEC_WARNING_COUNT] = {
    "signatures that are bad beside a valid one",
    "RRsets without a signature of each algorithm",
    "RRsets whose TTL is not the original TTL of their signature",
    "signatures of RRsets that are not there",
    "odd DNSKEY records",
    "records of denial that are in no chain",
    "ZONEMD records that can't be verified",
    "signatures without keys",
};

/* Room for one fault: a long owner must leave some for the cause. */
struct sentence {
	char text[640];
};

static void __attribute__((format(printf, 3, 0))) sentence_make(
    struct sentence *s, const uint8_t *owner, const char *format, va_list args)
{
	char name[NAME_TEXT_MAX];
	int n = snprintf(
	    s->text, sizeof s->text, "%.255s ", name_to_text(name, owner));

	vsnprintf(s->text + n, sizeof s->text - (size_t)n, format, args);
}

void
dnssec_fault(
    struct dnssec_faults *f, const uint8_t *owner, const char *format, ...)
{
	struct sentence s;
	size_t used = strlen(f->text), left = sizeof f->text - used;
	va_list args;

	if (++f->count > FAULTS_SHOWN_MAX)
		return;
	va_start(args, format);
	sentence_make(&s, owner, format, args);
	va_end(args);
	/* the first is shown even if it must be cut */
	if (f->count > 1 && strlen(s.text) + 3 > left)
		return;
	snprintf(
	    f->text + used, left, "%s%s", f->count > 1 ? "; " : "", s.text);
	f->shown++;
}

void
dnssec_warn(struct dnssec_faults *f, enum dnssec_warning kind,
    const uint8_t *owner, const char *format, ...)
{
	struct sentence s;
	va_list args;

	if (f->warned[kind]++ >= WARN_EACH_MAX || !f->warn)
		return;
	va_start(args, format);
	sentence_make(&s, owner, format, args);
	va_end(args);
	f->warn(f->arg, s.text);
}

void
dnssec_warn_rest(struct dnssec_faults *f)
{
	char text[128];

	for (unsigned i = 0; f->warn && i < DNSSEC_WARNING_COUNT; i++) {
		if (f->warned[i] <= WARN_EACH_MAX)
			continue;
		snprintf(text, sizeof text, "and %llu more %s",
		    (unsigned long long)(f->warned[i] - WARN_EACH_MAX),
		    warning_names[i]);
		f->warn(f->arg, text);
	}
}

int
dnssec_faults_sum(const struct dnssec_faults *f, struct err *err)
{
	if (!f->count)
		return 0;
	if (f->count == f->shown)
		return err_set(err, ERR_REFUSED, "DNSSEC: %s", f->text);
	return err_set(err, ERR_REFUSED,
	    "DNSSEC: %llu faults: %s; and %llu more",
	    (unsigned long long)f->count, f->text,
	    (unsigned long long)(f->count - f->shown));
}

char *
dnssec_type_text(char dst[16], uint16_t type)
{
	const ldns_rr_descriptor *d = ldns_rr_descript(type);

	if (d && d->_type == type && d->_name && type)
		snprintf(dst, 16, "%s", d->_name);
	else
		snprintf(dst, 16, "TYPE%u", type);
	return dst;
}
