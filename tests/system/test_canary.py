#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 300
# polls: one
"""Canary and soak, with clients that ask all the while.

    namespace client                       namespace server
    +---------------------+                +-------------------------------+
    | 192.0.2.1           |  veth    veth  | DPDK net_af_packet            |
    | 203.0.113.1 .. 100  |  hfc --- hfs   |   holdfast-dataplane (UDP)    |
    | one query each,     |                |     | TAP  ^ socket, page,    |
    | round and round     |                |     |      |  samples         |
    +---------------------+                |   holdfast-sockets (TCP)      |
                                           |   holdfastd <- zone files     |
                                           +-------------------------------+

The topology is that of test_dataplane_veth.py; one control and one data plane
for all tests, each with two zones of its own. Each client's answers are kept:
whose answers come from the candidate, and for how long, is what is exposed.

Under asan only what runs other code is tried again, and what needs a fault."""
import os
import signal
import socket
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import control_rig  # noqa: E402
import test_dataplane_veth as veth  # noqa: E402
from canary_rig import (CLIENTS, LOCAL_PORT, NAMES, PERMILLE,  # noqa: E402
                        ROLLOUT, SLOW, Case, Zone, ask, main)

ASAN = os.environ.get("HOLDFAST_PROFILE", "asan") != "release"
HALF = NAMES // 2
LOSS = "is not answered any more"
once = unittest.skipIf(ASAN, "the code is tried by others under asan")
faults = unittest.skipUnless(ASAN, "needs fault points")


class Good(Case):
    def test_passes_canary_and_soak(self):
        self.begin_asking()
        self.write(self.a, Zone(2))
        self.wait_phase("canary")
        rollout = self.status()["rollout"]
        self.assertEqual(rollout["permille"], PERMILLE)
        self.assertEqual(self.rig.zone_state(self.a)["serial"], 1)
        # what comes meanwhile waits, and says so
        self.write(self.b, Zone(2))
        answer = self.rig.ask("reload")
        if answer["waiting"]:
            self.assertFalse(answer["changed"])
            self.assertIn("canary", self.status()["rollout"]["why"])
        before = {}
        while self.phase() == "canary":
            before = self.asker.clients_of(self.a, 2)
            time.sleep(0.03)
        # of 100 clients with 300 permille; 60 is beyond seven deviations
        self.assertLess(len(before), 60)
        self.wait_served(self.a, 2)
        self.assertGreater(self.asker.share(self.a, 2)[0], 0)
        # the next candidate, by itself
        self.wait_served(self.b, 2)
        self.wait_phase("idle")
        self.assertEqual(self.returns(), 0)
        self.assertGreaterEqual(self.counter("generations_proven"), 2)
        self.expect_clean()

    @once
    def test_a_flood_forces_nothing(self):
        self.rollout(1, 20, 0)
        self.begin_asking()
        self.write(self.a, Zone(2))
        self.wait_phase("canary")
        self.asker.flood = True
        self.wait_served(self.a, 2)
        self.wait_phase("idle")
        self.assertEqual(self.returns(), 0)
        self.expect_clean()


