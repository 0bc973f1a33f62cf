# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of holdfastd share: a store, zone files, a configuration, the
daemons on them, and a client that watches the answers all the while."""
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

from free_port import free_port

BUILD = os.path.abspath(os.environ.get("HOLDFAST_BUILD", "build/asan"))
CONTROL = os.path.join(BUILD, "holdfastd")
SOCKETS = os.path.join(BUILD, "holdfast-sockets")
DATAPLANE = os.path.join(BUILD, "holdfast-dataplane")
TOOL = os.path.join(BUILD, "holdfast")
SLOW = 5 if os.environ.get("HOLDFAST_PROFILE", "asan") != "release" else 1

ZONE = """$TTL 60
@ SOA ns hostmaster %(serial)d 3600 600 86400 60
@ NS ns
ns A 192.0.2.1
alias CNAME v%(serial)d
v%(serial)d TXT "%(serial)d"
multi TXT "a %(serial)d"
multi TXT "b %(serial)d"
*.wild TXT "%(serial)d"
%(more)s
"""

CONFIG = """
store:
  directory: %(store)s
  run: %(run)s
control:
  metrics_on: %(metrics_on)s
  metrics: 127.0.0.1@%(metrics_port)d
  settle_ms: %(settle)d
  commit_deadline_ms: %(deadline)d
  retain: %(retain)d
  %(control)s
