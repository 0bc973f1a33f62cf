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

    def answers(self, rig, expected, *question):
        """Sockets follow what went live a moment later."""
        rig.wait_for(lambda: ask(rig.port, *question) == expected)

    def zone(self, rig, serial, lines, name="a.test", head=HEAD):
        rig.text(rig.zones[name], head % serial + "\n".join(lines) + "\n")

    def reload(self, rig, name="a.test"):
        """Until what the file says is live, or refused; the zone's state."""
        rig.ask("reload", zone=name + ".")

        def decided():  # the watch may have it read once more
            state = rig.zone_state(name)
            return state["state"] != "waiting" and state
        return rig.wait_for(decided)

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
            "holdfast override a.test. --version ", " --reason TEXT")
        self.assertIn("and 1 more", why)
        self.answers(rig, (0, 4), "api.a.test")
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
        self.answers(rig, (3, 0), "api.a.test")
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
        self.answers(rig, (3, 0), "a.a.test")

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


class Budgets(Case):
    def hosts(self, first, last=200):
        return ["h%d A 192.0.2.%d" % (i, i % 250) for i in range(first, last)]

    def test_cut_copy(self):
        """Half of a zone is gone: 70 % of a country's names, once."""
        rig = self.rig()
        self.zone(rig, 1, self.hosts(0))
        self.start(rig)
        self.served(rig, 1)
        self.zone(rig, 2, self.hosts(100))
        self.refused(rig, "shrink", "100 are lost", "limit: 20")
        self.answers(rig, (0, 1), "h0.a.test")
        self.zone(rig, 3, self.hosts(0))
        self.served(rig, 3)

    def test_small_cuts_add_up_over_restarts(self):
        rig = self.rig()
        self.zone(rig, 1, self.hosts(0))
        self.start(rig)
        self.served(rig, 1)
        for i in range(1, 5):
            self.zone(rig, i + 1, self.hosts(4 * i))
            self.served(rig, i + 1)
            rig.stop()
            rig.start()
        self.zone(rig, 6, self.hosts(22))
        self.refused(rig, "shrink", "within 24 h it had 202: 22 are lost")
        # what was let pass is where losses are counted from
        self.override(rig)
        self.answers(rig, (3, 0), "h21.a.test")
        self.zone(rig, 7, self.hosts(24))
        self.served(rig, 7)

    def test_good_zones_go_on(self):
        rig = self.rig(zones=("a.test", "b.test"))
        for name in rig.zones:
            self.zone(rig, 1, self.hosts(0), name)
        self.start(rig)
        self.served(rig, 1)
        self.zone(rig, 2, self.hosts(100))
        self.zone(rig, 2, self.hosts(1) + ["new A 192.0.2.1"], "b.test")
        answer = rig.ask("reload")
        self.assertEqual([z["name"] for z in answer["zones"]], ["a.test."])
        self.assertEqual(rig.zone_state("b.test")["serial"], 2)
        self.answers(rig, (0, 1), "new.b.test")
        self.answers(rig, (0, 1), "h0.a.test")


class Apex(Case):
    def test_old_plan_of_a_slow_enactor(self):
        rig = self.rig()
        self.zone(rig, 10, ["www A 192.0.2.10"])
        self.start(rig)
        self.served(rig, 10)
        self.zone(rig, 9, ["www A 192.0.2.9"])
        self.refused(rig, "serial", "goes back from 10 to 9")
        told = self.explain(rig)
        self.assertEqual([v["kind"] for v in told["verdicts"]], ["serial"])

    def test_refuse_is_not_overridden(self):
        rig = self.rig(more="guards: {actions: {serial: refuse}}")
        self.zone(rig, 10, ["www A 192.0.2.10"])
        self.start(rig)
        self.served(rig, 10)
        self.zone(rig, 9, ["www A 192.0.2.9"])
        self.refused(rig, "serial", "nothing overrides it")
        self.override(rig, status=1)
        rig.configure(more="guards: {actions: {serial: warn}}")
        rig.ask("reload")  # the refused version is looked at again
        self.assertEqual(rig.zone_state()["serial"], 9)


