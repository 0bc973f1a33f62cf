#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# profiles: asan
# polls: one
# timeout: 300
"""kill -9 of holdfastd between activation and commit, and of the data plane
while it loads, with publications all the while:

    zone file -> holdfastd -> RUN/dataplane.sock -> holdfast-dataplane (net_ring)
                    |                                  |            |
                  store <------------------------------+       RUN/dataplane.page
                                                                    |
    a client that checks every answer --> holdfast-sockets <--------+

Needs a build with kill points (control/publish/kill_point.h)."""
import os
import random
import signal
import socket
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import control_rig as rig  # noqa: E402

CPUS = sorted(os.sched_getaffinity(0))
MORE = """
dataplane:
  ports:
    - {name: ring, device: net_ring0, cores: [%d], addresses: [192.0.2.53]}
  management_core: %d
  memory_mib: 64
  mbufs: 4095
  file_prefix: hfkill%d
""" % (CPUS[-1], CPUS[0], os.getpid())
DEADLINE_MS = 1500
KILLS_A_WORD = 10
KILLS = 40


class Case(unittest.TestCase):
    def setUp(self):
        self.rig = rig.Rig(more=MORE, deadline=DEADLINE_MS)
        self.addCleanup(self.rig.remove)
        self.rig.zone(1, age=5)
        self.version = 1
        self.rig.start()
        self.rig.wait_state(state="served", serial=1)
        self.rig.stop()
        self.start_dataplane()
        self.rig.start_sockets()

    def start_dataplane(self):
        p = self.rig.spawn("dataplane", rig.DATAPLANE, "--config",
                           self.rig.config)
        self.rig.wait_for(lambda: self.status().get("healthy") == "yes", p)
        self.assertIsNone(p.poll(), self.rig.log_text("dataplane"))

    def say(self, request):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.settimeout(5 * rig.SLOW)
            s.connect(self.rig.run + "/dataplane.sock")
            s.send(request)
            return s.recv(8192).decode()

    def status(self):
        """What the data plane says of itself; nothing when it is not there."""
        try:
            words = self.say(b"status").split()[1:]
        except OSError:
            return {}
        return dict(w.split("=", 1) for w in words)


class Kill(Case):
    def setUp(self):
        super().setUp()
        self.watcher = rig.Watcher(self.rig.port, [1])
        self.rig.wait_for(self.live)
        random.seed(4)

    def write(self, age=0):
        self.version += 1
        self.watcher.allowed.add(self.version)
        self.rig.zone(self.version, age=age)

    def live(self):
        return self.watcher.version == self.version

    def finish(self, what):
        """No wrong answer, a sound store, and both boot from it alone."""
        self.rig.verify()
        last = self.rig.serial()
        print("%s; %d versions live of %d written, %d answers, wrong: %d" % (
            what, len(self.watcher.seen), self.version, self.watcher.answers,
            len(self.watcher.wrong)))
        self.watcher.stop()
        self.assertEqual(self.watcher.wrong, [])
        if "holdfastd" in self.rig.processes:
            self.rig.stop(how=signal.SIGKILL)
        self.rig.stop("sockets", signal.SIGKILL)
        self.rig.stop("dataplane", signal.SIGKILL)
        self.start_dataplane()
        self.rig.start_sockets()
        self.assertEqual(self.rig.serial(), last)
        self.assertEqual(self.rig.stop("dataplane"), 0)

    def test_control_dies(self):
        """At each of its steps with the data plane: what was activated goes
        away at its deadline, and what was committed stays."""
        returned = 0
        plan = ["activating", "committing", "manifest"] * KILLS_A_WORD
        random.shuffle(plan)
        for n, word in enumerate(plan):
            before = self.watcher.version
            left = self.status()["candidate"]  # by the one that died before
            self.write(age=5)
            p = self.rig.start("%s:%d" % (word, 1 + n % 2), ready=False)
            self.rig.wait_for(self.live, p)
            if p.poll() is None:
                self.write()
                self.rig.wait_for(self.live, p)
            self.assertEqual(p.wait(20 * rig.SLOW), -signal.SIGKILL,
                             self.rig.log_text("holdfastd"))
            status = self.status()
            self.assertEqual(status["healthy"], "yes")
            if word != "committing":
                self.assertIn(status["candidate"], ("none", left))
            elif status["candidate"] != "none" and returned < 3:
                # nobody is there to commit it
                self.rig.wait_for(
                    lambda: self.status()["candidate"] == "none",
                    seconds=DEADLINE_MS / 1000 + 2)
                self.assertEqual(self.status()["stable"], status["stable"])
                returned += 1
            self.assertGreaterEqual(self.watcher.version, before)
            self.rig.verify()
            self.assertEqual(self.watcher.wrong, [])
        self.assertEqual(returned, 3)
        self.rig.start()
        self.write()
        self.rig.wait_for(self.live)
        self.finish("holdfastd killed: %d times" % len(plan))

    def test_dataplane_dies(self):
        """At random moments of a publication: holdfastd goes on without it,
        or with the next one; no committed version is lost."""
        self.rig.start()
        back = []
        for n in range(KILLS):
            self.write()
            p = self.rig.processes["dataplane"]
            before = self.rig.ask("status")["activation"]
            if n % 2:  # while it has the candidate, or is about to
                self.rig.wait_for(lambda: self.rig.ask("status")["work"] in
                                  ("activating", "committing") or self.live())
                time.sleep(random.random() * 0.01)
            else:
                time.sleep(random.random() * 0.12 * rig.SLOW)
            p.kill()
            p.wait()
            self.rig.verify()
            begun = time.time()
            self.start_dataplane()
            back.append(time.time() - begun)
            self.rig.wait_for(self.live)
            status = self.status()
            self.assertGreater(int(status["activation"]), before)
            self.assertEqual(self.watcher.wrong, [])
        self.finish("holdfast-dataplane killed: %d times, back in %.0f ms at "
                    "most" % (KILLS, 1000 * max(back)))


