# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of `./mach merge-wpt`: chunks of one run become one result, and others are refused."""

import argparse
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from io import StringIO

from wpt import merging, rawlog
from wpt.rawlog import Run
from wpt.tests.runner import RunnerCase, failing, infos, made, passing, result, write_log

ONE = result(["one", 0, None, None])
# Some pass, one fails always, one has a subtest that only fails.
MIXED = f"""\
if "b.https" in sys.argv[1]:
    {result(["one", 1, "why", None])}
elif "c.https" in sys.argv[1]:
    sys.exit(3)
else:
    {ONE}"""


def merge(*arguments):
    """The status of the verb, what it printed, and its errors."""
    parser = argparse.ArgumentParser()
    merging.add_arguments(parser)
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as error:
        status = merging.run(parser.parse_args([str(argument) for argument in arguments]))
    return status, out.getvalue(), error.getvalue()


class Whole(RunnerCase):
    """Real chunks, compared with one run of everything."""

    def setUp(self):
        super().setUp()
        for name in "abcd":
            self.write_test(name)

    def chunks(self, count, behaviour, *more):
        logs = []
        for number in range(1, count + 1):
            logs.append(self.root / f"{number}.log")
            chunk = ["--total-chunks", str(count), "--this-chunk", str(number)]
            self.run_with(behaviour, *chunk, "--log-raw", str(logs[-1]), *more, mode="--both-modes")
        return logs

    def test_it_ends_as_one_run_of_everything(self):
        logs = self.chunks(3, MIXED)
        one_status, one_out, one_lines = self.run_with(MIXED, mode="--both-modes")
        merged = self.root / "merged.jsonl"
        # The order of the files is not that of the chunks.
        status, out, error = merge(*reversed(logs), "--results", merged)
        self.assertEqual((status, out, error), (one_status, one_out, ""))
        self.assertEqual(status, 1)

        def sortable(lines):
            return sorted(lines, key=json.dumps)

        lines = [json.loads(line) for line in merged.read_text().splitlines()]
        self.assertEqual(sortable(lines), sortable(one_lines))

    def test_all_as_expected_is_status_0(self):
        status, out, _ = merge(*self.chunks(2, ONE))
        self.assertEqual((status, out), (0, "10 passed, 0 failed, 0 skipped\n"))

    def test_flaky_ones_and_rounds(self):
        once = self.root / "once"
        behaviour = f"import os\nif 'a.https' in sys.argv[1] and not os.path.exists({str(once)!r}):\n"
        behaviour += f"    open({str(once)!r}, 'w').close()\n    sys.exit(4)\n{ONE}"
        status, out, _ = merge(*self.chunks(2, behaviour, "--repeat", "2"))
        self.assertEqual(status, 0, out)
        self.assertIn("FLAKY: /a.https.any.html [", out)
        self.assertEqual(out.splitlines()[-1], "20 passed, 0 failed, 0 skipped")

    def test_one_log_comes_of_it_that_can_be_read_again(self):
        logs = self.chunks(3, MIXED)
        merged, page = self.root / "sub" / "merged.log", self.root / "page.html"
        first = merge(*logs, "--log-raw", merged, "--html", page)
        log = rawlog.read(merged)
        self.assertEqual((log.run.total_chunks, log.run.this_chunk), (1, 1))
        self.assertEqual(len(log.tests["/"]), 5)
        actions = [json.loads(line)["action"] for line in merged.read_text().splitlines()]
        self.assertEqual((actions[0], actions[-1]), ("suite_start", "suite_end"))
        self.assertEqual([actions.count(name) for name in ("suite_start", "suite_end", "add_subsuite")], [1, 1, 2])
        self.assertIn("tests unexpected", page.read_text())
        again = merge(merged)
        self.assertEqual((again[0], again[1]), (first[0], first[1].replace(f"report: {page}\n", "")))

    def test_expectations_are_updated_from_all_chunks(self):
        logs = self.chunks(2, MIXED, "--no-retry")
        status, out, error = merge(*logs, "--update-expectations")
        self.assertEqual((status, error), (0, ""), out)
        self.assertEqual(sorted(path.name[0] for path in self.metadata.iterdir()), ["b", "c"])
        self.assertEqual(self.run_with(MIXED, mode="--both-modes")[0], 0)

    def test_verbose(self):
        _, out, _ = merge(*self.chunks(1, ONE), "--log-verbose")
        self.assertIn("ok   1/1 /a.https.any.html [single]\n", out)


class Refusals(RunnerCase):
    """Logs that are not the chunks of one run."""

    def log(self, this=1, total=2, info=None, ended=True, tests=None, **more):
        run = replace(Run(total, this, "digest", 1), **more)
        path = self.root / f"{len(list(self.root.glob('*.log')))}.log"
        return write_log(path, [made(f"/{this}", passing())], run, ended, tests, info)

    def refuse(self, *arguments):
        status, out, error = merge(*arguments)
        self.assertEqual((status, out), (2, ""), error)
        self.assertEqual(error.count("\n"), 1, error)
        return error

    def test_good_logs_are_taken(self):
        other = {mode: info | {"version": "13"} for mode, info in infos(False, True).items()}
        status, out, error = merge(self.log(1), self.log(2, info=other))
        self.assertEqual((status, error), (0, ""), out)

    def test_another_number_of_chunks(self):
        error = self.refuse(self.log(1), self.log(2, total=3))
        self.assertIn("1.log is one of 3 chunks, and", error)

    def test_a_chunk_twice(self):
        self.assertIn("are both chunk 1 of 2", self.refuse(self.log(1), self.log(1)))

    def test_a_chunk_is_missing(self):
        self.assertIn("no log of chunk 1, 3 of 3", self.refuse(self.log(2, total=3)))

    def test_other_runs(self):
        debug = {mode: info | {"debug": False} for mode, info in infos(False, True).items()}
        for more, text in (
            ({"digest": "other"}, "the tests that were chosen"),
            ({"repeat": 2}, "--repeat"),
            ({"prefs": ("a=b",)}, "--pref"),
            ({"info": infos(True)}, "the modes"),
            ({"info": debug}, "the build"),
        ):
            with self.subTest(text):
                error = self.refuse(self.log(1), self.log(2, **more))
                self.assertIn("of different runs", error)
                self.assertIn(text, error)

    def test_runs_that_were_cut_off(self):
        self.assertIn("was cut off", self.refuse(self.log(1, ended=False), self.log(2)))
        error = self.refuse(self.log(1, tests=["/1", "/other"]), self.log(2))
        self.assertIn("1 of 2 tests have no result", error)

    def test_files_that_are_no_logs(self):
        path = self.root / "x.txt"
        path.write_text("hello\n")
        self.assertIn("x.txt:1: not a line of a raw log", self.refuse(path))
        self.assertIn("cannot be read", self.refuse(self.root / "none"))

    def test_a_log_is_not_written_over(self):
        log = self.log(1, total=1)
        self.assertIn("one of the logs to be merged", self.refuse(log, "--log-raw", log))
        self.assertTrue(rawlog.read(log).ended)

    def test_what_was_unexpected_is_told_with_its_reason(self):
        path = write_log(self.root / "x.log", [made("/x", failing("b"))])
        status, out, _ = merge(path)
        self.assertEqual(status, 1)
        self.assertIn("FAIL (expected PASS): b\n    why", out)
        self.assertIn("again: ./mach test-wpt --single-process /x\n", out)
