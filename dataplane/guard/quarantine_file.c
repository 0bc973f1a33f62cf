/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Files of quarantined queries; see quarantine_file.h.
 */
#include "dataplane/guard/quarantine_file.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/dns.h"
#include "base/file.h"

#define SUFFIX_QUERY    ".query"
#define SUFFIX_RELEASED ".released"
enum { FILE_NAME_MAX = 64, ID_DIGITS = QUARANTINE_NAME_MAX - 1 };

void
quarantine_record_fini(struct quarantine_record *r)
{
	bytes_fini(&r->message);
}

void
quarantine_id(
    char id[QUARANTINE_NAME_MAX], const uint8_t *message, size_t bytes)
{
	char hex[DIGEST_TEXT_MAX];
	struct digest d;

	digest_of(&d, message + 2, bytes - 2);
	digest_to_text(hex, &d);
	memcpy(id, hex, ID_DIGITS);
	id[ID_DIGITS] = '\0';
}

/* --- text ------------------------------------------------------------------
 */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Hexadecimal up to the end of the line, which is the end of the text. */
static bool
message_parse(struct bytes *out, const char *hex)
{
	size_t n = strcspn(hex, "\n");

	if (n % 2 || n / 2 < DNS_HEADER_BYTES || n / 2 > DNS_MESSAGE_MAX ||
	    strcmp(hex + n, "\n") != 0 || !bytes_reserve(out, n / 2))
		return false;
	for (size_t i = 0; i < n; i += 2) {
		int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]);
		uint8_t octet;

		if (high < 0 || low < 0)
			return false;
		octet = (uint8_t)(high << 4 | low);
		bytes_append(out, &octet, 1);
	}
	return true;
}

static bool
client_parse(struct quarantine_record *r, const char *text)
{
	if (strcmp(text, "-") == 0)
		r->client_bytes = 0;
	else if (inet_pton(AF_INET, text, r->client) == 1)
		r->client_bytes = 4;
	else if (inet_pton(AF_INET6, text, r->client) == 1)
		r->client_bytes = 16;
	else
		return false;
	return true;
}

/* One of two words. */
static bool
word_parse(bool *second, const char *word, const char *one, const char *two)
{
	*second = strcmp(word, two) == 0;
	return *second || strcmp(word, one) == 0;
}

/* sscanf()'s own conversions of numbers take a sign as well. */
static bool
lines_parse(struct quarantine_record *r, const char *text)
{
	char replay[9], transport[4], client[INET6_ADDRSTRLEN],
	    hex[DIGEST_TEXT_MAX], crashed[20], expires[20], number[4],
	    capacity[7];
	int end = 0;

	if (sscanf(text,
		"holdfast-quarantine 1 program %31[a-z-] %31[a-zA-Z0-9.+~-] "
		"crashed %19[0-9] expires %19[0-9] signal %3[0-9] "
		"replay %8[a-z] transport %3[a-z] client %45[0-9a-f.:-] "
		"capacity %6[0-9] generation %64[0-9a-f] message %n",
		r->program, r->build, crashed, expires, number, replay,
		transport, client, capacity, hex, &end) != 10 ||
	    end == 0)
		return false;
	r->crashed_at = strtoull(crashed, NULL, 10);
	r->expires_at = strtoull(expires, NULL, 10);
	r->signal = (unsigned)strtoul(number, NULL, 10);
	r->capacity = (uint32_t)strtoul(capacity, NULL, 10);
	return word_parse(&r->hung, replay, "crash", "hang") &&
	       word_parse(&r->stream, transport, "udp", "tcp") &&
	       client_parse(r, client) &&
	       digest_from_text(&r->generation, hex, NULL) == 0 &&
	       message_parse(&r->message, text + end);
}

int
quarantine_record_parse(struct quarantine_record *out, const void *text,
    size_t bytes, struct err *err)
{
	unsigned version;
	char *copy;
	int rc = 0;

	memset(out, 0, sizeof *out);
	bytes_init(&out->message);
	if (bytes > QUARANTINE_TEXT_MAX || memchr(text, '\0', bytes))
		return err_set(err, ERR_CORRUPT, "no quarantined query");
	copy = malloc(bytes + 1);
	if (!copy)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	memcpy(copy, text, bytes);
	copy[bytes] = '\0';
	if (sscanf(copy, "holdfast-quarantine %u", &version) == 1 &&
	    version != 1)
		rc = err_set(err, ERR_VERSION,
		    "version %u, this program reads version 1", version);
	else if (!lines_parse(out, copy))
		rc = err_set(err, ERR_CORRUPT,
		    "damaged: it does not have the lines of a quarantined "
		    "query");
	free(copy);
	if (rc)
		quarantine_record_fini(out);
	else
		quarantine_id(out->id, out->message.data, out->message.len);
	return rc;
}

void
quarantine_record_print(struct bytes *text, const struct quarantine_record *r)
{
	char hex[DIGEST_TEXT_MAX], client[INET6_ADDRSTRLEN] = "-";

	if (r->client_bytes)
		inet_ntop(r->client_bytes == 4 ? AF_INET : AF_INET6, r->client,
		    client, sizeof client);
	bytes_printf(text,
	    "holdfast-quarantine 1\nprogram %s %s\ncrashed %" PRIu64
	    "\nexpires %" PRIu64
	    "\nsignal %u\nreplay %s\ntransport %s\nclient %s\ncapacity %u\n"
	    "generation %s\nmessage ",
	    r->program, r->build, r->crashed_at, r->expires_at, r->signal,
	    r->hung ? "hang" : "crash", r->stream ? "tcp" : "udp", client,
	    r->capacity, digest_to_text(hex, &r->generation));
	for (size_t i = 0; i < r->message.len; i++)
		bytes_printf(text, "%02x", r->message.data[i]);
	bytes_printf(text, "\n");
}

