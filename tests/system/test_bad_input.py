#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 300
# polls: one
"""Bad zone files, configurations and stores, given to the real programs: each
gets an error that names file, line and cause, and the old answers stand.

    namespace of this test (loopback only)
    +---------------------------------------------------------------+
    |  zone files --> holdfastd --> store --> holdfast-sockets --+  |
    |                     ^ control socket     127.0.0.1 port 53 |  |
    |  holdfast ----------+                                      |  |
    |  questions by UDP <----------------------------------------+  |
    |  holdfast-dataplane on net_null: starts and refusals only     |
    +---------------------------------------------------------------+
"""
import ctypes
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

BUILD = os.path.abspath(os.environ.get("HOLDFAST_BUILD", "build/release"))
PROFILE = os.environ.get("HOLDFAST_PROFILE", "release")
SLOW = 5 if PROFILE != "release" else 1
VERBOSE = "BAD_INPUT_VERBOSE" in os.environ
CPUS = sorted(os.sched_getaffinity(0))
CLONE_NEWNET = 0x40000000
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
# root without the right to read what modes forbid
MODES_COUNT = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")

GOOD = """$TTL 300
@ SOA ns hostmaster %(serial)d 3600 600 86400 60
@ NS ns
ns A 192.0.2.1
www A %(address)s
"""

CONFIG = """store:
  directory: %(top)s/store
  run: %(top)s/run
dataplane:
  ports:
    - name: null
      device: "net_null0,no-rx=1"
      cores: [%(core)d]
      addresses: [192.0.2.53]
  management_core: %(management)d
  huge_pages: off
  memory_mib: 64
  mbufs: 2047
  file_prefix: hf-bad-%(pid)d
sockets:
  listen: [127.0.0.1]
control:
  metrics: 127.0.0.1@9153
rollout: {canary: off}
zones:
  - name: good.test
    file: %(top)s/good.zone
  - name: other.test
    file: %(top)s/other.zone
"""


def question(name, ident=0x1234):
    labels = b"".join(bytes([len(x)]) + x.encode() for x in name.split("."))
    return (struct.pack("!6H", ident, 0x100, 1, 0, 0, 0) + labels + b"\0" +
            struct.pack("!HH", 1, 1))


