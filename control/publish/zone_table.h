/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The zones that holdfastd has to do with: what the configuration names, what
 * is live, what the source says now, and why the two differ. One owner: the
 * worker thread writes, others read under `lock`.
 */
#ifndef HOLDFAST_ZONE_TABLE_H
#define HOLDFAST_ZONE_TABLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "control/publish/sign_clock.h"
#include "control/sign/key_directory.h"
#include "control/source/zonefile.h"
#include "snapshot/records.h"

enum zone_state {
	ZONE_WAITING,   /* its source is still to be read, or to go live */
	ZONE_SERVED,    /* the newest version is live */
	ZONE_REFUSED,   /* it is not; `why` has the reason */
	ZONE_CONDEMNED, /* a rollback left this version */
};

/* What is known of the signatures of a version. */
struct zone_dnssec {
	bool checked; /* by this process, as the zone's mode wants it */
	bool is_signed;
	bool all_verified; /* no signature of it is bogus */
	uint64_t faults;
	uint64_t expires_at; /* seconds since 1970, or DNSSEC_NEVER */
	uint64_t valid_from; /* as dnssec_result has it */
};

enum zone_alarm { ALARM_NONE, ALARM_NEAR, ALARM_OVER };

/* Of a zone that is signed here; zone_signing.h. Times are seconds since 1970.
 */
struct zone_signing {
	bool on;
	struct config_policy policy; /* its name is left out */
	uint64_t due;                /* to be signed again; 0: not known */
	uint64_t ends_first;         /* the first of the signatures ends */
	struct key_stamp stamp;      /* the keys as they were last read */
	bool awaits_live;            /* a key waits to be served */
	bool source_failed;          /* it was read, and could not be signed */
	bool renewal; /* `wanted` is `served`, signed again: the state is that
	                 of another version, the source's */
	char *why;    /* it can't be signed: a sentence; else NULL */
};

struct zone_entry {
	uint8_t apex[DNS_NAME_MAX + 1];
	char *name, *file;
	struct zone_records
	    *served; /* in the live generation; NULL: not in it */
	struct zone_records *wanted; /* newest sound version that is not live */
	/* what was wanted, and is in the candidate that a canary tries: until
	 * that is decided the zone's source is not read (zone_trial.h) */
	struct zone_records *trial;
	struct zone_dnssec trial_dnssec;
	bool trial_renewal, look_later;
	bool soaking;        /* `served` went live with what is soaking now */
	unsigned returns;    /* of its versions, in a row */
	uint64_t held_until; /* CLOCK_MONOTONIC, ms: after a return */
	enum config_dnssec dnssec_mode;
	struct zone_dnssec dnssec; /* of `served` */
	struct zone_dnssec wanted_dnssec;
	enum zone_alarm alarm; /* signatures of `served` end soon, or ended */
	struct zonefile_stamp stamp; /* the files as they were last read */
	bool look;                   /* the source is to be looked at */
	bool unread; /* even if its files have not changed: what is live has */
	uint64_t retry_at; /* seconds since 1970: the version that was refused
	                      is valid from then on; 0: not such a version */
	uint8_t *watched;  /* cookie of the watch: the apex again, at
	                      an address that stays */
	enum zone_state state;
	struct zone_signing signing;
	char *why; /* REFUSED and CONDEMNED: a sentence; else NULL */
	struct digest refused; /* version that guards refused last, or zero */
	uint64_t
	    changed_at; /* seconds since 1970: last version that went live */
};

/* A version that is not to be published: a rollback left it. */
struct condemned_version {
	uint8_t apex[DNS_NAME_MAX + 1];
	struct digest version;
};

enum { ZONES_LISTED = 64 };

/* In the live generation and not configured any more. */
struct zone_leaving {
	struct zone_records *records;
	struct zone_records *trial; /* of the candidate, if that has another */
	bool goes; /* the generation that is on trial is without it */
	bool kept; /* the guards want it served on; neither: it waits */
	/* of one that stays all the same; zone_kept.h */
	bool renews; /* what is live has it still: signed again when due */
	struct zone_records *renewed; /* signed again, not live yet; or NULL */
	bool renewal_tried;           /* it is in the generation on trial */
	uint64_t sign_due;            /* when to sign it again; 0: not by us */
	uint64_t expires_at; /* as zone_dnssec has it; 0: not looked at yet */
	enum zone_alarm alarm;
	char *why; /* it can't be signed again: a sentence; else NULL */
};

