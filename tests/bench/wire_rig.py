# SPDX-License-Identifier: BSD-2-Clause
"""What measures the packet path: a load generator on a vhost port, and the
data plane, or testpmd in its place, on a virtio-user port; one core each.

    CPU 0                              CPU 1
    +-------------------------+       +--------------------------------------+
    | holdfast-load           |       | holdfast-dataplane, one poll core    |
    |   net_vhost  (server)   |<----->|   net_virtio_user (client)           |
    | management threads,     | unix  | or dpdk-testpmd --forward-mode=macswap|
    | this program            | socket|                                      |
    +-------------------------+       +--------------------------------------+
"""
import json
import mmap
import os
import re
import shutil
import struct
import subprocess
import tempfile
import threading
import time

SERVER4, SERVER6 = '192.0.2.53', '2001:db8::53'
MAC = '02:00:00:00:00:53'
LOAD_CPU, SERVER_CPU = 0, 1
MEMORY_MIB = 256
WINDOW_S = 0.1
START_S = 60
CPUS = os.sched_getaffinity(0)  # this program itself stays on LOAD_CPU
# Packed, in order, as testpmd and we get the same ring.
VIRTIO = ('net_virtio_user0,path=%s,mac=' + MAC +
          ',queue_size=1024,mrg_rxbuf=0,in_order=1')

CONFIG = '''
store: {directory: %(store)s, run: %(run)s}
dataplane:
  huge_pages: %(huge)s
  memory_mib: %(memory)d
  mbufs: 16383
  management_core: %(management)d
  file_prefix: %(prefix)s
  ports:
    - name: wire
      device: "%(device)s"
      cores: [%(cpu)d]
      addresses: [%(ip4)s, "%(ip6)s"]
zones: []
'''


class Rig:
    """A directory, and the programs that were started in it."""

    def __init__(self, build, huge):
        self.build, self.huge = build, huge
        self.top = tempfile.mkdtemp(prefix='holdfast-wire-')
        self.socket = os.path.join(self.top, 'vhost.sock')
        self.processes = []
        self.count = 0

    def path(self, name):
        return os.path.join(self.top, name)

    def program(self, name):
        return os.path.join(self.build, name)

    def prefix(self):
        """EAL's name for a process: one of its own each."""
        self.count += 1
        return 'wire-%d-%d' % (os.getpid(), self.count)

    def spawn(self, words, log, **more):
        with open(self.path(log), 'ab') as out:
            p = subprocess.Popen(
                words, stdout=out, stderr=out,
                preexec_fn=lambda: os.sched_setaffinity(0, CPUS), **more)
        self.processes.append(p)
        return p

    def wait_for(self, what, process, log, seconds=START_S):
        end = time.monotonic() + seconds
        while not what():
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError('%s:\n%s' % (log, self.text(log)[-3000:]))
            time.sleep(0.01)

    def text(self, log):
        with open(self.path(log), errors='replace') as f:
            return f.read()

    def close(self):
        for p in self.processes:
            stop(p)
        shutil.rmtree(self.top, ignore_errors=True)


