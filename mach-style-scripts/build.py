# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""`./mach build`"""

import argparse

SUMMARY = "build the fork, the webview and the shell"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-r", "--release", action="store_true", help="the optimised profile: slower to build")
    parser.add_argument("--unit", action="store_true", help="only the crates that need no engine")


def run(arguments: argparse.Namespace) -> int:
    from mach_support import cargo, paths

    if arguments.unit:
        cargo.build_unit(arguments.release)
    else:
        cargo.build_engine(arguments.release)
        print(paths.shell_binary(arguments.release))
    return 0
