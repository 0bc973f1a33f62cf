#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Holdfast beside NSD, Knot and BIND: the same zones, queries and link, one
core for the server. README.md of tests/bench/peers/ says how it is measured.

Prints a table for each data set and writes a JSON line for each server and
generator. Exit status: 0, or 1 when a server could not be measured or gave
other answers than the first one.
"""
import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

from peers import cases, measure, servers, table, topology  # noqa: E402
from peers.answers import Answers  # noqa: E402

SETS = ['names-1k', 'names-1m', 'zones-100k']
HERE = os.path.dirname(os.path.abspath(__file__))


ENDING = signal.SIGTERM, signal.SIGINT, signal.SIGHUP


def end(*_):
    """Once: what is being cleaned up then is not interrupted."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    sys.exit(1)


class World:
    """What all servers of a run share."""

    def __init__(self, link, options, directory):
        self.link, self.directory = link, directory
        cpus = sorted(os.sched_getaffinity(0))
        if len(cpus) < 2:
            sys.exit('peers: two CPUs are needed, one for the server')
        # Knot pins its first worker to CPU 0, whatever it is told.
        self.cpu, self.other_cpu = cpus[0], cpus[1]
        os.sched_setaffinity(0, {self.other_cpu})
        self.seconds = options.seconds
        self.tsc_hz = measure.tsc_hz()
        self.queries = self.store = None
        self.dnssec = False  # the set is signed, and asked with DO


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def compile_store(zones, directory):
    """Zone files to a store, once a set: all of Holdfast's ports boot from
    it."""
    os.makedirs(directory)
    with open(os.path.join(directory, 'list'), 'w') as f:
        f.write(''.join('%s\t%s\n' % z for z in zones))
    store = os.path.join(directory, 'store')
    subprocess.run([os.path.join(servers.BUILD, 'holdfast'), 'compile',
                    '--store', store, '--zones-from', f.name, '--dnssec',
                    'off'],
                   check=True, stdout=subprocess.DEVNULL)
    return store


def measure_on_link(world, server, edited, answers):
    """The rows of a server on the veth pair: one of each generator."""
    load_s = server.start()
    different = answers.check(server.name)
    if different:
        raise servers.ServerError('other answers:\n' + different[:2000])
    rows = [cases.run_kxdpgun(world, server), cases.run_dnsperf(world, server)]
    rows[0].update(cases.run_probe(world, server), load_s=round(load_s, 3))
    rows[0].update(measure.memory(server.pids()))
    if edited.can_be_edited and server.can_reload:
        rows[0].update(cases.run_edit(server, edited))
    return rows


def measure_on_vhost(world, server):
    server.start()
    row = cases.run_holdfast_load(world, server)
    return [dict(row, **measure.memory(server.pids()))]


def measure_server(world, kind, edited, answers):
    """The rows of one server."""
    server = kind(world, edited.zones, os.path.join(world.directory, kind.name))
    try:
        rows = (measure_on_link(world, server, edited, answers)
                if server.on_link else measure_on_vhost(world, server))
        return [dict(row, server=kind.name) for row in rows]
    finally:
        server.stop()
        shutil.rmtree(server.directory)


def measure_all(world, name, options, edited):
    """One round over the servers: (rows, whether all went well)"""
    answers = Answers(world.queries, world.dnssec)
    rows, good = [], True
    for kind in servers.ALL:
        if kind.name not in options.servers:
            continue
        say('%s: %s' % (name, kind.name))
        try:
            new = measure_server(world, kind, edited, answers)
        except (servers.ServerError, cases.GeneratorError) as e:
            say('%s: %s: %s' % (name, kind.name, e))
            good = False
            continue
        for row in new:
            row.update(set=name, tsc_hz=round(world.tsc_hz))
            options.out.write(json.dumps(row) + '\n')
            options.out.flush()
        rows += new
    return rows, good


def measure_set(world, name, options):
    """Prints a set's table; returns whether all went well."""
    directory = os.path.join(options.data, name)
    with open(os.path.join(directory, 'zones.list')) as f:
        zones = [tuple(line.rstrip('\n').split('\t')) for line in f]
    world.queries = os.path.join(directory, 'queries.txt')
    world.dnssec = os.path.exists(os.path.join(directory, 'queries-do.txt'))
    edited = cases.EditedZone(zones, world.directory)
    compiled = os.path.join(world.directory, 'compiled')
    world.store = compile_store(edited.zones, compiled)
    rounds = [measure_all(world, name, options, edited)
              for _ in range(options.rounds)]
    shutil.rmtree(compiled)
    print(table.text(name, [row for rows, _ in rounds for row in rows]),
          flush=True)
    return all(good for _, good in rounds)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--data', required=True,
                        help='directory of the data sets; missing ones are made')
    parser.add_argument('--sets', nargs='+', default=SETS)
    parser.add_argument('--servers', nargs='+',
                        default=[kind.name for kind in servers.ALL],
                        choices=[kind.name for kind in servers.ALL])
    parser.add_argument('--seconds', type=float, default=2,
                        help='length of a measurement')
    parser.add_argument('--rounds', type=int, default=1,
                        help='over all servers; the table shows medians')
    parser.add_argument('--out', type=argparse.FileType('w'), required=True,
                        help='a JSON line each')
    return parser.parse_args()


@contextlib.contextmanager
def scratch():
    directory = tempfile.mkdtemp(prefix='holdfast-peers-')
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def main():
    options = parse_options()
    if os.geteuid() != 0:
        sys.exit('peers: root is needed for namespaces and AF_XDP')
    for name in options.sets:
        if os.path.exists(os.path.join(options.data, name)):
            continue
        subprocess.run([os.path.join(HERE, 'datasets.py'), name, options.data],
                       check=True)
    for number in ENDING:
        signal.signal(number, end)
    good = True
    with scratch() as directory, topology.link() as link:
        world = World(link, options, directory)
        for name in options.sets:
            good = measure_set(world, name, options) and good
    sys.exit(0 if good else 1)


if __name__ == '__main__':
    main()
