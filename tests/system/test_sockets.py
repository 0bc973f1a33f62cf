#!/usr/bin/python3
# timeout: 240
# SPDX-License-Identifier: BSD-2-Clause
"""holdfast-sockets as its clients see it, on loopback alone, without root.

    holdfast compile -> store -> holdfast-sockets -> 127.0.0.1, 127.0.0.2, ::1
                                     |                (UDP and TCP, one port)
                                 RUN/sockets.counters

Answers are checked, and the counters with them. Takes about 15 seconds.
HOLDFAST_BUILD is the directory of the programs, build/release by default.
"""
import os
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from free_port import free_port

BUILD = os.path.abspath(os.environ.get("HOLDFAST_BUILD", "build/release"))
SOCKETS = os.path.join(BUILD, "holdfast-sockets")
TOOL = os.path.join(BUILD, "holdfast")

ZONE = """$ORIGIN example.test.
$TTL 300
@ SOA ns hostmaster %(serial)d 3600 600 86400 60
@ NS ns
ns A 192.0.2.1
www A 192.0.2.10
www AAAA 2001:db8::10
gen TXT "%(serial)d"
%(big)s
"""
BIG = "\n".join(['big TXT "%03d %s"' % (i, "x" * 240) for i in range(160)] +
                ['mid TXT "%03d %s"' % (i, "x" * 240) for i in range(12)])

CONFIG = """
store:
  directory: %(store)s
  run: %(run)s
sockets:
  listen: [127.0.0.1@%(port)d, 127.0.0.2@%(port)d, "::1@%(port)d"]
  threads: %(threads)d
  tcp_clients: %(clients)d
  tcp_per_client: %(per_client)d
  tcp_idle_ms: 1500
  tcp_query_ms: 1000
  tcp_pipeline: 32
"""


def frame(message):
    wire = message if isinstance(message, bytes) else message.to_wire()
    return struct.pack("!H", len(wire)) + wire


def read_exactly(s, n):
    data = b""
    while len(data) < n:
        part = s.recv(n - len(data))
        if not part:
            raise EOFError("closed after %d of %d octets" % (len(data), n))
        data += part
    return data


def read_message(s):
    length, = struct.unpack("!H", read_exactly(s, 2))
    return read_exactly(s, length)


def is_closed(s, within=3.0):
    """True if the other side closes (or resets) within the time."""
    s.settimeout(within)
    try:
        while True:
            if not s.recv(65536):
                return True
    except ConnectionResetError:
        return True
    except socket.timeout:
        return False


class Rig:
    """A store, and a server on it."""

    def __init__(self, threads=2, clients=64, per_client=32):
        self.directory = tempfile.mkdtemp(prefix="holdfast-test-")
        self.store = os.path.join(self.directory, "store")
        self.run = os.path.join(self.directory, "run")
        self.zone = os.path.join(self.directory, "example.test.zone")
        self.config = os.path.join(self.directory, "holdfast.yaml")
        self.log = os.path.join(self.directory, "log")
        self.port = free_port()
        self.process = None
        os.mkdir(self.run)
        with open(self.config, "w") as f:
            f.write(CONFIG % dict(store=self.store, run=self.run,
                                  port=self.port, threads=threads,
                                  clients=clients, per_client=per_client))

    def compile(self, serial):
        with open(self.zone, "w") as f:
            f.write(ZONE % dict(serial=serial, big=BIG))
        subprocess.run([TOOL, "compile", "--store", self.store, "--zone",
                        "example.test=" + self.zone], check=True, timeout=60,
                       stdout=subprocess.DEVNULL)

    def start(self, *words):
        words = words or ("--config", self.config)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([SOCKETS, *words], stderr=log)
        self.wait_until_it_answers()

    def wait_until_it_answers(self):
        deadline = time.time() + 10
        while "answering on" not in self.log_text():
            if self.process.poll() is not None or time.time() > deadline:
                raise RuntimeError("did not start: " + self.log_text())
            time.sleep(0.02)

    def log_text(self):
        with open(self.log) as f:
            return f.read()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                return self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
        return self.process.returncode if self.process else None

    def remove(self):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.directory)

    def connect(self, address="127.0.0.1", source=None, timeout=5):
        return socket.create_connection(
            (address, self.port), timeout,
            source_address=(source, 0) if source else None)

    def udp(self, name, rdtype="A", address="127.0.0.1", **options):
        query = dns.message.make_query(name, rdtype, **options)
        return dns.query.udp(query, address, timeout=3, port=self.port)

    def tcp(self, name, rdtype="A", address="127.0.0.1", **options):
        query = dns.message.make_query(name, rdtype, **options)
        return dns.query.tcp(query, address, timeout=3, port=self.port)

    def counters(self):
        """The sums over all blocks, read as base/counters.h lays them out."""
        with open(os.path.join(self.run, "sockets.counters"), "rb") as f:
            data = f.read()
        (nnames, nblocks, block_bytes, names, _labels,
         blocks) = struct.unpack_from("<6I", data, 12)
        total = {}
        for i in range(nnames):
            name = data[names + 64 * i:names + 64 * (i + 1)]
            total[name.split(b"\0")[0].decode()] = sum(
                struct.unpack_from("<Q", data,
                                   blocks + b * block_bytes + 8 * i)[0]
                for b in range(nblocks))
        return total


