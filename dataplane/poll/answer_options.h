/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The section `answer` of the configuration as the engine wants it. Main
 * thread, at start; allocates nothing.
 */
#ifndef HOLDFAST_ANSWER_OPTIONS_H
#define HOLDFAST_ANSWER_OPTIONS_H

#include "base/err.h"
#include "config/config.h"
#include "dataplane/answer/answer.h"

int answer_options_take(
    struct answer_config *out, const struct config_answer *c, struct err *err);

#endif
