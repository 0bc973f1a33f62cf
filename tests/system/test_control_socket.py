#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 240
"""holdfastd from outside: its control socket under hostile clients, every
command, and what becomes of zone files and configurations that change.

    clients -> RUN/holdfastd.sock -> holdfastd -> store -> holdfast-sockets
    HTTP    -> /metrics                |
    zone files, configuration ---------+
"""
import grp
import http.client
import json
import os
import re
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import control_rig as rig  # noqa: E402


class Case(unittest.TestCase):
    zones = ("a.test", "b.test")
    options = {}

    def setUp(self):
        self.rig = rig.Rig(zones=self.zones, **self.options)
        self.addCleanup(self.rig.remove)
        for name in self.zones:
            self.rig.zone(1, name, age=5)
        self.rig.start()
        for name in self.zones:
            self.rig.wait_state(name, state="served", serial=1)

    def tearDown(self):
        p = self.rig.processes.get("holdfastd")
        if p:
            self.assertIsNone(p.poll(), self.rig.log_text("holdfastd"))
            self.assertEqual(self.rig.stop(), 0,
                             self.rig.log_text("holdfastd"))

    def refused(self, code, command, **members):
        answer = self.rig.ask(command, **members)
        self.assertEqual((answer["ok"], answer["done"]), (False, True))
        self.assertEqual(answer["error"]["code"], code, answer)
        self.assertGreater(len(answer["error"]["text"]), 10)
        return answer["error"]["text"]

    def generation(self):
        return self.rig.ask("status")["generation"]

    def stays(self, seconds=0.4):
        """The generation does not change for a while."""
        before = self.generation()
        time.sleep(seconds * (2 if rig.SLOW > 1 else 1))
        self.assertEqual(self.generation(), before)


