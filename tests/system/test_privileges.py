#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 300
# polls: one
"""What holdfast-dataplane and holdfast-sockets can still do once they answer:
their users, capabilities and filters as the kernel tells them, of each thread;
that they answer, follow a commit and stop cleanly like that; and, in builds with
fault points, each boundary by trying to cross it (sandbox/answer_cage.c). The
data plane has a ring for a port, which nobody else needs root for.
"""
import os
import pwd
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import control_rig as rig  # noqa: E402

FAULTS = os.environ.get("HOLDFAST_PROFILE", "asan") != "release"
CPUS = sorted(os.sched_getaffinity(0))
USER = "nobody"
MORE = """
dataplane:
  ports:
    - {name: ring, device: net_ring0, cores: [%d], addresses: [192.0.2.53]}
  management_core: %d
  memory_mib: 64
  mbufs: 4095
  huge_pages: "off"
  file_prefix: hfpriv%d
%%s
sockets:
  listen: [127.0.0.1@%%d]
%%s
"""
ATTEMPTS = ("open", "write", "exec", "fork", "trace", "socket", "root")


def landlock_version():
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    return max(0, libc.syscall(444, None, 0, 1))


def threads(pid):
    """[(name, {key: value of its status})]"""
    found = []
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/status" % (pid, task)) as f:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in f
                          if ":\t" in line)
        found.append((status["Name"], status))
    return found


class Case(unittest.TestCase):
    def setUp(self):
        self.rig = rig.Rig()
        self.addCleanup(self.rig.remove)
        os.chmod(self.rig.top, 0o755)
        self.configure()
        self.rig.zone(1, age=5)
        self.compile()

    def configure(self, dataplane="", sockets=""):
        more = (MORE % (CPUS[-1], CPUS[0], os.getpid())) % (
            dataplane, self.rig.port, sockets)
        self.rig.configure(more=more)

    def compile(self):
        self.rig.tool("compile", "--store", self.rig.store, "--zone",
                      "a.test=" + self.rig.path("a.test.zone"))

    def give(self, user=USER):
        """All that the daemons write is the user's, and what others make there
        is its group's."""
        for top, _, files in os.walk(self.rig.top):
            os.chmod(top, 0o2775)
            for path in (top, *(os.path.join(top, f) for f in files)):
                os.chown(path, pwd.getpwnam(user).pw_uid,
                         pwd.getpwnam(user).pw_gid)

    def start(self, name, program, ready, **environment):
        p = self.rig.spawn(name, program, "--config", self.rig.config,
                           **environment)
        self.assertTrue(
            self.rig.wait_for(lambda: ready in self.rig.log_text(name), p),
            self.rig.log_text(name))
        return p

    def start_dataplane(self, **environment):
        return self.start("dataplane", rig.DATAPLANE, "health: ok",
                          **environment)

    def start_sockets(self, **environment):
        return self.start("sockets", rig.SOCKETS, "answering on",
                          **environment)

    def check_threads(self, pid, user, capabilities):
        for name, status in threads(pid):
            self.assertEqual(status["NoNewPrivs"], "1", name)
            self.assertEqual(status["Seccomp"], "2", name)
            self.assertEqual(status["CapEff"], capabilities, name)
            self.assertEqual(status["CapPrm"], capabilities, name)
            self.assertEqual(
                set(status["Uid"].split()),
                {str(pwd.getpwnam(user).pw_uid)}, name)
            if user != "root":
                self.assertEqual(
                    set(status["Gid"].split()),
                    {str(pwd.getpwnam(user).pw_gid)}, name)

    def stop(self, name):
        self.assertEqual(self.rig.stop(name), 0, self.rig.log_text(name))

    def say(self, request):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.settimeout(10 * rig.SLOW)
            s.connect(os.path.join(self.rig.run, "dataplane.sock"))
            s.send(request.encode())
            return s.recv(8192).decode()


