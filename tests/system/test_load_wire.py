#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 240
# polls: one
"""holdfast-load asks, and what it says is what the servers have counted.

On virtio-user, as the wire benchmark and the container lab have it:

    holdfast-load                              holdfast-dataplane
    net_vhost, client=1  <--- vhost-user --->  net_virtio_user, server=1

On a kernel interface, a server of the kernel behind it. The kernel asks for
the MAC address of every client, and the generator for the server's:

    namespace client                  namespace server
    +-----------------------+         +----------------------------+
    | net_af_packet         |  veth   | 192.0.2.53 2001:db8::53    |
    |   holdfast-load       |  hfc -- hfs   holdfast-sockets (UDP) |
    +-----------------------+         +----------------------------+

Every answer's content is compared with the zone file; a zone that differs from
what is served must be noticed.
"""
import json
import os
import signal
import subprocess
import sys
import time
import unittest

import test_dataplane_veth as veth

LOAD = os.path.join(veth.BUILD, "holdfast-load")
HOSTS = 1000
RATE = 5000 if veth.SLOW == 1 else 1000
SECONDS = 2
ATTEMPTS = 3  # at loss, which a busy machine may cause; never at wrong answers

ZONE = veth.ZONE + """
*.wild TXT "any"
sub NS ns.sub
ns.sub A 192.0.2.77
alias CNAME www
far CNAME www.example.net.
"""

VIRTIO = """
store:
  directory: %(store)s
  run: %(run)s
dataplane:
  ports:
    - name: wan
      device: "net_virtio_user0,path=%(socket)s,server=1,\
mac=02:00:00:00:00:53,queue_size=1024,mrg_rxbuf=0,in_order=1"
      cores: [%(core)d]
      addresses: [192.0.2.53, "2001:db8::53"]
  management_core: %(management)d
  huge_pages: off
  memory_mib: 128
  file_prefix: hflw%(pid)d
"""


def write_zone(path, address):
    with open(path, "w") as f:
        f.write(ZONE % dict(serial=1, big="x" * 200))
        for n in range(HOSTS):
            f.write("h%d A 10.%d.%d.%d\n" % (n, address, n >> 8, n & 255))
            if n % 3 == 0:
                f.write("h%d AAAA 2001:db8:1::%x\n" % (n, n))


class Case(unittest.TestCase):
    def setUp(self):
        self.rig = veth.Rig()
        self.addCleanup(self.rig.remove)
        self.zone = os.path.join(self.rig.directory, "served")
        self.other = os.path.join(self.rig.directory, "other")
        write_zone(self.zone, 0)
        write_zone(self.other, 1)
        subprocess.run([veth.TOOL, "compile", "--store", self.rig.store,
                        "--zone", "example.test=" + self.zone], check=True,
                       timeout=100, stdout=subprocess.DEVNULL)

    def load_words(self, *words, zone=None, rate=RATE):
        return [LOAD, "--huge", "off", "--memory", "128", "--main-cpu",
                str(veth.MANAGEMENT_CPU), "--cpus", str(veth.MANAGEMENT_CPU),
                "--file-prefix", "hflw%dload" % os.getpid(),
                "--server", "192.0.2.53", "--server", "2001:db8::53",
                "--zone", "example.test=" + (zone or self.zone),
                "--count", "20000", "--nxdomain", "20", "--edns", "50",
                "--do", "30", "--cookie", "20", "--rate", str(rate), "--seconds", str(SECONDS),
                "--warmup", "0", "--timeout-ms", str(2000 * veth.SLOW),
                "--json", "-", *words]

    def load(self, *words, **options):
        """(exit status, report)"""
        done = subprocess.run(self.load_words(*words, **options),
                              capture_output=True, text=True, timeout=100,
                              check=False)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        self.assertNotIn("Sanitizer", done.stderr)
        report = json.loads(done.stdout)
        print({name: report[name] for name in (
            "answered", "lost", "wrong", "latency_us")})
        self.assertEqual(report["status"], done.returncode)
        return done.returncode, report

    def load_without_loss(self, *words):
        for _ in range(ATTEMPTS):
            status, report = self.load(*words)
            self.expect_right(report)
            if status == 0:
                break
        self.assertEqual(status, 0, report)
        self.assertEqual(report["lost"], 0)
        return report

    def expect_right(self, report):
        counters = report["counters"]
        self.assertEqual(report["wrong"], 0)
        for name in ("mismatched", "malformed", "fragments", "unreachable",
                     "handed"):
            self.assertEqual(counters[name], 0, name)
        self.assertEqual(counters["sent"],
                         counters["answered"] + counters["lost"])
        # all but the few whose answer the generator does not know
        self.assertGreater(counters["checked"], counters["answered"] * 0.99)
        self.assertEqual(sum(report["rcodes"].values()), counters["answered"])
        self.assertEqual(set(report["rcodes"]), {"0", "3"})


