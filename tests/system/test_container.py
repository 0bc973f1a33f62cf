#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# profiles: release
# polls: one
# network: machine
# timeout: 600
"""The image and the virtio lab of docker/, as a user has them:

    docker/Dockerfile --> image (no compiler, small)
                            |
    docker/compose.yaml --> container dataplane        container load
                              virtio-user port <-socket-> vhost port
                              on volume vhost             checks answers
                            container control: a zone's edit goes live

with ordinary pages, and with huge pages where they can be had. There need be
no Docker: buildah and podman of Debian build and run both files unchanged, on
a base image that mmdebstrap makes. Everything lies in a directory of its own.
"""
import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

try:
    from compose_reader import Compose
except ImportError as e:
    print("%s: install it with tests/setup/install.sh containers" % e)
    sys.exit(77)

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
COMPOSE = os.path.join(TOP, "docker", "compose.yaml")
TOOLS = ("mmdebstrap", "buildah", "podman", "runc")
BASE = "docker.io/library/debian:bookworm-slim"
PROGRAMS = ("holdfast-dataplane", "holdfast-sockets", "holdfastd", "holdfast",
            "holdfast-load")
# What is ours on top of the base: the programs and what they link with.
OURS_MIB_MAX = 24
RATE, DURATION = 2000, 3
HUGE_PAGES_FILE = "/proc/sys/vm/nr_hugepages"
HUGE_PAGES = 400  # of 2 MiB: two processes and a small zone
# What Debian's image of that name leaves out. mmdebstrap's own filter for it
# takes ten seconds, so it goes afterwards, and what comes later is filtered.
SLIM = ['cd "$1/usr/share" && rm -rf doc man info locale',
        'for d in doc man info locale; do echo "path-exclude=/usr/share/$d/*"; '
        'done >"$1/etc/dpkg/dpkg.cfg.d/slim"']


def skip(why):
    print(why)
    sys.exit(77)


def lines_of(text, n=12):
    return "\n".join(text.strip().splitlines()[-n:])


