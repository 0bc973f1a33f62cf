/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Checks across options: names and CPUs used twice, listeners in each other's
 * way, rings that the buffers can't fill. Run by the thread that loads the
 * configuration; allocates nothing. Counts are small (8 ports, 64 CPUs, 64
 * addresses), so pairs are compared one by one.
 */
#include "config/config_check.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct check {
	const struct config *c;
	const struct document *d;
	struct err *err;
};

/* The line of an option by its path, "dataplane.ports[0].mtu"; of the nearest
 * thing around it that is written if it is not (a default). */
static unsigned
line_of(const struct document *d, const char *path)
{
	uint32_t node = 0, next;
	char key[64];

	while (*path != '\0') {
		size_t n = strcspn(path, ".[");

		if (*path == '[') {
			next = document_item_find(
			    d, node, (uint32_t)strtoul(path + 1, NULL, 10));
			path = strchr(path, ']') + 1;
		} else {
			snprintf(key, sizeof key, "%.*s", (int)n, path);
			next = document_key_find(d, node, key);
			path += n;
		}
		if (next == DOCUMENT_NONE)
			break;
		node = next;
		path += *path == '.';
	}
	return d->nodes[node].line;
}

/* A message about two options: both paths, each with its line. */
static int __attribute__((format(printf, 4, 5))) clash(struct check *k,
    const char *path, const char *other, const char *format, ...)
{
	char why[256];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof why, format, args);
	va_end(args);
	return err_set(k->err, ERR_SEMANTIC,
	    "%s:%u: option \"%s\": %s \"%s\" in line %u", k->c->path,
	    line_of(k->d, path), path, why, other, line_of(k->d, other));
}

/* A text that each port must have for itself. */
static int
port_text_check(struct check *k, unsigned a, unsigned b, const char *option,
    const char *ours, const char *theirs)
{
	char path[80], other[80];

	if (ours == NULL || theirs == NULL || strcmp(ours, theirs) != 0)
		return 0;
	snprintf(path, sizeof path, "dataplane.ports[%u].%s", b, option);
	snprintf(other, sizeof other, "dataplane.ports[%u].%s", a, option);
	return clash(k, path, other, "\"%.64s\" is already used by", ours);
}

static int
port_cores_check(struct check *k, unsigned a, unsigned b)
{
	const struct config_port *p = &k->c->dataplane.ports[a];
	const struct config_port *q = &k->c->dataplane.ports[b];
	char path[80], other[80];

	for (unsigned i = 0; i < p->ncores; i++) {
		for (unsigned j = a == b ? i + 1 : 0; j < q->ncores; j++) {
			if (p->cores[i] != q->cores[j])
				continue;
			snprintf(
			    path, sizeof path, "dataplane.ports[%u].cores", b);
			if (a == b)
				return err_set(k->err, ERR_SEMANTIC,
				    "%s:%u: option \"%s\": CPU %u is there "
				    "twice",
				    k->c->path, line_of(k->d, path), path,
				    p->cores[i]);
			snprintf(other, sizeof other,
			    "dataplane.ports[%u].cores", a);
			return clash(k, path, other,
			    "a CPU polls one port only, and %u is already "
			    "used by",
			    p->cores[i]);
		}
	}
	return 0;
}

static int
port_pair_check(struct check *k, unsigned a, unsigned b)
{
	const struct config_port *p = &k->c->dataplane.ports[a];
	const struct config_port *q = &k->c->dataplane.ports[b];
	int rc = port_text_check(k, a, b, "name", p->name, q->name);

	if (rc == 0)
		rc = port_text_check(k, a, b, "device", p->device, q->device);
	if (rc == 0)
		rc = port_text_check(
		    k, a, b, "exception", p->exception, q->exception);
	if (rc == 0)
		rc = port_cores_check(k, a, b);
	return rc;
}

static bool
address_equal(const struct config_address *a, const struct config_address *b)
{
	return a->v4 == b->v4 && memcmp(a->bytes, b->bytes, 16) == 0;
}

static int
port_addresses_check(struct check *k, unsigned port)
{
	const struct config_port *p = &k->c->dataplane.ports[port];
	char path[80], text[64];

	for (unsigned i = 0; i < p->naddresses; i++) {
		for (unsigned j = i + 1; j < p->naddresses; j++) {
			if (!address_equal(&p->addresses[i], &p->addresses[j]))
				continue;
			config_address_text(text, &p->addresses[j]);
			*strchr(text, '@') = '\0';
			snprintf(path, sizeof path,
			    "dataplane.ports[%u].addresses[%u]", port, j);
			return err_set(k->err, ERR_SEMANTIC,
			    "%s:%u: option \"%s\": %s is there twice",
			    k->c->path, line_of(k->d, path), path, text);
		}
	}
	return 0;
}

/* Each queue's receive ring holds buffers of the port's all the time: without
 * more of them nothing is ever received. */
static int
port_mbufs_check(struct check *k, unsigned port)
{
	const struct config_dataplane *dp = &k->c->dataplane;
	const struct config_port *p = &dp->ports[port];
	unsigned need = p->ncores * p->rx_ring;
	char path[80];

	if (dp->mbufs > need)
		return 0;
	snprintf(path, sizeof path, "dataplane.ports[%u]", port);
	return clash(k, "dataplane.mbufs", path,
	    "%u are too few, more than %u (cores * rx_ring) are "
	    "needed by",
	    dp->mbufs, need);
}

