# SPDX-License-Identifier: BSD-2-Clause
"""Bad data from the sources: what guards, replay and the reading of zone files
refuse. The version that is bad is never answered."""
import os
import time

from drill_world import DrillError

TURNS = 3


def refused(world, *words, zone="shop.test", seconds=30):
    """The version is refused, for one of these reasons; how long it took, and
    what the verdict says."""
    took = world.wait_state(zone, "refused", seconds=seconds)
    why = world.why(zone)
    if not any(w in why for w in words):
        raise DrillError("refused for another reason: " + why)
    if not world.clients.wait_answers(60):
        raise DrillError("no answers after the refusal")
    return "refused: " + short(why), took


def short(why):
    """What was wrong, without how to let it pass."""
    why = why.split("; to publish it")[0]
    return why.split(": ", 1)[-1][:150]


def goes_on(world, zone):
    """The next good version is taken at once; the bad one left nothing."""
    world.publish(zone)
    if not world.clients.wait_answers(60):
        raise DrillError("no answers after the good version")


def bad_version(world, version, *words):
    world.start()
    good = world.zones["shop.test"]
    world.put(version(good))
    verdict = refused(world, *words)
    # another zone goes on meanwhile
    world.publish(world.zones["plain.test"].next())
    goes_on(world, good.next().next())
    return verdict


def emptied_endpoint(world):
    return bad_version(
        world, lambda z: z.next(lambda o, k, d: o == "api"), "never-empty")


def emptied_zone(world):
    return bad_version(
        world, lambda z: z.next(lambda o, k, d: o not in ("@", "ns")),
        "emptied", "never-empty")


