#!/usr/bin/python3
# timeout: 240
# SPDX-License-Identifier: BSD-2-Clause
"""DNS cookies and other EDNS options, beside NSD, Knot and BIND.

All four have the same secrets, as the nodes of an anycast set would:

    dig, kdig, raw messages --> 127.0.0.1 --> holdfast-sockets, nsd, knotd, named
                            --> 127.0.0.2 --> holdfast-sockets (as from another
                                              address, the client's is that)

A cookie that one has made is valid at every other. HOLDFAST_BUILD is the
directory of the programs, build/release by default.
"""
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

from free_port import free_port

BUILD = os.path.abspath(os.environ.get("HOLDFAST_BUILD", "build/release"))
SECRET = "e5e973e5a6b2a43f48e7dc849e37bfcf"
OLD = "dd3bdf9344b678b185a6f5cb60fca715"
ZONE = """$ORIGIN example.test.
$TTL 300
@ SOA ns host 42 3600 600 86400 60
@ NS ns
ns A 192.0.2.1
www A 192.0.2.10
"""
NOERROR, FORMERR, BADCOOKIE = 0, 1, 23
NSID, EXPIRE, COOKIE, KEEPALIVE, EDE, ZONEVERSION = 3, 9, 10, 11, 15, 19


def query(options, name="www.example.test", qtype=1):
    """A message with an OPT record; no question if name is None."""
    data = b"".join(struct.pack("!HH", c, len(d)) + d for c, d in options)
    wire = struct.pack("!6H", 4711, 0, name is not None, 0, 0, 1)
    if name is not None:
        for label in name.split("."):
            wire += bytes([len(label)]) + label.encode()
        wire += b"\0" + struct.pack("!HH", qtype, 1)
    return wire + b"\0" + struct.pack("!HHIH", 41, 1232, 0, len(data)) + data


def skip_name(m, at):
    while m[at]:
        if m[at] >= 0xc0:
            return at + 2
        at += m[at] + 1
    return at + 1


class Response:
    def __init__(self, m):
        self.id, flags, qd, self.an, ns, ar = struct.unpack("!6H", m[:12])
        self.rcode, self.options = flags & 15, {}
        self.aa = bool(flags & 0x400)
        self.has_opt = False
        at = 12
        for _ in range(qd):
            at = skip_name(m, at) + 4
        for _ in range(self.an + ns + ar):
            at = skip_name(m, at)
            rtype, _, ttl, n = struct.unpack("!HHIH", m[at:at + 10])
            data = m[at + 10:at + 10 + n]
            at += 10 + n
            if rtype != 41:
                continue
            self.has_opt = True
            self.rcode |= ttl >> 24 << 4
            while data:
                code, n = struct.unpack("!HH", data[:4])
                self.options[code] = data[4:4 + n]
                data = data[4 + n:]
        assert at == len(m)


def ask(port, message, source="127.0.0.1", tcp=False):
    kind = socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as s:
        s.settimeout(5)
        s.bind((source, 0))
        s.connect(("127.0.0.1", port))
        if not tcp:
            s.send(message)
            return Response(s.recv(65535))
        s.sendall(struct.pack("!H", len(message)) + message)
        data = b""
        while len(data) < 2 or len(data) < 2 + struct.unpack("!H", data[:2])[0]:
            part = s.recv(65535)
            if not part:
                raise EOFError
            data += part
        return Response(data[2:])


