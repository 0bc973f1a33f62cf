#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The packet path, wire to wire, against what its ports cost: `make bench-wire`.

  tests/bench/wire.py [--only PART,...] [--seconds S] [--rounds N] [--out FILE]

The figure is the ratio of busy TSC cycles a packet: testpmd's (macswap, the
same packets over the same ports) by the data plane's. They run in turns and are
sampled ten times a second; of each one's samples the first decile is taken: on a
shared machine that is what the code costs, and the rest what the neighbours do
(`median_ratio` has them too). Parts:

  ratio     profiles plain, edns and full (edns and cookies), 1 k and 1 M names
  hard      1 M names: all random subdomains; names of 127 labels
  swaps     1,000 generations swapped during a full-rate run
  restart   the data plane killed under load, 1 M names, no control process
  latency   at 80 % of the highest lossless rate; testpmd's, and what the
            machine takes from a core that spins, beside it
  stages    where the cycles go (programs of PROFILE=perf; not by default)

A JSON line a case goes to FILE. What the rig is: wire_rig.py.
"""
import argparse
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import time

import wire_rig
from wire_rig import Dataplane, Load, Rig, Testpmd, Windows

PARTS = ['ratio', 'hard', 'latency', 'swaps', 'restart']
MORE = ['stages']
SETS = {1000: 'names-1k', 1000000: 'names-1m'}
HITS = ['--nxdomain', '20']
EDNS = HITS + ['--edns', '90', '--do', '70']
PROFILES = {'plain': HITS, 'edns': EDNS, 'full': EDNS + ['--cookie', '30']}
# Least ratio by the budget (architecture): profile, names.
BUDGET = {('plain', 1000): .50, ('plain', 1000000): .40,
          ('edns', 1000): .45, ('edns', 1000000): .35,
          ('full', 1000): .33, ('full', 1000000): .25}
HARD = {'random': ['--random', '100'],
        'labels127': ['--random', '100', '--labels', '127', '--count', '1000000']}
HARD_LEAST = {'random': .70, 'labels127': .25}
WINDOW = ['--window', '768']
SWAPS = 1000
LATENCY_AT = [.8, .4]  # of the highest lossless rate
RESTARTS = 7
# Searching on a shared machine: a stall of another guest is not a loss of ours.
SEARCH = ['--search', '--trial', '1', '--precision', '5', '--max-loss', '20',
          '--warmup', '4']


class Bench:
    def __init__(self, args):
        self.args = args
        self.data = os.path.abspath(args.data)
        self.out = open(args.out, 'w')

    def rig(self):
        return Rig(self.args.build, self.args.huge)

    def zones(self, names):
        """The list of zones of a data set, made if it is not there."""
        subprocess.run(['tests/bench/datasets.py', SETS[names], self.data],
                       check=True)
        return os.path.join(self.data, SETS[names], 'zones.list')

    def store(self, names):
        path = os.path.join(self.data, 'stores', SETS[names])
        if not os.path.exists(os.path.join(path, 'current')):
            compile_zones(self.args.build, path, self.zones(names))
        return path

    def say(self, **figures):
        self.out.write(json.dumps(figures) + '\n')
        self.out.flush()
        print('  '.join('%s %s' % (k, '%.4g' % v if isinstance(v, float)
                                   else v) for k, v in figures.items()),
              flush=True)

    # --- a run

    def run(self, server_class, names, words, seconds, more=()):
        """One load on one server: its windows and the load's report."""
        rig = self.rig()
        try:
            load = Load(rig, ['--zones-from', self.zones(names)] + words +
                        list(more) + ['--seconds', str(seconds)] +
                        (['--reflect'] if server_class is Testpmd else []))
            server = server_class(rig, self.store(names))
            windows = Windows(server)
            report = load.result(seconds + 120)
            return windows.finish(), report, server
        finally:
            rig.close()

    def rounds(self, servers, names, words):
        """Windows and reports of each server, in turns."""
        windows = {s.name: [] for s in servers}
        reports = {s.name: [] for s in servers}
        for _ in range(self.args.rounds):
            for s in servers:
                figures, report, _ = self.run(s, names, WINDOW + words,
                                              self.args.seconds)
                windows[s.name] += figures
                reports[s.name].append(report)
        return windows, reports

    # --- the parts

    def ratio(self):
        for names in SETS:
            for profile, words in PROFILES.items():
                windows, reports = self.rounds([Dataplane, Testpmd], names,
                                               words)
                ours, theirs = cycles(windows['holdfast']), cycles(
                    windows['testpmd'])
                self.say(part='ratio', names=names, profile=profile,
                         ratio=theirs / ours,
                         budget=BUDGET[profile, names],
                         cycles=ours, testpmd_cycles=theirs,
                         median_ratio=median(windows['testpmd']) /
                         median(windows['holdfast']),
                         burst=burst(windows['holdfast']),
                         **traffic(reports['holdfast']),
                         testpmd_mpps=traffic(reports['testpmd'])['mpps'])

    def hard(self):
        names = 1000000
        usual, reports = self.rounds([Dataplane], names, PROFILES['plain'])
        usual = cycles(usual['holdfast'])
        for profile, words in HARD.items():
            windows, reports = self.rounds([Dataplane], names, words)
            ours = cycles(windows['holdfast'])
            self.say(part='hard', names=names, profile=profile,
                     of_usual=usual / ours, least=HARD_LEAST[profile],
                     cycles=ours, usual_cycles=usual,
                     **traffic(reports['holdfast']))

    def latency(self):
        """Nothing is sampled while that is measured: who looks takes the time
        of who is looked at. What the machine takes from a core that spins is
        measured in between: less than that no server can have."""
        names = 1000000
        for server in Dataplane, Testpmd:
            best = self.plain_run(server, names, SEARCH)['search']['rate']
            for share in LATENCY_AT:
                reports = [self.plain_run(server, names,
                                          ['--rate', str(int(best * share)),
                                           '--warmup', '3'])
                           for _ in range(self.args.rounds)]
                self.say(part='latency', server=server.name, names=names,
                         lossless_mpps=best / 1e6, share=share,
                         load_busy=reports[0]['generator']['busy'],
                         p50_us=median_of(reports, 'p50'),
                         p999_us=median_of(reports, 'p99.9'),
                         p999_least_us=min(r['latency_us']['p99.9']
                                           for r in reports),
                         **traffic(reports))
        for cpu in wire_rig.LOAD_CPU, wire_rig.SERVER_CPU:
            self.say(part='jitter', **json.loads(subprocess.run(
                [os.path.join(self.args.build, 'bench', 'bench_jitter'),
                 str(cpu), str(self.args.seconds)], check=True,
                capture_output=True, text=True,
                preexec_fn=lambda: os.sched_setaffinity(0, wire_rig.CPUS)).stdout))

    def plain_run(self, server_class, names, more):
        rig = self.rig()
        try:
            load = Load(rig, ['--zones-from', self.zones(names)] +
                        PROFILES['plain'] + more +
                        ['--seconds', str(self.args.seconds)] +
                        (['--reflect'] if server_class is Testpmd else []))
            server_class(rig, self.store(names))
            return load.result(self.args.seconds + 120)
        finally:
            rig.close()

    def swaps(self):
        """As many queries as go, with and without swaps between two
        generations that answer alike."""
        names = 1000000
        store = os.path.join(self.data, 'stores', 'swaps-1m')
        self.two_generations(store, names)
        for swaps in 0, SWAPS:
            rig = self.rig()
            try:
                load = Load(rig, ['--zones-from', self.zones(names)] +
                            PROFILES['plain'] + WINDOW +
                            ['--seconds', str(self.args.swap_seconds)])
                server = Dataplane(rig, store)
                done, took = 0, 0
                if swaps:
                    ahead_of_the_load(server)
                    while server.counter('packets{received}') < 100000:
                        time.sleep(.05)
                    start = time.monotonic()
                    done = swap(server, store, swaps)
                    took = time.monotonic() - start
                over = load.process.poll() is not None
                report = load.result(self.args.swap_seconds + 120)
                self.say(part='swaps', names=names, swaps=done, took_s=took,
                         all_under_load=not over,
                         **traffic([report]))
            finally:
                os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
                rig.close()

    def two_generations(self, store, names):
        """The zone, and the zone with one name more that nobody asks for."""
        source = os.path.join(self.data, SETS[names], 'bench.example.zone')
        other = os.path.join(self.data, 'swaps.zone')
        subprocess.run(['rm', '-rf', store], check=True)
        with open(source) as a, open(other, 'w') as b:
            b.write(a.read() + 'unasked A 192.0.2.99\n')
        for file in source, other:
            compile_zones(self.args.build, store, None, 'bench.example=' + file)
        with open(os.path.join(store, 'current'), 'rb') as f:
            child = re.search(rb'[0-9a-f]{64}', f.read()).group().decode()
        tool = os.path.join(self.args.build, 'holdfast')
        subprocess.run([tool, 'rollback', '--store', store], check=True,
                       stdout=subprocess.DEVNULL)
        with open(os.path.join(store, 'child'), 'w') as f:
            f.write(child)

    def restart(self):
        """The management thread, which loads, is on the CPU of the poll core
        that does not turn yet: the other one belongs to the generator."""
        names, took = 1000000, []
        cpu = wire_rig.SERVER_CPU
        rig = self.rig()
        try:
            Load(rig, ['--zones-from', self.zones(names), '--rate', '200k',
                       '--seconds', '600'] + PROFILES['plain'])
            server = Dataplane(rig, self.store(names), cpu)
            for _ in range(RESTARTS):
                while server.counter('packets{sent}') < 10000:
                    time.sleep(.02)
                start = time.monotonic()
                server.process.kill()
                server = Dataplane(rig, self.store(names), cpu)
                while server.counter('packets{sent}') == 0:
                    time.sleep(.001)
                took.append(time.monotonic() - start)
        finally:
            rig.close()
        self.say(part='restart', names=names, restarts=len(took),
                 median_s=statistics.median(took), most_s=max(took), least=.5)

    def stages(self):
        for names in SETS:
            for profile, words in PROFILES.items():
                _, report, server = self.run(Dataplane, names, WINDOW + words,
                                             self.args.seconds)
                c = server.counters()
                packets = c['packets{received}']
                total = c['busy{cycles}'] / packets
                print('\n%s names, profile %s: %.1f TSC cycles a packet, '
                      '%.1f packets a burst' %
                      (names, profile, total, packets / c['busy{turns}']))
                for name in [n for n in c if n.startswith('stage{')]:
                    each = c[name] / packets
                    print('  %-10s %6.1f  %4.1f %%  %s' %
                          (name[6:-1], each, 100 * each / total,
                           '#' * round(50 * each / total)))
                self.say(part='stages', names=names, profile=profile,
                         cycles=total,
                         **{n[6:-1]: c[n] / packets for n in c
                            if n.startswith('stage{')})


