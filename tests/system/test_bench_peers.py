#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# profiles: release
# polls: one
# timeout: 120
"""tests/bench/peers.py on a tiny set: figures come out for NSD and Holdfast, what
it made is gone, also when it is told to end, and other answers are noticed.
(The topology is drawn in tests/bench/peers/topology.py.)"""
import glob
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BENCH = os.path.abspath('tests/bench')
sys.path.insert(0, BENCH)
sys.dont_write_bytecode = True

from peers import answers  # noqa: E402

NAMES = 500
ZONE = '''$TTL 300
@ SOA ns1 hostmaster 1 7200 3600 1209600 300
@ NS ns1
ns1 A 192.0.2.1
'''


def make_set(directory):
    os.mkdir(directory)
    zone = os.path.join(directory, 'bench.example.zone')
    with open(zone, 'w') as f:
        f.write(ZONE + ''.join('h%07d A 10.0.%d.%d\n' % (i, i >> 8, i & 255)
                               for i in range(NAMES)))
    with open(os.path.join(directory, 'zones.list'), 'w') as f:
        f.write('bench.example\t%s\n' % zone)
    with open(os.path.join(directory, 'queries.txt'), 'w') as f:
        f.write(''.join('%s%07d.bench.example A\n' %
                        ('h' if i % 5 else 'x', i * 7 % NAMES)
                        for i in range(20000)))


def left_behind():
    names = subprocess.run(['ip', 'netns', 'list'], capture_output=True,
                           text=True, check=True).stdout
    return (sorted(n for n in names.split() if n.startswith('hbp')),
            glob.glob(os.path.join(tempfile.gettempdir(), 'holdfast-peers-*')))


class Peers(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory(prefix='holdfast-test-')
        self.addCleanup(self.scratch.cleanup)
        self.out = os.path.join(self.scratch.name, 'out')
        make_set(os.path.join(self.scratch.name, 'tiny'))

    def command(self, *words):
        return [os.path.join(BENCH, 'peers.py'), '--data', self.scratch.name,
                '--sets', 'tiny', '--seconds', '0.2', '--out', self.out, *words]

    def test_figures(self):
        before = left_behind()
        done = subprocess.run(self.command('--servers', 'nsd', 'holdfast-xdp'),
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.out) as f:
            rows = [json.loads(line) for line in f]
        self.assertEqual([(r['server'], r['generator']) for r in rows], [
            ('nsd', 'kxdpgun'), ('nsd', 'dnsperf'),
            ('holdfast-xdp', 'kxdpgun'), ('holdfast-xdp', 'dnsperf')])
        for row in rows:
            self.assertEqual(row['set'], 'tiny')
            self.assertGreater(row['answers_per_s'], 0)
            self.assertGreater(row['cpu_us_per_answer'], 0)
        for row in rows[0], rows[2]:
            self.assertGreater(row['latency_p50_us'], 0)
            self.assertGreater(row['rss_mib'], 0)
        self.assertGreater(rows[0]['edit_s'], 0)
        self.assertIn('holdfast-xdp', done.stdout)
        self.assertEqual(left_behind(), before)

    def test_told_to_end(self):
        before = left_behind()
        with subprocess.Popen(self.command('--servers', 'nsd'),
                              stderr=subprocess.PIPE, text=True) as process:
            process.stderr.readline()  # tiny: nsd
            time.sleep(1)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(), 1)
        self.assertEqual(left_behind(), before)

    def test_other_answers(self):
        checked = answers.Answers(os.path.join(self.scratch.name, 'tiny',
                                               'queries.txt'))
        self.addCleanup(setattr, answers, 'answer', answers.answer)
        name = checked.questions[5][0]
        said = {'first': lambda n, *_: 'NOERROR AA\nanswer: ' + n,
                'same': lambda n, *_: 'NOERROR AA\nanswer: ' + n,
                'other': lambda n, *_: 'NXDOMAIN AA' if n == name
                         else 'NOERROR AA\nanswer: ' + n}
        for who, answer in said.items():
            answers.answer = answer
            different = checked.check(who)
            self.assertEqual(name in different, who == 'other', different)


def main():
    if os.geteuid() != 0:
        print('root is needed for namespaces')
        sys.exit(77)
    unittest.main(verbosity=2)


if __name__ == '__main__':
    main()
