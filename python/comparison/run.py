# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Runs the comparison: `./mach compare-streams`."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from comparison import browsers, debian, exposure, report, suite
from comparison.browsers import Side
from comparison.exposure import Exposure
from comparison.verdict import Comparison
from mach_support import paths
from mach_support.log import Failure, say
from wpt.manifest import Test

FIXTURES = paths.TARGET / "wpt-fixtures"
RESULTS = paths.RESULTS / "compare-streams.json"
# After so many tests a line says how far it is.
STEP = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line."""
    parser.add_argument(
        "tests",
        nargs="*",
        metavar="TEST",
        help=f"test ids, or folders of web-platform-tests; default: {' '.join(suite.FOLDERS)}",
    )
    parser.add_argument("--processes", type=int, default=2, metavar="N", help="tests at the same time (default 2)")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--single-process", action="store_const", const=[False], dest="modes", help="the default")
    mode.add_argument("--multiprocess", action="store_const", const=[True], dest="modes", help="only this mode")
    mode.add_argument("--both-modes", action="store_const", const=[False, True], dest="modes", help="both of them")
    parser.add_argument(
        "--reruns", type=int, default=2, metavar="N", help="how often to run again what differs (default 2)"
    )
    parser.add_argument(
        "--timeout-multiplier", type=float, default=1.0, metavar="X", help="of testharness.js's limits (default 1)"
    )
    parser.add_argument(
        "--all", action="store_true", help="also the tables of old encodings, which take hours without optimisation"
    )
    parser.add_argument("--wpt", type=Path, metavar="DIR", help="take the tests from a copy of such a folder instead")
    parser.add_argument("--no-exposure", action="store_true", help="do not compare what is in the globals")
    parser.add_argument("--list", action="store_true", help="print the test ids that would run")
    parser.add_argument("-r", "--release", action="store_true", help="the optimised profile")
    parser.add_argument("--binary", type=Path, metavar="FILE", help="our browser, instead of building it")
    parser.add_argument("--unpatched-binary", type=Path, metavar="FILE", help="the other one, instead of building it")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FILE", help="the JSON file")
    parser.set_defaults(modes=[False])


def check(options: argparse.Namespace) -> None:
    """What the parser does not see."""
    for name, value, least in (("--processes", options.processes, 1), ("--reruns", options.reruns, 0)):
        if value < least:
            raise Failure(f"{name} {value}: must be at least {least}", 2)
    if options.timeout_multiplier <= 0:
        raise Failure(f"--timeout-multiplier {options.timeout_multiplier:g}: must be more than 0", 2)
    for name, path in (("--binary", options.binary), ("--unpatched-binary", options.unpatched_binary)):
        if path is not None and not path.is_file():
            raise Failure(f"{name} {path}: no such file", 2)
    if options.wpt is not None and not (options.wpt / "resources/testharness.js").is_file():
        raise Failure(f"--wpt {options.wpt}: has no resources/testharness.js", 2)


def run(options: argparse.Namespace) -> int:
    """Compare; the status of the process: 0 without regressions, 1 with any."""
    check(options)
    root, version = tests_from(options)
    suite.prepare(root, list(suite.FOLDERS))
    tests = selected(root, options)
    if options.list:
        print("\n".join(test.id for test in tests))
        return 0
    if options.binary is None or options.unpatched_binary is None:
        browsers.build(options.release)
    unpatched = options.unpatched_binary or browsers.unpatched_binary(options.release)
    binary = options.binary or paths.shell_binary(options.release)
    record: dict[str, Any] = {"tests": version, "modes": {}}
    regressions = problems = 0
    with Side(unpatched.resolve(), options.timeout_multiplier, site=browsers.site_of(root)) as before:
        # It has the same servers, which it uses after the other one.
        after = dataclasses.replace(before, binary=binary.resolve())
        for multiprocess in options.modes:
            result, found = run_mode(options, tests, before, after, multiprocess)
            regressions += result.regressions
            problems += sum(len(one.problems) for one in found)
            text = "\n\n".join([result.text(), *([report.exposure_text(result.mode, found)] if found else [])])
            record["modes"][result.mode] = {**result.record(), "exposure": [one.record() for one in found]}
            report.write(options.results, record)
            print(text + "\n", flush=True)
    told = f"{regressions} regressions, {problems} problems with what is exposed"
    print(f"{told}; tests from {version}; details: {options.results}", flush=True)
    return 1 if regressions or problems else 0


def mode_name(multiprocess: bool) -> str:
    """The name of a process mode."""
    return "multiprocess" if multiprocess else "single process"


def tests_from(options: argparse.Namespace) -> tuple[Path, str]:
    """The folder of the tests, and what is told about where they come from."""
    if options.wpt is None:
        root, version = debian.fetch(FIXTURES)
        return root, f"{debian.PACKAGE} {version}"
    # It is somebody's checkout, and pages are added to what is compared.
    root = FIXTURES / "copy"
    debian.copy(options.wpt, root, ["resources", "common", "interfaces", *suite.FOLDERS])
    return root, str(options.wpt)


def selected(root: Path, options: argparse.Namespace) -> list[Test]:
    """The tests that were asked for."""
    tests = suite.discover(root, list(suite.FOLDERS))
    if not options.tests:
        return [test for test in tests if options.all or not suite.is_slow(test.id)]
    found: dict[str, Test] = {}
    for name in options.tests:
        wanted = f"/{name.strip('/')}"
        matching = [test for test in tests if test.id == wanted or test.id.startswith(f"{wanted}/")]
        if not matching:
            raise Failure(f"{name}: no such test and no such folder; --list lists the tests", 2)
        # What is slow is run if it is meant, and not only included.
        is_meant = options.all or suite.is_slow(wanted)
        found |= {test.id: test for test in matching if is_meant or not suite.is_slow(test.id)}
    return list(found.values())


def run_mode(
    options: argparse.Namespace, tests: list[Test], before: Side, after: Side, multiprocess: bool
) -> tuple[report.Report, list[Exposure]]:
    """Compare everything in one mode."""
    mode = mode_name(multiprocess)
    comparisons = [Comparison(test, multiprocess) for test in tests]
    progress = Progress(mode, len(comparisons))

    def look(comparison: Comparison) -> None:
        comparison.before.append(before.run(comparison.test, multiprocess))
        comparison.after.append(after.run(comparison.test, multiprocess))

    def first(comparison: Comparison) -> None:
        look(comparison)
        progress.step(comparison)

    with ThreadPoolExecutor(options.processes) as pool:
        list(pool.map(first, comparisons))
    doubtful = [comparison for comparison in comparisons if comparison.needs_another_look()]
    if doubtful and options.reruns:
        say(f"{mode}: {len(doubtful)} tests differ; running them {options.reruns} more times, one at a time")
    # Alone, so that what only happens on a busy machine is told from what happens always.
    for comparison in doubtful:
        for _ in range(options.reruns):
            look(comparison)
    result = report.Report(mode)
    for comparison in comparisons:
        result.add(comparison)
    return result, [] if options.no_exposure else exposure.check(before, after, multiprocess)


class Progress:
    """Says how far it is."""

    def __init__(self, mode: str, total: int):
        self.mode, self.total, self.done = mode, total, 0
        self.started = time.monotonic()
        self._lock = threading.Lock()

    def step(self, comparison: Comparison) -> None:
        """One more test."""
        with self._lock:
            self.done += 1
            if comparison.needs_another_look():
                say(f"{self.mode}: differs: {comparison.test.id}")
            if self.done % STEP == 0 or self.done == self.total:
                say(f"{self.mode}: {self.done} of {self.total} tests, {time.monotonic() - self.started:.0f} s")


if __name__ == "__main__":
    sys.exit("run ./mach compare-streams")
