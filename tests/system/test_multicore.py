#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 240
# polls: all
"""One port, as many poll cores as the machine has CPUs (four at most).

A kernel interface, whose fanout spreads clients by the hash of their addresses
and ports, as a NIC's RSS does (topology: test_dataplane_veth.py):

    64 client sockets --> veth --> net_af_packet, qpairs=N --> N cores

A vhost-user peer, which chooses the queue itself:

    queries of queue 0 (pcap) --> testpmd --> net_vhost,    N x virtio-user
    answers of queue 0 (pcap) <-- testpmd <-- queues=N <--> N cores

Every query is answered once and right, on the queue it came in by; generations
are swapped meanwhile; each core has part of the work, and the cores' counters
add up to what was sent.
"""
import os
import random
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

import test_dataplane_veth as veth

CPUS = sorted(os.sched_getaffinity(0))[:4]
WORKERS = len(CPUS)
HOSTS = 2000
SOCKETS = 64
IN_FLIGHT = 2  # of a socket
QUERIES = 20000 if veth.SLOW == 1 else 5000
VERDICTS = "verdict{"
RIGS = []

VIRTIO_CONFIG = """
store:
  directory: %(store)s
  run: %(run)s
dataplane:
  ports:
    - name: wan
      device: "virtio_user0,path=%(socket)s,server=1,queues=%(queues)d,\
mac=02:00:00:00:00:53,queue_size=1024,mrg_rxbuf=0,in_order=1"
      cores: %(cores)s
      addresses: [192.0.2.53]
      rx_ring: 256
  management_core: %(management)d
  huge_pages: off
  memory_mib: 128
  mbufs: 8191
  file_prefix: hfmc%(pid)d
"""


def compile_hosts(store, directory, generation):
    """Each name has a number, which its address shows, and the generation."""
    zone = os.path.join(directory, "zone")
    with open(zone, "w") as f:
        f.write(veth.ZONE % dict(serial=generation, big="x"))
        for n in range(HOSTS):
            f.write("h%d A 10.%d.%d.%d\n" % (n, generation, n >> 8, n & 255))
    subprocess.run([veth.TOOL, "compile", "--store", store, "--zone",
                    "example.test=" + zone], check=True, timeout=100,
                   stdout=subprocess.DEVNULL)


def question(n, ident):
    return veth.question("h%d.example.test" % n, 1, ident)


def generation_of(reply, n):
    """Of the right answer for host n; None: this is none."""
    if reply[2:4] != b"\x85\x00" or reply[6:8] != b"\0\1" or \
            reply[-4] != 10 or reply[-2:] != bytes([n >> 8, n & 255]):
        return None
    return reply[-3]


