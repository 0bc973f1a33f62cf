#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 300
# polls: one
"""The guard that asks what clients ask.

    clients --UDP, TCP--> holdfast-sockets            or, in a namespace:
                            | RUN/sockets.samples     clients --veth-->
    zone files -> holdfastd <                         holdfast-dataplane
                            | both generations        RUN/dataplane.samples
                            v
                 published, or refused with names and shares

Real questions flow; then zones are edited. What clients would lose is refused,
by name; what they would not is published; an override publishes all the same,
once. Answers are looked at after every edit.
"""
import json
import os
import socket
import struct
import sys
import time
import unittest

import control_rig
import test_dataplane_veth as veth
from control_rig import Rig, query_wire

HEAD = """$TTL 60
@ SOA ns hostmaster %d 3600 600 86400 60
@ NS ns
ns A 192.0.2.1
"""
HOSTS = """www A 192.0.2.2
www AAAA 2001:db8::2
shop CNAME front.b.test.
a.deep A 192.0.2.3
b.deep A 192.0.2.4
c.deep A 192.0.2.5
a.quiet A 192.0.2.6
"""
FRONT = "front A 192.0.2.9\n"
NXDOMAIN, A, AAAA = 3, 1, 28

# What other guards say of the same edits is their tests' matter.
GUARDS = """
guards:
  protect: [a.quiet]
  shrink_percent: 100
  type_percent: 100
  churn_percent: 100
  replay: {%s}
  actions: {never_empty: off, serial: off}
"""


def ask(port, name, kind=A, tcp=False, address="127.0.0.1"):
    """rcode, answers; None: no answer."""
    wire = query_wire(name, kind)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp
                       else socket.SOCK_DGRAM) as s:
        s.settimeout(3 * control_rig.SLOW)
        s.connect((address, port))
        s.send((struct.pack("!H", len(wire)) if tcp else b"") + wire)
        answer = s.recv(4096)[2 if tcp else 0:]
    _, flags, _, count, _, _ = struct.unpack_from("!6H", answer)
    return flags & 15, count


