/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The configuration file, /etc/holdfast/holdfast.yaml, read by all three
 * daemons: each validates all of it and uses its own section. A file with one
 * mistake is refused whole, with file, line, option and what is allowed.
 * Loaded once by a main thread (again by holdfastd for a reload), then
 * read-only.
 */
#ifndef HOLDFAST_CONFIG_H
#define HOLDFAST_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/dns.h"
#include "base/err.h"

#define CONFIG_PATH_DEFAULT "/etc/holdfast/holdfast.yaml"

enum config_limits {
	CONFIG_PORTS_MAX = 8,
	CONFIG_CORES_MAX = 64,
	CONFIG_ADDRESSES_MAX = 64,
	CONFIG_LISTEN_MAX = 64,
	CONFIG_PREFIXES_MAX = 1024, /* in the file itself, a list */
};

/* An IPv4 address is kept as v4-mapped with `v4` set. */
struct config_address {
	uint8_t bytes[16];
	bool v4;
	uint16_t port; /* of listen addresses: "127.0.0.1@5300", "::1@53"; 53 */
};

enum config_checksum { CHECKSUM_AUTO, CHECKSUM_SOFTWARE, CHECKSUM_TRUST };

struct config_port {
	char *name;   /* for people and counters: [a-z0-9-] */
	char *device; /* PCI address, or a vdev: "net_af_packet0,iface=veth1" */
	unsigned *cores; /* worker lcores (CPU numbers), one queue pair each */
	unsigned ncores;
	/* service addresses: ARP, ND and echo are answered for these; queries
	 * to other addresses go to the exception port */
	struct config_address *addresses;
	unsigned naddresses;
	enum config_checksum checksum; /* trust: virtual links whose peers leave
	                                  checksums unfinished */
	unsigned mtu;                  /* 1280..9000, 1500 */
	unsigned rx_ring, tx_ring;     /* descriptors, 1024 */
	char *exception; /* TAP interface name; NULL: no exception port */
	unsigned exception_pps; /* limit of packets to it, 20000 */
};

struct config_dataplane {
	struct config_port *ports;
	unsigned nports;
	unsigned management_core; /* CPU of the main lcore, 0 */
	char *huge_pages;         /* "auto", "on", "off" */
	unsigned memory_mib;      /* EAL -m, 256 */
	unsigned mbufs;           /* a port, 8191 */
	char *file_prefix;        /* EAL, "holdfast" */
	char **eal_options;       /* more EAL words, for experts */
	unsigned neal_options;
	char *protected_names;    /* file, absolute; NULL: none */
	unsigned stale_after_h;   /* 0: never */
	char *user;               /* NULL: stays who it is */
	bool sandbox;             /* true */
	char **keep_capabilities; /* "net_raw"; none */
	unsigned nkeep_capabilities;
};

enum config_cookies { COOKIES_OFF, COOKIES_ON, COOKIES_REQUIRED };

struct config_answer {         /* section `answer`, of data plane and sockets */
	uint16_t udp_max;      /* 1232 */
	char *nsid;            /* text, or "hex:..."; NULL */
	char *identity;        /* id.server, hostname.bind; NULL: off */
	char *version;         /* version.server, version.bind; NULL: off */
	unsigned quarantine_s; /* a query that crashes is dropped, 3600 */
	unsigned samples_per_second; /* of a thread; 0: none, 200 */
	enum config_cookies cookies;
	char *cookie_secret_file; /* NULL: COOKIE_FILE_NAME in the store */
};

struct config_sockets {
	struct config_address *listen; /* 127.0.0.1@5300 style; may be none */
	unsigned nlisten;
	unsigned threads;        /* 1 */
	unsigned tcp_clients;    /* connections in all, 1024 */
	unsigned tcp_per_client; /* of one address (v6: /64), 32 */
	unsigned tcp_idle_ms;    /* 10000 */
	unsigned tcp_query_ms;   /* to receive or send one message, 5000 */
	unsigned tcp_pipeline;   /* queries in hand a connection, 32 */
	char *user;              /* NULL: stays who it is */
	bool sandbox;            /* true */
};

enum config_rrl { CONFIG_RRL_OFF, CONFIG_RRL_LOG, CONFIG_RRL_ON };
enum config_denied { CONFIG_DENIED_DROP, CONFIG_DENIED_REFUSE };

/* Prefixes are texts that prefix_parse() takes; files are absolute. */
struct config_limit { /* section `limits`, of data plane and sockets: UDP */
	enum config_rrl rrl;               /* CONFIG_RRL_OFF */
	unsigned responses_per_second;     /* of a prefix, kind and name; 200 */
	unsigned responses_burst;          /* 0: those of a second */
	unsigned slip;                     /* 0: never; 2 */
	unsigned ipv4_prefix, ipv6_prefix; /* of rrl: 24, 56 */
	unsigned queries_per_second;       /* of a client; 0: no budget */
	unsigned client_ipv4_prefix, client_ipv6_prefix; /* 32, 64 */
	unsigned accounts; /* a core, power of two, 65536 */
	enum config_denied denied;
	char **allow, **deny, **exempt;
	unsigned nallow, ndeny, nexempt;
	char *allow_from, *deny_from, *exempt_from; /* NULL: none */
};

