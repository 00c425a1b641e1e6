# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""What became of one run of one test, compared with what was expected of it.

It holds everything that reports need, and it goes into the raw log and comes out of it again unchanged.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

# A precondition that does not hold is a skip; whether it may be one is decided by a list elsewhere.
PRECONDITION_FAILED = "PRECONDITION_FAILED"
# `TCP-R-01..03` and `TCP-R-01,02` are not expanded: every id is written out.
IDS = re.compile(r"\b((?:IDL|TCP-[A-Z]+|UDP-[A-Z]+|SRV-[A-Z]+|PP|TASK|LIFE)-\d\d)\b")
# What a terminal or a page would take for a command.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def ids_of(name: str) -> list[str]:
    """The ids of the requirements that a subtest names."""
    return sorted(set(IDS.findall(name)))


def plain(text: str) -> str:
    """A text of a page, without what would command a terminal, hide a part of it, or not be encoded."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


class Expected(Protocol):
    """What the metadata say of one test (`wpt.metadata.Expectations`)."""

    def test(self) -> list[str]:
        """The acceptable statuses of the test."""

    def subtest(self, name: str) -> list[str]:
        """The acceptable statuses of a subtest."""

    def known_subtests(self) -> list[str]:
        """The subtests that the metadata speak of."""


@dataclass(frozen=True)
class SubtestResult:
    """A subtest. The first of `expected` is the usual status, the others are known to happen."""

    name: str
    status: str
    expected: tuple[str, ...] = ("PASS",)
    message: str = ""
    stack: str = ""

    @property
    def unexpected(self) -> bool:
        """Whether the run is red for it."""
        return self.status not in self.expected and self.status != PRECONDITION_FAILED

    @property
    def verdict(self) -> str:
        """PASS, FAIL, TIMEOUT or SKIP: what is expected not to pass counts as skipped."""
        if self.unexpected:
            return "TIMEOUT" if self.status == "TIMEOUT" else "FAIL"
        return "PASS" if self.status == "PASS" else "SKIP"

    def complaint(self) -> str:
        """Why it is unexpected: a line, then what the page said."""
        line = f"{self.status} (expected {' or '.join(self.expected)}): {self.name}"
        return "\n".join(part for part in (line, self.message, self.stack.rstrip()) if part)


@dataclass(frozen=True)
class TestResult:
    """One run of one test in one mode."""

    test: str
    path: str
    kind: str
    multiprocess: bool
    status: str
    expected: tuple[str, ...] = ("OK",)
    message: str = ""
    subtests: tuple[SubtestResult, ...] = ()
    # What is wrong although it has no status: no subtests, metadata of what does not exist.
    problems: tuple[str, ...] = ()
    seconds: float = 0.0
    # The end of what the browser wrote to standard error.
    stderr: str = ""
    # The command that runs it again.
    again: str = ""
    # Which of the rounds of --repeat, and whether it is the second attempt in it.
    round: int = 1
    attempt: int = 1
    # Whether what went wrong says something about the runner, and nothing about the test.
    of_the_runner: bool = False

    @property
    def mode(self) -> str:
        """The name of the process mode."""
        return "multiprocess" if self.multiprocess else "single"

    @property
    def name(self) -> str:
        """The test with its mode, as reports name it."""
        return f"{self.test} [{self.mode}]"

    @property
    def skipped(self) -> bool:
        """Whether the test as a whole was not meant to run here."""
        return self.status == PRECONDITION_FAILED and self.status in self.expected

    @property
    def bad_status(self) -> bool:
        """Whether the status of the test as a whole is unexpected."""
        return self.status not in self.expected

    @property
    def unexpected(self) -> bool:
        """Whether the run is red for it."""
        return self.bad_status or bool(self.problems) or any(subtest.unexpected for subtest in self.subtests)

    @property
    def passed(self) -> int:
        """How many subtests passed and were expected to."""
        return sum(subtest.verdict == "PASS" for subtest in self.subtests)

    @property
    def known_failures(self) -> int:
        """How many subtests did not pass, as the metadata say."""
        return sum(subtest.verdict == "SKIP" and subtest.status in subtest.expected for subtest in self.subtests)

    def complaints(self) -> list[str]:
        """Everything unexpected, each with its reason."""
        found = []
        if self.bad_status:
            wanted = "" if self.expected == ("OK",) else f" (expected {' or '.join(self.expected)})"
            found.append(f"{self.status}{wanted}" + (f": {self._reason()}" if self._reason() else ""))
        found += [f"ERROR: {problem}" for problem in self.problems]
        return found + [subtest.complaint() for subtest in self.subtests if subtest.unexpected]

    def _reason(self) -> str:
        """Why the test ended so; testharness.js says nothing of its own time limit."""
        if self.message.strip() or self.status != "TIMEOUT":
            return self.message.strip()
        told = "" if self.subtests else ", and no subtest was reported: there are none, or the script did not run"
        return f"the time limit of testharness.js has passed{told}"

    def records(self) -> list[dict[str, Any]]:
        """The JSON lines of --results."""
        records = [self._subtest_record(subtest) for subtest in self.subtests]
        if self.bad_status or self.problems:
            status = "TIMEOUT" if self.status == "TIMEOUT" else "FAIL"
            records.append(self._record(None, status, detail=first_line(self.complaints()[0])))
        elif self.skipped:
            records.append(self._record(None, "SKIP", detail=self.message))
        return records

    def _subtest_record(self, subtest: SubtestResult) -> dict[str, Any]:
        if subtest.unexpected:
            return self._record(subtest.name, subtest.verdict, detail=first_line(subtest.message))
        if subtest.verdict == "PASS":
            return self._record(subtest.name, "PASS")
        detail = subtest.message if subtest.status == PRECONDITION_FAILED else ""
        return self._record(subtest.name, "SKIP", known=subtest.status, detail=detail)

    def _record(self, subtest: str | None, status: str, known: str = "", detail: str = "") -> dict[str, Any]:
        name = f"{self.test} | {subtest} [{self.mode}]" if subtest is not None else self.name
        record: dict[str, Any] = {"name": name, "status": status, "ids": ids_of(subtest or "")}
        return record | ({"known": known} if known else {}) | ({"detail": detail} if detail else {})


def first_line(text: str) -> str:
    """The first line that says something."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def problems(status: str, names: Iterable[str], known: Iterable[str]) -> list[str]:
    """What is wrong with the list of subtests of a test that ended with `status`."""
    if status != "OK":
        # It may have ended before it came to the others, and says itself what is wrong.
        return []
    counts = Counter(names)
    found = [f"{count} subtests have the name {name!r}" for name, count in counts.items() if count > 1]
    if not counts:
        found.append("the test has no subtests")
    missing = sorted(set(known) - set(counts))
    return found + [f"wpt-metadata speaks of a subtest that does not exist: {name!r}" for name in missing]