class Clients(Case):
    """One holdfastd, and clients that mean it no good."""

    def raw(self, data, seconds=20, end=False):
        """All lines that come until the connection is closed."""
        with self.rig.connect(seconds) as s:
            try:
                s.sendall(data)
                if end:
                    s.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # closed before it was all said: the answer is there
            text = b""
            while True:
                try:
                    part = s.recv(65536)
                except ConnectionResetError:
                    break
                if not part:
                    break
                text += part
        return [json.loads(x) for x in text.splitlines()]

    def hung_up_with(self, data, code="usage", **options):
        lines = self.raw(data, **options)
        self.assertEqual(len(lines), 1, lines)
        self.assertEqual(lines[0]["error"]["code"], code)
        self.assertTrue(lines[0]["done"])
        return lines[0]["error"]["text"]

    def test_garbage(self):
        for data in (b"\0\n", b"garbage\n", b"[]\n", b"1\n", b"null\n",
                     b"\"status\"\n", b"\n", b"{\n", b"{}}\n",
                     b"\xff\xfe\xfd\n", b"{\"command\":\"\xff\"}\n",
                     b"{\"command\":\"sta\0tus\"}\n",
                     b"{\"command\":\"sta\\u0000tus\"}\n",
                     b"{\"command\":\"status\",\"command\":\"stop\"}\n",
                     b"[" * 60000 + b"\n", b"{\"a\":" * 10000 + b"\n",
                     b"GET / HTTP/1.0\r\n\r\n", os.urandom(500) + b"\n",
                     b"{\"command\": 1e999}\n"):
            with self.subTest(data[:20]):
                self.hung_up_with(data)
        self.assertTrue(self.rig.ask("status")["ok"])

    def test_oversize(self):
        text = self.hung_up_with(b"x" * 65537)
        self.assertIn("65536", text)
        self.hung_up_with(b"{\"command\":\"status\",\"x\":\"" + b"y" * 200000 +
                          b"\"}\n")
        # the longest that is allowed
        request = b"{\"command\":\"status\"}"
        lines = self.raw(request + b" " * (65536 - len(request)) + b"\n",
                         end=True)
        self.assertTrue(lines[0]["ok"])

    def test_half_line(self):
        self.assertIn("newline", self.hung_up_with(
            b"{\"command\":\"stop\"}", end=True))
        with self.rig.connect() as s:  # and one that only goes away
            s.sendall(b"{\"comm")
        self.assertTrue(self.rig.ask("status")["ok"])

    def test_slow_clients(self):
        """Octets now and then do not make the 10 seconds longer; nor does
        silence keep a place."""
        silent = self.rig.connect()
        slow = self.rig.connect()
        asked = self.rig.connect()
        self.addCleanup(silent.close)
        self.addCleanup(slow.close)
        self.addCleanup(asked.close)
        asked.sendall(b"{\"command\":\"status\"}\n")
        self.assertIn(b"uptime", asked.recv(65536))
        begun = time.time()
        for _ in range(14):
            try:
                slow.send(b" ")
            except OSError:
                break
            time.sleep(1)
            if slow in select.select([slow], [], [], 0)[0]:
                break
        self.assertLess(time.time() - begun, 13)
        self.assertGreater(time.time() - begun, 9)
        self.assertIn(b"10 s", slow.recv(65536))
        for s in (silent, asked):
            s.settimeout(5)
            self.assertEqual(s.recv(100), b"")

    def test_pipelined(self):
        lines = self.raw(b"{\"command\":\"status\"}\n" * 20 +
                         b"{\"command\":\"reload\"}\n"
                         b"{\"command\":\"zones\"}\n"
                         b"{\"command\":\"nonsense\"}\n"
                         b"{\"command\":\"stats\"}\n", end=True)
        self.assertEqual([("pid" in x, "refused" in x, "zone" in x,
                           "error" in x, "counters" in x).index(True)
                          if not "count" in x else 5 for x in lines],
                         [0] * 20 + [1, 2, 2, 5, 3, 4])

    def test_not_reading(self):
        """A client that asks and asks and never reads is held to one request's
        answers, and is closed."""
        before = self.memory()
        clients = []
        for _ in range(20):
            s = self.rig.connect()
            s.setblocking(False)
            self.addCleanup(s.close)
            try:
                for _ in range(400):
                    s.send(b"{\"command\":\"zones\"}\n" * 100)
            except BlockingIOError:
                pass
            clients.append(s)
        begun = time.time()
        self.assertTrue(self.rig.ask("status")["ok"])
        self.assertLess(time.time() - begun, 2 * rig.SLOW)
        if rig.SLOW == 1:  # ASan keeps what was freed
            self.assertLess(self.memory() - before, 8 << 20)
        time.sleep(11)
        for s in clients:
            s.setblocking(True)
            s.settimeout(5)
            with self.assertRaises((ConnectionResetError, BrokenPipeError)):
                while s.send(b"x" * 65536):
                    pass

    def memory(self):
        with open("/proc/%d/statm" % self.rig.processes["holdfastd"].pid) as f:
            return int(f.read().split()[1]) * 4096

    def test_a_thousand_connections(self):
        found = []

        def one():
            try:
                with self.rig.connect(60) as s:
                    s.sendall(b"{\"command\":\"status\"}\n")
                    found.append(json.loads(s.makefile("rb").readline()))
            except (OSError, ValueError) as e:
                found.append(e)

        threads = [threading.Thread(target=one) for _ in range(1000)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        good = [x for x in found if isinstance(x, dict) and x["ok"]]
        busy = [x for x in found if isinstance(x, dict) and not x["ok"]]
        self.assertGreater(len(good), 60)
        self.assertEqual({x["error"]["code"] for x in busy} - {"busy"}, set())
        self.assertTrue(self.rig.ask("status")["ok"])

    def test_places_are_full(self):
        held = [self.rig.connect() for _ in range(64)]
        for s in held:
            self.addCleanup(s.close)
        time.sleep(0.2)
        self.hung_up_with(b"", "busy")
        held.pop().close()
        self.rig.wait_for(lambda: self.rig.ask_once("status"))

    def test_gone_while_working(self):
        """Whoever asks for a reload and does not wait is no trouble."""
        for n in range(60):
            s = self.rig.connect()
            s.sendall(b"{\"command\":\"status\"}\n" * (n % 3) +
                      b"{\"command\":\"reload\"}\n" * 3)
            if n % 2:
                time.sleep(0.002)
            s.close()
        self.assertTrue(self.rig.ask("reload")["ok"])

    def test_permissions(self):
        path = os.path.join(self.rig.run, "holdfastd.sock")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o660)