def truncated_copy(world):
    """Cut between two lines, and in the middle of one."""
    world.start()
    good = world.zones["shop.test"]
    lines = good.next().text().splitlines(True)
    world.put_text("shop.test", "".join(lines[:len(lines) * 6 // 10]))
    verdict = refused(world, "shrink")
    world.put_text("shop.test", "".join(lines)[:-9])
    world.wait(lambda: ".zone:" in world.why("shop.test"), "a parse error")
    goes_on(world, good.next())
    return verdict


def deleted_zone(world):
    """The file goes; then the zone leaves the configuration, though clients
    ask for it."""
    world.start()
    heard(world)
    os.remove(os.path.join(world.folder, world.file_of("shop.test")))
    _, took = refused(world, "shop.test.zone")
    world.configure(without=["shop.test"])
    world.ask("reload")
    if not world.clients.wait_answers(200):
        raise DrillError("no answers")
    if not world.answers("api.shop.test", "A")[1]:
        raise DrillError("the zone has gone")
    if world.state("shop.test")["state"] != "kept":
        raise DrillError("it is not said to be kept")
    return ("refused: the file is missing; then kept, though it is not "
            "configured any more", took)


def shadowing_wildcard(world):
    """A name below a wildcard takes its answers away: clients ask for it."""
    world.start()
    good = world.zones["shop.test"]
    heard(world)
    world.put(good.next(more=[("x7.cust", "TXT", '"note"')]))
    verdict = refused(world, "replay")
    goes_on(world, good.next().next())
    return verdict


def heard(world):
    """What clients ask is in the samples when enough of it was asked."""
    if not world.clients.wait_answers(1500, 60):
        raise DrillError("too few answers")
    time.sleep(1.5)  # the worker reads the samples once a second


def accidental_delegation(world):
    world.start()
    good = world.zones["shop.test"]
    heard(world)
    world.put(good.next(more=[("cust", "NS", "ns")]))
    verdict = refused(world, "replay")
    goes_on(world, good.next().next())
    return verdict


def serial_backwards(world):
    world.start()
    world.publish(world.zones["shop.test"].copy(serial=10))
    world.put(world.zones["shop.test"].copy(serial=7))
    verdict = refused(world, "serial")
    goes_on(world, world.zones["shop.test"].copy(serial=11))
    return verdict


def ten_small_cuts(world):
    """Each is small; together they are not."""
    world.start()
    good = world.zones["shop.test"]
    last, begun = good, time.monotonic()
    for cut in range(10):
        gone = {"n%02d" % n for n in range(1 + 3 * cut, 4 + 3 * cut)}
        next_one = last.next(lambda o, k, d: o in gone)
        world.allow(next_one)
        world.put(next_one)
        world.wait(lambda: world.state("shop.test")["state"] == "refused" or
                   world.state("shop.test")["serial"] == next_one.serial,
                   "a verdict on cut %d" % cut)
        if world.state("shop.test")["state"] == "refused":
            world.right["shop.test"].remove(next_one)
            verdict, _ = refused(world, "shrink")
            lost = len(good.records) - len(last.records)
            world.only(last)
            goes_on(world, last.copy(serial=next_one.serial + 1))
            return "cut %d %s (%d of %d records had gone)" % (
                cut + 1, verdict, lost, len(good.records)), \
                time.monotonic() - begun
        last = next_one
    raise DrillError("all ten cuts went through")


def plan(number):
    """A planner's plan for the endpoint: old ones name hosts that are gone."""
    return [("api", "A", "198.51.100.%d" % i)
            for i in range(number, number + 6)]


def planner_and_enactors(world):
    """The race of October 2025. A planner writes plans; two enactors check once
    whether theirs is newer than what is applied, and put it in place; one of
    them stalls behind its check. A cleaner deletes plans that are much older
    than the one it has applied, and what it deletes is what is in place."""
    world.start()
    base = world.zones["shop.test"]

    def plan_version(number):
        kept = [r for r in base.records if r[0] != "api"]
        return base.copy(serial=100 + number, records=kept + plan(number))

    world.publish(plan_version(1))
    stalled = plan_version(2)          # checked: 2 is newer than 1; stalls here
    for number in range(3, 9):         # the fast enactor goes on
        world.publish(plan_version(number))
    begun = time.monotonic()
    world.put(stalled)                 # the slow one wakes up
    verdict, took = refused(world, "serial")
    # the cleaner: plan 2 is many generations old, so it is deleted, and with it
    # all addresses of the endpoint
    emptied = base.copy(serial=200, records=[
        r for r in base.records if r[0] != "api"])
    world.put(emptied)
    world.wait(lambda: "never-empty" in world.why("shop.test"),
               "the emptied endpoint is refused")
    os.remove(os.path.join(world.folder, world.file_of("shop.test")))
    world.wait(lambda: world.why("shop.test") and "never-empty" not in
               world.why("shop.test"), "the missing file is seen")
    if not world.clients.wait_answers(100):
        raise DrillError("no answers")
    safe = time.monotonic() - begun
    # and automation can repair it: the next plan is taken at once
    goes_on(world, plan_version(99).copy(serial=300))
    return ("old plan: %s; emptied plan: never-empty; deleted plan: last good "
            "stays; the next plan is live" % verdict[:90], safe)


def poisoned_configuration(world):
    """Broken YAML, a wrong value, no zone at all; then a start with it."""
    world.start()
    with open(world.config) as f:
        good = f.read()
    begun = time.monotonic()
    for text in (good + "\n\tbroken: [", good.replace("retain:", "retian:"),
                 good[:good.index("zones:\n")] + "zones: []\n", ""):
        with open(world.config + ".new", "w") as f:
            f.write(text)
        os.rename(world.config + ".new", world.config)
        answer = world.ask("reload")
        if answer["ok"] and answer.get("changed"):
            raise DrillError("it was taken: %s" % answer)
        if not world.clients.wait_answers(40):
            raise DrillError("no answers")
    took = time.monotonic() - begun
    world.stop("holdfastd")
    p = world.start_control(wait=False)
    world.wait(lambda: p.poll() is not None or world.ask_quietly("status"),
               "it starts or ends")
    if not world.clients.wait_answers(100):
        raise DrillError("no answers after the start")
    world.stop("holdfastd")
    world.configure()
    world.start_control()
    world.publish(world.zones["shop.test"].next())
    return "refused, four times; what was answered stays", took


ROWS = [
    ("planner-and-enactors", "the race: a slow enactor puts an old plan over "
     "newer ones, a cleaner empties and deletes it", planner_and_enactors),
    ("emptied-endpoint", "all six addresses of an endpoint go",
     emptied_endpoint),
    ("emptied-zone", "nothing is left but SOA and NS", emptied_zone),
    ("truncated-copy", "the file ends at 60 %, then in the middle of a line",
     truncated_copy),
    ("deleted-zone", "the file is deleted, then the zone is configured no more",
     deleted_zone),
    ("shadowing-wildcard", "a new name takes a wildcard's answers away",
     shadowing_wildcard),
    ("accidental-delegation", "an NS record makes a delegation of data",
     accidental_delegation),
    ("serial-backwards", "an older version comes back", serial_backwards),
    ("ten-small-cuts", "three records go, ten times", ten_small_cuts),
    ("poisoned-configuration", "broken, mistyped, without zones, empty",
     poisoned_configuration),
]
