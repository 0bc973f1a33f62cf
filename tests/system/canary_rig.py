# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of canary and soak share: zones whose answers say which version
they are of, clients that ask all the while, and one world of control and data
plane for all tests of a program. Topology: test_canary.py."""
import os
import random
import re
import select
import socket
import struct
import subprocess
import threading
import time
import unittest

import control_rig
import test_dataplane_veth as veth

SLOW = control_rig.SLOW
CLIENTS = ["203.0.113.%d" % (i + 1) for i in range(100)]
NAMES = 200
PERMILLE = 300
PAIRS = 15  # of zones: two for each test that one world has
TOGETHER = 10  # clients that ask at once
LOCAL_PORT = 5353  # of sockets, on the server's loopback

CONFIG = """
answer: {cookies: {mode: "off"}}
dataplane:
  ports:
    - name: wan
      device: "net_af_packet0,iface=hfs"
      cores: [%d]
      addresses: [192.0.2.53]
      checksum: software
      exception: hf-wan
  management_core: %d
  huge_pages: "off"
  memory_mib: 128
  mbufs: 4095
  file_prefix: hfcanary%d
sockets:
  listen: [192.0.2.53, "127.0.0.1@%d"]
guards: {generation_percent: 100, generation_records: 100000,
         replay: {learn_permille: 0},
         actions: {shrink: off, churn: off, serial: off, replay: off}}
