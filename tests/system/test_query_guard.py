#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# profiles: asan
# polls: one
# timeout: 240
"""A query that kills the engine kills each daemon once:

    32 queries in a burst, one of them deadly --> daemon dies, writes them
    daemon starts again --> tries each in a child --> drops that one alone

Needs a build with fault points (snapshot/fault.h): the name's first label
"query-of-death" is what crashes, "query-of-hang" what hangs. holdfast-sockets over UDP and TCP, and
holdfast-dataplane on a veth pair with AF_PACKET when this runs as root."""
import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import dns.exception
import dns.message
import dns.query
import dns.rcode

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from test_sockets import free_port, frame, is_closed  # noqa: E402

BUILD = os.path.abspath(os.environ.get("HOLDFAST_BUILD", "build/asan"))
TOOL = os.path.join(BUILD, "holdfast")
SOCKETS = os.path.join(BUILD, "holdfast-sockets")
DEADLY = "query-of-death.example.test"
EXPIRY = 8
ZONE = """$ORIGIN example.test.
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 192.0.2.1
* A 192.0.2.10
"""
CONFIG = """
store: {directory: %(store)s, run: %(run)s}
answer: {quarantine_s: %(expiry)d}
sockets: {listen: [127.0.0.1@%(port)d], threads: 1}
"""
DIES = (-signal.SIGILL, -signal.SIGTRAP, -signal.SIGSEGV)


