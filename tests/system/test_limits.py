#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 240
# polls: one
"""A spoofed flood against holdfast-dataplane, and holdfast-sockets.

    namespace client                         namespace server
    +--------------------+                   +-------------------------------+
    | raw frames from    |  veth     veth    | DPDK net_af_packet            |
    | 203.0.113.0/24     |  hlc ---- hls --- |   holdfast-dataplane          |
    | 192.0.2.1 (exempt) |                   |   192.0.2.53                  |
    | 203.0.113.251      |                   | 127.0.0.1@5300                |
                                             |   holdfast-sockets            |
                                             +-------------------------------+

Replies go back to the MAC address that asked, so the flooder sees what his
victims would. Rates are held against the time that has really passed: what is
asserted is never more than the rate allows, and the counters say the same. After
each lot of the flood the exempt client asks, and one of the flooded prefix that
has a server cookie (RFC 7873); both wait for their answers.
"""
import ctypes
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest

BUILD = os.path.abspath(os.environ.get("HOLDFAST_BUILD", "build/release"))
SLOW = 5 if os.environ.get("HOLDFAST_PROFILE", "release") != "release" else 1
CLIENT, SERVER = "hflc%d" % os.getpid(), "hfls%d" % os.getpid()
CPUS = sorted(os.sched_getaffinity(0))
IP4 = "192.0.2.53"
RATE, BURST, LOTS, LOT = 50, 100, 60, 32

ZONE = """$ORIGIN example.test.
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 192.0.2.53
www A 192.0.2.10
"""

CONFIG = """
store: {directory: %(dir)s/store, run: %(dir)s/run}
dataplane:
  ports:
    - name: wan
      device: "net_af_packet0,iface=hls%(more)s"
      cores: [%(cores)s]
      addresses: [192.0.2.53]
      checksum: software
  management_core: %(management)d
  huge_pages: "off"
  memory_mib: 128
  mbufs: 4095
sockets:
  listen: [127.0.0.1@5300]
limits:
  rrl: on
  responses_per_second: %(rate)d
  responses_burst: %(burst)d
  exempt: [192.0.2.0/24]
  deny_from: %(dir)s/deny
"""

LIBC = ctypes.CDLL(None, use_errno=True)


# An honest client among the spoofed addresses.
COOKIE_HOST = 251


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def enter(namespace):
    with open("/run/netns/" + namespace) as f:
        if LIBC.setns(f.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), "setns")


def in_server(*words):
    return ["ip", "netns", "exec", SERVER, *words]


def topology_make():
    for name in (CLIENT, SERVER):
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")
    ip("link", "add", "hlc", "netns", CLIENT, "type", "veth",
       "peer", "name", "hls", "netns", SERVER)
    ip("-n", CLIENT, "addr", "add", "192.0.2.1/24", "dev", "hlc")
    ip("-n", CLIENT, "addr", "add", "203.0.113.%d/32" % COOKIE_HOST, "dev",
       "hlc")
    subprocess.run(in_server(
        "sysctl", "-qw", "net.ipv6.conf.hls.disable_ipv6=1",
        "net.ipv4.conf.hls.arp_ignore=8"), check=True)
    ip("-n", CLIENT, "link", "set", "hlc", "up")
    ip("-n", SERVER, "link", "set", "hls", "up")
    enter(CLIENT)
    subprocess.run(["ethtool", "-K", "hlc", "tx", "off"], check=True,
                   stdout=subprocess.DEVNULL)


def topology_remove():
    for name in (CLIENT, SERVER):
        subprocess.run(["ip", "netns", "del", name],
                       stderr=subprocess.DEVNULL, check=False)


def question(name="www.example.test", ident=0x1234, cookie=b""):
    labels = b"".join(bytes([len(x)]) + x.encode() for x in name.split("."))
    opt = struct.pack("!BHHIHHH", 0, 41, 1232, 0, 4 + len(cookie), 10,
                      len(cookie)) + cookie if cookie else b""
    return (struct.pack("!6H", ident, 0x100, 1, 0, 0, 1 if opt else 0) +
            labels + b"\0" + struct.pack("!HH", 1, 1) + opt)


