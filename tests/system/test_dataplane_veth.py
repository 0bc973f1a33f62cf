#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 300
# polls: one
"""holdfast-dataplane on a veth pair, as clients and operators see it.

    namespace client                         namespace server
    +--------------------+                   +-------------------------------+
    | dig, ping, raw     |  veth     veth    | DPDK net_af_packet            |
    | frames             |  hfc ---- hfs --- |   holdfast-dataplane (UDP)    |
    | 192.0.2.1/24       |                   |     | exception port          |
    | 2001:db8::1/64     |                   | TAP hf-wan                    |
    +--------------------+                   |   192.0.2.53 2001:db8::53     |
                                             |   holdfast-sockets (TCP)      |
                                             +-------------------------------+

The kernel's end of the pair in `server` has no address and is told to be
silent: all that answers on the wire is the data plane, or what it hands over.
Each test checks answers and counters. The test itself runs in `client`.
"""
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

BUILD = os.path.abspath(os.environ.get("HOLDFAST_BUILD", "build/release"))
DATAPLANE = os.path.join(BUILD, "holdfast-dataplane")
SOCKETS = os.path.join(BUILD, "holdfast-sockets")
TOOL = os.path.join(BUILD, "holdfast")
SLOW = 5 if os.environ.get("HOLDFAST_PROFILE", "release") != "release" else 1

CLIENT, SERVER = "hfvc%d" % os.getpid(), "hfvs%d" % os.getpid()
IP4, IP6 = "192.0.2.53", "2001:db8::53"
CPU = max(os.sched_getaffinity(0))
MANAGEMENT_CPU = min(os.sched_getaffinity(0))

ZONE = """$ORIGIN example.test.
$TTL 300
@ SOA ns hostmaster %(serial)d 3600 600 86400 60
@ NS ns
ns A 192.0.2.53
www A 192.0.2.10
www AAAA 2001:db8::10
gen TXT "%(serial)d"
big TXT "%(big)s" "%(big)s" "%(big)s" "%(big)s" "%(big)s" "%(big)s"
"""

