#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# profiles: release asan
# polls: one
# timeout: 300
"""The drill, shortened: in release every scenario that needs no fault point and
does not take long; in asan those that have fault points, and a few others.
`make drill` runs all of them, whole."""
import json
import os
import subprocess
import sys
import unittest

BUILD = os.path.abspath(os.environ.get("HOLDFAST_BUILD", "build/asan"))
TOOL = os.path.join(BUILD, "holdfast")
FAULTS = os.environ.get("HOLDFAST_PROFILE", "asan") != "release"
WITH_FAULTS = ["control-killed", "clock-jump", "builder-defect",
               "planner-and-enactors"]
LEAST_SCENARIOS = 24


def drill(*words):
    return subprocess.run([TOOL, "drill", "--json", *words], text=True,
                          capture_output=True, timeout=280,
                          stdin=subprocess.DEVNULL)


class Drill(unittest.TestCase):
    def test_list(self):
        done = drill("--list")
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertGreaterEqual(len(rows), LEAST_SCENARIOS, done.stderr)
        self.assertEqual(len({r["scenario"] for r in rows}), len(rows))

    def test_scenarios(self):
        only = [w for name in WITH_FAULTS for w in ("--only", name)]
        done = drill("--short", "--patience", "3", *(only if FAULTS else []))
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        for row in rows[:-1]:
            print("%-24s %-8s %s; %s" % (
                row["scenario"], row["result"], row["answered"],
                row["verdict"]))
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        last = rows[-1]
        self.assertEqual(last["failed"], 0)
        self.assertGreaterEqual(last["passed"], len(WITH_FAULTS))
        for row in rows[:-1]:
            if row["result"] != "passed":
                self.assertEqual(row["result"], "not run")
                self.assertTrue(row["verdict"])

    def test_it_can_fail(self):
        """A scenario that does harm is a failure: guards that are off."""
        done = subprocess.run(
            [sys.executable, os.path.join("tests", "system",
                                          "drill_without_guards.py"), BUILD,
             "emptied-endpoint"],
            text=True, capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("FAILED", done.stdout)
        self.assertIn("WRONG", done.stdout)

    def test_words(self):
        self.assertNotEqual(drill("--only", "no-such-thing").returncode, 0)
        self.assertEqual(drill("--sideways").returncode, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
