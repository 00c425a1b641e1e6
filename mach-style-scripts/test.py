# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""`./mach test`"""

import argparse

SUMMARY = "set everything up and run all tests"
NEEDS_VENV = True
DETAILS = """\
Runs, in this order: scripts, tidy, unit, the build, engine (embedding and command line), wpt, selftest (what is
broken turns the runner of wpt red). Ends with a table and `N passed, N failed, N skipped`; the status is 0 when
nothing failed. A skip that tests/expected-skips.txt does not list counts as a failure. Results are left in
target/test-results, with a report on the requirements in coverage.txt.

--full takes hours. It adds the long tests of each part; repeat-wpt (the web-platform tests for every engine, 20 times,
none of which may fail even once); streams (./mach compare-streams); long (an application of its own, a checkout of
Servo); and unit, engine and wpt in the optimised profile."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--full", action="store_true", help="the long tests as well")
    parser.add_argument("-r", "--release", action="store_true", help="test the optimised profile")


def run(arguments: argparse.Namespace) -> int:
    from testing import suite

    return suite.run_all(arguments.full, arguments.release)
