#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes the data sets of the benchmarks, the same bytes every time.

  tests/bench/datasets.py NAME DIRECTORY      (NAME `list`: says which there are)

Into DIRECTORY/NAME/: zones.list (lines APEX<TAB>FILE, absolute), the zone
files, and queries.txt (lines NAME TYPE for dnsperf and kxdpgun: 80 % names that
exist, 20 % that do not, in random order). Sets that are signed have
queries-do.txt besides, with kxdpgun's word for DO behind each line. A set that
is there already is kept.
"""
import os
import random
import shutil
import subprocess
import sys

SETS = {
    'names-1k': ('one', 1000), 'names-1m': ('one', 1000000),
    'names-10m': ('one', 10000000), 'zones-100k': ('many', 100000),
    'zones-1m': ('many', 1000000), 'root': ('root', 0),
    'signed-100k': ('signed', 100000), 'signed-1m': ('signed', 1000000),
}
QUERIES = 4 << 20
HIT_PERCENT = 80
ZONES_A_FOLDER = 1000
SOA = 'SOA ns1 hostmaster 1 7200 3600 1209600 300'
# Ten records a zone. {n} is the zone's number.
MANY = '''$TTL 300
@ {soa}
@ NS ns1
@ NS ns2
ns1 A 192.0.2.1
ns2 A 192.0.2.2
@ A {address}
www A {address}
@ MX 10 mail
mail A {address}
@ TXT "zone {n}"
'''
MANY_ASKED = [('', 'A'), ('www.', 'A'), ('', 'MX'), ('mail.', 'A'), ('', 'TXT')]


def address(i):
    return '10.%d.%d.%d' % (i >> 16 & 255, i >> 8 & 255, i & 255)


def write_queries(path, hit, miss):
    rng = random.Random(1)
    with open(path, 'w') as f:
        for start in range(0, QUERIES, 65536):
            f.write(''.join(
                (hit if rng.random() * 100 < HIT_PERCENT else miss)(rng)
                for _ in range(start, min(QUERIES, start + 65536))))


def make_one(top, final, names):
    """One zone: h0000000 and so on, an A record each."""
    with open(os.path.join(top, 'bench.example.zone'), 'w') as f:
        f.write('$TTL 300\n@ %s\n@ NS ns1\nns1 A 192.0.2.1\n' % SOA)
        for start in range(0, names, 10000):
            f.write(''.join('h%07d A %s\n' % (i, address(i))
                            for i in range(start, min(names, start + 10000))))
    with open(os.path.join(top, 'zones.list'), 'w') as f:
        f.write('bench.example\t%s/bench.example.zone\n' % final)
    write_queries(
        os.path.join(top, 'queries.txt'),
        lambda r: 'h%07d.bench.example A\n' % r.randrange(names),
        lambda r: 'x%07d.bench.example A\n' % r.randrange(10000000))


def make_signed(top, final, names):
    """The same, signed by ldns with ECDSA P-256 and NSEC, for many years. The
    keys, and so the bytes, are others every time."""
    make_one(top, final, names)
    zone = os.path.join(top, 'bench.example.zone')
    plain = zone + '.plain'
    os.rename(zone, plain)
    key = subprocess.run(
        ['ldns-keygen', '-a', 'ECDSAP256SHA256', '-k', 'bench.example'],
        cwd=top, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    subprocess.run(
        ['ldns-signzone', '-i', '20200101000000', '-e', '20380101000000',
         '-o', 'bench.example', '-f', zone, plain, os.path.join(top, key)],
        check=True)
    os.remove(plain)
    with open(os.path.join(top, 'queries.txt')) as plain, \
            open(os.path.join(top, 'queries-do.txt'), 'w') as out:
        for line in plain:
            out.write(line.rstrip('\n') + ' D\n')


def make_many(top, final, zones):
    """Many zones z0000000.example of ten records, 1,000 files a folder."""
    with open(os.path.join(top, 'zones.list'), 'w') as index:
        for n in range(zones):
            folder = '%04d' % (n // ZONES_A_FOLDER)
            if n % ZONES_A_FOLDER == 0:
                os.mkdir(os.path.join(top, folder))
            name = 'z%07d.example' % n
            with open(os.path.join(top, folder, name + '.zone'), 'w') as f:
                f.write(MANY.format(soa=SOA, address=address(n), n=n))
            index.write('%s\t%s/%s/%s.zone\n' % (name, final, folder, name))

    def hit(r):
        prefix, kind = r.choice(MANY_ASKED)
        return '%sz%07d.example %s\n' % (prefix, r.randrange(zones), kind)
    write_queries(
        os.path.join(top, 'queries.txt'), hit,
        lambda r: 'x%07d.z%07d.example A\n' % (r.randrange(10000000),
                                                r.randrange(zones)))


def make_root(top, final, _):
    """The root zone, where the shared zones are ($SHARED, or ../shared)."""
    source = os.path.join(os.environ.get('SHARED') or '../shared', 'zones',
                          'root-2026082201-nosig.zone')
    if not os.path.exists(source):
        sys.exit('datasets: %s is missing; SHARED=DIR says where the shared '
                 'zones are' % source)
    shutil.copyfile(source, os.path.join(top, 'root.zone'))
    with open(os.path.join(top, 'zones.list'), 'w') as f:
        f.write('.\t%s/root.zone\n' % final)
    with open(source) as f:
        tlds = sorted({w[0].lower() for w in map(str.split, f)
                       if len(w) > 4 and w[3] == 'NS' and w[0] != '.'})
    write_queries(
        os.path.join(top, 'queries.txt'),
        lambda r: 'www.example%d.%s A\n' % (r.randrange(100000), r.choice(tlds)),
        lambda r: 'x%07d. A\n' % r.randrange(10000000))


MAKERS = {'one': make_one, 'signed': make_signed, 'many': make_many, 'root': make_root}


def main():
    if len(sys.argv) == 2 and sys.argv[1] == 'list':
        print('\n'.join(SETS))
        return
    if len(sys.argv) != 3 or sys.argv[1] not in SETS:
        sys.exit(__doc__)
    name, directory = sys.argv[1], os.path.abspath(sys.argv[2])
    final, new = os.path.join(directory, name), os.path.join(directory, name + '.new')
    if os.path.exists(final):
        return
    shutil.rmtree(new, ignore_errors=True)
    os.makedirs(new)
    kind, size = SETS[name]
    MAKERS[kind](new, final, size)
    os.rename(new, final)


if __name__ == '__main__':
    main()
