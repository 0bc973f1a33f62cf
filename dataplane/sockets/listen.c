/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Opens the listening sockets of holdfast-sockets with the options that a DNS
 * server needs. Run by the main thread at start; allocates nothing.
 */
#include "dataplane/sockets/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	UDP_RECEIVE_BYTES = 4 << 20, /* a burst while a worker is busy */
	TCP_SEND_BYTES = 128 << 10,
	TCP_UNSENT_BYTES = 16 << 10,
	TCP_BACKLOG = 1024,
};

union sockaddr_any {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static socklen_t
sockaddr_make(union sockaddr_any *out, const struct config_address *a)
{
	memset(out, 0, sizeof *out);
	if (a->v4) {
		out->in.sin_family = AF_INET;
		out->in.sin_port = htons(a->port);
		memcpy(&out->in.sin_addr, a->bytes + 12, 4);
		return sizeof out->in;
	}
	out->in6.sin6_family = AF_INET6;
	out->in6.sin6_port = htons(a->port);
	memcpy(&out->in6.sin6_addr, a->bytes, 16);
	return sizeof out->in6;
}

static void
option_set(int fd, int level, int option, int value)
{
	/* What an old kernel does not know is done without; the address and
	 * the sharing of it, which we need, are checked by bind(). */
	(void)setsockopt(fd, level, option, &value, sizeof value);
}

/* RFC 9715: no fragments. PROBE sets DF and never lowers the path's MTU on
 * the word of an ICMP packet, which anybody can forge. The reply must come
 * from the address that was asked (RFC 2181 section 4.1): the kernel tells it
 * with each datagram. */
static void
udp_options(int fd, bool v4)
{
	option_set(fd, SOL_SOCKET, SO_RCVBUF, UDP_RECEIVE_BYTES);
	if (v4) {
		option_set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
		option_set(fd, IPPROTO_IP, IP_PKTINFO, 1);
	} else {
		option_set(
		    fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
		option_set(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
		option_set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	}
}

/* Connections inherit these from the listener. The two send limits bound what
 * the kernel keeps for a reader that does not read. */
static void
tcp_options(int fd)
{
	option_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	option_set(fd, SOL_SOCKET, SO_SNDBUF, TCP_SEND_BYTES);
	option_set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, TCP_UNSENT_BYTES);
	option_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

static int
socket_new(int *fd, const struct config_address *a, enum listen_transport how,
    struct err *err)
{
	int type = how == LISTEN_TCP ? SOCK_STREAM : SOCK_DGRAM;
	int family = a->v4 ? AF_INET : AF_INET6;

	*fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return err_set_errno(err, "cannot make a socket%s",
		    a->v4 ? "" : " (is IPv6 switched off here?)");
	if (!a->v4)
		option_set(*fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (how == LISTEN_TCP)
		tcp_options(*fd);
	else
		udp_options(*fd, a->v4);
	return 0;
}

static int
bind_refused(
    const struct config_address *a, enum listen_transport how, struct err *err)
{
	const char *transport = how == LISTEN_TCP ? "TCP" : "UDP";
	char text[64];

	config_address_text(text, a);
	if (errno == EADDRINUSE)
		return err_set(err, ERR_BUSY,
		    "listen address %s: another program has this %s port; stop "
		    "it (ss -lnp 'sport = %u' shows it) or listen elsewhere",
		    text, transport, a->port);
	if (errno == EACCES)
		return err_set(err, ERR_IO,
		    "listen address %s: ports below 1024 need root or "
		    "CAP_NET_BIND_SERVICE; take a higher port, such as 5300",
		    text);
	return err_set_errno(
	    err, "listen address %s: cannot bind the %s port", text, transport);
}

static int
bind_maybe_absent(int fd, const struct config_address *a, bool *absent)
{
	union sockaddr_any sa;
	socklen_t bytes = sockaddr_make(&sa, a);

	*absent = false;
	if (bind(fd, &sa.sa, bytes) == 0)
		return 0;
	if (errno != EADDRNOTAVAIL)
		return -1;
	*absent = true;
	if (a->v4)
		option_set(fd, IPPROTO_IP, IP_FREEBIND, 1);
	else
		option_set(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
	return bind(fd, &sa.sa, bytes);
}

int
listen_probe(
    const struct config_address *a, enum listen_transport how, struct err *err)
{
	bool absent;
	int fd, rc;

	rc = socket_new(&fd, a, how, err);
	if (rc)
		return rc;
	if (bind_maybe_absent(fd, a, &absent) < 0 ||
	    (how == LISTEN_TCP && listen(fd, 1) < 0))
		rc = bind_refused(a, how, err);
	close(fd);
	return rc;
}

int
listen_open(int *fd, const struct config_address *a, enum listen_transport how,
    bool *absent, struct err *err)
{
	int rc;

	rc = socket_new(fd, a, how, err);
	if (rc)
		return rc;
	option_set(*fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (bind_maybe_absent(*fd, a, absent) < 0 ||
	    (how == LISTEN_TCP && listen(*fd, TCP_BACKLOG) < 0)) {
		rc = bind_refused(a, how, err);
		close(*fd);
		*fd = -1;
	}
	return rc;
}
