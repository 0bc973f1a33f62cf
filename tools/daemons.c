/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Questions to holdfastd and to the data plane's own socket.
 */
#include "tools/daemons.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/control_client.h"

enum { AWAKE_MS = 5000 };

int
daemons_ask_control(struct tool *t, json_t *request,
    void (*line)(void *arg, json_t *line), void *arg, json_t **last,
    struct err *err)
{
	struct control_client *c = NULL;
	int rc = t->run_dir ? 0 : tool_places(t, err);

	if (!rc)
		rc = control_client_open(&c, t->run_dir, err);
	if (rc) {
		json_decref(request);
		return rc;
	}
	rc =
	    control_client_ask(c, request, t->timeout_ms, line, arg, last, err);
	control_client_close(&c);
	return rc;
}

/* Answered by a thread that does nothing else: who does not answer hangs. */
int
daemons_control_awake(struct tool *t, struct err *err)
{
	unsigned timeout_ms = t->timeout_ms;
	json_t *last = NULL;
	int rc;

	if (t->timeout_ms > AWAKE_MS)
		t->timeout_ms = AWAKE_MS;
	rc = daemons_ask_control(
	    t, json_pack("{s:s}", "command", "stats"), NULL, NULL, &last, err);
	t->timeout_ms = timeout_ms;
	json_decref(last);
	if (rc != ERR_BUSY)
		return rc;
	fprintf(
	    stderr, "holdfast: holdfastd does not answer; it is passed by\n");
	return err_set(err, ERR_UNAVAILABLE, "holdfastd does not answer");
}

/* "stale the activation number is 7": the code and its text. */
static int
refusal_take(const char *text, struct err *err)
{
	size_t word = strcspn(text, " ");
	int code = ERR_REFUSED;

	for (int i = ERR_IO; i >= ERR_UNAVAILABLE; i--) {
		const char *name = err_code_name(i);

		if (strlen(name) == word && strncmp(text, name, word) == 0)
			code = i;
	}
	text += word;
	return err_set(err, code, "the data plane: %s", text + (*text == ' '));
}

int
daemons_ask_dataplane(struct tool *t, const char *request,
    char buffer[DATAPLANE_MESSAGE_MAX + 1], struct dataplane_message *out,
    struct err *err)
{
	char path[4096];
	int fd = -1, rc = t->run_dir ? 0 : tool_places(t, err);

	if (rc)
		return rc;
	snprintf(path, sizeof path, "%s/%s", t->run_dir, DATAPLANE_SOCKET_NAME);
	rc = dataplane_connect(&fd, path, err);
	if (rc)
		return rc;
	rc = dataplane_exchange(fd, request, buffer, DATAPLANE_MESSAGE_MAX + 1,
	    t->timeout_ms, out, err);
	close(fd);
	if (!rc && strcmp(out->word, "error") == 0)
		rc = refusal_take(out->text, err);
	return rc;
}