class CookieClient:
    """Learns a server cookie while there is no flood, and shows it then."""

    def __init__(self, case):
        self.case = case
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("203.0.113.%d" % COOKIE_HOST, 0))
        self.socket.settimeout(5 * SLOW)
        self.cookie = b"hf-limit"
        self.ask(1)

    def ask(self, ident):
        self.socket.sendto(question(ident=ident, cookie=self.cookie),
                           (IP4, 53))
        answer = self.socket.recv(2000)
        self.case.assertEqual(answer[:8], struct.pack(
            "!4H", ident, 0x8500, 1, 1))  # whole: no TC, one record
        # the OPT is last, the cookie its only option: 8 octets ours, 16 theirs
        self.case.assertEqual(answer[-28:-16], struct.pack("!HH", 10, 24) +
                              b"hf-limit")
        self.cookie = answer[-24:]


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Daemons:
    """A store, a configuration, what runs on them."""

    def __init__(self, cores):
        self.directory = tempfile.mkdtemp(prefix="holdfast-limits-")
        self.config = self.directory + "/holdfast.yaml"
        self.processes = []
        with open(self.config, "w") as f:
            f.write(CONFIG % dict(
                dir=self.directory, rate=RATE, burst=BURST,
                cores=", ".join(map(str, cores)), management=CPUS[0],
                more=",qpairs=%d" % len(cores) if len(cores) > 1 else ""))
        os.mkdir(self.directory + "/run")
        self.deny("# nobody\n")
        with open(self.directory + "/zone", "w") as f:
            f.write(ZONE)
        self.tool("compile", "--store", self.directory + "/store", "--zone",
                  "example.test=" + self.directory + "/zone")

    def tool(self, *words, status=0):
        done = subprocess.run([BUILD + "/holdfast", *words], timeout=60,
                              capture_output=True, text=True, check=False)
        if done.returncode != status:
            raise AssertionError("%s: %d %s" % (
                words, done.returncode, done.stdout + done.stderr))
        return done.stdout + done.stderr

    def limits(self, source):
        return json.loads(self.tool("limits", "--json", "--config",
                                    self.config))[source]

    def deny(self, text):
        with open(self.directory + "/deny", "w") as f:
            f.write(text)

    def log_text(self):
        with open(self.directory + "/log") as f:
            return f.read()

    def wait_for(self, text):
        deadline = time.time() + 15 * SLOW
        while text not in self.log_text():
            if time.time() > deadline:
                raise AssertionError("no \"%s\" in: %s" %
                                     (text, self.log_text()))
            time.sleep(0.02)

    def start(self, program, ready):
        with open(self.directory + "/log", "wb") as log:
            self.processes.append(subprocess.Popen(
                in_server(BUILD + "/" + program, "--config", self.config),
                stdout=log, stderr=log))
        self.wait_for(ready)

    def stop(self):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10 * SLOW)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.directory)