class Overrides(Case):
    def test_another_version_needs_another(self):
        rig = self.rig(more="guards: {actions: {serial: off}}")
        lines = ["x TXT x", "y TXT y"]
        self.zone(rig, 1, lines)
        self.start(rig)
        self.served(rig, 1)
        self.override(rig, status=1)  # nothing is refused
        self.zone(rig, 2, [])
        self.refused(rig, "emptied")
        seen = self.explain(rig)["version"][:12]
        self.zone(rig, 3, [])  # between the look and the override
        self.refused(rig, "emptied")
        rig.tool("override", "a.test", "--version", seen, "--reason", "x",
                 "--run", rig.run, status=1)
        # twice the same version: refused the second time
        self.override(rig)
        self.assertEqual(rig.zone_state()["serial"], 3)
        self.zone(rig, 4, lines)
        self.served(rig, 4)
        self.zone(rig, 3, [])
        self.refused(rig, "emptied")
        for words in (["a.test"], ["a.test", "--reason", ""],
                      ["a.test", "--reason", "x", "--for", "8d"]):
            rig.tool("override", *words, "--run", rig.run, status=2)


class Explaining(Case):
    def text(self, rig, name="a.test"):
        return rig.tool("explain", name, "--run", rig.run)

    def test_whatever_keeps_a_version_back(self):
        rig = self.rig()
        lines = ["x TXT x", "y TXT y"]
        self.zone(rig, 1, lines)
        self.start(rig)
        self.served(rig, 1)
        self.assertIn("a.test.: served, serial 1\n", self.text(rig))
        rig.tool("explain", "b.test", "--run", rig.run, status=1)
        # no guard, but the parser
        self.zone(rig, 2, lines + ["z A 300.1.1.1"])
        self.assertEqual(self.reload(rig)["state"], "refused")
        self.assertIn("refused; serial 1 is served: ", self.text(rig))
        self.assertIn("a.test.zone:7: '300.1.1.1'", self.text(rig))
        self.zone(rig, 3, [])
        self.refused(rig, "emptied")
        self.assertIn("refused; serial 1 is served\n", self.text(rig))
        self.assertIn("is refused, ", self.text(rig))
        version = self.explain(rig)["version"]
        # too little of it to mean one version
        rig.tool("override", "a.test", "--version", version[:7], "--reason",
                 "x", "--run", rig.run, status=2)
        # the source takes it back: there is nothing to let pass any more
        self.zone(rig, 1, lines)
        self.served(rig, 1)
        self.assertIn("was refused, and is not asked for", self.text(rig))
        self.assertFalse(self.explain(rig)["refused"])
        self.override(rig, status=1)
        self.assertIsNone(self.explain(rig)["override"])
        # a token that is not used ends, and that is told
        self.zone(rig, 4, [])
        self.refused(rig, "emptied")
        rig.stop()
        path = os.path.join(rig.store, "guards")
        for name in os.listdir(path):
            with open(os.path.join(path, name)) as f:
                state = json.load(f)
            state["override"] = {"version": state["version"], "until": 1000,
                                 "kinds": ["emptied"], "reason": "old",
                                 "who": "me"}
            with open(os.path.join(path, name), "w") as f:
                json.dump(state, f)
        rig.start()
        self.refused(rig, "emptied")
        self.assertIn("an override of it ended 1970-01-01", self.text(rig))
        self.assertIn("holdfast override a.test.", self.text(rig))
        refusals = [e for e in self.audit(rig) if e["event"] == "refused"]
        self.assertIn("nothing is left", refusals[0]["what"])