def answer(name, at="127.0.0.1"):
    """The address in the answer, or the rcode as a number; None for silence."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(2 * SLOW)
        s.connect((at, 53))
        try:
            s.send(question(name))
            reply = s.recv(2000)
        except OSError:
            return None
    rcode = reply[3] & 15
    return rcode if rcode else socket.inet_ntoa(reply[-4:])


class Case(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="holdfast-test-")
        self.addCleanup(shutil.rmtree, self.top)
        os.chmod(self.top, 0o755)
        self.daemons = {}
        self.started = []
        self.addCleanup(self.stop_all)
        self.config = self.write("holdfast.yaml", self.configuration())
        self.zone("good.zone", 1)
        self.zone("other.zone", 1)

    def path(self, *names):
        return os.path.join(self.top, *names)

    def write(self, name, data):
        path = self.path(name)
        with open(path + ".new", "wb") as f:
            f.write(data.encode() if isinstance(data, str) else data)
        os.rename(path + ".new", path)
        return path

    def configuration(self):
        return CONFIG % dict(top=self.top, core=CPUS[-1], management=CPUS[0],
                             pid=os.getpid())

    def zone(self, name, serial, address="192.0.2.10"):
        return self.write(name, GOOD % dict(serial=serial, address=address))

    def run_program(self, program, *words, prefix=()):
        done = subprocess.run(
            [*prefix, os.path.join(BUILD, program), *words], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, timeout=60, check=False)
        if VERBOSE:
            print("\n $ %s %s -> %d\n%s" % (
                program, " ".join(words), done.returncode,
                done.stdout.replace(self.top, "TOP")), end="")
        self.assertNotIn("Sanitizer", done.stdout)
        return done

    def refused(self, program, *words, says, status=(1, 2, 5), prefix=()):
        """The program refuses, in a line that has all of `says`."""
        done = self.run_program(program, *words, prefix=prefix)
        self.assertIn(done.returncode, status, done.stdout)
        last = done.stdout.strip().split("\n")[-1]
        for text in says:
            self.assertIn(text, last)
        return last

    def tool(self, *words, status=0):
        done = self.run_program("holdfast", *words, "--config", self.config)
        self.assertEqual(done.returncode, status, done.stdout)
        return done.stdout

    def log(self, program):
        with open(self.path(program + ".log"), errors="replace") as f:
            return f.read()

    def wait_log(self, program, text, start=0):
        deadline = time.time() + 15 * SLOW
        while text not in self.log(program)[start:]:
            if self.daemons[program].poll() is not None:
                self.fail("%s ended: %s" % (program, self.log(program)))
            self.assertLess(time.time(), deadline, self.log(program))
            time.sleep(0.02)

    def start(self, program, ready, prefix=()):
        with open(self.path(program + ".log"), "wb") as log:
            self.daemons[program] = subprocess.Popen(
                [*prefix, os.path.join(BUILD, program), "--config",
                 self.config], stdout=log, stderr=log)
        self.started.append(self.daemons[program])
        self.wait_log(program, ready)

    def stop(self, program):
        """A clean stop, also of what was given bad input."""
        process = self.daemons.pop(program)
        process.send_signal(signal.SIGTERM)
        status = process.wait(15 * SLOW)
        if VERBOSE:
            print("\n # log of %s\n%s" % (
                program, self.log(program).replace(self.top, "TOP")), end="")
        self.assertEqual(status, 0, self.log(program))

    def stop_all(self):
        try:
            for program in list(self.daemons):
                self.stop(program)
        finally:
            for process in self.started:
                if process.poll() is None:
                    process.kill()
                    process.wait()

    def start_control(self, prefix=()):
        self.start("holdfastd", "is live: ", prefix)

    def start_sockets(self):
        self.start("holdfast-sockets", "answering on")

    def expect_address(self, name, address):
        deadline = time.time() + 10 * SLOW
        while answer(name) != address and time.time() < deadline:
            time.sleep(0.02)
        self.assertEqual(answer(name), address)


class Zones(Case):
    """One zone is broken in every way; the other follows its changes."""

    def setUp(self):
        super().setUp()
        self.start_control(MODES_COUNT)
        self.start_sockets()
        self.expect_address("www.good.test", "192.0.2.10")
        self.serial = 1

    def both_stand(self, says):
        """good.test is refused for a reason with all of `says`, and stays;
        other.test goes on."""
        self.serial += 1
        address = "192.0.2.%d" % (100 + self.serial)
        self.zone("other.zone", self.serial, address)
        text = self.tool("reload", status=3)
        for words in (text, self.tool("zones", "good.test", status=0)):
            for part in says:
                self.assertIn(part, words)
        self.assertIn("refused", self.tool("zones", "good.test"))
        self.expect_address("www.other.test", address)
        self.assertEqual(answer("www.good.test"), "192.0.2.10")

    def good_again(self):
        self.zone("good.zone", 1)
        self.tool("reload")
        self.assertIn("served", self.tool("zones", "good.test"))

    def test_texts(self):
        soa = "$TTL 300\n@ SOA ns hostmaster 9 3600 600 86400 60\n"
        start = soa + "@ NS ns\nns A 192.0.2.1\n"
        label = "x" * 63
        table = [
            (start + "www A 192.0.2\n", ":5: ", "IPv4 address"),
            (start + "www A 192.0.2.1 192.0.2.2\n", ":5: "),
            (start + "www AAAA 2001:db8::g\n", ":5: ", "IPv6 address"),
            (start + "www MX mail\n", ":5: "),
            (start + "www NOSUCHTYPE x\n", ":5: ", "NOSUCHTYPE"),
            (start + "www TYPE65280 \\# 3 0102\n", ":5: "),
            (start + "www TXT \"no end\n", ":5: "),
            (start + "www SOA ( a b 1 2 3 4 5\n", ":5: "),
            (start + "www A 192.0.2.10\nwww CNAME ns\n", ".zone:", "CNAME"),
            (start + "www.example.org. A 192.0.2.10\n", ":5: ",
             "www.example.org."),
            (start + ".".join([label] * 4) + " A 192.0.2.10\n", ":5: ", "255"),
            (start + "x" * 64 + " A 192.0.2.10\n", ":5: ", "63"),
            (start + "a..b A 192.0.2.10\n", ":5: "),
            (start + "$INCLUDE nowhere.zone\n", ":5: ", "nowhere.zone"),
            (start + "$INCLUDE good.zone\n", "includes itself"),
            (start + "$GENERATE 1-x w$ A 192.0.2.$\n", ":5: "),
            (start + "$NOSUCH\n", ":5: ", "$NOSUCH"),
            (start + "www 99999999999 A 192.0.2.10\n", ":5: "),
            (soa + "www A 192.0.2.10\n", "NS"),
            ("$TTL 300\n@ NS ns\nns A 192.0.2.1\n", "SOA"),
            (start + "@ SOA ns hostmaster 8 3600 600 86400 60\n", "SOA"),
            ("", "empty"),
            ("; nothing\n", "empty"),
            (start + "www A 192.0.2.10\n" + "\0" * 20 + "\n", ":6: "),
            (b"\x7fELF" + bytes(range(256)) * 64, ":"),
        ]
        for text, *says in table:
            with self.subTest(says=says, text=text[-60:]):
                self.write("good.zone", text)
                self.both_stand(["good.zone", *says])
        self.good_again()

    def test_files(self):
        path = self.path("good.zone")
        os.remove(path)
        self.both_stand(["good.zone", "No such file"])
        os.mkdir(path)
        self.both_stand(["good.zone", "is a directory"])
        os.rmdir(path)
        os.mkfifo(path)
        self.both_stand(["good.zone", "not a regular file"])
        os.remove(path)
        os.symlink(path, path)
        self.both_stand(["good.zone"])
        os.remove(path)
        self.zone("good.zone", 1)  # may be read before nobody may
        os.chmod(path, 0)
        self.both_stand(["good.zone", "Permission denied"])
        os.remove(path)
        self.good_again()

    def test_half_written(self):
        """A writer that takes its time: nothing but the whole is served."""
        text = GOOD % dict(serial=7, address="192.0.2.77")
        with open(self.path("good.zone"), "w") as f:
            for at in range(0, len(text), 8):
                f.write(text[at:at + 8])
                f.flush()
                time.sleep(0.05)
                self.assertEqual(answer("www.good.test"), "192.0.2.10")
        self.expect_address("www.good.test", "192.0.2.77")

    def test_cut_off(self):
        """A writer that died: the line it was in, or the end, is missed."""
        text = GOOD % dict(serial=7, address="192.0.2.77")
        self.write("good.zone", text[:text.index("www") - 6])
        self.both_stand(["good.zone"])
        self.good_again()


class Configuration(Case):
    """A bad file refuses the start of every daemon, changes nothing in one
    that runs, and is named by line and option."""

    # data plane and sockets: 2, so that systemd does not try them again
    PROGRAMS = (("holdfastd", (), 1), ("holdfast-sockets", (), 2),
                ("holdfast-dataplane", (), 2), ("holdfast", ("check",), 1))

    def changed(self, *changes):
        text = self.configuration()
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new, 1)
        return text

    def table(self):
        """(text, what the message says)"""
        c = self.changed
        line = self.configuration().split("\n").index("control:") + 1
        yield c(("control:", "contorl:")), ":%d:" % line, "contorl"
        yield (c(("  metrics:", "  metrix: 1\n  metrics:")),
               ":%d:" % (line + 1), "metrix")
        yield (c(("  metrics: 127.0.0.1@9153", "  retain: many")),
               ":%d:" % (line + 1), "retain", "many")
        yield (c(("  metrics: 127.0.0.1@9153", "  retain: [1, 2]")),
               ":%d:" % (line + 1), "retain")
        yield (c(("  metrics: 127.0.0.1@9153", "  retain: 99999999999999999999")),
               ":%d:" % (line + 1), "retain")
        yield (c(("  metrics: 127.0.0.1@9153", "  retain: -1")),
               ":%d:" % (line + 1), "retain")
        yield (c(("  metrics: 127.0.0.1@9153", "  metrics: localhost")),
               ":%d:" % (line + 1), "metrics")
        yield c(("huge_pages: off", "huge_pages: maybe")), "huge_pages", "maybe"
        yield c(("[192.0.2.53]", "[192.0.2.53, 192.0.2.53]")), "addresses"
        yield c(("mbufs: 2047", "mbufs: 20")), "mbufs"
        yield c(("cores: [", "cores: [a, ")), "cores"
        yield c(("store:", "store: [")), ":"
        yield c(("  run:", "\trun:")), ":3:"
        yield c(("  run:", "  directory: /elsewhere\n  run:")), ":3:", "directory"
        yield c(("  run: ", "  run: relative")), ":3:", "run"
        yield c(("other.test", "good.test.")), "good.test"
        yield c(("other.test", "a..b")), "a..b"
        yield c(("    file: ", "    dnssec: on\n    file: ")), "dnssec"
        yield c(("    file: %s/good.zone" % self.top, "")), "file"
        yield "", "empty"
        yield "just words", ":1:"
        yield b"\x7fELF" + bytes(range(256)) * 64, ":"
        yield b"a: &a [*a,*a]\n", ":1:"
        yield "[" * 100000, ":1:"
        yield "log_level: info\n" * 3, "log_level"

    def test_every_program_names_the_line(self):
        for text, *says in self.table():
            path = self.write("bad.yaml", text)
            for program, words, status in self.PROGRAMS:
                with self.subTest(program=program, says=says):
                    self.refused(program, *words, "--config", path,
                                 says=["bad.yaml", *says], status=[status])

    def test_running_daemon_keeps_its_own(self):
        self.start_control()
        self.start_sockets()
        good = self.configuration()
        for n, (text, *says) in enumerate(self.table()):
            self.write("holdfast.yaml", text)
            with self.subTest(says=says):
                # the bad file names no place: the good one's is told
                done = self.run_program("holdfast", "reload", "--run",
                                        self.path("run"))
                self.assertEqual(done.returncode, 1, done.stdout)
                for part in ("holdfast.yaml", *says):
                    self.assertIn(part, done.stdout)
        self.daemons["holdfastd"].send_signal(signal.SIGHUP)
        self.zone("good.zone", 2, "192.0.2.20")
        self.expect_address("www.good.test", "192.0.2.20")
        self.assertEqual(answer("www.other.test"), "192.0.2.10")
        self.write("holdfast.yaml", good)
        self.tool("reload")

    def test_files(self):
        for program, words, status in self.PROGRAMS:
            def bad(path, *says, prefix=(), program=program, words=words,
                    status=status):
                with self.subTest(program=program, path=path):
                    self.refused(program, *words, "--config", path,
                                 says=[path, *says], prefix=prefix,
                                 status=[status, 5])  # 5: files, of the tool
            bad(self.path("nowhere.yaml"), "No such file")
            bad(self.top, "directory")
            bad("/dev/zero", "regular file")
            os.chmod(self.config, 0)
            bad(self.config, "Permission denied", prefix=MODES_COUNT)
            os.chmod(self.config, 0o644)

    def test_address_in_use(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 53))
            self.start_control()
            self.refused("holdfast-sockets", "--config", self.config,
                         says=["127.0.0.1", "another program", "ss -lnp"])
        self.start_sockets()
        self.refused("holdfast-sockets", "--config", self.config,
                     says=["127.0.0.1", "another program"])
        self.refused("holdfastd", "--config", self.config,
                     says=["another holdfastd", "stop it first"])
        self.assertEqual(answer("www.good.test"), "192.0.2.10")
        self.stop("holdfastd")
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
            s.bind(("127.0.0.1", 9153))
            s.listen()
            self.refused("holdfastd", "--config", self.config,
                         says=["metrics", "127.0.0.1@9153", "another"])
        self.start_control_again()
        self.assertEqual(answer("www.good.test"), "192.0.2.10")

    def start_control_again(self):
        self.start("holdfastd", "control socket")

    def test_ports(self):
        table = [
            (("net_null0,no-rx=1", "net_af_packet0,iface=nowhere0"),
             "null", "net_af_packet0"),
            (("net_null0,no-rx=1", "0000:ff:1f.7"), "null", "0000:ff:1f.7"),
            (("net_null0,no-rx=1", "net_nosuch0"), "net_nosuch0"),
            (("huge_pages: off", 'huge_pages: "on"\n  eal_options: []'),
             "huge_pages", "vm.nr_hugepages"),
            (("cores: [%d]" % CPUS[-1], "cores: [1000]"), "1000"),
            (("memory_mib: 64\n  mbufs: 2047",
              "memory_mib: 64\n  mbufs: 262143"), "memory_mib"),
        ]
        with open("/proc/sys/vm/nr_hugepages") as f:
            if f.read().strip() != "0":
                table.pop(3)
        for change, *says in table:
            with self.subTest(change=change):
                path = self.write("bad.yaml", self.changed(change))
                self.refused("holdfast-dataplane", "--config", path, says=says)

    def test_too_few_queues(self):
        if len(CPUS) < 2:
            self.skipTest("one CPU")
        path = self.write("bad.yaml", self.changed(
            ("net_null0,no-rx=1", "net_af_packet0,iface=lo"),
            ("mbufs: 2047", "mbufs: 8191"),
            ("cores: [%d]" % CPUS[-1], "cores: %s" % CPUS)))
        self.refused("holdfast-dataplane", "--config", path,
                     says=["port null", "queues", "set cores to 1 CPU"])


class Store(Case):
    """A store that is missing, another's, damaged, full or taken."""

    DAEMONS = ("holdfastd", "holdfast-sockets", "holdfast-dataplane")

    def compile(self, serial=1, address="192.0.2.10", status=0, says=(),
                file="good.zone"):
        done = self.run_program(
            "holdfast", "compile", "--store", self.path("store"), "--zone",
            "good.test=" + self.zone(file, serial, address), "--zone",
            "other.test=" + self.path("other.zone"))
        self.assertEqual(done.returncode, status, done.stdout)
        for text in says:
            self.assertIn(text, done.stdout)

    def files(self, folder=""):
        """{path in the store: bytes}"""
        found = {}
        for at, _, names in os.walk(self.path("store", folder)):
            for name in names:
                path = os.path.join(at, name)
                with open(path, "rb") as f:
                    found[os.path.relpath(path, self.path("store"))] = f.read()
        return found

    def write_store(self, name, data):
        """In place, as damage does it."""
        path = self.path("store", name)
        os.chmod(path, 0o644)
        with open(path, "wb") as f:
            f.write(data)

    def all_refuse(self, says, programs=DAEMONS):
        before = self.files()
        for program in programs:
            with self.subTest(program=program, says=says):
                self.refused(program, "--config", self.config, says=says)
                self.assertEqual(self.files(), before, "files changed")

    def test_missing(self):
        os.makedirs(self.path("run"), exist_ok=True)
        self.all_refuse([self.path("store"), "holdfast compile"],
                        ["holdfast-sockets"])
        self.refused("holdfast", "query", "www.good.test", "--store",
                     self.path("store"), says=["holdfast compile"])

    def test_something_else(self):
        os.mkdir(self.path("store"))
        self.write("store/photo.jpg", "x")
        self.all_refuse([self.path("store")])
        self.compile(status=5, says=["no Holdfast store", "photo.jpg"])
        self.assertEqual(list(self.files()), ["photo.jpg"])
        os.remove(self.path("store/photo.jpg"))
        os.rmdir(self.path("store"))
        self.write("store", "a file")
        for program in self.DAEMONS:
            self.refused(program, "--config", self.config,
                         says=[self.path("store")])

    def test_versions(self):
        self.compile()
        name, = [n for n in self.files() if n.endswith("holdfast-store")]
        whole = self.files()[name]
        self.assertRegex(whole, rb"^holdfast-store [2-8]\n")
        for version, word in ((b"9", "newer"), (b"1", "older")):
            first, rest = whole.split(b"\n", 1)
            self.write_store(name, first[:-1] + version + b"\n" + rest)
            self.all_refuse([self.path("store"), word])
            self.compile(status=5, says=[word])
        self.write_store(name, whole[:len(whole) // 2])
        self.all_refuse([self.path("store")])
        self.write_store(name, b"")
        self.all_refuse([self.path("store")])
        self.write_store(name, whole)
        os.makedirs(self.path("run"), exist_ok=True)
        self.start_sockets()
        self.assertEqual(answer("www.good.test"), "192.0.2.10")

    def test_damaged_generation(self):
        """Cell and manifest of the newest generation, in three ways; a server
        that runs keeps what it has in memory."""
        self.compile(1, "192.0.2.1")
        before = self.files()
        self.compile(2, "192.0.2.2")
        with open(self.config) as f:
            text = f.read()
        # with a run directory of its own: it would follow a data plane that
        # boots from the parent
        for run in ("run", "run2"):
            os.makedirs(self.path(run), exist_ok=True)
        self.write("holdfast.yaml", text.replace("/run\n", "/run2\n"))
        self.start_sockets()
        keeper = self.daemons.pop("holdfast-sockets")
        self.addCleanup(keeper.wait)
        self.addCleanup(keeper.terminate)
        self.assertEqual(answer("www.good.test"), "192.0.2.2")
        self.write("holdfast.yaml", text.replace("[127.0.0.1]", "[127.0.0.2]"))
        news = [n for n in self.files() if n not in before and
                n.split("/")[0] in ("cells", "generations")]
        self.assertEqual(len(news), 2, news)
        for name in news:
            whole = self.files()[name]
            middle = len(whole) // 2
            for bad in (whole[:middle], b"", whole[:middle] +
                        bytes([whole[middle] ^ 1]) + whole[middle + 1:]):
                self.write_store(name, bad)
                self.boot_parent(name)
                self.assertEqual(answer("www.good.test"), "192.0.2.2")
            os.remove(self.path("store", name))
            self.boot_parent(name)
            self.write_store_new(name, whole)

    def boot_parent(self, damaged):
        digest = os.path.basename(damaged).split(".")[0]
        for program, ready in (("holdfast-sockets", "answering on"),
                               ("holdfast-dataplane", "health: ok")):
            with self.subTest(program=program, damaged=damaged):
                self.start(program, ready)
                self.assertIn(digest[:12], self.log(program))
                if program == "holdfast-sockets":
                    self.assertEqual(answer("www.good.test", "127.0.0.2"),
                                     "192.0.2.1")
                self.stop(program)

    def write_store_new(self, name, data):
        with open(self.path("store", name), "wb") as f:
            f.write(data)

    def damage(self, name):
        whole = self.files()[name]
        middle = len(whole) // 2
        self.write_store(name, whole[:middle] + bytes([whole[middle] ^ 1]) +
                         whole[middle + 1:])

    def test_damaged_under_control(self):
        """holdfastd does not build on damaged records; the answers go on, and
        what it says to do helps."""
        self.compile(1, "192.0.2.1")
        first = self.files()
        self.compile(2, "192.0.2.2")
        os.makedirs(self.path("run"), exist_ok=True)
        self.start_sockets()
        name, = [n for n in self.files("records") if n not in first]
        self.damage(name)
        self.refused("holdfastd", "--config", self.config,
                     says=["holdfast rollback", name])
        self.assertIn(name, self.run_program(
            "holdfast", "verify", "--all", "--store",
            self.path("store")).stdout)
        self.assertEqual(answer("www.good.test"), "192.0.2.2")
        self.run_program("holdfast", "rollback", "--store", self.path("store"))
        self.expect_address("www.good.test", "192.0.2.1")
        self.start("holdfastd", "control socket")
        self.expect_address("www.good.test", "192.0.2.2")
        self.zone("good.zone", 3, "192.0.2.3")
        self.expect_address("www.good.test", "192.0.2.3")

    def test_current_damaged(self):
        """The newest of the committed generations is served."""
        self.compile(1, "192.0.2.1")
        self.compile(2, "192.0.2.2")
        os.makedirs(self.path("run"), exist_ok=True)
        whole = self.files()["current"]
        for bad in (b"", whole[:20], b"holdfast-current 9" + whole[18:],
                    b"\0" * len(whole), whole.replace(b"generation ", b"gen ")):
            self.write_store("current", bad)
            with self.subTest(bad=bad):
                self.start_sockets()
                self.assertIn("current: damaged",
                              self.log("holdfast-sockets"))
                self.assertEqual(answer("www.good.test"), "192.0.2.2")
                self.stop("holdfast-sockets")

    def test_two_owners(self):
        self.start_control()
        self.start_sockets()
        for zone in ("good.test", "other.test"):  # maybe not in one turn
            self.expect_address("www." + zone, "192.0.2.10")
        before = self.files()
        with open(self.config) as f:
            text = f.read()
        other = self.write("second.yaml", text.replace(
            "/run\n", "/run2\n").replace("9153", "9154"))
        self.refused("holdfastd", "--config", other,
                     says=[self.path("store"), "process %d" %
                           self.daemons["holdfastd"].pid, "stop it first"])
        # of a file that holdfastd does not follow
        self.compile(2, "192.0.2.66", status=1, says=["holdfastd"],
                     file="elsewhere.zone")
        self.assertEqual(self.files(), before)
        self.assertEqual(answer("www.good.test"), "192.0.2.10")

    def test_full_disk(self):
        """The store on a small tmpfs that somebody else fills."""
        os.mkdir(self.path("store"))
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs",
                        self.path("store")], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.path("store")],
                        check=False)
        self.start_control()
        self.start_sockets()
        with open(self.path("store/filler"), "wb", buffering=0) as f:
            try:
                while True:
                    f.write(b"x" * 4096)
            except OSError:
                pass
        self.zone("good.zone", 2, "192.0.2.22")
        done = self.run_program("holdfast", "reload", "--config", self.config)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("No space left", done.stdout)
        self.assertIn("free some space", done.stdout)
        self.assertEqual(answer("www.good.test"), "192.0.2.10")
        self.assertIn("No space left", self.tool("status"))
        os.remove(self.path("store/filler"))
        self.expect_address("www.good.test", "192.0.2.22")

    def current(self):
        return [line for line in self.tool("history").split("\n")
                if line.endswith(" current")]

    def big_zone(self):
        return GOOD % dict(serial=2, address="192.0.2.22") + "".join(
            "host%d TXT \"%s\"\n" % (i, "x" * 200) for i in range(100000))

    def memory_limit(self, program, more):
        """No more memory than the process has and `more` octets; None: any."""
        pid = self.daemons[program].pid
        with open("/proc/%d/statm" % pid) as f:
            have = int(f.read().split()[0]) * 4096
        limit = "unlimited" if more is None else str(have + more)
        subprocess.run(["prlimit", "--pid", str(pid), "--as=%s:" % limit],
                       check=True)

    @unittest.skipIf(PROFILE != "release", "sanitizers need all addresses")
    def test_out_of_memory_for_a_swap(self):
        """A generation that a server has no memory for: the old one stays."""
        self.start_control()
        self.start_sockets()
        self.memory_limit("holdfast-sockets", 8 << 20)
        self.write("good.zone", self.big_zone())
        self.tool("reload")
        self.wait_log("holdfast-sockets", "memory")
        self.assertEqual(answer("www.good.test"), "192.0.2.10")
        self.memory_limit("holdfast-sockets", None)
        self.expect_address("www.good.test", "192.0.2.22")

    @unittest.skipIf(PROFILE != "release", "sanitizers need all addresses")
    def test_out_of_memory_of_the_data_plane(self):
        """It refuses the generation, so nobody gets it; holdfastd tries again
        by itself."""
        os.makedirs(self.path("run"))
        self.start("holdfast-dataplane", "health: ")
        self.start_control()
        self.start_sockets()
        before = self.current()
        self.memory_limit("holdfast-dataplane", 8 << 20)
        self.write("good.zone", self.big_zone())
        done = self.run_program("holdfast", "reload", "--config", self.config)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("memory", done.stdout)
        self.assertIn("memory", self.tool("status"))
        self.assertEqual(self.current(), before)
        self.assertEqual(answer("www.good.test"), "192.0.2.10")
        self.memory_limit("holdfast-dataplane", None)
        self.expect_address("www.good.test", "192.0.2.22")


def unshare_network():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def stop(*_):
    sys.exit(1)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("root is needed for namespaces")
        sys.exit(77)
    signal.signal(signal.SIGTERM, stop)
    unshare_network()
    unittest.main(verbosity=2)
