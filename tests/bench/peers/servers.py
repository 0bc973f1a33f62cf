# SPDX-License-Identifier: BSD-2-Clause
"""The servers under test, a class each: configuration, start, reload, stop.

Each runs in the server's namespace, on its CPU, in a session and a directory of
its own. conf/ has the configurations with the reason for every setting.
"""
import os
import signal
import socket
import struct
import subprocess
import time

import dns.name

from peers import measure
from peers.topology import SERVER_ADDRESS

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get('HOLDFAST_BUILD', 'build/release'))
START_S = 120
PROBES = 20


class ServerError(Exception):
    """A server that does not start, answer or reload."""


def query(name, kind):
    return (struct.pack('!6H', 77, 0, 1, 0, 0, 0) +
            dns.name.from_text(name).to_wire() + struct.pack('!HH', kind, 1))


def ask(packet, timeout=0.05):
    """The answer's bytes, or b''."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(timeout)
        try:
            s.connect((SERVER_ADDRESS, 53))
            s.send(packet)
            return s.recv(4096)
        except OSError:
            return b''


class Server:
    """`world` is what peers.py made: link, CPUs; `zones` is [(apex, file)]."""

    kernel_answers = True   # the link's address is the kernel's
    poll_mode = False       # a core that is always busy, and counts its cycles
    can_reload = True
    on_link = True          # of the veth pair

    def __init__(self, world, zones, directory):
        self.world, self.zones, self.directory = world, zones, directory
        os.makedirs(directory)
        self.processes = []
        self.values = dict(
            directory=directory, address=SERVER_ADDRESS, cpu=world.cpu,
            other_cpu=world.other_cpu, device=world.link.server_end,
            zones=self.path('zones'))

    def path(self, name):
        return os.path.join(self.directory, name)

    def fill(self, template, **more):
        with open(os.path.join(HERE, 'conf', template)) as f:
            return f.read().format(**self.values, **more)

    def write(self, name, text):
        with open(self.path(name), 'w') as f:
            f.write(text)

    # --- life

    def spawn(self, *words, cpus=None):
        with open(self.path('log'), 'ab') as log:
            process = subprocess.Popen(
                self.world.link.in_server(
                    'taskset', '-c', cpus or str(self.world.cpu), *words),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)
        self.processes.append(process)
        return process

    def start(self):
        """Returns the seconds from start to answers for every zone asked."""
        self.configure()
        self.world.link.reset(self.kernel_answers)
        start = time.monotonic()
        self.launch()
        step = max(1, len(self.zones) // PROBES)
        for apex, _ in self.zones[::step] + self.zones[-1:]:
            packet = query(apex, 6)
            self.wait_for(lambda p=packet: self.is_answer(ask(p)))
        return time.monotonic() - start

    @staticmethod
    def is_answer(packet):
        return len(packet) > 12 and packet[3] & 15 == 0 and packet[7] > 0

    def wait_for(self, true, seconds=START_S):
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                raise ServerError('not in %d s: %s' % (seconds, self.log()))
            for process in self.processes:
                if process.poll() is not None:
                    raise ServerError('ended: ' + self.log())
            time.sleep(0.005)

    def log(self):
        with open(self.path('log'), errors='replace') as f:
            return f.read()[-2000:].strip()

    @property
    def pid(self):
        return self.processes[0].pid

    def answers(self):
        """Packets sent so far."""
        return self.world.link.answers(self.pid)

    def pids(self):
        return [pid for process in self.processes
                for pid in measure.session_pids(process.pid)]

    def stop(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    pass
            for pid in measure.session_pids(process.pid):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            process.wait()
        self.processes = []

    # --- a changed zone file

    def before_edit(self):
        """What must run so that an edit is seen."""

    def reload_command(self, apex):
        """Says that this zone's file has changed."""
        raise NotImplementedError

    def reload(self, apex):
        done = subprocess.run(
            self.world.link.in_server(*self.reload_command(apex)), check=False,
            capture_output=True, text=True)
        if done.returncode:
            raise ServerError(done.stdout + done.stderr)


class Nsd(Server):
    name = 'nsd'

    def configure(self):
        self.write('zones', ''.join(
            'zone:\n name: "%s"\n zonefile: "%s"\n' % z for z in self.zones))
        self.write('nsd.conf', self.fill('nsd.conf'))

    def launch(self):
        self.spawn('nsd', '-d', '-c', self.path('nsd.conf'))

    def reload_command(self, apex):
        return ['nsd-control', '-c', self.path('nsd.conf'), 'reload', apex]


