#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 240
"""Zones signed by holdfastd, end to end; others' checkers judge the result.

    a.test.zone (unsigned) + keys -> holdfastd -> store -> holdfast-sockets
    holdfast keys ---------^                        |        <- questions
                                                    v
                         zone_print -> ldns-verify-zone, dnssec-verify,
                                       kzonecheck
"""
import os
import re
import shutil
import subprocess
import sys
import time
import unittest

import dns.dnssec
import dns.message
import dns.name
import dns.query
import dns.rdatatype

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import control_rig as rig  # noqa: E402

POLICIES = """policies:
  - {name: quick, dnskey_ttl_s: 1, ds_ttl_s: 1, propagation_s: 0}
  - {name: hash, denial: nsec3, algorithm: ed25519, keys: ksk-zsk, zonemd: true,
     dnskey_ttl_s: 1, ds_ttl_s: 1, propagation_s: 0}
  - {name: short, validity_s: 62, refresh_s: 60, jitter_s: 0}
"""

ZONE = """$TTL 1
@ SOA NS hostmaster %(serial)d 3600 600 86400 1
@ NS ns
@ MX 10 Mail.Elsewhere.example.
ns A 192.0.2.1
deep.er.down TXT "x"
*.wild A 192.0.2.2
plain NS ns.plain
ns.plain A 192.0.2.3
secure NS ns.elsewhere.example.
secure DS 1 13 2 %(digest)s
cut.ent NS ns.elsewhere.example.
moved DNAME Elsewhere.example.
%(more)s
"""


class Case(unittest.TestCase):
    policy = "quick"

    def setUp(self):
        self.rig = rig.Rig(zones=("a.test",))
        self.addCleanup(self.rig.remove)
        self.keys = self.rig.path("keys")
        self.rig.zone_words["a.test"] = (
            ", dnssec: sign, policy: " + self.policy)
        self.rig.configure(control="keys: " + self.keys, more=POLICIES)

    def tearDown(self):
        p = self.rig.processes.get("holdfastd")
        if p:
            self.assertIsNone(p.poll(), self.rig.log_text("holdfastd"))
            self.assertEqual(self.rig.stop(), 0,
                             self.rig.log_text("holdfastd"))

    def zone(self, serial, more=""):
        self.rig.text("a.test.zone", ZONE % dict(
            serial=serial, more=more, digest="00" * 32), age=5)

    def tool(self, *words, status=0):
        return self.rig.tool("keys", *words, "--config", self.rig.config,
                             status=status)

    def key_list(self):
        """(role, state, DS) of each key, as the operator reads it."""
        return [tuple(x or "" for x in m) for m in re.findall(
            r"^a\.test\. (\w+) \d+ \S+ (\w+) since [^;]*?(?:, DS (\w+))?;",
            self.tool("list", "a.test"), re.M)]

    def wait_keys(self, *keys):
        seen = []

        def look():
            seen[:] = self.key_list()
            return seen == list(keys)
        try:
            self.rig.wait_for(look, seconds=15)
        except AssertionError as e:
            raise AssertionError("keys are %s: %s" % (seen, e))

    def counter(self, name):
        return self.rig.ask("stats")["counters"][name]

    def live_zone(self):
        return subprocess.run(
            [os.path.join(rig.BUILD, "system", "zone_print"), self.rig.store,
             "a.test."], check=True, capture_output=True, text=True).stdout

    def judge(self, leave_out=""):
        """Every checker that is installed finds nothing wrong; one is."""
        path = self.rig.path("live.zone")
        with open(path, "w") as f:
            f.write(self.live_zone())
        judges = 0
        for command in (["ldns-verify-zone", path],
                        # -z: a key with the SEP bit may sign the zone
                        ["dnssec-verify", "-q", "-o", "a.test."] +
                        (["-z"] if self.policy != "hash" else []) + [path],
                        ["kzonecheck", "-o", "a.test.", "-d", "on", path]):
            if command[0] == leave_out or not shutil.which(command[0]):
                continue
            done = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, "%s: %s%s" % (
                command, done.stdout, done.stderr))
            judges += 1
        self.assertGreater(judges, 0)

    def question(self, name, kind, do=True):
        q = dns.message.make_query(name, kind, want_dnssec=do)
        return dns.query.udp(q, "127.0.0.1", port=self.rig.port,
                             timeout=3 * rig.SLOW)

    def signed_from_the_start(self):
        self.zone(1)
        self.tool("create", "a.test")
        self.rig.start()
        self.rig.wait_state(state="served", serial=1)


