#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# profiles: asan
# polls: one
# timeout: 240
"""A query that kills the engine kills holdfast-dataplane once; the topology is
that of test_dataplane_veth.py, without the exception port:

    client namespace -- veth -- server namespace: net_af_packet, one poll core

32 queries come as one burst (the process is stopped meanwhile), one of them
deadly. Needs a build with fault points (snapshot/fault.h)."""
import glob
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import test_dataplane_veth as veth  # noqa: E402

os.environ["HOLDFAST_FAULT"] = "death-by-name"
DEADLY = "query-of-death.example.test"
DIES = (-signal.SIGILL, -signal.SIGTRAP, -signal.SIGSEGV)
RCODE_NXDOMAIN = 3


class Dataplane(unittest.TestCase):
    def setUp(self):
        veth.transmit_checksums(True)
        self.rig = veth.Rig(exception="")
        self.addCleanup(self.rig.remove)
        self.rig.compile(1)
        self.rig.start()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.socket.connect((veth.IP4, 53))
        self.socket.settimeout(1)

    def ask(self, name, ident=7):
        """The response code, or None."""
        self.socket.send(veth.question(name, 1, ident))
        end = time.time() + 1
        while time.time() < end:
            try:
                got = self.socket.recv(4096)
            except socket.timeout:
                break
            if struct.unpack("!H", got[:2])[0] == ident:
                return got[3] & 15
        return None

    def wait_for(self, what):
        end = time.time() + 20 * veth.SLOW
        while not what():
            self.assertLess(time.time(), end, self.rig.log_text())
            self.assertIsNone(self.rig.process.poll(), self.rig.log_text())

    def test_dies_once(self):
        self.wait_for(lambda: self.ask("a.example.test") == RCODE_NXDOMAIN)
        pid = self.rig.process.pid
        os.kill(pid, signal.SIGSTOP)
        os.waitpid(pid, os.WUNTRACED)  # all threads have stopped
        for i in range(32):
            name = DEADLY if i == 9 else "n%d.example.test" % i
            self.socket.send(veth.question(name, 1, 100 + i))
        os.kill(pid, signal.SIGCONT)
        self.assertIn(self.rig.process.wait(20 * veth.SLOW), DIES,
                      self.rig.log_text())
        self.assertEqual(
            len(glob.glob(self.rig.store + "/crash/*.burst")), 1)
        self.rig.start()
        tried = re.search(r"(\d+) queries tried, 1 of them",
                          self.rig.log_text())
        self.assertIsNotNone(tried, self.rig.log_text())
        self.assertGreaterEqual(int(tried.group(1)), 10)
        self.assertIsNone(self.ask(DEADLY, 500))
        self.assertIsNone(self.ask(DEADLY, 501))
        for i in range(32):
            if i != 9:
                self.assertEqual(self.ask("n%d.example.test" % i, 600 + i),
                                 RCODE_NXDOMAIN)
        self.assertIsNone(self.rig.process.poll(), self.rig.log_text())
        counters = self.rig.counters()
        core, = [b for label, b in counters.items() if "core" in label]
        self.assertEqual(core["verdict{drop_quarantined}"], 2)
        self.wait_for(lambda: self.rig.status()["quarantined"] == "1")
        self.assertEqual(
            self.rig.counters()["management"]["quarantined"], 1)
        said = subprocess.run(
            [veth.TOOL, "status", "--run", self.rig.run],
            capture_output=True, text=True, timeout=30, check=False).stdout
        self.assertIn("1 are dropped", said)
        self.assertEqual(self.rig.stop(), 0)
        self.assertEqual(
            glob.glob(self.rig.store + "/crash/*.burst"), [])


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
