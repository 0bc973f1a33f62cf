/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The data plane's Unix socket (RUN/dataplane.sock, SOCK_SEQPACKET, mode 0660):
 * one request a packet, one answer a packet, ASCII, at most 4096 bytes. A
 * request is a word and KEY=VALUE words; an answer is "ok KEY=VALUE ..." or
 * "error CODE text" with a code of err_code_name(). Generations are 64 hex
 * digits. Served by the management thread; anything malformed gets an error and
 * changes nothing; more than 16 connections are closed at once.
 *
 *   own pid=N
 *       This connection is the owner's from now on; an older owner connection
 *       is told "error stale" on its next request and closed. Only the owner's
 *       may activate, commit and return.
 *   activate expect=N parent=HEX generation=HEX [permille=N] [deadline_ms=N]
 *       Loads and verifies; then compares, at the last instruction, `expect`
 *       with the activation number and `parent` with the stable generation.
 *       permille 0 to 1000 of the clients are answered from it as the
 *       candidate. Without a commit within deadline_ms (default 10000) it goes
 *       away again. The zones that it changes are on probation: the TTLs of its
 *       answers from them are 30 s at most. Refused while publication is held,
 *       and where a protected name would have no answer.
 *       -> ok activation=N+1 load_ms=...
 *   commit expect=N generation=HEX [soak_ms=N]
 *       The candidate becomes stable for everyone and `current` in the store.
 *       Its zones stay on probation until `proven`, or until soak_ms (default
 * 0, at most a day) are over; a candidate that comes meanwhile has those not
 *       proven yet on probation too. -> ok activation=N+1
 *   proven expect=N generation=HEX
 *       Ends the probation of the stable generation. -> ok activation=N
 *   return expect=N
 *       The candidate goes away. -> ok activation=N+1
 *
 * These are for people and any connection may give them; they work with control
 * dead:
 *
 *   rollback generation=HEX|previous [expect=N] [force=yes]
 *   rollback steps=N [expect=N] [force=yes]
 *       To a committed generation, or so many parents back; condemns what it
 *       leaves. force: though a protected name has no answer there. Whether its
 *       signatures are still valid is for the caller to look at.
 *   pin generation=HEX, unpin generation=HEX
 *       Retention keeps a committed generation, or need not any more.
 *   hold, release
 *       Nothing is activated or committed, by anybody, until release. Kept in
 *       the store (STORE/hold), where control sees it too.
 *   history [from=N]
 *       -> ok count=N from=N g0=HEX:TIME:MARKS g1=... Committed generations,
 * the newest first, at most 12 of them from number N (0) on. TIME: of the
 *       commit, seconds since 1970; MARKS: current, pinned, current+pinned or
 *       nothing.
 *   prefixes
 *       Reads the lists of prefixes (limits: deny_from and so on) again; any
 *       connection may. On an error those before stay. -> ok activation=N
 *       load_ms=...
 *   status
 *       -> ok activation=N stable=HEX candidate=HEX|none pid=N uptime_ms=N
 *          beat_ms=N healthy=yes|no reason=word owner=pid|none permille=N
 *          quarantined=N cookies=off|MARK[,MARK] probation=N soak_ms=N
 *          held=yes|no age_s=N
 *       age_s: since the stable generation was committed. probation: zones on
 * it, in the candidate if there is one; soak_ms: what is left of the soak. MARK
 * names a cookie secret, the first is that which makes cookies. health
 *       -> ok healthy=yes|no reason=word. yes: every core turns its loop and a
 *       generation is loaded. Staleness of data is never a reason.
 *   stop
 *       Clean stop, as SIGTERM.
 */
#ifndef HOLDFAST_DATAPLANE_PROTOCOL_H
#define HOLDFAST_DATAPLANE_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define DATAPLANE_SOCKET_NAME   "dataplane.sock"
#define DATAPLANE_PAGE_NAME     "dataplane.page"
#define DATAPLANE_COUNTERS_NAME "dataplane.counters"
#define DATAPLANE_HEALTH_NAME   "dataplane.health"
#define SOCKETS_COUNTERS_NAME   "sockets.counters"
#define DATAPLANE_LIMITED_NAME  "dataplane.limited" /* base/limited.h */
#define SOCKETS_LIMITED_NAME    "sockets.limited"
#define DATAPLANE_SAMPLES_NAME  "dataplane.samples" /* base/sample.h */
#define SOCKETS_SAMPLES_NAME    "sockets.samples"
#define DATAPLANE_MESSAGE_MAX   4096

/* A parsed request or answer. Borrows from the message, which it cuts up. */
struct dataplane_message {
	const char *word; /* "activate", or "ok", or "error" */
	const char *text; /* of an error: code word and text; else "" */
	unsigned count;
	struct {
		const char *key, *value;
	} field[24];
};

/* Parses in place; terminates the message, for which message[bytes] must be
 * room. Refuses control characters, more than 24 fields, fields without "=", a
 * key twice. */
int dataplane_message_parse(struct dataplane_message *out, char *message,
    size_t bytes, struct err *err);
/* NULL if absent. */
const char *dataplane_field_find(
    const struct dataplane_message *m, const char *key);

/* Client side, for control and tools: connects (ERR_UNAVAILABLE when there is
 * none), one exchange with a time limit. */
int dataplane_connect(int *fd, const char *path, struct err *err);
int dataplane_exchange(int fd, const char *request, char *answer,
    size_t answer_max, unsigned timeout_ms, struct dataplane_message *out,
    struct err *err);

#endif