class Vanishing(Case):
    def test_zones_that_are_not_configured(self):
        zones = ["z%d.test" % i for i in range(6)]
        rig = self.rig(zones=zones)
        rig.zone_words["z5.test"] = ", protect: [www]"
        rig.configure()
        for name in zones:
            self.zone(rig, 1, ["www A 192.0.2.1"], name)
        self.start(rig)
        self.served(rig, 1, "z5.test")
        # a list that was cut: all of them stay
        for name in zones[1:4]:
            del rig.zones[name]
        rig.configure()
        answer = rig.ask("reload")
        self.assertEqual([z["name"] for z in answer["zones"]],
                         ["z1.test.", "z2.test.", "z3.test."])
        for name in zones:
            self.answers(rig, (0, 1), "www." + name)
        self.assertIn("vanished", rig.tool("explain", "z2.test", "--run",
                                           rig.run))
        kept = [line["zone"] for line in rig.ask("zones")["lines"]
                if line["zone"]["state"] == "kept"]
        self.assertEqual([z["name"] for z in kept],
                         ["z1.test.", "z2.test.", "z3.test."])
        self.assertEqual(kept[0]["serial"], 1)
        self.assertEqual(rig.ask("status")["zones"]["kept"], 3)
        self.assertIn("KEPT         3 zones", rig.tool("status", "--run",
                                                       rig.run))
        # also through a restart, and with changes of others
        rig.stop()
        self.zone(rig, 2, ["www A 192.0.2.2"], "z0.test")
        rig.start()
        self.served(rig, 2, "z0.test")
        self.answers(rig, (0, 1), "www.z2.test")
        # one may go; a protected one needs an override
        rig.zones.update({name: name + ".zone" for name in zones[2:4]})
        rig.configure()
        rig.ask("reload")
        self.answers(rig, (5, 0), "www.z1.test")
        self.answers(rig, (0, 1), "www.z2.test")
        del rig.zones["z5.test"]
        rig.configure()
        rig.ask("reload")
        self.answers(rig, (0, 1), "www.z5.test")
        self.override(rig, "z5.test")
        self.answers(rig, (5, 0), "www.z5.test")
        self.assertEqual(rig.ask("status")["zones"]["kept"], 0)


