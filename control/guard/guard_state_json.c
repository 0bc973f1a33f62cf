/* SPDX-License-Identifier: BSD-2-Clause
 *
 * States of zones as JSON and back (guard_state.h). What is read is taken for
 * hostile: every member is checked.
 */
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/guard/guard_state.h"

enum { VERDICTS_MAX = 64 };

/* --- out ------------------------------------------------------------------ */

json_t *
guard_text_json(const char *text)
{
	json_t *s = json_string(text);
	char *ascii;

	if (s)
		return s;
	ascii = strdup(text);
	if (!ascii)
		return json_string("?");
	for (char *p = ascii; *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	s = json_string(ascii);
	free(ascii);
	return s;
}

static json_t *
digest_json(const struct digest *d)
{
	char text[DIGEST_TEXT_MAX];

	return json_string(digest_to_text(text, d));
}

static json_t *
verdicts_json(const struct guard_state *s)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < s->nverdicts; i++) {
		const struct guard_verdict *v = &s->verdicts[i];

		json_array_append_new(
		    list, json_pack("{s:s, s:s, s:b, s:o}", "kind",
			      guard_kind_word[v->kind], "action",
			      guard_action_word[v->action], "overridden",
			      v->overridden, "what", guard_text_json(v->what)));
	}
	return list;
}

static json_t *
kinds_json(uint32_t bits)
{
	json_t *kinds = json_array();

	for (unsigned k = 0; k < GUARD_KIND_COUNT; k++)
		if (bits >> k & 1)
			json_array_append_new(
			    kinds, json_string(guard_kind_word[k]));
	return kinds;
}

static json_t *
token_json(const struct guard_token *t)
{
	if (!t->there)
		return json_null();
	return json_pack("{s:o, s:o, s:I, s:o, s:o}", "version",
	    digest_json(&t->version), "kinds", kinds_json(t->kinds), "until",
	    (json_int_t)t->until, "reason", guard_text_json(t->reason), "who",
	    guard_text_json(t->who));
}

static json_t *
passed_json(const struct guard_state *s)
{
	if (!s->passed_kinds)
		return json_null();
	return json_pack("{s:o, s:o}", "version", digest_json(&s->passed),
	    "kinds", kinds_json(s->passed_kinds));
}

static json_t *
marks_json(const struct guard_state *s)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < s->nmarks; i++) {
		const struct guard_mark *m = &s->marks[i];
		json_t *row = json_array();

		json_array_append_new(row, json_integer((json_int_t)m->at));
		for (unsigned g = 0; g <= GROUP_COUNT; g++)
			json_array_append_new(row, json_integer(m->most[g]));
		json_array_append_new(list, row);
	}
	return list;
}

json_t *
guard_state_json(const struct guard_state *s)
{
	char name[NAME_TEXT_MAX];

	return json_pack("{s:i, s:s, s:o, s:I, s:b, s:b, s:o, s:o, s:o, s:o}",
	    "format", 1, "zone", name_to_text(name, s->apex), "version",
	    digest_json(&s->version), "at", (json_int_t)s->at, "refused",
	    s->refused, "keep", s->keep, "verdicts", verdicts_json(s),
	    "override", token_json(&s->token), "passed", passed_json(s),
	    "marks", marks_json(s));
}

/* --- in ------------------------------------------------------------------- */

static int
bad(struct err *err, const char *member)
{
	return err_set(err, ERR_CORRUPT,
	    "\"%s\" is missing or not what it should be", member);
}

static int
word_find(const char *word, const char *const *words, unsigned n)
{
	for (unsigned i = 0; word && i < n; i++)
		if (strcmp(word, words[i]) == 0)
			return (int)i;
	return -1;
}

static bool
text_take(char *out, size_t size, const json_t *s)
{
	size_t n = json_is_string(s) ? json_string_length(s) : SIZE_MAX;

	if (n >= size || strlen(json_string_value(s)) != n)
		return false;
	memcpy(out, json_string_value(s), n + 1);
	return true;
}

static bool
number_take(uint64_t *out, const json_t *n, uint64_t most)
{
	json_int_t v = json_integer_value(n);

	*out = (uint64_t)v;
	return json_is_integer(n) && v >= 0 && (uint64_t)v <= most;
}

static bool
digest_take(struct digest *out, const json_t *s)
{
	return json_is_string(s) &&
	       digest_from_text(out, json_string_value(s), NULL) == 0;
}

static int
verdict_take(struct guard_verdict *v, const struct guard_state *s,
    const json_t *o, struct err *err)
{
	int kind = word_find(json_string_value(json_object_get(o, "kind")),
	    guard_kind_word, GUARD_KIND_COUNT);
	int action = word_find(json_string_value(json_object_get(o, "action")),
	    guard_action_word, GUARD_ACTION_COUNT);

	if (kind < 0 || action < 0 ||
	    !text_take(v->what, sizeof v->what, json_object_get(o, "what")))
		return bad(err, "verdicts");
	v->kind = (enum guard_kind)kind;
	v->action = (enum guard_action)action;
	v->overridden = json_is_true(json_object_get(o, "overridden"));
	v->version = s->version;
	memcpy(v->apex, s->apex, sizeof v->apex);
	return 0;
}