class Rollback(Case):
    """With a data plane it is the data plane that goes back."""

    def condemned_then_released(self, serial):
        self.rig.wait_state(state="condemned", serial=serial - 1)
        self.rig.wait_for(lambda: self.rig.serial() == serial - 1)
        time.sleep(1.5)  # a turn that only follows
        self.rig.ask("reload")
        self.assertEqual(self.rig.zone_state()["state"], "condemned")
        self.assertEqual(
            self.rig.ask("release", zone="a.test")["released"], 1)
        self.rig.wait_state(state="served", serial=serial)
        self.rig.wait_for(lambda: self.rig.serial() == serial)

    def test_asked_of_control_and_of_the_data_plane(self):
        self.rig.start()
        self.rig.zone(2)
        self.rig.wait_state(state="served", serial=2)
        state = self.rig.ask("status")
        self.assertTrue(state["dataplane"]["alive"])
        self.assertEqual(state["dataplane"]["stable"], state["generation"])
        self.assertEqual(state["dataplane"]["reason"], "ok")
        answer = self.rig.ask("rollback")
        self.assertEqual(answer["left"], state["generation"])
        self.assertEqual(self.status()["stable"], answer["generation"])
        self.condemned_then_released(2)
        self.rig.zone(3)
        self.rig.wait_state(state="served", serial=3)
        # control hears of it, though nobody told it
        self.assertTrue(self.say(b"rollback generation=previous")
                        .startswith("ok "))
        self.condemned_then_released(3)

    def test_control_dead_meanwhile(self):
        self.rig.start()
        self.rig.zone(2)
        self.rig.wait_state(state="served", serial=2)
        self.rig.stop(how=signal.SIGKILL)
        self.assertTrue(self.say(b"rollback generation=previous")
                        .startswith("ok "))
        self.rig.start()
        self.condemned_then_released(2)

    def test_hanging_data_plane(self):
        """It holds the commit lock and says nothing: holdfastd starts, changes
        nothing, and goes on when it is back."""
        p = self.rig.processes["dataplane"]
        p.send_signal(signal.SIGSTOP)
        self.rig.zone(2, age=5)
        self.rig.start(ready=False)
        self.rig.wait_for(lambda: self.rig.ask_once("status"), seconds=20)
        self.rig.wait_for(lambda: "does not answer" in (
            self.rig.ask("status")["last_error"] or ""), seconds=20)
        self.assertEqual(self.rig.serial(), 1)
        p.send_signal(signal.SIGCONT)
        self.rig.wait_state(state="served", serial=2)
        self.rig.wait_for(lambda: self.rig.serial() == 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
