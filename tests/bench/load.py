#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Zone files to answers: `make bench-load [SETS="names-1m zones-100k"]`.

  tests/bench/load.py [--sets SET ...] [--data DIRECTORY] [--out FILE]

For each data set: the time of each step of `holdfast compile`; that from the
start of holdfastd to its first generation; a cold start of
holdfast-sockets from the store, no control process, to the first answer;
memory; and, with holdfastd beside it, the time from a zone file renamed into
place with one record changed to the first new answer, the default configuration
otherwise (median of EDITS), and the memory while that is swapped in. A JSON
line a set goes to FILE. Peers beside it: make bench-peers; a restart of the
data plane under load: make bench-wire.
"""
import argparse
import json
import os
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

SETS = ['names-1k', 'names-1m', 'zones-100k', 'root']
EDITS = 7
START_S = 300
CONFIG = '''
store: {directory: %(store)s, run: %(top)s/run}
zones_from: %(zones)s
control: {metrics_on: false}
zones: []
'''


def question(name, number):
    labels = b''.join(bytes([len(w)]) + w.encode()
                      for w in name.rstrip('.').split('.') if w)
    return struct.pack('!6H', number, 0, 1, 0, 0, 0) + labels + b'\0\0\1\0\1'


def memory_mib(pid):
    """Resident now and at most, huge pages included."""
    found = {}
    with open('/proc/%d/status' % pid) as f:
        for line in f:
            words = line.split()
            if words[0] in ('VmRSS:', 'VmHWM:', 'HugetlbPages:'):
                found[words[0]] = int(words[1]) / 1024
    huge = found.get('HugetlbPages:', 0)
    return found['VmRSS:'] + huge, found['VmHWM:'] + huge


class Case:
    def __init__(self, build, data, name):
        self.build, self.name = build, name
        self.zones = os.path.join(data, name, 'zones.list')
        self.top = tempfile.mkdtemp(prefix='holdfast-load-')
        os.mkdir(os.path.join(self.top, 'run'))
        self.store = os.path.join(self.top, 'store')
        self.processes = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(('127.0.0.1', 0))
            self.port = s.getsockname()[1]

    def close(self):
        for p in self.processes:
            p.terminate()
        for p in self.processes:
            p.wait()
        shutil.rmtree(self.top)

    def spawn(self, program, *words):
        with open(os.path.join(self.top, program + '.log'), 'ab') as log:
            p = subprocess.Popen([os.path.join(self.build, program), *words],
                                 stdout=log, stderr=log)
        self.processes.append(p)
        return p

    def ask_until(self, name, wanted):
        """In a tight loop, until wanted(response); its time."""
        end, number = time.monotonic() + START_S, 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(.01)
            s.connect(('127.0.0.1', self.port))
            while time.monotonic() < end:
                number = (number + 1) % 65536
                try:
                    s.send(question(name, number))
                    if wanted(s.recv(2000)):
                        return time.monotonic()
                except OSError:
                    pass
        raise RuntimeError('%s: no such answer to %s in %d s; %s' %
                           (self.name, name, START_S, self.logs()))

    def logs(self):
        text = ''
        for file in os.listdir(self.top):
            if file.endswith('.log'):
                with open(os.path.join(self.top, file)) as f:
                    text += f.read()[-2000:]
        return text

    # --- the figures

    def compile(self):
        start = time.monotonic()
        done = subprocess.run(
            [os.path.join(self.build, 'holdfast'), 'compile', '--json',
             '--store', self.store, '--zones-from', self.zones,
             '--dnssec', 'off'],
            check=True, capture_output=True, text=True)
        report = json.loads(done.stdout.splitlines()[-1])
        cells = sum(os.path.getsize(os.path.join(self.store, 'cells', f))
                    for f in os.listdir(os.path.join(self.store, 'cells')))
        return dict(compile_s=time.monotonic() - start, steps_s=report['seconds'],
                    answers_proven=report['answers_proven'],
                    cells_mib=cells / 2**20)

    def control_load(self):
        """holdfastd does the same, into a store of its own; its files are read
        by its parser."""
        store = os.path.join(self.top, 'store-of-control')
        config = os.path.join(self.top, 'load.yaml')
        with open(config, 'w') as f:
            f.write(CONFIG % dict(top=self.top, store=store, zones=self.zones))
        start = time.monotonic()
        p = self.spawn('holdfastd', '--config', config)
        while not os.path.lexists(os.path.join(store, 'current')):
            if p.poll() is not None or time.monotonic() - start > START_S:
                raise RuntimeError('no generation: ' + self.logs())
            time.sleep(.01)
        took = time.monotonic() - start
        self.processes.remove(p)
        p.terminate()
        p.wait()
        shutil.rmtree(store)
        return dict(control_load_s=took)

    def cold_start(self):
        """From the start of the process to its first answer; once the files
        are in the page cache, as after a crash."""
        took = []
        for _ in range(3):
            start = time.monotonic()
            p = self.spawn('holdfast-sockets', '--store', self.store, '--run',
                           os.path.join(self.top, 'run'), '--listen',
                           '127.0.0.1@%d' % self.port)
            took.append(self.ask_until(self.edited, lambda r: r[3] & 15 == 0) -
                        start)
            self.sockets = p
            if len(took) < 3:
                p.terminate()
                p.wait()
        return dict(cold_start_s=statistics.median(took),
                    resident_mib=memory_mib(self.sockets.pid)[0])

    def edit(self, zones):
        """`zones`: the list, with the edited zone's file a copy of ours."""
        config = os.path.join(self.top, 'holdfast.yaml')
        with open(config, 'w') as f:
            f.write(CONFIG % dict(top=self.top, store=self.store,
                                  zones=zones))
        control = self.spawn('holdfastd', '--config', config)
        with open(self.file) as f:
            text = f.read()
        took = []
        for i in range(EDITS + 1):
            address = '198.51.100.%d' % i
            with open(self.file + '.new', 'w') as f:
                f.write(text.replace(self.line, '%s A %s\n' %
                                     (self.line.split()[0], address), 1))
            start = time.monotonic()
            os.rename(self.file + '.new', self.file)
            wanted = socket.inet_aton(address)
            took.append(self.ask_until(self.edited,
                                       lambda r: r[-4:] == wanted) - start)
            time.sleep(.5)
        # the first waits for holdfastd to read everything
        return dict(edit_s=statistics.median(took[1:]), edit_most_s=max(took[1:]),
                    swap_mib=memory_mib(self.sockets.pid)[1],
                    control_mib=memory_mib(control.pid)[1])

    def run(self):
        """One zone is served from a copy, which is edited."""
        with open(self.zones) as f:
            lines = f.read().splitlines()
        apex, source = lines[len(lines) // 2].split('\t')
        self.file = os.path.join(self.top, 'edited.zone')
        shutil.copyfile(source, self.file)
        lines[len(lines) // 2] = '%s\t%s' % (apex, self.file)
        self.zones = os.path.join(self.top, 'zones.list')
        with open(self.zones, 'w') as f:
            f.write('\n'.join(lines) + '\n')
        with open(source) as f:
            self.line = next(x for x in f if x.split()[1:2] == ['A'] and
                             x[0] not in '@;')
        self.edited = '%s.%s' % (self.line.split()[0], apex)
        found = self.compile()
        found.update(self.control_load())
        found.update(self.cold_start())
        found.update(self.edit(self.zones))
        return found


def run_root(case):
    """No edits: its names have no address of their own."""
    found = case.compile()
    found.update(case.control_load())
    case.edited = 'com'
    found.update(case.cold_start())
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--sets', nargs='+', default=SETS)
    parser.add_argument('--build', default='build/release')
    parser.add_argument('--data', default='build/bench-data')
    parser.add_argument('--out', default='build/bench/load.jsonl')
    args = parser.parse_args()
    os.makedirs(os.path.dirname(os.path.abspath(args.out)), exist_ok=True)
    with open(args.out, 'w') as out:
        for name in args.sets:
            subprocess.run(['tests/bench/datasets.py', name, args.data],
                           check=True)
            case = Case(args.build, os.path.abspath(args.data), name)
            try:
                found = run_root(case) if name == 'root' else case.run()
            finally:
                case.close()
            out.write(json.dumps(dict(set=name, **found)) + '\n')
            out.flush()
            print(name)
            for key, value in found.items():
                print('  %-16s %s' % (key, '%.3f' % value if isinstance(
                    value, float) else value), flush=True)


if __name__ == '__main__':
    sys.exit(main())
