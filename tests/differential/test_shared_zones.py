#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# profiles: release
# timeout: 600
# needs: shared
"""The shared differential tester over real zones and the torture zone.

SHARED/tools/diffdns.py makes queries out of a zone, starts NSD and Knot, and
compares what they and Holdfast answer. tests/differential/explained has the
differences that are right, each with its RFC section: a line there speaks of
records in the authority section at most, never of rcode, AA or answers on which
the peers agree.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
os.environ['HOLDFAST_BUILD'] = os.path.abspath(os.environ.get('HOLDFAST_BUILD', 'build/release'))
import servers

SHARED = os.environ.get('SHARED', '../shared')
QUERIES_MAX = os.environ.get('QUERIES_MAX', '4000')
ZONES = [
    ('torture', 'torture.example.', f'{HERE}/torture.zone'),
    ('root-nosig', '.', f'{SHARED}/zones/root-2026082201-nosig.zone'),
    ('root-2020', '.', f'{SHARED}/zones/root-2020020102.zone'),
    ('root-2014', '.', f'{SHARED}/zones/root-2014062501.zone'),
    ('gov', 'gov.', f'{SHARED}/zones/gov-2026-08-22.txt'),
]


def essence(said):
    """rcode, AA and the answer section of diffdns's short form of a response."""
    words = re.match(r'(\w+) (\S*) an=(\S.*?) au=', said)
    return (words.group(1), 'aa' in words.group(2).split('+'), words.group(3)) if words else said


def explained_too_much(path):
    """Listed differences about rcode, AA or the answer on which the peers agree: a line of
    `explained` may not excuse those."""
    with open(path, encoding='utf-8') as f:
        rows = json.load(f)['rows']
    wrong = 0
    for row in rows:
        mine, *peers = [essence(said) for said in row['answers'].values()]
        if row['verdict'] == 'listed' and peers[0] == peers[1] != mine:
            wrong += 1
            print(f'explained, but the peers agree: {row["qname"]} {row["qtype"]} {row["note"]} {row["answers"]}')
    return wrong


def run_zone(label, origin, path, work, port):
    with servers.Holdfast('holdfast', f'{work}/{label}', port, [(origin, path)]) as h:
        out = os.path.join(os.path.dirname(os.environ['HOLDFAST_BUILD']), f'diffdns-{label}.json')
        done = subprocess.run(
            ['/usr/bin/python3', f'{SHARED}/tools/diffdns.py', '--zone', path,
             '--origin', origin, '--a', f'127.0.0.1:{h.port}', '--start', 'nsd,knot',
             '--start-port', str(port + 1), '--work', f'{work}/peers-{label}',
             '--max', QUERIES_MAX, '--seed', '2026', '--out', out,
             '--whitelist', f'{HERE}/explained', '--whitelist-all'],
            stdin=subprocess.DEVNULL)
        return done.returncode or explained_too_much(out)


def main():
    if not SHARED or not os.path.exists(f'{SHARED}/tools/diffdns.py'):
        print('no shared tools: SHARED=DIR names them')
        return 77
    only = sys.argv[1:]
    failed = []
    work = tempfile.mkdtemp(prefix='holdfast-diffdns-')
    try:
        for i, (label, origin, path) in enumerate(ZONES):
            if only and label not in only:
                continue
            print(f'== {label}', flush=True)
            try:
                if run_zone(label, origin, path, work, 5720 + 5 * i):
                    failed.append(label)
            except SystemExit as e:
                print(e)
                failed.append(label)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if failed:
        print(f'unexplained differences: {", ".join(failed)}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
