#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 300
"""Signed zones: those that ldns-signzone, dnssec-signzone and kzonesign make
are taken, broken ones are refused and what is served stays.

    signers -> zone files -> holdfast check, compile
                          -> holdfastd -> status, zones, /metrics
"""
import glob
import os
import re
import subprocess
import sys
import time
import unittest
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import control_rig as rig  # noqa: E402

SHARED = os.environ.get("SHARED", "")

ZONE = """$ORIGIN %(apex)s
$TTL 3600
@ SOA ns hostmaster %(serial)d 3600 600 864000 300
@ NS ns
@ NS NS2
@ MX 10 Mail.%(apex)s
ns A 192.0.2.1
ns2 AAAA 2001:db8::1
mail A 192.0.2.2
*.wild TXT "w"
a.b.c.ent A 192.0.2.3
alias CNAME Target.%(apex)s
dn DNAME other.test.
sec NS ns.sec
ns.sec A 192.0.2.10
sec DS 12345 13 2 %(digest)s
srv.q SRV 1 2 3 Mail
t TYPE65280 \\# 2 abcd
%(more)s
"""

INSECURE = """sub NS ns.sub
ns.sub A 192.0.2.9
deep.x.y NS ns.elsewhere.test.
"""

ALGORITHMS = ["RSASHA256", "ECDSAP256SHA256", "ECDSAP384SHA384", "ED25519"]


class Case(unittest.TestCase):
    def setUp(self):
        self.rig = rig.Rig(zones=())
        self.addCleanup(self.rig.remove)

    def run_in(self, *words):
        return subprocess.run(words, cwd=self.rig.top, check=True, text=True,
                              capture_output=True, timeout=60,
                              stdin=subprocess.DEVNULL).stdout

    def path(self, *names):
        return self.rig.path(*names)

    def plain(self, file="plain", apex="ex.test.", serial=1,
              more=INSECURE):
        self.rig.text(file, ZONE % dict(apex=apex, serial=serial, more=more,
                                        digest="ab" * 32))
        return self.path(file)

    def key(self, algorithm="ECDSAP256SHA256", apex="ex.test.", ksk=False):
        size = ["-b", "1024"] if algorithm == "RSASHA256" else []
        return self.run_in("ldns-keygen", "-r", "/dev/urandom", "-a",
                           algorithm, *size, *(["-k"] if ksk else []),
                           apex).strip()

    def sign(self, *options, out="signed", plain=None, keys=None):
        """By ldns; the file."""
        plain = plain or self.plain()
        keys = keys or [self.key(ksk=True), self.key()]
        self.run_in("ldns-signzone", *options, "-f", out, plain, *keys)
        return self.path(out)

    def check(self, file, *options, apex="ex.test", status=0):
        return self.rig.tool("check", "--zone", apex + "=" + file, *options,
                             status=status)

    def refused(self, file, words, *options, apex="ex.test"):
        text = self.check(file, *options, apex=apex, status=3)
        self.assertIn(words, text)
        self.assertIn(file, text)

    def edit(self, file, pattern, to, count=1):
        with open(file) as f:
            text = f.read()
        text, n = re.subn(pattern, to, text, count=count, flags=re.M)
        self.assertGreater(n, 0, pattern)
        self.rig.text("edited", text)
        return self.path("edited")


