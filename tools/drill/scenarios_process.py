# SPDX-License-Identifier: BSD-2-Clause
"""Processes that die, hang, come twice or wake up late."""
import os
import signal
import socket
import subprocess
import time

from drill_world import DrillError

WORDS = ["reading", "compiling", "cells", "loading", "proving", "records",
         "manifest", "guarding", "activating", "committing"]
STORM = 100


def control_killed(world):
    """With fault points: at each named step; without: at any moment."""
    world.start()
    world.stop("holdfastd")
    worst, kills = 0, 0
    points = WORDS if world.drill.faults else [None] * len(WORDS)
    for word in points:
        version = world.zones["shop.test"].next()
        world.allow(version)
        world.put(version, age=5)
        p = world.start_control(
            wait=False, **({"HOLDFASTD_KILL_AT": word} if word else {}))
        if word:
            world.wait(lambda: p.poll() is not None, "it dies at " + word)
            if p.returncode != -signal.SIGKILL:
                raise DrillError("it ended with %d" % p.returncode)
            world.processes.pop("holdfastd")
        else:
            time.sleep(0.05)
            world.stop("holdfastd")
        kills += 1
        world.verify()
        begun = time.monotonic()
        world.start_control()
        world.wait_state("shop.test", "served", version.serial)
        world.wait(lambda: world.shows(version), "the answers show it")
        worst = max(worst, time.monotonic() - begun)
        world.only(version)
        world.stop("holdfastd")
    return ("%d deaths (%s); the store was sound each time, and the next start "
            "published" % (kills, "one a step" if world.drill.faults
                           else "at any step")), worst


def control_hung(world):
    """Stopped in its tracks; the operator rolls back past it."""
    world.start()
    first = world.zones["shop.test"]
    second = first.next(more=[("extra", "A", "192.0.2.77")])
    world.publish(second)
    control = world.processes["holdfastd"]
    control.send_signal(signal.SIGSTOP)
    world.put(second.next())
    if not world.clients.wait_answers(200):
        raise DrillError("no answers while it hangs")
    begun = time.monotonic()
    world.right["shop.test"] = [second, first]
    if world.drill.dataplane:
        said = world.dataplane_say("rollback generation=previous")
        if not said.startswith("ok "):
            raise DrillError("no rollback: " + said)
        world.wait(lambda: world.shows(first), "the rollback shows")
    took = time.monotonic() - begun
    control.send_signal(signal.SIGCONT)
    third = second.next().next()
    world.allow(third)
    world.put(third)
    world.wait_state("shop.test", "served", third.serial)
    return ("answers went on, a rollback past it took effect, and it went on "
            "when it woke up"), took