def compile_zones(build, store, zones_list, zone=None):
    subprocess.run(['rm', '-rf', store] if zone is None else ['true'],
                   check=True)
    subprocess.run(
        [os.path.join(build, 'holdfast'), 'compile', '--store', store] +
        (['--zone', zone] if zone else ['--zones-from', zones_list]),
        check=True, stdout=subprocess.DEVNULL)


def cycles(windows):
    """The first decile of cycles a packet."""
    return sorted(w[0] for w in windows)[len(windows) // 10]


def median(windows):
    return statistics.median(w[0] for w in windows)


def median_of(reports, percentile):
    return statistics.median(r['latency_us'][percentile] for r in reports)


def burst(windows):
    return statistics.median(w[2] for w in windows)


def traffic(reports):
    """What the load saw: answers a second, and what was not right."""
    return dict(mpps=statistics.median(r['answered_qps'] for r in reports) / 1e6,
                lost=sum(r['lost'] for r in reports),
                wrong=sum(r['wrong'] for r in reports),
                answered=sum(r['answered'] for r in reports))


def ahead_of_the_load(server):
    """On two CPUs the management thread and this program share one with the
    generator, which never sleeps; a data plane's has that CPU to itself."""
    for thread in 0, server.process.pid:
        os.sched_setscheduler(thread, os.SCHED_RR, os.sched_param(10))


def swap(server, store, count):
    """A candidate that all clients are answered from, loaded and verified, and
    its return, in turns: each changes the generation that answers."""
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect(os.path.join(server.run, 'dataplane.sock'))

    def ask(text):
        s.send(text.encode())
        words = s.recv(4096).decode().split()
        if words[0] != 'ok':
            raise RuntimeError('%s: %s' % (text, ' '.join(words)))
        return dict(w.split('=', 1) for w in words[1:])
    ask('own pid=%d' % os.getpid())
    state = ask('status')
    number = int(state['activation'])
    with open(os.path.join(store, 'child')) as f:
        child = f.read()
    for _ in range(count // 2):
        number = int(ask('activate expect=%d parent=%s generation=%s '
                         'permille=1000' % (number, state['stable'], child))
                     ['activation'])
        number = int(ask('return expect=%d' % number)['activation'])
    s.close()
    return count // 2 * 2


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--only', default=','.join(PARTS))
    parser.add_argument('--seconds', type=int, default=3)
    parser.add_argument('--swap-seconds', type=int, default=40)
    parser.add_argument('--rounds', type=int, default=4)
    parser.add_argument('--build', default='build/release')
    parser.add_argument('--data', default='build/bench-data')
    parser.add_argument('--out', default='build/bench/wire.jsonl')
    args = parser.parse_args()
    with open('/proc/sys/vm/nr_hugepages') as f:
        args.huge = int(f.read()) * 2 >= 3 * wire_rig.MEMORY_MIB
    os.makedirs(os.path.dirname(os.path.abspath(args.out)), exist_ok=True)
    os.sched_setaffinity(0, {wire_rig.LOAD_CPU})
    bench = Bench(args)
    for part in args.only.split(','):
        if part not in PARTS + MORE:
            parser.error('no part %s; there are %s' %
                         (part, ', '.join(PARTS + MORE)))
        getattr(bench, part)()


if __name__ == '__main__':
    sys.exit(main())
