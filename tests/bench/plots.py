#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Draws the plots of docs/performance.md from what the benchmarks wrote.

  tests/bench/plots.py [--from build/bench] [--to docs/plots]

Reads stages.jsonl and wire.jsonl (make perf, bench-wire), peers.jsonl
(bench-peers) and engine.jsonl (bench-engine); a plot whose file is missing is
left as it is, and said so.
"""
import argparse
import json
import os
import sys

import matplotlib
matplotlib.use('svg')
import matplotlib.pyplot as plt  # noqa: E402

STAGES = ['receive', 'frame', 'parse', 'zone', 'node', 'decide', 'write',
          'reply', 'send']
COLORS = ['#1b4965', '#2a6f97', '#468faf', '#61a5c2', '#89c2d9', '#a9d6e5',
          '#f2cc8f', '#e07a5f', '#81523f']


def read(folder, name):
    with open(os.path.join(folder, name)) as f:
        return [json.loads(line) for line in f if line.strip()]


def short(names):
    return {1000: '1 k', 100000: '100 k', 1000000: '1 M',
            10000000: '10 M'}.get(names, str(names))


def save(figure, folder, name):
    figure.tight_layout()
    figure.savefig(os.path.join(folder, name), metadata={'Date': None})
    plt.close(figure)


def stages(source, target):
    """Where the cycles of a packet go, a bar a case."""
    rows = read(source, 'stages.jsonl')
    figure, axes = plt.subplots(figsize=(8, 2.6))
    names = ['%s names, %s' % (short(r['names']), r['profile']) for r in rows]
    left = [0.0] * len(rows)
    for stage, color in zip(STAGES, COLORS):
        wide = [r[stage] for r in rows]
        axes.barh(names, wide, left=left, label=stage, color=color)
        left = [a + b for a, b in zip(left, wide)]
    axes.invert_yaxis()
    axes.set_xlabel('TSC cycles a packet')
    axes.legend(ncol=9, fontsize=7, loc='lower center',
                bbox_to_anchor=(.45, 1), handlelength=1, columnspacing=.8)
    save(figure, target, 'stages.svg')


def engine(source, target):
    """Cycles a query in the engine as the zone grows."""
    rows = [r for r in read(source, 'engine.jsonl')
            if r.get('zone', 'plain') == 'plain']
    figure, axes = plt.subplots(figsize=(6, 2.8))
    for profile in dict.fromkeys(r['profile'] for r in rows):
        mine = [r for r in rows if r['profile'] == profile]
        axes.plot([r['names'] for r in mine],
                  [r['tsc_cycles_per_query'] for r in mine], 'o-',
                  label=profile)
    axes.set_xscale('log')
    axes.set_ylim(bottom=0)
    axes.set_xlabel('names in the zone')
    axes.set_ylabel('TSC cycles a query')
    axes.legend()
    save(figure, target, 'engine.svg')


def peers(source, target):
    """CPU of an answer, each server and data set."""
    rows = [r for r in read(source, 'peers.jsonl')
            if r.get('cpu_us_per_answer')]
    sets = list(dict.fromkeys(r['set'] for r in rows))
    servers = list(dict.fromkeys(r['server'] for r in rows))
    figure, axes = plt.subplots(figsize=(8, 3.2))
    wide = .8 / len(servers)
    for i, server in enumerate(servers):
        at, high = [], []
        for j, name in enumerate(sets):
            found = [r['cpu_us_per_answer'] for r in rows
                     if r['server'] == server and r['set'] == name]
            if found:
                at.append(j + i * wide)
                high.append(min(found))
        axes.bar(at, high, wide, label=server)
    axes.set_yscale('log')
    axes.set_xticks([j + .4 - wide / 2 for j in range(len(sets))], sets)
    axes.set_ylabel('CPU µs an answer (log)')
    axes.legend(fontsize=7, ncol=2, loc='upper left', bbox_to_anchor=(1, 1))
    save(figure, target, 'peers.svg')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--from', dest='source', default='build/bench')
    parser.add_argument('--to', dest='target', default='docs/plots')
    args = parser.parse_args()
    os.makedirs(args.target, exist_ok=True)
    plt.rcParams['svg.hashsalt'] = 'holdfast'  # the same bytes each time
    for draw in stages, engine, peers:
        try:
            draw(args.source, args.target)
        except FileNotFoundError as e:
            print('plots: no %s: %s is left as it is' %
                  (e.filename, draw.__name__), file=sys.stderr)


if __name__ == '__main__':
    main()
