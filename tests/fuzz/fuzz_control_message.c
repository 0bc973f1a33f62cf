/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fuzz target: any octets as a line on holdfastd's control socket, and as a
 * message on the data plane's. Each lies in a heap block of its exact size. The
 * commands run against a small zone table with a zone in every state, and a
 * data plane's page in a directory of their own; work for the worker is
 * answered as if it had succeeded or failed. Every request must get lines that
 * are JSON, the last of them, and no other, with "done".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/api/commands_json.h"
#include "control/publish/zone_table.h"
#include "snapshot/dataplane_protocol.h"
#include "snapshot/page.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct zone_table zones;
static struct control_status status;
static struct control_context context;
static struct condemned_version condemned;
static struct page *page;
static char directory[64], page_path[96], health_path[96];

/* What one request was answered. */
struct answers {
	unsigned lines, done, stopped;
};
static struct answers *asking;

static void
broken(const char *what)
{
	fprintf(stderr, "fuzz_control_message: %s\n", what);
	abort();
}

static void
answer_take(void *client, json_t *line)
{
	struct answers *a = client;
	char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
	json_t *again = text ? json_loads(text, 0, NULL) : NULL;
	json_t *error = json_object_get(again, "error");

	if (!again || !json_is_boolean(json_object_get(again, "ok")))
		broken("an answer that is no JSON object with \"ok\"");
	if (strchr(text, '\n'))
		broken("an answer of two lines");
	if (a->done)
		broken("an answer after the last");
	if (error && (json_is_true(json_object_get(again, "ok")) ||
			 !json_is_string(json_object_get(error, "code")) ||
			 !json_is_string(json_object_get(error, "text"))))
		broken("an error without code or text");
	a->lines++;
	a->done += json_is_true(json_object_get(again, "done"));
	json_decref(again);
	json_decref(line);
	free(text);
}

static void
stop_take(void *arg)
{
	(void)arg;
	asking->stopped++;
}

static void
files_remove(void)
{
	page_close(&page);
	unlink(page_path);
	unlink(health_path);
	rmdir(directory);
}

static void
files_make(void)
{
	struct page_state state = {.activation = 3};
	struct err err;

	strcpy(directory, "/tmp/holdfast-fuzz-XXXXXX");
	if (!mkdtemp(directory))
		broken("no directory for files");
	snprintf(
	    page_path, sizeof page_path, "%s/" DATAPLANE_PAGE_NAME, directory);
	snprintf(health_path, sizeof health_path, "%s/" DATAPLANE_HEALTH_NAME,
	    directory);
	if (page_create(&page, page_path, &err) != 0)
		broken(err.text);
	page_write(page, &state);
	atexit(files_remove);
}

static void
health_set(const char *line)
{
	FILE *f = fopen(health_path, "w");

	if (!f)
		broken("no health file");
	fputs(line, f);
	fclose(f);
}

static void
zones_make(void)
{
	static const char text[] = "zones:\n"
				   "  - {name: served.test, file: /x/a}\n"
				   "  - {name: refused.test, file: /x/b}\n"
				   "  - {name: condemned.test, file: /x/c}\n"
				   "  - {name: waiting.test, file: /x/d}\n";
	static const char records[] = "$TTL 60\n@ SOA n h 7 2 3 4 5\n@ NS n.\n";
	static const enum zone_state states[] = {
	    ZONE_CONDEMNED, ZONE_REFUSED, ZONE_SERVED, ZONE_WAITING};
	struct config *c = NULL;
	struct err err;

	zone_table_init(&zones);
	if (config_parse(&c, "/x/y", text, sizeof text - 1, &err) != 0 ||
	    zone_table_configure(&zones, c, &err) != 0)
		broken(err.text);
	config_free(&c);
	for (size_t i = 0; i < zones.count; i++) {
		struct zone_entry *e = &zones.zones[i];

		e->state = states[i];
		if (e->state == ZONE_REFUSED || e->state == ZONE_CONDEMNED)
			e->why = strdup("/x/b:3: \xff\xc3\x28 is bad");
		if (e->state == ZONE_SERVED &&
		    zonefile_parse(&e->served, "/x/a", records,
			sizeof records - 1, e->apex, NULL, &err) != 0)
			broken(err.text);
		e->changed_at = e->served ? 1000 : 0;
	}
	memcpy(condemned.apex, zones.zones[0].apex, sizeof condemned.apex);
	zones.condemned = &condemned;
	zones.ncondemned = 1;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	zones_make();
	files_make();
	control_status_init(&status);
	context = (struct control_context){.zones = &zones,
	    .status = &status,
	    .config_path = "/x/\xe4",
	    .store_dir = "/x/store",
	    .run_dir = directory,
	    .stop = stop_take};
	return 0;
}

/* The worker's part: it works, or it fails with a text that is no UTF-8. */
static void
work_do(struct work *w, unsigned how)
{
	w->result.changed = how & 1;
	w->result.activation = how;
	memset(&w->result.generation, (int)how, sizeof w->result.generation);
	w->released = how & 1;
	w->code = how % 3 == 0 ? err_set(&w->err, ERR_REFUSED, "no \xe4") : 0;
}

static void
control_line(const uint8_t *data, size_t size)
{
	struct answers a = {0};
	char *line = malloc(size ? size : 1);
	bool hang_up = false;
	struct work *w;

	if (!line)
		return;
	if (size)
		memcpy(line, data, size);
	asking = &a;
	w = command_line(&context, line, size, answer_take, &a, &hang_up);
	free(line);
	if (w && (a.lines || hang_up))
		broken("an answer before the work was done");
	if (w) {
		work_do(w, (unsigned)size);
		command_finish(&context, w, answer_take, &a);
	}
	if (a.done != 1)
		broken("no last answer");
	if (a.stopped > 1 || (a.stopped && hang_up))
		broken("stopped by mistake");
}

/* A message is cut up in its own memory, with room for its end. */
static void
dataplane_message(const uint8_t *data, size_t size)
{
	struct dataplane_message m;
	struct err err = {0};
	char *message = malloc(size + 1);
	int rc;

	if (!message)
		return;
	if (size)
		memcpy(message, data, size);
	rc = dataplane_message_parse(&m, message, size, &err);
	if (rc && (err.code != rc || !err.text[0]))
		broken("refused without a reason");
	for (unsigned i = 0; rc == 0 && i < m.count; i++)
		if (dataplane_field_find(&m, m.field[i].key) !=
		    m.field[i].value)
			broken("a field that is not found, or twice");
	if (rc == 0 && (!*m.word || strlen(m.word) + strlen(m.text) > size))
		broken("a message without its word");
	free(message);
}

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* The facts that status tells take turns with the input's length. */
static void
facts_set(size_t size)
{
	struct digest generation = {{1}};
	static const char *const health[] = {
	    "healthy\n", "unhealthy no-generation\n", "", "\xff\xff\xff"};
	static size_t last = SIZE_MAX;

	/* a page without a beat is a dead one */
	page_beat(page, size % 5 ? now_ms() : 0);
	if (last != size % 4)
		health_set(health[size % 4]);
	last = size % 4;
	control_status_candidate(&status, size & 1 ? &generation : NULL);
	if (size & 2)
		control_status_error(&status, "what failed: \xe4");
	else
		control_status_live(&status, &generation, 4, 1000);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	facts_set(size);
	control_line(data, size);
	dataplane_message(data, size);
	return 0;
}
