# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of how results are compared with expectations, counted and told."""

import io
import json
import tempfile
import unittest
from pathlib import Path

from wpt import judging
from wpt.judging import SubtestResult
from wpt.results import Lines, Report, Settled
from wpt.tests.runner import failing, made, passing


class Subtests(unittest.TestCase):
    """One subtest."""

    def test_verdicts(self):
        for status, expected, verdict, unexpected in (
            ("PASS", ("PASS",), "PASS", False),
            ("FAIL", ("PASS",), "FAIL", True),
            ("TIMEOUT", ("PASS",), "TIMEOUT", True),
            ("NOTRUN", ("PASS",), "FAIL", True),
            ("PASS", ("FAIL",), "FAIL", True),
            ("FAIL", ("FAIL",), "SKIP", False),
            ("FAIL", ("PASS", "FAIL"), "SKIP", False),
            ("PASS", ("FAIL", "PASS"), "PASS", False),
            ("PRECONDITION_FAILED", ("PASS",), "SKIP", False),
            ("PRECONDITION_FAILED", ("PRECONDITION_FAILED",), "SKIP", False),
        ):
            with self.subTest(status=status, expected=expected):
                found = SubtestResult("x", status, expected)
                self.assertEqual((found.verdict, found.unexpected), (verdict, unexpected))

    def test_a_complaint_has_the_reason(self):
        self.assertEqual(failing("x").complaint(), "FAIL (expected PASS): x\nwhy\nwhere")
        self.assertEqual(
            SubtestResult("x", "PASS", ("FAIL", "TIMEOUT")).complaint(), "PASS (expected FAIL or TIMEOUT): x"
        )


class Tests(unittest.TestCase):
    """One test."""

    def test_status_of_the_whole(self):
        for status, expected, unexpected in (
            ("OK", ("OK",), False),
            ("CRASH", ("OK",), True),
            ("CRASH", ("OK", "CRASH"), False),
            ("OK", ("TIMEOUT",), True),
            ("PRECONDITION_FAILED", ("OK",), True),
            ("PRECONDITION_FAILED", ("PRECONDITION_FAILED",), False),
        ):
            with self.subTest(status=status, expected=expected):
                found = made("/x", passing(), status=status, expected=expected)
                self.assertEqual(found.unexpected, unexpected)
                self.assertEqual(bool(found.complaints()), unexpected)

    def test_what_testharness_leaves_out_is_said(self):
        for result, text in (
            (made("/x", status="TIMEOUT"), "TIMEOUT: the time limit of testharness.js has passed, and no subtest was"),
            (made("/x", passing(), status="TIMEOUT"), "TIMEOUT: the time limit of testharness.js has passed"),
            (made("/x", status="CRASH", message=" it ended\n"), "CRASH: it ended"),
            (made("/x", expected=("TIMEOUT",)), "OK (expected TIMEOUT)"),
        ):
            self.assertTrue(result.complaints()[0].startswith(text), result.complaints())
            self.assertFalse(result.complaints()[0].endswith(": "))

    def test_problems_of_a_list_of_subtests(self):
        self.assertEqual(judging.problems("OK", ["a", "b"], ["a"]), [])
        self.assertEqual(judging.problems("OK", [], []), ["the test has no subtests"])
        self.assertEqual(judging.problems("OK", ["a", "a"], []), ["2 subtests have the name 'a'"])
        [text] = judging.problems("OK", ["a"], ["b"])
        self.assertIn("wpt-metadata speaks of a subtest that does not exist: 'b'", text)
        for status in ("TIMEOUT", "CRASH", "ERROR"):
            self.assertEqual(judging.problems(status, [], ["b"]), [], "it may have been on its way there")

    def test_a_problem_is_red(self):
        found = made("/x", passing(), problems=("the test has no subtests",))
        self.assertTrue(found.unexpected)
        self.assertEqual([record["status"] for record in found.records()], ["PASS", "FAIL"])

    def test_records(self):
        known = SubtestResult("TCP-R-01: known", "FAIL", ("FAIL",), "why")
        skipped = SubtestResult("no IPv6", "PRECONDITION_FAILED", message="there is no IPv6")
        records = made("/x", passing("IDL-01: a"), failing("b"), known, skipped).records()
        self.assertEqual(
            records,
            [
                {"name": "/x | IDL-01: a [single]", "status": "PASS", "ids": ["IDL-01"]},
                {"name": "/x | b [single]", "status": "FAIL", "ids": [], "detail": "why"},
                {"name": "/x | TCP-R-01: known [single]", "status": "SKIP", "ids": ["TCP-R-01"], "known": "FAIL"},
                {
                    "name": "/x | no IPv6 [single]",
                    "status": "SKIP",
                    "ids": [],
                    "known": "PRECONDITION_FAILED",
                    "detail": "there is no IPv6",
                },
            ],
        )

    def test_a_subtest_without_a_name_is_not_the_test(self):
        [record] = made("/x", failing("")).records()
        self.assertEqual(record["name"], "/x |  [single]")

    def test_texts_of_pages_command_nothing(self):
        text = judging.plain("a\x1b[2J\r\x07\u202eb\tc\nd\ud800é")
        self.assertEqual(text, "a\\x1b[2J\\x0d\\x07\\x202eb\tc\nd\\xd800é")


