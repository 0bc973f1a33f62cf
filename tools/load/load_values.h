/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Values of holdfast-load's options, from text. Pure. `name` is the option's,
 * for the error's text.
 */
#ifndef HOLDFAST_LOAD_VALUES_H
#define HOLDFAST_LOAD_VALUES_H

#include "tools/load/load_flow.h"

int value_number(unsigned *out, const char *name, const char *text,
    unsigned least, unsigned most, struct err *err);
/* A decimal number, perhaps with k, M or G behind it. */
int value_real(double *out, const char *name, const char *text, double least,
    double most, struct err *err);
int value_percent(
    double *out, const char *name, const char *text, struct err *err);
/* "1,2,5" */
int value_numbers(unsigned *out, unsigned *count, unsigned room,
    const char *name, const char *text, unsigned least, unsigned most,
    struct err *err);
int value_mac(uint8_t out[LOAD_MAC_BYTES], const char *name, const char *text,
    struct err *err);
/* "198.18.0.0/15" */
int value_net(struct flow_net *out, bool ip6, const char *name,
    const char *text, struct err *err);
/* "A,AAAA,TYPE65" */
int value_types(uint16_t *out, size_t *count, size_t room, const char *name,
    const char *text, struct err *err);

#endif
