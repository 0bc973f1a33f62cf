# SPDX-License-Identifier: BSD-2-Clause
"""What is done with each server of a set, and the figures of it."""
import contextlib
import os
import re
import time

from peers import measure
from peers.generators import (
    Dnsperf, DnsperfProbe, GeneratorError, HoldfastLoad, Kxdpgun)
from peers.servers import ServerError, ask, query

# More than a generator can send or a server answer: a server is never idle
# then, which is when an answer costs it least.
TOO_MANY_QPS = 1000000
LOSS_AT = 0.8
WARM_UP_S = 0.2
# That a generator runs for longer than what is measured of it.
MARGIN_S = WARM_UP_S + measure.SPLIT_READY_S + 0.2
EDITED_ADDRESS = '10.255.255.255'


class Snapshot:
    """Counters of a server, to be subtracted."""

    def __init__(self, world, server, pids):
        self.time = time.monotonic()
        self.cpu = measure.cpu_s(pids)
        self.core = measure.core_busy_s(world.cpu)
        self.answers = server.answers()
        self.cycles = (server.counters()['busy{cycles}']
                       if server.poll_mode else 0)


def window(world, server, seconds):
    """Figures of the next `seconds`, during which a generator runs."""
    pids = server.pids()
    split = measure.split_class()(pids, server.directory)
    try:
        time.sleep(measure.SPLIT_READY_S)
        a = Snapshot(world, server, pids)
        time.sleep(seconds)
        b = Snapshot(world, server, pids)
        user = split.user_share(a.time, b.time)
    finally:
        split.stop()
    answers = b.answers - a.answers
    if not answers:
        raise ServerError('no answers under load')
    elapsed = b.time - a.time
    spent = (b.cpu - a.cpu) * world.tsc_hz
    # A polled core is always busy: turns with packets count, and what it spends
    # in the kernel it spends in those. Its clock runs on while others have the
    # core: of CPU time, as for the rest, it is this share.
    busy = ((b.cycles - a.cycles) * min(1, (b.cpu - a.cpu) / elapsed)
            if server.poll_mode else spent)
    figures = dict(answers_per_s=round(answers / elapsed),
                   busy_share=round(busy / world.tsc_hz / elapsed, 3),
                   cpu_share=round((b.cpu - a.cpu) / elapsed, 3),
                   core_share=round((b.core - a.core) / elapsed, 3),
                   cpu_us_per_answer=busy / world.tsc_hz * 1e6 / answers,
                   cycles=busy / answers)
    if user is not None:
        kernel = spent * (1 - user)
        figures.update(split=split.name,
                       user_cycles=(busy - kernel) / answers,
                       kernel_cycles=kernel / answers)
    return figures


def wait_for_flow(server, generator):
    """The generator has read its queries, and answers come."""
    start = server.answers()
    while server.answers() - start < 1000:
        if generator.process.poll() is not None:
            generator.result()
            raise GeneratorError('no answers')
        time.sleep(0.01)
    time.sleep(WARM_UP_S)


@contextlib.contextmanager
def running(generator):
    try:
        yield generator
    finally:
        generator.stop()


def under_load(world, server, kind, *more):
    """(figures of a window, the generator's own result)"""
    with running(kind(world, server, world.seconds + MARGIN_S, *more)) as g:
        wait_for_flow(server, g)
        return window(world, server, world.seconds), g.result()


def lost_of(got):
    lost = max(0, round(got['sent'] - got['received']))
    return dict(lost=lost, lost_share=round(lost / got['sent'], 7))


def run_kxdpgun(world, server):
    """Saturated by kxdpgun; lost answers at four fifths of that rate."""
    figures, _ = under_load(world, server, Kxdpgun, TOO_MANY_QPS)
    with running(Kxdpgun(world, server, world.seconds,
                         figures['answers_per_s'] * LOSS_AT)) as generator:
        lost = lost_of(generator.result())
    return dict(figures, generator='kxdpgun', **lost)


def run_dnsperf(world, server):
    """Closed loop: the generator may be the limit (busy_share says)."""
    figures, got = under_load(world, server, Dnsperf)
    return dict(figures, generator='dnsperf', **lost_of(got))


def run_probe(world, server):
    """Latency at a low rate, the same for all."""
    with running(DnsperfProbe(world, server, 1)) as generator:
        return generator.result()


def run_holdfast_load(world, server):
    """A window of queries outstanding, all answers checked in passing."""
    figures, got = under_load(world, server, HoldfastLoad)
    lost = lost_of(got)
    del got['sent'], got['received']
    return dict(figures, generator='holdfast-load', **lost, **got)


class EditedZone:
    """A zone of the set, copied so that a record of it can be changed."""

    def __init__(self, zones, directory):
        self.apex, source = zones[len(zones) // 2]
        self.file = os.path.join(directory, 'edited.zone')
        with open(source) as f:
            self.before = f.read()
        name = re.search(r'^(h0000007|www) A ', self.before, re.M)
        self.can_be_edited = name is not None
        self.put(self.before)
        self.zones = [(a, self.file if a == self.apex else f) for a, f in zones]
        if not name:
            return
        self.question = query('%s.%s' % (name.group(1), self.apex), 1)
        self.after = re.sub(
            r'^(h0000007|www) A .*', r'\1 A ' + EDITED_ADDRESS,
            self.before.replace('hostmaster 1 ', 'hostmaster 2 ', 1),
            count=1, flags=re.M)

    def put(self, text):
        with open(self.file + '.new', 'w') as f:
            f.write(text)
        os.rename(self.file + '.new', self.file)

    def is_answered(self):
        return ask(self.question).endswith(
            bytes(map(int, EDITED_ADDRESS.split('.'))))


def run_edit(server, edited):
    """From a changed record to its answer, and the most memory meanwhile."""
    server.before_edit()
    with measure.MemoryPeak(server.pids) as memory:
        edited.put(edited.after)
        start = time.monotonic()
        server.reload(edited.apex)
        server.wait_for(edited.is_answered)
        seconds = time.monotonic() - start
        time.sleep(0.3)  # old and new may both be there for a while
    edited.put(edited.before)
    return dict(edit_s=round(seconds, 3), peak_mib=round(memory.peak, 1))
