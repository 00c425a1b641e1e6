# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tables, JSON, and what is said of globals."""

import json
import tempfile
import unittest
from pathlib import Path

from comparison import report
from comparison.exposure import INTERFACES, Exposure
from comparison.tests.test_verdict import comparison, outcome
from comparison.verdict import Comparison
from wpt.executor import Outcome, Subtest
from wpt.manifest import Test


def named(test_id: str, before: Outcome, after: Outcome) -> Comparison:
    """A comparison of a test with this id."""
    found = comparison([before], [after])
    found.test = Test(test_id, Path(), "window", False, False)
    return found


class Tables(unittest.TestCase):
    """The report of one mode."""

    def test_counts_every_subtest_once(self):
        result = report.Report("single process")
        result.add(named("/streams/piping/a.any.html", outcome(a="PASS", b="FAIL"), outcome(a="PASS", b="FAIL")))
        result.add(named("/streams/piping/b.any.html", outcome(a="PASS"), outcome(a="FAIL")))
        result.add(named("/dom/abort/deep/c.html", outcome(a="FAIL"), outcome(a="PASS")))
        self.assertEqual(result.regressions, 1)
        lines = result.text().splitlines()
        self.assertEqual(
            [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[:5] if "---" not in line],
            [
                ["single process: folder", "tests", "passed in both", "failed in both", "newly passing", "flaky",
                 "regressions"],
                ["dom/abort", "1", "1", "0", "1", "0", "0"],
                ["streams/piping", "2", "3", "1", "0", "0", "1"],
                ["all", "3", "4", "1", "1", "0", "1"],
            ],
        )  # fmt: skip
        self.assertEqual(len({len(line) for line in lines[:5]}), 1)

    def test_tells_of_regressions_and_how_to_see_them_again(self):
        result = report.Report("multiprocess")
        found = named("/streams/a.any.html?x", outcome(a="PASS"), outcome(a="FAIL"))
        found.multiprocess = True
        result.add(found)
        text = result.text()
        self.assertIn("/streams/a.any.html?x | a: PASS -> FAIL", text)
        self.assertIn("message of a", text)
        self.assertIn("./mach compare-streams --multiprocess '/streams/a.any.html?x'", text)

    def test_writes_json(self):
        result = report.Report("single process")
        result.add(named("/streams/a.any.html", outcome(a="PASS"), outcome(a="FAIL")))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "deep/result.json"
            report.write(path, result.record())
            record = json.loads(path.read_text())
        self.assertEqual(record["total"]["regressions"], 1)
        self.assertEqual(
            record["regressions"],
            [{"test": "/streams/a.any.html", "subtest": "a", "before": ["PASS"], "after": ["FAIL"],
              "message": "message of a"}],
        )  # fmt: skip


class Globals(unittest.TestCase):
    """What scripts may find in their globals."""

    THEIRS = ["Array (function of 1)", "Array.from (function of 1)"]
    OURS = [f"{name}{end}" for name in INTERFACES for end in (" (function of 0)", ".prototype.opened (get)")]
    ALLOW = "HTMLIFrameElement.prototype.allow (get set)"

    def judge(self, after: list[str], secure: bool = True, enabled: bool = True, status: str = "OK") -> Exposure:
        """Compare with a browser that has only its own names."""
        test = Test("/exposure/exposure.html?global=window", Path(), "window", secure, False)
        outcomes = [
            Outcome(test, False, status, subtests=[Subtest(name, "PASS") for name in names])
            for names in (self.THEIRS, after)
        ]
        outcomes[0].status = "OK"
        return Exposure("window", secure, enabled, *outcomes).judge()

    def test_the_interfaces_where_they_belong(self):
        found = self.judge([*self.THEIRS, *self.OURS, self.ALLOW])
        self.assertEqual((found.problems, found.interfaces, found.members), ([], list(INTERFACES), 3))
        for secure, enabled in ((True, False), (False, True), (False, False)):
            with self.subTest(secure=secure, enabled=enabled):
                self.assertEqual(self.judge(self.THEIRS, secure, enabled).problems, [])
                problems = self.judge([*self.THEIRS, *self.OURS], secure, enabled).problems
                self.assertEqual(problems, ["has TCPServerSocket TCPSocket UDPSocket where none belong"])

    def test_all_of_them(self):
        problems = self.judge([*self.THEIRS, *self.OURS[:2]]).problems
        self.assertEqual(problems, ["has TCPServerSocket where TCPServerSocket TCPSocket UDPSocket belong"])

    def test_nothing_else(self):
        for name in ("TCPSocketError (function of 0)", "Array.tcp (function of 1)", "x (number)"):
            with self.subTest(name):
                self.assertEqual(self.judge([*self.THEIRS, *self.OURS, name]).problems, [f"new: {name}"])

    def test_the_property_of_frames_goes_with_the_preference(self):
        self.assertEqual(self.judge([*self.THEIRS, self.ALLOW], True, False).problems, [f"new: {self.ALLOW}"])

    def test_nothing_less(self):
        problems = self.judge([self.THEIRS[0], *self.OURS]).problems
        self.assertEqual(problems, ["missing: Array.from (function of 1)"])
        # Another kind of property is another one.
        problems = self.judge(["Array (function of 2)", self.THEIRS[1], *self.OURS]).problems
        self.assertEqual(problems, ["missing: Array (function of 1)", "new: Array (function of 2)"])

    def test_a_page_that_failed_is_a_problem(self):
        self.assertIn("CRASH: ", self.judge([*self.THEIRS, *self.OURS], status="CRASH").problems)

    def test_service_workers_may_be_missing_where_servo_has_none(self):
        for secure, multiprocess, missing in ((True, False, False), (True, True, True), (False, False, True)):
            with self.subTest(secure=secure, multiprocess=multiprocess):
                test = Test("/exposure/exposure.html?global=serviceworker", Path(), "serviceworker", secure, False)
                crash = Outcome(test, multiprocess, "CRASH")
                found = Exposure("serviceworker", secure, True, crash, crash).judge()
                self.assertEqual(not found.problems, missing)
                self.assertEqual(found.row()[1], "not there" if missing else "0")

    def test_the_table_shows_only_the_first_problems(self):
        found = self.judge([*self.THEIRS, *self.OURS, *(f"x{number}" for number in range(report.MOST_PROBLEMS + 5))])
        lines = report.exposure_text("single process", [found]).splitlines()
        self.assertEqual(len(lines), 3 + report.MOST_PROBLEMS + 1)
        self.assertIn("and 5 more", lines[-1])


if __name__ == "__main__":
    unittest.main()
