#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 240
"""holdfast, the operator's command: every command, what it says, and its exit
status. Offline commands work on stores that are made here; those that talk get
a holdfastd and a data plane of a few lines, which speak the protocols of
docs/control-socket.md and snapshot/dataplane_protocol.h:

    holdfast -> RUN/holdfastd.sock    FakeControl    (stream, JSON lines)
             -> RUN/dataplane.sock    FakeDataPlane  (packets)
             -> RUN/*.counters        written by a holdfast-sockets

and the real holdfastd in the end.
"""
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

BUILD = os.path.abspath(os.environ.get("HOLDFAST_BUILD", "build/release"))
TOOL = os.path.join(BUILD, "holdfast")
SOCKETS = os.path.join(BUILD, "holdfast-sockets")
DAEMON = os.path.join(BUILD, "holdfastd")

OK, NO, USAGE, PARTIAL, NOBODY, STORE = range(6)

ZONE = """$TTL 300
@ SOA ns hostmaster %(serial)d 3600 600 86400 60
@ NS ns
ns A 192.0.2.1
www A %(address)s
*.wild TXT "a b"
"""


class Case(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="holdfast-test-")
        self.addCleanup(shutil.rmtree, self.top)
        self.store = self.path("store")
        self.run_dir = self.path("run")
        os.mkdir(self.run_dir)

    def path(self, *names):
        return os.path.join(self.top, *names)

    def write(self, name, text):
        path = self.path(name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def zone(self, name="example.test", serial=1, address="192.0.2.10"):
        path = self.write(name + ".zone",
                          ZONE % dict(serial=serial, address=address))
        return name + "=" + path

    def tool(self, *words, status=OK, cwd=None):
        done = subprocess.run([TOOL, *words], capture_output=True, text=True,
                              timeout=60, cwd=cwd or self.top,
                              stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, status,
                         (words, done.stdout, done.stderr))
        if status != OK and "--json" not in words and status != PARTIAL:
            self.assertRegex(done.stderr + done.stdout, r"\S")
        return done

    def json(self, *words, status=OK):
        lines = self.tool(*words, "--json", status=status).stdout
        answers = [json.loads(line) for line in lines.splitlines()]
        return answers[0] if len(answers) == 1 else answers

    def compile(self, serial=1, address="192.0.2.10", **options):
        return self.json("compile", "--store", self.store, "--zone",
                         self.zone(serial=serial, address=address), **options)


class Words(Case):
    def test_help_has_every_command_and_the_statuses(self):
        text = self.tool("help").stdout
        for command in ("status zones check compile show verify query diff "
                        "history reload rollback release stats stop "
                        "version").split():
            self.assertIn("  holdfast %s " % command, text)
            self.assertIn("holdfast " + command,
                          self.tool("help", command).stdout)
        self.assertIn("4 nobody there", text)
        self.assertEqual(self.tool().stdout, text)
        self.assertEqual(self.tool("--help").stdout, text)
        names = [c["name"] for c in self.json("help")["commands"]]
        self.assertIn("compile", names)
        self.assertEqual(len(self.json("help", "diff")["commands"]), 1)

    def test_version(self):
        self.assertRegex(self.tool("version").stdout, r"^holdfast \d+\.\d+")
        self.assertRegex(self.tool("--version").stdout, r"^holdfast \d+\.\d+")
        self.assertIn("version", self.json("version"))

    def test_wrong_usage(self):
        for words, says in (
                (["nonsense"], "holdfast help"),
                (["help", "nonsense"], "holdfast help"),
                (["query"], "holdfast query NAME"),
                (["query", "--bogus", "x"], "--bogus"),
                (["query", "x", "--schema"], "no option --schema"),
                (["query", "x", "NOTATYPE"], "no type"),
                (["query", "x", "+nonsense"], "+do"),
                (["query", "x", "--udp", "100"], "512 to 65535"),
                (["query", "a..b"], "no domain name"),
                (["diff", "current"], "holdfast diff A B"),
                (["diff", "a", "b", "c"], "one word too many"),
                (["compile", "--store", "s"], "--zones-from"),
                (["compile", "--store", "s", "--zone", "x"], "NAME=FILE"),
                (["pin"], "holdfast pin HEX"),
                (["stop", "nonsense"], "dataplane"),
                (["rollback", "0", "--run", "."], "1 to 999"),
                (["status", "--timeout", "soon"], "1 to 86400"),
                (["show", "--store"], "needs a value")):
            self.assertIn(says, self.tool(*words, status=USAGE).stderr)
        self.assertEqual(self.json("nonsense", status=USAGE)["error"]["code"],
                         "usage")


class Check(Case):
    def test_zones(self):
        good = self.zone()
        self.assertIn("1 of 1 zones are good",
                      self.tool("check", "--zone", good).stdout)
        bad = self.write("bad.zone", "$TTL 60\n@ SOA a b 1 2 3 4 5\n@ NS a\n"
                         "www A 192.0.2.300\n")
        done = self.tool("check", "--zone", good, "--zone", "bad.test=" + bad,
                         status=PARTIAL)
        self.assertIn("bad.test. refused: %s:4: " % bad, done.stdout)
        answer = self.json("check", "--zone", "bad.test=" + bad,
                           status=PARTIAL)
        self.assertEqual(answer["refused"][0]["zone"], "bad.test.")

    def test_zones_that_are_no_files(self):
        empty = self.write("empty.zone", "")
        for name, file in (("missing", self.path("missing")),
                           ("folder", self.top), ("empty", empty)):
            done = self.tool("check", "--zone", name + "=" + file,
                             status=PARTIAL)
            self.assertIn(file, done.stdout)

    def test_configuration(self):
        self.zone()
        good = self.write("good.yaml", "store: {directory: %s}\nzones:\n"
                          "  - {name: example.test, file: "
                          "example.test.zone}\n" % self.store)
        self.assertIn("1 of 1 zones", self.tool("check", "--config",
                                                good).stdout)
        bad = self.write("bad.yaml", "store:\n  directroy: /x\n")
        text = self.tool("check", "--config", bad, status=NO).stderr
        self.assertIn("bad.yaml:2", text)
        self.assertIn("directroy", text)

    def test_schema(self):
        self.assertIn("tcp_idle_ms", self.tool("check", "--schema").stdout)
        self.assertIn("tcp_idle_ms", self.json("check",
                                               "--schema")["reference"])

    def test_zone_twice(self):
        self.assertIn("twice", self.tool(
            "check", "--zone", self.zone(), "--zone", self.zone(),
            status=NO).stderr)


class Compile(Case):
    def test_new_store_then_change_then_nothing(self):
        first = self.compile(1)
        self.assertTrue(first["ok"])
        self.assertEqual(first["activation"], 1)
        self.assertGreater(first["answers_proven"], 0)
        second = self.compile(2, "192.0.2.11")
        self.assertEqual(second["activation"], 2)
        self.assertNotEqual(first["generation"], second["generation"])
        again = self.compile(2, "192.0.2.11")
        self.assertTrue(again["unchanged"])
        self.assertEqual(again["activation"], 2)
        self.assertEqual(again["generation"], second["generation"])

    def test_files_are_where_the_shell_would_look(self):
        name, path = self.zone().split("=")
        for word in os.path.basename(path), "../" + os.path.basename(path):
            self.tool("compile", "--store", self.path("store%d" % len(word)),
                      "--zone", name + "=" + word,
                      cwd=self.run_dir if word[0] == "." else self.top)

    def test_list(self):
        names = ["z%d.test" % i for i in range(50)]
        for name in names:
            self.zone(name)
        text = "".join("%s\t%s.zone\n" % (n, n) for n in names)
        path = self.write("list", text)
        answer = self.json("compile", "--store", self.store, "--zones-from",
                           path)
        self.assertEqual(answer["zones"], 50)
        self.assertEqual(self.json("show", "current", "--store",
                                   self.store)["zones"], 50)

    def test_bad_zone_is_left_out_and_the_others_go_on(self):
        bad = self.write("bad.zone", "@ nonsense\n")
        done = self.tool("compile", "--store", self.store, "--zone",
                         self.zone(), "--zone", "bad.test=" + bad,
                         status=PARTIAL)
        self.assertIn("bad.test. refused, left out: %s:1: " % bad, done.stderr)
        self.assertIn("1 of 2 zones good", done.stdout)
        self.assertEqual(self.query("www.example.test")["rcode"], "NOERROR")
        self.assertEqual(self.query("www.bad.test")["rcode"], "REFUSED")

    def test_bad_zone_stays_at_its_last_good_version(self):
        self.compile(7)
        self.write("example.test.zone", "@ nonsense\n")
        answer = self.json(
            "compile", "--store", self.store, "--zone", "example.test=" +
            self.path("example.test.zone"), "--zone",
            self.zone("other.test"), status=PARTIAL)
        self.assertEqual(answer["refused"][0]["fate"], "stays at serial 7")
        self.assertEqual(self.query("www.example.test")["rcode"], "NOERROR")
        self.assertEqual(self.query("www.other.test")["rcode"], "NOERROR")

    def query(self, *words):
        return self.json("query", "--store", self.store, *words)

    def test_no_good_zone_commits_nothing(self):
        bad = self.write("bad.zone", "@ nonsense\n")
        done = self.tool("compile", "--store", self.store, "--zone",
                         "bad.test=" + bad, status=NO)
        self.assertIn("nothing was committed", done.stderr)
        self.assertIn("no generation yet",
                      self.tool("history", "--store", self.store).stdout)

    def test_live_owner_and_data_plane(self):
        self.compile(1)
        for lock in ("owner.lock", "commit.lock"):
            with open(os.path.join(self.store, lock), "r+") as f:
                # open-file-description lock, as a daemon takes it
                fcntl.fcntl(f, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0,
                                               0, 0))
                done = self.tool("compile", "--store", self.store, "--zone",
                                 self.zone(serial=2), status=NO)
            self.assertIn("holdfast reload", done.stderr)
        self.assertEqual(len(self.json("history", "--store",
                                       self.store)["generations"]), 1)

    def test_store_is_something_else(self):
        os.mkdir(self.store)
        self.write("store/letter", "dear")
        self.tool("compile", "--store", self.store, "--zone", self.zone(),
                  status=STORE)
        self.assertEqual(os.listdir(self.store), ["letter"])
        file = self.write("file", "x")
        self.tool("compile", "--store", file, "--zone", self.zone(),
                  status=STORE)