/* --- files -----------------------------------------------------------------
 */

static void
file_name(char dst[FILE_NAME_MAX], const char *id, bool released)
{
	snprintf(dst, FILE_NAME_MAX, "%s%s", id,
	    released ? SUFFIX_RELEASED : SUFFIX_QUERY);
}

/* The name is ID.query or ID.released. */
static bool
name_parse(const char *name, bool *released)
{
	return strspn(name, "0123456789abcdef") == ID_DIGITS &&
	       word_parse(
		   released, name + ID_DIGITS, SUFFIX_QUERY, SUFFIX_RELEASED);
}

int
quarantine_record_write(
    int dir_fd, const struct quarantine_record *r, struct err *err)
{
	char name[FILE_NAME_MAX];
	struct bytes text;
	int rc;

	bytes_init(&text);
	quarantine_record_print(&text, r);
	file_name(name, r->id, false);
	rc = text.failed ? err_set(err, ERR_NO_MEMORY, "out of memory")
	                 : file_write(dir_fd, name, 0660, text.data, text.len,
			       FILE_SYNC | FILE_REPLACE, err);
	bytes_fini(&text);
	if (rc)
		return err_add(err, "%s", name);
	file_name(name, r->id, true);
	unlinkat(dir_fd, name, 0);
	return 0;
}

static int
record_read(struct quarantine_record *out, int dir_fd, const char *name,
    bool released, struct err *err)
{
	struct bytes text;
	int rc;

	bytes_init(&text);
	rc = file_read(dir_fd, name, QUARANTINE_TEXT_MAX, &text, err);
	if (!rc)
		rc = quarantine_record_parse(out, text.data, text.len, err);
	bytes_fini(&text);
	if (!rc && strncmp(out->id, name, ID_DIGITS) != 0) {
		quarantine_record_fini(out);
		rc = err_set(
		    err, ERR_CORRUPT, "its message is not that of its name");
	}
	if (rc)
		return err_add(err, QUARANTINE_FOLDER "/%s", name);
	out->released = released;
	return 0;
}

static int
by_crash(const void *a, const void *b)
{
	const struct quarantine_record *x = a, *y = b;

	if (x->crashed_at != y->crashed_at)
		return x->crashed_at < y->crashed_at ? 1 : -1;
	return strcmp(x->id, y->id);
}

static DIR *
folder_open_find(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d && fd >= 0)
		close(fd);
	return d;
}

int
quarantine_list(struct quarantine_record **out, size_t *count, int dir_fd,
    void (*complain)(const char *text), struct err *err)
{
	struct quarantine_record *list =
	    calloc(QUARANTINE_FILES_MAX, sizeof *list);
	DIR *d = folder_open_find(dir_fd);
	struct dirent *e;
	struct err one;
	bool released;
	size_t n = 0;

	if (!list || !d) {
		free(list);
		if (d)
			closedir(d);
		return err_set_errno(err, "cannot list " QUARANTINE_FOLDER);
	}
	while (n < QUARANTINE_FILES_MAX && (e = readdir(d)) != NULL) {
		if (!name_parse(e->d_name, &released))
			continue;
		if (!record_read(&list[n], dir_fd, e->d_name, released, &one))
			n++;
		else if (complain)
			complain(one.text);
	}
	closedir(d);
	qsort(list, n, sizeof *list, by_crash);
	*out = list;
	*count = n;
	return 0;
}

void
quarantine_list_free(struct quarantine_record **list, size_t count)
{
	for (size_t i = 0; *list && i < count; i++)
		quarantine_record_fini(&(*list)[i]);
	free(*list);
	*list = NULL;
}

void
quarantine_prune(int dir_fd, size_t keep, uint64_t now)
{
	struct quarantine_record *list = NULL;
	size_t count = 0, left;

	if (quarantine_list(&list, &count, dir_fd, NULL, NULL))
		return;
	left = count;
	for (unsigned round = 0; round < 2; round++)
		for (size_t i = count; i-- > 0 && left > keep;) {
			const struct quarantine_record *r = &list[i];
			bool in_force = !r->released && r->expires_at > now;
			char name[FILE_NAME_MAX];

			if (in_force != (round == 1))
				continue;
			file_name(name, r->id, r->released);
			unlinkat(dir_fd, name, 0);
			left--;
		}
	quarantine_list_free(&list, count);
}

int
quarantine_release(int dir_fd, const char *id, struct err *err)
{
	char from[FILE_NAME_MAX], to[FILE_NAME_MAX];

	if (strlen(id) != ID_DIGITS ||
	    strspn(id, "0123456789abcdef") != ID_DIGITS)
		return err_set(err, ERR_USAGE,
		    "\"%.40s\" is no ID of a quarantined query (16 "
		    "hexadecimal digits; see holdfast quarantine list)",
		    id);
	file_name(from, id, false);
	file_name(to, id, true);
	if (renameat(dir_fd, from, dir_fd, to) == 0)
		return 0;
	if (errno == ENOENT)
		return err_set(
		    err, ERR_NOT_FOUND, "no query %s is in quarantine", id);
	return err_set_errno(err, "cannot release %s", from);
}
