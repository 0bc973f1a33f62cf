/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Making the TAP interface of an exception port; see tap.h. Main thread at
 * start; allocates nothing. Addresses are set by netlink with full prefix
 * lengths (/32, /128): routes are the operator's or a routing daemon's.
 */
#include "dataplane/poll/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int
open_tun(int *out, const char *name, struct err *err)
{
	struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd;

	if (strlen(name) >= IFNAMSIZ)
		return err_set(err, ERR_USAGE,
		    "exception port %s: an interface name has at most %d "
		    "characters",
		    name, IFNAMSIZ - 1);
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_set_errno(err,
		    "exception port %s: /dev/net/tun (load the module tun, or "
		    "leave `exception` out)",
		    name);
	strcpy(r.ifr_name, name);
	if (ioctl(fd, TUNSETIFF, &r)) {
		int busy = errno == EBUSY;

		err_set_errno(err, "exception port %s%s", name,
		    busy ? " is used by another process"
			 : " (needs CAP_NET_ADMIN)");
		close(fd);
		return ERR_IO;
	}
	*out = fd;
	return 0;
}

static int
set_link(int s, const struct tap_settings *t, struct err *err)
{
	struct ifreq r = {0};

	strcpy(r.ifr_name, t->name);
	/* a changed MAC wants the interface down */
	if (ioctl(s, SIOCGIFFLAGS, &r))
		return err_set_errno(err, "exception port %s: flags", t->name);
	r.ifr_flags &= (short)~IFF_UP;
	if (ioctl(s, SIOCSIFFLAGS, &r))
		return err_set_errno(err, "exception port %s: down", t->name);
	r.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(r.ifr_hwaddr.sa_data, t->mac, 6);
	if (ioctl(s, SIOCSIFHWADDR, &r))
		return err_set_errno(err, "exception port %s: MAC", t->name);
	memset(&r.ifr_ifru, 0, sizeof r.ifr_ifru);
	r.ifr_mtu = (int)t->mtu;
	if (ioctl(s, SIOCSIFMTU, &r))
		return err_set_errno(err, "exception port %s: mtu", t->name);
	if (ioctl(s, SIOCGIFFLAGS, &r))
		return err_set_errno(err, "exception port %s: flags", t->name);
	r.ifr_flags |= IFF_UP;
	if (ioctl(s, SIOCSIFFLAGS, &r))
		return err_set_errno(err, "exception port %s: up", t->name);
	return 0;
}

struct address_request {
	struct nlmsghdr header;
	struct ifaddrmsg address;
	struct {
		struct rtattr head;
		uint8_t bytes[16];
	} local;
};

/* One RTM_NEWADDR and its acknowledgement. */
static int
exchange(int netlink, struct address_request *q)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[256];
	} answer;
	ssize_t n;

	if (send(netlink, q, q->header.nlmsg_len, 0) < 0)
		return errno;
	n = recv(netlink, &answer, sizeof answer, 0);
	if (n < (ssize_t)(sizeof answer.header + sizeof answer.error.error))
		return n < 0 ? errno : EIO;
	return answer.header.nlmsg_type == NLMSG_ERROR ? -answer.error.error
	                                               : EIO;
}

static int
add_address(int netlink, unsigned interface, const struct config_address *a)
{
	unsigned bytes = a->v4 ? 4 : 16;
	struct address_request q = {
	    .header = {.nlmsg_type = RTM_NEWADDR,
		.nlmsg_flags =
		    NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE},
	    /* the data plane answers solicitations: nothing to probe for */
	    .address = {.ifa_family = a->v4 ? AF_INET : AF_INET6,
		.ifa_prefixlen = (uint8_t)(bytes * 8),
		.ifa_flags = a->v4 ? 0 : IFA_F_NODAD,
		.ifa_index = interface},
	    .local = {.head = {.rta_type = IFA_LOCAL}},
	};

	q.local.head.rta_len = (unsigned short)RTA_LENGTH(bytes);
	q.header.nlmsg_len =
	    (uint32_t)(NLMSG_LENGTH(sizeof q.address) + RTA_LENGTH(bytes));
	memcpy(q.local.bytes, a->v4 ? a->bytes + 12 : a->bytes, bytes);
	return exchange(netlink, &q);
}

static int
add_addresses(const struct tap_settings *t, struct err *err)
{
	unsigned interface = if_nametoindex(t->name);
	int netlink, rc = 0;

	netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (netlink < 0)
		return err_set_errno(err, "netlink");
	for (unsigned i = 0; i < t->naddresses && !rc; i++) {
		char text[64];
		int e = add_address(netlink, interface, &t->addresses[i]);

		if (e == 0 || e == EEXIST)
			continue;
		errno = e;
		rc = err_set_errno(err, "exception port %s: address %s",
		    t->name, config_address_text(text, &t->addresses[i]));
	}
	close(netlink);
	return rc;
}

int
tap_open(int *out, const struct tap_settings *t, struct err *err)
{
	int fd = -1, s, rc;

	rc = open_tun(&fd, t->name, err);
	if (rc)
		return rc;
	s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		rc = err_set_errno(err, "socket");
	if (!rc)
		rc = set_link(s, t, err);
	if (!rc)
		rc = add_addresses(t, err);
	if (s >= 0)
		close(s);
	if (rc)
		close(fd);
	else
		*out = fd;
	return rc;
}
