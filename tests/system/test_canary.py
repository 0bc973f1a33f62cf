#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 900
# polls: one
"""Canary and soak, with clients that ask all the while.

    namespace client                       namespace server
    +---------------------+                +-------------------------------+
    | 192.0.2.1           |  veth    veth  | DPDK net_af_packet            |
    | 203.0.113.1 .. 100  |  hfc --- hfs   |   holdfast-dataplane          |
    | one query each,     |                |        ^ socket, page, samples|
    | round and round     |                |   holdfastd <- zone files     |
    +---------------------+                +-------------------------------+

The topology is that of test_dataplane_veth.py. Each client's answers are kept:
whose answers come from the candidate, and for how long, is what is exposed."""
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import control_rig  # noqa: E402
import test_dataplane_veth as veth  # noqa: E402

SLOW = control_rig.SLOW
CLIENTS = ["203.0.113.%d" % (i + 1) for i in range(100)]
NAMES = 400
PERMILLE = 300

DATAPLANE = """
answer: {cookies: {mode: "off"}}
dataplane:
  ports:
    - name: wan
      device: "net_af_packet0,iface=hfs"
      cores: [%d]
      addresses: [192.0.2.53]
      checksum: software
  management_core: %d
  huge_pages: "off"
  memory_mib: 128
  mbufs: 4095
  file_prefix: hfcanary%d
%s
"""
# A step too dear is said by the weather of a busy machine, not by the zone.
GUARDS = ("guards: {generation_percent: 100, generation_records: 100000, "
          "actions: {shrink: off, churn: off, replay: off}}\n")
ROLLOUT = ("{canary_permille: %d, least_s: %d, most_s: %d, soak_s: %d, "
           "hold_down_s: %d, cost_percent: 0}")


