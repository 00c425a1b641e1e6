# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The raw log of a run: mozlog's structured format, as wptrunner writes it, so that its tools can read it.

The process modes are subsuites with run infos of their own, as one log has the same tests in both. What mozlog has no
word for stands in `extra`: in `suite_start` which chunk of which run this is, in `test_end` what `judging.py` knows
more, so that the results come out as they went in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from wpt.judging import PRECONDITION_FAILED, SubtestResult, TestResult
from wpt.options import MODES

Info = Mapping[str, Any]
SUITE = "web-platform-tests of direct-sockets"
# Under this name our part of `extra` stands.
OURS = "direct_sockets"


class RawLogError(Exception):
    """A log that cannot be written or read; the text names it."""


@dataclass(frozen=True)
class Run:
    """Which run a log belongs to. Logs of the chunks of one run agree in everything but `this_chunk`."""

    total_chunks: int
    this_chunk: int
    # The digest of the names of all tests of the run, those of other chunks included.
    digest: str
    repeat: int
    prefs: tuple[str, ...] = ()


class RawLog:
    """Writes a log."""

    def __init__(self, path: Path):
        try:
            from mozlog.formatters import JSONFormatter
            from mozlog.handlers import StreamHandler
            from mozlog.structuredlog import StructuredLogger
        except ImportError as error:
            raise RawLogError(f"--log-raw needs a library that is not installed ({error}); use ./mach") from error
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8")
        self._logger = StructuredLogger("direct-sockets")
        self._logger.reset_state()
        self._logger.add_handler(StreamHandler(self._file, JSONFormatter()))

    def start(self, run: Run, tests: list[str], infos: Mapping[bool, Info]) -> None:
        """The run starts with these tests, in the modes that have run infos."""
        common = {key: value for key, value in next(iter(infos.values())).items() if key != "multiprocess"}
        groups: dict[str, list[str]] = {}
        for test in dict.fromkeys(tests):
            groups.setdefault(test.rpartition("/")[0] or "/", []).append(test)
        self._logger.suite_start(groups, name=SUITE, run_info=common, extra={OURS: asdict(run)})
        for multiprocess, info in infos.items():
            self._logger.add_subsuite(name=MODES[multiprocess], run_info=dict(info))

    def start_test(self, test: str, path: str, multiprocess: bool) -> None:
        """A test starts."""
        self._logger.test_start(test, path=path, subsuite=MODES[multiprocess])

    def end_test(self, result: TestResult) -> None:
        """A test has ended."""
        where = {"test": result.test, "subsuite": result.mode}
        for subtest in result.subtests:
            # To mozlog only what is known to happen is no reason to be red.
            skipped = subtest.status == PRECONDITION_FAILED and subtest.status not in subtest.expected
            also = list(subtest.expected[1:]) + ([PRECONDITION_FAILED] if skipped else [])
            self._logger.test_status(
                **where,
                subtest=subtest.name,
                status=subtest.status,
                expected=subtest.expected[0],
                known_intermittent=also,
                message=subtest.message or None,
                stack=subtest.stack or None,
                extra={OURS: {"skipped": True}} if skipped else None,
            )
        if result.problems:
            self._logger.error(f"{result.name}: {'; '.join(result.problems)}")
        self._logger.test_end(
            **where,
            status=result.status,
            expected=result.expected[0],
            known_intermittent=list(result.expected[1:]),
            message=result.message or None,
            extra={
                OURS: {
                    "kind": result.kind,
                    "problems": list(result.problems),
                    "seconds": round(result.seconds, 3),
                    "stderr": result.stderr,
                    "again": result.again,
                    "round": result.round,
                    "attempt": result.attempt,
                }
            },
        )

    def end(self) -> None:
        """The run has come to its end. A log without this line is that of a run that was cut off."""
        self._logger.suite_end()

    def close(self) -> None:
        """Close the file."""
        self._logger.reset_state()
        self._file.close()


@dataclass
class Read:
    """A log that was read."""

    path: Path
    run: Run
    # The ids of the tests that were to run, by their folders.
    tests: dict[str, list[str]]
    infos: dict[bool, Info]
    results: list[TestResult] = field(default_factory=list)
    ended: bool = False


