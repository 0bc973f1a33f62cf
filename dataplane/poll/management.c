/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The management thread's loop; see management.h. Allocates what loading does.
 */
#include "dataplane/poll/management.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "base/clock.h"
#include "base/log.h"
#include "dataplane/poll/poll_cage.h"

enum {
	/* Rings have no bell: ringing one would be a system call on a poll
	 * core. They are looked at every millisecond, and more often while
	 * there is traffic. */
	RINGS_IDLE_US = 1000,
	RINGS_BUSY_US = 100,
	RINGS_BUSY_MS = 50,
	FDS_MAX = 2 + DP_CLIENTS_MAX + CONFIG_PORTS_MAX,
};

uint64_t
management_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void
write_health(struct management *m)
{
	struct err err;

	if (health_write(&m->health, m->health_path, &err))
		log_error("%s", err.text);
}

void
management_init(struct management *m)
{
	unsigned cpus[HEALTH_CORES_MAX], n = 0;
	uint64_t now = management_now_ms();

	for (unsigned p = 0; p < m->nports; p++)
		for (unsigned i = 0; i < m->ports[p].config->ncores; i++)
			cpus[n++] = m->ports[p].config->cores[i];
	health_init(&m->health, cpus, n, now);
	write_health(m); /* a killed one's file may say that all is well */
	dp_context_init(&m->commands, &m->activation, &m->health, now);
	m->commands.limits = &m->limits;
	m->commands.cookies = &m->cookies;
	wall_clock_init(&m->live->clock, rte_get_tsc_hz(), rte_rdtsc(),
	    (int64_t)clock_ns(CLOCK_REALTIME));
	cookie_keeper_look(&m->cookies, m->live);
}

void
management_boot(struct management *m)
{
	struct err err;

	if (m->activation.stable || m->activation.candidate)
		return;
	if (!activation_boot(&m->activation, &err)) {
		char text[DIGEST_TEXT_MAX];

		log_info("serving generation %s: %u zones, %lu octets",
		    digest_to_text(text, &m->activation.stable->digest),
		    m->activation.stable->nzones,
		    (unsigned long)m->activation.stable->bytes);
		return;
	}
	if (m->boot_wait_ms == 0)
		log_warn("%s; answering SERVFAIL until then", err.text);
	m->boot_wait_ms = m->boot_wait_ms ? 2 * m->boot_wait_ms : 1000;
	if (m->boot_wait_ms > MANAGEMENT_BOOT_MS_MAX)
		m->boot_wait_ms = MANAGEMENT_BOOT_MS_MAX;
	m->boot_at = management_now_ms() + m->boot_wait_ms;
}

static unsigned
turn_kernel_ports(struct management *m)
{
	unsigned moved = 0;

	for (unsigned p = 0; p < m->nports; p++)
		moved += kernel_port_turn(&m->kernel_ports[p]);
	return moved;
}

static void
look_at_health(struct management *m, uint64_t now)
{
	uint64_t loops[HEALTH_CORES_MAX];

	for (unsigned i = 0; i < m->ncores; i++)
		loops[i] = atomic_load_explicit(
		    &m->cores[i].counters[CORE_LOOPS], memory_order_relaxed);
	if (!health_look(&m->health, loops, m->activation.stable, now))
		return;
	log_info("health: %s", m->health.reason);
	write_health(m);
}

static void
read_port_statistics(struct management *m)
{
	for (unsigned p = 0; p < m->nports; p++) {
		_Atomic uint64_t *block =
		    counters_block(m->counters, m->ncores + p);
		struct rte_eth_stats s;

		if (rte_eth_stats_get(m->ports[p].id, &s))
			continue;
		atomic_store(&block[PORT_MISSED], s.imissed);
		atomic_store(&block[PORT_NO_MBUF], s.rx_nombuf);
		atomic_store(&block[PORT_ERRORS_RECEIVED], s.ierrors);
		atomic_store(&block[PORT_ERRORS_SENT], s.oerrors);
	}
}

static void
look_at_quarantine(struct management *m)
{
	m->commands.quarantined = guard_look(m->guard);
	atomic_store(
	    &counters_block(m->counters, m->ncores + m->nports)[QUARANTINED],
	    m->commands.quarantined);
}

/* Old data is an alarm, and never a reason to stop; nor is a clock that is
 * wrong. */