CONFIG = """
store:
  directory: %(store)s
  run: %(run)s
answer:
  nsid: "veth-test"
dataplane:
  ports:
    - name: wan
      device: "net_af_packet0,iface=hfs%(more)s"
      cores: [%(cores)s]
      addresses: [192.0.2.53, "2001:db8::53"]
      checksum: %(checksum)s
      %(exception)s
  management_core: %(management)d
  huge_pages: %(huge)s
  memory_mib: %(memory)d
  mbufs: 4095
sockets:
  listen: [192.0.2.53, "2001:db8::53"]
"""

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def enter(namespace):
    with open("/run/netns/" + namespace) as f:
        if LIBC.setns(f.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")


def in_server(*words):
    return ["ip", "netns", "exec", SERVER, *words]


def topology_make():
    for name in (CLIENT, SERVER):
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")
    ip("link", "add", "hfc", "netns", CLIENT, "type", "veth",
       "peer", "name", "hfs", "netns", SERVER)
    ip("-n", CLIENT, "addr", "add", "192.0.2.1/24", "dev", "hfc")
    ip("-n", CLIENT, "addr", "add", "2001:db8::1/64", "dev", "hfc", "nodad")
    subprocess.run(in_server(
        "sysctl", "-qw", "net.ipv6.conf.hfs.disable_ipv6=1",
        "net.ipv4.conf.hfs.arp_ignore=8", "net.ipv4.conf.hfs.rp_filter=1",
        "net.ipv4.conf.all.rp_filter=1"), check=True)
    ip("-n", CLIENT, "link", "set", "hfc", "up")
    ip("-n", SERVER, "link", "set", "hfs", "up")
    enter(CLIENT)


def routes_add():
    """Over the exception interface, which is new with each data plane."""
    for words in (("-4", "192.0.2.0/24"), ("-6", "2001:db8::/64")):
        ip("-n", SERVER, words[0], "route", "add", words[1], "dev", "hf-wan")


def topology_remove():
    for name in (CLIENT, SERVER):
        subprocess.run(["ip", "netns", "del", name],
                       stderr=subprocess.DEVNULL, check=False)


def transmit_checksums(on):
    """Whether the client's kernel finishes checksums itself."""
    subprocess.run(["ethtool", "-K", "hfc", "tx", "off" if on else "on"],
                   check=True, stdout=subprocess.DEVNULL)


def dig(*words):
    done = subprocess.run(["dig", "+tries=1", "+time=3", "+short", *words],
                          capture_output=True, text=True, timeout=20,
                          check=False)
    return done.stdout.split("\n")[:-1]


def question(name="gen.example.test", kind=16, ident=0x1234):
    labels = b"".join(bytes([len(x)]) + x.encode() for x in name.split("."))
    return (struct.pack("!6H", ident, 0x100, 1, 0, 0, 0) + labels + b"\0" +
            struct.pack("!HH", kind, 1))


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Rig:
    """A store, a configuration, the daemons on them."""

    def __init__(self, **options):
        self.directory = tempfile.mkdtemp(prefix="holdfast-test-")
        self.store = os.path.join(self.directory, "store")
        self.run = os.path.join(self.directory, "run")
        self.log = os.path.join(self.directory, "log")
        self.config = self.configure("holdfast.yaml", **options)
        self.process = self.sockets = None

    def configure(self, name, **options):
        values = dict(store=self.store, run=self.run, cores=str(CPU),
                      checksum="auto", exception="exception: hf-wan",
                      management=MANAGEMENT_CPU, huge="auto", more="",
                      memory=128)
        values.update(options)
        path = os.path.join(self.directory, name)
        with open(path, "w") as f:
            f.write(CONFIG % values)
        return path

    def compile(self, serial, store=None):
        zone = os.path.join(self.directory, "zone")
        with open(zone, "w") as f:
            f.write(ZONE % dict(serial=serial, big="x" * 240))
        subprocess.run([TOOL, "compile", "--store", store or self.store,
                        "--zone", "example.test=" + zone], check=True,
                       timeout=60, stdout=subprocess.DEVNULL)

    def add_candidate(self, copy):
        """What a copy of the store has more becomes a candidate of ours; its
        digest."""
        old = set(os.listdir(self.store + "/generations"))
        for folder, to in (("cells", "cells"), ("records", "records"),
                           ("generations", "candidates")):
            for name in os.listdir(copy + "/" + folder):
                path = "%s/%s/%s" % (self.store, to, name)
                if not os.path.exists(path) and name not in old:
                    shutil.copy2("%s/%s/%s" % (copy, folder, name), path)
        digest, = [n.split(".")[0] for n in
                   os.listdir(self.store + "/candidates")]
        return digest

    def log_text(self):
        with open(self.log) as f:
            return f.read()

    def spawn(self, program, ready):
        with open(self.log, "wb") as log:
            process = subprocess.Popen(
                in_server(program, "--config", self.config), stdout=log,
                stderr=log)
        deadline = time.time() + 15 * SLOW
        while ready not in self.log_text():
            if process.poll() is not None or time.time() > deadline:
                process.kill()
                process.wait()
                raise RuntimeError("did not start: " + self.log_text())
            time.sleep(0.02)
        return process

    def start(self, ready="health: "):
        self.process = self.spawn(DATAPLANE, ready)

    def start_sockets(self):
        routes_add()
        self.sockets = self.spawn(SOCKETS, "answering on " + IP6)

    def stop(self):
        status = None
        for process in (self.sockets, self.process):
            if process and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                status = process.wait(10 * SLOW)
        self.process = self.sockets = None
        return status

    def remove(self):
        for process in (self.sockets, self.process):
            if process and process.poll() is None:
                process.kill()
                process.wait()
        shutil.rmtree(self.directory)

    def refused(self, config):
        """The last line of a data plane that does not start."""
        done = subprocess.run(in_server(DATAPLANE, "--config", config),
                              stderr=subprocess.PIPE, text=True,
                              timeout=20, check=False)
        if done.returncode not in (1, 2):
            raise AssertionError("status %d: %s" %
                                 (done.returncode, done.stderr))
        return done.stderr.strip().split("\n")[-1]

    def ask(self, *requests):
        """Answers of the data plane's socket, one connection."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.settimeout(10 * SLOW)
            s.connect(os.path.join(self.run, "dataplane.sock"))
            answers = []
            for request in requests:
                s.send(request.encode())
                answers.append(s.recv(8192).decode())
            return answers

    def status(self):
        words = self.ask("status")[0].split()[1:]
        return dict(word.split("=", 1) for word in words)

    def counters(self):
        """{block label: {name: value}}, as base/counters.h lays them out."""
        with open(os.path.join(self.run, "dataplane.counters"), "rb") as f:
            data = f.read()
        (nnames, nblocks, size, names, labels,
         blocks) = struct.unpack_from("<6I", data, 12)

        def text(at):
            return data[at:at + 64].split(b"\0")[0].decode()

        return {text(labels + 64 * b): {
            text(names + 64 * i): struct.unpack_from(
                "<Q", data, blocks + b * size + 8 * i)[0]
            for i in range(nnames)} for b in range(nblocks)}

    def core(self):
        return self.counters()["core %d port wan" % CPU]


class Wire:
    """Raw frames on the client's end."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                    socket.htons(3))
        self.socket.bind(("hfc", 0))
        self.socket.setsockopt(263, 8, 1)  # SOL_PACKET, PACKET_AUXDATA
        self.socket.settimeout(0.2 * SLOW)
        self.mac = self.socket.getsockname()[4]
        self.peer = bytes.fromhex(json.loads(subprocess.run(
            in_server("ip", "-j", "link", "show", "hfs"), check=True,
            capture_output=True, text=True).stdout)[0]["address"].replace(
                ":", ""))

    def frame(self, kind, payload, tag=b""):
        return self.peer + self.mac + tag + struct.pack("!H", kind) + payload

    def udp4(self, message, tag=b"", source="192.0.2.1", port=4000, **change):
        """An IPv4 query; `change` breaks one thing."""
        total = 28 + len(message) + change.get("length", 0)
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, total, 1,
                             0, 64, 17, 0,
                             socket.inet_aton(source), socket.inet_aton(IP4))
        sum_ip = checksum(header) ^ change.get("ip_sum", 0)
        header = header[:10] + struct.pack("!H", sum_ip) + header[12:]
        udp = struct.pack("!HHHH", port, 53, 8 + len(message), 0) + message
        pseudo = header[12:20] + struct.pack("!HH", 17, len(udp))
        sum_udp = checksum(pseudo + udp) ^ change.get("udp_sum", 0)
        udp = udp[:6] + struct.pack("!H", sum_udp) + udp[8:]
        return self.frame(0x0800, header + udp, tag)

    def send(self, frame):
        self.socket.send(frame)

    def receive(self, wanted):
        """(frame, VLAN tag or None) of the first frame that `wanted` takes."""
        deadline = time.time() + 2 * SLOW
        while time.time() < deadline:
            try:
                data, extra, _, address = self.socket.recvmsg(9000, 256)
            except socket.timeout:
                continue
            if address[2] == 4 or not wanted(data):  # our own
                continue
            tag = None
            for _, _, value in extra:
                status, = struct.unpack_from("=I", value)
                if status & 0x10:  # TP_STATUS_VLAN_VALID
                    tag, = struct.unpack_from("=H", value, 16)
            return data, tag
        return None, None

    def close(self):
        self.socket.close()


