# SPDX-License-Identifier: BSD-2-Clause
"""The figures of a run side by side, and the ratios that matter."""
import statistics

COLUMNS = [
    ('server', 'server', '%s'), ('generator', 'by', '%s'),
    ('answers_per_s', 'answers/s', '%.0f'), ('busy_share', 'busy', '%.2f'),
    ('lost_share', 'lost', '%.1e'), ('cpu_us_per_answer', 'CPU us', '%.3f'),
    ('user_cycles', 'user', '%.0f'), ('kernel_cycles', 'kernel', '%.0f'),
    ('latency_p50_us', 'p50 us', '%.0f'), ('latency_p99_us', 'p99 us', '%.0f'),
    ('rss_mib', 'RSS', '%.0f'), ('load_s', 'load s', '%.2f'),
    ('edit_s', 'edit s', '%.2f'), ('peak_mib', 'peak', '%.0f'),
]
# Busy CPU an answer of the peers on sockets against Holdfast on virtio-user;
# busy user cycles of Knot against Holdfast, both on AF_XDP. With what is to be
# reached on a set.
RATIOS = [
    ('cpu_us_per_answer', 'holdfast-virtio', ['nsd', 'knot', 'named'],
     {'names-1k': 10, 'names-1m': 20, 'zones-100k': 20}),
    ('user_cycles', 'holdfast-xdp', ['knot-xdp'],
     {'names-1k': 3, 'names-1m': 5}),
]
# Of the server's core: more says that the machine was not quiet.
OTHERS_SHARE_MAX = 0.05


def medians(rows):
    """One row for a server and generator, of all rounds."""
    groups = {}
    for row in rows:
        groups.setdefault((row['server'], row['generator']), []).append(row)
    return [{key: value if isinstance(value, str) else
             statistics.median(r[key] for r in group if key in r)
             for key, value in group[0].items()} for group in groups.values()]


def rows_text(rows):
    cells = [[title for _, title, _ in COLUMNS]] + [
        [form % row[key] if row.get(key) is not None else '-'
         for key, _, form in COLUMNS] for row in rows]
    widths = [max(len(r[i]) for r in cells) for i in range(len(COLUMNS))]
    return '\n'.join(
        '  '.join(c.ljust(w) if i < 2 else c.rjust(w)
                  for i, (c, w) in enumerate(zip(r, widths))).rstrip()
        for r in cells)


def saturated(rows, server):
    """The figures at a server's most; dnsperf's may be the generator's."""
    return next((r for r in rows if r['server'] == server and
                 r['generator'] != 'dnsperf'), None)


def ratios(name, rows):
    """Lines that say how many times Holdfast's figure a peer's is."""
    for key, ours, peers, reach in RATIOS:
        mine = saturated(rows, ours)
        for peer in peers:
            theirs = saturated(rows, peer)
            if mine and theirs and mine.get(key) and theirs.get(key):
                yield '%-18s %-8s %5.1f times %s%s' % (
                    key, peer, theirs[key] / mine[key], ours,
                    ', to be reached: %g' % reach[name] if name in reach else '')


def disturbed(rows):
    names = ['%s by %s' % (r['server'], r['generator']) for r in rows
             if r['core_share'] - r['cpu_share'] > OTHERS_SHARE_MAX]
    if names:
        yield 'Others had the core for a while: ' + ', '.join(names)


def text(name, rows):
    rows = medians(rows)
    return '\n'.join(['', name, rows_text(rows), *ratios(name, rows),
                      *disturbed(rows)])