static void
look_at_age(struct management *m)
{
	_Atomic uint64_t *block =
	    counters_block(m->counters, m->ncores + m->nports);
	uint64_t committed = m->activation.current.committed_at;
	uint64_t now = clock_ns(CLOCK_REALTIME) / 1000000000;
	uint64_t age = committed && now > committed ? now - committed : 0;
	uint64_t limit = 3600ull * m->config->dataplane.stale_after_h;

	m->commands.age_s = age;
	atomic_store(&block[DATA_AGE_S], age);
	atomic_store(&block[PROBATION_ZONES],
	    activation_probation_zones(&m->activation));
	if (limit && age > limit && !m->said_stale)
		log_warn("nothing was committed for %lu hours: is holdfastd "
			 "alive? What there is goes on being answered",
		    (unsigned long)(age / 3600));
	m->said_stale = limit && age > limit;
}

/* Not for the log alone: a virtio-user port that is the server takes its next
 * peer when it is asked for its link. */
static void
look_at_links(struct management *m)
{
	for (unsigned p = 0; p < m->nports; p++) {
		struct rte_eth_link link;
		bool down;

		if (rte_eth_link_get_nowait(m->ports[p].id, &link))
			continue;
		down = link.link_status == RTE_ETH_LINK_DOWN;
		if (down != m->link_down[p])
			log_info("port %s: link %s", m->ports[p].config->name,
			    down ? "down" : "up");
		m->link_down[p] = down;
	}
}

/* It could not be written when this process started: as soon as it can be, and
 * nobody else commits to it, commits go on. */
static void
look_at_store(struct management *m)
{
	struct err err;

	if (!store_is_read_only(m->store) ||
	    store_write_now(m->store, STORE_LOCK_COMMIT, &err) != 0)
		return;
	log_info("%s can be written again: commits go on", store_dir(m->store));
}

static void
run_timers(struct management *m)
{
	uint64_t now = management_now_ms();

	if (now < m->tick_at)
		return;
	m->tick_at = now + MANAGEMENT_TICK_MS;
	page_beat(m->page, now);
	activation_timer(&m->activation);
	look_at_health(m, now);
	atomic_store(
	    &counters_block(m->counters, m->ncores + m->nports)[ACTIVATIONS],
	    m->activation.number);
	if (m->boot_at && now >= m->boot_at) {
		m->boot_at = 0;
		management_boot(m);
	}
	if (now < m->second_at)
		return;
	m->second_at = now + MANAGEMENT_SECOND_MS;
	poll_cage_try();
	look_at_quarantine(m);
	look_at_age(m);
	look_at_store(m);
	wall_clock_set(
	    &m->live->clock, rte_rdtsc(), (int64_t)clock_ns(CLOCK_REALTIME));
	cookie_keeper_look(&m->cookies, m->live);
	read_port_statistics(m);
	look_at_links(m);
	/* its time says that somebody still stands behind the line */
	utimensat(AT_FDCWD, m->health_path, NULL, 0);
}

void
management_progress(void *management, uint64_t done, uint64_t total)
{
	struct management *m = management;

	(void)done;
	(void)total;
	turn_kernel_ports(m);
	page_beat(m->page, management_now_ms());
}

/* True when a signal has said stop. */
static bool
take_signal(const struct management *m)
{
	uint64_t count;

	if (read(m->signals, &count, sizeof count) != (ssize_t)sizeof count)
		return false;
	log_info("told to stop by a signal");
	return true;
}

static struct timespec
wait_time(const struct management *m)
{
	long us = MANAGEMENT_TICK_MS * 1000L;

	for (unsigned p = 0; p < m->nports; p++)
		if (m->kernel_ports[p].tap >= 0)
			us = management_now_ms() < m->busy_until
			         ? RINGS_BUSY_US
			         : RINGS_IDLE_US;
	return (struct timespec){.tv_nsec = us * 1000};
}

static unsigned
list_descriptors(
    const struct management *m, struct pollfd *fds, unsigned *socket_count)
{
	unsigned n = 0;

	fds[n++] = (struct pollfd){.fd = m->signals, .events = POLLIN};
	*socket_count = dp_socket_poll(&m->socket, fds + n);
	n += *socket_count;
	for (unsigned p = 0; p < m->nports; p++)
		if (m->kernel_ports[p].tap >= 0)
			fds[n++] = (struct pollfd){
			    .fd = m->kernel_ports[p].tap, .events = POLLIN};
	return n;
}

void
management_run(struct management *m)
{
	struct pollfd fds[FDS_MAX];
	bool stop = false;

	while (!stop && !m->commands.stop) {
		struct timespec wait = wait_time(m);
		unsigned count, n = list_descriptors(m, fds, &count);

		if (ppoll(fds, n, &wait, NULL) > 0) {
			stop = fds[0].revents && take_signal(m);
			dp_socket_serve(
			    &m->socket, &m->commands, fds + 1, count);
		}
		if (turn_kernel_ports(m))
			m->busy_until = management_now_ms() + RINGS_BUSY_MS;
		run_timers(m);
	}
}
