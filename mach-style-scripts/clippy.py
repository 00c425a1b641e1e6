# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""`./mach clippy`"""

import argparse

SUMMARY = "run clippy over both workspaces"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--unit", action="store_true", help="only the crates that need no engine")


def run(arguments: argparse.Namespace) -> int:
    from mach_support import formatting

    return formatting.clippy(arguments.unit)
