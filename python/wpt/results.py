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
class Report:
    """Collects outcomes."""

    out: TextIO
    path: Path | None
    counts: Counter[str] = field(default_factory=Counter)
    known_failures: int = 0
    unexpected: list[tuple[Outcome, list[str]]] = field(default_factory=list)
    _file: TextIO | None = None

    def __enter__(self) -> "Report":
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("w")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, outcome: Outcome, expected: Expectations) -> None:
        """Take one outcome."""
        complaints: list[str] = []
        passed = 0
        for subtest in outcome.subtests:
            wanted = expected.subtest(subtest.name)
            status = self._settle(subtest, wanted, complaints)
            passed += status == "PASS"
            self._write(outcome, subtest.name, status, subtest.status if status == "SKIP" else None)
        if outcome.status not in expected.test():
            complaints.insert(0, f"{outcome.status}: {outcome.message.strip()}")
            status = "TIMEOUT" if outcome.status == "TIMEOUT" else "FAIL"
            self._write(outcome, None, status, None)
        elif outcome.status == "OK" and not outcome.subtests:
            complaints.append("ERROR: the test has no subtests")
            self._write(outcome, None, "FAIL", None)
        elif outcome.status == "PRECONDITION_FAILED":
            self._write(outcome, None, "SKIP", outcome.message)
        mark = "FAIL" if complaints else "ok  "
        total = len(outcome.subtests)
        print(f"{mark} {passed}/{total} {outcome.test.id} [{outcome.mode}] {outcome.seconds:.1f} s", file=self.out)
        for complaint in complaints:
            print("     " + complaint.replace("\n", "\n       "), file=self.out)
        self.out.flush()
        if complaints:
            self.unexpected.append((outcome, complaints))

    def _settle(self, subtest: Subtest, wanted: list[str], complaints: list[str]) -> str:
        """The status for the report: what is expected not to pass counts as skipped."""
        if subtest.status not in wanted:
            # A precondition that does not hold is a skip; whether it may be one is decided by a list elsewhere.
            if subtest.status == "PRECONDITION_FAILED":
                return "SKIP"
            text = f"{subtest.status} (expected {' or '.join(wanted)}): {subtest.name}"
            complaints.append("\n".join(part for part in (text, subtest.message, subtest.stack) if part))
            return "TIMEOUT" if subtest.status == "TIMEOUT" else "FAIL"
        if subtest.status == "PASS":
            return "PASS"
        self.known_failures += 1
        return "SKIP"

    def _write(self, outcome: Outcome, subtest: str | None, status: str, known: str | None) -> None:
        self.counts[status] += 1
        if self._file is None:
            return
        name = f"{outcome.test.id} | {subtest} [{outcome.mode}]" if subtest else f"{outcome.test.id} [{outcome.mode}]"
        record: dict[str, object] = {"name": name, "status": status, "ids": ids_of(subtest or "")}
        if known:
            record["known"] = known
        self._file.write(json.dumps(record) + "\n")
        self._file.flush()

    def finish(self) -> int:
        """Print what was unexpected and the closing line; the status of the process."""
        if self.unexpected:
            print(f"\n{len(self.unexpected)} tests with unexpected results:", file=self.out)
        for outcome, complaints in self.unexpected:
            print(f"\n{outcome.test.id} [{outcome.mode}]", file=self.out)
            for complaint in complaints:
                print("  " + complaint.replace("\n", "\n    "), file=self.out)
            if outcome.status in ("CRASH", "TIMEOUT", "ERROR") and outcome.stderr.strip():
                tail = outcome.stderr.strip().replace("\n", "\n    ")
                print(f"  the end of its standard error:\n    {tail}", file=self.out)
            print(f"  again: {rerun(outcome)}", file=self.out)
        if self.known_failures:
            print(f"{self.known_failures} results are not PASS and expected so (wpt-metadata)", file=self.out)
        failed = self.counts["FAIL"] + self.counts["TIMEOUT"]
        print(f"{self.counts['PASS']} passed, {failed} failed, {self.counts['SKIP']} skipped", file=self.out)
        return 1 if self.unexpected else 0


def rerun(outcome: Outcome) -> str:
    """The command that runs just this test again."""
    mode = "--multiprocess" if outcome.multiprocess else "--single-process"
    full = " --full" if "full" in outcome.test.id else ""
    return f"./mach test-wpt {mode}{full} {shlex.quote(outcome.test.id)}"