class Client:
    """A source port, with a few queries in flight."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.connect((veth.IP4, 53))
        self.asked = 0
        self.waits = {}  # ID: host

    def ask(self):
        ident = self.asked & 0xffff
        n = random.randrange(HOSTS)
        self.socket.send(question(n, ident))
        self.waits[ident] = n
        self.asked += 1


class Clients:
    def __init__(self):
        self.clients = {c.socket.fileno(): c for c in
                        (Client() for _ in range(SOCKETS))}
        self.poll = select.epoll()
        for number in self.clients:
            self.poll.register(number, select.EPOLLIN)
        self.sent = self.answered = 0
        self.wrong, self.strangers = [], []
        self.generations = {}

    def take(self, client):
        try:
            reply = client.socket.recv(2000)
        except BlockingIOError:
            return False
        n = client.waits.pop(int.from_bytes(reply[:2], "big"), None)
        if n is None:
            self.strangers.append(reply)
            return True
        self.answered += 1
        generation = generation_of(reply, n)
        if generation is None:
            self.wrong.append((n, reply))
        self.generations[generation] = self.generations.get(generation, 0) + 1
        return True

    def take_all(self, seconds):
        for number, _ in self.poll.poll(seconds):
            while self.take(self.clients[number]):
                pass

    def run(self, total):
        deadline = time.monotonic() + 30 * veth.SLOW
        while self.answered < total and time.monotonic() < deadline:
            for client in self.clients.values():
                while self.sent < total and len(client.waits) < IN_FLIGHT:
                    client.ask()
                    self.sent += 1
            self.take_all(0.1)
        self.take_all(0.3)  # what comes twice

    def close(self):
        for client in self.clients.values():
            client.socket.close()
        self.poll.close()


class Swapper(threading.Thread):
    """A candidate for half of the clients, taken back, and again."""

    def __init__(self, rig, first, second):
        super().__init__()
        self.path = os.path.join(rig.run, "dataplane.sock")
        self.request = "parent=%s generation=%s permille=500 " \
            "deadline_ms=60000" % (first, second)
        self.swaps = 0
        self.ending = False
        self.failure = None

    def say(self, s, text):
        """Busy: the scheduler has put a core aside; nothing was changed."""
        answer = "error busy"
        while answer.startswith("error busy"):
            s.send(text.encode())
            answer = s.recv(8192).decode()
        if not answer.startswith("ok"):
            raise RuntimeError("%s: %s" % (text, answer))

    def run(self):
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
                s.settimeout(10 * veth.SLOW)
                s.connect(self.path)
                self.say(s, "own pid=1")
                while not self.ending:
                    self.say(s, "activate expect=%d %s" % (
                        self.swaps + 1, self.request))
                    self.say(s, "return expect=%d" % (self.swaps + 2))
                    self.swaps += 2
        except (OSError, RuntimeError) as e:
            self.failure = e

    def end(self):
        self.ending = True
        self.join()


class Case(unittest.TestCase):
    def make(self):
        self.rig = veth.Rig()
        RIGS.append(self.rig)
        self.addCleanup(self.rig.remove)
        compile_hosts(self.rig.store, self.rig.directory, 1)

    def cores(self):
        counters = self.rig.counters()
        return [counters["core %d port wan" % cpu] for cpu in CPUS]

    def expect_shared(self, answered):
        """Each core did part of it, and the parts add up."""
        cores = self.cores()
        each = [core["verdict{answer}"] for core in cores]
        for core in cores:
            self.assertEqual(core["packets{received}"], sum(
                value for name, value in core.items()
                if name.startswith(VERDICTS)))
            self.assertEqual(core["verdict{drop_tx_full}"], 0)
        print("%d answers, by core: %s" % (answered, each))
        self.assertEqual(sum(each), answered)
        self.assertGreater(min(each), 0)


class Fanout(Case):
    def setUp(self):
        veth.transmit_checksums(True)
        self.make()
        self.rig.config = self.rig.configure(
            "cores.yaml", cores=", ".join(map(str, CPUS)),
            management=CPUS[0], more=",qpairs=%d" % WORKERS)
        copy = self.rig.directory + "/copy"
        shutil.copytree(self.rig.store, copy)
        compile_hosts(copy, self.rig.directory, 2)
        self.rig.start()
        self.second = self.rig.add_candidate(copy)

    def test_every_query_once_while_generations_change(self):
        clients = Clients()
        self.addCleanup(clients.close)
        swapper = Swapper(self.rig, self.rig.status()["stable"], self.second)
        swapper.start()
        self.addCleanup(swapper.end)
        clients.run(QUERIES)
        swapper.end()
        self.assertIsNone(swapper.failure)
        print("%d swaps; answers by generation: %s" % (
            swapper.swaps, clients.generations))
        self.assertEqual(clients.wrong, [])
        self.assertEqual(clients.strangers, [])
        self.assertEqual(clients.answered, QUERIES)
        self.assertEqual(set(clients.generations), {1, 2})
        self.assertGreater(swapper.swaps, 2)
        self.expect_shared(QUERIES)
        self.assertEqual(self.rig.counters()["port wan"]["port{missed}"], 0)
        self.assertEqual(self.rig.status()["healthy"], "yes")
        self.assertEqual(self.rig.stop(), 0)


def frame(message, port):
    """A query in Ethernet, with a good checksum."""
    udp = struct.pack("!HHHH", port, 53, 8 + len(message), 0) + message
    ends = socket.inet_aton("192.0.2.1") + socket.inet_aton(veth.IP4)
    sum_udp = veth.checksum(ends + struct.pack("!HH", 17, len(udp)) + udp)
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0)
    ip = ip[:10] + struct.pack("!H", veth.checksum(ip + ends)) + ends
    return (bytes.fromhex("020000000053" "020000000001" "0800") + ip +
            udp[:6] + struct.pack("!H", sum_udp) + udp[8:])


def pcap_write(path, frames):
    with open(path, "wb") as f:
        f.write(struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for data in frames:
            f.write(struct.pack("=IIII", 0, 0, len(data), len(data)) + data)


def pcap_read(path):
    with open(path, "rb") as f:
        data = f.read()
    at = 24
    while at < len(data):
        size, = struct.unpack_from("=I", data, at + 8)
        yield data[at + 16:at + 16 + size]
        at += 16 + size


class Peer:
    """testpmd between pcap files and a vhost-user port, queue by queue."""

    def __init__(self, directory, vhost):
        self.log = open(os.path.join(directory, "testpmd.log"), "w+")
        ends = ",".join("rx_pcap=%s/q%d,tx_pcap=%s/a%d" % (
            directory, q, directory, q) for q in range(WORKERS))
        self.process = subprocess.Popen([
            "dpdk-testpmd", "--no-huge", "--no-pci", "--no-telemetry",
            "-m", "256", "--file-prefix=hfmcpeer%d" % os.getpid(),
            "--lcores", "0@%d,1@%d" % (CPUS[0], CPUS[-1]),
            "--vdev", "net_vhost0,iface=%s,client=1,queues=%d" % (
                vhost, WORKERS),
            "--vdev", "net_pcap0," + ends, "--", "-i", "--no-mlockall",
            "--rxq=%d" % WORKERS, "--txq=%d" % WORKERS,
            "--no-flush-rx", "--forward-mode=io", "--total-num-mbufs=16384"],
            stdin=subprocess.PIPE, stdout=self.log, stderr=self.log, text=True)

    def say(self, *lines):
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()

    def text(self):
        self.log.seek(0)
        return self.log.read()

    def start(self):
        """What a full ring does not take is tried again, not dropped."""
        self.say("set fwd io retry", "set burst tx delay 20 retry 100000",
                 "start")

    def end(self):
        if self.process.poll() is None:
            try:
                self.say("stop", "quit")
                self.process.wait(10 * veth.SLOW)
            except (OSError, subprocess.TimeoutExpired):
                self.process.kill()
                self.process.wait()
        self.process.stdin.close()
        self.log.close()


class Vhost(Case):
    def setUp(self):
        self.make()
        self.queries = []
        for q in range(WORKERS):
            hosts = [random.randrange(HOSTS)
                     for _ in range(QUERIES // WORKERS)]
            pcap_write("%s/q%d" % (self.rig.directory, q),
                       [frame(question(n, i), 1000 + q)
                        for i, n in enumerate(hosts)])
            self.queries.append(hosts)
        vhost = self.rig.directory + "/vhost"
        with open(self.rig.config, "w") as f:
            f.write(VIRTIO_CONFIG % dict(
                store=self.rig.store, run=self.rig.run, socket=vhost,
                queues=WORKERS, cores=CPUS, management=CPUS[0],
                pid=os.getpid()))
        self.start_both(vhost)

    def start_both(self, vhost):
        """The data plane makes the socket and waits for its peer."""
        self.vhost = vhost
        with open(self.rig.log, "wb") as log:
            self.rig.process = subprocess.Popen(
                [veth.DATAPLANE, "--config", self.rig.config], stdout=log,
                stderr=log)
        self.wait(lambda: os.path.exists(vhost))
        self.start_peer()
        self.wait(lambda: "health: " in self.rig.log_text())

    def start_peer(self):
        self.peer = Peer(self.rig.directory, self.vhost)
        self.addCleanup(self.peer.end)

    def wait(self, what):
        deadline = time.monotonic() + 20 * veth.SLOW
        while not what():
            if self.rig.process.poll() is not None or \
                    time.monotonic() > deadline:
                self.fail(self.rig.log_text())
            time.sleep(0.05)

    def expect_answers(self, q):
        waits = dict(enumerate(self.queries[q]))
        for data in pcap_read("%s/a%d" % (self.rig.directory, q)):
            port, = struct.unpack_from("!H", data, 36)
            self.assertEqual(port, 1000 + q, "the answer of another queue")
            reply = data[42:]
            n = waits.pop(int.from_bytes(reply[:2], "big"), None)
            self.assertIsNotNone(n, "an answer came twice")
            self.assertEqual(generation_of(reply, n), 1, reply.hex())
        self.assertEqual(waits, {}, "not answered")

    def converse(self, sent_before):
        """All queries through the peer; every answer is looked at."""
        total = sent_before + QUERIES // WORKERS * WORKERS
        self.peer.start()
        try:
            self.wait(lambda: sum(core["packets{sent}"]
                                  for core in self.cores()) >= total)
        except AssertionError:
            self.fail(self.peer.text() + str(self.cores()))
        time.sleep(0.2)  # the last answers' way to the files
        self.peer.end()
        for q in range(WORKERS):
            self.expect_answers(q)
        self.expect_shared(total)
        return total

    def test_every_query_once_on_its_queue(self):
        self.converse(0)
        self.assertEqual(self.rig.status()["healthy"], "yes")

    def test_peer_comes_back(self):
        """A switch that was restarted, say: all cores go on."""
        total = self.converse(0)
        self.wait(lambda: "link down" in self.rig.log_text())
        self.start_peer()
        self.wait(lambda: "link up" in self.rig.log_text())
        self.converse(total)


def stop(*_):
    raise KeyboardInterrupt  # unittest catches all others


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("root is needed for namespaces")
        sys.exit(77)
    if WORKERS < 2:
        print("one CPU: there is nothing to share")
        sys.exit(77)
    random.seed(1)
    signal.signal(signal.SIGTERM, stop)
    try:
        veth.topology_make()
        unittest.main(verbosity=2)
    finally:
        for left in RIGS:
            if os.path.exists(left.directory):  # interrupted
                left.remove()
        veth.topology_remove()
