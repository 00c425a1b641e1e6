# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

#!/usr/bin/env python3
"""Run the web-platform style tests of Direct Sockets in a browser of this project: `./mach test-wpt`."""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from wpt import options as command_line  # noqa: E402

if __name__ == "__main__" and {"--help", "-h"} & set(sys.argv[1:]):
    # The modules below need libraries that may not be installed yet.
    command_line.parser().parse_args()

from wpt import harness, html_report, manifest, meta_scripts, requirements, sites, updating  # noqa: E402
from wpt.executor import Executor  # noqa: E402
from wpt.judging import TestResult  # noqa: E402
from wpt.manifest import Test  # noqa: E402
from wpt.metadata import Expectations, Metadata, MetadataError, RunInfo, run_info  # noqa: E402
from wpt.progress import Progress  # noqa: E402
from wpt.rawlog import RawLog, RawLogError, Run  # noqa: E402
from wpt.results import Lines, Settled  # noqa: E402
from wpt.running import Job, Runner, relative  # noqa: E402
from wpt.server import ServerError  # noqa: E402
from wpt.sites import Root, Site  # noqa: E402


# Where a checkout of Servo has its expectations.
SERVO_METADATA = Path("tests", "wpt", "meta")
# No such folder: no expectations.
NO_METADATA = "no-metadata"
# What runs of a checkout if nothing is named.
DEFAULT_OF_CHECKOUTS = "/direct-sockets/"


class Usage(Exception):
    """Wrong usage; the text is one line."""


@dataclass(frozen=True)
class Places:
    """Where tests and expectations lie."""

    site: Site
    # What paths of tests in metadata and logs are relative to.
    tests: Path
    metadata: Path
    # Only this project's own tests have those that end processes.
    os_tests: Path | None = None

    @classmethod
    def of(cls, options: argparse.Namespace) -> "Places":
        """As the options say."""
        if options.root is None and options.wpt is None:
            return cls(sites.project(), harness.TESTS, options.metadata or harness.METADATA, harness.OS_TESTS)
        if options.wpt is not None:
            site = sites.elsewhere(options.wpt)
            own = options.wpt.resolve() / SERVO_METADATA
        else:
            site = Site((Root("/", options.root.resolve()),))
            own = options.root.resolve() / NO_METADATA
        tests = site.main.directory
        if options.wpt is not None and not own.is_dir():
            # A checkout without expectations, or files of one: those of this project hold for what has their names.
            own = harness.METADATA / site.main.url.strip("/")
        # Without metadata every test has to pass.
        metadata = options.metadata.resolve() if options.metadata else own if own.is_dir() else tests / NO_METADATA
        return cls(site, tests, metadata)

    def discover(self, wanted: list[str]) -> list[Test]:
        """Every test, or at least those that are wanted: a checkout has tens of thousands of files."""
        under = [] if self.os_tests is None else None
        for name in wanted if under is not None else []:
            place = Path(name) if Path(name).exists() else self.site.find(name.rpartition("/")[0] + "/")
            if place is None or not place.exists() or place == self.tests:
                under = None
                break
            under.append(place.resolve())
        found = manifest.discover(self.site, under or None)
        return [*found, *(manifest.discover_os(self.os_tests) if self.os_tests else [])]


def chosen(tests: list[Test], wanted: list[str]) -> list[Test]:
    """The tests that were asked for: by id, by file or folder, or by a part of their ids."""
    if not wanted:
        return tests
    ids = {test.id for test in tests}
    found: set[str] = set()
    for name in wanted:
        # What is an id is not taken for a part of others, so that one test can be run alone.
        matching = {name} & ids or {test.id for test in tests if _matches(test, name)}
        if not matching:
            raise Usage(f"no test matches {name!r}: it is no id, no part of one, and no file or folder of tests")
        found |= matching
    return [test for test in tests if test.id in found]


def _matches(test: Test, name: str) -> bool:
    # A file is relative to itself, so this holds for files and for folders.
    return name in test.id or test.path.resolve().is_relative_to(Path(name).resolve())


def infos_of(options: argparse.Namespace) -> dict[bool, RunInfo]:
    """What conditions in metadata may ask about the run, for each mode."""
    debug = options.binary is None or options.binary.resolve().parent.name != "release"
    return {multiprocess: run_info(multiprocess, debug) for multiprocess in options.modes}


def jobs(options: argparse.Namespace, metadata: Metadata, places: Places) -> list[Job]:
    """What is to be run, in all chunks together."""
    result = []
    infos = infos_of(options)
    roots = (places.tests, *([places.os_tests] if places.os_tests else []))
    wanted = options.tests or ([DEFAULT_OF_CHECKOUTS] if options.wpt is not None else [])
    everything = places.discover(wanted)
    if options.wpt is None:
        refuse_strays(metadata, everything)
    for test in chosen(everything, wanted):
        if not all(text in test.id for text in options.filter) or options.kind not in (None, test.kind):
            continue
        problems = tuple(f"META: script={name}: no such file" for name in meta_scripts.missing(test, places.site))
        for multiprocess, info in infos.items():
            expected = metadata.of(test.path, test.id, info)
            full = "full" in expected.tags()
            # What a mode cannot have is no test of that mode, and not a skipped one.
            if expected.disabled() or (full and not options.full):
                continue
            check(expected)
            again = command_line.again(options, test.id, multiprocess, full)
            result.append(Job(test, multiprocess, relative(test, roots), expected, problems, again))
    return result


