# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""`./mach merge-wpt`: one result of the raw logs that the chunks of one run left."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from wpt import harness, html_report, rawlog, updating
from wpt import options as command_line
from wpt.judging import TestResult
from wpt.metadata import Metadata, MetadataError
from wpt.rawlog import OURS, RawLogError, Read
from wpt.results import Lines, Report


class MergeError(Exception):
    """Logs that do not belong together; the text is one line."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of the verb."""
    parser.add_argument("logs", nargs="+", type=Path, metavar="LOG", help="what --log-raw wrote for each chunk")
    parser.add_argument(
        "--tests", type=Path, metavar="DIR", dest="root", help="the root of the tests, if it was not tests/wpt"
    )
    parser.add_argument(
        "--metadata", type=Path, metavar="DIR", help="where --update-expectations writes, if not to wpt-metadata"
    )
    command_line.add_reports(parser, None)


def run(options: argparse.Namespace) -> int:
    """The verb: 0 if everything was as expected, 1 if not, 2 if the logs make no run."""
    try:
        if problem := problem_of(options):
            raise MergeError(problem)
        logs = in_order([rawlog.read(path) for path in options.logs])
        return _report(options, logs)
    except (MergeError, RawLogError, MetadataError) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(error, file=sys.stderr)
        return 1


def problem_of(options: argparse.Namespace) -> str | None:
    """What is wrong with the options."""
    inputs = {path.resolve() for path in options.logs}
    for name, path in (("--log-raw", options.log_raw), ("--html", options.html), ("--results", options.results)):
        if path is not None and path.resolve() in inputs:
            return f"{name} {path}: that is one of the logs to be merged"
    return command_line.problem_of_reports(options)


def in_order(logs: list[Read]) -> list[Read]:
    """The logs by their chunks, if they are all those of one run."""
    first = logs[0]
    chunks: dict[int, Read] = {}
    for log in logs:
        here, there = log.run, first.run
        if here.total_chunks != there.total_chunks:
            raise MergeError(
                f"{log.path} is one of {here.total_chunks} chunks, and {first.path} one of {there.total_chunks}: "
                "they are of different runs"
            )
        if found := differences(log, first):
            raise MergeError(f"{log.path} and {first.path} are of different runs: they differ in {', '.join(found)}")
        if here.this_chunk in chunks:
            raise MergeError(
                f"{log.path} and {chunks[here.this_chunk].path} are both chunk {here.this_chunk} of {here.total_chunks}"
            )
        chunks[here.this_chunk] = log
        check_complete(log)
    missing = [str(number) for number in range(1, first.run.total_chunks + 1) if number not in chunks]
    if missing:
        raise MergeError(f"no log of chunk {', '.join(missing)} of {first.run.total_chunks}")
    return [chunks[number] for number in sorted(chunks)]


def differences(one: Read, other: Read) -> list[str]:
    """What two logs of one run would agree in and these do not. The machines need not be the same."""
    names = {"digest": "the tests that were chosen", "repeat": "--repeat", "prefs": "--pref"}
    found = [name for key, name in names.items() if getattr(one.run, key) != getattr(other.run, key)]
    if one.infos.keys() != other.infos.keys():
        found.append("the modes")
    elif any(one.infos[mode].get("debug") != other.infos[mode].get("debug") for mode in one.infos):
        found.append("the build (debug or release)")
    return found


def check_complete(log: Read) -> None:
    """Refuse the log of a run that was cut off."""
    wanted = {test for tests in log.tests.values() for test in tests}
    left = wanted - {result.test for result in log.results}
    if not log.ended or left:
        raise MergeError(f"{log.path}: the run was cut off: {len(left)} of {len(wanted)} tests have no result")


def report_of(logs: list[Read]) -> Report:
    """The report that one run of everything would have given."""
    report = Report()
    for log in logs:
        first: dict[tuple[str, int], TestResult] = {}
        last: dict[tuple[str, int], TestResult] = {}
        for result in log.results:
            key = (result.name, result.round)
            (last if result.attempt > 1 else first)[key] = result
        for key, result in first.items():
            report.settle(last.get(key, result), result if key in last else None)
    return report


def _report(options: argparse.Namespace, logs: list[Read]) -> int:
    report = report_of(logs)
    with Lines(options.results) as lines:
        for settled in report.settled:
            lines.write(settled)
    if options.log_verbose:
        for result in report.seen:
            print(f"{'FAIL' if result.unexpected else 'ok  '} {result.passed}/{len(result.subtests)} {result.name}")
    report.finish(sys.stdout)
    infos = logs[0].infos
    if options.log_raw:
        write_raw(options.log_raw, logs)
    if options.html:
        chunks = str(len(logs)) if len(logs) > 1 else ""
        more = {"Chunks": chunks, "Preferences": " ".join(logs[0].run.prefs)}
        html_report.write(options.html, report, html_report.facts(infos, more))
        print(f"report: {updating.shown(options.html)}")
    if options.update_expectations:
        tests = options.root.resolve() if options.root else harness.TESTS
        metadata = Metadata(options.metadata.resolve() if options.metadata else harness.METADATA, tests)
        # Machines may differ in what conditions ask for.
        found = [one for log in logs for one in updating.observations(log.results, log.infos, tests)]
        updating.write(metadata, found, options.remove_intermittent, sys.stdout)
        return 0
    return report.status


def write_raw(path: Path, logs: list[Read]) -> None:
    """Write one log: the lines of all, with one start and one end around them."""
    tests: dict[str, list[str]] = {}
    for log in logs:
        for group, names in log.tests.items():
            tests[group] = sorted({*tests.get(group, []), *names})
    whole = asdict(replace(logs[0].run, total_chunks=1, this_chunk=1)) | {"merged": len(logs)}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as out:

        def put(item: dict[str, Any]) -> None:
            out.write(json.dumps(item, sort_keys=True) + "\n")

        seen: set[str] = set()
        end: dict[str, Any] = {}
        for number, log in enumerate(logs):
            with log.path.open(encoding="utf-8") as file:
                for _, item in rawlog.items(log.path, file):
                    if item["action"] == "suite_start":
                        if number == 0:
                            put(item | {"tests": tests, "extra": {**item["extra"], OURS: whole}})
                    elif item["action"] == "add_subsuite":
                        if item["name"] not in seen:
                            seen.add(item["name"])
                            put(item)
                    elif item["action"] == "suite_end":
                        end = item
                    else:
                        put(item)
        put(end)