class Server:
    """A process with a directory and a port, stopped by its own id."""

    def __init__(self, name, config=""):
        self.port = free_port()
        self.dir = tempfile.mkdtemp(prefix="holdfast-cookies-")
        os.chmod(self.dir, 0o755)
        self.name = name
        self.zone = self.path("zone", ZONE)
        self.log = open(os.path.join(self.dir, "log"), "wb")
        command = getattr(self, name)(config)
        self.process = subprocess.Popen(command, stdout=self.log,
                                        stderr=self.log, cwd=self.dir)
        end = time.time() + 20
        while time.time() < end and self.process.poll() is None:
            try:
                if ask(self.port, query([])).an:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        self.stop()
        raise RuntimeError(name + " does not start")

    def path(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def holdfast(self, config):
        store = os.path.join(self.dir, "store")
        os.mkdir(os.path.join(self.dir, "run"))
        subprocess.run([os.path.join(BUILD, "holdfast"), "compile", "--store",
                        store, "--zone", "example.test=" + self.zone],
                       check=True, stdout=subprocess.DEVNULL, timeout=60)
        self.secrets = os.path.join(store, "cookies.secret")
        self.config = self.path("holdfast.yaml", """
store: {directory: %s, run: %s/run}
sockets: {listen: [127.0.0.1@%d], tcp_idle_ms: 12300}
answer:
  nsid: here
  cookies: {%s}
""" % (store, self.dir, self.port, config))
        return [os.path.join(BUILD, "holdfast-sockets"), "--config",
                self.config]

    def nsd(self, _):
        return ["nsd", "-d", "-c", self.path("nsd.conf", """
server:
  ip-address: 127.0.0.1
  port: %d
  username: ""
  chroot: ""
  zonesdir: "%s"
  database: ""
  pidfile: "%s/pid"
  xfrdfile: "%s/xfrd"
  zonelistfile: "%s/list"
  server-count: 1
  rrl-ratelimit: 0
  answer-cookie: yes
  cookie-secret: "%s"
remote-control:
  control-enable: no
zone:
  name: example.test
  zonefile: zone
""" % (self.port, self.dir, self.dir, self.dir, self.dir, SECRET))]

    def knot(self, _):
        return ["knotd", "-c", self.path("knot.conf", """
server:
  rundir: "%s"
  listen: 127.0.0.1@%d
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: "%s/db"
mod-cookies:
  - id: default
    secret: 0x%s
    badcookie-slip: 1
template:
  - id: default
    storage: "%s"
    global-module: mod-cookies/default
    zonefile-sync: -1
    journal-content: none
    semantic-checks: off
zone:
  - domain: example.test
    file: zone
""" % (self.dir, self.port, self.dir, SECRET, self.dir))]

    def bind(self, _):
        return ["named", "-g", "-c", self.path("named.conf", """
options {
  directory "%s"; pid-file "%s/pid"; session-keyfile "%s/key";
  listen-on port %d { 127.0.0.1; }; listen-on-v6 { none; };
  recursion no; dnssec-validation no;
  cookie-algorithm siphash24; cookie-secret "%s"; require-server-cookie yes;
};
controls { };
zone "example.test" { type primary; file "zone"; };
""" % (self.dir, self.dir, self.dir, self.port, SECRET))]

    def text(self):
        with open(os.path.join(self.dir, "log"), errors="replace") as f:
            return f.read()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)


def start(test, name, config="mode: on"):
    server = Server(name, config)
    test.addCleanup(server.stop)
    return server


def write_secrets(server, *secrets):
    new = server.secrets + ".new"
    with open(new, "w") as f:
        f.write("".join(s + "\n" for s in secrets))
    os.chmod(new, 0o640)
    os.rename(new, server.secrets)


def tool(server, *words):
    return subprocess.run([os.path.join(BUILD, "holdfast"), "cookies", *words,
                           "--config", server.config], capture_output=True,
                          text=True, timeout=20)


def learn(port, client=b"clientco"):
    r = ask(port, query([(COOKIE, client)]))
    assert len(r.options[COOKIE]) == 24 and r.options[COOKIE][:8] == client
    return r.options[COOKIE]


def wait_for(what):
    end = time.time() + 10
    while not what():
        if time.time() > end:
            raise AssertionError("it does not come")
        time.sleep(0.05)


