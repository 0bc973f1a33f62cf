#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 300
# polls: one
"""Probation as clients see it: TTLs of a zone whose records changed, and of one
that was only given another serial, over UDP (holdfast-dataplane) and TCP
(holdfast-sockets), from the candidate over the soak to the proof. On the veth
pair of test_dataplane_veth.py, with nobody but the test as the owner."""
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import test_dataplane_veth as veth  # noqa: E402

ZONE = """$TTL 300
@ SOA ns hostmaster %(serial)d 3600 600 86400 200
@ NS ns
ns A 192.0.2.53
www A 192.0.2.%(last)d
alias CNAME www
sub NS ns.sub
ns.sub A 192.0.2.54
"""

A, MX = 1, 15
ANSWER, AUTHORITY = 0, 1

# question, section of the answer, the TTLs there when nothing is capped
QUESTIONS = (("www", A, ANSWER, {300}), ("alias", A, ANSWER, {300}),
             ("nope", A, AUTHORITY, {200}), ("www", MX, AUTHORITY, {200}),
             ("x.sub", A, AUTHORITY, {300}))


def ask(name, kind, tcp):
    """The response's octets; None: there was none in time."""
    wire = veth.question(name, kind)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp
                       else socket.SOCK_DGRAM) as s:
        s.settimeout(3 * veth.SLOW)
        try:
            s.connect((veth.IP4, 53))
            s.sendall((struct.pack("!H", len(wire)) if tcp else b"") + wire)
            answer = s.recv(4096)
            while tcp and len(answer) < 2 + int.from_bytes(answer[:2], "big"):
                more = s.recv(4096)
                if not more:
                    return None
                answer += more
        except OSError:
            return None
    return answer[2 if tcp else 0:]


def name_end(message, at):
    while message[at] and message[at] < 0xc0:
        at += message[at] + 1
    return at + (2 if message[at] else 1)


def ttls(zone, name, kind, section, tcp=False):
    message = ask("%s.%s" % (name, zone), kind, tcp) or ask(
        "%s.%s" % (name, zone), kind, tcp)
    found = set()
    counts = struct.unpack_from("!2H", message, 6)
    at = name_end(message, 12) + 4
    for of, count in enumerate(counts):
        for _ in range(count):
            at = name_end(message, at)
            _, _, ttl, length = struct.unpack_from("!HHIH", message, at)
            at += 10 + length
            if of == section:
                found.add(ttl)
    return found


def zone_is_capped(zone):
    """True or False if every answer is, None if they differ."""
    seen = set()
    for name, kind, section, full in QUESTIONS:
        for tcp in (False, True):
            got = ttls(zone, name, kind, section, tcp)
            seen.add(True if got == {30} else False if got == full
                     else "%s %s tcp %s: %s" % (name, kind, tcp, got))
    return seen.pop() if len(seen) == 1 else seen


class Case(unittest.TestCase):
    """A data plane and sockets for all tests of a class."""

    @classmethod
    def setUpClass(cls):
        veth.transmit_checksums(True)
        cls.serial = 0
        cls.rig = veth.Rig()
        cls.addClassCleanup(cls.rig.remove)
        cls.compile(cls.rig.store, {"new.test": 1, "old.test": 1})
        cls.rig.start()
        cls.rig.start_sockets()

    @classmethod
    def compile(cls, store, last):
        """Zones with an address that ends so; each time another serial."""
        words = []
        cls.serial += 1
        for zone, number in last.items():
            path = os.path.join(cls.rig.directory, zone)
            with open(path, "w") as f:
                f.write(ZONE % dict(serial=cls.serial, last=number))
            words += ["--zone", "%s=%s" % (zone, path)]
        subprocess.run([veth.TOOL, "compile", "--store", store, *words],
                       check=True, timeout=60, stdout=subprocess.DEVNULL)

    def capped(self):
        return zone_is_capped("new.test"), zone_is_capped("old.test")

    def wait_capped(self, new, old):
        """Sockets follow the page, in their time."""
        end = time.time() + 20 * veth.SLOW
        while True:
            got = self.capped()
            if got == (new, old):
                return
            self.assertLess(time.time(), end, got)
            time.sleep(0.05)

    def candidate(self, last):
        copy = self.rig.store + "-copy"
        shutil.copytree(self.rig.store, copy, symlinks=True)
        self.compile(copy, last)
        digest = self.rig.add_candidate(copy)
        shutil.rmtree(copy)
        return digest

    def say(self, *requests):
        answers = self.rig.ask("own pid=%d" % os.getpid(), *requests)
        for answer in answers:
            self.assertTrue(answer.startswith("ok "), answer)
        return answers[-1]

    def activate(self, digest):
        status = self.rig.status()
        self.say("activate expect=%s parent=%s generation=%s permille=1000 "
                 "deadline_ms=600000" % (status["activation"],
                                         status["stable"], digest))

    def commit(self, digest, soak_ms):
        self.say("commit expect=%s generation=%s soak_ms=%d" % (
            self.rig.status()["activation"], digest, soak_ms))


