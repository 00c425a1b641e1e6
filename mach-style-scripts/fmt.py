# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""`./mach fmt`"""

import argparse

SUMMARY = "format the Rust sources"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="only say what is not formatted")


def run(arguments: argparse.Namespace) -> int:
    from mach_support import formatting

    return formatting.format_sources(arguments.check)