class Bad(Case):
    ROLLOUT = (0, 20, 0)

    def test_regression_is_returned_and_the_rest_goes_on(self):
        """Half of the names of one zone are gone, the other zone is good."""
        self.begin_asking()
        self.write(self.a, Zone(2, gone=HALF))
        self.write(self.b, Zone(2))
        self.wait_return()
        self.wait_served(self.b, 2)
        state = self.expect_condemned(self.a, LOSS)
        self.assertIn("the canary took", state["why"])
        self.assertIn("questions at fault", self.rig.tool(
            "explain", "--store", self.rig.store, self.a))
        share, seconds = self.asker.share(self.a, 2)
        lost, lasted = self.asker.share(self.a, 0)
        print("exposure: %.0f %% of the clients had it for %.1f s, %.0f %% "
              "a name that is gone" % (100 * share, seconds, 100 * lost))
        self.assertGreater(share + lost, 0)
        self.assertLess(max(share, lost), 0.6)
        self.assertLess(max(seconds, lasted), 30 * SLOW)
        # it does not come back: not by a reload, not by a restart
        self.wait_phase("idle")
        self.rig.ask("reload")
        self.restart_control(signal.SIGTERM)
        self.rig.wait_state(self.a, state="condemned", serial=1)
        self.assertEqual(self.asker.silent, 0)

    @once
    def test_next_version_waits_for_the_hold_down(self):
        self.begin_asking(self.a)
        self.write(self.a, Zone(2, gone=HALF))
        self.wait_return()
        self.write(self.a, Zone(3))
        self.rig.wait_for(
            lambda: self.status()["rollout"]["hold_down_ms"] > 0)
        self.assertEqual(self.phase(), "idle")
        # an operator need not wait
        self.rig.ask("release", zone=self.a)
        self.wait_served(self.a, 3)

    @once
    def test_operator_takes_the_candidate_back(self):
        self.rollout(100, 100, 1)
        self.begin_asking(self.a)
        live = self.status()["generation"]
        self.write(self.a, Zone(2))
        self.wait_phase("canary")
        candidate = self.status()["candidate"]
        answer = self.rig.ask("rollback")
        self.assertEqual((answer["generation"], answer["left"]),
                         (live, candidate))
        self.assertIn(self.a + ".", answer["condemned"])
        self.assertNotIn(self.b + ".", answer["condemned"])
        self.assertEqual(self.phase(), "idle")
        self.rig.wait_state(self.a, state="condemned", serial=1)
        self.expect_clean(self.a)

    @once
    def test_hold_ends_a_canary(self):
        self.rollout(0, 100, 0)
        self.write(self.a, Zone(2))  # nobody asks: it would take long
        self.wait_phase("canary")
        self.assertTrue(self.rig.ask("hold")["ok"])
        self.assertEqual(self.phase(), "idle")
        self.assertIn("held", self.status()["rollout"]["why"])
        self.assertTrue(self.rig.ask("reload")["waiting"])
        # also what a holdfastd that starts finds
        self.restart_control(signal.SIGTERM)
        self.rig.wait_for(lambda: self.status()["rollout"]["held"])
        self.begin_asking(self.a)
        self.assertTrue(self.rig.ask("release")["ok"])
        self.wait_served(self.a, 2)
        self.expect_clean(self.a)

    @once
    def test_zone_taken_out_and_back(self):
        """Who puts a zone back waits for no canary that is without it."""
        self.rollout(0, 100, 0)
        file = self.rig.zones.pop(self.a)
        self.addCleanup(self.rig.zones.__setitem__, self.a, file)
        self.rig.reload(0, 100, 0)
        self.wait_phase("canary")
        self.rig.zones[self.a] = file
        self.rig.reload(0, 100, 0)
        self.wait_phase("idle")
        self.assertEqual(self.rig.zone_state(self.a)["state"], "served")
        self.begin_asking(self.a)
        self.write(self.a, Zone(2))
        self.wait_served(self.a, 2)
        self.assertEqual(set(self.asker.seen[self.a]), {1, 2})