class Signers(Case):

    def test_ldns_signzone(self):
        for algorithm in ALGORITHMS:
            keys = [self.key(algorithm, ksk=True), self.key(algorithm)]
            for options in [(), ("-n",), ("-n", "-t", "7", "-s", "abcd"),
                            ("-n", "-p"), ("-z", "1:1", "-z", "1:2")]:
                with self.subTest(algorithm=algorithm, options=options):
                    self.check(self.sign(*options, keys=keys))

    def test_dnssec_signzone(self):
        self.plain()
        for algorithm in ALGORITHMS:
            size = ["-b", "2048"] if algorithm == "RSASHA256" else []
            keys = [self.run_in("dnssec-keygen", "-q", "-a", algorithm, *size,
                                *flags, "ex.test").strip()
                    for flags in (["-f", "KSK"], [])]
            for options in [(), ("-3", "-"), ("-3", "beef", "-H", "5"),
                            ("-3", "-", "-A")]:
                with self.subTest(algorithm=algorithm, options=options):
                    self.run_in("dnssec-signzone", "-q", "-S", "-K", ".", "-o",
                                "ex.test", *options, "-f", "signed", "plain",
                                *keys)
                    self.check(self.path("signed"))

    def test_kzonesign(self):
        for algorithm in ALGORITHMS:
            for denial in ("", "nsec3: on", "nsec3: on\n    nsec3-opt-out: on"):
                with self.subTest(algorithm=algorithm, denial=denial):
                    self.knot_sign(algorithm.lower(), denial)

    def knot_sign(self, algorithm, denial):
        self.plain("ex.test.zone")
        for old in glob.glob(self.path("knot*")):
            subprocess.run(["rm", "-rf", old], check=True)
        self.rig.text("knot.conf", """
database:
    storage: %(top)s/knotdb
policy:
  - id: p
    algorithm: %(algorithm)s
    %(denial)s
zone:
  - domain: ex.test
    file: %(top)s/ex.test.zone
    dnssec-signing: on
    dnssec-policy: p
    zonemd-generate: zonemd-sha384
""" % dict(top=self.rig.top, algorithm=algorithm, denial=denial))
        os.makedirs(self.path("knotout"))
        os.makedirs(self.path("knotdb"))
        self.run_in("kzonesign", "-c", "knot.conf", "-o", "knotout", "ex.test")
        [out] = glob.glob(self.path("knotout", "*"))
        self.check(out)

    @unittest.skipUnless(os.path.isdir(os.path.join(SHARED, "zones")),
                         "no shared zones")
    def test_real_root(self):
        for name, at in [("root-2014062501.zone", "2014-06-25T12:00:00Z"),
                         ("root-2020020102.zone", "2020-02-01T23:30:00Z")]:
            file = os.path.join(SHARED, "zones", name)
            self.check(file, "--at", at, apex=".")
            self.refused(file, "expired", apex=".")
            self.check(file, "--dnssec", "off", apex=".")
            self.check(file, "--dnssec", "warn", apex=".")

    # --- what is not

    def test_faults_are_refused(self):
        signed = self.sign("-z", "1:1")
        now = int(time.time())
        self.refused(signed, "expired", "--at", str(now + 40 * 86400))
        self.refused(signed, "is not valid before", "--at",
                     str(now - 40 * 86400))
        self.refused(self.edit(signed, r"192\.0\.2\.2$", "192.0.2.99"),
                     "mail.ex.test. A: its signature by key")
        self.refused(self.edit(signed, r"^ex\.test\..*\sMX\s10.*\n", ""),
                     "ex.test. NSEC: its bitmap has a type that is not "
                     "there: MX")
        self.refused(self.edit(signed, r"^ns\.ex\.test\..*\n", "", 0),
                     "NSEC: the next name is not ns2.ex.test.")
        # no fault but that of the digest: glue is not signed
        self.refused(self.edit(signed, r"192\.0\.2\.9$", "192.0.2.99"),
                     "DNSSEC: ex.test. ZONEMD: its digest is not that")
        self.check(self.edit(signed, r"192\.0\.2\.2$", "192.0.2.99"),
                   "--dnssec", "warn")

    def test_horizon(self):
        end = int(time.time()) + 86400 * 2
        signed = self.sign("-e", time.strftime("%Y%m%d%H%M%S",
                                               time.gmtime(end)))
        self.check(signed, "--at", str(end - 86400))
        self.refused(signed, "within 24 hours", "--at", str(end - 86400 + 1))

    def test_parent_and_child(self):
        """A new child that its DS does not lead to stays out."""
        keys = [self.key(apex="kid.ex.test.", ksk=True)]
        kid = self.sign(out="kid", plain=self.plain("kid.plain",
                                                    "kid.ex.test.", more=""),
                        keys=keys)
        with open(self.path(keys[0] + ".ds")) as f:
            ds = f.read().replace("kid.ex.test.\t", "kid.ex.test. ")
        parent = self.sign(out="parent", plain=self.plain(
            "parent.plain", more="kid NS ns.kid\n" + ds))
        zones = ["--zone", "ex.test=" + parent, "--zone", "kid.ex.test=" + kid]
        compile_ = ["compile", "--store", self.rig.store, *zones]
        self.rig.tool(*compile_)
        other = [self.key(apex="kid.ex.test.", ksk=True)]
        self.sign(out="kid", keys=other, plain=self.plain(
            "kid.plain", "kid.ex.test.", serial=2, more=""))
        done = subprocess.run([rig.TOOL, *compile_], capture_output=True,
                              text=True)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("kid.ex.test. refused, stays at serial 1", done.stderr)
        self.assertIn("no DS of kid.ex.test. in the parent zone leads to",
                      done.stderr)
        self.rig.tool(*compile_, "--dnssec", "warn")


