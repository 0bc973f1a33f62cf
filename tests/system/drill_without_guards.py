# SPDX-License-Identifier: BSD-2-Clause
"""The drill with the guards off that a scenario is about: it must fail. For
test_drill.py, which runs one of them, and for people who run all:

    python3 tests/system/drill_without_guards.py BUILD [SCENARIO...]

Status 1 if each has failed as it must, as the drill itself has."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "tools", "drill"))
import drill  # noqa: E402
import scenarios  # noqa: E402

# What would see it; the last of them is the one that it is made for.
CONTENT = ["never_empty", "shrink", "churn", "replay"]
GUARDS = {
    "planner-and-enactors": CONTENT + ["serial"],
    "emptied-endpoint": CONTENT,
    "emptied-zone": CONTENT,
    "truncated-copy": CONTENT,
    "deleted-zone": ["vanished"],
    "shadowing-wildcard": ["replay"],
    "accidental-delegation": ["replay"],
    "serial-backwards": ["serial"],
    "ten-small-cuts": ["shrink"],
    "unsigned-by-accident": CONTENT + ["unsigned"],
}


def main():
    names = sys.argv[2:] or list(GUARDS)
    for scenario in scenarios.ALL:
        off = ", ".join(word + ": \"off\"" for word in
                        GUARDS.get(scenario.name, ()))
        if off:
            scenario.options = dict(scenario.options,
                                    more="guards: {actions: {%s}}" % off)
    rows, run_one = [], drill.run_one
    drill.run_one = lambda *a: rows.append(run_one(*a)) or rows[-1]
    sys.argv = ["drill", "--programs", sys.argv[1], "--patience", "0.5"]
    for name in names:
        if name not in GUARDS:
            sys.exit("no such scenario: " + name)
        sys.argv += ["--only", name]
    status = drill.main()
    shown = [row["scenario"] for row in rows if row["result"] == "failed"]
    if sorted(shown) != sorted(names):
        print("these show nothing: %s" % ", ".join(set(names) - set(shown)))
        return 2
    return status


sys.exit(main())
