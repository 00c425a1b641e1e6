# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of the raw log: that results come out as they went in, and that mozlog's own tools understand it."""

import io
import json
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from mozlog import handlers, reader
from mozlog.formatters import ErrorSummaryFormatter, GroupingFormatter, MachFormatter, TbplFormatter

from wpt import rawlog
from wpt.judging import SubtestResult
from wpt.rawlog import RawLogError
from wpt.tests.runner import failing, infos, made, passing, write_log

RESULTS = [
    made(
        "/d/x.https.any.html",
        passing("a"),
        failing("b"),
        SubtestResult("known", "FAIL", ("FAIL",), "m"),
        SubtestResult("intermittent", "FAIL", ("PASS", "FAIL", "TIMEOUT")),
        SubtestResult("skipped", "PRECONDITION_FAILED", ("PASS",), "no IPv6"),
        SubtestResult("known to be skipped", "PRECONDITION_FAILED", ("PRECONDITION_FAILED",)),
        SubtestResult("not run", "NOTRUN", ("PASS", "PRECONDITION_FAILED")),
        SubtestResult("</script>\x00\n\ud83d 😀 é", "PASS"),
        seconds=1.5,
    ),
    made("/d/x.https.any.html", passing("a"), multiprocess=True, problems=("the test has no subtests",)),
    made("/d/x.https.any.html", passing("a"), multiprocess=True, attempt=2, round=3),
    made("/d/y.html?v=1", status="CRASH", message="it ended", expected=("OK", "TIMEOUT"), stderr="a\nb", kind="os"),
    made("/d/z.html", status="TIMEOUT", expected=("TIMEOUT",)),
]


class Log(unittest.TestCase):
    """A log in a folder."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "sub" / "raw.log"

    def items(self):
        return [json.loads(line) for line in self.path.read_text().splitlines()]


class RoundTrip(Log):
    """Writing and reading."""

    def test_everything_comes_out_as_it_went_in(self):
        run = rawlog.Run(3, 2, "digest", 4, ("a=b",))
        write_log(self.path, RESULTS, run)
        found = rawlog.read(self.path)
        self.assertEqual(found.results, RESULTS)
        self.assertEqual(found.run, run)
        self.assertEqual(found.infos, infos(False, True))
        self.assertEqual(found.tests, {"/d": ["/d/x.https.any.html", "/d/y.html?v=1", "/d/z.html"]})
        self.assertTrue(found.ended)

    def test_tests_that_run_at_the_same_time(self):
        log = rawlog.RawLog(self.path)
        single, multi = made("/x", passing("a")), made("/x", failing("b"), multiprocess=True)
        log.start(rawlog.Run(1, 1, "", 1), ["/x"], infos(False, True))
        for one in (single, multi):
            log.start_test(one.test, one.path, one.multiprocess)
        for one in (multi, single):
            log.end_test(one)
        log.end()
        log.close()
        self.assertEqual(rawlog.read(self.path).results, [multi, single])

    def test_a_log_that_was_cut_off(self):
        write_log(self.path, RESULTS[:1], ended=False)
        self.assertFalse(rawlog.read(self.path).ended)


class Format(Log):
    """What others read."""

    def test_actions_and_fields(self):
        write_log(self.path, RESULTS)
        items = self.items()
        self.assertEqual(items[0]["action"], "suite_start")
        self.assertEqual(items[0]["run_info"]["os"], "linux")
        subsuites = [item["name"] for item in items if item["action"] == "add_subsuite"]
        self.assertEqual(subsuites, ["single", "multiprocess"])
        self.assertEqual(items[-1]["action"], "suite_end")
        self.assertTrue(all({"time", "pid", "source", "thread"} <= item.keys() for item in items))
        by_name = {item["subtest"]: item for item in items if item["action"] == "test_status"}
        self.assertNotIn("expected", by_name["a"])
        self.assertEqual((by_name["b"]["expected"], by_name["b"]["message"]), ("PASS", "why"))
        self.assertEqual(by_name["intermittent"]["known_intermittent"], ["FAIL", "TIMEOUT"])
        self.assertIn("PRECONDITION_FAILED", by_name["skipped"]["known_intermittent"])
        # What mozlog does not like, such as a status for a test that does not run, would be such a line as well.
        [error] = [item for item in items if item["action"] == "log"]
        text = "/d/x.https.any.html [multiprocess]: the test has no subtests"
        self.assertEqual((error["level"], error["message"]), ("ERROR", text))

    def test_formatters_of_mozlog_read_it(self):
        write_log(self.path, RESULTS)
        for formatter in (ErrorSummaryFormatter(), MachFormatter(), TbplFormatter(), GroupingFormatter()):
            with self.subTest(type(formatter).__name__):
                out = io.StringIO()
                handler = handlers.StreamHandler(out, formatter)
                with self.path.open() as file:
                    reader.handle_log(reader.read(file, raise_on_error=True), handler)
                self.assertIn("/d/y.html?v=1", out.getvalue())

    def test_by_mozlogs_rules_just_the_unexpected_is_unexpected(self):
        write_log(self.path, RESULTS)
        found = {
            (item["test"], item.get("subtest"))
            for item in self.items()
            # An item has `expected` only if its status is another one.
            if "expected" in item and item["status"] not in item["known_intermittent"]
        }
        self.assertEqual(
            found, {("/d/x.https.any.html", "b"), ("/d/x.https.any.html", "not run"), ("/d/y.html?v=1", None)}
        )


class Refusals(Log):
    """What is no log of ours."""

    def refuse(self, text):
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text(text)
        with self.assertRaises(RawLogError) as caught:
            rawlog.read(self.path)
        self.assertIn(str(self.path), str(caught.exception))
        return str(caught.exception)

    def test_errors_name_file_and_line(self):
        write_log(self.path, RESULTS[:1])
        good = self.path.read_text().splitlines()
        self.assertIn(":2: not a line of a raw log", self.refuse(good[0] + "\n{\n"))
        self.assertIn(":1: not a line of a raw log", self.refuse("[]\n"))
        self.assertIn("no suite_start", self.refuse(""))
        self.assertIn(":1: test_end", self.refuse(good[-2]))
        self.assertIn(":2: test_end: bad", self.refuse(good[0] + "\n" + good[-2]))
        other = json.dumps({"action": "suite_start", "tests": {}})
        self.assertIn("another program", self.refuse(other))

    def test_a_file_that_is_not_there(self):
        with self.assertRaisesRegex(RawLogError, "cannot be read"):
            rawlog.read(self.path)

    def test_without_the_library(self):
        with mock.patch.dict(sys.modules, {"mozlog.formatters": None}):
            with self.assertRaisesRegex(RawLogError, "--log-raw"):
                rawlog.RawLog(self.path)
