# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Runs jobs, judges what comes of them, and hands it to whoever reports it."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from wpt import judging
from wpt.executor import Executor, Outcome
from wpt.judging import SubtestResult, TestResult
from wpt.manifest import Test
from wpt.metadata import Expectations
from wpt.options import MODES
from wpt.results import Report, Settled
from wpt.server import ServerError

# With more unexpected results than this something is broken, and running everything twice would only take time.
MOST_RETRIES = 20


@dataclass(frozen=True)
class Job:
    """One test in one mode."""

    test: Test
    multiprocess: bool
    # Relative to the root of the tests.
    path: str
    expected: Expectations = field(compare=False)
    # What is wrong before it runs.
    problems: tuple[str, ...] = ()
    # The command that runs only this.
    again: str = ""

    @property
    def name(self) -> str:
        """The test with its mode."""
        return f"{self.test.id} [{MODES[self.multiprocess]}]"


class Listener(Protocol):
    """Is told of everything as it happens, by one thread at a time."""

    def started(self, job: Job) -> None:
        """A test starts."""

    def ended(self, result: TestResult) -> None:
        """A test has ended. It may run once more."""

    def settled(self, settled: Settled) -> None:
        """What became of a test is known."""


def judge(job: Job, outcome: Outcome, round_number: int, attempt: int) -> TestResult:
    """Compare an outcome with what is expected."""
    names = [subtest.name for subtest in outcome.subtests]
    found = [*job.problems, *judging.problems(outcome.status, names, job.expected.known_subtests())]
    return TestResult(
        test=job.test.id,
        path=job.path,
        kind=job.test.kind,
        multiprocess=job.multiprocess,
        status=outcome.status,
        expected=tuple(job.expected.test()),
        message=outcome.message,
        subtests=tuple(
            SubtestResult(
                subtest.name,
                subtest.status,
                tuple(job.expected.subtest(subtest.name)),
                subtest.message,
                subtest.stack,
            )
            for subtest in outcome.subtests
        ),
        problems=tuple(found),
        seconds=outcome.seconds,
        stderr=outcome.stderr,
        again=job.again,
        round=round_number,
        attempt=attempt,
        of_the_runner=outcome.of_the_runner,
    )


@dataclass
class Runner:
    """One run."""

    executor: Executor
    listener: Listener
    processes: int = 1
    repeat: int = 1
    retry: bool = True
    until_unexpected: bool = False
    report: Report = field(default_factory=Report)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def run(self, work: list[Job]) -> Report:
        """Run all rounds."""
        for number in range(1, self.repeat + 1):
            self._round(work, number)
            if self.until_unexpected and (self.report.unexpected or self.report.flaky):
                break
        return self.report

    def _round(self, work: list[Job], number: int) -> None:
        doubtful: list[tuple[Job, TestResult]] = []

        def one(job: Job) -> None:
            if self._stopped.is_set():
                return
            result = self._attempt(job, number, 1)
            if result.unexpected and self.retry:
                with self._lock:
                    doubtful.append((job, result))
            else:
                self._settle(result)

        self._in_parallel(one, work)
        # Alone, so that what only happens on a busy machine is told from what happens always.
        for job, first in doubtful[:MOST_RETRIES]:
            self._settle(self._attempt(job, number, 2), first)
        for _, first in doubtful[MOST_RETRIES:]:
            self._settle(first)

    def _in_parallel(self, one: Callable[[Job], None], work: list[Job]) -> None:
        pool = ThreadPoolExecutor(self.processes)
        try:
            for future in [pool.submit(one, job) for job in work]:
                future.result()
        finally:
            # After an interruption the others would be started, and reported as crashes.
            self._stopped.set()
            pool.shutdown(cancel_futures=True)
        self._stopped.clear()

    def _attempt(self, job: Job, number: int, attempt: int) -> TestResult:
        with self._lock:
            self.listener.started(job)
        try:
            outcome = self.executor.run(job.test, job.multiprocess, prefs=tuple(job.expected.prefs()))
        except ServerError:
            # No test can run.
            raise
        except Exception:
            # Only this test is lost.
            outcome = Outcome(job.test, job.multiprocess, "ERROR", f"the runner failed:\n{traceback.format_exc()}")
            outcome.of_the_runner = True
        result = judge(job, outcome, number, attempt)
        with self._lock:
            if not self._stopped.is_set():
                self.listener.ended(result)
        return result

    def _settle(self, final: TestResult, first: TestResult | None = None) -> None:
        with self._lock:
            if not self._stopped.is_set():
                self.listener.settled(self.report.settle(final, first))


def relative(test: Test, roots: tuple[Path, ...]) -> str:
    """The path of a test below the root that it stands in."""
    for root in roots:
        if test.path.is_relative_to(root):
            return test.path.relative_to(root).as_posix()
    return test.path.as_posix()
