# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The command line of the runner. It needs no library, so that `--help` works before anything is installed."""

from __future__ import annotations

import argparse
import math
import shlex
from pathlib import Path

from wpt import harness

# What the limits of testharness.js are multiplied with: debug builds on busy machines are slow.
DEFAULT_MULTIPLIER = 3.0
MODES = {False: "single", True: "multiprocess"}
# More browsers at the same time than this is a slip of the finger.
MOST_PROCESSES = 256


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        prog="./mach test-wpt",
        description="Run the web-platform style tests of Direct Sockets in a browser of this project.",
        epilog="The status is 0 when everything was as wpt-metadata expects it (or flaky), 1 when not, 2 for wrong "
        "usage. With --update-expectations it is 0 unless the run itself failed.",
        allow_abbrev=False,
    )
    tests_help = "test ids, files or folders, or parts of ids; default: all. What is an id of a test is only that test"
    result.add_argument("tests", nargs="*", metavar="TEST", help=tests_help)
    _add_choice(result.add_argument_group("which tests"))
    _add_running(result.add_argument_group("how they are run"))
    add_reports(result.add_argument_group("what comes of it"))
    result.set_defaults(modes=[False, True])
    return result


def _add_choice(group: argparse._ArgumentGroup) -> None:
    mode = group.add_mutually_exclusive_group()
    mode.add_argument("--single-process", action="store_const", const=[False], dest="modes", help="only this mode")
    mode.add_argument("--multiprocess", action="store_const", const=[True], dest="modes", help="only this mode")
    mode.add_argument("--both-modes", action="store_const", const=[False, True], dest="modes", help="the default")
    kind = group.add_mutually_exclusive_group()
    kind.add_argument("--window", action="store_const", const="window", dest="kind", help="only tests in windows")
    kind.add_argument("--worker", action="store_const", const="worker", dest="kind", help="only tests in workers")
    group.add_argument("--full", action="store_true", help="also run what takes long (tag full in wpt-metadata)")
    group.add_argument("--filter", action="append", default=[], metavar="TEXT", help="only ids that contain TEXT")
    group.add_argument(
        "--total-chunks", type=int, default=1, metavar="N", help="split the run into N parts, for as many machines; "
        "give each --log-raw, and join the logs with ./mach merge-wpt"
    )
    group.add_argument("--this-chunk", type=int, default=1, metavar="K", help="the part to run, from 1 to N")
    group.add_argument("--list", action="store_true", help="print the test ids that would run, with their modes")
    group.add_argument("--coverage", action="store_true", help="list requirements without a test; status 1 if any")
    _add_places(group)


def _add_places(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--wpt",
        type=Path,
        metavar="DIR",
        help="the tests of a checkout of web-platform-tests or of Servo, or some test files in a folder, as they are; "
        "without TEST only those of direct-sockets",
    )
    group.add_argument(
        "--tests",
        type=Path,
        default=None,
        metavar="DIR",
        dest="root",
        help="another root of tests than tests/wpt; without --metadata all of them have to pass",
    )
    group.add_argument(
        "--metadata", type=Path, default=None, metavar="DIR", help="another root of expectations than wpt-metadata"
    )