rollout: %(rollout)s
%(more)s
zones:
%(zones)s
"""


class Rig:
    """Files and processes of one test; `options` go into CONFIG."""

    def __init__(self, zones=("a.test",), **options):
        self.top = tempfile.mkdtemp(prefix="holdfast-test-")
        self.store = self.path("store")
        self.run = self.path("run")
        self.config = self.path("holdfast.yaml")
        self.options = dict(metrics_on="false", metrics_port=free_port(),
                            settle=20, deadline=10000, retain=4, control="", more="",
                            rollout="{canary: off}")
        self.options.update(options)
        self.zones = {z: z + ".zone" for z in zones}
        self.zone_words = {}  # more of a zone's options, by name
        self.port = free_port()
        self.processes, self.logged = {}, {}
        os.mkdir(self.run)
        self.configure()

    def path(self, *names):
        return os.path.join(self.top, *names)

    def configure(self, **options):
        self.options.update(options)
        lines = ["  - {name: %s, file: %s%s}" %
                 (name, file, self.zone_words.get(name, ""))
                 for name, file in self.zones.items()]
        with open(self.config, "w") as f:
            f.write(CONFIG % dict(self.options, store=self.store, run=self.run,
                                  zones="\n".join(lines) or "  []"))

    def zone(self, serial, name="a.test", more="", age=0):
        """A new version, in one step; `age`: seconds since it was written."""
        self.text(self.zones[name], ZONE % dict(serial=serial, more=more), age)

    def zone_in_place(self, serial, name="a.test"):
        """The same file with other content, as an editor may leave it."""
        with open(self.path(self.zones[name]), "w") as f:
            f.write(ZONE % dict(serial=serial, more=""))

    def text(self, file, text, age=0):
        path = self.path(file)
        with open(path + ".new", "w") as f:
            f.write(text)
        if age:
            os.utime(path + ".new", (time.time() - age,) * 2)
        os.rename(path + ".new", path)

    # --- processes

    def log_text(self, name):
        """What the process that was started last has logged."""
        try:
            with open(self.path(name + ".log"), errors="replace") as f:
                f.seek(self.logged.get(name, 0))
                return f.read()
        except FileNotFoundError:
            return ""

    def spawn(self, name, *words, **environment):
        with open(self.path(name + ".log"), "ab") as log:
            self.logged[name] = log.tell()
            p = subprocess.Popen(words, stderr=log, stdout=log,
                                 env=dict(os.environ, **environment))
        self.processes[name] = p
        return p

    def wait_for(self, what, process=None, seconds=10, pause=0.005):
        """Until what() is true; None when the process has died before."""
        end = time.time() + seconds * SLOW
        while True:
            value = what()
            if value:
                return value
            if process and process.poll() is not None:
                return what() or None
            if time.time() > end:
                raise AssertionError("not in time: " + "\n".join(
                    self.log_text(n)[-2000:] for n in self.processes))
            time.sleep(pause)

    def start(self, kill=None, ready=True):
        """holdfastd, that perhaps kills itself at `kill`."""
        environment = {"HOLDFASTD_KILL_AT": kill} if kill else {}
        p = self.spawn("holdfastd", CONTROL, "--config", self.config,
                       **environment)
        if ready:
            self.wait_for(lambda: self.ask_once("status"), p)
        return p

    def start_sockets(self):
        p = self.spawn("sockets", SOCKETS, "--store", self.store, "--run",
                       self.run, "--listen", "127.0.0.1@%d" % self.port)
        if not self.wait_for(
                lambda: "answering on" in self.log_text("sockets"), p):
            raise AssertionError(self.log_text("sockets"))
        return p

    def stop(self, name="holdfastd", how=signal.SIGTERM):
        p = self.processes.pop(name)
        if p.poll() is None:
            p.send_signal(how)
        return p.wait(20 * SLOW)

    def remove(self):
        for p in self.processes.values():
            if p.poll() is None:
                p.kill()
            p.wait()
        shutil.rmtree(self.top)

    def tool(self, *words, status=0):
        done = subprocess.run([TOOL, *words], capture_output=True, text=True,
                              timeout=60, stdin=subprocess.DEVNULL)
        if done.returncode != status:
            raise AssertionError("%s: %d %s %s" % (
                words, done.returncode, done.stdout, done.stderr))
        return done.stdout

    def verify(self):
        return self.tool("verify", "--store", self.store)

    # --- the control socket

    def connect(self, seconds=30):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.settimeout(seconds)
        try:
            s.connect(os.path.join(self.run, "holdfastd.sock"))
        except OSError:
            s.close()
            raise
        return s

    def ask(self, command, **members):
        """The last line of the answer, with the others in "lines"."""
        with self.connect() as s, s.makefile("rb") as answer:
            request = dict(members, command=command)
            s.sendall(json.dumps(request).encode() + b"\n")
            lines = []
            for line in answer:
                lines.append(json.loads(line))
                if lines[-1].get("done"):
                    return dict(lines[-1], lines=lines[:-1])
        raise EOFError("no answer to %s" % command)

    def ask_once(self, command):
        try:
            return self.ask(command)
        except (OSError, EOFError, ValueError):
            return None

    def zone_state(self, name="a.test"):
        return self.ask("zones", zone=name)["lines"][0]["zone"]

    def wait_state(self, name="a.test", **members):
        """Until the zone is so, e.g. state="served", serial=2."""
        seen = {}

        def look():
            seen.update(self.zone_state(name))
            return all(seen[k] == v for k, v in members.items()) and dict(seen)
        try:
            return self.wait_for(look)
        except AssertionError as e:
            raise AssertionError("%s is not %s: %s" % (seen, members, e))

    # --- answers

    def serial(self, name="a.test"):
        """The version that is answered; None: not served."""
        version = ask_version(self.port, name)
        return version


def query_wire(name, kind=16, ident=1):
    labels = b"".join(bytes([len(x)]) + x.encode() for x in name.split("."))
    return (struct.pack("!6H", ident, 0, 1, 0, 0, 0) + labels + b"\0" +
            struct.pack("!HH", kind, 1))


def versions_in(answer, zone):
    """Rcode, and the version numbers that an answer to alias.ZONE TXT says, in
    the name that the CNAME points to and in the text of that name."""
    _, flags, _, count, _, _ = struct.unpack_from("!6H", answer)
    if flags & 15 or count != 2:
        return flags & 15, []
    at = 12 + len("alias." + zone) + 2 + 4
    numbers = []
    for _ in range(count):
        while answer[at] and answer[at] < 0xc0:
            at += answer[at] + 1
        at += 2 if answer[at] else 1
        kind, _, _, length = struct.unpack_from("!HHIH", answer, at)
        at += 10
        data = answer[at:at + length]
        text = data[1:1 + data[0]].decode()
        numbers.append(int(text[1:] if kind == 5 else text))
        at += length
    return 0, numbers


def ask_version(port, zone):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(3 * SLOW)
        s.sendto(query_wire("alias." + zone), ("127.0.0.1", port))
        rcode, numbers = versions_in(s.recv(4096), zone)
    if rcode or not numbers:
        return None
    if len(set(numbers)) != 1:
        raise AssertionError("a mix: %s" % numbers)
    return numbers[0]


class Watcher:
    """Asks all the while; keeps what was wrong, and when each version was seen
    first. `current`, if given, is the store's file whose changes are noted: a
    commit must show in the answers soon."""

    def __init__(self, port, allowed, zone="a.test", current=None):
        self.port, self.zone, self.current = port, zone, current
        self.wrong, self.seen, self.commits = [], {}, []
        self.answers, self.version = 0, None
        self.allowed = set(allowed)
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.ask, daemon=True)]
        if current:
            self.threads.append(
                threading.Thread(target=self.look, daemon=True))
        for t in self.threads:
            t.start()

    def ask(self):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(4 * SLOW)
        s.connect(("127.0.0.1", self.port))
        ident = 0
        while not self.ended.is_set():
            ident = (ident + 1) & 0xffff
            s.send(query_wire("alias." + self.zone, ident=ident))
            try:
                answer = s.recv(4096)
            except OSError as e:
                self.wrong.append("no answer: %s" % e)
                continue
            now = time.time()
            rcode, numbers = versions_in(answer, self.zone)
            if answer[:2] != struct.pack("!H", ident):
                self.wrong.append("a late answer")
            elif rcode or len(numbers) != 2 or numbers[0] != numbers[1]:
                self.wrong.append("rcode %d, %s" % (rcode, numbers))
            elif numbers[0] not in self.allowed:
                self.wrong.append("%d was never written" % numbers[0])
            elif self.version and numbers[0] < self.version:
                self.wrong.append("%d after %d" % (numbers[0], self.version))
            else:
                self.seen.setdefault(numbers[0], now)
                self.version = numbers[0]
            self.answers += 1
            time.sleep(0.002)
        s.close()

    def look(self):
        last = None
        while not self.ended.is_set():
            now = time.time()
            with open(self.current, "rb") as f:
                text = f.read()
            if last is not None and text != last:
                self.commits.append(now)
            last = text
            time.sleep(0.005)

    def stop(self):
        """Seconds from a commit to its first answer: the longest."""
        self.ended.set()
        for t in self.threads:
            t.join()
        first = sorted(self.seen.values())[1:]
        if self.current and len(first) != len(self.commits):
            self.wrong.append("%d commits, %d versions seen" %
                              (len(self.commits), len(first)))
        return max((s - c for s, c in zip(first, self.commits)), default=0)
