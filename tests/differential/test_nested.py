#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# profiles: release
# timeout: 500
"""Signed zones under each other in one server, with DO: Holdfast, NSD and Knot.

    .  -- test. -- p.test. -- c.p.test.      all served here, DS at each cut
             \\---- u.test.                   served here, unsigned

Each of the three mixes has every zone with another kind of denial. What is asked
for as in test_denial.py: names, empty non-terminals, what is around them, at and
below the cuts; chains lead into the zones below and above. Then a validator that
trusts the root's key alone asks for names in all of them: none may be bogus.
"""
import os
import random
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
os.environ['HOLDFAST_BUILD'] = os.path.abspath(os.environ.get('HOLDFAST_BUILD', 'build/release'))
try:
    import dns.name
    import dns.rdatatype
    import test_denial
    import unbound
except ImportError as e:
    print(f'python3-dnspython or python3-unbound is not installed: {e}')
    sys.exit(77)
import servers
from answers import zone_names

PORT = 5780
QUERIES_MAX = int(os.environ.get('QUERIES_MAX', 300))       # a zone
RANDOM_NAMES = 200              # a zone, for the validating client
# how the four are signed: arguments of ldns-signzone
NSEC, NSEC3, OPTOUT, SALTED = [], ['-n'], ['-n', '-p'], ['-n', '-s', 'c0ffee', '-t', '3']
MIXES = [(NSEC, NSEC, OPTOUT, NSEC3), (OPTOUT, NSEC3, NSEC, OPTOUT), (NSEC3, OPTOUT, SALTED, NSEC)]

EXPLAINED = [
    # Knot does not follow a CNAME for these; NSD does, also into other zones, which are the
    # client's to ask for.
    ('answer', lambda name, rdtype, answers: rdtype in ('NSEC', 'NSEC3')),
    ('authority', lambda name, rdtype, answers: rdtype in ('NSEC', 'NSEC3')),
    # Each wildcard on the way is shown not to have stood in for a name that is there (RFC 4035
    # section 3.1.3.3): Knot shows the last.
    ('authority', lambda name, rdtype, answers:
     answers[2].parts['authority'] < answers[0].parts['authority']),
]

SOA = '@ SOA ns host 1 7200 3600 1209600 300\n@ NS ns\n'
ROOT = '''. SOA a.ns. host. 1 7200 3600 1209600 300
. NS a.ns.
a.ns. A 192.0.2.1
test. NS ns.test.
ns.test. A 192.0.2.2
p.example. NS ns.p.example.
ns.p.example. A 192.0.2.3
unsigned.example. NS ns.p.example.
x.y.zz. NS ns.p.example.
*.wild. CNAME target.wild.
target.wild. A 192.0.2.4
alias. CNAME www.test.
alias2. CNAME mail.c.p.test.
dn. DNAME test.
dn2. DNAME u.test.
'''
TEST = SOA + '''ns A 192.0.2.2
www A 192.0.2.10
p NS ns.c.p
p NS ns.p
ns.p A 192.0.2.11
ns.c.p A 192.0.2.12
u NS ns.u
ns.u A 192.0.2.13
a.ent1.ent2 A 192.0.2.14
d.u2 NS ns.u
*.w A 192.0.2.15
*.w MX 10 mail
*.b.w TXT "deeper"
x.y.b.w A 192.0.2.16
*.wc CNAME a.w
*.wc2 CNAME z.wc
*.wcx CNAME none.ent1.ent2
*.wccut CNAME www.p
*.wcu CNAME www.u
*.wcdn CNAME foo.dn
*.wctop CNAME alias.
*.*.dw A 192.0.2.99
c1 CNAME c2
c2 CNAME www.p
cu CNAME www.u
cup CNAME .
cp CNAME p
dn DNAME w
dnp DNAME p
dnu DNAME u
dndn DNAME dn
dnwc DNAME wc
dnend DNAME ent2
'''
P = SOA + '''@ NS ns.c
ns A 192.0.2.11
www A 192.0.2.20
c NS ns.c
ns.c A 192.0.2.12
i NS ns.i
ns.i A 192.0.2.21
i2.ent NS ns.i
deep.er.ent3 NS ns.i
*.w A 192.0.2.22
*.x.w TXT "t"
*.wc CNAME a.w
cc CNAME www.c
ci CNAME www.i
dn DNAME c
'''
C = SOA + '''ns A 192.0.2.12
www A 192.0.2.30
mail AAAA 2001:db8::30
* TXT "apex wildcard"
a.b.c.d TXT "deep"
*.b.c.d A 192.0.2.31
up CNAME www.p.test.
g NS ns.g
ns.g A 192.0.2.32
'''
U = SOA + '''ns A 192.0.2.13
www A 192.0.2.40
* MX 10 www
c CNAME www.test.
d DNAME test.
sub NS ns.sub
ns.sub A 192.0.2.41
'''


