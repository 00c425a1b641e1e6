# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The results of a run, or of the joined parts of one: counted, summed up for a person, and written as JSON lines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from wpt.judging import IDS, TestResult, ids_of, plain

__all__ = ["IDS", "FLAKY", "Report", "Settled", "ids_of"]

# The detail of a subtest that failed at first and passed when its test was run once more. `./mach test` reads it.
FLAKY = "flaky: failed once, passed when run again"


@dataclass(frozen=True)
class Settled:
    """A test that will not run again in its round: its last result, and what came before it if it ran twice."""

    final: TestResult
    first: TestResult | None = None

    @property
    def unexpected(self) -> bool:
        """Whether the run is red for it."""
        return self.final.unexpected

    @property
    def flaky(self) -> bool:
        """Whether it was as expected only when it ran again."""
        return self.first is not None and not self.unexpected

    @property
    def told(self) -> TestResult:
        """The result that says what went wrong, if something did."""
        return self.first if self.first is not None and self.flaky else self.final

    def records(self) -> Iterator[dict[str, object]]:
        """The JSON lines of --results."""
        bad = {subtest.name for subtest in self.first.subtests if subtest.unexpected} if self.first else set()
        records = self.final.records()
        for number, record in enumerate(records):
            if not self.flaky:
                yield record
                continue
            # One line at least says why the test is flaky; it was no subtest if none of them is.
            seen = any(record["name"] == f"{self.final.test} | {name} [{self.final.mode}]" for name in bad)
            detail = {"detail": FLAKY} if seen or not bad and number == 0 else {}
            yield record | {"flaky": True} | detail


@dataclass
class Report:
    """Collects what is settled."""

    settled: list[Settled] = field(default_factory=list)
    # Every result, also those of tests that ran again: what --update-expectations goes by.
    seen: list[TestResult] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def settle(self, final: TestResult, first: TestResult | None = None) -> Settled:
        """Take the result of a test, and of its first attempt if there were two."""
        settled = Settled(final, first)
        self.settled.append(settled)
        self.seen += [final] if first is None else [first, final]
        for record in settled.records():
            self.counts[str(record["status"])] += 1
        return settled

    @property
    def unexpected(self) -> list[Settled]:
        """What turns the run red, by name: tests end in another order each time."""
        return sorted((settled for settled in self.settled if settled.unexpected), key=_by_name)

    @property
    def flaky(self) -> list[Settled]:
        """What was as expected only the second time."""
        return sorted((settled for settled in self.settled if settled.flaky), key=_by_name)

    @property
    def status(self) -> int:
        """The status of the process."""
        return 1 if self.unexpected else 0

    @property
    def failed(self) -> int:
        """How many results are neither passes nor skips."""
        return self.counts["FAIL"] + self.counts["TIMEOUT"]

    def closing(self) -> str:
        """The closing line."""
        return f"{self.counts['PASS']} passed, {self.failed} failed, {self.counts['SKIP']} skipped"

    def finish(self, out: TextIO) -> None:
        """Print what was unexpected, each with its reason and how to repeat it, and the closing line."""
        self._explain("with unexpected results:", "", self.unexpected, out)
        self._explain("that failed at first and passed when they were run again:", "FLAKY: ", self.flaky, out)
        known = sum(settled.final.known_failures for settled in self.settled)
        if known:
            print(f"{known} results are not PASS and expected so (wpt-metadata)", file=out)
        print(self.closing(), file=out, flush=True)

    def _explain(self, title: str, mark: str, which: list[Settled], out: TextIO) -> None:
        if which:
            print(f"{len(which)} {'test' if len(which) == 1 else 'tests'} {title}", file=out)
        for settled in which:
            result = settled.told
            rounds = f" in round {result.round}" if result.round > 1 else ""
            print(f"\n{mark}{plain(result.name)}{rounds}", file=out)
            for complaint in result.complaints():
                print("  " + plain(complaint).replace("\n", "\n    "), file=out)
            if explains(result):
                tail = plain(result.stderr.strip()).replace("\n", "\n    ")
                print(f"  the end of its standard error:\n    {tail}", file=out)
            print(f"  again: {result.again}", file=out)
        if which:
            print(file=out)


def _by_name(settled: Settled) -> tuple[str, int]:
    return settled.final.name, settled.final.round


def explains(result: TestResult) -> bool:
    """Whether what the browser wrote to standard error belongs to the story."""
    return result.status in ("CRASH", "TIMEOUT", "ERROR") and bool(result.stderr.strip())


class Lines:
    """The file of --results, written as results come."""

    def __init__(self, path: Path | None):
        self._file: TextIO | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("w", encoding="utf-8")

    def write(self, settled: Settled) -> None:
        """Write what one test gives."""
        if self._file is not None:
            self._file.writelines(json.dumps(record) + "\n" for record in settled.records())
            self._file.flush()

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
