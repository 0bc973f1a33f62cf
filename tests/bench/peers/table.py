# SPDX-License-Identifier: BSD-2-Clause
"""The figures of a run side by side, and the ratios that matter."""

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
# busy user cycles of Knot against Holdfast, both on AF_XDP.
RATIOS = [
    ('cpu_us_per_answer', 'holdfast-virtio', ['nsd', 'knot', 'named']),
    ('user_cycles', 'holdfast-xdp', ['knot-xdp']),
]


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


def ratios(rows):
    """[(figure, peer, Holdfast's port, how many times Holdfast's)]"""
    found = []
    for key, ours, peers in RATIOS:
        mine = saturated(rows, ours)
        for peer in peers:
            theirs = saturated(rows, peer)
            if mine and theirs and mine.get(key) and theirs.get(key):
                found.append((key, peer, ours, theirs[key] / mine[key]))
    return found


def text(name, rows):
    lines = ['', name, rows_text(rows)]
    for key, peer, ours, ratio in ratios(rows):
        lines.append('%s of %s: %.1f times that of %s' %
                     (key, peer, ratio, ours))
    return '\n'.join(lines)
