#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 300
"""Zones that ldns-signzone has signed, with NSEC and with NSEC3, so large that
they are split, through the operator's command:

    zone file -> ldns-signzone -> holdfast compile -> store
                                                       |-> show, verify, diff

Their denial cells are there, are sound, and nearly all stay when a name is
added; too many iterations are refused.
"""
import json
import os
import shutil
import subprocess
import tempfile
import unittest

BUILD = os.path.abspath(os.environ.get("HOLDFAST_BUILD", "build/release"))
TOOL = os.path.join(BUILD, "holdfast")
NAMES = 3000

HEAD = """$ORIGIN example.test.
$TTL 300
@ SOA ns hostmaster %d 3600 600 86400 60
@ NS ns
ns A 192.0.2.1
*.wild TXT "w"
a.b.c A 192.0.2.2
"""


class Signed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="holdfast-test-")
        cls.addClassCleanup(shutil.rmtree, cls.top)
        cls.key = cls.run_in_top(
            "ldns-keygen", "-a", "ECDSAP256SHA256", "-k",
            "example.test").strip()

    @classmethod
    def run_in_top(cls, *words):
        return subprocess.run(words, cwd=cls.top, check=True, text=True,
                              capture_output=True, timeout=120).stdout

    def setUp(self):
        self.store = tempfile.mkdtemp(dir=self.top)
        self.at = ["--store", self.store]

    def zone(self, serial, *options, extra="", names=NAMES):
        """Signs a zone of so many hosts; every tenth is a delegation."""
        path = os.path.join(self.top, "zone")
        with open(path, "w") as f:
            f.write(HEAD % serial)
            for i in range(names):
                if i % 10:
                    f.write(f"host{i} A 192.0.2.{i & 255}\n")
                else:
                    f.write(f"host{i} NS ns\n")
            f.write(extra)
        self.run_in_top("ldns-signzone", *options, "zone", self.key)
        return "example.test=" + path + ".signed"

    def json(self, *words, status=0):
        done = subprocess.run([TOOL, *words, "--json"], capture_output=True,
                              text=True, timeout=120, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, status, (done.stdout, done.stderr))
        return [json.loads(line) for line in done.stdout.splitlines()][-1]

    def compile(self, *zone, **options):
        return self.json("compile", *self.at, "--zone",
                         self.zone(*zone, **options))

    def check_cells(self, kind):
        split, = self.json("show", "current", *self.at)["splits"]
        self.assertEqual(split["denial"], kind)
        self.assertGreater(split["names"], NAMES)
        self.assertGreater(split["bytes_a_name"], 100)
        folder = os.path.join(self.store, "cells")
        kinds = set()
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            cell = self.json("show", path)
            self.assertGreater(cell["names"], 0)
            kinds.add(cell["kind"])
            if cell["kind"] != "shared":
                self.json("verify", path)
        self.assertEqual(kinds, {"shared", "split", kind})
        self.json("verify", *self.at)

    def check_added_name(self, *options):
        first = self.compile(1, *options)
        second = self.compile(2, *options, extra="host77x A 192.0.2.77\n")
        self.assertGreater(second["cells_built"], 0)
        self.assertEqual(second["refused"], [])
        self.assertTrue(self.json("diff", "previous", "current", *self.at))
        return first

    def test_nsec(self):
        self.check_added_name()
        self.check_cells("NSEC")

    def test_nsec3(self):
        self.check_added_name("-n")
        self.check_cells("NSEC3")

    def test_nsec3_opt_out_and_salt(self):
        self.compile(1, "-n", "-p", "-t", "5", "-s", "abcd")
        self.check_cells("NSEC3")

    def test_too_many_iterations(self):
        zone = self.zone(1, "-n", "-t", "101", names=3)
        done = subprocess.run([TOOL, "compile", *self.at, "--zone", zone],
                              capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("101 iterations, at most 100", done.stderr + done.stdout)


if __name__ == "__main__":
    unittest.main()
