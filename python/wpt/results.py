# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The results of a run: compared with the expectations, printed, and written as JSON lines."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from wpt.executor import Outcome, Subtest
from wpt.expectations import Expectations

IDS = re.compile(r"\b((?:IDL|TCP-[A-Z]+|UDP-[A-Z]+|SRV-[A-Z]+|PP|TASK|LIFE)-\d\d)\b")
# `TCP-R-01..03` and `TCP-R-01,02` are not expanded: every id is written out.


def ids_of(name: str) -> list[str]:
    """The ids of the requirements that a subtest names."""
    return sorted(set(IDS.findall(name)))


@dataclass
class Judgement:
    """An outcome compared with what was expected of it."""

    outcome: Outcome
    complaints: list[str] = field(default_factory=list)
    records: list[dict[str, object]] = field(default_factory=list)
    passed: int = 0
    known_failures: int = 0

    @classmethod
    def of(cls, outcome: Outcome, expected: Expectations) -> "Judgement":
        """Compare."""
        result = cls(outcome)
        for subtest in outcome.subtests:
            status = result._settle(subtest, expected.subtest(subtest.name))
            result.passed += status == "PASS"
            known = subtest.status if status == "SKIP" else None
            result._record(subtest.name, status, known, subtest.message if known == "PRECONDITION_FAILED" else "")
        if outcome.status not in expected.test():
            result.complaints.insert(0, f"{outcome.status}: {outcome.message.strip()}")
            result._record(None, "TIMEOUT" if outcome.status == "TIMEOUT" else "FAIL", None)
        elif outcome.status == "OK" and not outcome.subtests:
            result.complaints.append("ERROR: the test has no subtests")
            result._record(None, "FAIL", None)
        elif outcome.status == "PRECONDITION_FAILED":
            result._record(None, "SKIP", outcome.message)
        return result

    def _settle(self, subtest: Subtest, wanted: list[str]) -> str:
        """The status for the report: what is expected not to pass counts as skipped."""
        if subtest.status not in wanted:
            # A precondition that does not hold is a skip; whether it may be one is decided by a list elsewhere.
            if subtest.status == "PRECONDITION_FAILED":
                return "SKIP"
            text = f"{subtest.status} (expected {' or '.join(wanted)}): {subtest.name}"
            self.complaints.append("\n".join(part for part in (text, subtest.message, subtest.stack) if part))
            return "TIMEOUT" if subtest.status == "TIMEOUT" else "FAIL"
        if subtest.status == "PASS":
            return "PASS"
        self.known_failures += 1
        return "SKIP"

    def _record(self, subtest: str | None, status: str, known: str | None, detail: str = "") -> None:
        test, mode = self.outcome.test.id, self.outcome.mode
        name = f"{test} | {subtest} [{mode}]" if subtest else f"{test} [{mode}]"
        record: dict[str, object] = {"name": name, "status": status, "ids": ids_of(subtest or "")}
        if known:
            record["known"] = known
        if detail:
            record["detail"] = detail
        self.records.append(record)


@dataclass
class Report:
    """Collects outcomes, prints them and writes them down."""

    out: TextIO
    path: Path | None
    counts: Counter[str] = field(default_factory=Counter)
    known_failures: int = 0
    unexpected: list[Judgement] = field(default_factory=list)
    flaky: list[Judgement] = field(default_factory=list)
    _file: TextIO | None = None

    def __enter__(self) -> "Report":
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("w")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, outcome: Outcome, expected: Expectations, again: bool = True) -> bool:
        """Take one outcome. If it is not as expected and may be run `again`, only print it; whether it was taken."""
        judgement = Judgement.of(outcome, expected)
        self._print(judgement)
        if judgement.complaints and again:
            return False
        if judgement.complaints:
            self.unexpected.append(judgement)
        self._write(judgement, flaky=False)
        return True

    def add_second(self, first: Outcome, second: Outcome, expected: Expectations) -> None:
        """Take the outcome of a second run. One that is as expected now is flaky: it counts, and it is named."""
        judgement = Judgement.of(second, expected)
        self._print(judgement)
        if judgement.complaints:
            self.unexpected.append(judgement)
        else:
            self.flaky.append(Judgement.of(first, expected))
        self._write(judgement, flaky=not judgement.complaints)

    def _print(self, judgement: Judgement) -> None:
        outcome = judgement.outcome
        mark = "FAIL" if judgement.complaints else "ok  "
        count = f"{judgement.passed}/{len(outcome.subtests)}"
        print(f"{mark} {count} {outcome.test.id} [{outcome.mode}] {outcome.seconds:.1f} s", file=self.out)
        for complaint in judgement.complaints:
            print("     " + complaint.replace("\n", "\n       "), file=self.out)
        self.out.flush()

    def _write(self, judgement: Judgement, flaky: bool) -> None:
        self.known_failures += judgement.known_failures
        for record in judgement.records:
            self.counts[str(record["status"])] += 1
            if self._file is not None:
                self._file.write(json.dumps(record | {"flaky": True} if flaky else record) + "\n")
        if self._file is not None:
            self._file.flush()

    def finish(self) -> int:
        """Print what was unexpected and the closing line; the status of the process."""
        if self.unexpected:
            print(f"\n{len(self.unexpected)} tests with unexpected results:", file=self.out)
        for judgement in self.unexpected:
            self._explain(judgement)
        if self.flaky:
            print(f"\n{len(self.flaky)} tests that failed at first and passed when they were run again:", file=self.out)
        for judgement in self.flaky:
            self._explain(judgement, "FLAKY: ")
        if self.known_failures:
            print(f"{self.known_failures} results are not PASS and expected so (wpt-metadata)", file=self.out)
        failed = self.counts["FAIL"] + self.counts["TIMEOUT"]
        print(f"{self.counts['PASS']} passed, {failed} failed, {self.counts['SKIP']} skipped", file=self.out)
        return 1 if self.unexpected else 0

    def _explain(self, judgement: Judgement, mark: str = "") -> None:
        outcome = judgement.outcome
        print(f"\n{mark}{outcome.test.id} [{outcome.mode}]", file=self.out)
        for complaint in judgement.complaints:
            print("  " + complaint.replace("\n", "\n    "), file=self.out)
        if outcome.status in ("CRASH", "TIMEOUT", "ERROR") and outcome.stderr.strip():
            tail = outcome.stderr.strip().replace("\n", "\n    ")
            print(f"  the end of its standard error:\n    {tail}", file=self.out)
        print(f"  again: {rerun(outcome)}", file=self.out)


def rerun(outcome: Outcome) -> str:
    """The command that runs just this test again."""
    mode = "--multiprocess" if outcome.multiprocess else "--single-process"
    full = " --full" if "full" in outcome.test.id else ""
    return f"./mach test-wpt {mode}{full} {shlex.quote(outcome.test.id)}"