class Virtio(Case):
    def setUp(self):
        super().setUp()
        self.socket = os.path.join(self.rig.directory, "vhost.sock")
        config = os.path.join(self.rig.directory, "virtio.yaml")
        with open(config, "w") as f:
            f.write(VIRTIO % dict(
                store=self.rig.store, run=self.rig.run, socket=self.socket,
                core=veth.CPU, management=veth.MANAGEMENT_CPU,
                pid=os.getpid()))
        with open(self.rig.log, "wb") as log:
            self.rig.process = subprocess.Popen(
                [veth.DATAPLANE, "--config", config], stdout=log, stderr=log)
        # it waits for its peer before it says a word
        deadline = time.monotonic() + 15 * veth.SLOW
        while not os.path.exists(self.socket):
            self.assertIsNone(self.rig.process.poll(), self.rig.log_text())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        self.sent = self.answered = 0

    def load_words(self, *words, **options):
        return super().load_words(
            "--device", "net_vhost0,iface=%s,client=1" % self.socket,
            *words, **options)

    def load(self, *words, **options):
        status, report = super().load(*words, **options)
        self.sent += report["counters"]["sent"]
        self.answered += report["counters"]["answered"]
        return status, report

    def expect_counted(self):
        core = self.rig.core()
        queries = core["queries{ipv4}"] + core["queries{ipv6}"]
        self.assertLessEqual(queries, self.sent)
        self.assertGreaterEqual(queries, self.answered)
        self.assertEqual(core["rcode{noerror}"] + core["rcode{nxdomain}"],
                         queries)
        return core

    def test_all_answers_are_right(self):
        report = self.load_without_loss()
        self.assertEqual(report["counters"]["sent"] +
                         report["counters"]["unsent"], RATE * SECONDS)
        core = self.expect_counted()
        self.assertGreater(core["queries{ipv4}"], 0)
        self.assertGreater(core["queries{ipv6}"], 0)
        self.assertGreater(core["verdict{arp_answered}"], 0)
        self.assertGreater(core["verdict{neighbour_answered}"], 0)
        self.assertGreater(report["latency_us"]["p50"], 0)
        self.assertLessEqual(report["latency_us"]["p99.9"],
                             report["latency_us"]["max"])

    def test_another_zone_is_noticed(self):
        status, report = self.load(zone=self.other)
        self.assertEqual(status, 1)
        self.assertGreater(report["wrong"], report["answered"] / 10)
        self.assertLess(report["wrong"], report["answered"])
        self.expect_counted()

    def test_closed_loop_and_search(self):
        words = self.load_words("--window", "16")
        at = words.index("--rate")
        done = subprocess.run(words[:at] + words[at + 2:], timeout=100,
                              capture_output=True, text=True, check=False)
        report = json.loads(done.stdout)
        self.assertEqual(report["wrong"], 0, done.stderr)
        self.assertGreater(report["answered"], 100)
        # what a machine can is its own business: that it ends, and how
        status, report = self.load(
            "--search", "--trial", "0.1", "--precision", "50", "--seconds",
            "0.2", "--max-loss", "500000")
        self.assertGreater(len(report["search"]["trials"]), 1)
        self.assertEqual(report["wrong"], 0)
        if report["search"]["rate"]:
            self.assertEqual(status, 0)

    def test_an_interrupt_ends_it_with_a_report(self):
        words = self.load_words("--seconds", "100")
        with subprocess.Popen(words, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as process:
            time.sleep(3 * veth.SLOW)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        report = json.loads(out)
        self.assertEqual(report["wrong"], 0, err)
        self.assertLess(report["seconds"], 100)


class Kernel(Case):
    """holdfast-sockets in the server's namespace, where the kernel routes."""

    def setUp(self):
        super().setUp()
        with open(self.rig.log, "wb") as log:
            self.rig.sockets = subprocess.Popen(veth.in_server(
                veth.SOCKETS, "--store", self.rig.store,
                "--listen", "192.0.2.53", "--listen", "2001:db8::53"),
                stdout=log, stderr=log)
        time.sleep(0.2)

    def load_words(self, *words, **options):
        return super().load_words(
            "--device", "net_af_packet0,iface=hfc", "--clients", "40",
            *words, **options)

    def test_a_server_of_the_kernel(self):
        report = self.load_without_loss()
        # each client's address was asked for
        self.assertGreaterEqual(report["counters"]["neighbours"], 40)

    def test_nobody_there(self):
        words = self.load_words("--wait-link", "1")
        words[words.index("192.0.2.53")] = "192.0.2.99"
        done = subprocess.run(words, capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("192.0.2.99", done.stderr)
        self.assertIn("--server-mac", done.stderr)


class Errors(unittest.TestCase):
    def expect(self, status, text, *words):
        done = subprocess.run([LOAD, *words], capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertIn(text, done.stderr)

    def test_bad_options_and_files(self):
        base = ["--device", "net_null0", "--server", "192.0.2.53",
                "--rate", "1k"]
        self.expect(2, "--device")
        self.expect(2, "nothing to ask", *base)
        self.expect(2, "/nonexistent.zone", *base, "--zone",
                    "example.test=/nonexistent.zone")
        self.expect(2, "/nonexistent.txt", *base, "--list",
                    "/nonexistent.txt")

    def test_a_device_that_is_not_there(self):
        queries = os.path.join(os.environ.get("TMPDIR", "/tmp"),
                               "hflw%d.txt" % os.getpid())
        with open(queries, "w") as f:
            f.write("www.example.test A\n")
        self.addCleanup(os.unlink, queries)
        self.expect(5, "net_af_packet0,iface=nonexistent0",
                    "--device", "net_af_packet0,iface=nonexistent0",
                    "--server", "192.0.2.53", "--rate", "1k", "--huge", "off",
                    "--memory", "64", "--list", queries, "--cpus",
                    str(veth.CPU), "--file-prefix", "hflw%de" % os.getpid())


def routes_make():
    """The server's end is the kernel's: addresses, routes to the clients,
    finished checksums."""
    server = veth.SERVER
    subprocess.run(veth.in_server(
        "sysctl", "-qw", "net.ipv6.conf.hfs.disable_ipv6=0",
        "net.ipv4.conf.hfs.arp_ignore=0"), check=True)
    veth.ip("-n", server, "addr", "add", "192.0.2.53/24", "dev", "hfs")
    veth.ip("-n", server, "addr", "add", "2001:db8::53/64", "dev", "hfs",
            "nodad")
    veth.ip("-n", server, "route", "add", "198.18.0.0/15", "dev", "hfs")
    veth.ip("-n", server, "-6", "route", "add", "2001:2::/48", "dev", "hfs")
    subprocess.run(veth.in_server("ethtool", "-K", "hfs", "tx", "off"),
                   check=True, stdout=subprocess.DEVNULL)
    # here the generator is all that speaks
    for words in ("-4", "-6"):
        veth.ip("-n", veth.CLIENT, words, "addr", "flush", "dev", "hfc")


def stop(*_):
    sys.exit(1)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("root is needed for namespaces")
        sys.exit(77)
    signal.signal(signal.SIGTERM, stop)
    try:
        veth.topology_make()
        routes_make()
        unittest.main(verbosity=2)
    finally:
        veth.topology_remove()
