# SPDX-License-Identifier: BSD-2-Clause
"""Starts and stops Holdfast, NSD and Knot on loopback with the same zones.

Each server runs in the foreground from a directory of its own and is stopped by
the process id that was started. Ports are taken from 5700 upwards.
"""
import os
import socket
import struct
import subprocess
import time

BUILD = os.environ.get('HOLDFAST_BUILD', 'build/release')

NSD_CONF = '''server:
  ip-address: 127.0.0.1
  port: {port}
  username: ""
  chroot: ""
  zonesdir: "{dir}"
  database: ""
  pidfile: "{dir}/nsd.pid"
  xfrdfile: "{dir}/xfrd.state"
  zonelistfile: "{dir}/zone.list"
  server-count: 1
  rrl-ratelimit: 0
  minimal-responses: yes
remote-control:
  control-enable: no
'''

KNOT_CONF = '''server:
  rundir: "{dir}"
  listen: 127.0.0.1@{port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: "{dir}/db"
template:
  - id: default
    storage: "{dir}"
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
    semantic-checks: off
zone:
'''


def soa_answered(port, zone):
    """True once the server answers for the zone with something but an error."""
    import dns.name
    query = struct.pack('!HHHHHH', 77, 0, 1, 0, 0, 0)
    query += dns.name.from_text(zone).to_wire() + struct.pack('!HH', 6, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(0.2)
        try:
            s.connect(('127.0.0.1', port))
            s.send(query)
            return s.recv(4096)[3] & 15 not in (2, 5)
        except OSError:
            return False


class Server:
    def __init__(self, name, directory, port, zones):
        self.name, self.dir, self.port = name, os.path.abspath(directory), port
        self.zones = zones              # [(name, file)]
        os.makedirs(self.dir, exist_ok=True)
        self.log = open(os.path.join(self.dir, 'log'), 'wb')
        self.process = subprocess.Popen(
            self.command(), stdout=self.log, stderr=self.log,
            stdin=subprocess.DEVNULL, cwd=self.dir)
        self.wait()

    def wait(self):
        end = time.monotonic() + 60
        for zone, _ in self.zones:
            while not soa_answered(self.port, zone):
                if self.process.poll() is not None or time.monotonic() > end:
                    self.stop()
                    with open(os.path.join(self.dir, 'log'), errors='replace') as f:
                        raise SystemExit(f'{self.name} does not serve {zone}:\n{f.read()[-4000:]}')
                time.sleep(0.05)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()


class Holdfast(Server):
    def command(self):
        store = os.path.join(self.dir, 'store')
        # old zones, as they are: what is compared is answers
        compile_ = [os.path.join(BUILD, 'holdfast'), 'compile', '--store',
                    store, '--dnssec', 'off']
        for zone, path in self.zones:
            compile_ += ['--zone', f'{zone}={os.path.abspath(path)}']
        done = subprocess.run(compile_, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f'{" ".join(compile_)}\n{done.stdout}{done.stderr}')
        # the peers' cookies are off too; tests/system/test_cookies.py has them
        config = os.path.join(self.dir, 'holdfast.yaml')
        with open(config, 'w') as f:
            f.write(f'store: {{run: {self.dir}}}\n'
                    'answer: {cookies: {mode: "off"}}\n')
        return [os.path.join(BUILD, 'holdfast-sockets'), '--config', config,
                '--store', store, '--listen', f'127.0.0.1@{self.port}']


class Nsd(Server):
    def command(self):
        path = os.path.join(self.dir, 'nsd.conf')
        with open(path, 'w') as f:
            f.write(NSD_CONF.format(dir=self.dir, port=self.port))
            for zone, file in self.zones:
                f.write(f'zone:\n  name: "{zone}"\n  zonefile: "{os.path.abspath(file)}"\n')
        return ['nsd', '-d', '-c', path]


class Knot(Server):
    def command(self):
        path = os.path.join(self.dir, 'knot.conf')
        os.makedirs(os.path.join(self.dir, 'db'), exist_ok=True)
        with open(path, 'w') as f:
            f.write(KNOT_CONF.format(dir=self.dir, port=self.port))
            for zone, file in self.zones:
                f.write(f'  - domain: "{zone}"\n    file: "{os.path.abspath(file)}"\n')
        return ['knotd', '-c', path]