def _add_running(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--binary", type=Path, help="the browser, direct-sockets-shell")
    group.add_argument("--headless", action="store_true", help="the default: the browser never shows a window")
    group.add_argument("--processes", type=int, default=1, metavar="N", help="browsers at the same time (default 1)")
    group.add_argument(
        "--pref", action="append", default=[], metavar="NAME=VALUE", help="set a preference of the browser"
    )
    group.add_argument("--query", default="", metavar="TEXT", help="what tests find in their URL, such as seed=5")
    group.add_argument(
        "--timeout-multiplier",
        type=float,
        default=DEFAULT_MULTIPLIER,
        metavar="X",
        help=f"multiply the limits of testharness.js (10 s, 60 s for long tests); default {DEFAULT_MULTIPLIER:g}",
    )
    group.add_argument("--repeat", type=int, default=1, metavar="N", help="run everything N times")
    group.add_argument("--until-unexpected", action="store_true", help="stop after the first round that has any")
    group.add_argument(
        "--no-retry", action="store_false", dest="retry", help="do not run what is unexpected once more at the end"
    )
    group.add_argument("--debug", action="store_true", help="show what the browser prints")


def add_reports(group: argparse._ArgumentGroup, results: Path | None = harness.RESULTS) -> None:
    """The options that say what is written about a run. `merge-wpt` has them as well."""
    group.add_argument("--log-verbose", action="store_true", help="a line for each test instead of a progress line")
    group.add_argument(
        "--log-raw", type=Path, metavar="FILE", help="write mozlog's structured log, as wptrunner does: a JSON object "
        "a line"
    )
    group.add_argument("--html", type=Path, metavar="FILE", help="write a report: one page, nothing else needed")
    group.add_argument(
        "--results", type=Path, default=results, metavar="FILE", help="write a JSON line a subtest"
        + (" (default target/test-results/wpt.jsonl)" if results else "")
    )
    group.add_argument(
        "--update-expectations", action="store_true", help="write what was seen into wpt-metadata, and say which files "
        "changed"
    )
    group.add_argument(
        "--remove-intermittent", action="store_true", help="with --update-expectations: forget results that were "
        "known to happen and did not"
    )


def problem(options: argparse.Namespace) -> str | None:
    """What is wrong with the options, in one line."""
    if not 1 <= options.this_chunk <= options.total_chunks:
        return f"--this-chunk {options.this_chunk} is not between 1 and {options.total_chunks}"
    if not 1 <= options.processes <= MOST_PROCESSES:
        return f"--processes {options.processes} is not between 1 and {MOST_PROCESSES}"
    if options.repeat < 1:
        return f"--repeat {options.repeat} is not 1 or more"
    if not (math.isfinite(options.timeout_multiplier) and options.timeout_multiplier > 0):
        return f"--timeout-multiplier {options.timeout_multiplier:g} is not a number above 0"
    for pref in options.pref:
        if not pref.partition("=")[1] or pref.startswith("="):
            return f"--pref {pref}: not NAME=VALUE"
    for name, place in (("--tests", options.root), ("--wpt", options.wpt), ("--metadata", options.metadata)):
        if place is not None and not place.is_dir():
            return f"{name} {place}: no such directory"
    if options.root is not None and options.wpt is not None:
        return f"--tests {options.root} and --wpt {options.wpt}: one of them only"
    elsewhere = options.root or options.wpt
    if elsewhere is not None and options.metadata is None and options.update_expectations:
        return f"--update-expectations for the tests in {elsewhere} needs --metadata DIR"
    return problem_of_reports(options)


def problem_of_reports(options: argparse.Namespace) -> str | None:
    """The same for the options of `add_reports`."""
    if options.remove_intermittent and not options.update_expectations:
        return "--remove-intermittent goes with --update-expectations only"
    for name, place in (("--log-raw", options.log_raw), ("--html", options.html), ("--results", options.results)):
        if place is not None and place.is_dir():
            return f"{name} {place}: a directory, where the name of a file is needed"
    return None


def again(options: argparse.Namespace, test_id: str, multiprocess: bool, full: bool) -> str:
    """The command that runs just one test again, as it ran in this run."""
    words = ["./mach", "test-wpt"]
    if options.binary is not None and options.binary.resolve().parent.name == "release":
        words.append("--release")
    words.append("--multiprocess" if multiprocess else "--single-process")
    if full:
        words.append("--full")
    for pref in options.pref:
        words += ["--pref", pref]
    if options.timeout_multiplier != DEFAULT_MULTIPLIER:
        words += ["--timeout-multiplier", f"{options.timeout_multiplier:g}"]
    for name, value in (
        ("--query", options.query),
        ("--wpt", options.wpt),
        ("--tests", options.root),
        ("--metadata", options.metadata),
    ):
        if value:
            words += [name, str(value)]
    return shlex.join([*words, test_id])
