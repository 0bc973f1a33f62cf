# SPDX-License-Identifier: BSD-2-Clause
"""Signed zones, from the folder `signed`: versions of signed.test that a signer
has made, with keys that nobody has any more. All signatures but those of
`expired` hold until 2045."""
import os
import time

from drill_world import DrillError
from drill_zones import Zone
from scenarios_data import short

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "signed")
RECORDS = [("@", "NS", "ns"), ("ns", "A", "192.0.2.3"),
           ("www", "A", "192.0.2.30"), ("host", "A", "192.0.2.31"),
           ("mail", "A", "192.0.2.32")]


def text(name):
    with open(os.path.join(FOLDER, name + ".zone")) as f:
        return f.read()


def put(world, name, age=0):
    world.put_text("signed.test", text(name), age)


def start(world):
    world.add(Zone("signed.test", 1, RECORDS))
    put(world, "good-1", age=5)
    world.start(clients=False)
    questions = world.questions() + [
        (o + ".signed.test", k) for o, k, _ in RECORDS[1:]] * 8
    questions += [("host.signed.test", "AAAA"), ("none.signed.test", "A"),
                  ("signed.test", "DNSKEY"), ("signed.test", "SOA")] * 4
    world.key = world.answers("signed.test", "DNSKEY")
    plain_right = world.right_now

    def right(name, kind):
        if (name, kind) == ("signed.test", "DNSKEY"):
            return [world.key]
        if (name, kind) == ("signed.test", "SOA"):
            return [(0, frozenset(["SOA %d" % v.serial]))
                    for v in world.right["signed.test"]]
        return plain_right(name, kind)
    world.right_now = right
    world.start_clients(questions)


def refused(world, name, *words):
    start(world)
    put(world, name)
    took = world.wait_state("signed.test", "refused")
    why = world.why("signed.test")
    if not any(w in why for w in words):
        raise DrillError("refused for another reason: " + why)
    if not world.clients.wait_answers(100):
        raise DrillError("no answers")
    # the next good one is taken
    good = Zone("signed.test", 5, RECORDS)
    world.allow(good)
    begun = time.monotonic()
    put(world, "good-5")
    world.wait_state("signed.test", "served", 5)
    world.only(good)
    if time.monotonic() - begun > 60 * world.drill.patience:
        raise DrillError("the good version took long")
    return "refused: " + short(why.split(".zone: ")[-1]), took


def wrong_bitmap(world):
    return refused(world, "wrong-bitmap-2", "bitmap")


def expired_signatures(world):
    return refused(world, "expired-3", "expired")


def unsigned_by_accident(world):
    return refused(world, "unsigned-4", "unsigned", "signed")


ROWS = [
    ("wrong-nsec-bitmap", "an NSEC, rightly signed, denies a type that is there",
     wrong_bitmap),
    ("expired-signatures", "all signatures of a version ended in 2020",
     expired_signatures),
    ("unsigned-by-accident", "a signed zone comes without signatures",
     unsigned_by_accident),
]
