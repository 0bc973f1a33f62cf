# SPDX-License-Identifier: BSD-2-Clause
"""Two namespaces joined by a veth pair, one receive queue each way.

    namespace client (this process)          namespace server
    CPU: the other one                       CPU: the server's
    +--------------------------+             +------------------------------+
    | dnsperf: kernel sockets  |  veth veth  | NSD, Knot, BIND,             |
    | kxdpgun: AF_XDP          |  hbc -- hbs |  holdfast-sockets: sockets   |
    | dnspython: same answers? |             | Knot, holdfast-dataplane:    |
    | 192.0.2.1/24             |             |  AF_XDP                      |
    +--------------------------+             | 192.0.2.53/24, but none for  |
                                             | a poll-mode port             |
                                             +------------------------------+

veth runs the receiving end's softirq on the CPU that sends, in the time of the
process that sends: a server pays for the delivery of its answers, the generator
for the delivery of its queries.
"""
import contextlib
import ctypes
import json
import os
import subprocess

CLIENT_ADDRESS, SERVER_ADDRESS = '192.0.2.1', '192.0.2.53'
CLONE_NEWNET = 0x40000000


def ip(*words):
    subprocess.run(['ip', *words], check=True)


class Link:
    """The veth pair; after `enter` this process lives in the client."""

    def __init__(self):
        self.client, self.server = (
            'hbp%s%d' % (c, os.getpid()) for c in 'cs')
        self.client_end, self.server_end = 'hbc', 'hbs'

    def make(self):
        for namespace in (self.client, self.server):
            ip('netns', 'add', namespace)
            ip('-n', namespace, 'link', 'set', 'lo', 'up')
        one = ['numrxqueues', '1', 'numtxqueues', '1']
        ip('link', 'add', self.client_end, *one, 'netns', self.client, 'type',
           'veth', 'peer', 'name', self.server_end, *one, 'netns', self.server)
        ip('-n', self.client, 'addr', 'add', CLIENT_ADDRESS + '/24', 'dev',
           self.client_end)
        # Nothing but queries and answers on the wire, so that it can count.
        for namespace, end in ((self.client, self.client_end),
                               (self.server, self.server_end)):
            self.run_in(namespace, 'sysctl', '-qw',
                        'net.ipv6.conf.%s.disable_ipv6=1' % end)
            ip('-n', namespace, 'link', 'set', end, 'up')
            # What leaves the kernel has a finished checksum, as on a wire.
            self.run_in(namespace, 'ethtool', '-K', end, 'tx', 'off')
        # A server that is just starting is found without asking for it.
        self.server_mac = json.loads(self.run_in(
            self.server, 'ip', '-j', 'link', 'show', self.server_end)
            )[0]['address']
        ip('-n', self.client, 'neigh', 'add', SERVER_ADDRESS, 'lladdr',
           self.server_mac, 'nud', 'permanent', 'dev', self.client_end)

    @staticmethod
    def run_in(namespace, *words):
        return subprocess.run(
            ['ip', 'netns', 'exec', namespace, *words], check=True,
            stdout=subprocess.PIPE, text=True).stdout

    def enter(self):
        """This process and its children from now on: the client's side."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open('/run/netns/' + self.client) as f:
            if libc.setns(f.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), 'setns')

    def in_server(self, *words):
        return ['ip', 'netns', 'exec', self.server, *words]

    def reset(self, kernel_answers):
        """For the next server: no XDP program left behind by the last one;
        the address only where the kernel is to answer for it."""
        ip('-n', self.client, 'link', 'set', self.client_end, 'xdp', 'off')
        ip('-n', self.server, 'link', 'set', self.server_end, 'xdp', 'off')
        ip('-n', self.server, 'addr', 'flush', 'dev', self.server_end)
        if kernel_answers:
            ip('-n', self.server, 'addr', 'add', SERVER_ADDRESS + '/24',
               'dev', self.server_end)

    def answers(self, pid):
        """Packets that process PID's end has sent, taken by the client or
        not."""
        with open('/proc/%d/net/dev' % pid) as f:
            fields = next(line for line in f
                          if line.strip().startswith(self.server_end + ':'))
        sent = fields.split(':')[1].split()
        return int(sent[9]) + int(sent[11])

    def remove(self):
        for namespace in (self.client, self.server):
            subprocess.run(['ip', 'netns', 'del', namespace], check=False,
                           stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def link():
    made = Link()
    try:
        made.make()
        made.enter()
        yield made
    finally:
        made.remove()