class Knot(Server):
    name = 'knot'
    xdp = ''

    def configure(self):
        self.write('zones', 'zone:\n' + ''.join(
            '  - domain: "%s"\n    file: "%s"\n' % z for z in self.zones))
        self.write('knot.conf', self.fill('knot.conf', xdp=self.xdp))

    def launch(self):
        self.spawn('knotd', '-c', self.path('knot.conf'))

    def reload_command(self, apex):
        return ['knotc', '-c', self.path('knot.conf'), '-b', 'zone-reload', apex]


class KnotXdp(Knot):
    name = 'knot-xdp'

    def configure(self):
        self.xdp = self.fill('knot-xdp.conf')
        super().configure()


class Named(Server):
    name = 'named'

    def configure(self):
        self.write('zones', ''.join(
            'zone "%s" { type primary; file "%s"; };\n' % z
            for z in self.zones))
        text = self.fill('named.conf')
        self.write('named.conf', text)
        key = text[text.index('key bench'):text.index('controls')]
        self.write('rndc.conf', key + 'options { default-server 127.0.0.1; '
                   'default-port 953; default-key bench; };\n')

    def launch(self):
        self.spawn('named', '-g', '-n', '1', '-c', self.path('named.conf'))

    def reload_command(self, apex):
        return ['rndc', '-c', self.path('rndc.conf'), 'reload', apex]


class Holdfast(Server):
    """A store that was compiled beforehand, shared by the three ports."""

    can_reload = False

    device = 'net_null0'  # of a port that is not used

    def configure(self):
        self.write('zones.list', ''.join('%s\t%s\n' % z for z in self.zones))
        os.makedirs(self.path('run'))
        self.values['device'] = self.device
        self.write('holdfast.yaml', self.fill(
            'holdfast.yaml', store=self.world.store,
            list=self.path('zones.list'), prefix='hfpeers%d' % os.getpid()))

    def spawn_daemon(self, name, cpus=None):
        return self.spawn(os.path.join(BUILD, name), '--config',
                          self.path('holdfast.yaml'), cpus=cpus)


class HoldfastSockets(Holdfast):
    """With holdfastd beside it for the edit only: it reads all zones first."""
    name = 'holdfast-sockets'
    can_reload = True

    def launch(self):
        self.spawn_daemon('holdfast-sockets')

    def before_edit(self):
        self.spawn_daemon('holdfastd')
        self.wait_for(lambda: subprocess.run(
            self.tool('reload'), check=False, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL).returncode == 0)

    def tool(self, *words):
        return [os.path.join(BUILD, 'holdfast'), *words, '--config',
                self.path('holdfast.yaml')]

    def reload_command(self, apex):
        return self.tool('reload', apex)


class HoldfastPoll(Holdfast):
    kernel_answers = False
    poll_mode = True

    def launch(self):
        # The loop is pinned by the file; the management thread beside it.
        self.spawn_daemon('holdfast-dataplane', cpus='%d,%d' % (
            self.world.cpu, self.world.other_cpu))

    def counters(self):
        """{name: value} of the polled core, as base/counters.h lays them
        out."""
        with open(self.path('run/dataplane.counters'), 'rb') as f:
            data = f.read()
        count, _, _, names, _, block = struct.unpack_from('<6I', data, 12)
        values = struct.unpack_from('<%dQ' % count, data, block)
        return {data[at:at + 64].split(b'\0')[0].decode(): value
                for at, value in zip(range(names, names + 64 * count, 64),
                                     values)}


class HoldfastXdp(HoldfastPoll):
    """The port of the veth pair."""
    name = 'holdfast-xdp'

    @property
    def device(self):
        # Without the driver's busy polling, which makes a system call of
        # every turn that finds nothing; answers a second rise by a sixth.
        return 'net_af_xdp0,iface=%s,busy_budget=0' % self.world.link.server_end


class HoldfastVirtio(HoldfastPoll):
    """A vhost port of holdfast-load is the other end: no kernel, no veth."""
    name = 'holdfast-virtio'
    on_link = False
    mac = '02:00:00:00:00:53'

    @property
    def socket(self):
        return self.path('vhost')

    @property
    def device(self):
        return ('net_virtio_user0,path=%s,server=1,mac=%s,queue_size=1024,'
                'mrg_rxbuf=0,in_order=1' % (self.socket, self.mac))

    def start(self):
        """Until there is a socket; the port is there when a generator is."""
        self.configure()
        self.launch()
        self.wait_for(lambda: os.path.exists(self.socket))

    def answers(self):
        try:
            return self.counters()['packets{sent}']
        except (FileNotFoundError, struct.error):
            return 0  # it is starting


ALL = [Nsd, Knot, Named, KnotXdp, HoldfastSockets, HoldfastXdp, HoldfastVirtio]