class Daemon(Case):
    """holdfastd: what is served stays, and status says what is the matter."""

    def setUp(self):
        super().setUp()
        self.rig.zones = {"ex.test": "signed"}
        self.rig.configure(metrics_on="true")
        self.keys = [self.key(ksk=True), self.key()]

    def version(self, serial, *options, edit=None):
        new = self.sign(*options, out="new", keys=self.keys,
                        plain=self.plain(serial=serial, more=""))
        if edit:
            new = self.edit(new, *edit)
        with open(new) as f:
            self.rig.text("signed", f.read())

    def state(self):
        return self.rig.zone_state("ex.test")

    def served(self, serial, word):
        self.rig.wait_state("ex.test", state="served", serial=serial)
        self.rig.wait_for(lambda: self.state()["dnssec"]["state"] == word)

    def metrics(self):
        url = "http://127.0.0.1:%d/metrics" % self.rig.options["metrics_port"]
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read().decode()

    def test_served_and_refused(self):
        self.version(1)
        self.rig.start()
        self.served(1, "verified")
        zones = self.rig.ask("status")["zones"]
        self.assertEqual((zones["unverified"], zones["signatures_ending"]),
                         (0, 0))
        left = zones["signatures_end"] - time.time()
        self.assertTrue(86400 < left < 86400 * 40, left)
        self.assertIn("holdfast_zone_signatures_end_seconds{zone=\"ex.test.\"}",
                      self.metrics())
        self.version(2, edit=(r"192\.0\.2\.2$", "192.0.2.99"))
        self.rig.wait_state("ex.test", state="refused", serial=1)
        self.assertIn("is bogus", self.state()["why"])
        self.version(3)
        self.served(3, "verified")
        # after a restart what is served is looked at without being told to
        self.rig.stop()
        self.rig.start()
        self.served(3, "verified")

    def test_warn_and_off(self):
        self.version(1, edit=(r"192\.0\.2\.2$", "192.0.2.99"))
        self.rig.configure(more="dnssec_default: warn")
        self.rig.start()
        self.served(1, "faults")
        self.assertEqual(self.rig.ask("status")["zones"]["unverified"], 1)
        self.assertIn("1 zones served unverified",
                      self.rig.tool("status", "--run", self.rig.run))
        self.rig.configure(more="dnssec_default: off")
        self.rig.ask("reload")
        self.served(1, "unverified")
        # verify: what is served stays, whatever is found
        self.rig.configure(more="dnssec_default: verify")
        self.rig.ask("reload")
        self.served(1, "faults")
        self.assertEqual(self.state()["serial"], 1)

    def test_alarm(self):
        """Signatures that end soon: served with warn, and an alarm."""
        end = time.gmtime(time.time() + 3600)
        self.version(1, "-e", time.strftime("%Y%m%d%H%M%S", end))
        self.rig.start()
        self.rig.wait_state("ex.test", state="refused")
        self.assertIn("within 24 hours", self.state()["why"])
        self.rig.configure(more="dnssec_default: warn")
        self.rig.ask("reload")
        self.served(1, "faults")
        self.rig.wait_for(
            lambda: self.rig.ask("status")["zones"]["signatures_ending"])
        self.assertIn("signatures of what is served end",
                      self.rig.log_text("holdfastd"))
        seconds = re.search(r"^holdfast_signatures_end_seconds (\S+)",
                            self.metrics(), re.M)
        self.assertTrue(3000 < float(seconds.group(1)) <= 3600)


if __name__ == "__main__":
    unittest.main(verbosity=2)
