/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfastd at its start: becomes its user, then enters its cage with what its
 * configuration needs. Main thread, before there are others.
 */
#ifndef HOLDFAST_HOLDFASTD_CONFINE_H
#define HOLDFAST_HOLDFASTD_CONFINE_H

#include "config/config.h"

/* control.user, if there is one: directories of its that are missing are made
 * for it first. */
int holdfastd_become_user(const struct config *c, struct err *err);

/* Capabilities, system calls and files: what is not needed is given up. After
 * the last program was started. */
int holdfastd_confine(const struct config *c, struct err *err);

#endif
