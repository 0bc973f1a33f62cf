/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a check found: the first faults as text, all of them counted; warnings
 * of each kind a few times, then counted. One thread. Allocates nothing.
 */
#ifndef HOLDFAST_DNSSEC_FAULTS_H
#define HOLDFAST_DNSSEC_FAULTS_H

#include <stdint.h>

#include "base/err.h"

enum dnssec_warning {
	WARNING_SIGNATURE, /* bad, but another one is valid */
	WARNING_ALGORITHM, /* of DNSKEY without a signature */
	WARNING_TTL,       /* is not the original TTL */
	WARNING_NO_RRSET,  /* that the signature covers */
	WARNING_KEY,       /* DNSKEY that can't sign */
	WARNING_DENIAL,    /* records that are in no chain */
	WARNING_ZONEMD,    /* can't be verified here */
	WARNING_UNSIGNED,  /* signatures without keys */
	DNSSEC_WARNING_COUNT
};

struct dnssec_faults {
	void (*warn)(void *arg, const char *text);
	void *arg;
	uint64_t count, shown;
	uint64_t early; /* of them, those that time heals */
	uint64_t warned[DNSSEC_WARNING_COUNT];
	char text[ERR_TEXT_MAX - 256]; /* room for the file's name */
};

/* "OWNER CAUSE" */
void dnssec_fault(struct dnssec_faults *f, const uint8_t *owner,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
void dnssec_warn(struct dnssec_faults *f, enum dnssec_warning kind,
    const uint8_t *owner, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Says how many warnings were not heard. */
void dnssec_warn_rest(struct dnssec_faults *f);
/* 0, or ERR_REFUSED with what was found. */
int dnssec_faults_sum(const struct dnssec_faults *f, struct err *err);

/* "NSEC3", or "TYPE65280"; returns dst. */
char *dnssec_type_text(char dst[16], uint16_t type);

#endif