class Engine:
    """buildah and podman with a store of their own."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="holdfast-containers-")
        self.store = ["--root", self.directory + "/store", "--runroot",
                      self.directory + "/run", "--storage-driver", "overlay"]
        self.podman = ["podman", *self.store, "--cgroup-manager", "cgroupfs",
                       "--runtime", "runc"]

    def call(self, *words, timeout=30):
        return subprocess.run([*self.podman, *words], capture_output=True,
                              text=True, timeout=timeout, check=False)

    def must(self, *words, timeout=30):
        done = self.call(*words, timeout=timeout)
        if done.returncode:
            raise AssertionError("podman %s: %s" % (
                " ".join(words), lines_of(done.stderr)))
        return done.stdout

    def run(self, *words, timeout=30):
        """Limits that a container may have inside of another."""
        return self.call("run", "--ulimit", "nofile=1024:1024", "--ulimit",
                         "nproc=1024:1024", *words, timeout=timeout)

    def build(self, words):
        done = subprocess.run(
            ["buildah", *self.store, "bud", "--isolation", "chroot", "--jobs",
             "2", "--pull-never", *words], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=240, check=False)
        if done.returncode:
            raise AssertionError("buildah: " + lines_of(done.stdout, 40))

    def bytes_of(self, image):
        return int(self.must("image", "inspect", "--format", "{{.Size}}",
                             image))

    def remove(self):
        """Nothing is deleted through a mount that somebody left."""
        self.call("rm", "--all", "--force", "--time", "0")
        for mount in sorted(self.mounts(), reverse=True):
            subprocess.run(["umount", mount], check=False)
        left = self.mounts()
        if left:
            print("%s stays: mounted: %s" % (self.directory, left))
            return
        shutil.rmtree(self.directory, ignore_errors=True)

    def mounts(self):
        with open("/proc/self/mounts", encoding="utf-8") as f:
            return [line.split()[1] for line in f
                    if line.split()[1].startswith(self.directory + "/")]


class HugePages:
    """Reserved while it is in use, then as before."""

    def __enter__(self):
        with open(HUGE_PAGES_FILE, encoding="ascii") as f:
            self.before = int(f.read())
        self.set(self.before + HUGE_PAGES)
        with open("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages",
                  encoding="ascii") as f:
            return int(f.read()) >= HUGE_PAGES

    def set(self, n):
        try:
            with open(HUGE_PAGES_FILE, "w", encoding="ascii") as f:
                f.write(str(n))
        except OSError as e:
            print("huge pages: %s" % e)

    def __exit__(self, *_):
        self.set(self.before)


def mirror():
    """Where this machine has its Debian from."""
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: "
         "Packages", "Codename: bookworm", "Component: main"],
        capture_output=True, text=True, check=False)
    return done.stdout.split("\n")[0]


def make_base(engine):
    """The image that the Dockerfile's FROM names, from Debian's packages."""
    tar = engine.directory + "/base.tar"
    done = subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=apt", "--mode=root",
         "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
         "--dpkgopt=force-unsafe-io",
         *["--customize-hook=" + hook for hook in SLIM],
         "bookworm", tar, mirror()], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=200, check=False)
    if done.returncode:
        skip(lines_of(done.stderr) + "\nno base image: packages of Debian 12 "
             "cannot be had")
    engine.must("import", tar, BASE, timeout=60)
    os.remove(tar)
    probe = engine.run("--rm", "--network=none", BASE, "true")
    if probe.returncode:
        skip(lines_of(probe.stderr) + "\nno container can run here")


class Lab(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        start = time.monotonic()
        make_base(ENGINE)
        based = time.monotonic()
        ENGINE.build(Compose(COMPOSE).build_words())
        print("base image %.0f s, image %.0f s" % (
            based - start, time.monotonic() - based))

    def tearDown(self):
        ENGINE.call("rm", "--all", "--force", "--time", "1", timeout=60)
        ENGINE.call("volume", "rm", "--all", "--force")

    def up(self, lab, name):
        """Starts a service when what it needs is there."""
        for other, condition in lab.needs(name).items():
            if condition == "service_healthy":
                self.wait_healthy(lab, other)
        done = ENGINE.run("--detach", *lab.run_words(name))
        self.assertEqual(done.returncode, 0, lines_of(done.stderr))

    def logs(self, lab, name):
        done = ENGINE.call("logs", lab.container(name))
        return done.stdout, done.stderr

    def wait_for(self, call):
        """Until it succeeds."""
        deadline = time.monotonic() + 20
        while True:
            done = call()
            if done.returncode == 0:
                return
            if time.monotonic() > deadline:
                self.fail("%s: %s%s" % (done.args, done.stdout, done.stderr))
            time.sleep(0.1)

    def wait_healthy(self, lab, name):
        words = ["exec", lab.container(name), *lab.health_words(name)]
        self.wait_for(lambda: ENGINE.call(*words))

    def run_load(self, lab):
        """The report of the load generator, once it has ended by itself. It
        fails a run whose last queries it could not send in time, too; here
        that says how busy the machine is, and the report has the rest."""
        self.up(lab, "load")
        status = ENGINE.must("wait", lab.container("load"), timeout=60).strip()
        out, err = self.logs(lab, "load")
        said = "%s\n%s\n%s" % (lines_of(out), lines_of(err),
                               self.logs(lab, "dataplane"))
        self.assertIn(status, ("0", "1"), said)
        self.assertTrue(out.strip(), said)
        return json.loads(out.strip().splitlines()[-1])

    def expect_answers(self, report):
        print("load: %s" % {name: report[name] for name in (
            "sent_qps", "answered", "lost", "wrong")})
        self.assertEqual((report["lost"], report["wrong"]), (0, 0))
        self.assertGreaterEqual(report["answered"], RATE * DURATION * 0.9)

    def lab(self, file=COMPOSE, **environment):
        lab = Compose(file, RATE=str(RATE), DURATION=str(DURATION),
                      **environment)
        self.up(lab, "dataplane")
        return lab

    def test_image(self):
        """Small, no compiler, every program there with its libraries."""
        whole, base = ENGINE.bytes_of("holdfast"), ENGINE.bytes_of(BASE)
        print("image %.1f MB, %.1f MB of it on top of the base" % (
            whole / 1e6, (whole - base) / 1e6))
        self.assertLess(whole - base, OURS_MIB_MAX << 20)
        done = ENGINE.run("--rm", "--network=none", "holdfast", "sh", "-c", """
            for p in cc gcc cpp clang as ld make python3; do
                command -v $p && exit 1
            done
            dpkg-query -W -f '${Package}\n' | grep -e '-dev$' && exit 1
            for p in %s; do
                $p --version && ! ldd $(command -v $p) | grep 'not found' ||
                    exit 1
            done""" % " ".join(PROGRAMS))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_ordinary_pages(self):
        lab = self.lab()
        self.expect_answers(self.run_load(lab))

    def test_huge_pages(self):
        with HugePages() as there:
            if not there:
                self.skipTest("%d huge pages cannot be had" % HUGE_PAGES)
            lab = self.lab(HUGE_PAGES="on")
            self.expect_answers(self.run_load(lab))
            self.tearDown()  # before the pages go

    def test_zone_edited(self):
        """The control process follows the zone file; nobody is without an
        answer meanwhile."""
        copy = ENGINE.directory + "/docker"
        shutil.copytree(os.path.dirname(COMPOSE), copy)
        lab = self.lab(copy + "/compose.yaml")
        self.run_load(lab)
        self.up(lab, "control")
        zone = copy + "/zones/example.com.zone"
        with open(zone, encoding="utf-8") as f:
            text = f.read()
        with open(zone, "w", encoding="utf-8") as f:
            f.write(text.replace("hostmaster 1 ", "hostmaster 2 ").replace(
                "0-999 host$ A 10.0.0.1", "0-399 host$ A 10.0.0.2\n"
                "$GENERATE 400-999 host$ A 10.0.0.1"))
        self.wait_for(lambda: ENGINE.call(
            "exec", lab.container("control"), "holdfast", "reload"))
        ENGINE.must("rm", lab.container("load"))
        self.expect_answers(self.run_load(lab))


def stop(*_):
    raise KeyboardInterrupt  # unittest catches all others


if __name__ == "__main__":
    if os.geteuid() != 0:
        skip("root is needed for containers")
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        skip("%s: not installed (tests/setup/install.sh containers)" %
             ", ".join(missing))
    signal.signal(signal.SIGTERM, stop)
    ENGINE = Engine()
    atexit.register(ENGINE.remove)
    unittest.main(verbosity=2)
