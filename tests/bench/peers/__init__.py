# SPDX-License-Identifier: BSD-2-Clause
"""Parts of tests/bench/peers.py; README.md says what is where."""
