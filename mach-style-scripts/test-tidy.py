# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""`./mach test-tidy`"""

import argparse

SUMMARY = "check the sources: licences, sizes, layers, names"
NEEDS_VENV = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    del parser


def run(arguments: argparse.Namespace) -> int:
    from testing import suite

    del arguments
    return suite.finish([suite.run_part(suite.test_tidy)])