class Set(unittest.TestCase):
    """An anycast set of four different servers."""

    @classmethod
    def setUpClass(cls):
        cls.servers = {}
        try:
            for name in ("holdfast", "nsd", "knot", "bind"):
                cls.servers[name] = Server(name, "mode: on")
            ours = cls.servers["holdfast"]
            write_secrets(ours, SECRET, OLD)
            wait_for(lambda: "2 are accepted" in ours.text())
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        for server in cls.servers.values():
            server.stop()

    def port(self, name):
        return self.servers[name].port

    def test_cookies_of_one_are_valid_at_all(self):
        """We say so to a query without a question (RFC 7873 section 5.4), Knot
        and BIND by BADCOOKIE, NSD by whether the cookie comes back."""
        for maker in self.servers:
            cookie = learn(self.port(maker), b"of" + maker[:3].encode() + b"abc")
            other = cookie[:-1] + bytes([cookie[-1] ^ 1])
            for taker, name in (("holdfast", None), ("bind", "www.example.test"),
                                ("knot", "www.example.test")):
                r = ask(self.port(taker), query([(COOKIE, cookie)], name))
                self.assertEqual(r.rcode, NOERROR, (maker, taker))
                r = ask(self.port(taker), query([(COOKIE, other)], name))
                self.assertEqual(r.rcode, BADCOOKIE, (maker, taker))
            r = ask(self.port("nsd"), query([(COOKIE, cookie)]))
            self.assertEqual(r.options[COOKIE], cookie, maker)
            r = ask(self.port("holdfast"), query([(COOKIE, cookie)]))
            self.assertEqual(r.options[COOKIE], cookie, maker)
            self.assertEqual((r.rcode, r.an, r.aa), (NOERROR, 1, True))

    def test_another_address(self):
        cookie = learn(self.port("holdfast"))
        r = ask(self.port("holdfast"), query([(COOKIE, cookie)], None),
                source="127.0.0.2")
        self.assertEqual(r.rcode, BADCOOKIE)
        self.assertNotEqual(r.options[COOKIE], cookie)

    def test_lengths(self):
        """FORMERR where the three others agree that it is one."""
        for n in range(0, 64):
            message = query([(COOKIE, b"x" * n)])
            r = ask(self.port("holdfast"), message)
            sound = n == 8 or 16 <= n <= 40
            self.assertEqual(r.rcode, NOERROR if sound else FORMERR, n)
            self.assertEqual(COOKIE in r.options, sound, n)
            self.assertTrue(r.has_opt)
            for name in ("nsd", "bind"):
                theirs = ask(self.port(name), message)
                self.assertEqual(theirs.rcode == FORMERR, r.rcode == FORMERR,
                                 (name, n))

    def test_expire(self):
        """Like BIND, which is the only other one to do it for a primary."""
        for qtype in (1, 2, 6, 16):
            for name in ("example.test", "www.example.test"):
                message = query([(EXPIRE, b"")], name, qtype)
                self.assertEqual(
                    ask(self.port("holdfast"), message).options.get(EXPIRE),
                    ask(self.port("bind"), message).options.get(EXPIRE),
                    (name, qtype))
        r = ask(self.port("holdfast"), query([(EXPIRE, b"")],
                                             "example.test", 6))
        self.assertEqual(r.options[EXPIRE], struct.pack("!I", 86400))

    def test_options(self):
        ours = self.port("holdfast")
        everything = [(NSID, b""), (ZONEVERSION, b""), (EXPIRE, b""),
                      (KEEPALIVE, b""), (COOKIE, b"clientco"), (65001, b"x")]
        for tcp in (False, True):
            r = ask(ours, query(everything, "example.test", 6), tcp=tcp)
            self.assertEqual(r.options[NSID], b"here")
            self.assertEqual(r.options[ZONEVERSION],
                             b"\2\0" + struct.pack("!I", 42))
            self.assertEqual(r.options[EXPIRE], struct.pack("!I", 86400))
            self.assertEqual(r.options.get(KEEPALIVE),
                             struct.pack("!H", 123) if tcp else None)
            self.assertEqual(len(r.options[COOKIE]), 24)
            self.assertNotIn(65001, r.options)
        r = ask(ours, query(everything, "elsewhere", 1))
        self.assertEqual(r.options[EDE], struct.pack("!H", 20))
        self.assertNotIn(ZONEVERSION, r.options)

    def test_dig_and_kdig(self):
        port = str(self.port("holdfast"))
        dig = subprocess.run(
            ["dig", "@127.0.0.1", "-p", port, "www.example.test", "+cookie",
             "+nsid", "+expire", "+norecurse"], capture_output=True, text=True, timeout=20)
        self.assertRegex(dig.stdout, r"; COOKIE: [0-9a-f]{48} \(good\)")
        self.assertNotIn("WARNING", dig.stdout)
        full = re.search(r"; COOKIE: ([0-9a-f]{48})", dig.stdout).group(1)
        dig = subprocess.run(
            ["dig", "@127.0.0.1", "-p", port, "www.example.test",
             "+cookie=" + full], capture_output=True, text=True, timeout=20)
        self.assertIn("; COOKIE: %s (good)" % full, dig.stdout)
        kdig = subprocess.run(
            ["kdig", "@127.0.0.1", "-p", port, "www.example.test", "+cookie",
             "+tcp"], capture_output=True, text=True, timeout=20)
        self.assertRegex(kdig.stdout, r"COOKIE: \w{16,}")
        self.assertIn("192.0.2.10", kdig.stdout)