class Commands(Case):
    def test_usage(self):
        self.assertIn("status, zones", self.refused("usage", "nonsense"))
        self.refused("usage", 7)
        self.refused("usage", None)
        for command in ("status", "zones", "reload", "rollback", "release",
                        "stats", "stop"):
            self.assertIn("zzz", self.refused("usage", command, zzz=1))
        self.refused("usage", "zones", zone=1)
        self.refused("usage", "zones", zone="a..b")
        self.refused("usage", "zones", zone="x" * 64 + ".test")
        self.refused("usage", "reload", zone=["a.test"])
        self.refused("not_found", "release")
        self.refused("usage", "release", zone="")
        for steps in (0, -1, 1001, 1.5, "1", None, 1 << 40):
            self.refused("usage", "rollback", steps=steps)
        for generation in ("", "12", 5, "x" * 64, "0" * 65, None):
            self.refused("usage", "rollback", generation=generation)
        self.refused("usage", "rollback", generation="0" * 64, steps=1)
        self.refused("not_found", "zones", zone="none.test")
        self.refused("not_found", "reload", zone="none.test")
        self.refused("not_found", "release", zone="a.test")
        self.refused("not_found", "rollback", generation="12" * 32)
        self.refused("not_found", "rollback", steps=1000)
        self.stays(0)

    def test_status_zones_stats(self):
        status = self.rig.ask("status")
        self.assertEqual(status["pid"], self.rig.processes["holdfastd"].pid)
        self.assertEqual(status["store"], self.rig.store)
        self.assertEqual(status["config"], self.rig.config)
        self.assertEqual(status["zones"], dict(
            configured=2, served=2, refused=0, condemned=0, kept=0,
            unverified=0, signatures_ending=0, signatures_end=None,
            signing_fails=0))
        self.assertLess(abs(status["committed_at"] - time.time()), 60)
        self.assertEqual(status["dataplane"], {"alive": False})
        self.assertIsNone(status["last_error"])
        self.assertRegex(status["generation"], "^[0-9a-f]{64}$")
        answer = self.rig.ask("zones")
        self.assertEqual(answer["count"], 2)
        self.assertEqual([x["zone"]["name"] for x in answer["lines"]],
                         ["a.test.", "b.test."])
        zone = self.rig.zone_state("A.TEST")
        self.assertEqual(zone["records"], 8)
        self.assertEqual(zone["file"], self.rig.path("a.test.zone"))
        self.assertIsNone(zone["why"])
        self.assertEqual(zone["dnssec"], dict(
            mode="verify", state="unsigned", signatures_end=None))
        counters = self.rig.ask("stats")["counters"]
        self.assertGreater(counters["generations_committed"], 0)
        self.assertGreater(counters["answers_proven"], 10)

    def test_committed_at_survives_a_restart(self):
        before = self.rig.ask("status")
        time.sleep(1.1)
        self.rig.stop()
        self.rig.start()
        after = self.rig.ask("status")
        for key in ("generation", "activation", "committed_at"):
            self.assertEqual(before[key], after[key], key)

    def test_stop(self):
        self.assertTrue(self.rig.ask("stop")["ok"])
        self.assertEqual(self.rig.processes.pop("holdfastd").wait(20), 0)
        self.assertFalse(os.path.exists(self.rig.run + "/holdfastd.sock"))
        self.rig.verify()

    def test_stop_with_work_in_hand(self):
        """A reload that is under way, or waits, gets an answer."""
        for n in range(8):
            if n:
                self.rig.start()
            self.rig.zone(10 + n, age=5, more="\n".join(
                "n%d A 192.0.2.1" % i for i in range(1000 + n)))
            waiting = [self.rig.connect() for _ in range(6)]
            for s in waiting:
                s.sendall(b"{\"command\":\"reload\"}\n")
            time.sleep(0.01 * n)
            self.rig.ask("stop")
            for s in waiting:
                line = s.makefile("rb").readline()
                s.close()
                if line:
                    answer = json.loads(line)
                    self.assertTrue(answer["ok"] or answer["error"]["code"] ==
                                    "unavailable", answer)
            self.assertEqual(self.rig.processes.pop("holdfastd").wait(30), 0,
                             self.rig.log_text("holdfastd"))

    def test_second_holdfastd(self):
        """On the same store: refused, and told who has it."""
        pid = self.rig.processes["holdfastd"].pid
        done = subprocess.run([rig.CONTROL, "--config", self.rig.config],
                              capture_output=True, text=True, timeout=30,
                              check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(str(pid), done.stderr)
        self.assertIn(self.rig.store, done.stderr)
        self.assertTrue(self.rig.ask("status")["ok"])

    def test_second_holdfastd_of_another_store(self):
        """In the same run directory: the first one's socket stays its own."""
        with open(self.rig.config) as f:
            self.rig.text("other.yaml", f.read().replace(
                self.rig.store, self.rig.path("store2")))
        done = subprocess.run(
            [rig.CONTROL, "--config", self.rig.path("other.yaml")],
            capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("another holdfastd", done.stderr)
        self.assertEqual(self.rig.ask("status")["store"], self.rig.store)

    def test_options(self):
        for words, status in ((["--version"], 0), (["--nonsense"], 2),
                              (["--config"], 2),
                              (["--check", "--config", self.rig.config], 0),
                              (["--check", "--config", "/nonexistent"], 1)):
            done = subprocess.run([rig.CONTROL, *words], capture_output=True,
                                  text=True, timeout=30, check=False)
            self.assertEqual(done.returncode, status, words)
            self.assertTrue(done.stdout + done.stderr)


class Sources(Case):
    """Zone files and configurations that change."""

    def test_change_is_seen(self):
        self.rig.zone(2)
        self.rig.wait_state(state="served", serial=2)
        self.assertEqual(self.rig.zone_state("b.test")["serial"], 1)

    def test_touch_makes_no_generation(self):
        before = self.rig.ask("status")
        for _ in range(3):
            os.utime(self.rig.path("a.test.zone"))
            time.sleep(0.1)
        self.rig.zone(1)  # the same again, another file
        self.stays()
        answer = self.rig.ask("reload")
        self.assertFalse(answer["changed"])
        self.assertEqual(answer["generation"], before["generation"])
        self.assertEqual(self.rig.ask("status")["activation"],
                         before["activation"])

    def test_reload_waits_for_the_file(self):
        """Edit, then reload at once: the answer is about that edit."""
        self.rig.configure(settle=300)
        self.rig.ask("reload")
        for serial in range(2, 5):
            self.rig.zone_in_place(serial)
            answer = self.rig.ask("reload")
            self.assertTrue(answer["changed"])
            self.assertEqual(self.rig.zone_state()["serial"], serial)
        self.rig.zone_in_place(5)
        self.assertTrue(self.rig.ask("reload", zone="a.test")["changed"])
        # one that is renamed into place may be live before the reload comes
        for serial in range(6, 9):
            self.rig.zone(serial)
            self.rig.ask("reload")
            self.assertEqual(self.rig.zone_state()["serial"], serial)

    def test_half_written(self):
        """Written in pieces: no piece is ever read, nor with a reload in
        between, nor after a start."""
        self.rig.configure(settle=400)
        self.rig.ask("reload")
        text = rig.ZONE % dict(serial=2, more="\n".join(
            "n%d A 192.0.2.1" % i for i in range(200)))
        lines = text.splitlines(keepends=True)
        committed = self.rig.ask("stats")["counters"]["generations_committed"]
        with open(self.rig.path("a.test.zone"), "w") as f:
            for n in range(0, len(lines), 20):
                f.write("".join(lines[n:n + 20]))
                f.flush()
                time.sleep(0.1)
                if n == 60:
                    s = self.rig.connect()
                    s.sendall(b"{\"command\":\"reload\"}\n")
                if n == 100:
                    self.rig.stop(how=signal.SIGKILL)
                    self.rig.start()
                    committed = 0
                self.assertEqual(self.rig.zone_state()["serial"], 1)
        s.close()
        zone = self.rig.wait_state(state="served", serial=2)
        self.assertEqual(zone["records"], 208)
        counters = self.rig.ask("stats")["counters"]
        self.assertEqual(counters["generations_committed"], committed + 1)
        self.assertNotIn("zone a.test. refused",
                         self.rig.log_text("holdfastd"))

    def test_renamed_into_place(self):
        """Such a file is whole: it does not wait as others do."""
        self.rig.configure(settle=60000)
        self.rig.ask("reload")
        for serial in range(2, 5):
            self.rig.zone(serial)
            self.rig.wait_state(state="served", serial=serial)
        with open(self.rig.path("a.test.zone"), "a") as f:
            f.write("more A 192.0.2.1\n")
        self.stays()
        self.assertEqual(self.rig.zone_state()["state"], "served")

    def test_bad_zone_and_good_zone(self):
        """A bad zone keeps its last good version and holds nobody back."""
        self.rig.text("a.test.zone", "$TTL 60\n@ SOA ns h 2 3 4 5 6\n@ NS ns\n"
                      "ns A 192.0.2.300\n")
        self.rig.zone(2, "b.test")
        self.rig.wait_state("b.test", state="served", serial=2)
        zone = self.rig.wait_state(state="refused")
        self.assertEqual(zone["serial"], 1)
        self.assertIn(self.rig.path("a.test.zone") + ":4: ", zone["why"])
        answer = self.rig.ask("reload")
        self.assertEqual(answer["refused"], 1)
        self.assertEqual(answer["zones"][0]["name"], "a.test.")
        self.assertEqual(
            self.rig.ask("stats")["counters"]["generations_committed"], 2)
        said = self.rig.log_text("holdfastd").count("zone a.test. refused")
        self.assertEqual(said, 1)
        self.rig.zone(3)
        self.assertIsNone(
            self.rig.wait_state(state="served", serial=3)["why"])

    def test_not_utf8(self):
        """Texts that quote a zone file's octets are still JSON."""
        path = self.rig.path("a.test.zone")
        with open(path, "wb") as f:
            f.write(b"$TTL 60\n@ SOA ns h 2 3 4 5 6\n@ NS ns\n"
                    b"ns \xff\xfe\xc3 192.0.2.1\n" + b"\xe4" * 900 + b" A\n")
        zone = self.rig.wait_state(state="refused")
        self.assertIn(":4: ", zone["why"])
        self.assertEqual(self.rig.ask("reload")["refused"], 1)

    def test_file_gone_and_back(self):
        os.unlink(self.rig.path("a.test.zone"))
        zone = self.rig.wait_state(state="refused")
        self.assertEqual(zone["serial"], 1)
        self.assertIn("a.test.zone", zone["why"])
        os.mkdir(self.rig.path("a.test.zone"))
        self.rig.wait_for(lambda: "irectory" in self.rig.ask(
            "reload")["zones"][0]["why"])
        os.rmdir(self.rig.path("a.test.zone"))
        self.rig.zone(1)  # what it was: nothing to publish
        self.rig.wait_state(state="served", serial=1)
        self.rig.zone(2)
        self.rig.wait_state(state="served", serial=2)

    def test_included_file(self):
        self.rig.text("part", "inc TXT \"1\"\n", age=5)
        self.rig.zone(2, more="$INCLUDE part")
        records = self.rig.wait_state(state="served", serial=2)["records"]
        before = self.generation()
        self.rig.text("part", "inc TXT \"1\"\nmore TXT \"2\"\n")
        self.rig.wait_for(lambda: self.generation() != before)
        self.assertEqual(self.rig.zone_state()["records"], records + 1)

    def test_bad_configuration(self):
        before = self.rig.ask("zones")
        with open(self.rig.config) as f:
            good = f.read()
        for bad, what in ((good + "nonsense: 1\n", "nonsense"),
                          (good.replace("retain: 4", "retain: x"), "retain"),
                          (good.replace("zones:\n", "zones: [\n"), ":"),
                          (good + "  - {name: a.test, file: x}\n", "a.test")):
            self.rig.text("holdfast.yaml", bad)
            text = self.rig.ask("reload")["error"]
            self.assertIn(text["code"], ("syntax", "semantic", "exists"))
            self.assertRegex(text["text"], re.escape(self.rig.config) +
                             r":\d+: ")
            self.assertIn(what, text["text"])
            self.assertEqual(self.rig.ask("zones"), before)
        self.rig.text("holdfast.yaml", good.replace(
            self.rig.store, self.rig.path("elsewhere")))
        self.assertIn("restart", self.refused("refused", "reload"))
        os.unlink(self.rig.config)
        self.assertIn("holdfast.yaml", self.rig.ask("reload")["error"]["text"])
        self.rig.text("holdfast.yaml", good)
        self.rig.zone(2)
        self.rig.wait_state(state="served", serial=2)

    def test_zone_added_and_removed(self):
        self.rig.zones["c.test"] = "c.test.zone"
        self.rig.zone(7, "c.test", age=5)
        self.rig.configure()
        self.assertTrue(self.rig.ask("reload")["changed"])
        self.assertEqual(self.rig.zone_state("c.test")["serial"], 7)
        self.rig.start_sockets()
        self.assertEqual(self.rig.serial("c.test"), 7)
        del self.rig.zones["c.test"]
        self.rig.configure()
        self.assertTrue(self.rig.ask("reload")["changed"])
        self.refused("not_found", "zones", zone="c.test")
        self.rig.wait_for(lambda: self.rig.serial("c.test") is None)
        self.assertEqual(self.rig.serial("a.test"), 1)
        self.rig.text("c.test.zone", "not ours any more")
        self.stays()

    def test_sighup(self):
        self.rig.zones["c.test"] = "c.test.zone"
        self.rig.zone(7, "c.test", age=5)
        self.rig.configure()
        self.rig.processes["holdfastd"].send_signal(signal.SIGHUP)
        self.rig.wait_for(
            lambda: self.rig.ask("zones", zone="c.test")["ok"])
        self.rig.wait_state("c.test", state="served", serial=7)

    def test_no_zone_left(self):
        """To serve nothing is no wish that a configuration can say."""
        before = self.generation()
        zones, self.rig.zones = self.rig.zones, {}
        self.rig.configure()
        self.assertIn("no zone", self.rig.ask("reload")["error"]["text"])
        self.assertEqual(self.generation(), before)
        self.assertIn("no zone", self.rig.ask("status")["last_error"])
        time.sleep(3)
        self.assertEqual(
            self.rig.log_text("holdfastd").count("leaves no zone"), 1)
        # and back, though a file has gone bad in the meantime
        self.rig.text("a.test.zone", "bad")
        self.rig.zones = zones
        self.rig.configure()
        self.assertEqual(self.rig.ask("reload")["refused"], 1)
        self.assertEqual(self.rig.zone_state()["serial"], 1)
        self.rig.zone(2)
        self.rig.wait_state(state="served", serial=2)

    def test_another_file(self):
        self.rig.zones["a.test"] = "other.zone"
        self.rig.zone(3, age=5)
        self.rig.configure()
        self.assertTrue(self.rig.ask("reload")["changed"])
        self.rig.text("a.test.zone", "what was its file is nothing to us")
        self.stays()
        self.assertEqual(self.rig.zone_state()["serial"], 3)


class Rollback(Case):
    def versions(self, *serials):
        for serial in serials:
            self.rig.zone(serial, age=5)
            self.rig.ask("reload")
        self.assertEqual(self.rig.zone_state()["serial"], serials[-1])

    def test_condemned_until_the_source_changes(self):
        self.versions(2)
        self.rig.start_sockets()
        left = self.generation()
        answer = self.rig.ask("rollback")
        self.assertEqual(answer["left"], left)
        self.assertEqual(answer["condemned"], ["a.test."])
        zone = self.rig.wait_state(state="condemned", serial=1)
        self.assertIn("holdfast release a.test.", zone["why"])
        self.assertEqual(self.rig.ask("status")["zones"]["condemned"], 1)
        self.rig.wait_for(lambda: self.rig.serial() == 1)
        # not by a touch, a reload, another zone's change or a restart
        os.utime(self.rig.path("a.test.zone"))
        self.assertFalse(self.rig.ask("reload")["changed"])
        self.rig.zone(2, "b.test")
        self.rig.wait_state("b.test", state="served", serial=2)
        self.rig.stop(how=signal.SIGKILL)
        self.rig.start()
        self.rig.wait_state(state="condemned", serial=1)
        self.assertEqual(self.rig.serial(), 1)
        # a change of the source
        self.rig.zone(3)
        self.rig.wait_state(state="served", serial=3)
        self.rig.wait_for(lambda: self.rig.serial() == 3)
        # and back to what was condemned: still condemned
        self.rig.zone(2)
        self.rig.wait_state(state="condemned", serial=3)

    def test_release(self):
        self.versions(2)
        self.rig.ask("rollback")
        self.rig.wait_state(state="condemned", serial=1)
        self.refused("not_found", "release", zone="b.test")
        self.assertEqual(self.rig.ask("release", zone="a.test")["released"], 1)
        self.rig.wait_state(state="served", serial=2)
        self.refused("not_found", "release", zone="a.test")

    def test_who_has_gone_rolls_nothing_back(self):
        """holdfastd hangs, an operator asks and gives up, and asks again."""
        self.versions(2, 3, 4)
        daemon = self.rig.processes["holdfastd"]
        request = b"{\"command\":\"rollback\"}\n"
        daemon.send_signal(signal.SIGSTOP)
        for _ in range(3):
            with self.rig.connect() as s:
                s.sendall(request)
        with self.rig.connect() as waits:  # with no more to say
            waits.sendall(request)
            waits.shutdown(socket.SHUT_WR)
            daemon.send_signal(signal.SIGCONT)
            self.assertTrue(json.loads(waits.recv(65536))["ok"])
        self.assertEqual(self.rig.zone_state()["serial"], 3)
        with open(os.path.join(self.rig.store, "audit.log")) as f:
            events = [json.loads(line) for line in f]
        self.assertEqual([(e["event"], e["who"]) for e in events],
                         [("rollback", "uid %d" % os.getuid())])

    def test_steps_and_generations(self):
        self.versions(2, 3, 4)
        live = self.generation()
        self.refused("exists", "rollback", generation=live)
        self.assertTrue(self.rig.ask("rollback", steps=2)["ok"])
        self.rig.wait_state(state="condemned", serial=2)
        # forward again, by name: what is live is not condemned
        self.assertTrue(self.rig.ask("rollback", generation=live)["ok"])
        self.rig.wait_state(state="served", serial=4)

    def test_new_zone_rolled_back(self):
        self.rig.zones["c.test"] = "c.test.zone"
        self.rig.zone(7, "c.test", age=5)
        self.rig.configure()
        self.rig.ask("reload")
        self.rig.ask("rollback")
        zone = self.rig.wait_state("c.test", state="condemned")
        self.assertIsNone(zone["serial"])
        self.rig.ask("release", zone="c.test")
        self.rig.wait_state("c.test", state="served", serial=7)


class Metrics(Case):
    options = dict(metrics_on="true")

    def get(self, path="/metrics", method="GET"):
        c = http.client.HTTPConnection(
            "127.0.0.1", self.rig.options["metrics_port"], timeout=10)
        c.request(method, path)
        r = c.getresponse()
        body = r.read().decode()
        c.close()
        return r.status, r.getheader("Content-Type"), body

    def parse(self, text):
        """{(name, labels): value}; refuses what the format refuses."""
        kinds, helps, samples = {}, set(), {}
        family, done = None, set()
        self.assertTrue(text.endswith("\n"))
        for line in text.splitlines():
            if line.startswith("# HELP ") or line.startswith("# TYPE "):
                _, what, name, rest = line.split(" ", 3)
            else:
                m = re.fullmatch(
                    r'([a-zA-Z_:][a-zA-Z0-9_:]*)'
                    r'(\{[a-z_]+="(?:[^"\\\n]|\\[\\n"])*"'
                    r'(?:,[a-z_]+="(?:[^"\\\n]|\\[\\n"])*")*\})? '
                    r'(-?[0-9.]+(?:e[-+]?[0-9]+)?|NaN|[+-]Inf)', line)
                self.assertIsNotNone(m, line)
                what, name = None, m.group(1)
            if name != family:
                self.assertNotIn(name, done, "not contiguous")
                done.add(family)
                family = name
            if what == "HELP":
                self.assertNotIn(name, helps)
                self.assertNotIn(name, kinds, "HELP after TYPE")
                helps.add(name)
            elif what == "TYPE":
                self.assertNotIn(name, kinds)
                self.assertIn(rest, ("counter", "gauge", "histogram"))
                kinds[name] = rest
            else:
                self.assertIn(name, kinds, "no TYPE before it")
                self.assertEqual(kinds[name] == "counter",
                                 name.endswith("_total"), name)
                key = (name, m.group(2))
                self.assertNotIn(key, samples, "twice")
                samples[key] = float(m.group(3))
        return samples

    def test_format_and_figures(self):
        status, kind, text = self.get()
        self.assertEqual(status, 200)
        self.assertIn("version=0.0.4", kind)
        found = self.parse(text)
        self.assertEqual(found[("holdfast_zones", '{state="served"}')], 2)
        self.assertEqual(found[("holdfast_zone_serial",
                                '{zone="a.test.",state="served"}')], 1)
        self.assertEqual(
            found[("holdfast_control_generations_committed_total", None)], 1)
        self.assertEqual(found[("holdfast_dataplane_beat_seconds", None)], -1)
        self.assertEqual(found[("holdfast_control_error", None)], 0)
        self.assertGreaterEqual(found[("holdfast_last_turn_seconds", None)], 0)

    def test_counters_of_the_socket_server(self):
        self.rig.start_sockets()
        self.rig.serial()
        found = self.parse(self.get()[2])
        self.assertEqual(sum(v for (name, labels), v in found.items()
                             if name.startswith("holdfast_sockets_verdict_udp")
                             and 'what="cname"' in labels), 1)

    def test_error_and_recovery(self):
        zones, self.rig.zones = self.rig.zones, {}
        self.rig.configure()
        self.rig.ask("reload")
        self.assertEqual(self.parse(self.get()[2])[
            ("holdfast_control_error", None)], 1)
        self.rig.zones = zones
        self.rig.configure()
        self.rig.ask("reload")
        self.assertEqual(self.parse(self.get()[2])[
            ("holdfast_control_error", None)], 0)

    def test_other_requests(self):
        self.assertEqual(self.get("/")[0], 404)
        self.assertEqual(self.get("/metrics/../x")[0], 404)
        self.assertEqual(self.get(method="POST")[0], 405)
        self.assertEqual(self.get(method="HEAD")[0], 200)
        port = self.rig.options["metrics_port"]
        for junk in (b"\0" * 100, b"GET " + b"x" * 100000, b"\r\n" * 5000):
            with socket.create_connection(("127.0.0.1", port), 5) as s:
                try:
                    s.sendall(junk)
                except OSError:
                    pass
        many = [socket.create_connection(("127.0.0.1", port), 5)
                for _ in range(100)]
        self.assertTrue(self.rig.ask("status")["ok"])
        for s in many:
            s.close()

        def works():
            try:
                return self.get()[0] == 200
            except (OSError, http.client.HTTPException):
                return False
        self.rig.wait_for(works)


class Group(unittest.TestCase):
    def setUp(self):
        self.rig = rig.Rig()
        self.addCleanup(self.rig.remove)
        self.rig.zone(1, age=5)

    def test_socket_group(self):
        if os.geteuid() != 0:
            self.skipTest("only root gives files to any group")
        self.rig.configure(control="socket_group: nogroup")
        os.umask(0o077)
        self.rig.start()
        os.umask(0o022)
        s = os.stat(self.rig.run + "/holdfastd.sock")
        self.assertEqual(s.st_gid, grp.getgrnam("nogroup").gr_gid)
        self.assertEqual(stat.S_IMODE(s.st_mode), 0o660)

    def start_fails(self):
        p = self.rig.spawn("holdfastd", rig.CONTROL, "--config",
                           self.rig.config)
        self.assertEqual(p.wait(30), 1)
        return self.rig.log_text("holdfastd")

    def test_mistakes_at_the_start(self):
        self.rig.configure(control="socket_group: no-such-group-here")
        self.assertIn("no-such-group-here", self.start_fails())
        self.rig.configure(control="")
        with socket.create_server(("127.0.0.1", 0)) as s:
            port = s.getsockname()[1]
            self.rig.configure(metrics_on="true", metrics_port=port)
            self.assertIn("127.0.0.1@%d" % port, self.start_fails())
        self.rig.configure(metrics_on="false")
        shutil.rmtree(self.rig.store)
        self.rig.text("store", "a file")
        self.assertIn(self.rig.store, self.start_fails())

    def test_no_good_zone_yet(self):
        """Nothing is live; the first good version is, at once."""
        self.rig.text("a.test.zone", "bad")
        self.rig.start()
        zone = self.rig.wait_state(state="refused")
        self.assertIsNone(zone["serial"])
        self.assertIsNone(self.rig.ask("status")["generation"])
        self.rig.ask("reload")
        self.assertEqual(
            self.rig.ask("rollback")["error"]["code"], "not_found")
        self.rig.zone(1)
        self.rig.wait_state(state="served", serial=1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
