# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Compares the results of one test in the two browsers, subtest by subtest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

from wpt.executor import Outcome
from wpt.manifest import Test

# The entry for the test as a whole: it passes if the harness came to its end.
WHOLE = "(the test as a whole)"


class Verdict(Enum):
    """What became of one subtest; the value is the heading in tables."""

    PASSED = "passed in both"
    FAILED = "failed in both"
    FIXED = "newly passing"
    FLAKY = "flaky"
    BROKEN = "regressions"


def statuses(outcome: Outcome) -> dict[str, str]:
    """The status of each subtest, and that of the whole. Names that come twice are told apart by a number."""
    found = {WHOLE: "PASS" if outcome.status == "OK" else outcome.status}
    seen: Counter[str] = Counter()
    for subtest in outcome.subtests:
        seen[subtest.name] += 1
        count = seen[subtest.name]
        found[subtest.name if count == 1 else f"{subtest.name} ({count})"] = subtest.status
    return found


def compare(before: dict[str, str], after: dict[str, str]) -> dict[str, Verdict]:
    """The verdict on each subtest after one run in each browser."""
    return {name: judge(before, after, name) for name in {**before, **after}}


def judge(before: dict[str, str], after: dict[str, str], name: str) -> Verdict:
    """The verdict on one subtest."""
    passed_before, passed_after = before.get(name) == "PASS", after.get(name) == "PASS"
    if passed_before:
        return Verdict.PASSED if passed_after else Verdict.BROKEN
    if passed_after:
        return Verdict.FIXED
    # A test that came to its end without this subtest did not need it; one that did not may never have come to it.
    is_new = name not in before and before[WHOLE] == "PASS"
    return Verdict.BROKEN if is_new else Verdict.FAILED


@dataclass
class Entry:
    """One subtest with its verdict and what it rests on: the statuses of all runs."""

    name: str
    verdict: Verdict
    before: list[str]
    after: list[str]
    message: str = ""

    def describe(self) -> str:
        """One line."""
        return f"{self.name}: {' '.join(self.before)} -> {' '.join(self.after)}"


@dataclass
class Comparison:
    """One test in one mode, in both browsers, perhaps several times."""

    test: Test
    multiprocess: bool
    before: list[Outcome] = field(default_factory=list)
    after: list[Outcome] = field(default_factory=list)

    def needs_another_look(self) -> bool:
        """Whether anything differs."""
        first = compare(statuses(self.before[0]), statuses(self.after[0]))
        return bool({Verdict.BROKEN, Verdict.FIXED} & set(first.values()))

    def entries(self) -> list[Entry]:
        """The verdicts after all runs."""
        before, after = [statuses(one) for one in self.before], [statuses(one) for one in self.after]
        found = []
        for name, verdict in compare(before[0], after[0]).items():
            entry = Entry(name, verdict, of(name, before), of(name, after), self._message(name))
            entry.verdict = settle(entry)
            found.append(entry)
        return found

    def _message(self, name: str) -> str:
        """What our browser says about a failure."""
        if name == WHOLE:
            return next((outcome.message for outcome in self.after if outcome.status != "OK"), "")
        for outcome in self.after:
            for subtest in outcome.subtests:
                if subtest.name == name and subtest.status != "PASS":
                    return subtest.message
        return ""


def of(name: str, runs: list[dict[str, str]]) -> list[str]:
    """The statuses of one subtest in all runs."""
    return [run.get(name, "MISSING") for run in runs]


def settle(entry: Entry) -> Verdict:
    """The verdict on a subtest after all runs. What differs only sometimes is flaky.

    One that never passes in our browser and mostly in the other is a regression, even if not always there.
    """
    if entry.verdict not in (Verdict.BROKEN, Verdict.FIXED):
        return entry.verdict
    here, there = entry.after, entry.before
    if entry.verdict is Verdict.BROKEN:
        if "PASS" not in there:
            # It is new, and fails.
            return Verdict.BROKEN if "PASS" not in here else Verdict.FLAKY
        return Verdict.BROKEN if "PASS" not in here and mostly(there) else Verdict.FLAKY
    return Verdict.FIXED if "PASS" not in there and mostly(here) else Verdict.FLAKY


def mostly(statuses: list[str]) -> bool:
    """Whether a subtest passes more often than not."""
    return 2 * statuses.count("PASS") > len(statuses)