class Identity(Case):
    def test_users(self):
        self.give()
        self.configure("  user: " + USER, "  user: " + USER)
        dataplane, sockets = self.start_dataplane(), self.start_sockets()
        self.check_threads(dataplane.pid, USER, "0" * 16)
        self.check_threads(sockets.pid, USER, "0" * 16)
        self.assertEqual(self.rig.serial(), 1)
        # a commit, a rollback and the health file need what is left
        before = dict(w.split("=", 1) for w in self.say("status").split()[1:])
        self.assertTrue(self.say("hold").startswith("ok "))
        self.assertTrue(self.say("release").startswith("ok "))
        self.assertTrue(
            self.say("pin generation=" + before["stable"]).startswith("ok "))
        self.stop("dataplane")
        self.assertFalse([f for f in os.listdir(self.rig.run)
                          if f.startswith("dataplane")])
        self.stop("sockets")

    def test_commit_and_rollback(self):
        self.give()
        self.configure("  user: " + USER, "  user: " + USER)
        dataplane, _ = self.start_dataplane(), self.start_sockets()
        self.rig.start()  # holdfastd, which builds
        self.rig.zone(2)
        self.rig.wait_state(state="served", serial=2)
        self.rig.wait_for(lambda: self.rig.serial() == 2)
        self.stop("holdfastd")
        answer = self.say("rollback steps=1")
        self.assertTrue(answer.startswith("ok "), answer)
        self.rig.wait_for(lambda: self.rig.serial() == 1)
        self.check_threads(dataplane.pid, USER, "0" * 16)

    def test_kept_capabilities(self):
        self.give()
        self.configure("  user: %s\n  keep_capabilities: [net_raw]" % USER)
        self.check_threads(self.start_dataplane().pid, USER, "%016x" % (1 << 13))

    def test_root_keeps_files_alone(self):
        dataplane, sockets = self.start_dataplane(), self.start_sockets()
        kept = "%016x" % (1 << 1 | 1 << 2 | 1 << 3)
        self.check_threads(dataplane.pid, "root", kept)
        self.check_threads(sockets.pid, "root", kept)
        self.assertEqual(self.rig.serial(), 1)
        if landlock_version():
            for name in ("dataplane", "sockets"):
                self.assertIn("Landlock %d" % landlock_version(),
                              self.rig.log_text(name))

    def test_sandbox_off_is_said(self):
        self.configure("  sandbox: false", "  sandbox: false")
        dataplane, sockets = self.start_dataplane(), self.start_sockets()
        for name, p in (("dataplane", dataplane), ("sockets", sockets)):
            self.assertIn("may do whatever its user may",
                          self.rig.log_text(name))
            self.assertEqual({s["Seccomp"] for _, s in threads(p.pid)}, {"0"})

    def test_a_user_that_cannot(self):
        for user, word in (("no-such-user", "no user no-such-user"),
                           (USER, "user")):
            os.chmod(self.rig.run, 0o700)
            self.configure("  user: " + user)
            p = self.rig.spawn("dataplane", rig.DATAPLANE, "--config",
                               self.rig.config)
            self.assertEqual(p.wait(30 * rig.SLOW), 1)
            self.assertIn(word, self.rig.log_text("dataplane"))


@unittest.skipUnless(FAULTS, "needs fault points")
class Boundaries(Case):
    def check_attempts(self, name, minded):
        """Once a second each is tried and told."""
        def told():
            text = self.rig.log_text(name)
            return all("cage: %s: " % a in text for a in ATTEMPTS) and text
        text = self.rig.wait_for(told, self.rig.processes[name])
        for a in ATTEMPTS:
            self.assertEqual("cage: %s: nobody minds" % a in text,
                             a not in minded, "%s\n%s" % (a, text))

    def attempts(self):
        return {"HOLDFAST_FAULT": ",".join("cage-" + a for a in ATTEMPTS)}

    def minded(self):
        """Without Landlock files are open."""
        return set(ATTEMPTS) if landlock_version() else \
            set(ATTEMPTS) - {"open", "write"}

    def test_dataplane(self):
        self.give()
        self.configure("  user: " + USER)
        p = self.start_dataplane(**self.attempts())
        self.check_attempts("dataplane", self.minded())
        self.assertIsNone(p.poll())
        self.assertIn("healthy=yes", self.say("health"))
        self.assertFalse(os.path.exists("/tmp/holdfast-was-here"))

    def test_sockets(self):
        self.give()
        self.configure("", "  user: " + USER)
        p = self.start_sockets(**self.attempts())
        self.check_attempts("sockets", self.minded())
        self.assertIsNone(p.poll())
        self.assertEqual(self.rig.serial(), 1)
        self.assertFalse(os.path.exists("/tmp/holdfast-was-here"))


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("root is needed to be another user")
        sys.exit(77)
    unittest.main(verbosity=2)
