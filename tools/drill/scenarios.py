# SPDX-License-Identifier: BSD-2-Clause
"""The list of scenarios. Each is a row: what it is called, what is done, what
it needs, and a function that does it in a world and returns (verdict, seconds
until it was safe). It raises DrillError when something is not as it must be;
the answers are judged by the world's clients."""


class Scenario:
    def __init__(self, name, done, run, lost_is_fine=False, options=None,
                 **needs):
        self.name, self.done, self.run = name, done, run
        self.lost_is_fine = lost_is_fine
        self.options, self.needs = options or {}, needs


def _all():
    import scenarios_data
    import scenarios_dnssec
    import scenarios_process
    import scenarios_rollout
    import scenarios_store
    found = []
    for module in (scenarios_data, scenarios_dnssec, scenarios_process,
                   scenarios_store, scenarios_rollout):
        found += [Scenario(*row[:3], **(row[3] if len(row) > 3 else {}))
                  for row in module.ROWS]
    return found


ALL = _all()
