#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# profiles: asan
# timeout: 240
"""A clock that is years off signs nothing, under holdfastd and at its start.

    a.test.zone + keys -> holdfastd -> store
                             ^
    HOLDFAST_CLOCK_JUMP: a file with the seconds by which its clock is off
"""
import json
import os
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import control_rig as rig  # noqa: E402
from test_signing import Case  # noqa: E402

YEARS = 10 * 365 * 86400


class Clock(Case):
    policy = "default"

    def setUp(self):
        super().setUp()
        self.file = self.rig.path("jump")
        self.jump(0)
        os.environ["HOLDFAST_CLOCK_JUMP"] = self.file
        self.addCleanup(os.environ.pop, "HOLDFAST_CLOCK_JUMP")
        self.signed_from_the_start()
        # which holdfastd notes a moment after the zone is served
        self.rig.wait_for(self.keys_are_published)

    def keys_are_published(self):
        with open(os.path.join(self.keys, "Ka.test.+state.json")) as f:
            return all(k["published"] for k in json.load(f)["keys"])

    def jump(self, seconds):
        with open(self.file + ".new", "w") as f:
            f.write("%d\n" % seconds)
        os.rename(self.file + ".new", self.file)

    def why(self):
        return self.rig.zone_state()["signing"]["why"] or ""

    def key_files(self):
        return {name: os.stat(os.path.join(self.keys, name)).st_mtime_ns
                for name in os.listdir(self.keys)}

    def under_holdfastd(self, seconds):
        before, keys = self.live_zone(), self.key_files()
        self.jump(seconds)
        self.rig.wait_for(lambda: "the clock " in self.why())
        self.assertEqual(self.rig.ask("status")["zones"]["signing_fails"], 1)
        self.zone(7, "more A 192.0.2.7")
        state = self.rig.wait_state(state="refused")
        self.assertIn("can't be signed: the clock ", state["why"])
        self.assertEqual(self.live_zone(), before)
        self.assertEqual(self.key_files(), keys)
        # it is right again: the edit goes live by itself, signed by that time
        self.jump(0)
        self.rig.wait_state(state="served", serial=7)
        self.assertEqual(self.why(), "")
        self.assertEqual(self.rig.ask("status")["zones"]["signing_fails"], 0)
        self.assertIn("more.a.test.", self.live_zone())
        self.judge()

    def test_ahead(self):
        self.under_holdfastd(YEARS)

    def test_back(self):
        self.under_holdfastd(-YEARS)

    def test_back_a_month(self):
        """Not so far that no program knows such a time."""
        self.under_holdfastd(-30 * 86400)

    def test_keys_of_the_future(self):
        """What is said of keys would count as said long ago."""
        keys = self.key_files()
        self.jump(-30 * 86400)
        for words in (("roll", "a.test"), ("ds-seen", "a.test")):
            done = subprocess.run(
                [rig.TOOL, "keys", *words, "--config", self.rig.config],
                capture_output=True, text=True)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("set the clock", done.stderr)
        self.assertEqual(self.key_files(), keys)
        self.jump(0)
        self.tool("roll", "a.test")

    def test_at_the_start(self):
        """What is served is from the future: so the clock is wrong."""
        before, keys = self.live_zone(), self.key_files()
        self.rig.stop()
        self.jump(-30 * 86400)
        self.zone(7, "more A 192.0.2.7")
        self.rig.start()
        state = self.rig.wait_state(state="refused")
        self.assertIn("signatures of what is served begin at", state["why"])
        self.assertIn("synchronised", self.why())
        self.assertEqual(self.live_zone(), before)
        self.assertEqual(self.key_files(), keys)
        self.jump(0)
        self.rig.wait_state(state="served", serial=7)
        self.judge()

    def test_signed_elsewhere(self):
        """A version that was refused by a clock that is wrong is read again
        when it is not."""
        with open(self.rig.path("b.test.zone"), "w") as f:
            f.write(self.live_zone())
        self.rig.zones = {"a.test": "b.test.zone"}
        self.rig.zone_words["a.test"] = ", dnssec: verify"
        self.rig.stop()
        shutil.rmtree(self.rig.store)
        self.rig.configure()
        self.jump(YEARS)
        self.rig.start()
        state = self.rig.wait_state(state="refused")
        self.assertIn("expired 20", state["why"])
        self.jump(0)
        self.rig.wait_state(state="served", serial=1)

    def test_signed_by_a_clock_that_was_wrong(self):
        """The way back: `compile` is told the time."""
        self.rig.stop()
        self.jump(YEARS)
        shutil.rmtree(self.rig.store)
        self.rig.start()  # it has nothing that would tell
        self.rig.wait_state(state="served", serial=1)
        self.rig.stop()
        self.assertRegex(self.live_zone(), r"RRSIG SOA [0-9 ]+ 203\d+ 203")
        self.jump(0)
        self.rig.start()
        self.rig.wait_for(lambda: "--at TIME" in self.why())
        self.rig.stop()
        out = self.rig.tool("compile", "--config", self.rig.config, "--at",
                            "%d" % os.stat(self.rig.config).st_mtime)
        self.assertIn("signatures made, 0 kept", out)
        self.assertFalse(re.search(r"RRSIG SOA [0-9 ]+ 203\d+ 203",
                                   self.live_zone()))
        self.rig.start()
        self.rig.wait_state(state="served")
        self.judge()


if __name__ == "__main__":
    unittest.main(verbosity=2)
