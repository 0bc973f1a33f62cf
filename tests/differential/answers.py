# SPDX-License-Identifier: BSD-2-Clause
"""What the differential tests ask, and how they read and compare what is said."""
import re
import socket
import struct
import subprocess

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype


def zone_names(origin, path):
    """Owner names with their types, as named-compilezone prints them."""
    done = subprocess.run(
        ['named-compilezone', '-i', 'none', '-k', 'ignore', '-n', 'ignore', '-m', 'ignore',
         '-M', 'ignore', '-S', 'ignore', '-r', 'ignore', '-s', 'full', '-o', '-', origin, path],
        capture_output=True, encoding='latin-1', check=False)
    if done.returncode:
        raise SystemExit(f'named-compilezone {path}: {done.stdout}{done.stderr}')
    names = {}
    for line in done.stdout.splitlines():
        words = re.match(r'(\S+)\s+\d+\s+IN\s+([A-Z0-9-]+)\s', line)
        if not words:
            continue
        types = names.setdefault(dns.name.from_text(words.group(1)), set())
        try:
            dns.rdatatype.from_text(words.group(2))
            types.add(words.group(2))
        except dns.exception.DNSException:
            pass                # a mnemonic that dnspython does not know
    return names


def query_wire(rng, name, rdtype, edns, do=False, flags=0):
    wire = struct.pack('!HHHHHH', rng.randrange(65536), flags, 1, 0, 0, 1 if edns else 0)
    wire += name.to_wire() + struct.pack('!HH', dns.rdatatype.from_text(rdtype), 1)
    if edns:
        wire += struct.pack('!BHHIH', 0, 41, edns, 0x8000 if do else 0, 0)
    return wire


def ask_udp(sock, wire):
    for _ in range(3):
        sock.send(wire)
        try:
            while True:
                got = sock.recv(65535)
                if got[:2] == wire[:2]:
                    return got
        except socket.timeout:
            pass
    return None


def ask_tcp(port, wire):
    with socket.create_connection(('127.0.0.1', port), timeout=3) as s:
        s.sendall(struct.pack('!H', len(wire)) + wire)
        data = b''
        while len(data) < 2 or len(data) < 2 + struct.unpack('!H', data[:2])[0]:
            piece = s.recv(65535)
            if not piece:
                return None
            data += piece
    return data[2:]


def records(section):
    return {(r.name.to_text().lower(), r.ttl, dns.rdatatype.to_text(r.rdtype),
             rd.to_text().lower() if r.rdtype in (2, 5, 6, 12, 15, 39) else rd.to_text())
            for r in section for rd in r}


class Answer:
    """What a server said, in the parts that are compared."""

    def __init__(self, wire):
        m = dns.message.from_wire(wire, ignore_trailing=False, one_rr_per_rrset=True,
                                  raise_on_truncation=False)
        self.truncated = bool(m.flags & dns.flags.TC)
        positive = bool(m.answer)
        authority = records(m.authority)
        if positive:            # NS beside a positive answer is a courtesy
            authority = {r for r in authority if r[2] not in ('NS',)} if not any(
                r[2] == 'CNAME' for r in records(m.answer)) else authority
        self.parts = {
            'rcode': m.rcode(),
            'aa': bool(m.flags & dns.flags.AA),
            'answer': records(m.answer),
            'authority': authority,
            'glue': self.glue(m),
            'question': [q.to_text() for q in m.question],
            'edns': m.edns,
            'flags': m.flags & (dns.flags.RD | dns.flags.RA | dns.flags.AD | dns.flags.CD | 0x40),
        }

    @staticmethod
    def glue(m):
        """Addresses of name servers at or below the cut: RFC 9471."""
        cuts = [(r.name, rd.target) for r in m.authority if r.rdtype == 2 for rd in r]
        if m.answer or not cuts:
            return set()
        return {r for r in records(m.additional)
                if any(target.to_text().lower() == r[0] and target.is_subdomain(cut)
                       for cut, target in cuts)}