"""
# A step too dear is said by the weather of a busy machine, not by the zone.
ROLLOUT = ("{canary_permille: %d, least_s: %d, most_s: %d, soak_s: %d, "
           "hold_down_s: %d, cost_percent: %d}")


class Zone:
    """Text of a version: its number in every answer; `gone`: names from that
    one on are not there; `more`: further strings of every record."""

    def __init__(self, serial, gone=NAMES, more=""):
        self.serial, self.gone, self.more = serial, gone, more

    def text(self):
        lines = ["$TTL 300", "@ SOA ns host %d 3600 600 86400 60" %
                 self.serial, "@ NS ns", "ns A 192.0.2.53"]
        lines += ['n%d TXT "%d" %s' % (i, self.serial, self.more)
                  for i in range(min(NAMES, self.gone))]
        return "\n".join(lines) + "\n"


def version_in(answer):
    """The version that the answer says; 0: NXDOMAIN."""
    rcode = answer[3] & 15
    if rcode == 3:
        return 0
    if rcode or struct.unpack_from("!H", answer, 6)[0] != 1:
        return None
    at = 12
    while answer[at]:
        at += answer[at] + 1
    return int(answer[at + 5 + 13:][:answer[at + 5 + 12]])


class Asker:
    """All clients ask all zones, one after the other; what each got last, and
    all that was ever answered, by zone: {(version): {client: [times]}}."""

    def __init__(self, zones, names=range(NAMES), tcp=False):
        self.zones, self.names, self.tcp = zones, list(names), tcp
        self.seen = {z: {} for z in zones}
        self.silent = 0
        self.flood = False
        self.ended = threading.Event()
        self.lock = threading.Lock()
        self.sockets = []
        for address in () if tcp else CLIENTS:
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind((address, 0))
            s.connect((veth.IP4, 53))
            self.sockets.append(s)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        number = 0
        while not self.ended.is_set():
            asked = []
            for _ in range(1 if self.tcp else TOGETHER):
                number += 1
                who = number % len(CLIENTS)
                zone = self.zones[number // len(CLIENTS) % len(self.zones)]
                name = "n%d." % random.choice(self.names) + zone
                asked.append((who, zone, name))
                if self.flood:
                    asked += [(who, None, "x%d.%s" % (
                        random.getrandbits(40), zone)) for _ in range(3)]
            if self.tcp:
                self.note(who, zone, ask(CLIENTS[who], name, tcp=True))
            else:
                self.ask(asked)
            time.sleep(0.005)

    def note(self, who, zone, version):
        with self.lock:
            self.seen[zone].setdefault(version, {}).setdefault(
                who, []).append(time.time())

    def ask(self, questions):
        """All at once; then each answer is waited for."""
        idents = [random.getrandbits(16) for _ in questions]
        for (who, _, name), ident in zip(questions, idents):
            self.sockets[who].send(veth.question(name, 16, ident))
        end = time.time() + 2 * SLOW
        for (who, zone, _), ident in zip(questions, idents):
            answer = self.answer(self.sockets[who], ident, end)
            if answer is None:
                self.silent += 1
            elif zone:
                self.note(who, zone, version_in(answer))

    def answer(self, s, ident, end):
        while time.time() < end:
            if not select.select([s], [], [], 0.5)[0]:
                continue
            answer = s.recv(4096)
            if struct.unpack("!H", answer[:2])[0] == ident:
                return answer
        return None

    def clients_of(self, zone, version):
        with self.lock:
            return {c: list(t) for c, t in
                    self.seen[zone].get(version, {}).items()}

    def share(self, zone, version):
        """Of the clients; and from the first to the last such answer, s."""
        seen = self.clients_of(zone, version)
        times = [t for each in seen.values() for t in each]
        return (len(seen) / len(CLIENTS),
                max(times) - min(times) if times else 0)

    def stop(self):
        if self.ended.is_set():
            return
        self.ended.set()
        self.thread.join()
        for s in self.sockets:
            s.close()


def ask(address, name, tcp=False, server=(veth.IP4, 53)):
    """The version that this client gets; it may ask more than once."""
    wire = veth.question(name, 16, random.getrandbits(16))
    for _ in range(4):
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp
                               else socket.SOCK_DGRAM) as s:
                s.settimeout(SLOW)
                s.bind((address, 0))
                s.connect(server)
                s.sendall((struct.pack("!H", len(wire)) if tcp else b"") + wire)
                answer = s.recv(4096)
                if tcp and len(answer) == 2:
                    answer += s.recv(4096)
                return version_in(answer[2 if tcp else 0:])
        except OSError:
            continue
    raise AssertionError("%s gets no answer over %s" % (
        address, "TCP" if tcp else "UDP"))


class World(control_rig.Rig):
    """Control and data plane over all zones that the tests take; `faults`:
    HOLDFAST_FAULT of each process."""

    def __init__(self, npairs, **faults):
        self.faults = faults
        self.pairs = [("a%d.test" % i, "b%d.test" % i) for i in range(npairs)]
        super().__init__(
            zones=[z for pair in self.pairs for z in pair], deadline=1000,
            retain=8, rollout=ROLLOUT % (PERMILLE, 1, 20, 1, 600, 0),
            more=CONFIG % (veth.CPU, veth.MANAGEMENT_CPU, os.getpid(),
                           LOCAL_PORT))
        try:
            self.begin()
        except BaseException:
            self.remove()
            raise

    def begin(self):
        words = []
        for zone, file in self.zones.items():
            self.text(file, Zone(1).text(), age=5)
            words += ["--zone", "%s=%s" % (zone, self.path(file))]
        self.tool("compile", "--store", self.store, *words)
        self.start_dataplane()
        self.start()
        self.wait_for(lambda: self.ask("status")["dataplane"]["alive"])
        for zone in self.zones:
            self.wait_state(zone, state="served", serial=1)

    def spawn(self, name, *words, **environment):
        if name in self.faults:
            environment["HOLDFAST_FAULT"] = self.faults[name]
        return super().spawn(name, *words, **environment)

    def start_daemon(self, name, program, ready):
        p = self.spawn(name, *veth.in_server(
            program, "--config", self.config))
        if not self.wait_for(lambda: ready in self.log_text(name), p, 20):
            raise AssertionError(self.log_text(name))

    def start_dataplane(self):
        self.start_daemon("dataplane", control_rig.DATAPLANE, "health: ")

    def start_sockets(self):
        """For TCP; the data plane's kernel interface is a new one each time."""
        for words in (("192.0.2.0/24",), ("203.0.113.0/24", "via", "192.0.2.1")):
            veth.ip("-n", veth.SERVER, "route", "replace", *words, "dev",
                    "hf-wan")
        self.start_daemon("sockets", control_rig.SOCKETS,
                          "answering on 127.0.0.1")

    def wait_for(self, what, process=None, seconds=10):
        return super().wait_for(what, process, seconds, pause=0.03)

    def settle(self):
        """Whatever a test left under way ends: the next one starts idle."""
        if self.ask("status")["rollout"]["held"]:
            self.ask("release")
        if self.ask("status")["rollout"]["phase"] == "canary":
            self.ask("rollback")
        self.reload(1, 1, 1)
        self.wait_for(
            lambda: self.ask("status")["rollout"]["phase"] == "idle")

    def reload(self, least, most, soak, hold_down=600, cost=0):
        self.configure(rollout=ROLLOUT % (PERMILLE, least, most, soak,
                                          hold_down, cost))
        answer = self.ask("reload")
        if not answer["ok"]:
            raise AssertionError(answer)


