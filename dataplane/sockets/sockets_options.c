/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Command line and configuration of holdfast-sockets: the file's values are
 * taken first, the command line's replace them. Run by the main thread;
 * allocates texts.
 */
#include "dataplane/sockets/sockets_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "config/cookie_file.h"
#include "dataplane/sockets/grace.h"

static const char help_text[] =
    "Answers DNS over UDP and TCP from a store, through kernel sockets.\n"
    "\n"
    "  holdfast-sockets --store DIR --listen ADDRESS[@PORT] [--listen ...]\n"
    "  holdfast-sockets --config FILE\n"
    "\n"
    "  --store DIR       the store to answer from (holdfast compile makes one)\n"
    "  --listen ADDRESS  127.0.0.1@5300, ::1@53, 0.0.0.0; port 53 by default;\n"
    "                    may be given several times\n"
    "  --threads N       workers, 1 to 64; default 1\n"
    "  --run DIR         directory of the data plane's page, which is followed\n"
    "                    while a data plane lives, and of our counters\n"
    "  --config FILE     sections store, answer, limits, sockets of this file; what\n"
    "                    the command line says as well goes before it\n"
    "  --check           look at configuration and command line, then end\n"
    "  --version         print the version and end\n"
    "  --help            print this and end\n"
    "\n"
    "Ends cleanly on SIGTERM and SIGINT; reads the lists of prefixes again on\n"
    "SIGHUP. Exit status: 0 stopped as told, 1 it could not start, 2 wrong usage\n"
    "or configuration.\n";

enum option_letter {
	OPTION_STORE = 's',
	OPTION_LISTEN = 'l',
	OPTION_THREADS = 't',
	OPTION_RUN = 'r',
	OPTION_CONFIG = 'c',
	OPTION_CHECK = 'k',
	OPTION_VERSION = 'V',
	OPTION_HELP = 'h',
};

static const struct option long_options[] = {
    {"store", required_argument, NULL, OPTION_STORE},
    {"listen", required_argument, NULL, OPTION_LISTEN},
    {"threads", required_argument, NULL, OPTION_THREADS},
    {"run", required_argument, NULL, OPTION_RUN},
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"check", no_argument, NULL, OPTION_CHECK},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

/* What the command line said; borrowed from argv. */
struct words {
	enum sockets_action action;
	const char *store, *run, *config;
	const char *listen[CONFIG_LISTEN_MAX];
	unsigned nlisten, threads;
};

void
sockets_options_help(FILE *out)
{
	fputs(help_text, out);
}

static int
threads_parse(unsigned *out, const char *text, struct err *err)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n < 1 ||
	    n > GRACE_READERS_MAX)
		return err_set(err, ERR_USAGE,
		    "--threads %s: a number from 1 to %d", text,
		    GRACE_READERS_MAX);
	*out = (unsigned)n;
	return 0;
}

static int
word_take(struct words *w, int letter, const char *unknown, struct err *err)
{
	switch (letter) {
	case OPTION_STORE:
		w->store = optarg;
		return 0;
	case OPTION_RUN:
		w->run = optarg;
		return 0;
	case OPTION_CONFIG:
		w->config = optarg;
		return 0;
	case OPTION_THREADS:
		return threads_parse(&w->threads, optarg, err);
	case OPTION_LISTEN:
		if (w->nlisten == CONFIG_LISTEN_MAX)
			return err_set(err, ERR_USAGE,
			    "at most %d --listen addresses", CONFIG_LISTEN_MAX);
		w->listen[w->nlisten++] = optarg;
		return 0;
	case OPTION_CHECK:
		w->action = SOCKETS_CHECK;
		return 0;
	case OPTION_VERSION:
		w->action = SOCKETS_VERSION;
		return 0;
	case OPTION_HELP:
		w->action = SOCKETS_HELP;
		return 0;
	case ':':
		return err_set(err, ERR_USAGE,
		    "%s needs a value; see holdfast-sockets --help", unknown);
	default:
		return err_set(err, ERR_USAGE,
		    "no option %s; see holdfast-sockets --help", unknown);
	}
}

static int
words_read(struct words *w, int argc, char **argv, struct err *err)
{
	int letter, rc = 0;

	optind = 0; /* start over: tests parse many lines */
	opterr = 0;
	while (!rc && (letter = getopt_long(
			   argc, argv, ":", long_options, NULL)) != -1)
		rc = word_take(w, letter, argv[optind - 1], err);
	if (!rc && optind < argc)
		rc = err_set(err, ERR_USAGE,
		    "\"%s\" is not an option; see holdfast-sockets --help",
		    argv[optind]);
	return rc;
}

static int
listen_take(
    struct sockets_options *o, const struct config_address *a, struct err *err)
{
	char text[64];

	if (a->port == 0)
		return err_set(err, ERR_USAGE,
		    "listen address %s: port 0 can't be asked",
		    config_address_text(text, a));
	for (unsigned i = 0; i < o->nlisten; i++) {
		if (o->listen[i].port == a->port &&
		    memcmp(o->listen[i].bytes, a->bytes, 16) == 0)
			return err_set(err, ERR_USAGE,
			    "listen address %s is given twice",
			    config_address_text(text, a));
	}
	o->listen[o->nlisten++] = *a;
	return 0;
}