class Page:
    """A data plane's page (snapshot/page.h), kept alive by a thread."""

    def __init__(self, run):
        self.lock = threading.Lock()
        self.path = os.path.join(run, "dataplane.page")
        self.state = bytes(120)
        self.ended = threading.Event()
        self.file = None
        self.thread = threading.Thread(target=self.beat, daemon=True)

    def write(self, stable, candidate="00" * 32, permille=0):
        state = struct.pack("<Q32s32sIIQQQQII", 1, bytes.fromhex(stable),
                            bytes.fromhex(candidate), permille, 0, 11, 13, 0,
                            0, 0, 0)
        with self.lock:
            self.state = state
            if self.file is None:
                with open(self.path, "wb") as f:
                    f.write(bytes(10 * 4096))
                self.file = open(self.path, "r+b")
            self.put()
        if not self.thread.is_alive():
            self.thread.start()

    def put(self):
        now = int(time.clock_gettime(time.CLOCK_BOOTTIME) * 1000)
        self.file.seek(0)
        self.file.write(struct.pack("<QIIIIQ", 0x3145474150464821, 2,
                                    os.getpid(), 2, 0, now) + self.state)
        self.file.flush()

    def beat(self):
        while not self.ended.wait(0.1):
            with self.lock:
                self.put()

    def stop(self):
        self.ended.set()
        self.thread.join()
        self.file.close()


class Served(unittest.TestCase):
    """What one server that runs through all tests of a class can show."""

    limits = {}

    @classmethod
    def setUpClass(cls):
        cls.rig = Rig(**cls.limits)
        try:
            cls.rig.compile(1)
            cls.rig.start()
        except BaseException:
            cls.rig.remove()
            raise

    @classmethod
    def tearDownClass(cls):
        status = cls.rig.stop()
        text = cls.rig.log_text()
        cls.rig.remove()
        assert status == 0, (status, text)

    def counted(self, name, before, least=1):
        """The counter has grown by at least so much (soon)."""
        deadline = time.time() + 2
        while True:
            now = self.rig.counters()
            if now[name] - before[name] >= least:
                return
            if time.time() > deadline:
                self.fail("%s grew by %d, not %d" %
                          (name, now[name] - before[name], least))
            time.sleep(0.02)


