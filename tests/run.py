#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the tests of the kinds named, prints a line each and one closing line.

  tests/run.py [options] KIND...     unit, system, differential, fuzz-replay, model,
                                     lint

The Makefile calls it after building. A test is a program: exit status 0 is
passed, 77 skipped (its last line of output says why), all else failed. It runs
at the top of the tree with standard input closed and this in its environment:

  HOLDFAST_BUILD    directory of the programs under test, absolute
  HOLDFAST_PROFILE  release, asan, ...
  SHARED            directory of the shared tools and zones, absolute; empty
                    when there is none and none was asked for
  SHARED_GIVEN      1 when SHARED was set by hand: then a file missing there
                    is a failure, no reason to skip

A script may have these lines among its first 30:

  # profiles: release debug      run with these only (default: release asan),
                                   of those that are asked for
  # timeout: 300                 seconds until it is killed (default: 180)
  # needs: shared                left out where there is no shared directory
  # polls: one                   a poll core keeps the last CPU busy: one test of
                                   this kind at a time, beside others
  # polls: all                   all CPUs: runs alone
  # network: machine             it fetches something. Root gives all other
                                   scripts a network namespace each, so that
                                   tests side by side share no port
"""
import argparse
import concurrent.futures
import fnmatch
import glob
import os
import re
import signal
import subprocess
import sys
import threading
import time

SKIPPED = 77
TIMEOUT_S = 180
OUTPUT_SHOWN_MAX = 30000
KINDS = ['unit', 'system', 'differential', 'fuzz-replay', 'model', 'lint']


# Then the test, in a network namespace where there is nothing but loopback.
OWN_NETWORK = ['unshare', '--net', '--', 'sh', '-c',
               'ip link set lo up && exec "$@"', 'sh']


class Test:
    def __init__(self, kind, profile, name, command, timeout=TIMEOUT_S, polls=None):
        self.kind, self.profile, self.name = kind, profile, name
        self.command, self.timeout = command, timeout
        self.polls = polls          # None, 'one' or 'all'

    def title(self):
        return '/'.join(filter(None, [self.kind, self.profile, self.name]))


def script_settings(path):
    settings = {}
    with open(path, encoding='utf-8', errors='replace') as f:
        for _, line in zip(range(30), f):
            m = re.match(r'#\s*(profiles|timeout|needs|polls|network):\s*(.+?)\s*$', line)
            if m:
                settings[m.group(1)] = m.group(2)
    return settings


def can_have_networks():
    done = subprocess.run([*OWN_NETWORK, 'true'], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL)
    return done.returncode == 0


def scripts(kind, pattern, profiles, shared):
    """Executable scripts; others beside them are there to be sourced."""
    own_networks = can_have_networks()
    paths = glob.glob(f'tests/{kind}/{pattern}.sh')
    paths += glob.glob(f'tests/{kind}/{pattern}.py')
    for path in sorted(paths):
        if not os.access(path, os.X_OK):
            if os.path.basename(path).startswith('test_'):
                sys.exit(f'{path}: a test that would never run: chmod +x')
            continue
        settings = script_settings(path)
        if settings.get('needs') == 'shared' and not shared:
            continue            # one line said so for all of them
        timeout = int(settings.get('timeout', TIMEOUT_S))
        command = ['./' + path]
        if own_networks and settings.get('network') != 'machine':
            command = OWN_NETWORK + command
        own = settings.get('profiles', 'release asan').split()
        for profile in [p for p in profiles if p in own]:
            yield Test(kind, profile, os.path.basename(path), command, timeout,
                       settings.get('polls'))


def collect(kind, args):
    if kind == 'unit':
        for profile in args.profiles:
            for source in sorted(glob.glob('tests/unit/test_*.c')):
                name = os.path.basename(source)[:-2]
                program = os.path.join(args.build_dir, profile, 'tests', name)
                yield Test(kind, profile, name, [program], 600)
    elif kind == 'system':
        yield from scripts(kind, 'test_*', args.profiles, args.shared)
    elif kind == 'differential':
        yield from scripts(kind, '*', args.profiles, args.shared)
    elif kind == 'fuzz-replay':
        for source in sorted(glob.glob('tests/fuzz/fuzz_*.c')):
            name = os.path.basename(source)[len('fuzz_'):-2]
            program = os.path.join(args.build_dir, 'asan', 'fuzz-replay', name)
            yield Test(kind, 'asan', name, [program, f'tests/fuzz/corpus/{name}'])
    elif kind == 'model':
        yield Test(kind, '', 'publish', ['tests/model/run.py'], 900)
    elif kind == 'lint':
        for path in sorted(glob.glob('tests/lint/*.sh') + glob.glob('tests/lint/*.py')):
            yield Test(kind, '', os.path.basename(path), ['./' + path])


class Runner:
    def __init__(self, args):
        self.args = args
        self.logs = os.path.join(args.build_dir, 'test-logs')
        self.lock = threading.RLock()  # the signal handler may interrupt its holder
        self.ended = threading.Condition(self.lock)
        self.stopping = False
        self.running = []
        self.groups = set()
        self.count = {'PASS': 0, 'FAIL': 0, 'SKIP': 0}
        os.makedirs(self.logs, exist_ok=True)

    def environment(self, test):
        env = dict(os.environ)
        env['HOLDFAST_PROFILE'] = test.profile
        env['HOLDFAST_BUILD'] = os.path.abspath(
            os.path.join(self.args.build_dir, test.profile or 'release'))
        env['SHARED'] = self.args.shared
        env['SHARED_GIVEN'] = '1' if self.args.shared_given else ''
        env.setdefault('UBSAN_OPTIONS', 'print_stacktrace=1')
        env.setdefault('ASAN_OPTIONS', 'detect_leaks=1:strict_string_checks=1')
        # make's own settings are not the tests' business
        for name in ('MAKEFLAGS', 'MFLAGS', 'MAKELEVEL', 'MAKEOVERRIDES'):
            env.pop(name, None)
        return env

    def group_kill(self, pid):
        """Ends what a test may have left running in its process group."""
        try:
            os.killpg(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass

    def execute(self, test, log):
        """Returns the exit status, or a text that says why there is none."""
        try:
            process = subprocess.Popen(
                test.command, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, env=self.environment(test),
                start_new_session=True)
        except OSError as e:
            return f'cannot run {test.command[0]}: {e.strerror}'
        with self.lock:
            self.groups.add(process.pid)
        try:
            return process.wait(timeout=test.timeout)
        except subprocess.TimeoutExpired:
            # SIGTERM first: a script's trap removes its namespaces
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                pass
            return f'killed after {test.timeout} s'
        finally:
            self.group_kill(process.pid)
            process.wait()
            with self.lock:
                self.groups.discard(process.pid)

    def run(self, test):
        if self.stopping:
            return
        path = os.path.join(self.logs, test.title().replace('/', '-') + '.log')
        start = time.monotonic()
        with open(path, 'wb') as log:
            status = self.execute(test, log)
        seconds = time.monotonic() - start
        with open(path, encoding='utf-8', errors='replace') as log:
            output = log.read()
        if status == 0:
            self.report('PASS', test.title(), f'{seconds:.1f} s')
        elif status == SKIPPED:
            lines = output.strip().splitlines()
            self.report('SKIP', test.title(), lines[-1] if lines else 'no reason given')
        else:
            if isinstance(status, int):
                status = f'signal {-status}' if status < 0 else f'exit status {status}'
            self.report('FAIL', test.title(), f'{status}, {seconds:.1f} s, {path}', output)

    def report(self, result, title, remark, output=''):
        with self.lock:
            self.count[result] += 1
            print(f'{result}  {title:<48} {remark}', flush=True)
            if output:
                shown = output[-OUTPUT_SHOWN_MAX:]
                print('\n'.join('      | ' + line for line in shown.splitlines()), flush=True)

    def may_run(self, test):
        polling = {t.polls for t in self.running}
        if test.polls == 'all':
            return not self.running
        return 'all' not in polling and not (test.polls and 'one' in polling)

    def run_some(self, pending):
        """One of the threads that empty `pending`, in its order where it can."""
        while True:
            with self.lock:
                while True:
                    if self.stopping or not pending:
                        return
                    test = next(filter(self.may_run, pending), None)
                    if test:
                        break
                    self.ended.wait()
                pending.remove(test)
                self.running.append(test)
            try:
                self.run(test)
            finally:
                with self.lock:
                    self.running.remove(test)
                    self.ended.notify_all()

    def run_all(self, tests):
        """As many at a time as there are jobs. Tests that poll come first: they
        wait for one another. Those that need all CPUs come last."""
        pending = sorted(tests, key=lambda t: ('one', None, 'all').index(t.polls))
        with concurrent.futures.ThreadPoolExecutor(self.args.jobs) as pool:
            for future in [pool.submit(self.run_some, pending)
                           for _ in range(self.args.jobs)]:
                future.result()

    def interrupt(self, number, _frame):
        self.stopping = True
        with self.lock:
            for pid in self.groups:
                try:
                    os.killpg(pid, signal.SIGTERM)
                except ProcessLookupError:
                    pass
        raise SystemExit(128 + number)


def shared_check(runner, args):
    """One line about the shared directory; sets it to '' when it is absent."""
    needed = [os.path.join(args.shared, n) for n in ('tools/diffdns.py', 'zones')]
    absent = [n for n in needed if not os.path.exists(n)]
    if not absent:
        args.shared = os.path.abspath(args.shared)
    elif args.shared_given:
        runner.report('FAIL', 'shared', f'SHARED={args.shared}: {absent[0]} is not there')
    else:
        runner.report('SKIP', 'shared', f'{args.shared} has no shared tools and zones; '
                      'the tests that use them are left out (SHARED=DIR names another)')
        args.shared = ''


def lint_is_possible(runner):
    """The lint scripts ask git which files are ours: not so in a tarball."""
    git = subprocess.run(['git', 'ls-files', '--error-unmatch', 'tests/run.py'],
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if git.returncode:
        runner.report('SKIP', 'lint', 'this is no git checkout')
    return git.returncode == 0


def main():
    p = argparse.ArgumentParser(description='runs the tests')
    p.add_argument('--build-dir', default='build')
    p.add_argument('--profiles', default='release asan')
    p.add_argument('--shared', default='../shared')
    p.add_argument('--shared-given', action='store_true')
    p.add_argument('--only', default='*', help='pattern of test names')
    p.add_argument('--jobs', type=int, default=os.cpu_count() or 1)
    p.add_argument('kinds', nargs='+', choices=KINDS)
    args = p.parse_args()
    args.profiles = args.profiles.split()
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

    runner = Runner(args)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, runner.interrupt)
    if 'differential' in args.kinds or 'system' in args.kinds:
        shared_check(runner, args)
    if 'lint' in args.kinds and not lint_is_possible(runner):
        args.kinds.remove('lint')
    tests = [t for kind in args.kinds for t in collect(kind, args)
             if fnmatch.fnmatch(t.name, args.only)]
    runner.run_all(tests)
    count = runner.count
    skipped = f', {count["SKIP"]} skipped' if count['SKIP'] else ''
    print(f'{count["PASS"]} passed, {count["FAIL"]} failed{skipped}')
    return 1 if count['FAIL'] or not count['PASS'] else 0


if __name__ == '__main__':
    sys.exit(main())