def two_controls(world):
    world.start()
    begun = time.monotonic()
    second = subprocess.run(
        [world.drill.program("holdfastd"), "--config", world.config],
        capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    if second.returncode == 0:
        raise DrillError("a second holdfastd runs")
    third = world.tool("compile", "--store", world.store, "--zone",
                       "shop.test=" + os.path.join(world.folder,
                                                   "shop.test.zone"))
    if third.returncode == 0:
        raise DrillError("compile took a store that is in use")
    took = time.monotonic() - begun
    world.publish(world.zones["shop.test"].next())
    return "the second is refused: %s" % (
        second.stderr.split("store: ")[-1].strip())[:90], took


class OldOwner:
    """An owner that looked once, then stalled."""

    def __init__(self, world):
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.s.settimeout(20)
        self.s.connect(os.path.join(world.run, "dataplane.sock"))
        self.say("own pid=%d" % os.getpid())
        self.seen = dict(w.split("=", 1) for w in
                         self.say("status").split()[1:])

    def say(self, request):
        try:
            self.s.send(request.encode())
            return self.s.recv(8192).decode()
        except OSError as e:
            return "error closed: %s" % e

    def close(self):
        self.s.close()


def stale_owner(world):
    """What it saw is old when it wakes up: on its own connection, on a new
    one, and as the real program that was stopped during a rollback."""
    world.start()
    old = OldOwner(world)
    world.publish(world.zones["shop.test"].next())
    world.publish(world.zones["shop.test"].next())
    request = ("activate expect=%s parent=%s generation=%s permille=1000 "
               "deadline_ms=60000" % (
                   old.seen["activation"], old.seen["stable"],
                   old.seen["stable"]))
    begun = time.monotonic()
    said = [old.say(request)]
    old.close()
    again = OldOwner(world)
    said.append(again.say(request))
    said.append(again.say("commit expect=%s generation=%s" % (
        old.seen["activation"], old.seen["stable"])))
    again.close()
    took = time.monotonic() - begun
    for text in said:
        if not text.startswith("error"):
            raise DrillError("a stale request was taken: " + text)
    if not world.clients.wait_answers(60):
        raise DrillError("no answers")
    world.publish(world.zones["shop.test"].next())
    return "refused: " + said[1][6:80], took


def publish_storm(world):
    """As fast as files can be written."""
    world.start()
    last, begun = world.zones["shop.test"], time.monotonic()
    for _ in range(STORM if world.drill.whole else 30):
        last = last.next()
        world.allow(last)
        world.put(last)
        time.sleep(0.01)
    written = time.monotonic()
    world.wait_state("shop.test", "served", last.serial, 60)
    world.wait(lambda: world.shows(last), "the answers show the last")
    return "%d versions in %.1f s; the last is served" % (
        last.serial - 1, written - begun), time.monotonic() - written


def clock_jump(world):
    """Ten years ahead and ten back, under the running programs and at starts."""
    jump = os.path.join(world.run, "clock")
    world.environment["HOLDFAST_CLOCK_JUMP"] = jump
    with open(jump, "w") as f:
        f.write("0\n")
    world.start()
    begun = time.monotonic()
    for years in (10, -10):
        with open(jump + ".new", "w") as f:
            f.write("%d\n" % (years * 365 * 86400))
        os.rename(jump + ".new", jump)
        if not world.clients.wait_answers(100):
            raise DrillError("no answers behind the jump")
        world.publish(world.zones["shop.test"].next())
        world.verify()
        for name in ("holdfastd", "sockets") + (
                ("dataplane",) if world.drill.dataplane else ()):
            world.stop(name)
        world.clients.patience = 0.3
        if world.drill.dataplane:
            world.start_dataplane()
        world.start_sockets()
        world.start_control()
        world.publish(world.zones["shop.test"].next())
    return ("answers and publications go on, and starts do, in both "
            "directions"), time.monotonic() - begun


def boot_without_control(world):
    """No control process, and what is current is damaged on the disk."""
    world.start()
    first = world.zones["shop.test"]
    second = first.next(more=[("extra", "A", "192.0.2.77")])
    world.publish(second)
    world.stop("holdfastd")
    with open(os.path.join(world.store, "current"), "w") as f:
        f.write("damaged\n")
    begun = time.monotonic()
    world.right["shop.test"] = [second, first]
    restart_answering(world)
    if not world.shows(second):
        raise DrillError("it does not answer what was committed last")
    return ("booted from the newest sound generation"), \
        time.monotonic() - begun


def restart_answering(world):
    """What answers is killed and started again."""
    if world.drill.dataplane:
        world.stop("dataplane")
    world.stop("sockets")
    if world.drill.dataplane:
        world.start_dataplane()
    world.start_sockets()
    if not world.clients.wait_answers(60):
        raise DrillError("no answers after the start")


ROWS = [
    ("control-killed", "kill -9 of holdfastd at each step of a publication",
     control_killed),
    ("control-hung", "holdfastd is stopped, a version comes, an operator rolls "
     "back", control_hung),
    ("two-controls", "a second holdfastd, and compile, on the same store",
     two_controls),
    ("stale-owner", "an owner that looked, stalled and wakes up activates and "
     "commits", stale_owner, dict(dataplane=True)),
    ("publish-storm", "versions as fast as they can be written", publish_storm),
    ("clock-jump", "ten years ahead, ten years back", clock_jump,
     dict(faults=True, lost_is_fine=True)),
    ("boot-without-control", "no holdfastd, `current` is damaged, everything "
     "starts anew", boot_without_control, dict(lost_is_fine=True)),
]
