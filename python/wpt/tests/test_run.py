# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of the runner with a browser that is a script."""

import io
import json
import os
import stat
import sys
import tempfile
import textwrap
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from wpt import harness, requirements, results, run

# Plays the browser: fetches the page as one would, and prints what the test tells it to.
BROWSER = """\
#!{python}
import http.client, socket, ssl, sys, time, urllib.parse
url = urllib.parse.urlsplit(sys.argv[1])
trusted = ssl.create_default_context(cafile=sys.argv[sys.argv.index("--certificate-path") + 1])
connection = http.client.HTTPConnection(url.hostname, url.port)
plain = socket.create_connection(("127.0.0.1", url.port))
connection.sock = trusted.wrap_socket(plain, server_hostname=url.hostname)
connection.request("GET", url.path)
page = connection.getresponse().read().decode()
assert "testharnessreport.js" in page, page
exec({behaviour!r})
"""
RESULT = 'print("ALERT: RESULT: " + {result!r}, flush=True)\n'


def result(*subtests, status=0):
    """The line of testharnessreport.js."""
    return RESULT.format(result=json.dumps(["/x", status, None, None, list(subtests)]))


class Run(unittest.TestCase):
    """Whole runs."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        root = Path(self.folder.name)
        self.tests, self.metadata, self.results = root / "tests", root / "meta", root / "out" / "wpt.jsonl"
        self.tests.mkdir()
        self.metadata.mkdir()
        (self.tests / "x.https.any.js").write_text("// META: global=window\n")
        for name, value in (("TESTS", self.tests), ("OS_TESTS", root / "os"), ("METADATA", self.metadata)):
            patch = mock.patch.object(harness, name, value)
            patch.start()
            self.addCleanup(patch.stop)
        patch = mock.patch.object(harness, "ensure", lambda: None)
        patch.start()
        self.addCleanup(patch.stop)
        self.addCleanup(self.folder.cleanup)

    def browser(self, behaviour):
        path = Path(self.folder.name) / "browser"
        path.write_text(BROWSER.format(python=sys.executable, behaviour=textwrap.dedent(behaviour)))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def run_with(self, behaviour, *arguments):
        out = io.StringIO()
        binary = self.browser(behaviour)
        with redirect_stdout(out):
            status = run.main(
                ["--binary", str(binary), "--results", str(self.results), "--single-process", *arguments]
            )
        lines = [json.loads(line) for line in self.results.read_text().splitlines()]
        return status, out.getvalue(), lines

    def listed(self, *arguments):
        out = io.StringIO()
        with redirect_stdout(out):
            self.assertEqual(run.main(["--list", *arguments]), 0)
        return out.getvalue().splitlines()

    def test_chunks_are_the_whole_run_and_share_nothing(self):
        for name in "abcde":
            (self.tests / f"{name}.https.any.js").write_text("// META: global=window\n")
        chunks = [self.listed("--total-chunks", "3", "--this-chunk", str(number)) for number in (1, 2, 3)]
        self.assertEqual(sorted(sum(chunks, [])), sorted(self.listed()))
        self.assertEqual([len(chunk) for chunk in chunks], [4, 4, 4])

    def test_a_chunk_that_does_not_exist_is_wrong_usage(self):
        for arguments in (["--this-chunk", "2"], ["--this-chunk", "0"], ["--pref", "dom_x"]):
            with redirect_stderr(io.StringIO()) as error:
                self.assertEqual(run.main(arguments), 2)
            self.assertEqual(error.getvalue().count("\n"), 1, "one line")
            self.assertIn(arguments[0], error.getvalue())

    def test_preferences_reach_the_browser(self):
        behaviour = f"assert sys.argv[-2:] == ['--pref', 'dom_x=true'], sys.argv\n{result(['a', 0, None, None])}"
        status, _, _ = self.run_with(behaviour, "--pref", "dom_x=true")
        self.assertEqual(status, 0)

    def test_passing(self):
        behaviour = result(["TCP-R-01, TASK-02: a name", 0, None, None], ["other", 0, None, None])
        status, out, lines = self.run_with(behaviour)
        self.assertEqual(status, 0, out)
        self.assertEqual(out.splitlines()[-1], "2 passed, 0 failed, 0 skipped")
        self.assertEqual(
            lines[0],
            {
                "name": "/x.https.any.html | TCP-R-01, TASK-02: a name [single]",
                "status": "PASS",
                "ids": ["TASK-02", "TCP-R-01"],
            },
        )

    def test_failing_ends_with_the_command_that_runs_it_again(self):
        status, out, lines = self.run_with(result(["one", 1, "why", "where"], ["two", 4, "cannot", None]))
        self.assertEqual(status, 1)
        self.assertIn("again: ./mach test-wpt --single-process /x.https.any.html", out)
        self.assertIn("why", out)
        self.assertEqual([line["status"] for line in lines], ["FAIL", "SKIP"])
        self.assertEqual(out.splitlines()[-1], "0 passed, 1 failed, 1 skipped")

    def test_expected_failures_are_no_passes(self):
        (self.metadata / "x.https.any.js.ini").write_text("[x.https.any.html]\n  [one]\n    expected: FAIL\n")
        status, out, lines = self.run_with(result(["one", 1, "why", None]))
        self.assertEqual(status, 0, out)
        self.assertEqual(lines[0]["status"], "SKIP")
        status, out, _ = self.run_with(result(["one", 0, None, None]))
        self.assertEqual(status, 1, "a pass that is not expected is reported")

    def test_what_passes_the_second_time_is_named_as_flaky(self):
        again = Path(self.folder.name) / "again"
        good, bad = result(["one", 0, None, None]).strip(), result(["one", 1, "why", None]).strip()
        behaviour = f"import os.path\nif os.path.exists({str(again)!r}):\n    {good}\n"
        behaviour += f"else:\n    open({str(again)!r}, 'w').close()\n    {bad}"
        status, out, lines = self.run_with(behaviour)
        self.assertEqual(status, 0, out)
        self.assertIn("FLAKY: /x.https.any.html [single]", out)
        self.assertIn("why", out)
        self.assertEqual([(line["status"], line["flaky"]) for line in lines], [("PASS", True)])
        self.assertEqual(out.splitlines()[-1], "1 passed, 0 failed, 0 skipped")
        again.unlink()
        status, out, lines = self.run_with(behaviour, "--no-retry")
        self.assertEqual(status, 1, out)
        self.assertEqual([line["status"] for line in lines], ["FAIL"])

    def test_browser_that_dies(self):
        status, out, lines = self.run_with("sys.stderr.write('the last words'); sys.exit(3)")
        self.assertEqual(status, 1)
        self.assertIn("CRASH", out)
        self.assertIn("the last words", out)
        self.assertEqual(lines, [{"name": "/x.https.any.html [single]", "status": "FAIL", "ids": []}])

    def test_status_of_the_browser_counts(self):
        status, out, _ = self.run_with(result(["one", 0, None, None]) + "sys.exit(1)")
        self.assertEqual(status, 1)
        self.assertIn("status 1", out)

    def test_browser_that_hangs_is_ended(self):
        behaviour = 'print(\'ALERT: SUBTEST: ["early", 0]\', flush=True)\ntime.sleep(600)'
        with mock.patch.multiple("wpt.executor", NORMAL=1, START=0):
            status, out, lines = self.run_with(behaviour, "--timeout-multiplier", "1")
        self.assertEqual(status, 1)
        self.assertEqual([line["status"] for line in lines], ["PASS", "TIMEOUT"])

    def test_process_that_outlives_the_browser_is_a_failure(self):
        behaviour = "import subprocess\nsubprocess.Popen(['sleep', '600'])\n" + result(["one", 0, None, None])
        behaviour += "time.sleep(0.5)"
        with mock.patch("wpt.executor.END", 4):
            status, out, _ = self.run_with(behaviour)
        self.assertEqual(status, 1)
        self.assertIn("outlived", out)

    def test_tags_and_modes_select(self):
        (self.metadata / "x.https.any.js.ini").write_text("[x.https.any.html]\n  tags: [full]\n")
        with redirect_stderr(io.StringIO()):
            self.assertEqual(run.main(["--binary", "/bin/true"]), 2, "nothing is left to run")
        status, out, _ = self.run_with(result(["one", 0, None, None]), "--full")
        self.assertEqual(status, 0, out)

    def test_tests_that_end_processes(self):
        (self.tests / "page.html").write_text("testharnessreport.js")
        folder = Path(self.folder.name) / "os"
        folder.mkdir()
        (folder / "x.py").write_text(
            textwrap.dedent(
                """
                from wpt.session import multiprocess_only

                def test_good(launch):
                    \"\"\"LIFE-05: it ends when it is killed\"\"\"
                    session = launch("/page.html")
                    session.line("ready")
                    session.kill(session.browser.pid)
                    assert session.wait() == -9

                def test_bad(launch):
                    \"\"\"it says what never comes\"\"\"
                    session = launch("/page.html")
                    session.line("ready")
                    session.line("never", 0.2)

                @multiprocess_only
                def test_other_mode(launch):
                    raise AssertionError("not in this mode")
                """
            )
        )
        status, out, lines = self.run_with("print('ready', flush=True); time.sleep(600)", "/os/")
        self.assertEqual(status, 1)
        self.assertEqual([line["status"] for line in lines], ["PASS", "FAIL"], out)
        self.assertIn("no line 'never' within 0.2 s; seen: ['ready']", out)

    def test_wrong_usage(self):
        err = io.StringIO()
        with redirect_stderr(err):
            self.assertEqual(run.main(["--binary", "/nonexistent"]), 2)
        self.assertIn("no such binary", err.getvalue())


class Harness(unittest.TestCase):
    """The package with testharness.js."""

    def test_wrong_digest_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "x.tgz"
            archive.write_bytes(b"something else")
            with self.assertRaisesRegex(harness.HarnessError, "SHA-512"):
                harness.unpack(archive, Path(folder) / "out")


class Requirements(unittest.TestCase):
    """The list of what needs a test."""

    def test_ids_are_found_in_names(self):
        found = results.ids_of("IDL-01, TCP-CTOR-02: x (LIFE-03) XPP-01 TCP-R-1")
        self.assertEqual(found, ["IDL-01", "LIFE-03", "TCP-CTOR-02"])

    def test_wanted_ids_are_well_formed(self):
        for name in requirements.wanted():
            self.assertEqual(results.ids_of(name), [name])
        self.assertEqual(len(requirements.wanted()), len(set(requirements.wanted())))

    def test_unit_tests_count_only_for_what_pages_cannot_test(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "a.rs").write_text("fn life_08_x() {}\nfn tcp_r_01_x() {}\n")
            left = requirements.missing([], root)
            self.assertNotIn("LIFE-08", left)
            self.assertIn("TCP-R-01", left)
