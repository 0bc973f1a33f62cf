# SPDX-License-Identifier: BSD-2-Clause
"""Ports of loopback for the servers of tests."""
import socket


def free_port():
    """A port that is free for UDP and TCP on both families."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        try:
            for family, address in ((socket.AF_INET, "127.0.0.1"),
                                    (socket.AF_INET6, "::1")):
                with socket.socket(family, socket.SOCK_DGRAM) as s:
                    s.bind((address, port))
            return port
        except OSError:
            continue
    raise RuntimeError("no free port")