class Zone:
    """Text of a version: its number in every answer; `gone`: names from that
    one on are not there."""

    def __init__(self, serial, gone=NAMES):
        self.serial, self.gone = serial, gone

    def text(self):
        lines = ["$TTL 300", "@ SOA ns host %d 3600 600 86400 60" %
                 self.serial, "@ NS ns", "ns A 192.0.2.53"]
        lines += ['n%d TXT "%d"' % (i, self.serial)
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

    def __init__(self, zones, pause=0.002):
        self.zones, self.pause = zones, pause
        self.seen = {z: {} for z in zones}
        self.silent = 0
        self.flood = False
        self.ended = threading.Event()
        self.lock = threading.Lock()
        self.sockets = []
        for address in CLIENTS:
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind((address, 0))
            s.connect((veth.IP4, 53))
            self.sockets.append(s)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        number = 0
        while not self.ended.is_set():
            number += 1
            who = number % len(CLIENTS)
            zone = self.zones[number // len(CLIENTS) % len(self.zones)]
            self.ask(who, zone, "n%d." % random.randrange(NAMES) + zone)
            if self.flood:
                for _ in range(3):
                    self.ask(who, None, "x%d.%s" % (
                        random.getrandbits(40), zone))
            time.sleep(self.pause)

    def ask(self, who, zone, name):
        s = self.sockets[who]
        ident = random.getrandbits(16)
        s.send(veth.question(name, 16, ident))
        end = time.time() + 2 * SLOW
        while time.time() < end:
            if not select.select([s], [], [], 0.5)[0]:
                continue
            answer = s.recv(4096)
            if struct.unpack("!H", answer[:2])[0] != ident:
                continue
            if zone:
                with self.lock:
                    self.seen[zone].setdefault(
                        version_in(answer), {}).setdefault(
                            who, []).append(time.time())
            return
        self.silent += 1

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
        self.ended.set()
        self.thread.join()
        for s in self.sockets:
            s.close()


class Case(unittest.TestCase):
    ROLLOUT = (PERMILLE, 1, 20 * SLOW, 1, 600)
    MORE = GUARDS  # the canary is what is left to see it

    def setUp(self):
        self.rig = control_rig.Rig(
            zones=["a.test", "b.test"], deadline=2000, retain=8,
            rollout=ROLLOUT % self.ROLLOUT,
            more=DATAPLANE % (veth.CPU, veth.MANAGEMENT_CPU, os.getpid(),
                              self.MORE))
        self.addCleanup(self.rig.remove)
        self.asker = None
        for zone in ("a.test", "b.test"):
            self.write(zone, Zone(1), age=5)
        self.rig.start()
        for zone in ("a.test", "b.test"):
            self.rig.wait_state(zone, state="served", serial=1)
        self.rig.stop()
        self.start_dataplane()
        self.rig.start()
        self.rig.wait_for(lambda: self.status()["dataplane"]["alive"])

    def write(self, zone, version, age=0):
        self.rig.text(self.rig.zones[zone], version.text(), age)

    def start_dataplane(self):
        p = self.rig.spawn("dataplane", *veth.in_server(
            control_rig.DATAPLANE, "--config", self.rig.config))
        if not self.rig.wait_for(
                lambda: "health: " in self.rig.log_text("dataplane"), p, 20):
            self.fail(self.rig.log_text("dataplane"))

    def begin_asking(self, zones=("a.test", "b.test")):
        self.asker = Asker(list(zones))
        self.addCleanup(self.asker.stop)

    def status(self):
        return self.rig.ask("status")

    def phase(self):
        return self.status()["rollout"]["phase"]

    def wait_phase(self, phase, seconds=30):
        self.rig.wait_for(lambda: self.phase() == phase, seconds=seconds)

    def wait_served(self, zone, serial, seconds=60):
        self.rig.wait_for(
            lambda: self.rig.zone_state(zone)["serial"] == serial,
            seconds=seconds)

    def counter(self, name):
        return self.rig.ask("stats")["counters"][name]

    def expect_clean(self, zones=("a.test", "b.test"), versions=(1, 2)):
        """Every client was answered, always, with one of the versions."""
        self.assertEqual(self.asker.silent, 0)
        for zone in zones:
            self.assertLessEqual(set(self.asker.seen[zone]), set(versions))


class Good(Case):
    def test_passes_canary_and_soak(self):
        self.begin_asking()
        self.write("a.test", Zone(2))
        self.wait_phase("canary")
        rollout = self.status()["rollout"]
        self.assertEqual(rollout["permille"], PERMILLE)
        self.assertEqual(self.rig.zone_state("a.test")["serial"], 1)
        # what comes meanwhile waits, and says so
        self.write("b.test", Zone(2))
        answer = self.rig.ask("reload")
        if answer["waiting"]:
            self.assertFalse(answer["changed"])
            self.assertIn("canary", self.status()["rollout"]["why"])
        self.wait_served("a.test", 2)
        share, _ = self.asker.share("a.test", 2)
        self.assertGreater(share, 0)
        # the next candidate, by itself
        self.wait_served("b.test", 2)
        self.wait_phase("idle")
        self.assertEqual(self.counter("returns"), 0)
        self.assertGreaterEqual(self.counter("generations_proven"), 2)
        self.expect_clean()

    def test_only_a_share_has_the_candidate(self):
        self.begin_asking()
        self.write("a.test", Zone(2))
        self.wait_phase("canary")
        before = {}
        while self.phase() == "canary":
            before = self.asker.clients_of("a.test", 2)
            time.sleep(0.05)
        # of 100 clients with 300 permille; 60 is beyond seven deviations
        self.assertLess(len(before), 60)
        self.wait_phase("idle")
        self.expect_clean()

    def test_a_flood_forces_nothing(self):
        self.begin_asking()
        self.write("a.test", Zone(2))
        self.wait_phase("canary")
        self.asker.flood = True
        self.wait_served("a.test", 2)
        self.wait_phase("idle")
        self.assertEqual(self.counter("returns"), 0)
        self.expect_clean()


class Bad(Case):
    def test_regression_is_returned_and_the_rest_goes_on(self):
        """Half of the names of one zone are gone, the other zone is good."""
        self.begin_asking()
        self.write("a.test", Zone(2, gone=NAMES // 2))
        self.write("b.test", Zone(2))
        self.rig.wait_for(lambda: self.counter("returns") == 1, seconds=60)
        self.wait_served("b.test", 2)
        state = self.rig.zone_state("a.test")
        self.assertEqual((state["state"], state["serial"]), ("condemned", 1))
        self.assertRegex(state["why"], "the canary took .* questions at fault, "
                         "the first of them n[0-9]+.a.test. TXT, which is not "
                         "answered any more")
        self.assertIn("questions at fault", self.rig.tool(
            "explain", "--store", self.rig.store, "a.test"))
        self.wait_phase("idle")
        share, seconds = self.asker.share("a.test", 2)
        lost, lasted = self.asker.share("a.test", 0)
        print("exposure: %.0f %% of the clients had it for %.1f s, %.0f %% "
              "a name that is gone" % (100 * share, seconds, 100 * lost))
        self.assertGreater(share + lost, 0)
        self.assertLess(max(share, lost), 0.6)
        self.assertLess(max(seconds, lasted), 30 * SLOW)
        # it does not come back: not by a reload, not by a restart
        self.rig.ask("reload")
        self.rig.stop()
        self.rig.start()
        self.rig.wait_state("a.test", state="condemned", serial=1)
        self.assertEqual(self.asker.silent, 0)

    def test_next_version_waits_for_the_hold_down(self):
        self.begin_asking(["a.test"])
        self.write("a.test", Zone(2, gone=NAMES // 2))
        self.rig.wait_for(lambda: self.counter("returns") == 1, seconds=60)
        self.write("a.test", Zone(3))
        self.rig.wait_for(
            lambda: self.status()["rollout"]["hold_down_ms"] > 0)
        self.assertEqual(self.phase(), "idle")
        # an operator need not wait
        self.rig.ask("release", zone="a.test")
        self.wait_served("a.test", 3)

    def test_an_override_lets_it_pass(self):
        self.begin_asking(["a.test"])
        self.write("a.test", Zone(2, gone=NAMES // 2))
        self.rig.wait_for(lambda: self.counter("returns") == 1, seconds=60)
        answer = self.rig.ask("override", zone="a.test",
                              reason="they are gone indeed")
        self.assertTrue(answer["ok"])
        self.wait_served("a.test", 2)
        self.wait_phase("idle", 60)  # the soak, too
        self.assertEqual(self.rig.zone_state("a.test")["serial"], 2)
        self.assertEqual(self.counter("returns"), 1)

    def test_operator_takes_the_candidate_back(self):
        self.rig.configure(rollout=ROLLOUT % (PERMILLE, 100, 100, 1, 1))
        self.rig.ask("reload")
        self.begin_asking(["a.test"])
        live = self.status()["generation"]
        self.write("a.test", Zone(2))
        self.wait_phase("canary")
        candidate = self.status()["candidate"]
        answer = self.rig.ask("rollback")
        self.assertEqual((answer["generation"], answer["left"]),
                         (live, candidate))
        self.assertEqual(answer["condemned"], ["a.test."])
        self.assertEqual(self.phase(), "idle")
        self.rig.wait_state("a.test", state="condemned", serial=1)
        self.expect_clean(["a.test"])

    def test_hold_ends_a_canary(self):
        self.rig.configure(rollout=ROLLOUT % (PERMILLE, 1, 100, 0, 1))
        self.rig.ask("reload")
        self.write("a.test", Zone(2))  # nobody asks: it would take long
        self.wait_phase("canary")
        self.assertTrue(self.rig.ask("hold")["ok"])
        self.assertEqual(self.phase(), "idle")
        self.assertIn("held", self.status()["rollout"]["why"])
        self.assertTrue(self.rig.ask("reload")["waiting"])
        # also what a holdfastd that starts finds
        self.rig.stop()
        self.rig.start()
        self.rig.wait_for(lambda: self.status()["rollout"]["held"])
        self.begin_asking(["a.test"])
        self.assertTrue(self.rig.ask("release")["ok"])
        self.wait_served("a.test", 2)
        self.expect_clean(["a.test"])


class Soak(Case):
    ROLLOUT = (PERMILLE, 0, 1, 600, 600)

    def test_bad_generation_found_in_the_soak(self):
        """Nobody asks for the zone while the canary lasts."""
        self.begin_asking(["b.test"])
        self.write("a.test", Zone(2, gone=NAMES // 2))
        self.write("b.test", Zone(2))
        self.wait_phase("soak")
        self.assertEqual(self.rig.zone_state("a.test")["serial"], 2)
        more = Asker(["a.test"])
        self.addCleanup(more.stop)
        self.rig.wait_for(lambda: self.counter("returns") == 1, seconds=60)
        self.rig.wait_state("a.test", state="condemned", serial=1)
        self.wait_served("b.test", 2)
        _, seconds = more.share("a.test", 0)
        print("soak: wrong answers for %.1f s" % seconds)
        self.assertLess(seconds, 30 * SLOW)
        self.assertEqual(self.asker.silent + more.silent, 0)

    def test_control_dies_in_the_soak(self):
        self.begin_asking()
        self.write("a.test", Zone(2))
        self.wait_phase("soak")
        self.rig.stop(how=signal.SIGKILL)
        self.rig.wait_for(lambda: len(
            self.asker.clients_of("a.test", 2)) == len(CLIENTS), seconds=30)
        self.rig.start()
        self.wait_phase("soak")  # it goes on
        self.assertEqual(self.rig.zone_state("a.test")["serial"], 2)
        self.expect_clean()


class Deaths(Case):
    ROLLOUT = (PERMILLE, 100, 100, 1, 1)

    def test_control_dies_in_the_canary(self):
        self.rig.configure(rollout=ROLLOUT % (PERMILLE, 4, 4, 0, 1))
        self.rig.ask("reload")
        self.begin_asking(["a.test"])
        self.write("a.test", Zone(2))
        self.wait_phase("canary")
        self.rig.wait_for(lambda: self.asker.clients_of("a.test", 2))
        self.rig.stop(how=signal.SIGKILL)
        # the data plane takes the candidate away by its own clock
        self.rig.wait_for(lambda: "candidate=none" in self.say("status"),
                          seconds=20)
        with self.asker.lock:
            self.asker.seen["a.test"].clear()
        time.sleep(0.3)
        self.assertEqual(set(self.asker.seen["a.test"]), {1})
        # a new control tries it again
        self.rig.start()
        self.wait_served("a.test", 2)
        self.expect_clean(["a.test"])

    def test_data_plane_dies_with_it(self):
        """Once may be an operator; twice with one candidate is its fault."""
        self.write("a.test", Zone(2))
        for death in range(2):
            self.wait_phase("canary", 60)
            self.rig.stop("dataplane", signal.SIGKILL)
            self.start_dataplane()
            if death == 0:
                self.rig.wait_for(
                    lambda: "data plane has something else" in
                    self.rig.log_text("holdfastd"))
        self.rig.wait_state("a.test", state="condemned", serial=1)
        self.assertIn("ended twice", self.rig.zone_state("a.test")["why"])

    def say(self, request):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.settimeout(10 * SLOW)
            s.connect(os.path.join(self.rig.run, "dataplane.sock"))
            s.send(request.encode())
            return s.recv(8192).decode()


def stop(*_):
    sys.exit(1)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("root is needed for namespaces")
        sys.exit(77)
    signal.signal(signal.SIGTERM, stop)
    try:
        veth.topology_make()
        veth.transmit_checksums(True)
        for address in CLIENTS:
            subprocess.run(["ip", "addr", "add", address + "/32", "dev",
                            "hfc"], check=True)
        unittest.main(verbosity=2)
    finally:
        veth.topology_remove()
