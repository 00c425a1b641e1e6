# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""`./mach clean`"""

import argparse

SUMMARY = "remove what was built"
DETAILS = """\
Without options: everything below the target directory: the builds of both workspaces (several GB), the
fork, the Python environment, the test harness and the results. Nothing outside of it is touched; cargo's
own cache and system packages stay."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fork", action="store_true", help="only target/fork")
    parser.add_argument("--engine", action="store_true", help="only the build of the workspace with Servo")
    parser.add_argument("--results", action="store_true", help="only the results of tests")


def run(arguments: argparse.Namespace) -> int:
    import shutil

    from mach_support import paths
    from mach_support.log import say

    chosen = []
    if arguments.fork:
        chosen += [paths.FORK, paths.TARGET / "fork-sources"]
    if arguments.engine:
        chosen.append(paths.engine_target())
    if arguments.results:
        chosen.append(paths.RESULTS)
    for directory in chosen or [paths.cargo_target(), paths.TARGET]:
        if directory.exists():
            say(f"removing {directory}")
            shutil.rmtree(directory)
    return 0
