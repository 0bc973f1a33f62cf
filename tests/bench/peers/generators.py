# SPDX-License-Identifier: BSD-2-Clause
"""The load generators, on the client's side, and what they print, as numbers."""
import json
import math
import os
import re
import subprocess

from peers.servers import BUILD
from peers.topology import SERVER_ADDRESS

# More than this outstanding overflow a socket's buffer.
OUTSTANDING = 250
# As in bench-wire: most of a ring.
VHOST_OUTSTANDING = 768
PROBE_QPS = 10000


class GeneratorError(Exception):
    """A generator that failed, or whose answers are not what was asked for."""


def text_of(process):
    out, _ = process.communicate()
    if process.returncode:
        raise GeneratorError('%s: %s' % (process.args[0], out[-1000:]))
    return out


def number(pattern, text, missing=None):
    found = re.search(pattern, text)
    if not found and missing is None:
        raise GeneratorError('no %s in: %s' % (pattern, text[-1000:]))
    return float(found.group(1)) if found else missing


class Generator:
    """A run that goes on while the caller measures; `result` waits for it."""

    def __init__(self, *words):
        self.process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Kxdpgun(Generator):
    """Open loop at a rate, over AF_XDP; it does not say how long answers take."""
    name = 'kxdpgun'

    def __init__(self, world, _, seconds, qps):
        super().__init__(
            'kxdpgun', '-t', str(math.ceil(seconds)), '-Q', str(int(qps)),
            '-b', '32', '-F', str(world.other_cpu), '-I',
            world.link.client_end, '-i',
            world.queries.replace('.txt', '-do.txt' if world.dnssec else '.txt'),
            SERVER_ADDRESS)

    def result(self):
        text = text_of(self.process)
        codes = {code: int(n) for code, n in
                 re.findall(r'responded (\w+):\s*(\d+)', text)}
        other = set(codes) - {'NOERROR', 'NXDOMAIN'}
        if other:
            raise GeneratorError('answers with %s' % ', '.join(sorted(other)))
        return dict(sent=number(r'total queries:\s*(\d+)', text),
                    received=number(r'total replies:\s*(\d+)', text))


class Dnsperf(Generator):
    """Closed loop: as fast as answers come."""
    name = 'dnsperf'

    def __init__(self, world, _, seconds, *more):
        super().__init__(
            'dnsperf', '-s', SERVER_ADDRESS, '-d', world.queries, '-l',
            str(math.ceil(seconds)), '-q', str(OUTSTANDING), '-t', '1',
            *(['-D'] if world.dnssec else []), *more)

    def result(self):
        text = text_of(self.process)
        other = re.search(r'Response codes:.*(SERVFAIL|REFUSED|FORMERR|NOTIMP)',
                          text)
        if other:
            raise GeneratorError('answers with ' + other.group(1))
        return dict(sent=number(r'Queries sent:\s*(\d+)', text),
                    received=number(r'Queries completed:\s*(\d+)', text),
                    seconds=number(r'Run time \(s\):\s*([\d.]+)', text))


class DnsperfProbe(Dnsperf):
    """At a rate that no server is short of, every answer's time: latency."""

    def __init__(self, world, server, seconds):
        super().__init__(world, server, seconds, '-v', '-Q', str(PROBE_QPS))

    def result(self):
        text = text_of(self.process)
        times = sorted(float(t) for t in
                       re.findall(r'^> \w+ \S+ \w+ ([\d.]+)$', text, re.M))
        if not times:
            raise GeneratorError('no answer: ' + text[-1000:])
        return {'latency_p%g_us' % p: round(times[int(len(times) * p / 100)] * 1e6)
                for p in (50, 99)}


class HoldfastLoad(Generator):
    """Closed loop over a vhost port. It makes the set's queries itself, from
    its zones, and so knows the answers: it compares their content."""
    name = 'holdfast-load'

    def __init__(self, world, server, seconds):
        self.json = server.path('load.json')
        super().__init__(
            os.path.join(BUILD, 'holdfast-load'), '--device',
            'net_vhost0,iface=%s,client=1' % server.socket, '--cpus',
            str(world.other_cpu), '--main-cpu', str(world.other_cpu),
            # The generator is to be no limit; a link of memory breaks no sum.
            '--trust-checksums', '--window', str(VHOST_OUTSTANDING),
            '--file-prefix', 'hfpeersload%d' % os.getpid(),
            '--server', SERVER_ADDRESS, '--server-mac', server.mac,
            '--zones-from', server.path('zones.list'), '--nxdomain', '20',
            *(['--edns', '100', '--do', '100'] if world.dnssec else []),
            '--seconds', str(math.ceil(seconds)),
            '--quiet', '--json', self.json)

    def result(self):
        text_of(self.process)
        with open(self.json) as f:
            report = json.load(f)
        if report['wrong']:
            raise GeneratorError('%d answers are wrong' % report['wrong'])
        return dict(sent=report['answered'] + report['lost'],
                    received=report['answered'],
                    generator_busy=round(report['generator']['busy'], 3),
                    latency_p50_us=round(report['latency_us']['p50']),
                    latency_p99_us=round(report['latency_us']['p99']))
