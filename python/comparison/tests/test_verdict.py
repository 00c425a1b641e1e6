# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The logic of comparing, on results that are made up."""

import unittest
from pathlib import Path

from comparison.verdict import WHOLE, Comparison, Verdict
from wpt.executor import Outcome, Subtest
from wpt.manifest import Test

TEST = Test("/streams/piping/a.any.html", Path("a.any.js"), "window", False, False)


def outcome(status: str = "OK", **subtests: str) -> Outcome:
    """An outcome with these subtests."""
    found = [Subtest(name, value, f"message of {name}") for name, value in subtests.items()]
    return Outcome(TEST, False, status, f"message of {status}", found)


def comparison(before: list[Outcome], after: list[Outcome]) -> Comparison:
    """Runs in both browsers."""
    return Comparison(TEST, False, before, after)


def verdicts(before: list[Outcome], after: list[Outcome]) -> dict[str, Verdict]:
    """The verdict on each subtest."""
    return {entry.name: entry.verdict for entry in comparison(before, after).entries()}


class OneRun(unittest.TestCase):
    """What one run in each browser says."""

    def check(self, before: Outcome, after: Outcome, **wanted: Verdict):
        """Compare the verdicts, that on the whole aside."""
        found = verdicts([before], [after])
        found.pop(WHOLE)
        self.assertEqual(found, wanted)

    def test_the_same(self):
        same = outcome(a="PASS", b="FAIL")
        self.check(same, outcome(a="PASS", b="FAIL"), a=Verdict.PASSED, b=Verdict.FAILED)
        self.assertFalse(comparison([same], [same]).needs_another_look())

    def test_another_way_to_fail_is_no_regression(self):
        self.check(outcome(a="FAIL", b="NOTRUN"), outcome(a="TIMEOUT", b="FAIL"), a=Verdict.FAILED, b=Verdict.FAILED)

    def test_newly_failing_and_newly_passing(self):
        before, after = outcome(a="PASS", b="FAIL", c="PASS"), outcome(a="TIMEOUT", b="PASS", c="PASS")
        self.check(before, after, a=Verdict.BROKEN, b=Verdict.FIXED, c=Verdict.PASSED)
        self.assertTrue(comparison([before], [after]).needs_another_look())

    def test_one_that_is_gone_is_a_regression_if_it_passed(self):
        self.check(outcome(a="PASS", b="FAIL"), outcome(), a=Verdict.BROKEN, b=Verdict.FAILED)

    def test_a_new_one_that_fails_is_a_regression(self):
        self.check(outcome(a="PASS"), outcome(a="PASS", b="FAIL"), a=Verdict.PASSED, b=Verdict.BROKEN)

    def test_unless_the_other_browser_never_came_to_it(self):
        for status in ("TIMEOUT", "CRASH", "ERROR"):
            with self.subTest(status):
                self.check(outcome(status), outcome(a="FAIL", b="PASS"), a=Verdict.FAILED, b=Verdict.FIXED)

    def test_subtests_of_one_name_are_told_apart(self):
        def twice(first: str, second: str) -> Outcome:
            return Outcome(TEST, False, subtests=[Subtest("a", first), Subtest("a", second)])

        found = verdicts([twice("PASS", "PASS")], [twice("PASS", "FAIL")])
        self.assertEqual(found, {WHOLE: Verdict.PASSED, "a": Verdict.PASSED, "a (2)": Verdict.BROKEN})

    def test_the_whole_counts(self):
        for status in ("TIMEOUT", "CRASH", "ERROR", "PRECONDITION_FAILED"):
            with self.subTest(status):
                found = comparison([outcome()], [outcome(status)])
                self.assertTrue(found.needs_another_look())
                (entry,) = found.entries()
                self.assertEqual((entry.name, entry.verdict), (WHOLE, Verdict.BROKEN))
                self.assertEqual(entry.message, f"message of {status}")
        self.assertEqual(verdicts([outcome("CRASH")], [outcome()]), {WHOLE: Verdict.FIXED})
        self.assertEqual(verdicts([outcome("CRASH")], [outcome("TIMEOUT")]), {WHOLE: Verdict.FAILED})


class SeveralRuns(unittest.TestCase):
    """What differs is run again."""

    def verdict(self, before: str, after: str) -> Verdict:
        """The verdict on a subtest that passes (+), fails (-) or is missing (o) in these runs."""

        def runs(marks: str) -> list[Outcome]:
            status = {"+": "PASS", "-": "FAIL"}
            return [outcome(**({"a": status[mark]} if mark in status else {})) for mark in marks]

        return verdicts(runs(before), runs(after))["a"]

    def test_what_is_always_so_is_settled(self):
        self.assertIs(self.verdict("+++", "---"), Verdict.BROKEN)
        self.assertIs(self.verdict("+++", "ooo"), Verdict.BROKEN)
        self.assertIs(self.verdict("---", "+++"), Verdict.FIXED)
        self.assertIs(self.verdict("ooo", "---"), Verdict.BROKEN)

    def test_what_passes_once_here_is_flaky(self):
        self.assertIs(self.verdict("+++", "-+-"), Verdict.FLAKY)
        self.assertIs(self.verdict("+++", "-++"), Verdict.FLAKY)
        self.assertIs(self.verdict("ooo", "-+-"), Verdict.FLAKY)

    def test_what_never_passes_here_and_mostly_there_is_a_regression(self):
        self.assertIs(self.verdict("+-+", "---"), Verdict.BROKEN)
        self.assertIs(self.verdict("+--", "---"), Verdict.FLAKY)

    def test_what_passes_there_sometimes_is_not_fixed(self):
        self.assertIs(self.verdict("-+-", "+++"), Verdict.FLAKY)
        self.assertIs(self.verdict("---", "+--"), Verdict.FLAKY)
        self.assertIs(self.verdict("---", "++-"), Verdict.FIXED)

    def test_what_is_equal_at_first_stays_so(self):
        # Only what differs makes a test run again; its other subtests are not judged anew.
        self.assertIs(self.verdict("++-", "+--"), Verdict.PASSED)

    def test_the_entry_tells_all_runs(self):
        runs = [outcome(a="PASS"), outcome(a="PASS")]
        entry = comparison(runs, [outcome(a="FAIL"), outcome()]).entries()[1]
        self.assertEqual(entry.describe(), "a: PASS PASS -> FAIL MISSING")
        self.assertEqual(entry.message, "message of a")


if __name__ == "__main__":
    unittest.main()
