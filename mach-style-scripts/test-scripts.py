# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""`./mach test-scripts`"""

import argparse

SUMMARY = "run the tests of the Python code"
NEEDS_VENV = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--with-browser",
        action="store_true",
        help="instead those that need the browser: test-wpt sees what is broken, and all workloads of bench work",
    )
    parser.add_argument("-r", "--release", action="store_true", help="with --with-browser: in the optimised profile")
    kind.add_argument("--full", action="store_true", help="instead the long ones, which compile much of Servo")
    parser.add_argument("pattern", nargs="?", help="only tests whose name contains this")


def run(arguments: argparse.Namespace) -> int:
    from mach_support import cargo
    from testing import suite

    if arguments.with_browser:
        cargo.build_engine(arguments.release)
        return suite.finish([suite.run_part(lambda: suite.test_selftest(arguments.release, arguments.pattern))])
    if arguments.full:
        return suite.finish([suite.run_part(lambda: suite.test_long_scripts(arguments.pattern))])
    return suite.finish([suite.run_part(lambda: suite.test_scripts(arguments.pattern))])