static int
verdicts_take(struct guard_state *s, const json_t *list, struct err *err)
{
	size_t n = json_array_size(list);
	int rc = 0;

	if (!json_is_array(list) || n > VERDICTS_MAX)
		return bad(err, "verdicts");
	s->verdicts = calloc(n + 1, sizeof *s->verdicts);
	if (!s->verdicts)
		return err_set(err, ERR_NO_MEMORY, "no memory for verdicts");
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = verdict_take(&s->verdicts[s->nverdicts++], s,
		    json_array_get(list, i), err);
	return rc;
}

static bool
kinds_take(uint32_t *bits, const json_t *kinds)
{
	if (!json_is_array(kinds))
		return false;
	for (size_t i = 0; i < json_array_size(kinds); i++) {
		int kind =
		    word_find(json_string_value(json_array_get(kinds, i)),
			guard_kind_word, GUARD_KIND_COUNT);

		if (kind < 0)
			return false;
		*bits |= 1u << kind;
	}
	return true;
}

static int
token_take(struct guard_token *t, const json_t *o, struct err *err)
{
	if (json_is_null(o))
		return 0;
	if (!digest_take(&t->version, json_object_get(o, "version")) ||
	    !number_take(&t->until, json_object_get(o, "until"), INT64_MAX) ||
	    !text_take(
		t->reason, sizeof t->reason, json_object_get(o, "reason")) ||
	    !text_take(t->who, sizeof t->who, json_object_get(o, "who")) ||
	    !kinds_take(&t->kinds, json_object_get(o, "kinds")))
		return bad(err, "override");
	t->there = true;
	return 0;
}

/* A file of before has none. */
static int
passed_take(struct guard_state *s, const json_t *o, struct err *err)
{
	if (!o || json_is_null(o))
		return 0;
	if (!digest_take(&s->passed, json_object_get(o, "version")) ||
	    !kinds_take(&s->passed_kinds, json_object_get(o, "kinds")))
		return bad(err, "passed");
	return 0;
}

static int
marks_take(struct guard_state *s, const json_t *list, struct err *err)
{
	size_t n = json_array_size(list);

	if (!json_is_array(list) || n > GUARD_MARKS)
		return bad(err, "marks");
	for (size_t i = 0; i < n; i++) {
		const json_t *row = json_array_get(list, i);
		struct guard_mark *m = &s->marks[s->nmarks++];
		uint64_t v;

		if (json_array_size(row) != GROUP_COUNT + 2 ||
		    !number_take(&m->at, json_array_get(row, 0), INT64_MAX))
			return bad(err, "marks");
		for (unsigned g = 0; g <= GROUP_COUNT; g++) {
			if (!number_take(
				&v, json_array_get(row, g + 1), UINT32_MAX))
				return bad(err, "marks");
			m->most[g] = (uint32_t)v;
		}
	}
	return 0;
}

static int
apex_take(struct guard_state *s, const json_t *name, struct err *err)
{
	int n = json_is_string(name)
	            ? name_from_text(s->apex, json_string_value(name), err)
	            : -1;

	if (n < 0)
		return bad(err, "zone");
	name_lower(s->apex, s->apex, (size_t)n);
	return 0;
}

static int
members_take(struct guard_state *s, const json_t *o, struct err *err)
{
	uint64_t format;
	int rc;

	if (!number_take(&format, json_object_get(o, "format"), 1))
		return bad(err, "format");
	rc = apex_take(s, json_object_get(o, "zone"), err);
	if (rc == 0 && !digest_take(&s->version, json_object_get(o, "version")))
		rc = bad(err, "version");
	if (rc == 0 &&
	    !number_take(&s->at, json_object_get(o, "at"), INT64_MAX))
		rc = bad(err, "at");
	if (rc)
		return rc;
	s->refused = json_is_true(json_object_get(o, "refused"));
	s->keep = json_is_true(json_object_get(o, "keep"));
	rc = verdicts_take(s, json_object_get(o, "verdicts"), err);
	if (rc == 0)
		rc = token_take(&s->token, json_object_get(o, "override"), err);
	if (rc == 0)
		rc = passed_take(s, json_object_get(o, "passed"), err);
	return rc ? rc : marks_take(s, json_object_get(o, "marks"), err);
}

int
guard_state_parse(
    struct guard_state *out, const void *text, size_t bytes, struct err *err)
{
	json_error_t error;
	json_t *o = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
	int rc;

	*out = (struct guard_state){0};
	if (!json_is_object(o))
		rc = err_set(err, ERR_CORRUPT, "no JSON object: %s",
		    o ? "something else" : error.text);
	else
		rc = members_take(out, o, err);
	json_decref(o);
	return rc;
}
