#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""`holdfast drill`: the accidents that Holdfast is made against, with the real
programs and under a stream of questions. See README.md and docs/drill.md."""
import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import textwrap
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import drill_world  # noqa: E402
import scenarios  # noqa: E402
from drill_world import DrillError, NotRun, World  # noqa: E402

PROGRAMS = ["holdfastd", "holdfast-sockets", "holdfast-dataplane", "holdfast"]
WIDTHS = [26, 44, 36, 40, 8]
HEADS = ["scenario", "what was done", "what was answered", "verdict", "safe in"]


class Drill:
    """What all scenarios share: programs, and what can be done here."""

    def __init__(self, args):
        self.scratch, self.keep, self.whole = args.scratch, args.keep, args.whole
        self.folders = args.programs
        self.bystanders = bystanders(args.zones_from)
        self.root = os.geteuid() == 0
        self.faults = has_faults(self.program("holdfastd"))
        self.patience = args.patience * (3 if self.faults else 1)
        self.dataplane = True

    def program(self, name):
        for folder in self.folders:
            path = os.path.join(folder, name)
            if os.access(path, os.X_OK):
                return path
        raise DrillError("%s is not in %s" % (name, ", ".join(self.folders)))

    def look(self):
        """Where no data plane can run, holdfast-sockets follows the store."""
        world = World(self)
        try:
            world.start(clients=False)
        except DrillError as e:
            if "data plane" not in str(e):
                raise
            self.dataplane = False
            print("The data plane does not run here: its part is left out. " +
                  str(e)[-300:], file=sys.stderr)
        finally:
            world.remove()

    def need(self, **needs):
        """Raises NotRun for what is not there."""
        if needs.get("faults") and not self.faults:
            raise NotRun("needs programs with fault points: make drill")
        if needs.get("root") and not self.root:
            raise NotRun("needs root, for a file system of its own")
        if needs.get("dataplane") and not self.dataplane:
            raise NotRun("needs the data plane, which does not run here")
        if needs.get("whole") and not self.whole:
            raise NotRun("takes long: without --short")


def has_faults(program):
    """Built with HOLDFAST_FAULTS (profiles debug and asan)?"""
    with open(program, "rb") as f:
        return b"HOLDFASTD_KILL_AT" in f.read()


def bystanders(path):
    if not path:
        return {}
    with open(path) as f:
        return dict(line.rstrip("\n").split("\t", 1) for line in f
                    if "\t" in line)


def said(clients, lost_is_fine):
    """(text, is it right) of all that was answered."""
    if not clients:
        return "", True
    kinds = ", ".join("%d %s" % (n, k) for k, n in
                      sorted(clients.kinds.items()))
    text = "%d answers (%s)" % (clients.answers, kinds)
    if clients.lost:
        text += ", %d questions unanswered" % clients.lost
    if clients.wrong:
        text += "; WRONG: %d, e.g. %s" % (len(clients.wrong), clients.wrong[0])
    elif not clients.seen:
        text += ", none wrong"
    return text, not clients.wrong and (lost_is_fine or not clients.lost)


def run_one(drill, scenario):
    """A row: a dict with `result` passed, failed or not run."""
    begun = time.monotonic()
    row = dict(scenario=scenario.name, done=scenario.done, answered="",
               verdict="", safe_ms=None, exposure=None)
    world, outcome, trouble = None, None, None
    try:
        drill.need(**scenario.needs)
        world = World(drill, **scenario.options)
        outcome = scenario.run(world)
    except NotRun as e:
        row.update(result="not run", verdict=str(e))
        return row
    except Exception as e:  # whatever it is: the next ones still run
        trouble = str(e) if isinstance(e, DrillError) else \
            "%s: %s" % (type(e).__name__, e)
        if drill.keep:
            traceback.print_exc()
    finally:
        clients = world.clients if world else None
        if clients:
            clients.stop()
        if world:
            world.remove()
    row["answered"], right = said(clients, scenario.lost_is_fine)
    if clients and clients.seen:
        share, seconds = clients.exposure()
        row["exposure"] = dict(share=round(share, 3), seconds=round(seconds, 2))
        row["answered"] += "; exposure %.0f %% of the clients x %.1f s" % (
            100 * share, seconds)
    if not trouble and not right:
        trouble = "an answer was wrong" if clients.wrong else \
            "a question was not answered"
    if outcome:
        row.update(verdict=outcome[0], safe_ms=round(outcome[1] * 1000))
    if trouble:
        row["verdict"] = "FAILED: " + trouble
    row.update(result="failed" if trouble else "passed",
               seconds=round(time.monotonic() - begun, 1))
    return row


def print_line(cells):
    wrapped = [textwrap.wrap(c, w) or [""] for c, w in zip(cells, WIDTHS)]
    for i in range(max(len(w) for w in wrapped)):
        print("  ".join((w[i] if i < len(w) else "").ljust(width)
                        for w, width in zip(wrapped, WIDTHS)).rstrip())


def print_row(row):
    safe = row["safe_ms"]
    print_line([row["scenario"], row["done"], row["answered"],
                ("not run: " if row["result"] == "not run" else "") +
                row["verdict"],
                "" if safe is None else
                "%d ms" % safe if safe < 10000 else "%.0f s" % (safe / 1000)])
    print(flush=True)


def chosen(args):
    found = [s for s in scenarios.ALL if not args.only or any(
        s.name == o or s.name.startswith(o) for o in args.only)]
    if args.only and not found:
        raise SystemExit("holdfast drill: no scenario is called %s; --list "
                         "lists them" % ", ".join(args.only))
    return found


def run_all(args):
    drill = Drill(args)
    drill.look()
    rows = []
    if not args.json:
        print_line(HEADS)
        print_line(["-" * w for w in WIDTHS])
    for scenario in chosen(args):
        row = run_one(drill, scenario)
        rows.append(row)
        if args.json:
            print(json.dumps(row), flush=True)
        else:
            print_row(row)
    count = {r: sum(row["result"] == r for row in rows)
             for r in ("passed", "failed", "not run")}
    if args.json:
        print(json.dumps(dict(ok=not count["failed"], done=True, **{
            k.replace(" ", "_"): v for k, v in count.items()})))
    else:
        print("%d scenarios passed, %d failed, %d not run here" % (
            count["passed"], count["failed"], count["not run"]))
    return 1 if count["failed"] or not count["passed"] else 0


def arguments():
    p = argparse.ArgumentParser(prog="holdfast drill",
                                description=__doc__.splitlines()[0])
    p.add_argument("--list", action="store_true", help="the scenarios")
    p.add_argument("--json", action="store_true", help="a JSON object a line")
    p.add_argument("--only", action="append", metavar="NAME",
                   help="these scenarios (or beginnings of names)")
    p.add_argument("--short", dest="whole", action="store_false",
                   help="leaves out what takes long, and less of the rest")
    p.add_argument("--keep", action="store_true",
                   help="leaves the scratch folders, and says where errors are")
    p.add_argument("--scratch", metavar="DIR", help="for scratch folders")
    p.add_argument("--patience", type=float, default=1.0, metavar="FACTOR",
                   help="of all time limits, for slow machines")
    p.add_argument("--zones-from", metavar="LIST", help=argparse.SUPPRESS)
    p.add_argument("--programs", action="append", metavar="DIR",
                   help=argparse.SUPPRESS)
    return p.parse_args()


def main():
    args = arguments()
    if args.list:
        for s in scenarios.ALL:
            if args.json:
                print(json.dumps(dict(scenario=s.name, done=s.done)))
            else:
                print("%-26s %s" % (s.name, s.done))
        return 0
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _: sys.exit(
            "holdfast drill: ended by signal %d" % n))
    base = args.scratch or tempfile.gettempdir()
    args.scratch = tempfile.mkdtemp(prefix="holdfast-drill-", dir=base)
    try:
        return run_all(args)
    except DrillError as e:
        sys.exit("holdfast drill: %s" % e)
    except KeyboardInterrupt:
        return 130
    finally:
        if args.keep:
            print("kept: " + args.scratch, file=sys.stderr)
        else:
            shutil.rmtree(args.scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
