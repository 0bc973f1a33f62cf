#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 600
"""What holdfastd, and the process that reads zone files for it, may not do,
each shown by trying (fault points of debug and asan builds):

  poison.test.zone --> parser (in its cage) --X--> files, network, processes
                         |                         memory, time
  a.test.zone ---------> v
                     holdfastd (in its cage) -X--> files, processes
                         |
                       store --> holdfast-sockets <-- questions all the while

One bad version costs itself: what was served stays, and other zones go on.
"""
import os
import pwd
import signal
import subprocess
import unittest

from control_rig import CONTROL, Rig, Watcher

PROFILE = os.environ.get("HOLDFAST_PROFILE", "asan")
HAS_FAULTS = PROFILE != "release"
HERE = "/tmp/holdfast-parser-was-here"
NOBODY = "nobody"


def landlock_version():
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.syscall(444, None, ctypes.c_size_t(0), 1)


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(x) for x in f.read().split()]


def status_of(pid):
    with open("/proc/%d/status" % pid) as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f
                    if ":\t" in line)


class Case(unittest.TestCase):
    def setUp(self):
        self.rig = Rig(("a.test", "poison.test"))
        self.addCleanup(self.rig.remove)
        os.chmod(self.rig.top, 0o755)

    def start(self, fault=None, **options):
        """Both zones are served in their first version."""
        if options:
            self.rig.configure(**options)
        for zone in self.rig.zones:
            self.rig.zone(1, zone)
        environment = {"HOLDFAST_FAULT": fault} if fault else {}
        p = self.rig.spawn("holdfastd", CONTROL, "--config", self.rig.config,
                           **environment)
        self.rig.wait_for(lambda: self.rig.ask_once("status"), p)
        self.rig.wait_state("a.test", state="served", serial=1)
        return p

    def keeper(self):
        """The keeper's pid and its parser's, if there is one."""
        k, = children(self.rig.processes["holdfastd"].pid)
        return k, (children(k) or [None])[0]

    def why(self, zone="poison.test"):
        return self.rig.wait_state(zone, state="refused")["why"]


@unittest.skipUnless(HAS_FAULTS, "this build has no fault points")
class Parser(Case):
    """Each attempt is made by the parser of poison.test, which has no good
    version but that of before the fault."""

    def attempt(self, fault, **options):
        """What is said of the version that the parser tried it with."""
        self.rig.zones["poison.test"] = "poison.test.zone"
        self.rig.configure(**options)
        for zone in self.rig.zones:
            self.rig.zone(1, zone)
        self.rig.start()
        self.rig.wait_state("poison.test", state="served", serial=1)
        self.rig.stop()
        self.rig.start_sockets()
        p = self.rig.spawn("holdfastd", CONTROL, "--config", self.rig.config,
                           HOLDFAST_FAULT=fault)
        self.rig.wait_for(lambda: self.rig.ask_once("status"), p)
        watcher = Watcher(self.rig.port, [1], "poison.test")
        self.rig.zone(2, "poison.test")
        why = self.rig.wait_for(
            lambda: self.rig.zone_state("poison.test")["why"])
        # the others go on, with a new parser
        self.rig.zone(2, "a.test")
        self.rig.wait_state("a.test", state="served", serial=2)
        self.rig.wait_for(lambda: self.rig.serial("a.test") == 2)
        watcher.stop()
        self.assertEqual(watcher.wrong, [])
        self.assertTrue(watcher.answers)
        state = self.rig.zone_state("poison.test")
        self.assertEqual((state["state"], state["serial"]), ("refused", 1))
        self.assertIn("its last good version stays",
                      self.rig.log_text("holdfastd"))
        return why

    def is_killed(self, fault):
        why = self.attempt(fault)
        self.assertIn("/poison.test.zone: the process that read it was killed "
                      "for a system call that it must not make", why)
        self.assertIn("Keep the file", why)

    def test_crash(self):
        self.assertIn("/poison.test.zone: the process that read it died of "
                      "signal 11 (Segmentation fault)",
                      self.attempt("parser-crash"))
        self.assertGreater(
            self.rig.ask("stats")["counters"]["parser_deaths"], 0)

    def test_hang(self):
        self.assertIn("was not done after 2 seconds (control.parser_seconds)",
                      self.attempt("parser-hang", control="parser_seconds: 2"))

    def test_memory(self):
        why = self.attempt("parser-memory", control="parser_memory_mib: 64")
        # a sanitizer ends the process where malloc() would say no
        self.assertRegex(why, "out of memory|ended by itself|died of|killed")

    def test_exec(self):
        self.is_killed("parser-exec")

    def test_fork(self):
        self.is_killed("parser-fork")

    def test_trace(self):
        self.is_killed("parser-trace")

    def test_write(self):
        self.is_killed("parser-write")
        self.assertFalse(os.path.exists(HERE))

    def test_code(self):
        self.is_killed("parser-code")

    def test_lie(self):
        why = self.attempt("parser-lie")
        self.assertIn("what its parser says is unsound", why)

    def test_held_back(self):
        """It says that it holds back more than there is, and dies."""
        self.assertIn("/poison.test.zone: the process that read it was killed",
                      self.attempt("parser-area"))