def run(work, *command):
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f'{" ".join(command)}: {done.stdout}{done.stderr}')
    return done.stdout.strip()


def sign(work, apex, text, options, ds=''):
    """A zone file signed with two keys; returns its path and its own DS."""
    path = f'{work}/{apex}zone'
    with open(path, 'w', encoding='ascii') as f:
        f.write(f'$ORIGIN {apex}\n$TTL 3600\n{text}{ds}\n')
    ksk = run(work, 'ldns-keygen', '-r', '/dev/urandom', '-a', 'ECDSAP256SHA256', '-k', apex)
    zsk = run(work, 'ldns-keygen', '-r', '/dev/urandom', '-a', 'ECDSAP256SHA256', apex)
    run(work, 'ldns-signzone', *options, '-f', f'{path}.signed', path, ksk, zsk)
    with open(f'{work}/{ksk}.ds', encoding='ascii') as f:
        return f'{path}.signed', f.read().strip()


def zones_make(work, mix):
    """[(apex, path)] and the root's DS."""
    c, ds = sign(work, 'c.p.test.', C, mix[3])
    p, ds = sign(work, 'p.test.', P, mix[2], ds)
    test, ds = sign(work, 'test.', TEST, mix[1], ds)
    root, ds = sign(work, '.', ROOT, mix[0], ds)
    unsigned = f'{work}/u.test.zone'
    with open(unsigned, 'w', encoding='ascii') as f:
        f.write(f'$ORIGIN u.test.\n$TTL 3600\n{U}')
    return [('.', root), ('test.', test), ('p.test.', p), ('c.p.test.', c), ('u.test.', unsigned)], ds


def validator(work, zones, anchor):
    conf = f'{work}/unbound.conf'
    with open(conf, 'w', encoding='ascii') as f:
        f.write('server:\n  do-not-query-localhost: no\n  aggressive-nsec: no\n  use-syslog: no\n'
                '  module-config: "validator iterator"\n  qname-minimisation: no\n'
                '  harden-below-nxdomain: no\n  local-zone: "test." nodefault\n'
                '  do-ip6: no\n  do-not-query-address: 192.0.2.0/24\n'
                f'  trust-anchor: "{anchor}"\n')
        f.writelines(f'stub-zone:\n  name: "{apex}"\n  stub-addr: 127.0.0.1@{PORT}\n' for apex, _ in zones)
    context = unbound.ub_ctx()
    if context.config(conf):
        raise SystemExit(f'libunbound does not read {conf}')
    return context


def validate(context, zones, rng):
    """How many answers are bogus, or too few of a zone secure."""
    wrong = 0
    for apex, path in zones:
        names = sorted(zone_names(apex, path))
        secure = 0
        for i in range(RANDOM_NAMES):
            name = names[i] if i < len(names) else test_denial.random_name(
                rng, dns.name.from_text(apex), names)
            if name.labels[0] == b'*' and name not in names:
                # libunbound 1.17 takes the asterisk for the wildcard's own
                continue
            rdtype = rng.choice(['A', 'TXT', 'MX', 'NSEC', 'DS', 'NS', 'SOA', 'DNSKEY'])
            status, result = context.resolve(name.to_text(), dns.rdatatype.from_text(rdtype),
                                             unbound.RR_CLASS_IN)
            secure += status == 0 and result.secure
            if status == 0 and result.bogus:
                wrong += 1
                print(f'bogus: {name} {rdtype}: {result.why_bogus}')
        print(f'{apex} {secure} of {RANDOM_NAMES} names secure', flush=True)
        # of the unsigned one: that it has no DS, and what leads out of it
        if apex == 'u.test.' and secure > RANDOM_NAMES // 20:
            print('signatures of an unsigned zone?')
            wrong += 1
        if apex != 'u.test.' and not secure:
            print('the validator was not at work')
            wrong += 1
    return wrong


def main():
    for tool in ('nsd', 'knotd', 'named-compilezone', 'ldns-signzone', 'ldns-keygen'):
        if not shutil.which(tool):
            print(f'{tool} is not installed')
            return 77
    rng = random.Random(2026)
    test_denial.QUERIES_MAX = QUERIES_MAX
    test_denial.EXPLAINED = EXPLAINED
    wrong = 0
    for mix in MIXES:
        work = tempfile.mkdtemp(prefix='holdfast-nested-')
        try:
            zones, anchor = zones_make(work, mix)
            with servers.Holdfast('holdfast', f'{work}/holdfast', PORT, zones) as a:
                with servers.Nsd('nsd', f'{work}/nsd', PORT + 1, zones) as b, \
                        servers.Knot('knot', f'{work}/knot', PORT + 2, zones) as c:
                    for apex, path in zones:
                        print(f'== {apex}', flush=True)
                        wrong += test_denial.compare(
                            [a, b, c], test_denial.questions(rng, apex, path), rng)
                wrong += validate(validator(work, zones, anchor), zones, rng)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
