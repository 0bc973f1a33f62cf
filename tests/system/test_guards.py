#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 300
"""The guards, with the real programs: each version of a zone that must not go
live is refused with what, where, how much and how to let it pass; the answers
stay what they were; an override lets it pass, once.

    zone files --> holdfastd --> store --> holdfast-sockets --> questions
                      ^ control socket         127.0.0.1, a free port
    holdfast explain, override
"""
import json
import os
import socket
import struct
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from control_rig import SLOW, Rig, query_wire  # noqa: E402

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "MX": 15, "TXT": 16,
         "AAAA": 28}
HEAD = """$TTL 60
@ SOA ns hostmaster %d 3600 600 86400 60
@ NS ns
ns A 192.0.2.1
"""
SHRINK_OFF = "guards: {shrink_records: 1000, churn_records: 1000}"


def ask(port, name, kind="A"):
    """Rcode and the number of records in the answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(3 * SLOW)
        s.sendto(query_wire(name, TYPES[kind]), ("127.0.0.1", port))
        answer = s.recv(4096)
    _, flags, _, count = struct.unpack_from("!4H", answer)
    return flags & 15, count


class Case(unittest.TestCase):
    def rig(self, **options):
        rig = Rig(**options)
        self.addCleanup(rig.remove)
        return rig

    def start(self, rig):
        rig.start()
        rig.start_sockets()
        return rig

    def zone(self, rig, serial, lines, name="a.test", head=HEAD):
        rig.text(rig.zones[name], head % serial + "\n".join(lines) + "\n")

    def reload(self, rig, name="a.test"):
        """Until what the file says is live, or refused; the zone's state."""
        rig.ask("reload", zone=name + ".")
        return rig.zone_state(name)

    def served(self, rig, serial, name="a.test"):
        state = self.reload(rig, name)
        self.assertEqual((state["state"], state["serial"]),
                         ("served", serial), state)

    def refused(self, rig, guard, *says, name="a.test"):
        state = self.reload(rig, name)
        self.assertEqual(state["state"], "refused", state)
        self.assertIn("guard %s: " % guard, state["why"])
        for text in says:
            self.assertIn(text, state["why"])
        return state["why"]

    def override(self, rig, name="a.test", status=0):
        return rig.tool("override", name, "--reason", "it is meant so",
                        "--run", rig.run, status=status)

    def audit(self, rig):
        with open(os.path.join(rig.store, "audit.log")) as f:
            return [json.loads(line) for line in f]

    def explain(self, rig, name="a.test"):
        return json.loads(rig.tool("explain", name, "--json", "--run",
                                   rig.run))["guards"]


class NeverEmpty(Case):
    def test_endpoint_that_is_emptied(self):
        rig = self.rig()
        full = ["api A 192.0.2.%d" % i for i in range(1, 5)]
        self.zone(rig, 1, full)
        self.start(rig)
        self.served(rig, 1)
        self.zone(rig, 2, [])
        why = self.refused(
            rig, "never-empty", "api.a.test. (4)", "endpoint_records",
            "holdfast override a.test. --reason TEXT")
        self.assertIn("and 1 more", why)
        self.assertEqual(ask(rig.port, "api.a.test"), (0, 4))
        # the tool tells the same, with holdfastd and without it
        told = self.explain(rig)
        self.assertTrue(told["refused"])
        self.assertEqual([v["kind"] for v in told["verdicts"]],
                         ["never-empty", "emptied"])
        text = rig.tool("explain", "a.test", "--run", rig.run)
        self.assertIn("holdfast override a.test.", text)
        # looking again changes nothing, and is no news for the log
        lines = len(self.audit(rig))
        self.refused(rig, "never-empty")
        self.assertEqual(len(self.audit(rig)), lines)

        self.assertIn("is live", self.override(rig))
        self.assertEqual(ask(rig.port, "api.a.test"), (3, 0))
        self.assertEqual(rig.zone_state()["state"], "served")
        events = [e["event"] for e in self.audit(rig)]
        self.assertEqual(events, ["refused", "refused", "override-given",
                                  "override-used"])
        given = self.audit(rig)[2]
        self.assertEqual(given["reason"], "it is meant so")
        self.assertEqual(given["who"], "uid %d" % os.getuid())
        # once: the same version is refused the next time
        self.zone(rig, 3, full)
        self.served(rig, 3)
        self.zone(rig, 4, [])
        self.refused(rig, "never-empty")
        rig.stop()
        text = rig.tool("explain", "a.test", "--store", rig.store)
        self.assertIn("is refused", text)

    def test_small_edits_pass(self):
        rig = self.rig()
        self.zone(rig, 1, ["www A 192.0.2.1"])
        self.start(rig)
        self.served(rig, 1)
        self.zone(rig, 2, [])
        self.served(rig, 2)
        self.zone(rig, 3, ["a A 192.0.2.1", "b A 192.0.2.2", "c TXT x"])
        self.served(rig, 3)
        self.zone(rig, 4, ["b A 192.0.2.9", "c TXT y"])
        self.served(rig, 4)
        self.assertEqual(ask(rig.port, "a.a.test"), (3, 0))

    def test_protected_names(self):
        rig = self.rig(
            zones=("a.test", "b.test"),
            more="guards: {protect: [www, '*.api', m.b.test.]}")
        rig.zone_words["b.test"] = ", protect: ['@']"
        rig.configure()
        lines = ["www A 192.0.2.1", "one.api A 192.0.2.2", "free A 192.0.2.3",
                 "m MX 10 www", "@ MX 10 www"]
        for name in rig.zones:
            self.zone(rig, 1, lines, name)
        self.start(rig)
        self.served(rig, 1)
        # an alias instead of an address keeps a name reachable
        self.zone(rig, 2, ["www CNAME free"] + lines[1:])
        self.served(rig, 2)
        self.zone(rig, 3, lines[1:])
        self.refused(rig, "never-empty", "www.a.test.", "protected by")
        self.zone(rig, 4, lines[:1] + lines[2:])
        self.refused(rig, "never-empty", "one.api.a.test.")
        self.zone(rig, 5, [lines[i] for i in (0, 1)])
        self.served(rig, 5)  # what is not protected may go
        self.zone(rig, 2, lines[:4], "b.test")
        self.refused(rig, "never-empty", "b.test. (its last MX", name="b.test")
        self.zone(rig, 3, lines[:3] + lines[4:], "b.test")
        self.refused(rig, "never-empty", "m.b.test. (its last MX",
                     name="b.test")


if __name__ == "__main__":
    unittest.main(verbosity=2)