@unittest.skipUnless(HAS_FAULTS, "this build has no fault points")
class ParserAmongMany(Case):
    """Replies about small zones leave together, but of a parser that fails
    only the zone that it was reading is refused."""

    def attempt(self, fault, **options):
        for i in range(25):
            for name in ("m%d.test", "z%d.test"):
                self.rig.zones[name % i] = "%s.zone" % name % i
        self.rig.configure(**options)
        for zone in self.rig.zones:
            self.rig.zone(1, zone)
        p = self.rig.spawn("holdfastd", CONTROL, "--config", self.rig.config,
                           HOLDFAST_FAULT=fault)
        self.rig.wait_for(lambda: self.rig.ask_once("status"), p)
        for zone in self.rig.zones:
            if zone != "poison.test":
                self.rig.wait_state(zone, state="served", serial=1)
        self.assertNotIn("the process that read it", "".join(
            line for line in self.rig.log_text("holdfastd").splitlines()
            if "poison.test" not in line))
        return self.why()

    def test_crash(self):
        self.assertIn("/poison.test.zone: the process that read it died of "
                      "signal 11", self.attempt("parser-crash"))

    def test_hang(self):
        self.assertIn("/poison.test.zone: the process that read it was not "
                      "done after 2 seconds",
                      self.attempt("parser-hang", control="parser_seconds: 2"))

    def test_system_call(self):
        self.assertIn("/poison.test.zone: the process that read it was killed "
                      "for a system call", self.attempt("parser-fork"))


@unittest.skipUnless(HAS_FAULTS, "this build has no fault points")
class ParserIsTold(Case):
    """What is refused with an error harms nobody: the zone is read."""

    def attempt(self, fault):
        self.start(fault)
        self.rig.wait_state("poison.test", state="served", serial=1)
        return self.rig.log_text("holdfastd")

    def test_socket(self):
        self.assertIn("parser-socket: Permission denied",
                      self.attempt("parser-socket"))

    @unittest.skipIf(landlock_version() < 1, "this kernel has no Landlock")
    def test_open(self):
        self.assertIn("parser-open: Permission denied",
                      self.attempt("parser-open"))


