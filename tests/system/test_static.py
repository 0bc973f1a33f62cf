#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 300
# polls: one
"""Static stability: data plane and sockets boot and answer from the store with
no control process, whatever is wrong around them: a store that cannot be
written, a full disk, a clock that is years off, a page of nobody, damage to
what is current. The answers are asked of holdfast-sockets, which follows the
data plane's page, in a namespace of mounts of the test's own.
"""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
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
  huge_pages: "off"
  file_prefix: hfstatic%d
  stale_after_h: 1
""" % (CPUS[-1], CPUS[0], os.getpid())
LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 0x40000
YEARS_S = 10 * 365 * 86400
# Wall clocks only: the kernel has no namespace for them.
CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t which, struct timespec *t)
{
	const char *off = getenv("CLOCK_OFF_S");
	long rc = syscall(SYS_clock_gettime, which, t);
	if (rc == 0 && off && (which == 0 || which == 5))
		t->tv_sec += atol(off);
	return (int)rc;
}
"""


def mounts_private():
    if LIBC.unshare(CLONE_NEWNS) or LIBC.mount(
            None, b"/", None, MS_REC | MS_PRIVATE, None):
        raise OSError(ctypes.get_errno(), "unshare")


class Static(unittest.TestCase):
    def setUp(self):
        self.rig = rig.Rig(more=MORE)
        self.addCleanup(self.rig.remove)

    def compile(self, serial=1):
        self.rig.zone(serial, age=5)
        self.rig.tool("compile", "--store", self.rig.store, "--zone",
                      "a.test=" + self.rig.path("a.test.zone"))

    def start(self, **environment):
        p = self.rig.spawn("dataplane", rig.DATAPLANE, "--config",
                           self.rig.config, **environment)
        self.assertTrue(self.rig.wait_for(
            lambda: "health: ok" in self.rig.log_text("dataplane"), p),
            self.rig.log_text("dataplane"))
        p = self.rig.spawn("sockets", rig.SOCKETS, "--store", self.rig.store,
                           "--run", self.rig.run, "--listen",
                           "127.0.0.1@%d" % self.rig.port, **environment)
        self.assertTrue(self.rig.wait_for(
            lambda: "answering on" in self.rig.log_text("sockets"), p),
            self.rig.log_text("sockets"))

    def status(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.settimeout(10 * rig.SLOW)
            s.connect(os.path.join(self.rig.run, "dataplane.sock"))
            s.send(b"status")
            words = s.recv(8192).decode().split()[1:]
        return dict(w.split("=", 1) for w in words)

    def check_served(self, serial=1):
        self.rig.wait_for(lambda: self.rig.serial() == serial)
        self.assertEqual(self.status()["healthy"], "yes")

    def mount(self, *words):
        subprocess.run(["mount", *words], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", words[-1]],
                        check=False)

    def test_store_that_cannot_be_written(self):
        self.compile()
        self.mount("--bind", self.rig.store, self.rig.store)
        self.mount("-o", "remount,bind,ro", self.rig.store)
        self.start()
        self.check_served()
        self.assertIn("cannot be written", self.rig.log_text("dataplane"))
        # what needs to write says so, and changes nothing
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.connect(os.path.join(self.rig.run, "dataplane.sock"))
            for request in (b"hold", b"rollback generation=previous"):
                s.send(request)
                self.assertTrue(s.recv(8192).startswith(b"error "))
        self.check_served()

    def test_full_disk(self):
        os.mkdir(self.rig.store)
        self.mount("-t", "tmpfs", "-o", "size=2m", "full", self.rig.store)
        self.compile()
        with open(self.rig.store + "/ballast", "wb", buffering=0) as f:
            while True:
                try:
                    f.write(b"x" * 4096)
                except OSError:
                    break
        self.start()
        self.check_served()
        # and again, without the memory of the first
        for name in ("dataplane", "sockets"):
            self.rig.processes[name].send_signal(signal.SIGKILL)
            self.rig.processes.pop(name).wait()
        self.start()
        self.check_served()

    @unittest.skipIf(rig.SLOW != 1, "the sanitizer's library comes first")
    def test_clock_that_is_years_off(self):
        self.compile()
        folder = tempfile.mkdtemp(prefix="holdfast-test-")
        self.addCleanup(shutil.rmtree, folder)
        with open(folder + "/clock.c", "w") as f:
            f.write(CLOCK)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", folder + "/clock.so",
                        folder + "/clock.c"], check=True)
        for off, stale in ((YEARS_S, True), (-YEARS_S, False)):
            self.start(LD_PRELOAD=folder + "/clock.so", CLOCK_OFF_S=str(off))
            self.check_served()
            self.rig.wait_for(
                lambda: (int(self.status()["age_s"]) > YEARS_S - 86400)
                == stale)
            text = self.rig.log_text("dataplane")
            self.assertEqual("nothing was committed for" in text, stale, text)
            for name in ("sockets", "dataplane"):
                self.assertEqual(self.rig.stop(name), 0)

    def test_damaged_current(self):
        self.compile(1)
        self.compile(2)
        with open(self.rig.store + "/current", "w") as f:
            f.write("nonsense\n")
        self.start()
        self.check_served(2)

    def test_nothing_but_the_store(self):
        """No run directory, no lists, no zone files, no control."""
        self.compile()
        shutil.rmtree(self.rig.run)
        os.remove(self.rig.path("a.test.zone"))
        self.start()
        self.check_served()


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("root is needed for mounts")
        sys.exit(77)
    mounts_private()
    unittest.main(verbosity=2)