struct zone_table {
	pthread_mutex_t lock;
	struct watch *watch;      /* borrowed; NULL: nobody watches */
	struct parser *parser;    /* borrowed; NULL: files are read here */
	struct zone_entry *zones; /* canonical order */
	size_t count;
	struct zone_leaving *leaving; /* by apex */
	size_t nleaving;
	bool looks; /* one of them at least has `look` */
	/* those that have it, or `all_look`: more than the list holds may */
	struct zone_entry *looking[ZONES_LISTED];
	unsigned nlooking;
	bool all_look;
	bool pending;          /* or may have a version that is to go live */
	uint64_t retry_due;    /* the first `retry_at`; 0: none */
	uint64_t now_s;        /* the time, in tests; 0: it is the system's */
	size_t unchecked_from; /* zones before it: `dnssec` is known */
	unsigned nsec3_iterations_max;
	uint64_t horizon_s; /* signatures that end within it are an alarm */
	unsigned settle_ms; /* a file that is younger is not read yet, unless
	                       it was renamed into place */
	const struct condemned_version *condemned; /* borrowed */
	size_t ncondemned;
	/* signing */
	bool signs; /* one of them at least is signed here */
	char *keys_path;
	struct config_policy policy_kept; /* of zones that are leaving */
	int64_t keys_changed_ns;          /* of that directory */
	uint64_t sign_due;                /* the first of the zones'; 0: none */
	struct sign_clock sign_clock;
	uint64_t signatures_made, signatures_kept, signing_failed;
};

void zone_table_init(struct zone_table *t);
void zone_table_fini(struct zone_table *t);

/* Follows a configuration: zones that stay keep what is known of them; new ones
 * and those with another file are to be read. On failure nothing has changed.
 */
int zone_table_configure(
    struct zone_table *t, const struct config *c, struct err *err);

/* Takes the records of the live generation: `records` (sorted by apex) and the
 * array are taken over. Zones that are not configured are leaving. */
int zone_table_set_live(struct zone_table *t, struct zone_records **records,
    size_t count, struct err *err);

/* Seconds since 1970. */
uint64_t zone_table_now(const struct zone_table *t);
/* Somebody keeps the system's clock right. */
bool zone_table_now_is_known(const struct zone_table *t);

struct zone_entry *zone_table_find(struct zone_table *t, const uint8_t *apex);

/* The zone's source is to be looked at; NULL: all zones'. */
void zone_table_look(struct zone_table *t, struct zone_entry *e);

/* Takes what the watch reports: marks those zones to be looked at. Returns how
 * many. */
size_t zone_table_notice(struct zone_table *t, int64_t now_ms);

/* Reads the sources of all zones that are to be looked at (`force`: of all
 * zones) and have changed. Returns 0, or in how many milliseconds it should be
 * called again, since somebody is still writing a file. */
unsigned zone_table_read(struct zone_table *t, bool force);

bool zone_table_is_condemned(const struct zone_table *t, const uint8_t *apex,
    const struct digest *version);

/* The wanted version is not to be served: drops it and says why. */
void zone_table_refuse(
    struct zone_table *t, struct zone_entry *e, const char *why);

/* A version of the zone is served from now on; takes it over. With the lock
 * held. */
void zone_table_serve_locked(struct zone_table *t, struct zone_entry *e,
    struct zone_records **version, const struct zone_dnssec *known,
    bool renewal, uint64_t now);

/* Refused for this reason, which is logged if it is news. With the lock held.
 */
void zone_table_refuse_locked(struct zone_entry *e, const char *why);

/* What a compiler refused: those with `status[i]` keep `why[i]`. With the lock
 * held. */
struct compile_zone;
void zone_table_refused_locked(struct zone_table *t,
    struct compile_zone *compiled, struct zone_entry *const *entries,
    size_t count);

/* Marks the zones that are leaving and not among those compiled, and forgets
 * those that are marked. With the lock held. */
void zone_table_leaving_mark_locked(struct zone_table *t,
    const struct compile_zone *compiled, struct zone_entry *const *entries,
    size_t count);
void zone_table_leaving_gone_locked(struct zone_table *t);

/* The candidate is live (`live`), or given up: its versions of zones that are
 * leaving are what is served of them, or nothing. With the lock held. */
void zone_table_leaving_tried_locked(struct zone_table *t, bool live);

/* The same as a state with a sentence; NULL: nothing is to be said. With the
 * lock held. */
void zone_table_say_locked(
    struct zone_entry *e, enum zone_state state, const char *why);

/* After a generation went live: wanted versions of zones with `status[i]` 0 are
 * served now; the others keep `why[i]`. Entries that are NULL are of zones that
 * are leaving and were kept; those that were not listed have gone. */
void zone_table_went_live(struct zone_table *t, struct compile_zone *compiled,
    struct zone_entry *const *entries, size_t count, uint64_t now);

#endif