def refuse_strays(metadata: Metadata, everything: list[Test]) -> None:
    """Refuse metadata that speak of no test: they were written for something, and nobody would notice."""
    ids: dict[Path, list[str]] = {path: [f"/{path.name}"] for path in harness.UPSTREAM}
    for test in everything:
        ids.setdefault(test.path, []).append(test.id)
    if strays := metadata.strays(ids):
        more = f", and {len(strays) - 1} more" if len(strays) > 1 else ""
        raise Usage(f"{strays[0]}{more}")


def check(expected: Expectations) -> None:
    """Ask for everything once, so that what is wrong with metadata is told before anything runs."""
    expected.test()
    expected.prefs()
    for name in expected.known_subtests():
        expected.subtest(name)


class Reporting:
    """Passes on what happens, to the screen and to the files that were asked for."""

    def __init__(self, progress: Progress, raw: RawLog | None, lines: Lines):
        self.progress = progress
        self.raw = raw
        self.lines = lines

    def started(self, job: Job) -> None:
        """A test starts."""
        self.progress.start(job.name)
        if self.raw is not None:
            self.raw.start_test(job.test.id, job.path, job.multiprocess)

    def ended(self, result: TestResult) -> None:
        """A test has ended."""
        self.progress.end(result)
        if self.raw is not None:
            self.raw.end_test(result)

    def settled(self, settled: Settled) -> None:
        """What became of a test is known."""
        self.lines.write(settled)


def run(options: argparse.Namespace, everything: list[Job], metadata: Metadata, places: Places) -> int:
    """Run the chunk; the status of the process."""
    infos = infos_of(options)
    # One after the other, as neighbours in the list take about as long as each other.
    work = everything[options.this_chunk - 1 :: options.total_chunks]
    digest = hashlib.sha256("\n".join(job.name for job in everything).encode()).hexdigest()
    this_run = Run(options.total_chunks, options.this_chunk, digest, options.repeat, tuple(options.pref))
    executor = Executor(
        options.binary.resolve(),
        options.timeout_multiplier,
        options.debug,
        options.query,
        tuple(options.pref),
        site=places.site,
    )
    interrupted = False
    with ExitStack() as stack:
        stack.enter_context(executor)
        raw = RawLog(options.log_raw) if options.log_raw else None
        if raw is not None:
            stack.callback(raw.close)
            raw.start(this_run, [job.test.id for job in work], infos)
        lines = stack.enter_context(Lines(options.results))
        # What the browser prints goes between lines, not into one that is written anew.
        verbose = options.log_verbose or options.debug
        progress = stack.enter_context(Progress(sys.stdout, len(work) * options.repeat, verbose))
        runner = Runner(
            executor,
            Reporting(progress, raw, lines),
            options.processes,
            options.repeat,
            options.retry,
            options.until_unexpected,
        )
        try:
            runner.run(work)
        except KeyboardInterrupt:
            interrupted = True
        if raw is not None and not interrupted:
            raw.end()
    report = runner.report
    report.finish(sys.stdout)
    if options.html:
        chunk = f"{options.this_chunk} of {options.total_chunks}" if options.total_chunks > 1 else ""
        facts = html_report.facts(infos, {"Chunk": chunk, "Preferences": " ".join(options.pref)})
        html_report.write(options.html, report, facts)
        print(f"report: {updating.shown(options.html)}")
    if interrupted:
        print(f"interrupted after {len(report.settled)} of {len(work) * options.repeat} tests", file=sys.stderr)
        return 130
    if options.update_expectations:
        found = updating.observations(report.seen, infos, places.tests)
        updating.write(metadata, found, options.remove_intermittent, sys.stdout)
        # What says nothing of the tests has not become an expectation.
        return 1 if any(result.of_the_runner for result in report.seen) else 0
    return report.status


def main(arguments: list[str] | None = None) -> int:
    """The entry: 0 if everything was as expected, 1 if not, 2 for wrong usage."""
    options = command_line.parser().parse_intermixed_args(arguments)
    if options.coverage:
        missing = requirements.missing([harness.TESTS, harness.OS_TESTS], harness.ROOT / "components")
        print("\n".join(missing) if missing else "every requirement has a test")
        return 1 if missing else 0
    try:
        return prepare_and_run(options)
    except (Usage, MetadataError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    except (harness.HarnessError, RawLogError, ServerError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


def prepare_and_run(options: argparse.Namespace) -> int:
    """Look at the options and the tests, then run."""
    if problem := command_line.problem(options):
        raise Usage(problem)
    places = Places.of(options)
    metadata = Metadata(places.metadata, places.tests)
    harness.ensure()
    everything = jobs(options, metadata, places)
    if not everything:
        raise Usage("no test matches")
    if options.list:
        for job in everything[options.this_chunk - 1 :: options.total_chunks]:
            print(job.name)
        return 0
    if options.binary is None or not options.binary.is_file():
        raise Usage(f"no such binary: {options.binary}; name one with --binary")
    if importlib.util.find_spec("wptserve") is None:
        raise Usage("the web server of the tests, wptserve, is not installed here; ./mach test-wpt sees to it")
    return run(options, everything, metadata, places)


if __name__ == "__main__":
    sys.exit(main())
