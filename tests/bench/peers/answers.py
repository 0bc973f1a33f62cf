# SPDX-License-Identifier: BSD-2-Clause
"""Are the answers the same? What the first server of a set says is compared
with what each later one says to the same questions."""
import itertools
import os
import random

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode

from peers.topology import SERVER_ADDRESS

QUESTIONS = 300
LINE_MAX = 100


def some_questions(path):
    """Lines of a set's queries.txt, from all over it, the same every time."""
    rng = random.Random(7)
    size = os.path.getsize(path)
    with open(path, 'rb') as f:
        for _ in range(QUESTIONS):
            f.seek(rng.randrange(max(1, size - 2 * LINE_MAX)))
            f.readline()
            yield tuple(f.readline().decode().split())


def answer(name, kind, dnssec):
    """What must be the same: code, authority, and the records that are not
    additional (Knot adds addresses of mail exchangers, others do not)."""
    message = dns.message.make_query(name, kind, want_dnssec=dnssec)
    message.flags &= ~dns.flags.RD
    try:
        got = dns.query.udp(message, SERVER_ADDRESS, timeout=2)
    except dns.exception.Timeout:
        return 'no answer'
    return '%s%s\n%s' % (
        dns.rcode.to_text(got.rcode()),
        ' AA' if got.flags & dns.flags.AA else '',
        '\n'.join(section + ' ' + line for section, rrsets in
                  (('answer:', got.answer), ('authority:', got.authority))
                  for line in sorted(itertools.chain.from_iterable(
                      rrset.to_text().split('\n') for rrset in rrsets))))


class Answers:
    """`first` fills itself from the first server that is checked."""

    def __init__(self, queries, dnssec=False):
        self.dnssec = dnssec
        self.questions = list(some_questions(queries))
        self.first, self.first_name = None, None

    def check(self, server_name):
        """The differences in words, none if there is none."""
        got = [answer(*q, self.dnssec) for q in self.questions]
        if self.first is None:
            self.first, self.first_name = got, server_name
            silent = sum('NOERROR AA' in a for a in got) == 0
            return '%s has no answer at all' % server_name if silent else ''
        return '\n'.join(
            '%s %s\n  %s: %s\n  %s: %s' % (*q, self.first_name, a, server_name, b)
            for q, a, b in zip(self.questions, self.first, got) if a != b)