class Soak(Case):
    ROLLOUT = (0, 1, 600)

    @once
    def test_bad_generation_found_in_the_soak(self):
        """Nobody asks for the zone while the canary lasts."""
        self.begin_asking(self.b)
        self.write(self.a, Zone(2, gone=HALF))
        self.write(self.b, Zone(2))
        self.wait_phase("soak")
        self.assertEqual(self.rig.zone_state(self.a)["serial"], 2)
        more = self.begin_asking(self.a)
        self.wait_return()
        self.expect_condemned(self.a, LOSS)
        self.wait_served(self.b, 2)
        _, seconds = more.share(self.a, 0)
        print("soak: wrong answers for %.1f s" % seconds)
        self.assertLess(seconds, 30 * SLOW)
        self.assertEqual(self.asker.silent + more.silent, 0)

    def soak_taken_over(self):
        """Control dies; the next one goes on watching."""
        self.wait_phase("soak")
        self.restart_control(signal.SIGKILL)
        self.wait_phase("soak")
        self.rig.wait_for(lambda: "soak of a process before" in
                          self.rig.log_text("holdfastd"))

    @once
    def test_both_die_in_the_soak(self):
        """The data plane, which comes back last, is in the soak still."""
        self.write(self.a, Zone(2, gone=HALF))  # nobody asks
        self.wait_phase("soak")
        self.rig.stop(how=signal.SIGKILL)
        self.rig.stop("dataplane", signal.SIGKILL)
        self.rig.start()
        self.returned = 0
        self.assertEqual(self.phase(), "idle")
        self.rig.start_dataplane()
        self.wait_phase("soak")
        self.begin_asking(self.a)  # and is watched
        self.wait_return()
        self.expect_condemned(self.a, LOSS)

    def test_an_override_lets_it_pass_whoever_watches(self):
        """Also by a holdfastd that did not see the override."""
        self.begin_asking(self.a)
        self.write(self.a, Zone(2, gone=HALF))
        self.wait_return()
        answer = self.rig.ask("override", zone=self.a,
                              reason="they are gone indeed")
        self.assertTrue(answer["ok"])
        self.wait_served(self.a, 2)
        self.rig.wait_for(lambda: "an override lets it pass" in
                          self.rig.log_text("holdfastd"), seconds=30)
        self.soak_taken_over()
        # it finds the same faults, and knows of the same override
        self.rig.wait_for(lambda: "an override lets it pass" in
                          self.rig.log_text("holdfastd"), seconds=30)
        self.assertEqual(self.phase(), "soak")
        self.assertEqual(self.rig.zone_state(self.a)["serial"], 2)
        self.assertEqual(self.returns(), 0)

    def test_losses_that_guards_let_pass(self):
        """Names whose loss the replay has seen and an operator let pass; others
        are a reason to return, also for a holdfastd that took over."""
        known, unknown = range(NAMES - 20, NAMES - 10), range(NAMES - 10, NAMES)
        self.rig.zone_words[self.a] = ", guards: {actions: {replay: ack}}"
        self.rollout(*self.ROLLOUT)
        before = self.counter("samples")
        first = self.begin_asking(self.a, names=known)
        self.rig.wait_for(lambda: self.counter("samples") > before + 150)
        self.write(self.a, Zone(2, gone=NAMES - 20))
        self.rig.wait_state(self.a, state="refused", serial=1)
        self.assertIn("replay", self.why(self.a))
        self.assertTrue(self.rig.ask("override", zone=self.a,
                                     reason="nobody needs them")["ok"])
        self.wait_served(self.a, 2)
        self.soak_taken_over()
        # 20 faults would be a verdict
        self.rig.wait_for(lambda: self.status()["rollout"]["uncounted"] > 50)
        self.assertEqual((self.phase(), self.returns()), ("soak", 0))
        self.assertEqual(self.status()["rollout"]["faults"], 0)
        first.stop()
        self.begin_asking(self.a, names=unknown)
        self.wait_return()
        self.expect_condemned(self.a, LOSS)


