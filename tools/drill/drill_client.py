# SPDX-License-Identifier: BSD-2-Clause
"""The drill's clients: many addresses of the loopback network, one question
after the other, every answer compared with what is right at the moment."""
import collections
import ipaddress
import random
import select
import socket
import struct
import threading
import time

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "MX": 15, "TXT": 16,
         "AAAA": 28, "DNSKEY": 48}
WORDS = {number: word for word, number in TYPES.items()}
RCODES = {0: "NOERROR", 2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}
CLIENTS = 40


def question(name, kind, ident):
    labels = b"".join(bytes([len(x)]) + x.encode()
                      for x in name.split(".") if x)
    return (struct.pack("!6H", ident, 0, 1, 0, 0, 0) + labels + b"\0" +
            struct.pack("!HH", TYPES[kind], 1))


def name_read(wire, at):
    """A name, and where the next thing is."""
    labels, end, jumps = [], None, 0
    while wire[at]:
        if wire[at] >= 0xc0:
            end = end or at + 2
            at = (wire[at] & 0x3f) << 8 | wire[at + 1]
            jumps += 1
            if jumps > 64:
                raise ValueError("a loop of pointers")
            continue
        labels.append(wire[at + 1:at + 1 + wire[at]].decode("latin-1"))
        at += wire[at] + 1
    return ".".join(labels), end or at + 1


def data_text(wire, kind, at, length):
    data = wire[at:at + length]
    if kind in ("A", "AAAA"):
        return str(ipaddress.ip_address(data))
    if kind in ("NS", "CNAME"):
        return name_read(wire, at)[0]
    if kind == "MX":
        return "%d %s" % (struct.unpack("!H", data[:2])[0],
                          name_read(wire, at + 2)[0])
    if kind == "SOA":
        at = name_read(wire, name_read(wire, at)[1])[1]
        return str(struct.unpack_from("!I", wire, at)[0])
    if kind == "TXT":
        return data[1:1 + data[0]].decode("latin-1")
    return data.hex()


def answer_read(wire):
    """(rcode, records of the answer section); a SOA is its serial."""
    _, flags, questions, count, _, _ = struct.unpack_from("!6H", wire)
    at, records = 12, []
    for _ in range(questions):
        at = name_read(wire, at)[1] + 4
    for _ in range(count):
        at = name_read(wire, at)[1]
        kind, _, _, length = struct.unpack_from("!HHIH", wire, at)
        word = WORDS.get(kind)
        if word:
            records.append("%s %s" % (
                word, data_text(wire, word, at + 10, length)))
        at += 10 + length
    return flags & 15, frozenset(records)


def answer_say(answer):
    rcode, records = answer
    return "%s %s" % (RCODES.get(rcode, rcode),
                      ", ".join(sorted(records)[:3]) or "(no records)")


def ask_once(port, name, kind, seconds=2.0, source="127.0.0.1"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((source, 0))
        s.connect(("127.0.0.1", port))
        s.settimeout(seconds)
        s.send(question(name, kind, 7))
        return answer_read(s.recv(4096))


class Clients:
    """Asks all the while. `right(name, type)` gives the answers that are right
    now; those of `exposed(name, type)` are counted apart: who had them, and
    from when to when."""

    def __init__(self, port, questions, right, exposed=None, pause=0.002):
        self.port, self.pause, self.right = port, pause, right
        self.exposed = exposed or (lambda name, kind: ())
        self.questions = list(questions)
        self.flood = None  # or a zone's name
        self.answers, self.lost = 0, 0
        self.wrong = []
        self.seen = collections.defaultdict(list)
        self.kinds = collections.Counter()
        self.lock, self.ended = threading.Lock(), threading.Event()
        self.patience = 2.0
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self.sockets = []
        for i in range(CLIENTS):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind(("127.%d.%d.%d" % (1 + i % 3, i // 3, 1 + i), 0))
            s.connect(("127.0.0.1", self.port))
            s.setblocking(False)
            self.sockets.append(s)
        self.thread.start()
        return self

    def stop(self):
        if self.ended.is_set():
            return
        self.ended.set()
        self.thread.join()
        for s in self.sockets:
            s.close()

    def wait_answers(self, count, seconds=30):
        """Until so many more have come."""
        wanted, end = self.answers + count, time.monotonic() + seconds
        while self.answers < wanted and time.monotonic() < end:
            time.sleep(0.005)
        return self.answers >= wanted

    def exposure(self):
        """(share of the clients, seconds from the first to the last)."""
        with self.lock:
            times = [t for each in self.seen.values() for t in each]
            return (len(self.seen) / CLIENTS,
                    max(times) - min(times) if times else 0.0)

    def _run(self):
        number = 0
        while not self.ended.is_set():
            number += 1
            who = number % CLIENTS
            name, kind = random.choice(self.questions)
            self._ask(who, name, kind)
            for _ in range(3 if self.flood else 0):
                self._ask(who, "x%x.%s" % (random.getrandbits(40),
                                           self.flood), "A", False)
            time.sleep(self.pause)

    def _ask(self, who, name, kind, judged=True):
        ident, s = random.getrandbits(16), self.sockets[who]
        before = set(self.right(name, kind)) if judged else ()
        try:
            s.send(question(name, kind, ident))
            wire = self._receive(s, ident)
        except OSError:
            wire = None  # nobody listens at the moment
            time.sleep(0.01)
        if self.ended.is_set():
            return
        if wire is None:
            self.lost += 1
            return
        self.answers += 1
        if judged:
            self._judge(who, name, kind, before, answer_read(wire))

    def _receive(self, s, ident):
        end = time.monotonic() + self.patience
        while not self.ended.is_set() and time.monotonic() < end:
            if not select.select([s], [], [], 0.1)[0]:
                continue
            wire = s.recv(4096)
            if struct.unpack("!H", wire[:2])[0] == ident:
                return wire
        return None

    def _judge(self, who, name, kind, before, answer):
        """Right when it was asked, or when it was answered."""
        self.kinds[RCODES.get(answer[0], str(answer[0]))] += 1
        if answer in before or answer in self.right(name, kind):
            return
        with self.lock:
            if answer in self.exposed(name, kind):
                self.seen[who].append(time.monotonic())
            else:
                self.wrong.append("%s %s: %s" % (
                    name, kind, answer_say(answer)))