struct config_control {
	char *socket_group; /* group that may use the control socket; NULL */
	struct config_address metrics; /* 127.0.0.1@9153 */
	bool metrics_on;               /* true */
	unsigned retain;               /* generations kept, 16 */
	unsigned settle_ms; /* a zone file must be unchanged this long, 200 */
	unsigned commit_deadline_ms;  /* 10000 */
	bool prove;                   /* true; false is for benchmarks only */
	unsigned signature_horizon_h; /* new signatures must hold so long, 24 */
	char *keys; /* folder of the signing keys, /var/lib/holdfast/keys */
	unsigned nsec3_iterations_max; /* of a zone's NSEC3 chain, 100 */
	char *user;   /* that holdfastd becomes if root starts it; NULL */
	bool sandbox; /* filters on system calls and files, true */
	unsigned parser_memory_mib; /* to read one zone, 4096 */
	unsigned parser_seconds;    /* to read one zone, 120 */
};

/* What happens with signed zones; the words of the options, in this order. */
enum config_dnssec {
	ZONE_DNSSEC_DEFAULT, /* in the file only: what dnssec_default says */
	ZONE_DNSSEC_VERIFY,  /* what validators would not believe is refused */
	ZONE_DNSSEC_WARN,    /* it is served, with a warning */
	ZONE_DNSSEC_OFF,     /* nothing is checked */
	ZONE_DNSSEC_SIGN,    /* signed here */
};

enum {
	SIGNATURE_HORIZON_DEFAULT_H = 24,
	NSEC3_ITERATIONS_MAX = 100, /* the default */
};

/* "verify", "warn", "off" or "sign" to the value; -1 for another word. */
int config_dnssec_from_text(const char *word);
const char *config_dnssec_text(enum config_dnssec mode);

enum config_undecided { UNDECIDED_COMMIT, UNDECIDED_RETURN };

/* How a new generation comes to all clients, where there is a data plane. */
struct config_rollout {
	bool canary;              /* true; false: at once, and no soak */
	unsigned canary_permille; /* clients that get the candidate, 50 */
	unsigned least_s, most_s; /* of the canary, 10 and 60 */
	enum config_undecided undecided; /* too few questions at most_s */
	unsigned good_permille; /* share of questions at fault: tolerated, 2 */
	unsigned bad_permille;  /* and to be found, 50 */
	unsigned false_return_ppm, missed_ppm; /* errors, 1000 and 10000 */
	unsigned cost_percent; /* cycles of a question, 300; 0: any */
	unsigned soak_s;       /* 60; 0: none */
	unsigned hold_down_s;  /* of a zone whose version was returned, 60 */
};

enum config_algorithm { POLICY_ECDSA_P256, POLICY_ED25519 };
enum config_keys { POLICY_KEYS_CSK, POLICY_KEYS_SPLIT };
enum config_denial { POLICY_NSEC, POLICY_NSEC3 };
enum config_cds { POLICY_CDS_PUBLISH, POLICY_CDS_OFF, POLICY_CDS_DELETE };

/* How zones with `dnssec: sign` are signed; times in seconds. */
struct config_policy {
	char *name;
	enum config_algorithm algorithm; /* of keys that are created */
	enum config_keys keys;           /* one key (CSK), or KSK and ZSK */
	enum config_denial denial;
	unsigned validity_s;    /* of a signature, 14 days */
	unsigned refresh_s;     /* made anew when less is left, 7 days */
	unsigned jitter_s;      /* ends are spread over so much, 1 day */
	unsigned dnskey_ttl_s;  /* of DNSKEY, CDS and CDNSKEY, 1 hour */
	unsigned ds_ttl_s;      /* of the DS in the parent, 1 day */
	unsigned propagation_s; /* from here to every server, 1 hour */
	enum config_cds cds;
	bool zonemd; /* false */
};

#define CONFIG_POLICY_DEFAULT "default"

/* What becomes of a version that a guard trips over; the words of the options,
 * in this order. In a zone 0 is "default" and these come one later. */
enum config_action {
	ACTION_OFF,
	ACTION_WARN,
	ACTION_ACK,    /* refused, unless `holdfast override` lets it pass */
	ACTION_REFUSE, /* refused until the configuration is another */
};

/* Each unsigned: enum config_action, in a zone one more or 0. */
struct config_actions {
	unsigned never_empty, shrink, churn, vanished, soa, ns, dnskey, ds;
	unsigned unsigned_, serial, ttl, negative_ttl, assertion, replay;
};

/* How much may change at once; in a zone 0 means as in `guards`. */
struct config_budgets {
	unsigned endpoint_records; /* so many addresses may not all go */
	unsigned shrink_percent, shrink_records; /* the larger of both */
	unsigned type_percent;                   /* of one type, as well */
	unsigned churn_percent, churn_records;
	unsigned ttl_raise_s, negative_ttl_s;
};

