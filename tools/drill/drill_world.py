# SPDX-License-Identifier: BSD-2-Clause
"""A world for one scenario: a scratch folder with store, zones and
configuration, the real programs on it, and clients that ask all the while.

    zone files -> holdfastd -> store, RUN/dataplane.sock -> holdfast-dataplane
                                                              (net_ring)
    clients 127.x.y.z -- UDP --> holdfast-sockets <-- RUN/dataplane.page
                                  127.0.0.1, a free port

The data plane decides what is live and who is in a canary; holdfast-sockets
follows it and answers with the same engine, so that no privileges are needed."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import drill_client
import drill_zones

CONFIG = """\
store: {directory: %(store)s, run: %(run)s}
control:
  metrics_on: false
  settle_ms: 20
  commit_deadline_ms: %(deadline)d
  retain: %(retain)d
  keys: %(top)s/keys
answer: {cookies: {mode: "off"}}
dataplane:
  ports:
    - {name: ring, device: net_ring0, cores: [%(poll)d], addresses: [192.0.2.53]}
  management_core: %(manage)d
  huge_pages: "off"
  memory_mib: 64
  mbufs: 4095
  file_prefix: hfdrill%(pid)d
rollout: %(rollout)s
%(more)s
zone_directory: %(zones)s
zones:
%(list)s
"""


class DrillError(Exception):
    """A scenario has failed: what was to happen did not."""


class NotRun(Exception):
    """It cannot be run here: why."""


def free_port():
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
            s.bind(("127.0.0.1", 0))
            try:
                u.bind(s.getsockname())
            except OSError:
                continue
            return s.getsockname()[1]
    raise DrillError("no free port")


class World:
    def __init__(self, drill, **options):
        self.drill = drill
        self.top = tempfile.mkdtemp(prefix="holdfast-drill-", dir=drill.scratch)
        self.store, self.run = self.path("store"), self.path("run")
        self.folder, self.config = self.path("zones"), self.path("holdfast.yaml")
        cpus = sorted(os.sched_getaffinity(0))
        self.options = dict(
            deadline=10000, retain=8, rollout="{canary: false, soak_s: 0}",
            more="", poll=cpus[-1], manage=cpus[0], pid=os.getpid())
        self.options.update(options)
        self.port = free_port()
        self.processes, self.mounts, self.clients = {}, [], None
        self.environment = {}
        for folder in (self.run, self.folder, self.path("keys")):
            os.mkdir(folder)
        self.zones, self.words, self.right, self.bad = {}, {}, {}, {}
        self.bystanders = {}
        self.add(drill_zones.shop())
        self.add(drill_zones.plain())
        for name, file in drill.bystanders.items():
            shutil.copy(file, os.path.join(self.folder, self.file_of(name)))
            self.words[name] = ", dnssec: \"off\""
            self.bystanders[name] = {}

    def path(self, *names):
        return os.path.join(self.top, *names)

    # --- zones and configuration

    @staticmethod
    def file_of(name):
        return (name.strip(".") or "root").replace("/", "_") + ".zone"

    def add(self, zone, words=""):
        self.zones[zone.name], self.words[zone.name] = zone, words
        self.right[zone.name] = [zone]
        self.put(zone, age=5)

    def put(self, zone, age=0):
        self.put_text(zone.name, zone.text(), age)

    def put_text(self, name, text, age=0):
        """A new file in one step, as operators are told to."""
        path = os.path.join(self.folder, self.file_of(name))
        with open(path + ".new", "w") as f:
            f.write(text)
        if age:
            os.utime(path + ".new", (time.time() - age,) * 2)
        os.rename(path + ".new", path)

    def text_of(self, name):
        with open(os.path.join(self.folder, self.file_of(name))) as f:
            return f.read()

    def configure(self, without=(), **options):
        self.options.update(options)
        lines = ["  - {name: \"%s\", file: %s%s}" %
                 (name, self.file_of(name), words)
                 for name, words in self.words.items() if name not in without]
        text = CONFIG % dict(self.options, store=self.store, run=self.run,
                             top=self.top, zones=self.folder,
                             list="\n".join(lines))
        with open(self.config + ".new", "w") as f:
            f.write(text)
        os.rename(self.config + ".new", self.config)

    # --- processes

    def log_text(self, name):
        try:
            with open(self.path(name + ".log"), errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def spawn(self, name, *words, **environment):
        with open(self.path(name + ".log"), "ab") as log:
            p = subprocess.Popen(
                words, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env=dict(os.environ, RUNTIME_DIRECTORY=self.run,
                         **dict(self.environment, **environment)))
        self.processes[name] = p
        return p

    def wait(self, what, why, seconds=20, process=None):
        """Until what() is true; how long that took."""
        begun = time.monotonic()
        while not what():
            if process and process.poll() is not None:
                raise DrillError("%s: it has ended: %s" % (
                    why, self.log_text("holdfastd")[-300:]))
            if time.monotonic() - begun > seconds * self.drill.patience:
                raise DrillError("not in time: " + why)
            time.sleep(0.01)
        return time.monotonic() - begun

    def start_control(self, wait=True, **environment):
        p = self.spawn("holdfastd", self.drill.program("holdfastd"),
                       "--config", self.config, **environment)
        if wait:
            self.wait(lambda: self.ask_quietly("status"), "holdfastd starts",
                      process=p)
        return p

    def start_dataplane(self, **environment):
        p = self.spawn("dataplane", self.drill.program("holdfast-dataplane"),
                       "--config", self.config, **environment)
        self.wait(lambda: self.dataplane().get("healthy") == "yes" or
                  p.poll() is not None, "the data plane starts", 40)
        if p.poll() is not None:
            raise DrillError("the data plane does not start: " +
                             self.log_text("dataplane")[-600:])
        return p

    def start_sockets(self, **environment):
        p = self.spawn("sockets", self.drill.program("holdfast-sockets"),
                       "--store", self.store, "--run", self.run, "--listen",
                       "127.0.0.1@%d" % self.port, "--config", self.config,
                       **environment)
        self.wait(lambda: self.answers("p01.plain.test", "TXT") or
                  p.poll() is not None, "holdfast-sockets answers")
        if p.poll() is not None:
            raise DrillError("holdfast-sockets does not start: " +
                             self.log_text("sockets")[-600:])
        return p

    def stop(self, name, how=signal.SIGKILL):
        p = self.processes.pop(name)
        if p.poll() is None:
            p.send_signal(how)
        try:
            return p.wait(30)
        except subprocess.TimeoutExpired:
            p.kill()
            raise DrillError("%s does not stop" % name)

    def start(self, clients=True):
        """Everything; each zone's first version is served."""
        self.configure()
        self.start_control()
        for name in self.zones:
            self.wait_state(name, "served")
        self.baseline_files()
        if self.drill.dataplane:
            self.start_dataplane()
        self.start_sockets()
        if self.drill.dataplane:
            self.wait(lambda: self.ask("status")["dataplane"]["alive"],
                      "control sees the data plane")
        self.baseline()
        if clients:
            self.start_clients()

    def start_clients(self, questions=None, exposed=None, pause=0.002):
        self.clients = drill_client.Clients(
            self.port, questions or self.questions(), self.right_now,
            exposed or self.bad_now, pause).start()
        if not self.clients.wait_answers(50):
            raise DrillError("nobody answers")

    def remove(self):
        if self.clients:
            self.clients.stop()
        for p in self.processes.values():
            if p.poll() is None:
                p.send_signal(signal.SIGCONT)
                p.kill()
            p.wait()
        for place in reversed(self.mounts):
            subprocess.run(["umount", place], check=False)
        if not self.drill.keep:
            shutil.rmtree(self.top, ignore_errors=True)

    # --- asking

    def tool(self, *words, seconds=60):
        return subprocess.run(
            [self.drill.program("holdfast"), *words], capture_output=True,
            text=True, timeout=seconds, stdin=subprocess.DEVNULL)

    def ask(self, command, **members):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(60)
            s.connect(os.path.join(self.run, "holdfastd.sock"))
            s.sendall(json.dumps(dict(members, command=command)).encode() +
                      b"\n")
            lines = []
            for line in s.makefile("rb"):
                lines.append(json.loads(line))
                if lines[-1].get("done"):
                    return dict(lines[-1], lines=lines[:-1])
        raise DrillError("no answer to " + command)

    def ask_quietly(self, command, **members):
        try:
            return self.ask(command, **members)
        except (OSError, ValueError, DrillError):
            return None

    def dataplane_say(self, request):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.settimeout(20)
            s.connect(os.path.join(self.run, "dataplane.sock"))
            s.send(request.encode())
            return s.recv(8192).decode()

    def dataplane(self):
        """What the data plane says of itself; nothing where there is none."""
        try:
            words = self.dataplane_say("status").split()[1:]
        except OSError:
            return {}
        return dict(w.split("=", 1) for w in words)

    def state(self, name):
        answer = self.ask("zones", zone=name.rstrip(".") + ".")
        if not answer["lines"]:
            raise DrillError("holdfastd knows no zone %s: %s" % (name, answer))
        return answer["lines"][0]["zone"]

    def wait_state(self, name, state, serial=None, seconds=30):
        seen = {}

        def look():
            seen.update(self.state(name))
            return seen["state"] == state and serial in (None, seen["serial"])
        try:
            return self.wait(look, "%s is %s" % (name, state), seconds)
        except DrillError as e:
            raise DrillError("%s; it is %s, %s: %s" % (
                e, seen.get("state"), seen.get("serial"), seen.get("why")))

    def why(self, name):
        return self.state(name)["why"] or ""

    def verify(self):
        done = self.tool("verify", "--store", self.store)
        if done.returncode:
            raise DrillError("the store is not sound: " + done.stdout +
                             done.stderr)

    def answers(self, name, kind):
        """The answer now, or nothing."""
        try:
            return drill_client.ask_once(self.port, name, kind, 0.5)
        except OSError:
            return None

    # --- what is right

    def questions(self):
        """Names with their types, full."""
        found = [("%s" % self.zones["shop.test"].full(o), k)
                 for o, k in drill_zones.shop_questions()]
        found += [(self.zones["plain.test"].full(o), k)
                  for o, k in drill_zones.plain_questions()]
        for asked in self.bystanders.values():
            found += list(asked)
        return found

    def zone_of(self, name):
        for zone in self.right:
            if name == zone or name.endswith("." + zone):
                owner = name[:-len(zone)].rstrip(".") or "@"
                return zone, owner
        return None, None

    def right_now(self, name, kind):
        for asked in self.bystanders.values():
            if (name, kind) in asked:
                return (asked[name, kind],)
        zone, owner = self.zone_of(name)
        return [v.answer(owner, kind) for v in self.right.get(zone, ())]

    def bad_now(self, name, kind):
        """Of versions that a share of the clients may have, for a while."""
        zone, owner = self.zone_of(name)
        return [v.answer(owner, kind) for v in self.bad.get(zone, ())]

    def allow(self, zone):
        """A new version that is good; the old one stays right until only()."""
        self.right[zone.name] = self.right[zone.name] + [zone]

    def only(self, zone):
        self.zones[zone.name] = zone
        self.right[zone.name] = [zone]

    def publish(self, zone, seconds=60):
        """A good version, until it is served; how long that took."""
        self.allow(zone)
        self.put(zone)
        took = self.wait_state(zone.name, "served", zone.serial, seconds)
        self.wait(lambda: self.shows(zone), "the answers show it")
        self.only(zone)
        return took

    def shows(self, zone):
        return (0, frozenset(["SOA %d" % zone.serial])) == self.answers(
            zone.name, "SOA")

    def baseline_files(self):
        """A configured zone that is not taken is left out."""
        for name in list(self.bystanders):
            self.wait(lambda n=name: self.state(n)["state"] != "waiting", name)
            if self.state(name)["state"] != "served":
                del self.bystanders[name]

    def baseline(self):
        """What configured zones answer at the start must not change."""
        for name, asked in self.bystanders.items():
            for owner, kind in ((name, "SOA"), (name, "NS"), (name, "A"),
                                ("holdfast-drill-none." + name, "A")):
                answer = self.answers(owner.strip("."), kind)
                if answer:
                    asked[owner.strip("."), kind] = answer
