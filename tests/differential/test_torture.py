#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 400
"""The project's own torture zones, answered by Holdfast, NSD and Knot.

Every owner name, every empty non-terminal, and names made up around them (below,
beside, with a wildcard label) are asked for every type that is there and some
that are not, by UDP without and with EDNS, and by TCP. Answers are compared as
sets of records. Where NSD and Knot agree on rcode, AA or the answer section,
Holdfast must agree; where they differ, Holdfast must be with one of them, or a
line of EXPLAINED says by which RFC.
"""
import os
import random
import shutil
import socket
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
os.environ['HOLDFAST_BUILD'] = os.path.abspath(os.environ.get('HOLDFAST_BUILD', 'build/release'))
try:
    import dns.exception
    import dns.name
except ImportError:
    print('python3-dnspython is not installed')
    sys.exit(77)
import servers
from answers import Answer, ask_tcp, ask_udp, query_wire, zone_names

HERE = os.path.dirname(os.path.abspath(__file__))
ZONES = [('torture.example.', f'{HERE}/torture.zone'),
         ('parent.example.', f'{HERE}/parent.zone'),
         ('child.parent.example.', f'{HERE}/child.zone')]
ALWAYS = ['A', 'AAAA', 'NS', 'DS', 'SOA', 'CNAME', 'TXT', 'MX', 'DNAME', 'TYPE65280']
LOOSE = ('ANY', 'RRSIG')        # any non-empty subset will do (RFC 8482)
QUERIES_MAX = 12000

# (part, predicate over (name, type, [holdfast, nsd, knot])): why Holdfast may
# stand alone. None is for rcode, AA or the answer where the peers agree.
EXPLAINED = [
    # A DNAME that leads below itself never ends; each server stops where it likes.
    # RFC 1034 section 3.6.2: chains must be bounded; the client goes on from there.
    ('answer', lambda name, rdtype, answers: b'dnamegrow' in name.labels),
]


def made_up(name, rng):
    """Names around one that exists."""
    out = []
    for label in (b'zz', b'*', b'0', b'a.b'):
        for parent in (name, name.parent() if len(name) > 1 else name):
            try:
                out.append(dns.name.Name((label,) + parent.labels))
            except dns.exception.DNSException:
                pass            # would be too long
    try:
        out.append(dns.name.Name((b'x', b'y', b'z') + name.labels))
    except dns.exception.DNSException:
        pass
    return rng.sample(out, min(4, len(out)))


def questions(rng):
    asked = []
    for origin, path in ZONES:
        apex = dns.name.from_text(origin)
        names = zone_names(origin, path)
        every = dict(names)
        for n in names:
            while len(n) > len(apex):
                n = n.parent()
                every.setdefault(n, set())
        for n, types in sorted(every.items()):
            for t in sorted(types) + ALWAYS + ['ANY']:
                asked.append((n, t))
            for m in made_up(n, rng):
                for t in rng.sample(ALWAYS, 2) + sorted(types)[:2]:
                    asked.append((m, t))
        asked += [(apex.parent(), 'NS'), (apex.parent(), 'SOA')]
    asked = sorted(set(asked), key=lambda q: (q[0], q[1]))
    return asked if len(asked) <= QUERIES_MAX else rng.sample(asked, QUERIES_MAX)


def differences(name, rdtype, answers):
    mine, nsd, knot = answers
    out = []
    for part in mine.parts:
        a, b, c = (x.parts[part] for x in answers)
        if a == b or a == c:
            continue
        if rdtype in LOOSE and part in ('answer', 'authority', 'aa') and a and (b or c):
            continue
        if b != c and any(p == part and f(name, rdtype, answers) for p, f in EXPLAINED):
            continue
        out.append(f'{part}: holdfast {a} | nsd {b} | knot {c}')
    return out


def compare(running, rng):
    sockets = []
    for s in running:
        u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        u.connect(('127.0.0.1', s.port))
        u.settimeout(1.0)
        sockets.append(u)
    asked = questions(rng)
    shown = wrong = 0
    for name, rdtype in asked:
        edns = rng.choice([0, 512, 1232, 4096])
        wire = query_wire(rng, name, rdtype, edns)
        tcp = rng.random() < 0.03
        wires = [ask_tcp(s.port, wire) if tcp else ask_udp(u, wire)
                 for s, u in zip(running, sockets)]
        faults = []
        if None in wires:
            faults = [f'no answer from {[s.name for s, w in zip(running, wires) if not w]}']
        else:
            limit = 65535 if tcp else min(max(edns, 512), 1232)
            if len(wires[0]) > limit:
                faults.append(f'{len(wires[0])} octets, limit {limit}')
            answers = [Answer(w) for w in wires]
            if any(a.truncated for a in answers):
                whole = ask_tcp(running[0].port, wire)
                if answers[0].truncated and len(whole) <= limit:
                    faults.append(f'truncated, but the whole answer has {len(whole)} octets')
                answers = [Answer(ask_tcp(s.port, wire)) for s in running]
            faults += differences(name, rdtype, answers)
        if faults:
            wrong += 1
            if shown < 40:
                shown += 1
                print(f'{name} {rdtype} edns={edns}{" tcp" if tcp else ""}')
                for f in faults:
                    print(f'    {f[:1500]}')
    for u in sockets:
        u.close()
    print(f'{len(asked)} queries, {wrong} unexplained differences')
    return wrong


def main():
    for tool in ('nsd', 'knotd', 'named-compilezone'):
        if not shutil.which(tool):
            print(f'{tool} is not installed')
            return 77
    rng = random.Random(2026)
    work = tempfile.mkdtemp(prefix='holdfast-torture-')
    port = 5700 if os.environ.get('HOLDFAST_PROFILE') != 'asan' else 5710
    try:
        with servers.Holdfast('holdfast', f'{work}/holdfast', port, ZONES) as a, \
                servers.Nsd('nsd', f'{work}/nsd', port + 1, ZONES) as b, \
                servers.Knot('knot', f'{work}/knot', port + 2, ZONES) as c:
            return 1 if compare([a, b, c], rng) else 0
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == '__main__':
    sys.exit(main())
