#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# profiles: asan
# timeout: 300
"""kill -9 of holdfastd at every step of 200 publications, under a stream of
queries:

    zone file -> holdfastd (dies at: reading, compiling, cells, loading, proving,
        |            |       records, manifest, activating, committing)
        |          store ---> holdfast-sockets <--- a client that checks every
    this test        |                              answer
                  holdfast verify after each death

Needs a build with kill points (control/publish/kill_point.h)."""
import os
import random
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import control_rig as rig  # noqa: E402

WORDS = ["reading", "compiling", "cells", "loading", "proving", "records", "manifest",
         "activating", "committing"]
KILLS = 10
RANDOM = 40
PUBLICATIONS = 200
# a commit shows in the answers within
MOMENT_S = 0.5 * rig.SLOW


class Kill(unittest.TestCase):
    def setUp(self):
        self.rig = rig.Rig(zones=["a.test", "b.test", "c.test"])
        self.addCleanup(self.rig.remove)
        self.version = 0
        self.watcher = None

    def write(self, age=0):
        self.version += 1
        if self.watcher:
            self.watcher.allowed.add(self.version)
        self.rig.zone(self.version, age=age)

    def live(self):
        return self.watcher.version == self.version

    def publish_until_death(self, kill):
        """Versions one after the other until holdfastd has killed itself.
        Some of what it does when it starts says the word too."""
        self.write(age=5)  # it is there when holdfastd starts
        process = self.rig.start(kill, ready=False)
        for _ in range(50):
            self.rig.wait_for(self.live, process)
            if process.poll() is not None:
                break
            self.write()
        self.assertEqual(process.wait(), -signal.SIGKILL,
                         self.rig.log_text("holdfastd")[-3000:])

    def die_somewhere(self):
        self.write(age=5)
        process = self.rig.start(ready=False)
        time.sleep(random.random() * 0.06 * rig.SLOW)
        process.kill()
        process.wait()

    def test_every_step(self):
        for name in ("b.test", "c.test"):
            self.rig.zone(1, name, age=5)
        self.write(age=5)
        first = self.rig.start()
        self.rig.wait_state(state="served", serial=1)
        self.rig.start_sockets()
        self.watcher = rig.Watcher(self.rig.port, [1],
                                   current=self.rig.store + "/current")
        self.rig.stop(how=signal.SIGKILL)
        self.assertLess(first.returncode, 0)
        begun = time.time()
        plan = [w for w in WORDS for _ in range(KILLS)]
        random.seed(2)
        plan += ["random"] * RANDOM
        random.shuffle(plan)
        kills = {w: 0 for w in WORDS + ["random"]}
        for n, word in enumerate(plan):
            if word == "random":
                self.die_somewhere()
            else:
                self.publish_until_death("%s:%d" % (word, 1 + n % 4))
            kills[word] += 1
            self.rig.verify()
            self.assertEqual(self.watcher.wrong, [])
        # publications without a death, until there are enough
        self.rig.start()
        self.write()
        self.rig.wait_for(self.live)
        while len(self.watcher.seen) < PUBLICATIONS:
            self.write()
            self.rig.wait_for(self.live)
        self.rig.stop(how=signal.SIGKILL)
        self.rig.verify()
        latest = self.watcher.stop()
        print("kills: %s; %d versions live of %d written, %d answers, wrong: "
              "%d; from commit to answer at most %.0f ms; %.0f s" % (
                  kills, len(self.watcher.seen), self.version,
                  self.watcher.answers, len(self.watcher.wrong), latest * 1000,
                  time.time() - begun))
        self.assertEqual(self.watcher.wrong, [])
        self.assertLess(latest, MOMENT_S)
        self.assertGreaterEqual(min(kills.values()), KILLS)
        self.boots_alone()

    def boots_alone(self):
        """From the store, with no control process."""
        last = self.rig.serial()
        self.rig.stop("sockets", signal.SIGKILL)
        self.rig.start_sockets()
        self.assertEqual(self.rig.serial(), last)
        self.assertEqual(last, self.version)


if __name__ == "__main__":
    unittest.main(verbosity=2)
