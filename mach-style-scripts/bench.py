# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""`./mach bench`"""

import argparse

SUMMARY = "measure sockets, beside other runtimes and a client without an engine"
DETAILS = """\
Builds the shell and the server (tests/bench) in the optimised profile and runs each workload in ours, in a client
without an engine, and in every runtime that is there: on PATH, or named by NODE, DENO, BUN, WORKERD or CHROMIUM, which
Node drives. All of them take turns. What clients claim is compared with what the server has counted. Prints tables,
and writes a JSON file and a page with plots into target/bench. The status is 1 if a sample failed.

  ./mach bench                                everything: an hour with all runtimes
  ./mach bench W1 W3/1-1cpu --repeat 3        two workloads
  ./mach bench W3 --peers ours,native         without other runtimes
  ./mach bench W4 --json before.json          keep it, change something, and then
  ./mach bench W4 --compare before.json       see what that brought
  ./mach bench --smoke                        only whether everything works
  ./mach bench --micro codec                  criterion's benchmarks of the engine-free crates"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from bench import options

    options.add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    from bench import run as bench

    return bench.run(arguments)
