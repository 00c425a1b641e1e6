# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

#!/usr/bin/env python3
"""Run the web-platform style tests of Direct Sockets in a browser of this project."""

from __future__ import annotations

import argparse
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from wpt import harness, manifest, requirements, sites  # noqa: E402
from wpt.executor import Executor, Outcome  # noqa: E402
from wpt.expectations import Expectations, Metadata  # noqa: E402
from wpt.manifest import Test  # noqa: E402
from wpt.results import Report  # noqa: E402


# With more unexpected results than this something is broken, and running everything twice would only take time.
MOST_RETRIES = 20


@dataclass(frozen=True)
class Job:
    """One test in one mode."""

    test: Test
    multiprocess: bool


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(prog="./mach test-wpt", description=__doc__)
    tests_help = "test ids, files or folders, or parts of ids; default: all"
    result.add_argument("tests", nargs="*", metavar="TEST", help=tests_help)
    result.add_argument("--binary", type=Path, help="the browser, direct-sockets-shell")
    result.add_argument("--processes", type=int, default=1, metavar="N", help="browsers at the same time (default 1)")
    mode = result.add_mutually_exclusive_group()
    mode.add_argument("--single-process", action="store_const", const=[False], dest="modes", help="only this mode")
    mode.add_argument("--multiprocess", action="store_const", const=[True], dest="modes", help="only this mode")
    mode.add_argument("--both-modes", action="store_const", const=[False, True], dest="modes", help="the default")
    kind = result.add_mutually_exclusive_group()
    kind.add_argument("--window", action="store_const", const="window", dest="kind", help="only tests in windows")
    kind.add_argument("--worker", action="store_const", const="worker", dest="kind", help="only tests in workers")
    result.add_argument("--full", action="store_true", help="also run what takes long (tag full in wpt-metadata)")
    result.add_argument(
        "--pref", action="append", default=[], metavar="NAME=VALUE", help="set a preference of the browser"
    )
    result.add_argument(
        "--total-chunks", type=int, default=1, metavar="N", help="split the run into N parts, for as many machines"
    )
    result.add_argument("--this-chunk", type=int, default=1, metavar="K", help="the part to run, from 1 to N")
    result.add_argument("--timeout-multiplier", type=float, default=3.0, metavar="X", help="default 3")
    result.add_argument("--repeat", type=int, default=1, metavar="N", help="run everything N times")
    result.add_argument(
        "--no-retry", action="store_false", dest="retry", help="do not run what is unexpected once more at the end"
    )
    result.add_argument("--until-unexpected", action="store_true", help="stop after the first round that has any")
    result.add_argument("--filter", action="append", default=[], metavar="TEXT", help="only ids that contain TEXT")
    result.add_argument("--query", default="", metavar="TEXT", help="what tests find in their URL, such as seed=5")
    result.add_argument("--list", action="store_true", help="print the test ids that would run, with their modes")
    result.add_argument("--coverage", action="store_true", help="list requirements without a test; status 1 if any")
    result.add_argument("--debug", action="store_true", help="show what the browser prints")
    result.add_argument("--results", type=Path, default=harness.RESULTS, metavar="FILE", help="the JSON lines")
    result.set_defaults(modes=[False, True])
    return result


def selected(test: Test, wanted: list[str]) -> bool:
    """Whether a test was asked for: by id, by file or folder, or by a part of its id."""
    for name in wanted:
        # A file is relative to itself, so this holds for files and for folders.
        if name in test.id or test.path.resolve().is_relative_to(Path(name).resolve()):
            return True
    return not wanted


def jobs(options: argparse.Namespace, metadata: Metadata) -> list[Job]:
    """What is to be run."""
    result = []
    for test in [*manifest.discover(sites.project()), *manifest.discover_os(harness.OS_TESTS)]:
        if not selected(test, options.tests) or not all(text in test.id for text in options.filter):
            continue
        if options.kind and test.kind != options.kind:
            continue
        for multiprocess in options.modes:
            expected = metadata.of(test.path, test.id, multiprocess)
            # What a mode cannot have is no test of that mode, and not a skipped one.
            if expected.disabled() or ("full" in expected.tags() and not options.full):
                continue
            result.append(Job(test, multiprocess))
    # One after the other, as neighbours in the list take about as long as each other.
    return result[options.this_chunk - 1 :: options.total_chunks]


def run(options: argparse.Namespace, work: list[Job], metadata: Metadata) -> int:
    """Run the jobs; the status of the process."""
    executor = Executor(
        options.binary.resolve(), options.timeout_multiplier, options.debug, options.query, tuple(options.pref)
    )
    lock = threading.Lock()
    with executor, Report(sys.stdout, options.results) as report:

        def expected(job: Job) -> Expectations:
            return metadata.of(job.test.path, job.test.id, job.multiprocess)

        def one(job: Job) -> None:
            outcome = executor.run(job.test, job.multiprocess)
            with lock:
                if not report.add(outcome, expected(job), again=options.retry):
                    doubtful.append((job, outcome))

        for _ in range(options.repeat):
            doubtful: list[tuple[Job, Outcome]] = []
            with ThreadPoolExecutor(options.processes) as pool:
                list(pool.map(one, work))
            # Alone, so that what only happens on a busy machine is told from what happens always.
            for job, first in doubtful[:MOST_RETRIES]:
                report.add_second(first, executor.run(job.test, job.multiprocess), expected(job))
            for job, first in doubtful[MOST_RETRIES:]:
                report.add(first, expected(job), again=False)
            if options.until_unexpected and (report.unexpected or report.flaky):
                break
        return report.finish()


def main(arguments: list[str] | None = None) -> int:
    """The entry: 0 if everything was as expected, 1 if not, 2 for wrong usage."""
    options = parser().parse_args(arguments)
    if options.coverage:
        missing = requirements.missing([harness.TESTS, harness.OS_TESTS], harness.ROOT / "components")
        print("\n".join(missing) if missing else "every requirement has a test")
        return 1 if missing else 0
    if not 1 <= options.this_chunk <= options.total_chunks:
        print(f"--this-chunk {options.this_chunk} is not between 1 and {options.total_chunks}", file=sys.stderr)
        return 2
    for pref in options.pref:
        if "=" not in pref:
            print(f"--pref {pref}: not NAME=VALUE", file=sys.stderr)
            return 2
    metadata = Metadata(harness.METADATA, harness.TESTS)
    work = jobs(options, metadata)
    if options.list:
        for job in work:
            print(f"{job.test.id} [{'multiprocess' if job.multiprocess else 'single'}]")
        return 0
    if not work:
        print("no test matches", file=sys.stderr)
        return 2
    if options.binary is None or not options.binary.is_file():
        print(f"no such binary: {options.binary}; name one with --binary", file=sys.stderr)
        return 2
    try:
        harness.ensure()
    except harness.HarnessError as error:
        print(error, file=sys.stderr)
        return 1
    return run(options, work, metadata)


if __name__ == "__main__":
    sys.exit(main())