class Look(Case):
    def setUp(self):
        super().setUp()
        self.first = self.compile(1)["generation"]
        self.second = self.compile(2, "192.0.2.11")["generation"]
        self.at = ("--store", self.store)

    def test_query(self):
        text = self.tool("query", "www.example.test", *self.at).stdout
        self.assertRegex(text, r"www\.example\.test\.\s+300\s+IN\s+A\s+"
                         r"192\.0\.2\.11\n")
        self.assertIn("rcode: NOERROR", text)
        self.assertIn("VERDICT: answer", text)
        answer = self.json("query", "no.example.test", "mx", *self.at)
        self.assertEqual(answer["rcode"], "NXDOMAIN")
        self.assertIn("SOA", answer["authority"][0])
        answer = self.json("query", "x.wild.example.test", "TXT", "+do",
                           "--tcp", *self.at)
        self.assertEqual(len(answer["answer"]), 1)
        answer = self.json("query", "www.example.test", "TYPE1",
                           "--generation", self.first[:12], *self.at)
        self.assertIn("192.0.2.10", answer["answer"][0])
        self.assertEqual(answer["generation"], self.first)
        self.assertIn("edns: version 0", self.tool(
            "query", "+do", "www.example.test", "--udp", "600",
            *self.at).stdout.lower())

    def test_diff(self):
        text = self.tool("diff", "previous", "current", *self.at).stdout
        self.assertIn("-www.example.test. 300 IN A 192.0.2.10\n", text)
        self.assertIn("+www.example.test. 300 IN A 192.0.2.11\n", text)
        self.assertNotIn("ns.example.test. 300 IN A", text)
        answer = self.json("diff", "current", self.first[:8], *self.at)
        self.assertEqual((answer["removed"], answer["added"]), (2, 2))
        answer = self.json("diff", "current", "current", *self.at)
        self.assertEqual(answer["changes"], [])

    def test_history(self):
        list_ = self.json("history", *self.at)["generations"]
        self.assertEqual([g["generation"] for g in list_],
                         [self.second, self.first])
        self.assertEqual([g["current"] for g in list_], [True, False])
        self.assertEqual(list_[0]["parent"], self.first)
        self.assertIn("current", self.tool("history", *self.at).stdout)

    def test_show(self):
        answer = self.json("show", *self.at)
        self.assertEqual(answer["current"], self.second)
        self.assertFalse(answer["owner_alive"])
        self.assertEqual(answer["generations"]["files"], 2)
        self.assertIn(self.second, self.tool("show", *self.at).stdout)
        self.assertEqual(self.json("show", "previous", *self.at)["zones"], 1)
        for folder, word in (("cells", "shared cell"), ("records", "serial"),
                             ("generations", "manifest: 1 zones")):
            for file in self.files(folder):
                self.assertIn(word, self.tool("show", file).stdout)
                self.assertTrue(self.json("show", file)["ok"])

    def files(self, folder):
        top = os.path.join(self.store, folder)
        return [os.path.join(top, name) for name in os.listdir(top)]

    def test_verify(self):
        self.assertIn("sound", self.tool("verify", *self.at).stdout)
        self.assertEqual(len(self.json("verify", "--all", *self.at)), 2)
        for folder in ("cells", "records", "generations"):
            for file in self.files(folder):
                self.assertIn("sound", self.tool("verify", file).stdout)

    def test_verify_finds_one_flipped_bit_anywhere(self):
        for folder in ("cells", "records", "generations"):
            for file in self.files(folder):
                os.chmod(file, 0o600)
                with open(file, "r+b") as f:
                    data = bytearray(f.read())
                    data[len(data) // 2] ^= 4
                    f.seek(0)
                    f.write(data)
                self.tool("verify", file, status=NO)
                answers = self.json("verify", "--all", *self.at, status=NO)
                self.assertEqual([a["ok"] for a in answers].count(False), 1)
                data[len(data) // 2] ^= 4
                with open(file, "wb") as f:
                    f.write(data)
        self.tool("verify", "--all", *self.at)

    def test_names_of_generations(self):
        for name, status in (("ffff", NO), ("abc", USAGE), ("newest", USAGE),
                             ("0" * 65, USAGE)):
            text = self.tool("show", name, *self.at, status=status).stderr
            self.assertIn("holdfast history", text)

    def test_no_store(self):
        nowhere = self.path("nowhere")
        for words in (["show"], ["verify"], ["history"], ["query", "x"],
                      ["diff", "a", "b"], ["rollback"]):
            text = self.tool(*words, "--store", nowhere, status=STORE).stderr
            self.assertIn("holdfast compile --store", text)

    def test_files_that_are_nothing_of_ours(self):
        junk = self.write("junk.cell", "junk")
        for command in ("show", "verify"):
            self.assertIn("neither a cell", self.tool(command, junk,
                                                      status=STORE).stderr)
            self.tool(command, self.path("missing.cell"), status=STORE)

    def test_rollback_by_hand(self):
        """On a store that nobody uses; what is left is condemned."""
        answer = self.json("rollback", *self.at)
        self.assertEqual(answer["generation"], self.first)
        self.assertEqual(answer["activation"], 3)
        self.assertEqual(answer["by"], "hand")
        answer = self.json("show", *self.at)
        self.assertEqual(answer["current"], self.first)
        self.assertEqual(answer["condemned"], 1)
        self.assertIn("only 0 generations",
                      self.tool("rollback", *self.at, status=NO).stderr)
        self.tool("rollback", self.first[:10], *self.at, status=NO)
        answer = self.json("rollback", self.second[:10], *self.at)
        self.assertEqual(answer["generation"], self.second)


    def test_marks_by_hand(self):
        self.tool("hold", *self.at)
        self.tool("hold", *self.at)
        self.assertIn("hold", os.listdir(self.store))
        self.tool("release", *self.at)
        self.assertNotIn("hold", os.listdir(self.store))
        self.tool("pin", self.first[:8], *self.at)
        self.tool("pin", "previous", *self.at)
        self.assertEqual([g["pinned"] for g in self.json(
            "history", *self.at)["generations"]], [False, True])
        self.tool("rollback", "--force", *self.at)
        self.assertEqual([g["rolled_back"] for g in self.json(
            "history", *self.at)["generations"]
            if g["generation"] == self.second], [True])
        self.tool("unpin", self.first, *self.at)
        self.tool("pin", "00" * 32, *self.at, status=NO)

    def test_condemned_version_does_not_come_back_by_itself(self):
        self.tool("rollback", *self.at)
        answer = self.compile(2, "192.0.2.11", status=PARTIAL)
        self.assertIn("holdfast release", answer["refused"][0]["why"])
        self.assertEqual(answer["refused"][0]["fate"], "stays at serial 1")
        self.assertTrue(answer["unchanged"])
        self.assertEqual(answer["generation"], self.first)
        self.tool("release", "other.test", *self.at, status=NO)
        self.tool("release", "Example.test", *self.at)
        answer = self.compile(2, "192.0.2.11")
        self.assertEqual(self.json("show", *self.at)["current"],
                         answer["generation"])

    def test_changed_zone_is_not_condemned(self):
        self.tool("rollback", *self.at)
        self.assertTrue(self.compile(1)["unchanged"])  # what is live
        self.assertTrue(self.compile(3, "192.0.2.11")["ok"])


class Server:
    """A Unix socket with a thread that answers requests by a function."""

    def __init__(self, path, kind, answer):
        self.socket = socket.socket(socket.AF_UNIX, kind)
        self.socket.bind(path)
        self.socket.listen(8)
        self.answer = answer
        self.requests = []
        self.thread = threading.Thread(target=self.loop, daemon=True)
        self.thread.start()

    def loop(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            with peer:
                data = peer.recv(65536)
                if data:
                    self.requests.append(data)
                    for part in self.answer(data):
                        peer.sendall(part)

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()


class Talk(Case):
    """Commands that ask somebody."""

    def control(self, *answers, raw=None):
        """A holdfastd that gives these answers, then closes."""
        lines = [json.dumps(a).encode() + b"\n" for a in answers]
        server = Server(self.path("run", "holdfastd.sock"),
                        socket.SOCK_STREAM, lambda _: raw or lines)
        self.addCleanup(server.close)
        return server

    def dataplane(self, answer):
        server = Server(self.path("run", "dataplane.sock"),
                        socket.SOCK_SEQPACKET, lambda _: [answer.encode()])
        self.addCleanup(server.close)
        return server

    def ask(self, *words, status=OK):
        return self.tool(*words, "--run", self.run_dir, status=status)

    def request(self, server):
        return json.loads(server.requests[-1])

    def test_nobody_there(self):
        for words in (["status"], ["zones"], ["reload"], ["release", "x"],
                      ["stats"], ["stop"], ["stop", "dataplane"]):
            done = self.ask(*words, status=NOBODY)
            self.assertIn(self.run_dir if words != ["stop"] else "dataplane",
                          done.stdout + done.stderr)
        self.assertEqual(self.json("status", "--run", self.run_dir,
                                   status=NOBODY)["error"]["code"],
                         "unavailable")

    def test_status(self):
        status = {
            "ok": True, "done": True, "version": "9.9", "pid": 7,
            "uptime_ms": 61000, "store": "/s", "generation": "ab" * 32,
            "activation": 41, "committed_at": 1794994000, "candidate": None,
            "zones": {"configured": 3, "served": 2, "refused": 1,
                      "condemned": 0},
            "work": "idle", "last_error": "it rained",
            "dataplane": {"alive": True, "pid": 8, "stable": "ab" * 32,
                          "activation": 41, "healthy": True, "reason": "ok"}}
        server = self.control(status)
        text = self.ask("status").stdout
        self.assertEqual(self.request(server), {"command": "status"})
        for word in ("9.9", "1 min 1 s", "abababababababab", "2 of 3 served",
                     "it rained", "pid 8, healthy"):
            self.assertIn(word, text)
        self.assertEqual(self.json("status", "--run", self.run_dir), status)

    def test_status_with_control_dead(self):
        self.dataplane("ok activation=5 stable=%s candidate=none pid=8 "
                       "uptime_ms=5000 beat_ms=3 healthy=yes reason=ok "
                       "owner=none" % ("cd" * 32))
        text = self.ask("status", status=NOBODY).stdout
        for word in ("NOT RUNNING", "cdcdcdcdcdcdcdcd", "activation 5",
                     "healthy: yes"):
            self.assertIn(word, text)
        self.compile(1)
        self.tool("hold", "--store", self.store)
        text = self.ask("status", "--store", self.store, status=NOBODY).stdout
        self.assertIn("HELD ", text)
        answer = self.json("status", "--run", self.run_dir, status=NOBODY)
        self.assertEqual(answer["dataplane"]["activation"], "5")

    def test_zones(self):
        server = self.control(
            {"ok": True, "zone": {"name": "a.test.", "state": "served",
                                  "serial": 3, "records": 9, "why": None}},
            {"ok": True, "zone": {"name": "b.test.", "state": "refused",
                                  "serial": None, "records": 0,
                                  "why": "b.zone:3: no"}},
            {"ok": True, "done": True, "count": 2})
        text = self.ask("zones").stdout
        self.assertIn("b.zone:3: no", text)
        self.assertIn("2 zones", text)
        self.assertEqual(len(self.json("zones", "--run", self.run_dir)), 3)
        self.ask("zones", "A.Test")
        self.assertEqual(self.request(server),
                         {"command": "zones", "zone": "a.test."})

    def test_reload(self):
        server = self.control({"ok": True, "done": True, "changed": True,
                               "generation": "ab" * 32, "activation": 42,
                               "refused": 0, "zones": []})
        self.assertIn("activation 42", self.ask("reload").stdout)
        self.assertEqual(self.request(server), {"command": "reload"})

    def test_reload_with_a_refused_zone(self):
        self.control({"ok": True, "done": True, "changed": False, "refused": 1,
                      "zones": [{"name": "b.test.", "why": "b.zone:3: no"}]})
        done = self.ask("reload", status=PARTIAL)
        self.assertIn("b.test. refused: b.zone:3: no", done.stderr)
        self.assertIn("nothing has changed", done.stdout)

    def test_refusals_of_control(self):
        for code, status in (("syntax", NO), ("busy", NO), ("io", STORE),
                             ("unheard_of", NO), ("usage", USAGE)):
            server = Server(
                self.path("run", "holdfastd.sock"), socket.SOCK_STREAM,
                lambda _: [json.dumps({
                    "ok": False, "done": True,
                    "error": {"code": code, "text": "so it is"}}).encode() +
                           b"\n"])
            self.assertIn("so it is", self.ask("reload", status=status).stderr)
            server.close()
            os.unlink(self.path("run", "holdfastd.sock"))

    def test_answers_that_are_none(self):
        for raw in ([b"garbage\n"], [b"[1]\n"], [b'{"ok":true'], [b"\n"]):
            server = Server(self.path("run", "holdfastd.sock"),
                            socket.SOCK_STREAM, lambda _: raw)
            done = self.tool("reload", "--run", self.run_dir, status=STORE
                             if raw[0].endswith(b"\n") else NOBODY)
            self.assertIn("holdfastd", done.stderr)
            server.close()
            os.unlink(self.path("run", "holdfastd.sock"))

    def test_answer_that_does_not_come(self):
        server = Server(self.path("run", "holdfastd.sock"),
                        socket.SOCK_STREAM, lambda _: time.sleep(2) or [])
        begun = time.time()
        done = self.tool("reload", "--run", self.run_dir, "--timeout", "1",
                         status=NO)
        self.assertLess(time.time() - begun, 1.9)
        self.assertIn("--timeout", done.stderr)
        server.close()

    def test_control_that_hangs(self):
        """Its place is taken, nothing is answered: what the data plane can do
        goes past it."""
        server = Server(self.path("run", "holdfastd.sock"),
                        socket.SOCK_STREAM, lambda _: time.sleep(2) or [])
        dataplane = self.dataplane("ok activation=6 stable=" + "ef" * 32)
        self.compile(1)
        self.compile(2, "192.0.2.11")
        options = ["--timeout", "1", "--store", self.store]
        done = self.ask("rollback", *options)
        self.assertIn("by the data plane", done.stdout)
        self.assertIn("does not answer", done.stderr)
        self.ask("hold", "--reason", "it hangs", *options)
        self.assertEqual([r.decode().split()[0] for r in dataplane.requests],
                         ["rollback", "status", "hold"])
        self.assertIn("DOES NOT ANSWER", self.ask(
            "status", "--timeout", "1", status=NOBODY).stdout)
        with open(os.path.join(self.store, "audit.log")) as f:
            events = [json.loads(line) for line in f]
        self.assertEqual([(e["event"], e.get("why")) for e in events],
                         [("rollback", None), ("held", "it hangs")])
        self.assertIn("without holdfastd", events[0]["who"])
        server.close()

    def test_release_and_stop(self):
        server = self.control({"ok": True, "done": True, "released": 1})
        self.ask("release", "example.test")
        self.assertEqual(self.request(server),
                         {"command": "release", "zone": "example.test."})
        self.assertIn("answers go on", self.ask("stop").stdout)
        self.assertEqual(self.request(server), {"command": "stop"})

    def test_stop_of_the_data_plane(self):
        server = self.dataplane("ok")
        self.ask("stop", "dataplane")
        self.assertEqual(server.requests, [b"stop"])

    def test_rollback_by_control(self):
        server = self.control({"ok": True, "done": True, "generation":
                               "ab" * 32, "activation": 9})
        self.assertIn("by holdfastd", self.ask("rollback").stdout)
        self.assertEqual(self.request(server),
                         {"command": "rollback", "steps": 1})
        self.ask("rollback", "3")
        self.assertEqual(self.request(server)["steps"], 3)
        self.ask("rollback", "cd" * 32)
        self.assertEqual(self.request(server)["generation"], "cd" * 32)

    def test_rollback_by_the_data_plane(self):
        server = self.dataplane("ok activation=6 stable=" + "ef" * 32)
        text = self.ask("rollback").stdout
        self.assertIn("efefefefefefefef is live again (activation 6, by the "
                      "data plane)", text)
        self.assertEqual(server.requests,
                         [b"rollback generation=previous", b"status"])
        first = self.compile(1)["generation"]
        self.compile(2, "192.0.2.11")
        self.compile(3, "192.0.2.12")
        self.ask("rollback", "2", "--store", self.store)
        self.assertEqual(server.requests[-2].decode(),
                         "rollback generation=" + first)

    def test_marks_by_the_data_plane(self):
        server = self.dataplane("ok activation=6")
        self.ask("hold")
        self.ask("release")
        self.ask("pin", "ab" * 32)
        self.ask("unpin", "ab" * 32)
        self.ask("rollback", "--force", "cd" * 32)
        self.assertEqual([r.decode() for r in server.requests], [
            "hold", "release", "pin generation=" + "ab" * 32,
            "unpin generation=" + "ab" * 32,
            "rollback generation=" + "cd" * 32 + " force=yes", "status"])

    def test_refusal_of_the_data_plane(self):
        self.dataplane("error stale the number is 7 now")
        self.assertIn("the number is 7 now",
                      self.ask("rollback", status=NO).stderr)

    def test_stats(self):
        self.compile(1)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        server = subprocess.Popen(
            [SOCKETS, "--store", self.store, "--run", self.run_dir, "--listen",
             "127.0.0.1@%d" % port], stderr=subprocess.DEVNULL)
        try:
            query = bytes.fromhex("123400000001000000000000") + \
                b"\3www\7example\4test\0\0\1\0\1"
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.settimeout(0.2)
                s.connect(("127.0.0.1", port))
                self.exchange(s, query)
            deadline = time.time() + 5
            while True:
                text = self.ask("stats").stdout
                if "verdict_udp{answer}" in text or time.time() > deadline:
                    break
            self.assertRegex(text, r"verdict_udp\{answer\}\s+\d")
            self.assertNotIn("verdict_udp{formerr}", text)
            self.assertIn("thread 0", self.ask("stats", "--all").stdout)
            answer = self.json("stats", "--run", self.run_dir)
            self.assertGreater(
                answer["sockets"]["counters"]["verdict_udp{answer}"], 0)
            self.assertTrue(answer["sockets"]["alive"])
        finally:
            server.send_signal(signal.SIGTERM)
            self.assertEqual(server.wait(10), 0)
        self.assertIn("is gone", self.ask("stats").stdout)

    def exchange(self, s, query):
        for _ in range(50):
            try:
                s.send(query)
                return s.recv(4096)
            except (socket.timeout, ConnectionRefusedError):
                time.sleep(0.1)
        self.fail("no answer")


class Daemon(Case):
    """The same commands and the real holdfastd, with no data plane."""

    def setUp(self):
        super().setUp()
        self.zone(serial=1)
        self.config = self.write("holdfast.yaml", """
store: {directory: %s, run: %s}
control: {metrics_on: false}
zones:
  - {name: example.test, file: example.test.zone}
""" % (self.store, self.run_dir))
        with open(self.path("log"), "w") as log:
            self.daemon = subprocess.Popen(
                [DAEMON, "--config", self.config], stderr=log)
        self.addCleanup(self.end)
        deadline = time.time() + 20
        while not self.served(1):
            self.assertIsNone(self.daemon.poll(), self.log())
            self.assertLess(time.time(), deadline, self.log())
            time.sleep(0.05)

    def end(self):
        if self.daemon.poll() is None:
            self.daemon.terminate()
            self.daemon.wait(20)

    def log(self):
        with open(self.path("log")) as f:
            return f.read()

    def ask(self, *words, status=OK):
        return self.tool(*words, "--config", self.config, status=status)

    def served(self, serial):
        done = subprocess.run([TOOL, "zones", "--config", self.config],
                              capture_output=True, text=True, timeout=20)
        return re.search(r"served +serial %d " % serial, done.stdout)

    def test_life_of_a_zone(self):
        self.assertIn("1 of 1 served", self.ask("status").stdout)
        self.zone(serial=2, address="192.0.2.11")
        self.ask("reload")
        self.assertTrue(self.served(2))
        self.assertIn("+www.example.test. 300 IN A 192.0.2.11",
                      self.ask("diff", "previous", "current").stdout)
        self.assertIn("by holdfastd", self.ask("rollback").stdout)
        # the source is compared with what is live in the next turn
        deadline = time.time() + 20
        while "condemned" not in self.ask("zones").stdout:
            self.assertLess(time.time(), deadline, self.log())
            time.sleep(0.05)
        self.ask("reload")
        self.assertIn("192.0.2.10", self.ask("query",
                                             "www.example.test").stdout)
        self.ask("release", "example.test")
        self.ask("reload")
        self.assertTrue(self.served(2))
        self.write("example.test.zone", "@ nonsense\n")
        text = self.ask("reload", status=PARTIAL).stderr
        self.assertIn("example.test.zone:1: ", text)
        self.assertIn("192.0.2.11", self.ask("query",
                                             "www.example.test").stdout)

    def test_hold_and_pin(self):
        live = self.json("status", "--config", self.config)["generation"]
        self.ask("hold", "--reason", "moving house")
        self.assertIn("HELD", self.ask("status").stdout)
        self.zone(serial=2, address="192.0.2.11")
        self.assertIn("waits", self.ask("reload").stdout)
        self.assertRegex(self.ask("zones").stdout, "waiting +serial 1 ")
        self.ask("release")
        self.ask("reload")
        self.assertTrue(self.served(2))
        self.ask("release", status=NO)  # nothing is held
        self.ask("pin", live[:12])
        self.assertRegex(self.ask("history").stdout,
                         "(?m)^%s.*  pinned$" % live[:16])
        self.ask("pin", "ab" * 32, status=NO)
        self.ask("rollback")
        self.assertRegex(self.ask("history").stdout, "(?m)  rolled back$")
        self.ask("unpin", live)
        self.assertNotIn("pinned", self.ask("history").stdout)
        with open(self.store + "/audit.log") as f:
            events = [json.loads(line) for line in f]
        self.assertEqual([e["event"] for e in events if "override" not in
                          e["event"]][-5:],
                         ["held", "hold-released", "pinned", "rollback",
                          "unpinned"])
        self.assertEqual([e.get("why") for e in events
                          if e["event"] == "held"], ["moving house"])

    def test_refusals(self):
        self.ask("release", "example.test", status=NO)
        self.ask("zones", "nowhere.test", status=NO)
        self.ask("reload", "nowhere.test", status=NO)
        self.ask("rollback", "7", status=NO)
        self.ask("rollback", "0123456789abcdef", status=NO)
        self.assertIn("holdfast reload", self.ask(
            "compile", "--zone", self.zone(serial=5), status=NO).stderr)
        self.assertIn("generations_committed", self.ask("stats").stdout)

    def test_stop(self):
        self.ask("stop")
        self.assertEqual(self.daemon.wait(20), 0)
        self.ask("status", status=NOBODY)
        self.assertIn("192.0.2.10", self.ask("query",
                                             "www.example.test").stdout)


class Progress(Case):
    def test_no_bar_where_there_is_no_terminal(self):
        done = self.tool("compile", "--store", self.store, "--zone",
                         self.zone())
        self.assertEqual(done.stderr, "")
        self.assertEqual(re.findall("\r|\x1b", done.stdout), [])


if __name__ == "__main__":
    for program in (TOOL, SOCKETS, DAEMON):
        if not os.path.exists(program):
            sys.exit("%s is missing: run make" % program)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    unittest.main(verbosity=2)
