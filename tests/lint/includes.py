#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What each folder may include: data flows one way through the tree.

A rule is a folder, the folders of ours and the libraries that its code may
use. The longest folder that matches a file counts. System headers are free.
"""
import re
import subprocess
import sys

LIBRARIES = {
    'dpdk': r'rte_|generic/rte_',
    'ldns': r'ldns/',
    'openssl': r'openssl/',
    'yaml': r'yaml\.h|cyaml/',
    'json': r'jansson',
    'http': r'microhttpd',
    'ev': r'ev\.h',
    'jemalloc': r'jemalloc/',
    'check': r'check\.h',
    'pcap': r'pcap',
    'seccomp': r'seccomp\.h',
}
READER = ['base', 'snapshot', 'dataplane/answer']
RULES = {
    'base': (['base'], []),
    'sandbox': (['base', 'sandbox'], ['seccomp']),
    'config': (['base', 'config'], ['yaml']),
    'snapshot': (['base', 'snapshot'], ['openssl']),
    'dataplane/answer': (READER, ['openssl']),
    'dataplane/guard': (READER + ['dataplane/guard'], []),
    'dataplane/limit': (READER + ['config', 'dataplane/limit'], []),
    'dataplane/poll': (READER + ['config', 'sandbox', 'dataplane/guard', 'dataplane/limit',
                                 'dataplane/poll'],
                       ['dpdk']),
    'dataplane/sockets': (READER + ['config', 'sandbox', 'dataplane/guard', 'dataplane/limit',
                                    'dataplane/sockets'], ['openssl', 'ev']),
    'control': (READER + ['config', 'sandbox', 'control'],
                ['ldns', 'jemalloc', 'json', 'http', 'ev', 'seccomp']),
    # control: `holdfast compile` is the daemon's own compiler, linked.
    # `holdfast check` reads the lists of prefixes too; quarantine is files.
    'tools': (READER + ['config', 'dataplane/guard', 'dataplane/limit', 'control', 'tools'],
              ['ldns', 'json']),
    # Expected answers come from control's naive resolver.
    'tools/load': (READER + ['config', 'control', 'tools'], ['dpdk', 'json', 'ldns', 'pcap']),
}
# The data plane reads snapshots: what makes them is not for it.
DENIED = {
    'dataplane/answer': r'snapshot/(cell_builder|records|store)\.h',
    'dataplane/limit': r'snapshot/(cell_builder|records|store)\.h',
    'dataplane/guard': r'snapshot/(cell_builder|records)\.h',
    'dataplane/poll': r'snapshot/(cell_builder|records)\.h',
    'dataplane/sockets': r'snapshot/(cell_builder|records)\.h',
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def rule_of(path):
    folders = [f for f in RULES if path.startswith(f + '/')]
    return max(folders, key=len) if folders else None


def complaint(folder, quote, name):
    ours, libraries = RULES[folder]
    if quote == '"':
        if not any(name.startswith(f + '/') for f in ours):
            return f'{folder} may include {", ".join(ours)}'
        if folder in DENIED and re.match(DENIED[folder], name):
            return f'{folder} only reads snapshots'
        return None
    for library, pattern in LIBRARIES.items():
        if re.match(pattern, name) and library not in libraries:
            return f'{folder} may use {", ".join(libraries) or "libc"}, not {library}'
    return None


def main():
    files = subprocess.run(
        ['git', 'ls-files', '-co', '--exclude-standard', '*.c', '*.h'],
        check=True, capture_output=True, text=True).stdout.split()
    bad = 0
    for path in files:
        folder = rule_of(path)
        if not folder:
            continue
        with open(path, encoding='utf-8') as f:
            for number, line in enumerate(f, 1):
                m = INCLUDE.match(line)
                why = m and complaint(folder, m.group(1), m.group(2))
                if why:
                    print(f'{path}:{number}: {line.strip()}: {why}')
                    bad += 1
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
