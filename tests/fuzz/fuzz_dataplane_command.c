/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fuzz target: requests of the data plane's socket, from a stranger, against a
 * data plane that serves nothing from an empty store. The input is cut into
 * requests at newlines; the first octet of each chooses the connection.
 * Checked: every request gets one answer of printable ASCII that parses as
 * one, and none of them loads or swaps anything.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/limit/limits.h"
#include "dataplane/poll/dp_command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static struct activation activation;
static struct health health;
static struct limits limits;
static char denied4[] = "192.0.2.0/24", denied6[] = "2001:db8::/32";
static char *denied[] = {denied4, denied6};
static struct config_limit limit_config = {.deny = denied,
    .ndeny = 2,
    .ipv4_prefix = 24,
    .ipv6_prefix = 56,
    .client_ipv4_prefix = 32,
    .client_ipv6_prefix = 64,
    .responses_per_second = 200,
    .accounts = 64};

static uint64_t
clock_ms(void)
{
	return 1000;
}

static void
check(bool holds)
{
	if (!holds)
		abort();
}

static void
remove_store(const char *dir)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf %s", dir);
	check(system(command) == 0);
}

/* Once: the store's files may go, its handle stays. */
static void
set_up(void)
{
	char dir[] = "/tmp/holdfast-fuzz-XXXXXX";
	unsigned cpu = 1;
	struct err err;

	if (activation.store)
		return;
	check(mkdtemp(dir) != NULL);
	check(!store_create(dir, &err));
	check(!store_open(&activation.store, dir, 0, &err));
	check(!store_lock(activation.store, STORE_LOCK_COMMIT, &err));
	check(!live_new(&activation.live, 1, &err));
	activation.now_ms = clock_ms;
	health_init(&health, &cpu, 1, 1000);
	/* so that `prefixes` reads and swaps them */
	check(!limits_from_config(&limits, &limit_config, &err));
	remove_store(dir);
}

static void
run_request(struct dp_context *d, const uint8_t *data, size_t bytes)
{
	unsigned client = 0;
	char answer[DATAPLANE_MESSAGE_MAX + 1];
	struct dataplane_message m;
	bool hang_up = false;
	struct err err;
	size_t n;
	char *request;

	if (bytes) {
		client = data[0] % DP_CLIENTS_MAX;
		data++;
		bytes--;
	}
	if (bytes > DATAPLANE_MESSAGE_MAX)
		bytes = DATAPLANE_MESSAGE_MAX;
	request = malloc(bytes + 1);
	memcpy(request, data, bytes);
	n = dp_command(d, client, request, bytes, answer, &hang_up);
	free(request);
	check(n > 2 && n < DATAPLANE_MESSAGE_MAX);
	for (size_t i = 0; i < n; i++)
		check(answer[i] >= ' ' && answer[i] <= '~');
	check(!dataplane_message_parse(&m, answer, n, &err));
	check(!strcmp(m.word, "ok") || !strcmp(m.word, "error"));
	if (hang_up)
		dp_forget(d, client);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct dp_context d;

	set_up();
	dp_context_init(&d, &activation, &health, 1000);
	d.limits = &limits;
	while (bytes) {
		const uint8_t *end = memchr(data, '\n', bytes);
		size_t n = end ? (size_t)(end - data) : bytes;

		run_request(&d, data, n);
		n += end != NULL;
		data += n;
		bytes -= n;
	}
	check(activation.number == 0 && !activation.stable);
	return 0;
}