class Guard(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="holdfast-guard-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.store = self.dir + "/store"
        self.crash = self.store + "/crash"
        self.port = free_port()
        self.process = None
        self.addCleanup(self.kill)
        os.mkdir(self.dir + "/run")
        with open(self.dir + "/zone", "w") as f:
            f.write(ZONE)
        with open(self.dir + "/holdfast.yaml", "w") as f:
            f.write(CONFIG % dict(store=self.store, run=self.dir + "/run",
                                  port=self.port, expiry=EXPIRY))
        subprocess.run([TOOL, "compile", "--store", self.store, "--zone",
                        "example.test=" + self.dir + "/zone"], check=True,
                       timeout=60, stdout=subprocess.DEVNULL)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def start(self):
        with open(self.dir + "/log", "a") as log:
            self.process = subprocess.Popen(
                [SOCKETS, "--config", self.dir + "/holdfast.yaml"],
                env=dict(os.environ, HOLDFAST_FAULT="death-by-name"),
                stderr=log)
        self.wait_for(lambda: self.ask("innocent"))

    def log(self):
        with open(self.dir + "/log") as f:
            return f.read()

    def wait_for(self, what, seconds=30):
        end = time.time() + seconds
        while not what():
            self.assertLess(time.time(), end, self.log())
            self.assertIsNone(self.process.poll(), self.log())
            time.sleep(0.05)

    def query(self, label, **more):
        name = label if "." in label else label + ".example.test"
        return dns.message.make_query(name, "A", **more)

    def ask(self, label, timeout=1.0, **more):
        try:
            r = dns.query.udp(self.query(label, **more), "127.0.0.1",
                              port=self.port, timeout=timeout)
        except (dns.exception.Timeout, OSError):
            return False
        return r.rcode() == dns.rcode.NOERROR and len(r.answer) == 1

    def dies_of_burst(self):
        """31 innocent queries and the deadly one, waiting in one socket: the
        process is stopped while they arrive, so they are one burst."""
        os.kill(self.process.pid, signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)  # all threads have stopped
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for i in range(32):
                name = DEADLY if i == 17 else "burst%d" % i
                s.sendto(self.query(name, use_edns=0 if i % 2 else -1)
                         .to_wire(), ("127.0.0.1", self.port))
        os.kill(self.process.pid, signal.SIGCONT)
        self.assertIn(self.process.wait(30), DIES, self.log())

    def list(self):
        out = subprocess.run([TOOL, "quarantine", "--json", "--store",
                              self.store], check=True, timeout=30,
                             capture_output=True).stdout
        return json.loads(out)["queries"]

    def deadly_dropped(self):
        """The deadly bytes with any ID; the process lives on."""
        q = self.query(DEADLY, use_edns=0)
        q.id = (q.id + 1) & 0xffff
        try:
            dns.query.udp(q, "127.0.0.1", port=self.port, timeout=0.5)
        except dns.exception.Timeout:
            pass
        else:
            self.fail("an answer to what is in quarantine")
        self.assertIsNone(self.process.poll(), self.log())

    def test_burst_over_udp(self):
        self.start()
        self.dies_of_burst()
        left = glob.glob(self.crash + "/*.burst")
        self.assertEqual(len(left), 1)
        self.assertGreater(os.path.getsize(left[0]), 32 * 60)
        self.start()
        self.assertIn("32 queries tried, 1 of them", self.log())
        queries = self.list()
        self.assertEqual([q["name"] for q in queries], [DEADLY + "."])
        self.assertEqual(queries[0]["state"], "dropped")
        self.assertEqual(queries[0]["transport"], "udp")
        self.assertEqual(len(glob.glob(self.crash + "/*.crash")), 1)
        self.deadly_dropped()
        for i in range(32):
            if i != 17:
                self.assertTrue(self.ask("burst%d" % i,
                                         use_edns=0 if i % 2 else -1))
        stats = subprocess.run(
            [TOOL, "stats", "--run", self.dir + "/run", "--all"],
            capture_output=True, text=True, timeout=30).stdout
        self.assertRegex(stats, r"verdict_udp\{drop_quarantined\}\s+1\b")
        # TCP: the same bytes close the connection, and harm nobody
        with socket.create_connection(("127.0.0.1", self.port)) as s:
            s.sendall(frame(self.query(DEADLY, use_edns=0)))
            self.assertTrue(is_closed(s))
        self.assertIsNone(self.process.poll(), self.log())
        # after its time it is tried again, and kills again
        self.wait_for(lambda: "answered again" in self.log(), EXPIRY + 10)
        self.assertEqual(self.list()[0]["state"], "expired")
        self.ask(DEADLY, use_edns=0)
        self.assertIn(self.process.wait(30), DIES)
        self.start()
        self.assertEqual([q["state"] for q in self.list()], ["dropped"])
        self.deadly_dropped()

    def test_tcp_and_release(self):
        self.start()
        with socket.create_connection(("127.0.0.1", self.port)) as s:
            s.sendall(frame(self.query(DEADLY, use_edns=0)))
            self.assertIn(self.process.wait(30), DIES)
        self.start()
        queries = self.list()
        self.assertEqual([q["transport"] for q in queries], ["tcp"])
        self.deadly_dropped()
        subprocess.run([TOOL, "quarantine", "release", queries[0]["id"],
                        "--store", self.store], check=True, timeout=30,
                       stdout=subprocess.DEVNULL)
        self.wait_for(lambda: "0 queries are in quarantine" in self.log())
        self.ask(DEADLY, use_edns=0)
        self.assertIn(self.process.wait(30), DIES)

    def test_hang_and_abort_from_outside(self):
        """A query that hangs the thread; a watchdog (here: the test) aborts
        the process, whose handler runs in whatever thread and writes what
        every one of them has in hand."""
        self.start()
        hang = self.query("query-of-hang")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(hang.to_wire(), ("127.0.0.1", self.port))
            # the only thread has it when it answers nobody else
            end = time.time() + 30
            while self.ask("innocent", timeout=0.5):
                self.assertLess(time.time(), end)
        self.process.send_signal(signal.SIGABRT)
        self.assertEqual(self.process.wait(30), -signal.SIGABRT, self.log())
        self.start()
        self.assertIn("hangs this program (signal 6 at", self.log())
        self.assertEqual([(q["name"], q["state"]) for q in self.list()],
                         [("query-of-hang.example.test.", "dropped")])
        with self.assertRaises(dns.exception.Timeout):
            dns.query.udp(hang, "127.0.0.1", port=self.port, timeout=0.5)
        self.assertTrue(self.ask("innocent"))

    def test_killed_and_damaged(self):
        """kill -9 leaves nothing to try; damaged files stop nobody."""
        self.start()
        self.process.kill()
        self.process.wait()
        with open(self.crash + "/holdfast-sockets-1-1.burst", "wb") as f:
            f.write(os.urandom(5000))
        with open(self.crash + "/0123456789abcdef.query", "wb") as f:
            f.write(b"holdfast-quarantine 1\nprogram x\0")
        self.start()
        self.assertIn("not a burst of a crash", self.log())
        self.assertIn("0123456789abcdef.query", self.log())
        self.assertEqual(self.list(), [])
        self.assertEqual(len(glob.glob(self.crash + "/*.burst")), 1)
        self.process.terminate()
        self.assertEqual(self.process.wait(30), 0)
        self.assertEqual(glob.glob(self.crash + "/*.burst"), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