class Replay(unittest.TestCase):
    options = ""

    def setUp(self):
        self.rig = Rig(("a.test", "b.test"), more=GUARDS % self.options)
        self.addCleanup(self.rig.remove)
        self.serial = {"a.test": 1, "b.test": 1}
        self.rig.text("a.test.zone", HEAD % 1 + HOSTS)
        self.rig.text("b.test.zone", HEAD % 1 + FRONT)
        self.rig.start()
        self.rig.wait_state(state="served", serial=1)
        self.rig.wait_state("b.test", state="served", serial=1)
        self.rig.start_sockets()
        self.traffic()

    def traffic(self):
        """A hundred questions and more, and control has them."""
        plan = [("www.a.test", A, 60), ("www.a.test", AAAA, 20),
                ("shop.a.test", A, 20), ("a.deep.a.test", A, 12),
                ("b.deep.a.test", A, 8), ("none.a.test", A, 15),
                ("ns.b.test", A, 20)]
        for name, kind, times in plan:
            for n in range(times):
                rcode, _ = ask(self.rig.port, name, kind, tcp=n % 4 == 3)
                self.assertEqual(rcode, NXDOMAIN if "none" in name else 0)
                time.sleep(0.004)  # within the budget
        wanted = sum(times for _, _, times in plan)
        self.rig.wait_for(lambda: self.samples() >= wanted)
        self.assertEqual(self.samples(), wanted)

    def stats(self):
        return self.rig.ask("stats")["counters"]

    def samples(self):
        return self.stats()["samples"]

    def edit(self, text, zone="a.test"):
        self.serial[zone] += 1
        self.rig.text(zone + ".zone", HEAD % self.serial[zone] + text)

    def published(self, zone="a.test"):
        self.rig.wait_state(zone, state="served", serial=self.serial[zone])

    def refused(self, *texts, zone="a.test"):
        """Nothing has changed, and the verdict says all of these: it may be
        that of the edit before for a while."""
        served = self.rig.zone_state(zone)["serial"]
        self.assertLess(served, self.serial[zone])
        seen = {}

        def look():
            seen.update(self.rig.zone_state(zone))
            self.assertEqual(seen["serial"], served)
            return seen["state"] == "refused" and all(
                text in seen["why"] for text in texts)
        try:
            self.rig.wait_for(look)
        except AssertionError as e:
            raise AssertionError("%s: not %s: %s" % (seen, texts, e)) from e
        said = self.rig.tool("explain", "--config", self.rig.config, zone)
        for text in texts:
            self.assertIn(text, said)

    def test_harmless(self):
        self.edit(HOSTS + "new A 192.0.2.7\n")
        self.published()
        self.edit(HOSTS.replace("192.0.2.2", "192.0.2.22"))
        self.published()
        # a question or two are not missed
        self.edit(HOSTS.replace("c.deep", "d.deep"))
        self.published()
        self.assertEqual(self.stats()["questions_worse"], 0)
        self.assertGreater(self.stats()["questions_replayed"], 3)

    def test_accidental_delegation(self):
        self.edit(HOSTS + "deep NS ns.elsewhere.test.\n")
        self.refused("16.7 % of what was asked", "a.deep.a.test. A 10.0 %",
                     "b.deep.a.test. A 6.7 %", "data -> a delegation")
        self.assertEqual(ask(self.rig.port, "a.deep.a.test"), (0, 1))

    def test_shadowing_wildcard(self):
        self.edit("*.deep A 192.0.2.66\n" + "".join(
            line + "\n" for line in HOSTS.splitlines()
            if "deep" not in line))
        self.refused("a.deep.a.test. A 10.0 %",
                     "data -> another wildcard's data")
        self.edit(HOSTS.replace("a.deep A", "a.deep TXT x\n;") +
                  "*.deep A 192.0.2.3\n")
        self.refused("a.deep.a.test. A 10.0 %", "answer -> no data")

    def test_names_of_another_zone(self):
        """b.test is to blame for shop.a.test, and a.test's edit goes live."""
        self.edit("other A 192.0.2.9\n", "b.test")
        self.refused("shop.a.test. A 50.0 %", "answer -> NXDOMAIN",
                     zone="b.test")
        self.edit(HOSTS + "new A 192.0.2.7\n")
        self.published()
        self.assertEqual(ask(self.rig.port, "front.b.test"), (0, 1))

    def test_protected_without_traffic(self):
        self.edit(HOSTS + "quiet NS ns.elsewhere.test.\n")
        self.refused("protected names would lose their answers",
                     "a.quiet.a.test. A", "data -> a delegation")

    def test_zone_that_clients_ask_for(self):
        """It does not go with a line of the configuration; that of its child
        are the child's, and a zone that nobody asks for may go."""
        for zone, text in (("test", ""), ("c.test", "")):
            self.rig.zones[zone] = zone + ".zone"
            self.rig.text(zone + ".zone", HEAD % 1 + text)
        self.rig.configure()
        self.rig.ask("reload")
        self.rig.wait_state("c.test", state="served", serial=1)
        for zone in ("a.test", "test"):
            del self.rig.zones[zone]
        self.rig.configure()
        self.rig.ask("reload")
        state = self.rig.wait_state("a.test", state="kept")
        self.assertEqual(state["serial"], 1)
        said = self.rig.tool("explain", "--config", self.rig.config, "a.test")
        self.assertIn("85.7 % of what was asked in the last 10 minutes", said)
        self.assertEqual([line["zone"]["name"] for line in
                          self.rig.ask("zones")["lines"]],
                         ["b.test.", "c.test.", "a.test."])
        self.assertEqual(ask(self.rig.port, "www.a.test"), (0, 1))
        self.rig.tool("override", "--config", self.rig.config, "a.test",
                      "--reason", "it moved")
        self.rig.wait_for(lambda: ask(self.rig.port, "www.a.test")[0] == 5)

    def test_override(self):
        self.edit(HOSTS.replace("www A 192", "web A 192"))
        self.refused("www.a.test. A 50.0 %", "answer -> no data")
        self.rig.tool("override", "--config", self.rig.config, "a.test",
                      "--reason", "renamed")
        self.published()
        self.assertEqual(ask(self.rig.port, "www.a.test"), (0, 0))
        # once: the next one is looked at again
        self.edit(HOSTS.replace("www A", "web A").replace("www AAAA",
                                                          "web AAAA"))
        self.refused("www.a.test. AAAA", "answer -> NXDOMAIN")

    def test_restart_of_both(self):
        """The ring outlives control, and a new ring is noticed."""
        self.rig.stop()
        self.rig.start()
        self.rig.wait_for(lambda: self.samples() >= 155)
        self.edit(HOSTS + "deep NS ns.elsewhere.test.\n")
        self.refused("a.deep.a.test. A 10.0 %")
        self.rig.stop("sockets")
        self.rig.start_sockets()
        before = self.samples()
        for _ in range(20):
            ask(self.rig.port, "c.deep.a.test")
        self.rig.wait_for(lambda: self.samples() >= before + 20)
        path = os.path.join(self.rig.run, "sockets.samples")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o640)
        with open(path, "rb") as f:  # nothing of a client
            self.assertNotIn(socket.inet_aton("127.0.0.1"), f.read())