class Answers(unittest.TestCase):
    """One data plane with holdfast-sockets behind it, for all tests."""

    @classmethod
    def setUpClass(cls):
        transmit_checksums(True)
        cls.rig = Rig()
        cls.addClassCleanup(cls.rig.remove)
        cls.rig.compile(1)
        cls.rig.start()
        cls.rig.start_sockets()
        cls.wire = Wire()
        cls.addClassCleanup(cls.wire.close)

    def expect_counted(self, name, more, action):
        """The counter grows by `more`; verdicts add up to packets."""
        before = self.rig.core()
        result = action()
        deadline = time.time() + 2 * SLOW
        while time.time() < deadline:
            after = self.rig.core()
            if after[name] >= before[name] + more:
                break
            time.sleep(0.02)
        self.assertEqual(after[name] - before[name], more, name)
        return result

    def test_udp(self):
        def both():
            for address in (IP4, IP6):
                self.assertEqual(
                    dig("@" + address, "www.example.test"), ["192.0.2.10"])
                self.assertEqual(
                    dig("@" + address, "www.example.test", "AAAA"),
                    ["2001:db8::10"])
        self.expect_counted("verdict{answer}", 4, both)
        self.expect_counted("verdict{nxdomain}", 1, lambda: dig(
            "@" + IP4, "none.example.test"))
        self.expect_counted("rcode{refused}", 1, lambda: dig(
            "@" + IP6, "example.org"))

    def test_tcp_through_the_exception_port(self):
        before = self.rig.core()["verdict{punt_tcp}"]
        for address in (IP4, IP6):
            self.assertEqual(
                dig("+tcp", "@" + address, "www.example.test"),
                ["192.0.2.10"])
        self.assertGreaterEqual(
            self.rig.core()["verdict{punt_tcp}"], before + 8)
        self.assertGreater(
            self.rig.counters()["management"]["kernel{read}"], 0)

    def test_truncated_then_tcp(self):
        def ask():
            answer = dig("@" + IP4, "big.example.test", "TXT")
            self.assertEqual(answer[0].count("x"), 6 * 240)
        self.expect_counted("verdict{truncated}", 1, ask)

    def test_cookies(self):
        """Poll cores and sockets have the same secrets, and follow them."""
        def ask(address, *words):
            text = subprocess.run(
                ["dig", "+tries=1", "+time=3", "+nobadcookie", "@" + address,
                 *words], capture_output=True, text=True, timeout=20,
                check=False).stdout
            return (re.search(r"status: (\w+)", text)[1],
                    re.search(r"COOKIE: (\w+) \(good\)", text)[1])

        def told(cookie, address):
            # without a question: is it valid? (RFC 7873 section 5.4)
            return ask(address, "+header-only", "+cookie=" + cookie)

        learnt = {a: ask(a, "www.example.test", "+cookie") for a in (IP4, IP6)}
        for address, (status, cookie) in learnt.items():
            self.assertEqual((status, len(cookie)), ("NOERROR", 48))
            self.expect_counted("verdict{cookie}", 1, lambda a=address,
                                c=cookie: told(c, a))
            self.assertEqual(told(cookie, address), ("NOERROR", cookie))
            self.assertEqual(ask(address, "+tcp", "+cookie=" + cookie,
                                 "www.example.test"), ("NOERROR", cookie))
        # the time on the core is the time of day
        made = int(learnt[IP4][1][24:32], 16)
        self.assertLess(abs(made - time.time()), 120)
        cookie = learnt[IP4][1]
        other = cookie[:-1] + ("0" if cookie[-1] != "0" else "1")
        self.assertEqual(told(other, IP4)[0], "BADCOOKIE")
        before = self.rig.status()["cookies"]
        subprocess.run([TOOL, "cookies", "roll", "--config", self.rig.config],
                       check=True, stdout=subprocess.DEVNULL, timeout=20)
        deadline = time.time() + 10 * SLOW
        while self.rig.status()["cookies"] == before:
            self.assertLess(time.time(), deadline)
            time.sleep(0.05)
        self.assertEqual(self.rig.status()["cookies"].split(",")[1], before)
        status, renewed = told(cookie, IP4)
        self.assertEqual(status, "NOERROR")
        self.assertNotEqual(renewed, cookie)
        self.assertEqual(told(renewed, IP4), ("NOERROR", renewed))

    def test_ping(self):
        def ping():
            for words in ((IP4,), (IP6,), ("-s", "1472", IP4), ("-s", "0", IP4),
                          ("-s", "1452", IP6), ("-s", "33", IP6)):
                subprocess.run(["ping", "-c1", "-W3", *words], check=True,
                               stdout=subprocess.DEVNULL)
        self.expect_counted("verdict{echo_answered}", 6, ping)

    def test_arp(self):
        request = struct.pack(
            "!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1, self.wire.mac,
            socket.inet_aton("192.0.2.1"), bytes(6), socket.inet_aton(IP4))
        frame = b"\xff" * 6 + self.wire.mac + b"\x08\x06" + request

        def ask():
            self.wire.send(frame)
            return self.wire.receive(
                lambda f: f[12:14] == b"\x08\x06" and f[21] == 2)[0]
        reply = self.expect_counted("verdict{arp_answered}", 1, ask)
        self.assertEqual(reply[:6], self.wire.mac)
        self.assertEqual(reply[22:28], self.wire.peer)
        self.assertEqual(reply[28:32], socket.inet_aton(IP4))

    def test_neighbour_found_again(self):
        """Solicitations go to multicast addresses; the kernel's are real."""
        before = self.rig.core()["verdict{neighbour_answered}"]
        ip("neigh", "flush", "dev", "hfc")
        self.assertEqual(dig("@" + IP6, "gen.example.test", "TXT"), ['"1"'])
        self.assertGreater(
            self.rig.core()["verdict{neighbour_answered}"], before)

    def test_vlan_tag_comes_back(self):
        def ask():
            self.wire.send(self.wire.udp4(
                question(ident=0xabcd),
                tag=struct.pack("!HH", 0x8100, 0x6000 | 42)))
            return self.wire.receive(lambda f: b"\xab\xcd\x85\x00" in f)
        reply, tag = self.expect_counted("verdict{answer}", 1, ask)
        self.assertEqual(tag, 0x6000 | 42)
        self.assertEqual(reply[-1:], b"1")

    def test_padded_frame(self):
        """A query of less than 60 octets, padded, is answered."""
        def ask():
            frame = self.wire.udp4(question("a"))
            self.assertLess(len(frame), 64)
            self.wire.send(frame + b"\xa5" * (64 - len(frame)))
        self.expect_counted("verdict{refused}", 1, ask)

    def test_malformed_frames(self):
        # no fragments: the kernel puts them together for net_af_packet
        w, q = self.wire, question()
        table = [
            ("drop_ip_checksum", w.udp4(q, ip_sum=1)),
            ("drop_udp_checksum", w.udp4(q, udp_sum=1)),
            ("drop_ip_length", w.udp4(q, length=9)),
            ("drop_source_port", w.udp4(q, port=0)),
            ("drop_source_address", w.udp4(q, source="127.0.0.1")),
            ("drop_source_address", w.udp4(q, source="224.0.0.1")),
            ("drop_source_address", w.udp4(q, source=IP4)),
            ("drop_ip_version", w.frame(0x0800, b"\x65" + bytes(40))),
            ("drop_frame_short", w.frame(0x86dd, b"\x60" + bytes(9))),
            ("drop_frame_mac", b"\x02\x00\x00\xaa\xaa\xaa" + w.udp4(q)[6:]),
            ("drop_frame_group", b"\xff" * 6 + w.udp4(q)[6:]),
            ("drop_arp", w.frame(0x0806, bytes(28))),
            ("drop_short", w.udp4(b"123")),
            ("drop_response", w.udp4(q[:2] + b"\x81" + q[3:])),
            ("formerr", w.udp4(q[:-3])),
        ]
        for name, frame in table:
            with self.subTest(name):
                self.expect_counted("verdict{%s}" % name, 1,
                                    lambda f=frame: w.send(f))

    def test_noise_adds_up(self):
        seed = 12345
        for n in range(300):
            frame = bytearray(self.wire.udp4(question()))
            for _ in range(n % 5 + 1):
                seed = (seed * 1103515245 + 12345) & 0x7fffffff
                frame[6 * (seed & 1) + (seed >> 8) % (len(frame) - 6)] = \
                    (seed >> 4) & 255
            self.wire.send(bytes(frame))
        time.sleep(0.3 * SLOW)
        core = self.rig.core()
        self.assertEqual(core["packets{received}"], sum(
            v for k, v in core.items() if k.startswith("verdict{")))
        self.assertEqual(dig("@" + IP4, "gen.example.test", "TXT"), ['"1"'])

    def test_cycles_of_every_query(self):
        core = self.rig.core()
        self.assertEqual(
            core["queries{ipv4}"] + core["queries{ipv6}"],
            sum(v for k, v in core.items() if k.startswith("cycles_log2{")))

    def test_status_and_health(self):
        status = self.rig.status()
        self.assertEqual(status["healthy"], "yes")
        self.assertEqual(status["candidate"], "none")
        self.assertEqual(len(status["stable"]), 64)
        with open(os.path.join(self.rig.run, "dataplane.health")) as f:
            self.assertEqual(f.read(), "healthy\n")
        done = subprocess.run([DATAPLANE, "--config", self.rig.config,
                               "--health"], capture_output=True, text=True,
                              check=False)
        self.assertEqual((done.returncode, done.stdout), (0, "healthy\n"))

    def test_second_data_plane_refused(self):
        self.assertIn("address in use", self.rig.refused(self.rig.config))
        other = self.rig.configure("other.yaml",
                                   run=self.rig.directory + "/run2")
        self.assertIn("commit.lock", self.rig.refused(other))
        self.assertEqual(dig("@" + IP4, "gen.example.test", "TXT"), ['"1"'])

    def test_garbage_on_the_socket(self):
        path = os.path.join(self.rig.run, "dataplane.sock")
        for request in (b"x" * 4096, b"\0\1\2", b"activate expect=1",
                        b"own pid=x", b"nonsense a=b"):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
                s.settimeout(5 * SLOW)
                s.connect(path)
                s.send(request)
                self.assertTrue(s.recv(8192).startswith(b"error "))
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.connect(path)
            s.send(b"y" * 9000)  # over the limit: hung up
            s.settimeout(5 * SLOW)
            try:
                self.assertEqual(s.recv(100), b"")
            except ConnectionResetError:
                pass
        many = []
        for _ in range(100):
            s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            s.setblocking(False)
            try:
                s.connect(path)
            except OSError:
                pass
            many.append(s)
        self.assertEqual(dig("@" + IP4, "gen.example.test", "TXT"), ['"1"'])
        for s in many:
            s.close()
        time.sleep(0.3 * SLOW)
        self.assertEqual(self.rig.status()["healthy"], "yes")