class Summing(unittest.TestCase):
    """The report of a run."""

    def printed(self, report):
        out = io.StringIO()
        report.finish(out)
        return out.getvalue()

    def test_only_the_unexpected_is_told_in_order_of_names(self):
        report = Report()
        report.settle(made("/z", failing()))
        report.settle(made("/good", passing()))
        report.settle(made("/a", status="CRASH", stderr="last words"))
        text = self.printed(report)
        self.assertLess(text.index("\n/a [single]"), text.index("\n/z [single]"))
        self.assertNotIn("/good", text)
        self.assertIn("2 tests with unexpected results:", text)
        self.assertIn("the end of its standard error:\n    last words", text)
        self.assertEqual(text.splitlines()[-1], "1 passed, 2 failed, 0 skipped")
        self.assertEqual(report.status, 1)

    def test_nothing_but_the_closing_line_when_all_is_well(self):
        report = Report()
        report.settle(made("/good", passing()))
        self.assertEqual(self.printed(report), "1 passed, 0 failed, 0 skipped\n")
        self.assertEqual(report.status, 0)

    def test_flaky_is_named_and_not_red(self):
        report = Report()
        report.settle(made("/x", passing("a"), passing("b"), attempt=2), made("/x", passing("a"), failing("b")))
        text = self.printed(report)
        self.assertIn("FLAKY: /x [single]\n  FAIL (expected PASS): b\n", text)
        self.assertEqual(text.splitlines()[-1], "2 passed, 0 failed, 0 skipped")
        self.assertEqual(report.status, 0)

    def test_what_fails_twice_is_told_once_as_it_failed_last(self):
        report = Report()
        report.settle(made("/x", failing("second"), attempt=2), made("/x", failing("first")))
        text = self.printed(report)
        self.assertIn("second", text)
        self.assertNotIn("first", text)
        self.assertEqual(report.status, 1)
        self.assertEqual(len(report.seen), 2)

    def test_a_round_is_named(self):
        report = Report()
        report.settle(made("/x", failing(), round=3))
        self.assertIn("/x [single] in round 3\n", self.printed(report))

    def test_lines(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a" / "lines"
            with Lines(path) as lines:
                crashed = made("/x", status="CRASH")
                lines.write(Settled(made("/x", passing("a"), passing("b"), attempt=2), crashed))
                first = made("/y", passing("a"), failing("b"))
                lines.write(Settled(made("/y", passing("a"), passing("b"), attempt=2), first))
            found = [json.loads(line) for line in path.read_text().splitlines()]
        self.assertTrue(all(line["flaky"] for line in found))
        self.assertEqual(["detail" in line for line in found], [True, False, False, True])