class Flood:
    """Raw frames from another prefix, and what comes back to it."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                    socket.htons(0x800))
        self.socket.bind(("hlc", 0))
        self.socket.setblocking(False)
        mac = bytes.fromhex(json.loads(subprocess.run(
            in_server("ip", "-j", "link", "show", "hls"), check=True,
            capture_output=True, text=True).stdout)[0]["address"].replace(
                ":", ""))
        self.ethernet = mac + self.socket.getsockname()[4] + b"\x08\x00"
        self.whole = self.cut = self.sent = 0

    def frame(self, message, host, port):
        head = struct.pack(
            "!BBHHHBBH4s4s", 0x45, 0, 28 + len(message), 1, 0, 64, 17, 0,
            socket.inet_aton("203.0.113.%d" % host), socket.inet_aton(IP4))
        head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
        udp = struct.pack("!HHHH", port, 53, 8 + len(message), 0) + message
        total = checksum(head[12:20] + struct.pack("!HH", 17, len(udp)) + udp)
        return (self.ethernet + head + udp[:6] +
                struct.pack("!H", total or 0xffff) + udp[8:])

    def send(self, n):
        for _ in range(n):
            self.sent += 1
            self.socket.send(self.frame(
                question(), self.sent % 250 + 1, 1024 + self.sent * 7 % 50000))
        self.receive()

    def receive(self):
        while True:
            try:
                data, address = self.socket.recvfrom(2000)
            except BlockingIOError:
                return
            if (address[2] == 4 or data[30:33] != b"\xcb\x00\x71" or
                    data[33] == COOKIE_HOST):
                continue
            if data[44] & 2:
                self.cut += 1
            else:
                self.whole += 1


class Spoofed(unittest.TestCase):
    def flood(self, cores):
        d = Daemons(cores)
        self.addCleanup(d.stop)
        d.start("holdfast-dataplane", "health: ")
        flood = Flood()
        self.addCleanup(flood.socket.close)
        honest = CookieClient(self)
        self.addCleanup(honest.socket.close)
        start = time.monotonic()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(5 * SLOW)
            for ident in range(LOTS):
                flood.send(LOT)
                s.sendto(question(ident=ident), (IP4, 53))
                answer = s.recv(2000)  # each one, and whole
                self.assertEqual(answer[:4], struct.pack(
                    "!HH", ident, 0x8500))
                self.assertEqual(answer[-4:], socket.inet_aton("192.0.2.10"))
                honest.ask(ident)
        time.sleep(0.2 * SLOW)
        flood.receive()
        seconds = time.monotonic() - start
        most = BURST + RATE * seconds + 2 * len(cores)
        print("%d cores: %d asked in %.2f s: %d whole, at most %d; %d cut" % (
            len(cores), flood.sent, seconds, flood.whole, most, flood.cut))
        # what the data plane says; a busy wire may lose some of it
        answered = json.loads(d.tool(
            "stats", "--json", "--config", d.config))["dataplane"][
                "counters"]["verdict{answer}"] - 2 * LOTS - 1
        self.assertLessEqual(answered, most)
        self.assertLessEqual(flood.whole, answered)
        # to a single account of each core its burst, though flows may be
        # spread unevenly
        self.assertGreaterEqual(answered, BURST // len(cores))
        seen = d.limits("dataplane")
        counted = seen["counters"]
        self.assertLessEqual(flood.cut, counted["slipped"])
        self.assertGreater(flood.cut, 0)
        self.assertLessEqual(
            abs(counted["slipped"] - counted["drop_limited"]), len(cores))
        over = counted["slipped"] + counted["drop_limited"]
        self.assertGreater(over, flood.sent // 2)
        self.assertEqual(seen["prefixes"],
                         [{"prefix": "203.0.113.0/24", "limited": over}])
        self.assertIn("203.0.113.0/24", d.tool("limits", "--config", d.config))
        return d, flood

    def test_one_core(self):
        d, flood = self.flood(CPUS[-1:])
        d.deny("203.0.113.0/24 # the flood\n192.0.2.0/33\n")
        said = d.tool("limits", "reload", "--config", d.config, status=1)
        self.assertIn("/deny:2: ", said)
        d.tool("check", "--config", d.config, status=1)
        d.deny("203.0.113.0/24 # the flood\n")
        d.tool("limits", "reload", "--config", d.config)
        before = d.limits("dataplane")["counters"]["drop_denied"]
        whole = flood.whole
        flood.send(100)
        deadline = time.time() + 5 * SLOW
        while time.time() < deadline:
            after = d.limits("dataplane")["counters"]["drop_denied"]
            if after - before == 100:
                break
            time.sleep(0.02)
        flood.receive()
        self.assertEqual((before, after, flood.whole), (0, 100, whole))

    @unittest.skipIf(len(CPUS) < 2, "one CPU")
    def test_two_cores(self):
        self.flood(CPUS[:2])


class Sockets(unittest.TestCase):
    """The same limits for UDP of holdfast-sockets; none for TCP."""

    def test_limited_and_denied(self):
        d = Daemons(CPUS[-1:])
        self.addCleanup(d.stop)
        d.start("holdfast-sockets", "answering on ")
        enter(SERVER)
        self.addCleanup(enter, CLIENT)
        start = time.monotonic()
        whole = cut = 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(("127.0.0.1", 5300))
            s.settimeout(0.2 * SLOW)
            for _ in range(400):
                s.send(question())
            while True:
                try:
                    answer = s.recv(2000)
                except socket.timeout:
                    break
                cut += answer[2] >> 1 & 1
                whole += not answer[2] & 2
        seconds = time.monotonic() - start
        counted = d.limits("sockets")["counters"]
        self.assertGreaterEqual(whole, BURST)
        self.assertLessEqual(whole, BURST + RATE * seconds + 1)
        self.assertEqual(counted["slipped"], cut)
        for _ in range(2 * BURST):
            self.assertTrue(self.ask_tcp())
        d.deny("127.0.0.0/8\n")
        d.processes[0].send_signal(signal.SIGHUP)
        d.wait_for("prefixes read again")
        self.assertFalse(self.ask_tcp())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.3)
            s.sendto(question(), ("127.0.0.1", 5300))
            with self.assertRaises(socket.timeout):
                s.recv(2000)
        self.assertEqual(d.limits("sockets")["counters"]["drop_denied"], 1)

    def ask_tcp(self):
        with socket.create_connection(("127.0.0.1", 5300), 5 * SLOW) as s:
            try:
                s.sendall(struct.pack("!H", len(question())) + question())
                return len(s.recv(2000)) > 0
            except (ConnectionResetError, BrokenPipeError):
                return False


def stop(*_):
    raise SystemExit(1)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("needs root")
        raise SystemExit(77)
    signal.signal(signal.SIGTERM, stop)
    try:
        topology_make()
        unittest.main()
    finally:
        topology_remove()