class Modes(unittest.TestCase):
    def test_required(self):
        ours = start(self, "holdfast", "mode: required")
        wait_for(lambda: "1 is accepted" in ours.text())
        r = ask(ours.port, query([(COOKIE, b"clientco")]))
        self.assertEqual((r.rcode, r.an), (BADCOOKIE, 0))
        again = ask(ours.port, query([(COOKIE, r.options[COOKIE])]))
        self.assertEqual((again.rcode, again.an), (NOERROR, 1))
        tcp = ask(ours.port, query([(COOKIE, b"clientco")]), tcp=True)
        self.assertEqual((tcp.rcode, tcp.an), (NOERROR, 1))
        plain = ask(ours.port, query([]))
        self.assertEqual((plain.rcode, plain.an), (NOERROR, 1))
        # dig comes back by itself
        dig = subprocess.run(
            ["dig", "@127.0.0.1", "-p", str(ours.port), "www.example.test",
             "+cookie", "+short"], capture_output=True, text=True, timeout=20)
        self.assertIn("192.0.2.10", dig.stdout)

    def test_off(self):
        ours = start(self, "holdfast", "mode: off")
        r = ask(ours.port, query([(COOKIE, b"short")]))
        self.assertEqual((r.rcode, r.an, r.options), (NOERROR, 1, {}))
        r = ask(ours.port, query([(COOKIE, b"clientco")], None))
        self.assertEqual(r.rcode, FORMERR)
        self.assertFalse(os.path.exists(ours.secrets))


class Rollover(unittest.TestCase):
    def test_without_loss(self):
        ours = start(self, "holdfast")
        wait_for(lambda: "1 is accepted" in ours.text())
        self.assertEqual(os.stat(ours.secrets).st_mode & 0o777, 0o640)
        mark = re.search(r"makes +(\w{8})", tool(ours).stdout).group(1)
        cookie = learn(ours.port)
        for step, count in (("stage", 2), ("swap", 4), ("roll", 6)):
            done = tool(ours, step)
            self.assertEqual(done.returncode, 0, done.stderr)
            wait_for(lambda: ours.text().count("cookies: secret") >= count / 2
                     + 1)
            r = ask(ours.port, query([(COOKIE, cookie)], None))
            self.assertEqual(r.rcode, NOERROR, step)
            # staged: still the old one's; then one of the new secret's
            self.assertEqual(r.options[COOKIE] == cookie, step == "stage")
            cookie = r.options[COOKIE]
        # what was made with the first secret is lost by now
        self.assertNotIn(mark, tool(ours, "show").stdout)

    def test_refused_files_change_nothing(self):
        ours = start(self, "holdfast")
        wait_for(lambda: "1 is accepted" in ours.text())
        cookie = learn(ours.port)
        with open(ours.secrets) as f:
            secret = f.read()
        write_secrets(ours, "nonsense")
        wait_for(lambda: "stay in use" in ours.text())
        r = ask(ours.port, query([(COOKIE, cookie)], None))
        self.assertEqual(r.rcode, NOERROR)
        bad = tool(ours, "show")
        self.assertEqual(bad.returncode, 1)
        self.assertNotIn("nonsense", bad.stderr + ours.text())
        self.assertNotIn(secret.split()[-1], ours.text())

    def test_words(self):
        ours = start(self, "holdfast")
        self.assertEqual(tool(ours, "swap").returncode, 1)
        self.assertEqual(tool(ours, "burn").returncode, 2)
        self.assertEqual(tool(ours, "stage").returncode, 0)
        with open(ours.secrets) as f:
            for line in f:
                self.assertNotIn(line.strip(), tool(ours, "show").stdout)


if __name__ == "__main__":
    for program in ("nsd", "knotd", "named", "dig", "kdig"):
        if shutil.which(program) is None:
            print("no %s here" % program)
            sys.exit(77)
    unittest.main(verbosity=1)