static int
ports_check(struct check *k)
{
	unsigned n = k->c->dataplane.nports, cores = 0;
	int rc;

	for (unsigned b = 0; b < n; b++) {
		rc = port_cores_check(k, b, b);
		if (rc == 0)
			rc = port_addresses_check(k, b);
		if (rc == 0)
			rc = port_mbufs_check(k, b);
		for (unsigned a = 0; rc == 0 && a < b; a++)
			rc = port_pair_check(k, a, b);
		if (rc != 0)
			return rc;
		cores += k->c->dataplane.ports[b].ncores;
	}
	if (cores > CONFIG_CORES_MAX)
		return err_set(k->err, ERR_LIMIT,
		    "%s:%u: option \"dataplane.ports\": %u CPUs in all are too "
		    "many, allowed are %d",
		    k->c->path, line_of(k->d, "dataplane.ports"), cores,
		    CONFIG_CORES_MAX);
	return 0;
}

static bool
is_wildcard(const struct config_address *a)
{
	static const uint8_t zero[16];

	return memcmp(a->bytes + (a->v4 ? 12 : 0), zero, a->v4 ? 4 : 16) == 0;
}

/* True if the kernel would refuse the second of two sockets. A wildcard of
 * IPv6 is for IPv6 alone. */
static bool
listeners_overlap(
    const struct config_address *a, const struct config_address *b)
{
	if (a->port != b->port || a->port == 0 || a->v4 != b->v4)
		return false;
	return address_equal(a, b) || is_wildcard(a) || is_wildcard(b);
}

static int
listen_clash(struct check *k, const struct config_address *a, const char *path,
    unsigned index)
{
	char other[80], text[64];

	snprintf(other, sizeof other, "sockets.listen[%u]", index);
	return clash(
	    k, path, other, "%s is taken by", config_address_text(text, a));
}

static int
listeners_check(struct check *k)
{
	const struct config_sockets *s = &k->c->sockets;
	const struct config_control *control = &k->c->control;
	char path[80];

	for (unsigned j = 0; j < s->nlisten; j++) {
		for (unsigned i = 0; i < j; i++) {
			if (!listeners_overlap(&s->listen[i], &s->listen[j]))
				continue;
			snprintf(path, sizeof path, "sockets.listen[%u]", j);
			return listen_clash(k, &s->listen[j], path, i);
		}
		if (control->metrics_on &&
		    listeners_overlap(&s->listen[j], &control->metrics))
			return listen_clash(
			    k, &control->metrics, "control.metrics", j);
	}
	return 0;
}

/* Signatures that are as young as jitter allows must not be due at once. */
static int
policy_times_check(struct check *k, unsigned i)
{
	const struct config_policy *p = &k->c->policies[i];
	char path[80];

	if (p->validity_s >= (uint64_t)p->refresh_s + 2 * (uint64_t)p->jitter_s)
		return 0;
	snprintf(path, sizeof path, "policies[%u]", i);
	return err_set(k->err, ERR_SEMANTIC,
	    "%s:%u: option \"%s.validity_s\": %u seconds are too few, at least "
	    "%llu (refresh_s + 2 * jitter_s) are needed",
	    k->c->path, line_of(k->d, path), path, p->validity_s,
	    (unsigned long long)p->refresh_s + 2ull * p->jitter_s);
}

static int
policies_check(struct check *k)
{
	const struct config *c = k->c;
	char path[80], other[80];

	for (unsigned b = 0; b < c->npolicies; b++) {
		for (unsigned a = 0; a < b; a++) {
			if (strcmp(c->policies[a].name, c->policies[b].name))
				continue;
			snprintf(path, sizeof path, "policies[%u].name", b);
			snprintf(other, sizeof other, "policies[%u].name", a);
			return clash(k, path, other,
			    "\"%.64s\" is already used by",
			    c->policies[a].name);
		}
		if (policy_times_check(k, b))
			return k->err->code;
	}
	for (unsigned i = 0; i < c->nzones; i++) {
		if (config_policy_of(c, &c->zones[i]))
			continue;
		snprintf(path, sizeof path, "zones[%u].policy", i);
		return err_set(k->err, ERR_SEMANTIC,
		    "%s:%u: option \"%s\": there is no policy \"%.64s\"; "
		    "section \"policies\" lists them",
		    c->path, line_of(k->d, path), path, c->zones[i].policy);
	}
	return 0;
}

static int
rollout_check(struct check *k)
{
	const struct config_rollout *r = &k->c->rollout;

	if (r->least_s > r->most_s)
		return clash(k, "rollout.least_s", "rollout.most_s",
		    "%u is more than %u of", r->least_s, r->most_s);
	if (r->good_permille >= r->bad_permille)
		return clash(k, "rollout.good_permille", "rollout.bad_permille",
		    "%u is not below %u of", r->good_permille, r->bad_permille);
	return 0;
}

int
config_check(const struct config *c, const struct document *d, struct err *err)
{
	struct check k = {.c = c, .d = d, .err = err};
	int rc = ports_check(&k);

	if (rc == 0)
		rc = listeners_check(&k);
	if (rc == 0)
		rc = rollout_check(&k);
	if (rc == 0)
		rc = policies_check(&k);
	return rc;
}
