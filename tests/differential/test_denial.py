#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 500
"""Denial of existence in signed zones, answered by Holdfast, NSD and Knot, with DO.

denial.zone is signed with NSEC, with NSEC3, with NSEC3, salt and iterations, and
with opt-out. Every owner name, every empty non-terminal and names made up around
them are asked for types that are there and some that are not. Where NSD and Knot
agree on a part of the answer, Holdfast must agree; where they differ, Holdfast
must be with one of them, or EXPLAINED says by which RFC. A validating client
(libunbound) then asks for thousands of random names: none may be bogus.
"""
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
os.environ['HOLDFAST_BUILD'] = os.path.abspath(os.environ.get('HOLDFAST_BUILD', 'build/release'))
try:
    import dns.exception
    import dns.name
    import dns.rdatatype
    import unbound
except ImportError as e:
    print(f'python3-dnspython or python3-unbound is not installed: {e}')
    sys.exit(77)
import servers
from answers import Answer, ask_tcp, ask_udp, query_wire, zone_names

HERE = os.path.dirname(os.path.abspath(__file__))
# (apex, arguments of ldns-signzone)
SIGNED = [('nsec.test.', []),
          ('nsec3.test.', ['-n']),
          ('salted.test.', ['-n', '-s', 'c0ffee', '-t', '3']),
          ('optout.test.', ['-n', '-p'])]
TYPES = ['A', 'TXT', 'NS', 'DS', 'SOA', 'CNAME', 'DNAME', 'NSEC', 'NSEC3', 'NSEC3PARAM', 'DNSKEY',
         'TYPE65280']
LOOSE = ('ANY', 'RRSIG')        # any non-empty subset will do (RFC 8482)
QUERIES_MAX = int(os.environ.get('QUERIES_MAX', 1500))     # a zone
RANDOM_NAMES = 1500             # a zone, for the validating client
SHOWN = int(os.environ.get('SHOWN', 30))
CD, RD, AD = 0x10, 0x100, 0x20

# (part, predicate over (name, type, [holdfast, nsd, knot])): why Holdfast may stand alone
# where NSD and Knot differ. None is for what they agree on.
EXPLAINED = [
    # NSD does not follow a CNAME for NSEC3, and Knot not so far (RFC 1034 section 4.3.2).
    ('authority', lambda name, rdtype, answers: rdtype == 'NSEC3'),
    ('answer', lambda name, rdtype, answers: rdtype == 'NSEC3'),
    # Two wildcards on the way to one answer: RFC 4035 section 3.1.3.3 asks for a proof of each;
    # NSD gives the first, Knot the last.
    ('authority', lambda name, rdtype, answers: all(
        a.parts['authority'] < answers[0].parts['authority'] for a in answers[1:])),
]


def sign(work, apex, options):
    """A zone file signed with two keys; returns its path and a trust anchor."""
    def run(*command):
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f'{" ".join(command)}: {done.stdout}{done.stderr}')
        return done.stdout.strip()

    path = f'{work}/{apex}zone'
    with open(f'{HERE}/denial.zone', encoding='ascii') as f:
        text = f.read()
    with open(path, 'w', encoding='ascii') as f:
        f.write(f'$ORIGIN {apex}\n{text}')
    ksk = run('ldns-keygen', '-r', '/dev/urandom', '-a', 'ECDSAP256SHA256', '-k', apex)
    zsk = run('ldns-keygen', '-r', '/dev/urandom', '-a', 'ECDSAP256SHA256', apex)
    run('ldns-signzone', *options, '-f', f'{path}.signed', path, ksk, zsk)
    with open(f'{work}/{ksk}.ds', encoding='ascii') as f:
        return f'{path}.signed', f.read().strip()


