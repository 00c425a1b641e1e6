# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""`./mach merge-wpt`"""

import argparse

SUMMARY = "join the raw logs of the chunks of a run of web-platform style tests"
DETAILS = """\
Each machine runs `./mach test-wpt --total-chunks N --this-chunk K --log-raw FILE`. This takes the N files
and ends as one run of everything would have: with what was unexpected, the closing line and the status, and
with the files that are asked for. Logs that are not exactly the chunks of one run are refused, with status 2."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from wpt import merging

    merging.add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    from wpt import merging

    return merging.run(arguments)