class Quick(Case):
    def test_from_nothing(self):
        """A zone without keys is refused with the way out; with keys it is
        signed without another word."""
        self.zone(1)
        self.rig.start()
        state = self.rig.wait_state(state="refused")
        self.assertIn("holdfast keys create a.test.", state["why"])
        self.assertEqual(self.rig.ask("status")["zones"]["signing_fails"], 1)
        self.tool("ds", "a.test", status=1)
        out = self.tool("create", "a.test")
        self.assertIn("csk", out)
        self.tool("create", "a.test", status=1)
        state = self.rig.wait_state(state="served", serial=1)
        self.assertIsNone(state["signing"]["why"])
        self.assertGreater(state["signing"]["ends_first"],
                           time.time() + 12 * 86400)
        self.judge()
        self.rig.start_sockets()
        answer = self.question("ns.a.test", "A")
        self.assertEqual([x.rdtype for x in answer.answer],
                         [dns.rdatatype.A, dns.rdatatype.RRSIG])
        answer = self.question("ns.a.test", "A", do=False)
        self.assertEqual([x.rdtype for x in answer.answer],
                         [dns.rdatatype.A])
        answer = self.question("a.test", "DNSKEY")
        ds = self.tool("ds", "a.test").split()
        self.assertEqual(ds[2], "DS")
        key = [x for x in answer.answer
               if x.rdtype == dns.rdatatype.DNSKEY][0][0]
        made = dns.dnssec.make_ds(dns.name.from_text("a.test"), key, "SHA256")
        self.assertEqual(made.to_text().split(), ds[3:])

    def test_signers_records_in_the_source(self):
        self.signed_from_the_start()
        self.zone(2, "sub NSEC a.test. A")
        state = self.rig.wait_state(state="refused")
        self.assertIn("sub.a.test. has a NSEC record", state["why"])
        self.assertEqual(state["serial"], 1)

    def test_roll(self):
        """A CSK roll, step by step; the zone is sound at each."""
        self.signed_from_the_start()
        self.wait_keys(("csk", "active", "wanted"))
        self.rig.wait_for(lambda: " IN CDS " in self.live_zone())
        self.tool("ds-seen", "a.test")
        self.tool("roll", "a.test")
        self.tool("roll", "a.test", status=1)
        self.wait_keys(("csk", "active", "seen"),
                       ("csk", "published", "wanted"))
        # kzonecheck wants signatures of both keys, also in a zone like this
        # by dnssec-signzone; RFC 4035 section 2.2 wants one an algorithm
        self.judge(leave_out="kzonecheck")
        self.assertEqual(len(re.findall(r" DNSKEY 257", self.live_zone())), 2)
        self.tool("ds-seen", "a.test")
        self.wait_keys(("csk", "removed", "seen"), ("csk", "active", "seen"))
        self.rig.wait_for(lambda: len(re.findall(
            r" DNSKEY 257", self.live_zone())) == 1)
        self.judge()
        self.tool("remove", "a.test")
        self.wait_keys(("csk", "active", "seen"))
        files = sorted(os.listdir(self.keys))
        self.assertEqual(len([f for f in files if f.endswith(".private")]), 1)

    def test_lost_keys(self):
        """What is served stays, and the zone is not signed with new ones."""
        self.signed_from_the_start()
        before = self.live_zone()
        shutil.rmtree(self.keys)
        self.tool("create", "a.test")
        self.zone(2)
        # for a moment there were no keys at all, which may be seen first
        self.rig.wait_for(lambda: "signed with keys that are not in" in (
            self.rig.zone_state("a.test")["why"] or ""))
        self.rig.wait_state(state="refused", serial=1)
        self.assertEqual(self.live_zone(), before)

    def test_a_lost_private_key(self):
        """It is named; `create` makes no others in its place."""
        self.signed_from_the_start()
        state, = [f for f in os.listdir(self.keys) if f.endswith(".json")]
        private, = [f for f in os.listdir(self.keys)
                    if f.endswith(".private")]

        def tags():
            with open(os.path.join(self.keys, state)) as f:
                return re.findall(r'"tag": (\d+)', f.read())
        before = tags()
        os.rename(os.path.join(self.keys, private), self.rig.path("away"))
        done = subprocess.run(
            [rig.TOOL, "keys", "create", "a.test", "--config",
             self.rig.config], capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(private + " is not there", done.stderr)
        self.assertEqual(tags(), before)
        self.zone(2)
        self.assertIn(private + " is not there",
                      self.rig.wait_state(state="refused")["why"])

    def test_rollback_is_not_undone_by_signing(self):
        self.signed_from_the_start()
        self.zone(2, "bad A 192.0.2.66")
        self.rig.wait_state(state="served", serial=2)
        self.assertTrue(self.rig.ask("rollback")["ok"])
        state = self.rig.wait_state(state="condemned")
        self.assertEqual(state["serial"], 1)
        self.rig.ask("reload")
        self.assertEqual(self.rig.zone_state()["state"], "condemned")
        self.assertNotIn("192.0.2.66", self.live_zone())
        self.assertTrue(self.rig.ask("release", zone="a.test.")["ok"])
        self.rig.wait_state(state="served")
        self.assertIn("192.0.2.66", self.live_zone())


class Default(Case):
    """Keys whose steps do not come while a test runs."""
    policy = "default"

    def test_an_edit_signs_what_changed(self):
        self.signed_from_the_start()
        before = self.counter("signatures_made")
        self.zone(2, "new A 192.0.2.9")
        self.rig.wait_state(serial=2)
        # the record, its NSEC, the one before it, the SOA
        self.assertEqual(self.counter("signatures_made") - before, 4)
        self.judge()
        # the same serial, other content
        before = self.counter("signatures_made")
        self.zone(2, "new A 192.0.2.10")
        self.rig.wait_state(serial=3)
        self.assertEqual(self.counter("signatures_made") - before, 2)
        # nothing but an older serial
        before = self.counter("signatures_made")
        self.zone(1, "new A 192.0.2.10")
        self.rig.ask("reload")
        self.rig.wait_state(state="served", serial=3)
        self.assertEqual(self.counter("signatures_made"), before)
        # the process starts anew and takes over what is there
        self.rig.stop()
        self.rig.start()
        self.rig.wait_state(state="served", serial=3)
        self.assertEqual(self.counter("signatures_made"), 0)
        self.assertGreater(self.counter("signatures_kept"), 10)


class Offline(Case):
    """`holdfast compile` signs as holdfastd does, and keys stay as they are."""
    policy = "default"

    def compile(self, *words, status=0):
        done = subprocess.run(
            [rig.TOOL, "compile", *(words or ("--config", self.rig.config))],
            capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def key_files(self):
        """What is in the folder, octet by octet."""
        files = {}
        for name in os.listdir(self.keys):
            with open(os.path.join(self.keys, name), "rb") as f:
                files[name] = f.read()
        return files

    def test_zones_of_the_configuration(self):
        self.zone(1)
        out = self.compile(status=1)
        self.assertIn("can't be signed: there are no keys of the zone", out)
        self.tool("create", "a.test")
        keys = self.key_files()
        out = self.compile()
        self.assertRegex(out, r"a\.test\. signed, serial 1: \d\d signatures "
                              r"made, 0 kept; to be signed again 20")
        self.judge()
        self.rig.verify()
        self.assertIn("nothing changed", self.compile())
        # an edit: the record, its NSEC, the one before it, the SOA
        self.zone(1, "new A 192.0.2.9")
        self.assertIn("serial 2: 4 signatures made", self.compile())
        self.judge()
        self.assertEqual(self.key_files(), keys)
        # holdfastd goes on from there
        self.rig.start()
        self.rig.wait_state(state="served", serial=2)
        self.assertEqual(self.counter("signatures_made"), 0)

    def test_a_type_that_ldns_misreads(self):
        """NSAP-PTR alone at a name, so that it is the answer to ANY."""
        self.zone(1, "point TYPE23 \\# 6 016102616200")
        self.tool("create", "a.test")
        self.assertIn("1 of 1 zones good", self.compile())

    def test_zones_of_the_command_line(self):
        self.zone(1)
        self.tool("create", "b.test")
        word = ("--zone", "b.test=" + self.rig.path("a.test.zone"),
                "--config", self.rig.config)
        out = self.compile(*word, "--dnssec", "sign")
        self.assertIn("b.test. signed, serial 1", out)
        self.assertIn("1 of 1 zones good", out)
        # signed with other keys: what is there stays
        shutil.rmtree(self.keys)
        self.tool("create", "b.test")
        self.zone(2)
        out = self.compile(*word, "--dnssec", "sign", status=3)
        self.assertIn("b.test. refused, stays at serial 1", out)
        self.assertIn("is signed with keys that are not in", out)

    def test_what_a_rollback_left_stays_away(self):
        self.zone(1)
        self.tool("create", "a.test")
        self.compile()
        self.zone(2, "bad A 192.0.2.66")
        self.compile()
        self.rig.tool("rollback", "--store", self.rig.store)
        # under a serial of its own, its signatures made anew
        self.zone(3, "bad A 192.0.2.66")
        out = self.compile(status=3)
        self.assertIn("a rollback condemned this version", out)
        self.assertNotIn("192.0.2.66", self.live_zone())
        self.zone(3, "good A 192.0.2.67")
        self.compile()
        self.assertIn("192.0.2.67", self.live_zone())


class Hash(Case):
    policy = "hash"

    def test_nsec3_and_zsk_roll(self):
        self.signed_from_the_start()
        self.judge()
        zone = self.live_zone()
        self.assertIn(" NSEC3PARAM 1 0 0 -", zone)
        self.assertIn("ZONEMD", zone)
        self.assertNotIn(" NSEC ", zone)
        self.wait_keys(("ksk", "active", "wanted"), ("zsk", "active", ""))
        self.tool("roll", "a.test", status=2)
        self.tool("roll", "a.test", "zsk")
        self.wait_keys(("ksk", "active", "wanted"), ("zsk", "removed", ""),
                       ("zsk", "active", ""))
        self.judge()


class Short(Case):
    """Signatures that are due again after two seconds."""
    policy = "short"

    def test_renewal(self):
        self.signed_from_the_start()
        # also while the source is bad
        self.zone(2, "this is no record")
        self.rig.wait_state(state="refused")
        serial = self.rig.zone_state()["serial"]
        self.rig.wait_for(
            lambda: self.rig.zone_state()["serial"] > serial + 1)
        self.assertEqual(self.rig.zone_state()["state"], "refused")
        self.judge()
        # it fails, is shown, and works again
        os.rename(self.keys, self.keys + ".away")
        self.rig.wait_for(
            lambda: self.rig.ask("status")["zones"]["signing_fails"] == 1)
        self.assertIn("can't be signed", self.rig.log_text("holdfastd"))
        self.assertIn("SIGNING", self.rig.tool("status", "--run",
                                               self.rig.run))


class Kept(Case):
    """It goes out of the configuration, and the guard `vanished` keeps it: it is
    signed again all the same, every two seconds."""
    policy = "short"

    def serial(self):
        return int(re.search(r"SOA\s+\S+\s+\S+\s+(\d+)",
                             self.live_zone()).group(1))

    def wait_renewal(self):
        serial = self.serial()
        self.rig.wait_for(lambda: self.serial() > serial + 1)
        self.judge()

    def test_zone_that_is_not_configured(self):
        self.rig.zones["b.test"] = "b.test.zone"
        self.rig.zone_words["a.test"] += ", protect: [ns]"
        self.rig.configure(more=POLICIES + "  - {name: default, "
                           "validity_s: 62, refresh_s: 60, jitter_s: 0}\n")
        self.rig.zone(1, "b.test", age=5)
        self.signed_from_the_start()
        self.rig.wait_state("b.test", state="served", serial=1)
        del self.rig.zones["a.test"]
        self.rig.configure()
        answer = self.rig.ask("reload")
        self.assertEqual([z["name"] for z in answer["zones"]], ["a.test."])
        self.wait_renewal()
        self.assertIn("served on: it is signed again",
                      self.rig.log_text("holdfastd"))
        # also by a holdfastd that never saw it configured
        self.assertEqual(self.rig.stop(), 0)
        self.rig.start()
        self.wait_renewal()
        # what can't be done is shown, and done once it can
        os.rename(self.keys, self.keys + ".away")
        self.rig.wait_for(
            lambda: self.rig.ask("status")["zones"]["signing_fails"] == 1)
        self.assertIn("restore them", self.rig.log_text("holdfastd"))
        self.rig.stop()
        os.rename(self.keys + ".away", self.keys)
        self.rig.start()
        self.wait_renewal()
        # an override lets it go, for whatever version it has got
        self.rig.ask("override", zone="a.test", reason="it is sold")
        self.rig.wait_for(lambda: "REFUSED" in self.rig.tool(
            "query", "a.test", "SOA", "--store", self.rig.store))


if __name__ == "__main__":
    unittest.main(verbosity=2)