def neighbours(name):
    """Names just before, behind, below and beside one that exists."""
    first = name.labels[0] if len(name) > 1 else b''
    above = name.labels[1:] if len(name) > 1 else name.labels
    for labels in ((b'\0',) + name.labels, (b'\xff',) + name.labels, (b'*',) + name.labels,
                   (b'a', b'b') + name.labels, (b'*', b'q') + name.labels, (b'*',) + above,
                   (first + b'\0',) + above, (first + b'0',) + above,
                   (first[:-1] + bytes([(first or b'\1')[-1] - 1 & 255]),) + above,
                   (b'ns',) + name.labels, (b'q', b'*') + above):
        try:
            made = dns.name.Name(labels)
        except dns.exception.DNSException:
            continue            # too long, or an empty label
        yield made


def questions(rng, apex, path):
    apex = dns.name.from_text(apex)
    names = zone_names(apex.to_text(), path)
    every = dict(names)
    for n in names:
        while len(n) > len(apex):
            n = n.parent()
            every.setdefault(n, set())
    asked = []
    for n, types in sorted(every.items()):
        if types and types <= {'NSEC3', 'RRSIG'}:
            # No name of the zone (RFC 5155 section 7.2.8), nor is it above one: NSD and Knot
            # take it for the closest encloser of what is below.
            asked += [(n, t) for t in ('A', 'NSEC3', 'DS')]
            continue
        asked += [(n, t) for t in sorted(types | set(TYPES)) + ['ANY']]
        for m in neighbours(n):
            if m.is_subdomain(apex):
                asked += [(m, t) for t in rng.sample(TYPES, 2) + ['A', 'DS']]
    asked = sorted(set(asked), key=lambda q: (q[0], q[1]))
    return asked if len(asked) <= QUERIES_MAX else rng.sample(asked, QUERIES_MAX)


def differences(name, rdtype, answers):
    out = []
    for part in answers[0].parts:
        a, b, c = (x.parts[part] for x in answers)
        if a in (b, c):
            continue
        if rdtype in LOOSE and part in ('answer', 'authority', 'aa') and a and (b or c):
            continue
        if b != c and any(p == part and f(name, rdtype, answers) for p, f in EXPLAINED):
            continue
        out.append(f'{part}:\n        holdfast {show(a)}\n        nsd {show(b)}\n        knot {show(c)}')
    return out


def show(part):
    if not isinstance(part, set):
        return str(part)
    return ' ; '.join(' '.join(str(word)[:70] for word in r) for r in sorted(part))


def compare(running, asked, rng):
    sockets = []
    for s in running:
        u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        u.connect(('127.0.0.1', s.port))
        u.settimeout(1.0)
        sockets.append(u)
    shown = wrong = 0
    for name, rdtype in asked:
        edns = rng.choice([512, 1232, 1232, 4096])
        do = rng.random() < 0.9
        wire = query_wire(rng, name, rdtype, edns, do, rng.choice([0, RD, RD | CD, AD]))
        wires = [ask_udp(u, wire) for u in sockets]
        if None in wires:
            faults = [f'no answer from {[s.name for s, w in zip(running, wires) if not w]}']
        else:
            limit = min(edns, 1232)
            faults = [f'{len(wires[0])} octets, limit {limit}'] if len(wires[0]) > limit else []
            answers = [Answer(w) for w in wires]
            if any(a.truncated for a in answers):
                whole = ask_tcp(running[0].port, wire)
                if answers[0].truncated != (len(whole) > limit):
                    faults.append(f'TC {answers[0].truncated}; the whole answer has {len(whole)} octets')
                answers = [Answer(ask_tcp(s.port, wire)) for s in running]
            faults += differences(name, rdtype, answers)
        if faults:
            wrong += 1
            if shown < SHOWN:
                shown += 1
                print(f'{name} {rdtype} edns={edns} do={do}')
                for f in faults:
                    print(f'    {f[:3000]}')
    for u in sockets:
        u.close()
    print(f'{len(asked)} queries, {wrong} unexplained differences')
    return wrong


