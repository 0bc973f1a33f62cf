# SPDX-License-Identifier: BSD-2-Clause
"""What a server costs: CPU time, its split into user and kernel, memory.

CPU time is the kernel's own sum of nanoseconds on a CPU of each process, not
the sampled utime and stime. Cycles are those of the TSC: time x its rate.
"""
import ctypes
import functools
import glob
import mmap
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

KERNEL_HALF = 1 << 63
SAMPLES_A_SECOND = 2000
SPLIT_READY_S = 0.3  # perf has attached itself


def tsc_hz():
    """TSC cycles a second, over a fifth of one."""
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE |
                     mmap.PROT_EXEC)
    # rdtsc; shl rdx, 32; or rax, rdx; ret
    page.write(bytes.fromhex('0f31 48c1e220 4809d0 c3'))
    rdtsc = ctypes.CFUNCTYPE(ctypes.c_uint64)(
        ctypes.addressof(ctypes.c_char.from_buffer(page)))
    cycles, start = rdtsc(), time.monotonic()
    time.sleep(0.2)
    return (rdtsc() - cycles) / (time.monotonic() - start)


def session_pids(session):
    """Processes of a session: a server and all that it has forked."""
    pids = []
    for path in glob.glob('/proc/[0-9]*/stat'):
        try:
            with open(path) as f:
                pid, rest = f.read().split(' (', 1)
        except OSError:
            continue
        state, _, _, of = rest.rsplit(') ', 1)[1].split()[:4]
        if int(of) == session and state != 'Z':
            pids.append(int(pid))
    return pids


def cpu_s(pids):
    """CPU seconds that the processes have had, all threads."""
    # The clock of a process by its id, as clock_getcpuclockid makes it.
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def core_busy_s(cpu):
    """Seconds that a CPU was not idle, in ticks of 10 ms."""
    with open('/proc/stat') as f:
        line = next(line for line in f if line.startswith('cpu%d ' % cpu))
    user, nice, system, _, _, irq, softirq = map(int, line.split()[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf('SC_CLK_TCK')


def memory(pids):
    """Resident MiB, where shared pages count once, and MiB of huge pages."""
    kib = {'Pss': 0, 'Private_Hugetlb': 0, 'Shared_Hugetlb': 0}
    for pid in pids:
        try:
            with open('/proc/%d/smaps_rollup' % pid) as f:
                for line in f:
                    name, *value = line.split(':')
                    if name in kib:
                        kib[name] += int(value[0].split()[0])
        except OSError:
            continue  # it has ended
    huge = kib['Private_Hugetlb'] + kib['Shared_Hugetlb']
    return dict(rss_mib=round(kib['Pss'] / 1024, 1),
                huge_mib=round(huge / 1024, 1))


class MemoryPeak(threading.Thread):
    """Most resident memory of the processes that `pids` finds."""

    def __init__(self, pids):
        super().__init__(daemon=True)
        self.pids, self.peak = pids, 0
        self.done = threading.Event()

    def run(self):
        while not self.done.wait(0.05):
            self.peak = max(self.peak, memory(self.pids())['rss_mib'])

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.join()


class Split:
    """How CPU time splits into user space and kernel. Made a while before a
    window, asked after it; stopped in any case."""
    process = None

    def user_share(self, start, end):
        """Of the time from `start` to `end`, or None: not known."""
        raise NotImplementedError

    def finish(self):
        """What perf has to say, told to end."""
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate()[1]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


class SplitByCounters(Split):
    """The processor counts cycles in user space and in the kernel."""
    name = 'pmu'

    def __init__(self, pids, _):
        self.process = subprocess.Popen(
            ['perf', 'stat', '-x,', '-e', 'cycles:u,cycles:k', '-p',
             ','.join(map(str, pids))], stderr=subprocess.PIPE, text=True)

    def user_share(self, *_):
        counts = re.findall(r'^(\d+),,cycles:[uk]', self.finish(), re.M)
        total = sum(map(int, counts))
        return int(counts[0]) / total if len(counts) == 2 and total else None


class SplitBySamples(Split):
    """A timer of the CPU's time looks where the processes are."""
    name = 'samples'

    def __init__(self, pids, directory):
        self.data = os.path.join(directory, 'perf.data')
        self.process = subprocess.Popen(
            ['perf', 'record', '-q', '-B', '-N', '-k', 'CLOCK_MONOTONIC', '-e',
             'cpu-clock', '-F', str(SAMPLES_A_SECOND), '-p',
             ','.join(map(str, pids)), '-o', self.data],
            stderr=subprocess.DEVNULL)

    def user_share(self, start, end):
        self.finish()
        done = subprocess.run(
            ['perf', 'script', '-i', self.data, '-F', 'time,ip'],
            capture_output=True, text=True, check=False)
        if done.returncode:     # told to end before it had begun, say
            print('perf: %s' % done.stderr.strip(), file=sys.stderr)
            return None
        words = done.stdout.replace(':', ' ').split()
        user = [int(ip, 16) < KERNEL_HALF
                for at, ip in zip(words[::2], words[1::2])
                if start <= float(at) <= end]
        return sum(user) / len(user) if user else None


class SplitByTicks(Split):
    """What /proc says: where the processes were at ticks of the kernel."""
    name = 'ticks'

    def __init__(self, pids, _):
        self.pids = pids
        self.before = self.ticks()

    def ticks(self):
        total = [0, 0]
        for pid in self.pids:
            with open('/proc/%d/stat' % pid) as f:
                words = f.read().rsplit(') ', 1)[1].split()
            total = [total[0] + int(words[11]), total[1] + int(words[12])]
        return total

    def user_share(self, *_):
        user, kernel = (b - a for a, b in zip(self.before, self.ticks()))
        return user / (user + kernel) if user + kernel else None


@functools.cache
def split_class():
    """The best way that this machine has."""
    if not shutil.which('perf'):
        return SplitByTicks
    trial = SplitByCounters([os.getpid()], None)
    time.sleep(SPLIT_READY_S)
    sum(range(100000))
    return SplitBySamples if trial.user_share() is None else SplitByCounters
