#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks the model of the publish protocol with spin: what must hold holds in
every reachable state, and each rule that is taken away (a mutation) is missed:
spin finds the state that the rule is there against. Two runs at a time."""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

MODEL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "publish.pml")
MEMORY_MIB = 3000
LIMIT_S = 240
PARENT = "parent[g]=="
STORE = "names["
PROMISED = "number>=promised"


def bounds(deaths, rollbacks, pins, generations=3, retain=1):
    return ["-DDEATHS=%d" % deaths, "-DROLLBACKS=%d" % rollbacks,
            "-DPINS=%d" % pins, "-DGENERATIONS=%d" % generations,
            "-DRETAIN=%d" % retain]


# what it is; its -D words; what spin must find, or nothing
RUNS = [
    ("deaths and a rollback", bounds(1, 1, 0), None),
    ("a rollback and a pin", bounds(0, 1, 1), None),
    ("a death and a pin", bounds(1, 0, 1), None),
    ("four generations, parents kept", bounds(0, 1, 0, 4, 2), None),
    ("a rollback offline", bounds(0, 1, 0) + ["-DOFFLINE"], None),
    ("the fence alone: no lock, no owning connection",
     bounds(0, 1, 0) + ["-DNO_OWNER_LOCK", "-DANYBODY_MAY_ACTIVATE",
                        "-DNO_CLEANER"], None),
    ("mutation: nothing is compared",
     bounds(0, 1, 0) + ["-DNO_COMPARISON"], PARENT),
    ("mutation: compared before the load, not at the swap",
     bounds(0, 1, 0) + ["-DCOMPARED_ONCE_AT_THE_START"], PARENT),
    ("mutation: retention ignores candidates",
     bounds(0, 0, 0) + ["-DCLEANER_IGNORES_CANDIDATES"], STORE),
    ("mutation: retention looks once",
     bounds(0, 1, 0) + ["-DCLEANER_LOOKS_ONCE"], "candidates>>"),
    ("mutation: retention removes cells first",
     bounds(1, 0, 0) + ["-DCELLS_GO_FIRST"], STORE),
    ("mutation: a manifest before its cells",
     bounds(0, 0, 0) + ["-DMANIFEST_BEFORE_CELLS"], STORE),
    ("mutation: answered before it is written",
     bounds(1, 0, 0) + ["-DSERVED_BEFORE_WRITTEN"], PROMISED),
    ("mutation: two owners of one store",
     bounds(0, 0, 0) + ["-DNO_OWNER_LOCK"], STORE),
    ("mutation: a pin looks, then writes",
     bounds(0, 0, 1) + ["-DPIN_LOOKS_FIRST"], "pinned"),
    # the outage of October 2025: enactors check once, when they start; a slow
    # one writes an old plan over a newer; clean-up deletes what is not newest
    ("the outage: an old plan over a newer one",
     bounds(0, 0, 0) + ["-DNO_OWNER_LOCK", "-DANYBODY_MAY_ACTIVATE",
                        "-DNO_COMPARISON", "-DNO_CLEANER"], PARENT),
    ("the outage: the active plan is deleted",
     bounds(0, 0, 0) + ["-DNO_OWNER_LOCK", "-DANYBODY_MAY_ACTIVATE",
                        "-DNO_COMPARISON", "-DCLEANER_KEEPS_THE_NEWEST",
                        "-DSTALE_PLANS_PASS"], STORE),
]


class Failed(Exception):
    pass


def command(folder, *words, limit=LIMIT_S):
    try:
        done = subprocess.run(words, cwd=folder, text=True, timeout=limit,
                              capture_output=True, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise Failed("%s: not done in %d s" % (words[0], limit))
    return done.returncode, done.stdout + done.stderr


def search(folder, words):
    """The verifier's output: the whole state space, or one error."""
    code, said = command(folder, "spin", "-a", *words, MODEL)
    if code or not os.path.exists(folder + "/pan.c"):
        raise Failed("spin: " + said)
    code, said = command(folder, "gcc", "-O1", "-w", "-DSAFETY", "-DHC4",
                         "-DMEMLIM=%d" % MEMORY_MIB, "-o", "pan", "pan.c")
    if code:
        raise Failed("gcc: " + said)
    _, said = command(folder, "./pan", "-m100000")
    if "max search depth too small" in said or "out of memory" in said:
        raise Failed("the search is not whole:\n" + said)
    return said


def trail(folder, words):
    _, said = command(folder, "spin", "-t", "-p", "-k", "publish.pml.trail",
                      *words, MODEL)
    return said[-6000:]


def check(run):
    what, words, wanted = run
    begun = time.monotonic()
    folder = tempfile.mkdtemp(prefix="holdfast-model-")
    try:
        said = search(folder, words)
        states = re.search(r"(\d+) states, stored", said)
        errors = re.search(r"errors: (\d+)", said)
        found = re.search(r"pan:1: (.*) \(at depth", said)
        if not states or not errors:
            raise Failed(said)
        if found and (not wanted or wanted not in found.group(1)):
            raise Failed("%s\n%s" % (found.group(1), trail(folder, words)))
        if wanted and not found:
            raise Failed("spin finds nothing: the model can't fail")
        if not wanted and errors.group(1) != "0":
            raise Failed(said)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return "%-52s %s, %s states, %.0f s" % (
        what, "found" if wanted else "holds", states.group(1),
        time.monotonic() - begun)


def main():
    if not shutil.which("spin"):
        print("spin is not installed")
        return 77
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for run, future in [(r, pool.submit(check, r)) for r in RUNS]:
            try:
                print(future.result(), flush=True)
            except Failed as e:
                failures += 1
                print("%-52s FAILED: %s" % (run[0], e), flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