def random_name(rng, apex, names):
    """Beside, below and between the names of a zone."""
    base = rng.choice(names)
    labels = [bytes(rng.choice(b'abcdefghijklmnopqrstuvwxyz0123456789*-') for _ in range(rng.randint(1, 9)))
              for _ in range(rng.randint(1, 3))]
    return dns.name.Name(tuple(labels) + rng.choice([apex, base, base]).labels)


def validate(work, port, anchors, rng):
    """Asks for random names through a validator; returns how many are bogus."""
    conf = f'{work}/unbound.conf'
    with open(conf, 'w', encoding='ascii') as f:
        f.write('server:\n  do-not-query-localhost: no\n  aggressive-nsec: no\n  use-syslog: no\n'
                '  module-config: "validator iterator"\n  qname-minimisation: no\n'
                '  harden-below-nxdomain: no\n  local-zone: "test." nodefault\n'
                # nobody else is asked: what leads out of the zones fails at once
                '  do-ip6: no\n  do-not-query-address: 192.0.2.0/24\n'
                f'stub-zone:\n  name: "."\n  stub-addr: 127.0.0.1@{port}\nserver:\n')
        f.writelines(f'  trust-anchor: "{ds}"\n' for _, _, ds in anchors)
        f.writelines(f'stub-zone:\n  name: "{apex}"\n  stub-addr: 127.0.0.1@{port}\n' for apex, _, _ in anchors)
    context = unbound.ub_ctx()
    if context.config(conf):
        raise SystemExit(f'libunbound does not read {conf}')
    wrong = secure = asked = 0
    for apex, path, _ in anchors:
        types_of = zone_names(apex, path)
        names = sorted(types_of)
        cuts = [n for n, types in types_of.items() if 'NS' in types and n != dns.name.from_text(apex)]
        renamed = [n for n, types in types_of.items() if 'DNAME' in types]
        for i in range(RANDOM_NAMES):
            name = names[i] if i < len(names) else random_name(rng, dns.name.from_text(apex), names)
            if any(name.is_subdomain(c) and name != c for c in cuts):
                continue        # nobody answers there
            rdtype = 'DS' if name in cuts else rng.choice(['A', 'TXT', 'MX', 'NSEC', 'CNAME', 'DS'])
            if rdtype == 'CNAME' and any(name.is_subdomain(d) and name != d for d in renamed):
                rdtype = 'A'    # unbound wants a signature of the CNAME that a DNAME makes
            status, result = context.resolve(name.to_text(), dns.rdatatype.from_text(rdtype),
                                             unbound.RR_CLASS_IN)
            asked += 1
            secure += status == 0 and result.secure
            if status == 0 and result.bogus:
                wrong += 1
                if wrong <= SHOWN:
                    print(f'bogus: {name} {rdtype}: {result.why_bogus}')
    print(f'{asked} names validated, {secure} secure, {wrong} bogus')
    if secure < asked // 2:
        print('too few were secure: the validator was not at work')
        return 1
    return wrong


def main():
    for tool in ('nsd', 'knotd', 'named-compilezone', 'ldns-signzone', 'ldns-keygen'):
        if not shutil.which(tool):
            print(f'{tool} is not installed')
            return 77
    rng = random.Random(2026)
    work = tempfile.mkdtemp(prefix='holdfast-denial-')
    port = 5760 if os.environ.get('HOLDFAST_PROFILE') != 'asan' else 5770
    try:
        signed = [(apex,) + sign(work, apex, options) for apex, options in SIGNED]
        zones = [(apex, path) for apex, path, _ in signed]
        wrong = 0
        with servers.Holdfast('holdfast', f'{work}/holdfast', port, zones) as a:
            with servers.Nsd('nsd', f'{work}/nsd', port + 1, zones) as b, \
                    servers.Knot('knot', f'{work}/knot', port + 2, zones) as c:
                for apex, path in zones:
                    print(f'== {apex}', flush=True)
                    wrong += compare([a, b, c], questions(rng, apex, path), rng)
            wrong += validate(work, port, signed, rng)
        return 1 if wrong else 0
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == '__main__':
    sys.exit(main())