@unittest.skipUnless(HAS_FAULTS, "this build has no fault points")
class Control(Case):
    def attempt(self, fault):
        """holdfastd tries it at a reload, and goes on."""
        self.start(fault)
        self.rig.zone(2)
        self.assertTrue(self.rig.ask("reload")["ok"])
        self.rig.wait_state("a.test", state="served", serial=2)
        return self.rig.log_text("holdfastd")

    def fails(self, fault, cause):
        self.assertIn("%s: %s" % (fault, cause), self.attempt(fault))

    def test_exec(self):
        self.fails("control-exec", "Operation not permitted")

    def test_fork(self):
        self.fails("control-fork", "Operation not permitted")

    def test_trace(self):
        self.fails("control-trace", "Operation not permitted")

    def test_socket(self):
        self.fails("control-socket", "Operation not permitted")

    @unittest.skipIf(landlock_version() < 1, "this kernel has no Landlock")
    def test_open(self):
        self.fails("control-open", "Permission denied")

    @unittest.skipIf(landlock_version() < 1, "this kernel has no Landlock")
    def test_write(self):
        self.fails("control-write", "Permission denied")
        self.assertFalse(os.path.exists("/tmp/holdfastd-was-here"))


class Life(Case):
    def test_filters_are_on(self):
        p = self.start()
        keeper, parser = self.keeper()
        for pid in (p.pid, parser):
            s = status_of(pid)
            self.assertEqual(s["Seccomp"], "2")
            self.assertEqual(s["NoNewPrivs"], "1")
        self.assertEqual(status_of(keeper)["NoNewPrivs"], "1")
        # all but CAP_DAC_READ_SEARCH
        self.assertEqual(int(status_of(parser)["CapEff"], 16) & ~4, 0)
        with open("/proc/%d/oom_score_adj" % parser) as f:
            self.assertEqual(f.read().strip(), "1000")
        files = os.listdir("/proc/%d/fd" % parser)
        self.assertEqual(sorted(files, key=int)[:4], ["0", "1", "2", "3"])
        self.assertEqual(len(files), 4)

    def test_parser_is_killed(self):
        """One that dies while nothing is read is nobody's verdict."""
        self.start()
        _, parser = self.keeper()
        os.kill(parser, signal.SIGKILL)
        self.rig.zone(2)
        state = self.rig.wait_for(
            lambda: self.rig.zone_state()["serial"] == 2 or
            "was killed" in (self.rig.zone_state()["why"] or ""))
        self.assertTrue(state)
        self.rig.zone(3)
        self.rig.wait_state(state="served", serial=3)
        self.assertNotEqual(self.keeper()[1], parser)

    def test_keeper_is_killed(self):
        """holdfastd ends, to be started anew; nobody is left behind."""
        p = self.start()
        keeper, parser = self.keeper()
        os.kill(keeper, signal.SIGKILL)
        self.assertEqual(p.wait(20), 1)
        self.rig.processes.pop("holdfastd")
        self.rig.wait_for(lambda: not os.path.exists("/proc/%d" % parser))
        self.assertIn("to be started anew", self.rig.log_text("holdfastd"))
        self.rig.start()
        self.rig.zone(2)
        self.rig.wait_state(state="served", serial=2)

    def test_holdfastd_is_killed(self):
        p = self.start()
        keeper, parser = self.keeper()
        p.kill()
        p.wait()
        self.rig.processes.pop("holdfastd")
        for pid in (keeper, parser):
            self.rig.wait_for(lambda: not os.path.exists("/proc/%d" % pid))

    def test_folders_that_come_later(self):
        """A reload with zones elsewhere, a folder that is exchanged, a link
        that leads out: all of that may be read."""
        self.start()
        os.mkdir(self.rig.path("new"))
        self.rig.zones["b.test"] = "new/b.zone"
        self.rig.zone(1, "b.test")
        self.rig.configure()
        self.assertTrue(self.rig.ask("reload")["ok"])
        self.rig.wait_state("b.test", state="served", serial=1)
        # exchanged by renaming
        os.mkdir(self.rig.path("newer"))
        self.rig.zones["b.test"] = "newer/b.zone"
        self.rig.zone(2, "b.test")
        os.rename(self.rig.path("new"), self.rig.path("old"))
        os.rename(self.rig.path("newer"), self.rig.path("new"))
        self.rig.ask("reload")
        self.rig.wait_state("b.test", state="served", serial=2)
        # a link to a folder that nobody has named
        os.mkdir(self.rig.path("far"))
        self.rig.zones["b.test"] = "far/b.zone"
        self.rig.zone(3, "b.test")
        os.symlink(self.rig.path("far", "b.zone"), self.rig.path("link"))
        os.rename(self.rig.path("link"), self.rig.path("new", "b.zone"))
        self.rig.ask("reload")
        self.rig.wait_state("b.test", state="served", serial=3)

    def test_what_may_not_be_read(self):
        """As root's parser reads what root may read, the file is of nobody,
        and holdfastd is another."""
        if os.geteuid() != 0:
            self.skipTest("needs root")
        user = pwd.getpwnam("daemon")
        os.rmdir(self.rig.run)
        self.start(control="user: daemon")
        self.assertEqual(
            status_of(self.rig.processes["holdfastd"].pid)["Uid"].split(),
            [str(user.pw_uid)] * 4)
        file = self.rig.path("a.test.zone")
        os.chown(file, pwd.getpwnam(NOBODY).pw_uid, -1)
        os.chmod(file, 0o600)
        self.rig.ask("reload")
        self.assertIn("Permission denied", self.why("a.test"))
        os.chmod(file, 0o644)
        self.rig.wait_state("a.test", state="served")

    def test_user(self):
        """Store and run directory are made for the user, the process is his
        alone, and cannot go back."""
        if os.geteuid() != 0:
            self.skipTest("needs root")
        os.rmdir(self.rig.run)
        self.start(control="user: daemon")
        uid = pwd.getpwnam("daemon").pw_uid
        for path in (self.rig.store, self.rig.run):
            self.assertEqual(os.stat(path).st_uid, uid)
        keeper, parser = self.keeper()
        for pid in (self.rig.processes["holdfastd"].pid, keeper, parser):
            s = status_of(pid)
            self.assertEqual(s["Uid"].split(), [str(uid)] * 4)
            self.assertEqual(int(s["CapPrm"], 16), 0)
        self.rig.zone(2)
        self.rig.wait_state(state="served", serial=2)

    def test_no_such_user(self):
        self.rig.configure(control="user: nobody-has-this-name")
        done = subprocess.run([CONTROL, "--config", self.rig.config],
                              capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 1)
        self.assertIn("control.user: there is no user nobody-has-this-name",
                      done.stderr)

    def test_off(self):
        """`sandbox: false` says so, and works."""
        p = self.start(control="sandbox: false")
        self.assertEqual(status_of(p.pid)["Seccomp"], "0")
        self.assertIn("control.sandbox is off", self.rig.log_text("holdfastd"))

    def test_many_folders(self):
        """More folders than there are rules: those above them do."""
        for i in range(1100):
            name = "z%d.test" % i
            folder = self.rig.path("many", str(i % 37), str(i))
            os.makedirs(folder)
            self.rig.zones[name] = "many/%d/%d/%s.zone" % (i % 37, i, name)
        self.rig.configure()
        for zone in self.rig.zones:
            self.rig.zone(1, zone)
        self.rig.start()
        for zone in ("z0.test", "z1099.test", "a.test"):
            self.rig.wait_state(zone, state="served", serial=1)

    def test_warnings(self):
        """Those of the parser arrive in the log, and no more than it holds."""
        self.rig.zone(1, more="\n".join(
            "n%d 2147483648 A 192.0.2.2" % i for i in range(1500)))
        self.rig.zone(1, "poison.test")
        self.rig.start()
        self.rig.wait_state("a.test", state="served", serial=1)
        log = self.rig.log_text("holdfastd")
        self.assertIn("500 more warnings", log)
        # of each time that it was read: a file this young may be once more
        said = log.count("warn holdfastd: zone a.test.")
        self.assertEqual((said > 0, said % 1001), (True, 0))


if __name__ == "__main__":
    unittest.main(verbosity=2)