def stop(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Load:
    """holdfast-load; `words` say what it asks and how fast."""

    def __init__(self, rig, words):
        self.rig = rig
        self.report = rig.path('load-%d.json' % rig.count)
        if os.path.exists(rig.socket):
            os.remove(rig.socket)
        self.process = rig.spawn(
            [rig.program('holdfast-load'),
             '--device', 'net_vhost0,iface=' + rig.socket,
             '--cpus', str(LOAD_CPU), '--main-cpu', str(LOAD_CPU),
             '--memory', str(MEMORY_MIB),
             '--huge', 'on' if rig.huge else 'off',
             '--file-prefix', rig.prefix(), '--server', SERVER4,
             '--server-mac', MAC, '--trust-checksums', '--quiet',
             '--wait-link', str(START_S), '--json', self.report] + words,
            'load.log')
        # the socket is there as soon as the port is: queries are made first
        rig.wait_for(lambda: os.path.exists(rig.socket), self.process,
                     'load.log', 300)

    def result(self, seconds):
        self.process.wait(seconds + START_S)
        if not os.path.exists(self.report):
            raise RuntimeError('load.log:\n' + self.rig.text('load.log'))
        with open(self.report) as f:
            return json.load(f)


class Dataplane:
    """holdfast-dataplane on a store; its counters are read as they lie."""
    name = 'holdfast'

    def __init__(self, rig, store, management=LOAD_CPU):
        run = tempfile.mkdtemp(prefix='run-', dir=rig.top)
        config = os.path.join(run, 'holdfast.yaml')
        with open(config, 'w') as f:
            f.write(CONFIG % dict(
                store=store, run=run, huge='on' if rig.huge else 'off',
                memory=MEMORY_MIB, management=management, prefix=rig.prefix(),
                device=VIRTIO % rig.socket, cpu=SERVER_CPU, ip4=SERVER4,
                ip6=SERVER6))
        self.run, self.config = run, config
        self.process = rig.spawn(
            [rig.program('holdfast-dataplane'), '--config', config],
            'dataplane.log')
        path = os.path.join(run, 'dataplane.counters')
        rig.wait_for(lambda: os.path.exists(path), self.process,
                     'dataplane.log')
        with open(path, 'rb') as f:
            self.map = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
        (_, _, names, _, _, names_off, _, self.blocks_off,
         _) = struct.unpack_from('<QIIIIIIII', self.map)
        self.names = {}
        for i in range(names):
            at = names_off + 64 * i
            text = self.map[at:at + 64].split(b'\0')[0].decode()
            self.names[text] = i

    def counter(self, name):
        """Of the one poll core, whose block is the first."""
        return struct.unpack_from(
            '<Q', self.map, self.blocks_off + 8 * self.names[name])[0]

    def counters(self):
        return {name: self.counter(name) for name in self.names}

    def sample(self):
        """Busy cycles, packets and busy turns since the start."""
        return (self.counter('busy{cycles}'), self.counter('packets{received}'),
                self.counter('busy{turns}'))

    def stop(self):
        stop(self.process)


class Testpmd:
    """testpmd sends every packet back with its MAC addresses swapped; what it
    takes for that is what the ports cost."""
    name = 'testpmd'
    CYCLES = re.compile(r'total cycles=(\d+) / total \w+ packets=(\d+)')

    def __init__(self, rig, _):
        memory = (['--in-memory', '--single-file-segments'] if rig.huge
                  else ['--no-huge', '--no-shconf'])
        self.process = rig.spawn(
            ['stdbuf', '-oL', 'dpdk-testpmd', '--lcores', '0@%d,1@%d' % (LOAD_CPU, SERVER_CPU),
             '--no-pci', '--no-telemetry', '-m', str(MEMORY_MIB),
             '--file-prefix', rig.prefix(), '--vdev', VIRTIO % rig.socket] +
            memory +
            ['--', '-i', '--forward-mode=macswap', '--record-core-cycles',
             '--nb-cores=1', '--rxd=1024', '--txd=1024', '--burst=32',
             '--total-num-mbufs=16384'],
            'testpmd.log', stdin=subprocess.PIPE)
        self.rig, self.asked = rig, 0
        self.say('start')
        rig.wait_for(lambda: 'macswap packet forwarding' in
                     rig.text('testpmd.log'), self.process, 'testpmd.log')

    def say(self, words):
        self.process.stdin.write(words.encode() + b'\n')
        self.process.stdin.flush()

    def sample(self):
        """It prints sums since its own start; of cycles from the first packet
        on."""
        self.say('show fwd stats all')
        self.asked += 1
        end = time.monotonic() + 5
        while time.monotonic() < end:
            time.sleep(0.005)
            parts = self.rig.text('testpmd.log').split('Accumulated forward')
            if len(parts) > self.asked and parts[-1].count('testpmd>'):
                break
        found = self.CYCLES.findall(parts[-1])
        return (int(found[0][0]), int(found[0][1]), 0) if found else (0, 0, 0)

    def stop(self):
        stop(self.process)


class Windows(threading.Thread):
    """Samples a server while it is under load. Other guests of the machine
    take its processor now and then, so a mean over the run says little: each
    window of it has a figure of its own, and the quiet ones count."""

    def __init__(self, server):
        super().__init__()
        self.server, self.figures, self.ending = server, [], False
        self.start()

    def run(self):
        before = self.server.sample()
        while not self.ending:
            time.sleep(WINDOW_S)
            now = self.server.sample()
            cycles, packets, turns = (b - a for a, b in zip(before, now))
            if packets > 1000:
                self.figures.append((cycles / packets, packets,
                                     packets / turns if turns else 0))
            before = now

    def finish(self):
        self.ending = True
        self.join()
        return self.figures
