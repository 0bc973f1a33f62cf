/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Moving packets between rings and TAP; see kernel_port.h. Management thread;
 * takes mbufs from the port's pool.
 */
#include "dataplane/poll/kernel_port.h"

#include <errno.h>
#include <unistd.h>

#include <rte_mbuf.h>

#include "base/log.h"
#include "dataplane/poll/core_counters.h"
#include "dataplane/poll/frame_finish.h"
#include "dataplane/poll/tap.h"

void
kernel_port_init(struct kernel_port *k)
{
	*k = (struct kernel_port){.tap = -1};
}

int
kernel_port_open(struct kernel_port *k, const struct port *port,
    struct exception_queue *queues, unsigned first_core,
    _Atomic uint64_t *counters, struct err *err)
{
	const struct config_port *c = port->config;
	struct tap_settings settings = {.name = c->exception,
	    .mac = port->host.mac,
	    .mtu = port->plan.mtu,
	    .addresses = c->addresses,
	    .naddresses = c->naddresses};
	int rc;

	*k = (struct kernel_port){
	    .tap = -1, .port = port, .queues = queues, .counters = counters};
	rc = tap_open(&k->tap, &settings, err);
	for (unsigned i = 0; i < c->ncores && !rc; i++) {
		rc = exception_queue_init(&queues[i], first_core + i,
		    port->numa_node, c->exception_pps / c->ncores, i == 0, err);
		k->nqueues += !rc;
	}
	if (rc) {
		kernel_port_close(k);
		return err_add(err, "port %s", c->name);
	}
	log_info("port %s: exception port %s, %u packets a second at most",
	    c->name, c->exception, c->exception_pps);
	return 0;
}

void
kernel_port_close(struct kernel_port *k)
{
	for (unsigned i = 0; i < k->nqueues; i++)
		exception_queue_fini(&k->queues[i]);
	if (k->tap >= 0)
		close(k->tap);
	kernel_port_init(k);
}

static void
write_packet(struct kernel_port *k, struct rte_mbuf *m)
{
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);

	if (k->port->trusted_sums)
		frame_finish(data, m->data_len);
	if (write(k->tap, data, m->data_len) == (ssize_t)m->data_len)
		counters_add(&k->counters[KERNEL_WRITTEN], 1);
	else
		counters_add(&k->counters[KERNEL_UNWRITTEN], 1);
	rte_pktmbuf_free(m);
}

static unsigned
write_packets(struct kernel_port *k)
{
	struct rte_mbuf *packets[EXCEPTION_BURST];
	unsigned moved = 0;

	for (unsigned i = 0; i < k->nqueues; i++) {
		unsigned n = rte_ring_sc_dequeue_burst(k->queues[i].to_kernel,
		    (void **)packets, EXCEPTION_BURST, NULL);

		for (unsigned j = 0; j < n; j++)
			write_packet(k, packets[j]);
		moved += n;
	}
	return moved;
}

/* False when the kernel has nothing to send. Without an mbuf the frame is read
 * all the same, and dropped: else poll() would say "ready" for ever. */
static bool
read_packet(struct kernel_port *k)
{
	uint8_t waste[64];
	struct rte_mbuf *m = rte_pktmbuf_alloc(k->port->pool);
	void *to = m ? rte_pktmbuf_mtod(m, void *) : waste;
	size_t room = m ? rte_pktmbuf_tailroom(m) : sizeof waste;
	ssize_t n = read(k->tap, to, room);

	if (n <= 0) {
		rte_pktmbuf_free(m);
		return false;
	}
	counters_add(&k->counters[KERNEL_READ], 1);
	if (m) {
		m->data_len = (uint16_t)n;
		m->pkt_len = (uint32_t)n;
	}
	if (!m || rte_ring_sp_enqueue(k->queues[0].from_kernel, m)) {
		counters_add(&k->counters[KERNEL_UNREAD], 1);
		rte_pktmbuf_free(m);
	}
	return true;
}

unsigned
kernel_port_turn(struct kernel_port *k)
{
	unsigned moved, n = 0;

	if (k->tap < 0)
		return 0;
	moved = write_packets(k);
	while (n < EXCEPTION_BURST && read_packet(k))
		n++;
	return moved + n;
}