static int
listens_take(struct sockets_options *o, const struct words *w,
    const struct config *c, struct err *err)
{
	struct config_address a;
	int rc = 0;

	for (unsigned i = 0; i < w->nlisten && !rc; i++) {
		rc = config_address_parse(&a, w->listen[i], 53, err);
		if (rc) {
			err_add(err, "--listen");
			return err->code = ERR_USAGE;
		}
		rc = listen_take(o, &a, err);
	}
	for (unsigned i = 0; w->nlisten == 0 && i < c->sockets.nlisten && !rc;
	     i++)
		rc = listen_take(o, &c->sockets.listen[i], err);
	if (!rc && o->nlisten == 0)
		rc = err_set(err, ERR_USAGE,
		    "no address to listen on: give --listen 127.0.0.1@5300, or "
		    "a --config FILE with sockets: listen:");
	return rc;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Text as it is, or the octets of "hex:...". */
static int
nsid_take(struct answer_config *a, const char *text, struct err *err)
{
	bool hex = strncmp(text, "hex:", 4) == 0;
	const char *from = hex ? text + 4 : text;
	size_t digits = strlen(from), n = hex ? digits / 2 : digits;

	if (n > ANSWER_NSID_MAX || (hex && digits % 2))
		goto refuse;
	for (size_t i = 0; i < n; i++) {
		int octet = (unsigned char)from[i];

		if (hex)
			octet = hex_digit(from[2 * i]) << 4 |
			        hex_digit(from[2 * i + 1]);
		if (octet < 0)
			goto refuse;
		a->nsid[i] = (uint8_t)octet;
	}
	a->nsid_bytes = (uint8_t)n;
	return 0;
refuse:
	return err_set(err, ERR_SYNTAX,
	    "answer: nsid: \"%s\": at most %d octets of text, or hex: and an "
	    "even number of hex digits",
	    text, ANSWER_NSID_MAX);
}

static int
answer_take(
    struct answer_config *a, const struct config_answer *c, struct err *err)
{
	answer_config_default(a);
	a->udp_max = c->udp_max;
	a->require_cookie = c->cookies == COOKIES_REQUIRED;
	if (c->identity)
		snprintf(a->identity, sizeof a->identity, "%s", c->identity);
	if (c->version)
		snprintf(a->version, sizeof a->version, "%s", c->version);
	return c->nsid ? nsid_take(a, c->nsid, err) : 0;
}

static char *
text_copy_find(const char *text)
{
	return text ? strdup(text) : NULL;
}

/* Without a file there is neither a default store nor a run directory: what
 * somebody tries out must not meet the machine's own. */
static int
places_take(struct sockets_options *o, const struct words *w,
    const struct config *c, struct err *err)
{
	const char *store = w->config ? c->store_dir : NULL;
	const char *run = w->config ? c->run_dir : NULL;

	store = w->store ? w->store : store;
	run = w->run ? w->run : run;
	if (store == NULL)
		return err_set(err, ERR_USAGE,
		    "no store to answer from: give --store DIR or --config "
		    "FILE; see holdfast-sockets --help");
	o->store_dir = text_copy_find(store);
	o->run_dir = text_copy_find(run);
	o->log_level = text_copy_find(c->log_level);
	if (o->store_dir == NULL || (run && o->run_dir == NULL))
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	return 0;
}

/* The file of secrets is the configuration's: without one, nothing is left
 * behind. */
static int
cookies_take(struct sockets_options *o, const struct words *w,
    const struct config *c, struct err *err)
{
	o->cookies = c->answer.cookies != COOKIES_OFF;
	if (!o->cookies || !w->config)
		return 0;
	o->cookie_path =
	    cookie_file_path(c->answer.cookie_secret_file, o->store_dir);
	return o->cookie_path ? 0
	                      : err_set(err, ERR_NO_MEMORY, "out of memory");
}

static void
limits_take(struct sockets_options *o, const struct words *w,
    const struct config *config)
{
	const struct config_sockets *c = &config->sockets;

	o->threads = w->threads ? w->threads : c->threads;
	if (o->threads > GRACE_READERS_MAX)
		o->threads = GRACE_READERS_MAX;
	o->tcp_clients = c->tcp_clients;
	o->tcp_per_client = c->tcp_per_client;
	o->tcp_idle_ms = c->tcp_idle_ms;
	o->tcp_query_ms = c->tcp_query_ms;
	o->tcp_pipeline = c->tcp_pipeline;
	o->quarantine_s = config->answer.quarantine_s;
}

int
sockets_options_parse(
    struct sockets_options *o, int argc, char **argv, struct err *err)
{
	struct words w = {.action = SOCKETS_RUN};
	struct config *c = NULL;
	int rc;

	memset(o, 0, sizeof *o);
	rc = words_read(&w, argc, argv, err);
	o->action = w.action;
	if (rc || w.action == SOCKETS_HELP || w.action == SOCKETS_VERSION)
		return rc;
	rc =
	    w.config ? config_load(&c, w.config, err) : config_default(&c, err);
	if (rc)
		return rc;
	limits_take(o, &w, c);
	rc = places_take(o, &w, c, err);
	if (!rc)
		rc = listens_take(o, &w, c, err);
	if (!rc)
		rc = cookies_take(o, &w, c, err);
	if (!rc)
		rc = answer_take(&o->answer, &c->answer, err);
	o->config = c;
	return rc;
}

void
sockets_options_fini(struct sockets_options *o)
{
	free(o->store_dir);
	free(o->run_dir);
	free(o->log_level);
	free(o->cookie_path);
	config_free(&o->config);
	memset(o, 0, sizeof *o);
}