class Assertions(Case):
    WORDS = """
    assertions:
      - {name: www, type: A, least: 2, most: 3, inside: [192.0.2.0/24]}
      - {name: api, resolves: true, ttl_least: 30, ttl_most: 60}
      - {name: "@", type: MX, equals: ["10 mail", "20 MX.b.test."]}
      - {name: east, type: A, disjoint: west}
"""
    LINES = ["www A 192.0.2.1", "www A 192.0.2.2", "api CNAME api.b.test.",
             "@ MX 10 mail", "@ MX 20 mx.b.test.", "east A 192.0.2.3",
             "west A 192.0.2.4", "mail A 192.0.2.5"]

    def configure(self, rig):
        """The zones in block style, as people write assertions."""
        rig.configure()
        with open(rig.config) as f:
            text = f.read()
        block = "  - name: a.test\n    file: a.test.zone" + self.WORDS
        flow = "  - {name: a.test, file: a.test.zone}\n"
        self.assertIn(flow, text)
        with open(rig.config, "w") as f:
            f.write(text.replace(flow, block))

    def change(self, old, new):
        lines = list(self.LINES)
        lines[lines.index(old)] = new
        return lines

    def test_what_must_hold(self):
        rig = self.rig(zones=("a.test", "b.test"))
        self.configure(rig)
        self.zone(rig, 1, self.LINES)
        self.zone(rig, 1, ["api AAAA 2001:db8::1", "api A 192.0.2.1"], "b.test")
        self.start(rig)
        self.served(rig, 1)
        fails = [
            ("www A 192.0.2.2", "x A 192.0.2.2",
             "www.a.test. A: 1 records; limit: at least 2"),
            ("www A 192.0.2.2", "www A 198.51.100.1",
             "198.51.100.1 is outside of the prefixes"),
            ("@ MX 10 mail", "@ MX 11 mail", "is none of those"),
            ("@ MX 20 mx.b.test.", "x TXT x", "is missing; limit: all"),
            ("west A 192.0.2.4", "west A 192.0.2.3",
             "192.0.2.3 is at west.a.test. as well"),
            ("api CNAME api.b.test.", "api CNAME gone.b.test.",
             "gone.b.test. does not exist"),
            ("api CNAME api.b.test.", "api CNAME example.com.",
             "example.com. is not served here"),
            ("api CNAME api.b.test.", "api CNAME api", "api.a.test."),
        ]
        for serial, (old, new, says) in enumerate(fails, 2):
            self.zone(rig, serial, self.change(old, new))
            self.refused(rig, "assertion", says, rig.config)
        self.answers(rig, (0, 2), "www.a.test")
        self.zone(rig, 50, self.change("mail A 192.0.2.5",
                                       "mail A 192.0.2.6"))
        self.served(rig, 50)
        # another zone's version that breaks it is refused, not ours
        self.zone(rig, 2, ["api TXT x"], "b.test")
        self.refused(rig, "assertion", "api.a.test. addresses", name="b.test")
        self.zone(rig, 3, ["api 7200 A 192.0.2.1"], "b.test")
        self.refused(rig, "assertion", "TTL 7200", name="b.test")
        self.assertEqual(rig.zone_state()["state"], "served")
        self.override(rig, "b.test")
        self.assertEqual(rig.zone_state("b.test")["serial"], 3)

    def test_first_version_and_bad_configurations(self):
        rig = self.rig(zones=("a.test", "b.test"))
        self.configure(rig)
        self.zone(rig, 1, ["www A 192.0.2.1"])
        self.zone(rig, 1, ["www A 192.0.2.1"], "b.test")
        self.start(rig)
        self.served(rig, 1, "b.test")
        self.refused(rig, "assertion")
        self.answers(rig, (5, 0), "www.a.test")
        good = self.WORDS
        for old, new, says in (
                ("type: MX", "type: MIX", "MIX"),
                ("10 mail", "mail", "equals"),
                ("most: 3", "most: 1", "least"),
                ("disjoint: west", "disjoint: a..b", "disjoint"),
                ("name: east", "name: east.b.test.", "not in the zone"),
                ("192.0.2.0/24", "192.0.2.1/24", "inside")):
            self.WORDS = good.replace(old, new)
            self.configure(rig)
            done = rig.ask("reload")
            self.assertFalse(done["ok"])
            self.assertIn(says, done["error"]["text"])
            self.assertIn(rig.config, done["error"]["text"])
            rig.tool("check", "--config", rig.config, status=1)


class WholeInput(Case):
    def test_what_is_not_whole_is_not_read(self):
        rig = self.rig(settle=300)
        good = HEAD % 1 + "www A 192.0.2.1\n"
        rig.text("a.test.zone", good)
        self.start(rig)
        self.served(rig, 1)
        before = rig.ask("status")
        # the same content anew is nothing new
        rig.text("a.test.zone", good)
        self.served(rig, 1)
        after = rig.ask("status")
        self.assertEqual((after["activation"], after["generation"]),
                         (before["activation"], before["generation"]))
        # a mistake in the last line refuses all of it
        rig.text("a.test.zone", HEAD % 2 + "www A 192.0.2.2\nx A 1.2.3\n")
        self.assertEqual(self.reload(rig)["state"], "refused")
        self.assertIn("a.test.zone:6", rig.zone_state()["why"])
        # one that is still being written waits, and is then whole
        text = HEAD % 3 + "www A 192.0.2.3\nend TXT end\n"
        with open(rig.path("a.test.zone"), "w") as f:
            for part in (text[:60], text[60:95], text[95:]):
                f.write(part)
                f.flush()
                time.sleep(0.05)
        rig.wait_state(serial=3, state="served")
        self.answers(rig, (0, 1), "end.a.test", "TXT")
        self.assertEqual(rig.ask("status")["activation"],
                         before["activation"] + 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
