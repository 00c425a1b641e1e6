# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""`./mach test-scripts`"""

import argparse

SUMMARY = "run the tests of the Python code"
NEEDS_VENV = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pattern", nargs="?", help="only tests whose name contains this")


def run(arguments: argparse.Namespace) -> int:
    from testing import suite

    return suite.finish([suite.run_part(lambda: suite.test_scripts(arguments.pattern))])