class Tcp(Case):
    """Sockets answer TCP, poll cores UDP: one client, one generation."""
    ROLLOUT = (100, 100, 1)

    def versions(self):
        """[UDP, TCP] of all clients, over the wire and, of sockets alone, over
        the loopback network of the server."""
        name = "n0." + self.a
        wire = [[ask(c, name, tcp) for tcp in (False, True)] for c in CLIENTS]
        local = []
        veth.enter(veth.SERVER)
        try:
            for i in range(50):
                local.append([ask("127.0.1.%d" % (i + 1), name, tcp,
                                  ("127.0.0.1", LOCAL_PORT))
                              for tcp in (False, True)])
        finally:
            veth.enter(veth.CLIENT)
        return wire, local

    def expect_versions(self, versions):
        """Sockets follow the page a moment later; then nobody differs."""
        def agree():
            return all(udp == tcp for each in self.versions()
                       for udp, tcp in each)
        self.rig.wait_for(agree)
        for each in self.versions():
            self.assertEqual({v for pair in each for v in pair}, versions)
            for udp, tcp in each:
                self.assertEqual(udp, tcp)

    def test_one_client_one_generation(self):
        self.rig.start_sockets()
        self.addCleanup(self.rig.stop, "sockets")
        self.expect_versions({1})
        self.write(self.a, Zone(2))
        self.wait_phase("canary")
        self.expect_versions({1, 2})
        # what TCP alone is asked is evidence, too: half of it is bad
        self.assertIn(self.a + ".", self.rig.ask("rollback")["condemned"])
        self.expect_versions({1})
        self.write(self.b, Zone(2, gone=HALF))
        self.wait_phase("canary")
        self.begin_asking(self.b, tcp=True)
        self.wait_return()
        self.expect_condemned(self.b, LOSS)


class Deaths(Case):
    def test_control_dies_in_the_canary(self):
        self.rollout(2, 2, 0)
        self.begin_asking(self.a)
        self.write(self.a, Zone(2))
        self.wait_phase("canary")
        self.rig.wait_for(lambda: self.asker.clients_of(self.a, 2))
        self.rig.stop(how=signal.SIGKILL)
        # the data plane takes the candidate away by its own clock
        self.rig.wait_for(lambda: "candidate=none" in self.say("status"),
                          seconds=20)
        with self.asker.lock:
            self.asker.seen[self.a].clear()
        time.sleep(0.3)
        self.assertEqual(set(self.asker.seen[self.a]), {1})
        # a new control tries it again
        self.rig.configure(rollout=ROLLOUT % (PERMILLE, 0, 20, 0, 600, 0))
        self.rig.start()
        self.returned = 0
        self.wait_served(self.a, 2)
        self.expect_clean(self.a)

    @once
    def test_data_plane_dies_with_it(self):
        """Once may be an operator; twice with one candidate is its fault."""
        self.rollout(100, 100, 1)
        self.write(self.a, Zone(2))
        for death in range(2):
            self.wait_phase("canary", 60)
            self.rig.stop("dataplane", signal.SIGKILL)
            self.rig.start_dataplane()
            if death == 0:
                self.rig.wait_for(
                    lambda: "data plane has something else" in
                    self.rig.log_text("holdfastd"))
        self.rig.wait_state(self.a, state="condemned", serial=1)
        self.assertIn("ended twice", self.why(self.a))

    def say(self, request):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.settimeout(10 * SLOW)
            s.connect(os.path.join(self.rig.run, "dataplane.sock"))
            s.send(request.encode())
            return s.recv(8192).decode()


@faults
class Faulty(Case):
    """The data plane sends what the engine does not say, and answers of the new
    version cost too much: each in one zone alone, which is named, and what is
    good in the other goes on."""
    FAULTS = {"dataplane": "answer-altered", "holdfastd": "answer-slow"}

    def returned_alone(self, more, fault, **options):
        self.rollout(1, 20, 0, **options)
        self.begin_asking()
        self.write(self.a, Zone(2, more=more))
        self.write(self.b, Zone(2))
        self.wait_return()
        self.expect_condemned(self.a, fault)
        self.assertIn(fault, self.rig.tool(
            "explain", "--store", self.rig.store, self.a))
        self.wait_served(self.b, 2)
        self.rig.wait_state(self.b, state="served", serial=2)
        self.assertEqual(self.returns(), 1)
        self.expect_clean()

    def test_what_is_sent_is_not_what_the_candidate_says(self):
        self.returned_alone('"~~"', "was not answered as the candidate says")

    def test_what_costs_far_more(self):
        self.returned_alone('"%s"' % ("x" * 250), "costs far more than before",
                            cost=500)


def stop(*_):
    sys.exit(1)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("root is needed for namespaces")
        sys.exit(77)
    signal.signal(signal.SIGTERM, stop)
    main()