class Case(unittest.TestCase):
    """Two zones of the world for each test, a and b."""

    ROLLOUT = (1, 20, 1)
    FAULTS = {}
    world = None
    worlds = []

    @classmethod
    def setUpClass(cls):
        key = sorted(cls.FAULTS.items())
        if not Case.world or Case.world[0] != key:
            world_end()
            Case.world = (key, World(PAIRS, **cls.FAULTS))
        cls.rig = Case.world[1]

    def setUp(self):
        self.a, self.b = self.rig.pairs.pop()
        self.asker = None
        self.addCleanup(self.rig.settle)
        self.rollout(*self.ROLLOUT)
        self.returned = self.counter("returns")

    def rollout(self, *settings, **options):
        self.rig.reload(*settings, **options)

    def write(self, zone, version):
        self.rig.text(self.rig.zones[zone], version.text())

    def begin_asking(self, *zones, **options):
        asker = Asker(list(zones or (self.a, self.b)), **options)
        self.addCleanup(asker.stop)
        self.asker = self.asker or asker
        return asker

    def status(self):
        return self.rig.ask("status")

    def phase(self):
        return self.status()["rollout"]["phase"]

    def wait_phase(self, phase, seconds=30):
        self.rig.wait_for(lambda: self.phase() == phase, seconds=seconds)

    def wait_served(self, zone, serial, seconds=30):
        self.rig.wait_for(
            lambda: self.rig.zone_state(zone)["serial"] == serial,
            seconds=seconds)

    def counter(self, name):
        return self.rig.ask("stats")["counters"][name]

    def returns(self):
        """Of this test."""
        return self.counter("returns") - self.returned

    def wait_return(self):
        self.rig.wait_for(lambda: self.returns() == 1, seconds=30)

    def why(self, zone):
        return self.rig.zone_state(zone)["why"]

    def expect_condemned(self, zone, fault, serial=1):
        state = self.rig.wait_state(zone, state="condemned", serial=serial)
        self.assertRegex(
            state["why"], "took this version .* questions at fault, the first "
            "of them n[0-9]+.%s. TXT, which %s" % (re.escape(zone), fault))
        return state

    def restart_control(self, how):
        self.rig.stop(how=how)
        self.rig.start()
        self.returned = 0

    def expect_clean(self, *zones, versions=(1, 2)):
        """Every client was answered, always, with one of the versions."""
        self.assertEqual(self.asker.silent, 0)
        for zone in zones or (self.a, self.b):
            self.assertLessEqual(set(self.asker.seen[zone]), set(versions))


def world_end():
    if Case.world:
        Case.world[1].remove()
    Case.world = None


def main():
    """The topology, with all clients' addresses, around the tests."""
    try:
        veth.topology_make()
        veth.transmit_checksums(True)
        commands = "".join("addr add %s/32 dev hfc\n" % a for a in CLIENTS)
        subprocess.run(["ip", "-batch", "-"], input=commands.encode(),
                       check=True)
        unittest.main(module="__main__", verbosity=2)
    finally:
        world_end()
        veth.topology_remove()