class Probation(Case):
    def setUp(self):
        self.wait_capped(False, False)

    def test_from_candidate_to_proof(self):
        digest = self.candidate({"new.test": 2, "old.test": 1})
        self.activate(digest)
        self.wait_capped(True, False)
        self.assertEqual(self.rig.status()["probation"], "1")
        self.commit(digest, 600000)
        self.wait_capped(True, False)
        status = self.rig.status()
        self.assertEqual(status["stable"], digest)
        self.assertGreater(int(status["soak_ms"]), 0)
        # who dies in a soak has proven nothing by that
        self.rig.process.send_signal(signal.SIGKILL)
        self.rig.process.wait()
        self.rig.start()
        # the exception interface is another one, without the routes
        veth.routes_add()
        self.wait_capped(True, False)
        status = self.rig.status()
        self.say("proven expect=%s generation=%s" % (status["activation"],
                                                     digest))
        self.wait_capped(False, False)
        self.assertEqual(self.rig.status()["probation"], "0")

    def test_soak_ends_by_its_time(self):
        digest = self.candidate({"new.test": 3, "old.test": 1})
        self.activate(digest)
        start = time.time()
        self.commit(digest, 1000)
        seen = self.rig.status()["probation"], ttls("new.test", "www", A,
                                                    ANSWER)
        if time.time() < start + 0.9:  # else it may be over
            self.assertEqual(seen, ("1", {30}))
        self.wait_capped(False, False)
        self.assertEqual(self.rig.status()["soak_ms"], "0")

    def test_commit_without_a_soak(self):
        digest = self.candidate({"new.test": 4, "old.test": 1})
        self.activate(digest)
        self.commit(digest, 0)
        self.wait_capped(False, False)

    def test_rollback_needs_no_control(self):
        first = self.rig.status()["stable"]
        digest = self.candidate({"new.test": 5, "old.test": 1})
        self.activate(digest)
        self.commit(digest, 600000)
        answers = self.rig.ask("hold", "rollback steps=1", "history",
                               "pin generation=" + digest, "history")
        self.assertTrue(all(a.startswith("ok ") for a in answers), answers)
        self.assertIn("=%s:" % first, answers[2])
        self.assertIn("=%s:" % digest, answers[2])
        self.assertIn(":pinned", answers[4])
        status = self.rig.status()
        self.assertEqual((status["stable"], status["held"]), (first, "yes"))
        self.wait_capped(False, False)
        refused = self.rig.ask(
            "own pid=1", "activate expect=%s parent=%s generation=%s" % (
                status["activation"], status["stable"], digest))[-1]
        self.assertTrue(refused.startswith("error refused "), refused)
        self.rig.ask("release")
        self.assertEqual(self.rig.status()["held"], "no")


class Protected(Case):
    def test_protected_names(self):
        names = os.path.join(self.rig.directory, "protected")
        with open(names, "w") as f:
            f.write("www.new.test. A\nalias.new.test A # by its target\n"
                    "sub.new.test. NS\n")
        with open(self.rig.config) as f:
            text = f.read()
        with open(self.rig.config, "w") as f:
            f.write(text.replace("  memory_mib", "  protected_names: %s\n"
                                 "  memory_mib" % names))
        self.rig.stop()
        self.rig.start()
        status = self.rig.status()
        digest = self.candidate({"new.test": 6, "old.test": 1})
        self.activate(digest)
        with open(names, "a") as f:
            f.write("gone.new.test. AAAA\n")
        answer = self.rig.ask(
            "own pid=1", "activate expect=%d parent=%s generation=%s" % (
                int(status["activation"]) + 1, status["stable"],
                digest))[-1]
        self.assertTrue(answer.startswith("error refused "), answer)
        self.assertIn("gone.new.test. AAAA", answer)
        self.assertEqual(self.rig.status()["candidate"], digest)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("root is needed for namespaces")
        sys.exit(77)
    signal.signal(signal.SIGTERM, veth.stop)
    try:
        veth.topology_make()
        unittest.main(verbosity=2)
    finally:
        veth.topology_remove()