class Off(unittest.TestCase):
    def test_no_samples(self):
        """Without samples only protected names are asked for."""
        rig = Rig(("a.test",), more=GUARDS % "" +
                  "answer: {samples_per_second: 0}\n")
        self.addCleanup(rig.remove)
        rig.text("a.test.zone", HEAD % 1 + HOSTS)
        rig.start()
        rig.wait_state(state="served", serial=1)
        rig.text("a.test.zone", HEAD % 2 + HOSTS +
                 "deep NS ns.elsewhere.test.\n")
        rig.wait_state(state="served", serial=2)
        rig.text("a.test.zone", HEAD % 3 + HOSTS +
                 "quiet NS ns.elsewhere.test.\n")
        state = rig.wait_state(state="refused", serial=2)
        self.assertIn("a.quiet.a.test. A (data -> a delegation)",
                      state["why"])


class DataPlane(unittest.TestCase):
    """Poll cores on a veth pair, and holdfastd beside them."""

    def setUp(self):
        veth.topology_make()
        self.addCleanup(veth.topology_remove)
        veth.transmit_checksums(True)
        self.rig = veth.Rig()
        self.addCleanup(self.rig.remove)
        self.zone = os.path.join(self.rig.directory, "a.test.zone")
        self.write(1, HOSTS)
        with open(self.rig.config, "a") as f:
            f.write("control: {metrics_on: false, settle_ms: 20}\n"
                    "zones:\n  - {name: a.test, file: %s}\n" % self.zone +
                    GUARDS % "" + "rollout: {canary: off}\n")

    def write(self, serial, text):
        with open(self.zone + ".new", "w") as f:
            f.write(HEAD % serial + text)
        os.rename(self.zone + ".new", self.zone)

    def tool(self, *words):
        return control_rig.Rig.tool(None, words[0], "--config",
                                    self.rig.config, *words[1:])

    def wait_serial(self, serial, state="served"):
        end = time.time() + 10 * control_rig.SLOW
        while time.time() < end:
            zone = json.loads(self.tool("zones", "--json").split("\n")[0])
            zone = zone.get("zone", zone)
            if (zone["serial"], zone["state"]) == (serial, state):
                return zone
            time.sleep(0.02)
        raise AssertionError(zone)

    def test_poll_cores(self):
        self.rig.start("health")
        control = self.rig.spawn(control_rig.CONTROL, "control socket")
        self.addCleanup(lambda: (control.kill(), control.wait()))
        self.wait_serial(1)
        for _ in range(60):
            self.assertEqual(
                ask(53, "www.a.test", address=veth.IP4), (0, 1))
            time.sleep(0.005)
        for _ in range(15):
            self.assertEqual(
                ask(53, "a.deep.a.test", address=veth.IP4), (0, 1))
        time.sleep(1.5)  # control takes samples once a second
        self.write(2, HOSTS + "deep NS ns.elsewhere.test.\n")
        why = self.wait_serial(1, "refused")["why"]
        self.assertIn("a.deep.a.test. A 20.0 %", why)
        self.assertEqual(ask(53, "a.deep.a.test", address=veth.IP4), (0, 1))
        self.write(3, HOSTS + "new A 192.0.2.7\n")
        self.wait_serial(3)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("namespaces need root")
        sys.exit(77)
    unittest.main()