class Life(unittest.TestCase):
    """Starts, stops, kills, swaps; a data plane for each test."""

    def setUp(self):
        transmit_checksums(True)
        self.rig = Rig()
        self.addCleanup(self.rig.remove)

    def serial(self):
        return dig("@" + IP4, "gen.example.test", "TXT")

    def test_clean_stop_on_sigterm(self):
        self.rig.compile(1)
        self.rig.start()
        before = set(os.listdir(self.rig.store))
        self.assertEqual(self.serial(), ['"1"'])
        self.assertEqual(self.rig.stop(), 0)
        self.assertEqual(os.listdir(self.rig.run), [])
        self.assertEqual(set(os.listdir(self.rig.store)), before)
        self.rig.compile(2)  # the locks are free

    def test_sigkill_and_back_from_the_store(self):
        self.rig.compile(1)
        self.rig.start()
        self.assertEqual(self.serial(), ['"1"'])
        self.rig.process.kill()
        self.rig.process.wait()
        self.assertEqual(dig("+time=1", "@" + IP4, "gen.example.test", "TXT")
                         [-1:] != ['"1"'], True)
        start = time.time()
        with open(self.rig.log, "wb") as log:
            self.rig.process = subprocess.Popen(
                in_server(DATAPLANE, "--config", self.rig.config), stdout=log,
                stderr=log)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.004)
            answer = b""
            while not answer and time.time() < start + 20 * SLOW:
                s.sendto(question(), (IP4, 53))
                try:
                    answer = s.recv(2000)
                except (socket.timeout, ConnectionRefusedError):
                    time.sleep(0.001)
        print("from start to first answer: %.0f ms" %
              ((time.time() - start) * 1000))
        self.assertTrue(answer.endswith(b"\x011"), answer)
        self.assertEqual(self.rig.status()["healthy"], "yes")

    def test_no_generation_yet(self):
        self.rig.start()
        reply = subprocess.run(
            ["dig", "+tries=1", "+time=3", "@" + IP4, "example.test"],
            capture_output=True, text=True, check=False).stdout
        self.assertIn("SERVFAIL", reply)
        done = subprocess.run([DATAPLANE, "--config", self.rig.config,
                               "--health"], capture_output=True, text=True,
                              check=False)
        self.assertEqual((done.returncode, done.stdout),
                         (1, "unhealthy no-generation\n"))
        self.rig.stop()
        done = subprocess.run([DATAPLANE, "--config", self.rig.config,
                               "--health"], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no-answer", done.stdout)

    def test_candidate_commit_and_rollback(self):
        """The second generation comes from a copy of the store."""
        self.rig.compile(1)
        copy = self.rig.directory + "/copy"
        shutil.copytree(self.rig.store, copy)
        self.rig.compile(2, copy)
        self.rig.start()
        first = self.rig.status()["stable"]
        second = self.rig.add_candidate(copy)
        answers = self.rig.ask(
            "own pid=1", "activate expect=1 parent=%s generation=%s "
            "permille=1000 deadline_ms=60000" % (first, second))
        self.assertEqual(answers[1].split()[:2], ["ok", "activation=2"])
        self.assertEqual(self.serial(), ['"2"'])
        self.assertIn("error stale", self.rig.ask(
            "own pid=1", "commit expect=1 generation=" + second)[1])
        self.assertTrue(self.rig.ask("own pid=1", "return expect=2")[1]
                        .startswith("ok activation=3"))
        self.assertEqual(self.serial(), ['"1"'])
        self.assertTrue(self.rig.ask(
            "own pid=1", "activate expect=3 parent=%s generation=%s "
            "permille=0" % (first, second),
            "commit expect=4 generation=" + second)[2]
            .startswith("ok activation=5"))
        self.assertEqual(self.serial(), ['"2"'])
        self.assertTrue(self.rig.ask("rollback generation=previous")[0]
                        .startswith("ok activation=6"))
        self.assertEqual(self.serial(), ['"1"'])
        self.rig.stop()
        self.rig.start()  # the rollback is in the store
        self.assertEqual(self.serial(), ['"1"'])

    def test_trusted_link(self):
        """The client leaves checksums unfinished; TCP too comes through."""
        self.rig.config = self.rig.configure("trust.yaml", checksum="trust")
        self.rig.compile(1)
        self.rig.start()
        self.rig.start_sockets()
        transmit_checksums(False)
        for address in (IP4, IP6):
            for how in ("+notcp", "+tcp"):
                self.assertEqual(
                    dig(how, "@" + address, "gen.example.test", "TXT"),
                    ['"1"'])
        self.assertGreaterEqual(self.rig.core()["verdict{answer}"], 2)

    def test_two_cores(self):
        if MANAGEMENT_CPU == CPU:
            self.skipTest("one CPU")
        self.rig.config = self.rig.configure(
            "two.yaml", cores="%d, %d" % (MANAGEMENT_CPU, CPU),
            more=",qpairs=2")
        self.rig.compile(1)
        self.rig.start()
        for _ in range(20):  # a source port each
            self.assertEqual(self.serial(), ['"1"'])
        each = [self.rig.counters()["core %d port wan" % c]
                ["verdict{answer}"] for c in (MANAGEMENT_CPU, CPU)]
        self.assertEqual(sum(each), 20)
        self.assertGreater(min(each), 0)

    def test_stopped_while_it_starts(self):
        """A vhost-user server waits for its peer, inside of EAL."""
        with open(self.rig.config) as f:
            text = f.read()
        with open(self.rig.config, "w") as f:
            f.write(text.replace(
                "net_af_packet0,iface=hfs", "virtio_user0,server=1,path=" +
                self.rig.directory + "/vhost"))
        with open(self.rig.log, "wb") as log:
            process = subprocess.Popen(
                in_server(DATAPLANE, "--config", self.rig.config), stdout=log,
                stderr=log)
        deadline = time.time() + 10 * SLOW
        while (not os.path.exists(self.rig.directory + "/vhost") and
               time.time() < deadline):
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        try:
            self.assertEqual(process.wait(5 * SLOW), 0)
        finally:
            process.kill()
        self.rig.compile(1)
        self.rig.config = self.rig.configure("again.yaml")
        self.rig.start()
        self.assertEqual(self.serial(), ['"1"'])

    def test_no_exception_port(self):
        self.rig.config = self.rig.configure("none.yaml", exception="")
        self.rig.compile(1)
        self.rig.start()
        self.assertNotIn('"1"', dig("+tcp", "+time=1", "@" + IP4,
                                    "gen.example.test", "TXT"))
        self.assertGreater(self.rig.core()["verdict{drop_no_exception}"], 0)
        self.assertEqual(self.serial(), ['"1"'])

    def test_mistakes_are_named(self):
        self.rig.compile(1)
        cpus = "%d, %d" % (MANAGEMENT_CPU, CPU)
        if MANAGEMENT_CPU != CPU:
            self.assertIn("set cores to 1 CPU", self.rig.refused(
                self.rig.configure("cores.yaml", cores=cpus)))
        self.assertIn("CPU 1000", self.rig.refused(
            self.rig.configure("cpu.yaml", cores="1000")))
        self.assertIn("vm.nr_hugepages", self.rig.refused(
            self.rig.configure("huge.yaml", huge='"on"', memory=65536)))
        ip("-n", SERVER, "link", "set", "hfs", "name", "gone")
        try:
            self.assertIn("net_af_packet0", self.rig.refused(self.rig.config))
        finally:
            ip("-n", SERVER, "link", "set", "gone", "name", "hfs")
            ip("-n", SERVER, "link", "set", "hfs", "up")
        os.remove(self.rig.store + "/holdfast-store")
        self.assertIn(self.rig.store, self.rig.refused(self.rig.config))


def stop(*_):
    sys.exit(1)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("root is needed for namespaces")
        sys.exit(77)
    signal.signal(signal.SIGTERM, stop)
    try:
        topology_make()
        unittest.main(verbosity=2)
    finally:
        topology_remove()
