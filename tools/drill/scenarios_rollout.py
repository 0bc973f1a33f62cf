# SPDX-License-Identifier: BSD-2-Clause
"""What passes every gate by design, and is found by who has it first: canary
and soak. Here a share of the clients may get a wrong answer for a while; the
exposure is printed and must stay within its bounds."""
import time

from drill_world import DrillError

PERMILLE = 200
MOST_SHARE = 0.5     # of 40 clients, with 20 %: beyond four deviations
MOST_S = 20
# Everything before the canary is told to look away: the version is wrong in
# a way that nobody has written a rule against.
BLIND = "guards: {shrink_records: 1000, churn_records: 1000, " \
    "type_percent: 100, actions: {replay: warn}}"
ROLLOUT = "{canary_permille: %d, least_s: %d, most_s: %d, soak_s: %d, " \
    "hold_down_s: 600, cost_percent: 0}"
CANARY = dict(deadline=4000, more=BLIND,
              rollout=ROLLOUT % (PERMILLE, 1, 20, 1))
SOAK = dict(deadline=4000, more=BLIND, rollout=ROLLOUT % (PERMILLE, 0, 1, 600))


def gone(owner, kind, data):
    """Half of the hosts: n41 to n80."""
    return owner[0] == "n" and owner[1:].isdigit() and int(owner[1:]) > 40


def phase(world):
    return world.ask("status")["rollout"]["phase"]


def start(world):
    world.start(clients=False)
    world.wait(lambda: phase(world) == "idle", "the first generation is proven",
               60)


def returned(world, begun, limit_share, limit_s=MOST_S):
    """The bad version is condemned, and nobody has it any more."""
    world.wait_state("shop.test", "condemned", seconds=60)
    safe = time.monotonic() - begun
    why = world.why("shop.test")
    # what answers follows within moments; from then on it is wrong
    if not world.clients.wait_answers(150):
        raise DrillError("no answers after the return")
    del world.bad["shop.test"]
    if not world.clients.wait_answers(150):
        raise DrillError("no answers after the return")
    share, seconds = world.clients.exposure()
    if share == 0:
        raise DrillError("nobody had the bad version: it tests nothing")
    if share > limit_share or seconds > limit_s * world.drill.patience:
        raise DrillError("exposure %.0f %% x %.1f s is beyond its bounds" % (
            100 * share, seconds))
    return "returned by itself: " + why[:110], safe


def canary_regression(world):
    """A good version of another zone travels with it, and stays."""
    start(world)
    bad = world.zones["shop.test"].next(gone)
    good = world.zones["plain.test"].next()
    world.bad["shop.test"] = [bad]
    world.allow(good)
    world.start_clients()
    begun = time.monotonic()
    world.put(bad)
    world.put(good)
    verdict = returned(world, begun, MOST_SHARE)
    world.wait_state("plain.test", "served", good.serial, 60)
    return verdict[0] + "; the other zone's change is live", verdict[1]


def bad_in_the_soak(world):
    """Nobody asks for what is wrong while the canary lasts."""
    start(world)
    bad = world.zones["shop.test"].next(gone)
    world.bad["shop.test"] = [bad]
    world.start_clients([q for q in world.questions()
                         if not q[0].startswith("n")])
    world.put(bad)
    world.wait(lambda: phase(world) == "soak", "the canary passes", 60)
    begun = time.monotonic()
    world.clients.questions = world.questions()
    return returned(world, begun, 1.0)


def flood_in_the_canary(world):
    """NXDOMAIN by the thousand for both versions alike: the mix of traffic
    changes, and that forces nobody back."""
    start(world)
    good = world.zones["shop.test"].next()
    world.allow(good)
    world.start_clients()
    begun = time.monotonic()
    world.put(good)
    world.wait(lambda: phase(world) == "canary", "a canary")
    world.clients.flood = "shop.test"
    world.wait_state("shop.test", "served", good.serial, 90)
    took = time.monotonic() - begun
    world.wait(lambda: phase(world) == "idle", "the soak is over", 60)
    counters = world.ask("stats")["counters"]
    if counters.get("returns", 0):
        raise DrillError("it was returned: %s" % counters)
    return "committed in spite of it, nothing returned", took


ROWS = [
    ("canary-regression", "half of a zone's hosts are gone, and no guard looks",
     canary_regression, dict(options=CANARY, dataplane=True)),
    ("bad-in-the-soak", "the same, asked for only when all have it",
     bad_in_the_soak, dict(options=SOAK, dataplane=True)),
    ("flood-in-the-canary", "random names by the thousand during a canary",
     flood_in_the_canary, dict(options=CANARY, dataplane=True)),
]
