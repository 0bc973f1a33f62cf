/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The command line of holdfast-sockets, and what it and the configuration file
 * come to together.
 */
#ifndef HOLDFAST_SOCKETS_OPTIONS_H
#define HOLDFAST_SOCKETS_OPTIONS_H

#include <stdio.h>

#include "base/err.h"
#include "config/config.h"
#include "dataplane/answer/answer.h"

enum sockets_action {
	SOCKETS_RUN,
	SOCKETS_CHECK,
	SOCKETS_VERSION,
	SOCKETS_HELP
};

struct sockets_options {
	enum sockets_action action;
	char *store_dir;
	char *run_dir; /* NULL: no page, no counters */
	char *log_level;
	struct config_address listen[CONFIG_LISTEN_MAX];
	unsigned nlisten;
	unsigned threads;
	unsigned tcp_clients, tcp_per_client, tcp_idle_ms, tcp_query_ms;
	unsigned tcp_pipeline;
	unsigned quarantine_s;
	bool cookies;
	/* NULL: a secret of our own, for as long as we run */
	char *cookie_path;
	struct answer_config answer;
	struct config *config; /* what `limits` borrows from */
};

/* ERR_USAGE for a mistake in the command line; what the configuration loader
 * says for one in the file. */
int sockets_options_parse(
    struct sockets_options *o, int argc, char **argv, struct err *err);
void sockets_options_fini(struct sockets_options *o);
void sockets_options_help(FILE *out);

#endif
