# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""`./mach compare-streams`"""

import argparse

SUMMARY = "compare streams, abort, events and what is exposed with Servo as it is published"
NEEDS_VENV = True
DETAILS = """\
Builds a browser over the published Servo (tests/unpatched) beside ours, takes real web-platform tests from the source
package nodejs of Debian (fetched once, with apt, into target/wpt-fixtures), runs them in both and compares them subtest
by subtest. What differs is run again in both, to tell what is flaky. Prints a table for each mode; the status
is 1 if anything is worse than without our patches."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from comparison import run as comparison

    comparison.add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    from comparison import run as comparison

    return comparison.run(arguments)
