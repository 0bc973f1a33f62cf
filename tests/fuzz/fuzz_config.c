/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fuzz target: any octets as a configuration, and as a list of zones, as all
 * daemons read them. The input lies in a heap block of its exact size. What is
 * refused must have a reason on one line that starts with the file; what is
 * accepted must hold what consumers rely on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "config/config.h"
#include "control/guard/guards.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An absolute path in a folder that is not there: zones_from finds no file. */
#define CONFIG_NOWHERE "/nonexistent/f.yaml"

static void
broken(const char *what)
{
	fprintf(stderr, "fuzz_config: %s\n", what);
	abort();
}

static void
check_error(const struct err *err, int rc)
{
	if (rc >= 0 || err->code != rc)
		broken("refused without a code");
	if (strncmp(err->text, CONFIG_NOWHERE, strlen(CONFIG_NOWHERE)) != 0)
		broken("refused without the file's name");
	if (strlen(err->text) < sizeof CONFIG_NOWHERE + 4)
		broken("refused without a reason");
}

static void
check_zones(const struct config_zone *zones, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct config_zone *z = &zones[i];

		if (name_length_find(z->apex, DNS_NAME_MAX) == 0)
			broken("apex is no name");
		if (z->file[0] != '/' || z->line == 0)
			broken("zone without path or line");
		if (i > 0 && name_compare(zones[i - 1].apex, z->apex) >= 0)
			broken("zones out of order");
	}
}

static void
check_config(const struct config *c)
{
	for (unsigned i = 0; i < c->dataplane.nports; i++) {
		const struct config_port *p = &c->dataplane.ports[i];

		if (!p->name || !p->device || p->ncores == 0 ||
		    p->naddresses == 0)
			broken("port without something required");
		if (p->mtu < 1280 || p->mtu > 9000)
			broken("MTU out of range");
	}
	if (!c->path || c->store_dir[0] != '/' || c->run_dir[0] != '/' ||
	    c->zone_directory[0] != '/')
		broken("path is not absolute");
	check_zones(c->zones, c->nzones);
}

static void
parse_list(const char *text, size_t size)
{
	struct config_zone *zones = NULL;
	unsigned n = 0;
	struct err err;
	int rc = config_zone_list_parse(
	    &zones, &n, CONFIG_NOWHERE, "/zones", text, size, &err);

	if (rc != 0) {
		check_error(&err, rc);
	} else {
		rc = config_zones_sort(
		    zones, n, CONFIG_NOWHERE, CONFIG_NOWHERE, &err);
		if (rc == 0)
			check_zones(zones, n);
		else
			check_error(&err, rc);
	}
	config_zones_free(&zones, n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *c = NULL;
	struct err err = {0};
	char *text = malloc(size ? size : 1);
	int rc;

	if (!text)
		return 0;
	if (size != 0)
		memcpy(text, data, size);
	rc = config_parse(&c, CONFIG_NOWHERE, text, size, &err);
	if (rc == 0) {
		check_config(c);
		/* names, types and records of guards are read by control */
		rc = guards_configure(NULL, c, &err);
	}
	if (rc != 0)
		check_error(&err, rc);
	config_free(&c);
	parse_list(text, size);
	free(text);
	return 0;
}