/* Real questions, asked of a candidate. */
struct config_replay {
	unsigned minutes;            /* of traffic, 10 */
	unsigned lost_permille;      /* of a zone's answers, 1 */
	unsigned truncated_permille; /* of what is asked of it, 10 */
	unsigned growth_permille;    /* 250 */
	unsigned least;          /* sampled questions that must be hit, 10 */
	unsigned learn_permille; /* names above it are protected; 0: none, 10 */
};

struct config_guards {  /* section `guards` */
	char **protect; /* names, relative to each zone */
	unsigned nprotect;
	struct config_budgets budgets;
	unsigned window_h; /* cuts add up over so long, 24 */
	unsigned generation_percent, generation_records; /* of all zones */
	unsigned vanish_percent; /* of the zones, within the window */
	struct config_replay replay;
	struct config_actions actions;
};

/* What must hold for the answers of a candidate. */
struct config_assertion {
	char *name; /* relative to the zone, or with a final dot */
	char *type; /* NULL: A and AAAA together */
	bool resolves;
	unsigned least, most; /* records; most 0: no limit */
	char **inside;        /* prefixes that all addresses are in */
	unsigned ninside;
	char **equals; /* RDATA as in a zone file: these and no other */
	unsigned nequals;
	unsigned ttl_least, ttl_most; /* ttl_most 0: no limit */
	char *disjoint;               /* name that shares no record */
	unsigned line;                /* in the configuration file */
};

/* What a zone has of its own. */
struct config_zone_guards {
	char **protect;
	unsigned nprotect;
	struct config_budgets budgets; /* 0: as in section `guards` */
	struct config_actions actions; /* 0: as there; else one more */
	struct config_assertion *assertions;
	unsigned nassertions;
};

struct config_zone {
	uint8_t apex[DNS_NAME_MAX + 1]; /* lower case wire form */
	char *name;                     /* as text, final dot */
	char *file;                     /* absolute; written as such, or below
	                                   zone_directory */
	enum config_dnssec dnssec;      /* never DEFAULT once loaded */
	char *policy;                   /* its name; NULL: "default" */
	struct config_zone_guards guards;
	unsigned line;  /* in the configuration file */
	bool from_list; /* line is in zones_from instead */
};

struct config {
	char *path;
	char *store_dir; /* store: directory: /var/lib/holdfast */
	char *run_dir;   /* store: run: /run/holdfast */
	char *log_level; /* "info" */
	struct config_answer answer;
	struct config_dataplane dataplane;
	struct config_sockets sockets;
	struct config_control control;
	struct config_rollout rollout;
	struct config_limit limits;
	struct config_guards guards;
	char *zone_directory; /* base of relative zone files; absolute; the
	                         configuration file's folder */
	char *zones_from;     /* list of more zones, absolute; NULL: none */
	enum config_dnssec dnssec_default; /* verify */
	struct config_policy *policies;    /* those that the file has */
	unsigned npolicies;
	struct config_policy policy_default; /* unless one has this name */
	struct config_zone
	    *zones; /* sorted canonically by apex; no two alike */
	unsigned nzones;
};

/* All defaults, no zones and no ports: what runs without a file. */
int config_default(struct config **out, struct err *err);
int config_load(struct config **out, const char *path, struct err *err);
/* As load from bytes (fuzzing, tests); `path` is for messages and is what
 * relative paths are relative to. Reads no file but zones_from. */
int config_parse(struct config **out, const char *path, const void *text,
    uint64_t bytes, struct err *err);
void config_free(struct config **c);

/* A list of zones, as zones_from and `holdfast compile --zones-from` name it: a
 * line "NAME<TAB>FILE" a zone, empty lines and lines that start with "#" are
 * skipped; files are relative to `directory` (absolute). Appends to the array;
 * what is there, and on errors what has been appended, is the caller's, for
 * config_zones_free(). Neither sorts nor looks for duplicates. */
int config_zone_list_load(struct config_zone **zones, unsigned *nzones,
    const char *path, const char *directory, struct err *err);
int config_zone_list_parse(struct config_zone **zones, unsigned *nzones,
    const char *path, const char *directory, const void *text, size_t bytes,
    struct err *err);
/* Sorts canonically by apex; a zone that is there twice is an error that names
 * both lines. `path` and `list_path` are what zones without and with from_list
 * were read from. */
int config_zones_sort(struct config_zone *zones, unsigned nzones,
    const char *path, const char *list_path, struct err *err);
void config_zones_free(struct config_zone **zones, unsigned nzones);

/* The policy that the zone names; NULL if there is none of that name, which a
 * configuration that loaded does not have. */
const struct config_policy *config_policy_of(
    const struct config *c, const struct config_zone *z);

/* The reference of all options, in Markdown: docs/configuration.md. */
int config_schema_print(FILE *out, struct err *err);

/* "192.0.2.1", "192.0.2.1@5300", "2001:db8::1@53" */
int config_address_parse(struct config_address *out, const char *text,
    uint16_t port_default, struct err *err);
/* Text form with "@port"; returns dst (64 bytes). */
char *config_address_text(char dst[64], const struct config_address *a);

#endif