class Answers(Served):
    def test_udp_and_tcp_on_both_families(self):
        before = self.rig.counters()
        for address in ("127.0.0.1", "127.0.0.2", "::1"):
            for ask in (self.rig.udp, self.rig.tcp):
                answer = ask("www.example.test", "AAAA", address)
                self.assertEqual(answer.rcode(), dns.rcode.NOERROR)
                self.assertTrue(answer.flags & dns.flags.AA)
                self.assertEqual(answer.answer[0][0].address, "2001:db8::10")
        self.counted("verdict_udp{answer}", before, 3)
        self.counted("verdict_tcp{answer}", before, 3)
        self.counted("rcode{noerror}", before, 6)

    def test_negative_and_foreign(self):
        self.assertEqual(self.rig.udp("no.example.test").rcode(),
                         dns.rcode.NXDOMAIN)
        self.assertEqual(self.rig.udp("other.test").rcode(),
                         dns.rcode.REFUSED)

    def test_truncated_by_udp_and_whole_by_tcp(self):
        answer = self.rig.udp("big.example.test", "TXT", payload=1232)
        self.assertTrue(answer.flags & dns.flags.TC)
        answer = self.rig.tcp("big.example.test", "TXT")
        self.assertFalse(answer.flags & dns.flags.TC)
        self.assertEqual(len(answer.answer[0]), 160)

    def test_burst(self):
        """More datagrams at once than one burst takes: each is answered."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(3)
            s.connect(("127.0.0.1", self.rig.port))
            query = dns.message.make_query("www.example.test", "A")
            for i in range(200):
                query.id = i
                s.send(query.to_wire())
            seen = {dns.message.from_wire(s.recv(4096)).id
                    for _ in range(200)}
        self.assertEqual(seen, set(range(200)))

    def test_garbage_by_udp(self):
        """Short datagrams and responses get nothing and harm nothing."""
        before = self.rig.counters()
        response = dns.message.make_query("www.example.test", "A")
        response.flags |= dns.flags.QR
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.3)
            s.connect(("127.0.0.1", self.rig.port))
            s.send(b"")
            s.send(b"\x01")
            s.send(response.to_wire())
            with self.assertRaises(socket.timeout):
                s.recv(4096)
            s.settimeout(3)
            s.send(os.urandom(2) + b"\0\0\0\1" + b"\xff" * 60000)
            s.recv(4096)  # FORMERR of some kind, but an answer
        self.counted("verdict_udp{drop_short}", before, 2)
        self.counted("verdict_udp{drop_response}", before, 1)
        self.assertEqual(self.rig.udp("www.example.test").rcode(), 0)

    def test_pipelining(self):
        with self.rig.connect() as s:
            out = b""
            for i in range(500):
                name = ["www", "gen", "no"][i % 3] + ".example.test"
                query = dns.message.make_query(name, "A")
                query.id = i
                out += frame(query)
            s.sendall(out)
            seen = [dns.message.from_wire(read_message(s)).id
                    for _ in range(500)]
        self.assertEqual(sorted(seen), list(range(500)))

    def test_octet_by_octet(self):
        with self.rig.connect() as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for octet in frame(dns.message.make_query("www.example.test", "A")):
                s.send(bytes([octet]))
                time.sleep(0.002)
            self.assertEqual(dns.message.from_wire(read_message(s)).rcode(), 0)

    def test_half_close(self):
        """A client that has closed its half still gets all its answers."""
        with self.rig.connect() as s:
            query = frame(dns.message.make_query("big.example.test", "TXT"))
            s.sendall(query * 20)
            s.shutdown(socket.SHUT_WR)
            for _ in range(20):
                self.assertGreater(len(read_message(s)), 30000)
            self.assertTrue(is_closed(s))

    def test_largest_message(self):
        """65,535 octets arrive whole; the connection lives on."""
        query = dns.message.make_query("www.example.test", "A").to_wire()
        with self.rig.connect() as s:
            s.sendall(frame(query + b"\0" * (65535 - len(query))))
            read_message(s)
            s.sendall(frame(query))
            self.assertEqual(dns.message.from_wire(read_message(s)).rcode(), 0)


class Abuse(Served):
    def test_malformed_lengths(self):
        before = self.rig.counters()
        for junk in (b"\0\0", b"\0\1x", frame(b"\0" * 11)):
            with self.rig.connect() as s:
                s.sendall(junk)
                self.assertTrue(is_closed(s), junk)
        self.counted("tcp_closed{malformed}", before, 3)

    def test_answers_before_the_malformed_one_arrive(self):
        with self.rig.connect() as s:
            s.sendall(frame(dns.message.make_query("www.example.test", "A")) +
                      b"\0\0")
            self.assertEqual(dns.message.from_wire(read_message(s)).rcode(), 0)
            self.assertTrue(is_closed(s))

    def test_idle(self):
        before = self.rig.counters()
        with self.rig.connect() as s:
            begun = time.time()
            self.assertTrue(is_closed(s))
            self.assertGreater(time.time() - begun, 1.2)
        self.counted("tcp_closed{idle}", before)

    def test_slow_writer(self):
        """Octets that trickle in do not put the end of the time off."""
        before = self.rig.counters()
        with self.rig.connect() as s:
            begun = time.time()
            try:
                for octet in struct.pack("!H", 60000) + b"x" * 100:
                    s.send(bytes([octet]))
                    time.sleep(0.1)
            except (ConnectionResetError, BrokenPipeError):
                pass
            self.assertLess(time.time() - begun, 3)
        self.counted("tcp_closed{slow_writer}", before)

    def test_slow_readers(self):
        """Clients that ask for megabytes and read nothing hold little memory
        and are closed; others are served all the while."""
        before = self.rig.counters()
        rss = self.rss_kib()
        query = frame(dns.message.make_query("big.example.test", "TXT"))
        slow = []
        for _ in range(20):
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.settimeout(0.2)
            s.connect(("127.0.0.1", self.rig.port))
            try:
                for _ in range(200):
                    s.sendall(query * 10)
            except (socket.timeout, ConnectionResetError, BrokenPipeError):
                pass
            slow.append(s)
            self.assertEqual(
                self.rig.tcp("www.example.test", address="::1").rcode(), 0)
        # sanitizers keep what was freed for a while
        if os.environ.get("HOLDFAST_PROFILE", "release") == "release":
            self.assertLess(self.rss_kib() - rss, 20 * 300)
        self.counted("tcp_closed{slow_reader}", before, 20)
        for s in slow:
            s.close()

    def rss_kib(self):
        with open("/proc/%d/status" % self.rig.process.pid) as f:
            for line in f:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
        return 0


class LimitOfAll(Served):
    limits = dict(threads=1, clients=40, per_client=200)

    def test_idle_connections_over_the_limit(self):
        """200 idle connections: 40 stay, the oldest make room for new ones,
        and who really asks is served."""
        before = self.rig.counters()
        crowd = [self.rig.connect() for _ in range(200)]
        try:
            self.assertEqual(self.rig.tcp("www.example.test").rcode(), 0)
            self.counted("tcp_closed{evicted}", before, 160)
            self.assertLessEqual(self.rig.counters()["tcp_open"], 40)
        finally:
            for s in crowd:
                s.close()

    def test_busy_connections_are_not_closed_for_others(self):
        """40 that are in the middle of a message: the next is refused."""
        before = self.rig.counters()
        busy = [self.rig.connect() for _ in range(40)]
        try:
            for s in busy:
                s.send(b"\0")
            time.sleep(0.2)
            with self.rig.connect() as late:
                self.assertTrue(is_closed(late))
            self.counted("tcp_limit{clients}", before)
        finally:
            for s in busy:
                s.close()
        time.sleep(0.2)
        self.assertEqual(self.rig.tcp("www.example.test").rcode(), 0)


class LimitOfOne(Served):
    limits = dict(clients=200, per_client=5)

    def test_one_client(self):
        before = self.rig.counters()
        mine = [self.rig.connect() for _ in range(5)]
        try:
            with self.rig.connect() as sixth:
                self.assertTrue(is_closed(sixth))
            self.counted("tcp_limit{per_client}", before)
            with self.rig.connect(source="127.0.0.9") as other:
                other.sendall(
                    frame(dns.message.make_query("www.example.test", "A")))
                self.assertEqual(
                    dns.message.from_wire(read_message(other)).rcode(), 0)
        finally:
            for s in mine:
                s.close()
        time.sleep(0.2)
        self.assertEqual(self.rig.tcp("www.example.test").rcode(), 0)


class Life(unittest.TestCase):
    def setUp(self):
        self.rig = Rig()
        self.addCleanup(self.rig.remove)

    def fails(self, *words, status=1):
        done = subprocess.run([SOCKETS, *words], capture_output=True,
                              timeout=10, text=True)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stderr

    def test_new_generation_while_it_runs(self):
        self.rig.compile(1)
        self.rig.start()
        self.assertEqual(self.serial(), 1)
        for serial in (2, 3):
            self.rig.compile(serial)
            deadline = time.time() + 3
            while self.serial() != serial:
                self.assertLess(time.time(), deadline, self.rig.log_text())
                time.sleep(0.02)
        self.assertGreaterEqual(self.rig.counters()["generation_swaps"], 3)

    def serial(self):
        answer = self.rig.udp("gen.example.test", "TXT")
        return int(answer.answer[0][0].strings[0])

    def wait_for_serial(self, serial, seconds):
        deadline = time.time() + seconds
        while self.serial() != serial:
            self.assertLess(time.time(), deadline, self.rig.log_text())
            time.sleep(0.02)

    def generation(self):
        """The digest that `current` names."""
        with open(os.path.join(self.rig.store, "current")) as f:
            return re.search(r"[0-9a-f]{64}", f.read()).group()

    def test_data_plane_page_is_followed(self):
        """What a living data plane's page says goes before `current`; a page
        without a heartbeat counts for nothing after 5 seconds."""
        digests = []
        for serial in (1, 2, 3):
            self.rig.compile(serial)
            digests.append(self.generation())
        page = Page(self.rig.run)
        page.write(digests[0])
        self.rig.start()
        self.assertEqual(self.serial(), 1)
        page.write(digests[0], candidate=digests[1], permille=1000)
        self.wait_for_serial(2, 2)
        self.assertGreater(self.rig.counters()["canary_queries"], 0)
        page.write(digests[0], candidate=digests[1], permille=0)
        self.wait_for_serial(1, 2)
        page.write("ff" * 32)  # what is not there changes nothing
        time.sleep(0.3)
        self.assertEqual(self.serial(), 1)
        page.write(digests[1])
        self.wait_for_serial(2, 2)
        page.stop()
        time.sleep(3)
        self.assertEqual(self.serial(), 2)
        self.wait_for_serial(3, 6)

    def test_damaged_generation_changes_nothing(self):
        """A flipped octet in a new cell: the old answers stand."""
        self.rig.compile(1)
        self.rig.start()
        cells = os.path.join(self.rig.store, "cells")
        known = set(os.listdir(cells))
        pid = self.rig.process.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            self.rig.compile(2)
            for name in set(os.listdir(cells)) - known:
                path = os.path.join(cells, name)
                os.chmod(path, 0o600)
                with open(path, "r+b") as f:
                    f.seek(300)
                    octet = f.read(1)[0]
                    f.seek(300)
                    f.write(bytes([octet ^ 1]))
        finally:
            os.kill(pid, signal.SIGCONT)
        time.sleep(1.5)
        self.assertEqual(self.serial(), 1)
        self.assertIn("the one before it goes on answering",
                      self.rig.log_text())
        self.rig.compile(3)
        self.wait_for_serial(3, 3)

    def test_store_that_is_made_anew(self):
        self.rig.compile(1)
        self.rig.start()
        shutil.rmtree(self.rig.store)
        time.sleep(1.2)
        self.assertEqual(self.serial(), 1)  # the last good answer stands
        self.rig.compile(2)
        self.wait_for_serial(2, 4)
        self.rig.compile(3)
        self.wait_for_serial(3, 3)

    def test_boot_with_damaged_current(self):
        """The newest committed generation is better than none."""
        self.rig.compile(1)
        self.rig.compile(2)
        path = os.path.join(self.rig.store, "current")
        os.chmod(path, 0o600)
        with open(path, "w") as f:
            f.write("garbage")
        self.rig.start()
        self.assertEqual(self.serial(), 2)

    def test_boot_with_damaged_current_after_a_rollback(self):
        """What a rollback condemned is the last choice."""
        self.rig.compile(1)
        self.rig.compile(2)
        subprocess.run([TOOL, "rollback", "--store", self.rig.store],
                       check=True, timeout=30, stdout=subprocess.DEVNULL)
        # the generation that was left looks newer by its time
        generations = os.path.join(self.rig.store, "generations")
        for name in os.listdir(generations):
            if not name.startswith(self.generation()):
                os.utime(os.path.join(generations, name))
        path = os.path.join(self.rig.store, "current")
        os.chmod(path, 0o600)
        with open(path, "w") as f:
            f.write("garbage")
        self.rig.start()
        self.assertEqual(self.serial(), 1)

    def test_no_generation_yet(self):
        """SERVFAIL and one line in the log; then the first generation comes."""
        bad = os.path.join(self.rig.directory, "bad.zone")
        with open(bad, "w") as f:
            f.write("nonsense\n")
        done = subprocess.run(
            [TOOL, "compile", "--store", self.rig.store, "--zone",
             "bad.test=" + bad], timeout=60, capture_output=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.rig.start()
        for _ in range(3):
            self.assertEqual(self.rig.udp("www.example.test").rcode(),
                             dns.rcode.SERVFAIL)
        time.sleep(1.2)
        self.assertEqual(self.rig.log_text().count("no generation yet"), 1)
        self.rig.compile(7)
        deadline = time.time() + 3
        while self.rig.udp("www.example.test").rcode():
            self.assertLess(time.time(), deadline)
            time.sleep(0.02)

    def test_without_configuration_and_without_root(self):
        self.rig.compile(1)
        self.rig.start("--store", self.rig.store, "--listen",
                       "127.0.0.1@%d" % self.rig.port)
        self.assertEqual(self.rig.udp("www.example.test").rcode(), 0)
        self.assertEqual(os.listdir(self.rig.run), [])
        self.assertEqual(self.rig.stop(), 0)

    def test_wildcard_address_answers_from_the_address_asked(self):
        self.rig.compile(1)
        port = str(self.rig.port)
        self.rig.start("--store", self.rig.store, "--listen", "0.0.0.0@" + port,
                       "--listen", "::@" + port)
        for address in ("127.0.0.1", "127.0.0.77", "::1"):
            # dnspython refuses a reply from another address
            self.assertEqual(
                self.rig.udp("www.example.test", address=address).rcode(), 0)

    @unittest.skipIf(os.geteuid(), "needs root for a network namespace")
    def test_response_larger_than_the_link(self):
        """udp_max above the MTU: no fragment, a truncated response instead."""
        self.rig.compile(1)
        with open(self.rig.config, "a") as f:
            f.write("answer: {udp_max: 4096}\n")
        with open(self.rig.log, "ab") as log:
            self.rig.process = subprocess.Popen(
                ["unshare", "-n", "sh", "-c", "ip link set lo mtu 1500 up && "
                 "exec %s --config %s" % (SOCKETS, self.rig.config)],
                stderr=log)
        self.rig.wait_until_it_answers()
        for address in ("127.0.0.1", "::1"):
            done = subprocess.run(
                ["nsenter", "--net=/proc/%d/ns/net" % self.rig.process.pid,
                 "dig", "@" + address, "-p", str(self.rig.port), "+ignore",
                 "+bufsize=4096", "+tries=1", "+time=5", "mid.example.test",
                 "TXT"], capture_output=True, text=True, timeout=20)
            self.assertRegex(done.stdout, r"flags: qr aa tc\b")
            self.assertIn("ANSWER: 0", done.stdout)
        self.assertEqual(self.rig.counters()["udp_cut_to_link_mtu"], 2)

    def test_errors_say_what_to_do(self):
        listen = "127.0.0.1@%d" % self.rig.port
        text = self.fails("--store", self.rig.store, "--listen", listen)
        self.assertIn("holdfast compile", text)
        self.rig.compile(1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", self.rig.port))
            text = self.fails("--store", self.rig.store, "--listen", listen)
        self.assertIn(listen, text)
        self.assertIn("another program has this UDP port", text)
        self.assertIn("no store", self.fails("--listen", listen, status=2))
        self.assertIn("--listen", self.fails("--store", self.rig.store,
                                             status=2))
        self.assertIn("twice", self.fails("--store", self.rig.store, "--listen",
                                          listen, "--listen", listen, status=2))
        self.assertIn("1 to 64", self.fails("--threads", "0", status=2))
        self.assertIn("--bogus", self.fails("--bogus", status=2))

    def test_second_server_on_the_same_address(self):
        """SO_REUSEPORT must not let two servers share a port in silence."""
        self.rig.compile(1)
        self.rig.start()
        text = self.fails("--store", self.rig.store, "--listen",
                          "127.0.0.1@%d" % self.rig.port)
        self.assertIn("another program has this", text)

    def test_out_of_descriptors(self):
        """When files are out, the loop neither spins nor ends."""
        self.rig.compile(1)
        self.rig.start()
        pid = self.rig.process.pid
        used = len(os.listdir("/proc/%d/fd" % pid))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 4, used + 4))
        crowd = [self.rig.connect() for _ in range(30)]
        try:
            busy = self.cpu_ticks(pid)
            time.sleep(1)
            self.assertLess(self.cpu_ticks(pid) - busy, 30)
            self.assertEqual(self.rig.udp("www.example.test").rcode(), 0)
        finally:
            for s in crowd:
                s.close()
        time.sleep(0.3)
        self.assertEqual(self.rig.tcp("www.example.test").rcode(), 0)

    @staticmethod
    def cpu_ticks(pid):
        with open("/proc/%d/stat" % pid) as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def test_stop_lets_responses_leave(self):
        self.rig.compile(1)
        self.rig.start()
        with self.rig.connect() as s:
            query = frame(dns.message.make_query("big.example.test", "TXT"))
            s.sendall(query * 4)
            read_message(s)
            self.rig.process.send_signal(signal.SIGTERM)
            self.assertGreater(len(read_message(s)), 30000)
        self.assertEqual(self.rig.process.wait(5), 0)


if __name__ == "__main__":
    for program in (SOCKETS, TOOL):
        if not os.path.exists(program):
            sys.exit("%s is missing: run make" % program)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    unittest.main(verbosity=2)