def read(path: Path) -> Read:
    """Read a log that this project wrote."""
    try:
        with path.open(encoding="utf-8") as file:
            return _Reader(path).read(file)
    except (OSError, UnicodeDecodeError) as error:
        raise RawLogError(f"{path}: cannot be read: {error}") from error


def items(path: Path, file: TextIO) -> Iterator[tuple[int, dict[str, Any]]]:
    """The lines of a log, with their numbers."""
    for number, line in enumerate(file, 1):
        try:
            item = json.loads(line)
        except ValueError as error:
            raise RawLogError(f"{path}:{number}: not a line of a raw log: {error}") from error
        if not isinstance(item, dict) or not isinstance(item.get("action"), str):
            raise RawLogError(f"{path}:{number}: not a line of a raw log: it has no action")
        yield number, item


class _Reader:
    """Puts together what belongs to one test: the lines of tests that run at the same time are mixed."""

    def __init__(self, path: Path):
        self.path = path
        self.found: Read | None = None
        self.paths: dict[tuple[str, str], str] = {}
        self.subtests: dict[tuple[str, str], list[SubtestResult]] = {}

    def read(self, file: TextIO) -> Read:
        """Read all of it."""
        for number, item in items(self.path, file):
            handler = getattr(self, f"_{item['action']}", None)
            if handler is None:
                continue
            try:
                handler(item)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                what = "a log of another program, or of another version" if item["action"] == "suite_start" else "bad"
                raise RawLogError(f"{self.path}:{number}: {item['action']}: {what} ({error!r})") from error
        if self.found is None:
            raise RawLogError(f"{self.path}: not a raw log: it has no suite_start")
        return self.found

    def _suite_start(self, item: dict[str, Any]) -> None:
        ours = item["extra"][OURS]
        run = Run(
            total_chunks=int(ours["total_chunks"]),
            this_chunk=int(ours["this_chunk"]),
            digest=str(ours["digest"]),
            repeat=int(ours["repeat"]),
            prefs=tuple(ours["prefs"]),
        )
        self.found = Read(self.path, run, {str(group): list(tests) for group, tests in item["tests"].items()}, {})

    def _add_subsuite(self, item: dict[str, Any]) -> None:
        info = {key: value for key, value in item["run_info"].items() if key != "subsuite"}
        assert_started(self.found).infos[item["name"] == MODES[True]] = info

    def _test_start(self, item: dict[str, Any]) -> None:
        key = (item["test"], item["subsuite"])
        self.paths[key] = item["path"]
        self.subtests[key] = []

    def _test_status(self, item: dict[str, Any]) -> None:
        skipped = bool((item.get("extra") or {}).get(OURS))
        self.subtests[item["test"], item["subsuite"]].append(
            SubtestResult(
                item["subtest"],
                item["status"],
                expected(item, PRECONDITION_FAILED if skipped else None),
                item.get("message") or "",
                item.get("stack") or "",
            )
        )

    def _test_end(self, item: dict[str, Any]) -> None:
        key = (item["test"], item["subsuite"])
        ours = item["extra"][OURS]
        assert_started(self.found).results.append(
            TestResult(
                test=item["test"],
                path=self.paths.pop(key),
                kind=ours["kind"],
                multiprocess=item["subsuite"] == MODES[True],
                status=item["status"],
                expected=expected(item),
                message=item.get("message") or "",
                subtests=tuple(self.subtests.pop(key)),
                problems=tuple(ours["problems"]),
                seconds=float(ours["seconds"]),
                stderr=str(ours["stderr"]),
                again=str(ours["again"]),
                round=int(ours["round"]),
                attempt=int(ours["attempt"]),
            )
        )

    def _suite_end(self, _: dict[str, Any]) -> None:
        assert_started(self.found).ended = True


def assert_started(found: Read | None) -> Read:
    """What was read so far, if anything has started."""
    if found is None:
        raise ValueError("before suite_start")
    return found


def expected(item: dict[str, Any], added: str | None = None) -> tuple[str, ...]:
    """The statuses that were expected. mozlog leaves out what equals the status."""
    also = list(item.get("known_intermittent") or [])
    if added is not None:
        also.remove(added)
    return (item.get("expected", item["status"]), *also)
