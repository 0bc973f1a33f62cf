# SPDX-License-Identifier: BSD-2-Clause
"""The drill's emptied endpoint with all guards off, for test_drill.py: the
answers go wrong, and the drill must say so."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "tools", "drill"))
import drill  # noqa: E402
import scenarios  # noqa: E402

OFF = "guards: {actions: {%s}}" % ", ".join(
    word + ": \"off\"" for word in ("never_empty", "shrink", "churn", "replay"))
for scenario in scenarios.ALL:
    if scenario.name == "emptied-endpoint":
        scenario.options = dict(more=OFF)
sys.argv = ["drill", "--programs", sys.argv[1], "--only", "emptied-endpoint",
            "--patience", "0.5"]
sys.exit(drill.main())
