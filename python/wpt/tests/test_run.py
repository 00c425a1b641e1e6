# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of whole runs, with a browser that is a script."""

import os
import signal
import subprocess
import sys
import textwrap
import unittest
from pathlib import Path
from unittest import mock

from wpt import rawlog, run
from wpt.executor import Executor
from wpt.oschecks import wait_until
from wpt.server import ServerError
from wpt.tests.runner import RunnerCase, result

ONE = result(["one", 0, None, None])


class Choice(RunnerCase):
    """Which tests run."""

    def test_chunks_are_the_whole_run_and_share_nothing(self):
        for name in "abcde":
            self.write_test(name)
        chunks = [self.listed("--total-chunks", "3", "--this-chunk", str(number)) for number in (1, 2, 3)]
        self.assertEqual(sorted(sum(chunks, [])), sorted(self.listed()))
        self.assertEqual([len(chunk) for chunk in chunks], [4, 4, 4])

    def test_a_chunk_without_tests_is_no_failure(self):
        status, out, lines = self.run_with(ONE, "--total-chunks", "2", "--this-chunk", "2")
        self.assertEqual((status, lines), (0, []))
        self.assertIn("0 passed, 0 failed, 0 skipped", out)

    def test_an_id_is_only_that_test(self):
        self.write_test("x", "// META: variant=\n// META: variant=?full\n// META: global=window\n")
        self.assertEqual(self.listed("--single-process", "/x.https.any.html"), ["/x.https.any.html [single]"])
        self.assertEqual(len(self.listed("--single-process", "x.https.any")), 2)

    def test_files_folders_and_parts_of_ids_choose(self):
        self.write_test("y")
        for wanted in (str(self.tests / "y.https.any.js"), "y.https"):
            self.assertEqual(self.listed("--multiprocess", wanted), ["/y.https.any.html [multiprocess]"])
        self.assertEqual(len(self.listed(str(self.tests))), 4)

    def test_options_may_stand_between_tests(self):
        self.write_test("y")
        self.assertEqual(len(self.listed("/x.https", "--single-process", "/y.https")), 2)

    def test_a_name_that_matches_nothing_is_wrong_usage(self):
        self.assertIn("no test matches 'nothing'", self.refused("--list", "x.https", "nothing"))
        self.assertIn("no test matches", self.refused("--list", "--filter", "nothing"))

    def test_tags_select(self):
        self.ini("[x.https.any.html]\n  tags: [full]\n")
        self.assertIn("no test matches", self.refused("--binary", "/bin/true"))
        status, out, _ = self.run_with(ONE, "--full")
        self.assertEqual(status, 0, out)

    def test_what_is_disabled_in_a_mode_is_no_test_of_it(self):
        self.ini("[x.https.any.html]\n  disabled:\n    if multiprocess: no reason\n")
        self.assertEqual(self.listed(), ["/x.https.any.html [single]"])

    def test_wrong_usage_names_the_option_and_the_value(self):
        for arguments in (
            ["--this-chunk", "2"],
            ["--this-chunk", "0"],
            ["--processes", "0"],
            ["--repeat", "0"],
            ["--timeout-multiplier", "-1"],
            ["--timeout-multiplier", "nan"],
            ["--pref", "dom_x"],
            ["--pref", "=true"],
            ["--tests", "/nonexistent"],
            ["--metadata", "/nonexistent"],
            ["--log-raw", "/"],
            ["--html", "/"],
        ):
            line = self.refused(*arguments)
            self.assertIn(arguments[0], line)
            self.assertIn(arguments[1], line)
        self.assertIn("--update-expectations", self.refused("--remove-intermittent"))
        self.assertIn("no such binary: /nonexistent", self.refused("--binary", "/nonexistent"))
        self.assertIn("--metadata", self.refused("--tests", str(self.tests), "--update-expectations"))

    def test_metadata_that_cannot_be_read_stop_the_run_with_file_and_line(self):
        self.ini("[x.https.any.html]\n  [one]\n    expected: MAYBE\n")
        self.assertIn("x.https.any.js.ini:3", self.refused("--binary", "/bin/true"))

    def test_test_files_that_lie_somewhere(self):
        folder = self.root / "files"
        folder.mkdir()
        (folder / "z.https.html").write_text("<script src=/resources/testharness.js></script>")
        found = ["/direct-sockets/z.https.html [single]"]
        self.assertEqual(self.listed("--wpt", str(folder), "--single-process"), found)
        self.assertIn("--wpt", self.refused("--wpt", str(folder), "--tests", str(folder)))

    def test_checkouts(self):
        servo, wpt = self.root / "servo", self.root / "wpt"
        for root in (servo / "tests" / "wpt" / "tests", wpt):
            for name in ("direct-sockets", "dom"):
                (root / name).mkdir(parents=True)
                (root / name / "z.https.window.js").write_text("")
        meta = servo / "tests" / "wpt" / "meta" / "dom"
        meta.mkdir(parents=True)
        (meta / "z.https.window.js.ini").write_text("[z.https.window.html]\n  disabled: no reason\n")
        for root in (servo, wpt):
            found = self.listed("--wpt", str(root), "--single-process")
            self.assertEqual(found, ["/direct-sockets/z.https.window.html [single]"], "without a name")
        found = self.listed("--wpt", str(wpt), "--single-process", "/dom/z.https.window.html")
        self.assertEqual(found, ["/dom/z.https.window.html [single]"])
        self.assertEqual(self.listed("--wpt", str(wpt), "--single-process", str(wpt / "dom")), found)
        self.assertIn("no test matches", self.refused("--list", "--wpt", str(servo), "/dom/"))

    def test_metadata_that_speak_of_no_test_stop_the_run(self):
        self.ini("[x.https.any.worker.html]\n  expected: TIMEOUT\n")
        self.assertIn("x.https.any.js.ini:1: the file has no test 'x.https.any.worker.html'", self.refused("--list"))
        self.ini("[y.https.any.html]\n  expected: TIMEOUT\n", name="y")
        self.assertIn(", and 1 more", self.refused("--list"))

    def test_other_roots(self):
        other = self.root / "other"
        other.mkdir()
        (other / "z.https.window.js").write_text("")
        self.assertEqual(self.listed("--tests", str(other), "--single-process"), ["/z.https.window.html [single]"])


class Runs(RunnerCase):
    """What runs give."""

    def test_passing(self):
        behaviour = result(["TCP-R-01, TASK-02: a name", 0, None, None], ["other", 0, None, None])
        status, out, lines = self.run_with(behaviour, "--headless")
        self.assertEqual(status, 0, out)
        self.assertEqual(out, "2 passed, 0 failed, 0 skipped\n")
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
        self.assertIn("again: ./mach test-wpt --single-process /x.https.any.html\n", out)
        self.assertIn("FAIL (expected PASS): one\n    why\n    where\n", out)
        self.assertEqual([line["status"] for line in lines], ["FAIL", "SKIP"])
        self.assertEqual(out.splitlines()[-1], "0 passed, 1 failed, 1 skipped")

    def test_the_command_has_what_the_run_had(self):
        self.ini("[x.https.any.html]\n  tags: [full]\n")
        more = ["--full", "--pref", "dom_x=a b", "--query", "seed=5", "--no-retry"]
        _, out, _ = self.run_with(result(["one", 1, None, None]), *more)
        again = "./mach test-wpt --single-process --full --pref 'dom_x=a b' --query seed=5 /x.https.any.html"
        self.assertIn(f"again: {again}\n", out)

    def test_preferences_reach_the_browser_those_of_metadata_first(self):
        self.ini("[x.https.any.html]\n  prefs: [dom_y:1]\n")
        behaviour = f"assert sys.argv[-4:] == ['--pref', 'dom_y=1', '--pref', 'dom_x=true'], sys.argv\n{ONE}"
        status, out, _ = self.run_with(behaviour, "--pref", "dom_x=true")
        self.assertEqual(status, 0, out)

    def test_expected_failures_are_no_passes(self):
        self.ini("[x.https.any.html]\n  [one]\n    expected: FAIL\n")
        status, out, lines = self.run_with(result(["one", 1, "why", None]))
        self.assertEqual(status, 0, out)
        self.assertEqual(lines[0]["status"], "SKIP")
        self.assertIn("1 results are not PASS and expected so", out)
        status, out, _ = self.run_with(ONE)
        self.assertEqual(status, 1, "a pass that is not expected is reported")
        self.assertIn("PASS (expected FAIL): one", out)

    def test_conditions_on_the_mode(self):
        self.ini("[x.https.any.html]\n  [one]\n    expected:\n      if multiprocess: FAIL\n")
        behaviour = f"if '--multiprocess' in sys.argv:\n    {result(['one', 1, 'why', None])}else:\n    {ONE}"
        status, out, lines = self.run_with(behaviour, mode="--both-modes")
        self.assertEqual(status, 0, out)
        self.assertEqual(sorted(line["status"] for line in lines), ["PASS", "SKIP"])

    def test_metadata_of_a_subtest_that_does_not_exist(self):
        self.ini("[x.https.any.html]\n  [gone]\n    expected: FAIL\n")
        status, out, lines = self.run_with(ONE)
        self.assertEqual(status, 1)
        self.assertIn("wpt-metadata speaks of a subtest that does not exist: 'gone'", out)
        self.assertEqual([line["status"] for line in lines], ["PASS", "FAIL"])

    def test_a_script_that_is_missing(self):
        self.write_test("x", "// META: global=window\n// META: script=resources/none.js\n")
        status, out, _ = self.run_with(ONE)
        self.assertEqual(status, 1)
        self.assertIn("META: script=resources/none.js: no such file", out)
        (self.tests / "resources").mkdir()
        (self.tests / "resources" / "none.js").write_text("")
        self.assertEqual(self.run_with(ONE)[0], 0)

    def test_what_passes_the_second_time_is_named_as_flaky(self):
        again = self.root / "again"
        good, bad = ONE.strip(), result(["one", 1, "why", None]).strip()
        behaviour = f"import os.path\nif os.path.exists({str(again)!r}):\n    {good}\n"
        behaviour += f"else:\n    open({str(again)!r}, 'w').close()\n    {bad}"
        status, out, lines = self.run_with(behaviour)
        self.assertEqual(status, 0, out)
        self.assertIn("FLAKY: /x.https.any.html [single]", out)
        self.assertIn("why", out)
        self.assertEqual([(line["status"], line["flaky"]) for line in lines], [("PASS", True)])
        self.assertTrue(lines[0]["detail"].startswith("flaky"), "./mach test names it")
        self.assertEqual(out.splitlines()[-1], "1 passed, 0 failed, 0 skipped")
        again.unlink()
        status, out, lines = self.run_with(behaviour, "--no-retry")
        self.assertEqual(status, 1, out)
        self.assertEqual([line["status"] for line in lines], ["FAIL"])

    def test_repeated_until_unexpected(self):
        count = self.root / "count"
        behaviour = f"open({str(count)!r}, 'a').write('x')\n{ONE}"
        status, out, lines = self.run_with(behaviour, "--repeat", "3", "--until-unexpected")
        self.assertEqual((status, len(lines), count.read_text()), (0, 3, "xxx"), out)
        status, out, lines = self.run_with("sys.exit(1)", "--repeat", "3", "--until-unexpected", "--no-retry")
        self.assertEqual((status, len(lines)), (1, 1), out)

    def test_browser_that_dies(self):
        status, out, lines = self.run_with("sys.stderr.write('the last \\x1b[31mwords'); sys.exit(3)")
        self.assertEqual(status, 1)
        self.assertIn("CRASH: the browser ended without a result", out)
        self.assertIn("the last \\x1b[31mwords", out, "without what commands the terminal")
        [line] = lines
        self.assertEqual((line["name"], line["status"]), ("/x.https.any.html [single]", "FAIL"))
        self.assertIn("CRASH", line["detail"])

    def test_status_of_the_browser_counts(self):
        status, out, _ = self.run_with(ONE + "sys.exit(1)")
        self.assertEqual(status, 1)
        self.assertIn("status 1", out)

    def test_browser_that_hangs_is_ended(self):
        behaviour = 'print(\'ALERT: SUBTEST: ["early", 0]\', flush=True)\ntime.sleep(600)'
        with mock.patch.multiple("wpt.executor", NORMAL=1, START=0):
            status, out, lines = self.run_with(behaviour, "--timeout-multiplier", "1", "--no-retry")
        self.assertEqual(status, 1)
        self.assertIn("TIMEOUT: no result within 1 s", out)
        self.assertEqual([line["status"] for line in lines], ["PASS", "TIMEOUT"])

    def test_process_that_outlives_the_browser_is_a_failure(self):
        behaviour = "import subprocess\nsubprocess.Popen(['sleep', '600'])\n" + ONE
        behaviour += "time.sleep(0.5)"
        with mock.patch("wpt.executor.END", 4):
            status, out, _ = self.run_with(behaviour, "--no-retry")
        self.assertEqual(status, 1)
        self.assertIn("outlived", out)

    def test_an_error_of_the_runner_loses_one_test_only(self):
        self.write_test("y")
        real = Executor.run

        def fails_once(executor, test, multiprocess, prefs=()):
            if "y.https" in test.id:
                raise OSError("no more descriptors")
            return real(executor, test, multiprocess, prefs)

        with mock.patch.object(Executor, "run", fails_once):
            status, out, lines = self.run_with(ONE, "--no-retry")
        self.assertEqual(status, 1)
        self.assertIn("ERROR: the runner failed", out)
        self.assertIn("no more descriptors", out)
        self.assertEqual([line["status"] for line in lines], ["PASS", "FAIL"])

    def test_without_a_web_server_nothing_runs(self):
        for name in "abc":
            self.write_test(name)
        with mock.patch("wpt.executor.Server", side_effect=ServerError("it did not start")) as started:
            self.assertEqual(self.refused("--binary", str(self.browser(ONE)), status=1), "it did not start\n")
        self.assertEqual(started.call_count, 1, "it is not tried for each test")
        with mock.patch("importlib.util.find_spec", return_value=None):
            self.assertIn("./mach test-wpt", self.refused("--binary", str(self.browser(ONE))))

    def test_tests_that_end_processes(self):
        (self.tests / "page.html").write_text("testharnessreport.js")
        folder = self.root / "os"
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
        status, out, lines = self.run_with("print('ready', flush=True); time.sleep(600)", "/os/", "--no-retry")
        self.assertEqual(status, 1)
        self.assertEqual([line["status"] for line in lines], ["PASS", "FAIL"], out)
        self.assertIn("no line 'never' within 0.2 s; seen: ['ready']", out)


class Served(RunnerCase):
    """With the real web server."""

    serves = True

    def test_the_browser_gets_the_page(self):
        status, out, _ = self.run_with(ONE)
        self.assertEqual(status, 0, out)


class Reports(RunnerCase):
    """What is written besides."""

    def test_verbose_is_a_line_for_each_test(self):
        status, out, _ = self.run_with(ONE, "--log-verbose")
        self.assertEqual(status, 0)
        self.assertRegex(out.splitlines()[0], r"^ok   1/1 /x\.https\.any\.html \[single\] \d+\.\d s$")

    def test_raw_log_and_page(self):
        raw, page = self.root / "a" / "raw.log", self.root / "b" / "page.html"
        status, out, _ = self.run_with(result(["one", 1, "why", None]), "--log-raw", str(raw), "--html", str(page))
        self.assertEqual(status, 1)
        log = rawlog.read(raw)
        self.assertEqual([one.attempt for one in log.results], [1, 2])
        self.assertTrue(log.ended)
        self.assertEqual(log.tests, {"/": ["/x.https.any.html"]})
        self.assertIn("1 test unexpected", page.read_text())
        self.assertIn(f"report: {page}", out)

    def test_update_of_expectations(self):
        status, out, _ = self.run_with(result(["one", 1, "why", None]), "--update-expectations", "--no-retry")
        self.assertEqual(status, 0, out)
        ini = self.metadata / "x.https.any.js.ini"
        self.assertIn(f"changed: {ini}", out)
        self.assertIn("[one]", ini.read_text())
        self.assertEqual(self.run_with(result(["one", 1, "why", None]))[0], 0, "now it is expected")
        status, out, _ = self.run_with(ONE, "--update-expectations", "--no-retry")
        self.assertEqual(status, 0)
        self.assertIn(f"removed: {ini}", out)
        self.assertFalse(ini.exists())

    def test_what_differs_between_attempts_becomes_intermittent(self):
        again = self.root / "again"
        behaviour = f"import os\nif os.path.exists({str(again)!r}):\n    {ONE}"
        behaviour += f"else:\n    open({str(again)!r}, 'w').close()\n    {result(['one', 1, 'why', None])}"
        self.assertEqual(self.run_with(behaviour, "--update-expectations")[0], 0)
        self.assertIn("expected: [PASS, FAIL]", (self.metadata / "x.https.any.js.ini").read_text())

    def test_an_interrupted_run_says_so_and_starts_nothing_more(self):
        for name in "abcdefgh":
            self.write_test(name)
        started = self.root / "started"
        raw = self.root / "raw.log"
        binary = self.browser(f"open({str(started)!r}, 'a').write('x')\ntime.sleep(600)")
        script = textwrap.dedent(
            """
            import signal
            import sys
            from pathlib import Path
            from unittest import mock
            from wpt import harness, run
            from wpt.tests.runner import NoServer
            # Whoever runs the tests in the background may have it ignored.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            harness.TESTS, harness.OS_TESTS, harness.METADATA = (Path(name) for name in sys.argv[1:4])
            harness.ensure = lambda: None
            with mock.patch("wpt.executor.Server", NoServer):
                sys.exit(run.main(sys.argv[4:]))
            """
        )
        places = [self.tests, self.root / "os", self.metadata]
        options = ["--binary", binary, "--results", self.results, "--log-raw", raw, "--single-process"]
        child = subprocess.Popen(
            [sys.executable, "-c", script, *map(str, [*places, *options])],
            env={**os.environ, "PYTHONPATH": str(Path(run.__file__).resolve().parents[1])},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            self.assertTrue(wait_until(lambda: started.exists() or child.poll() is not None, 60))
            os.killpg(child.pid, signal.SIGINT)
            out, error = child.communicate(timeout=60)
        finally:
            child.kill()
            child.wait()
        self.assertEqual(child.returncode, 130, out + error)
        self.assertIn("interrupted after 0 of 9 tests", error)
        self.assertEqual(started.read_text(), "x", "no other test was started")
        self.assertFalse(rawlog.read(raw).ended)


class Modes(unittest.TestCase):
    """Run infos."""

    def test_a_release_build_is_known_by_its_folder(self):
        for folder, debug in (("debug", True), ("release", False)):
            options = mock.Mock(binary=Path("/x") / folder / "shell", modes=[True])
            self.assertEqual(run.infos_of(options)[True]["debug"], debug)
            self.assertIs(run.infos_of(options)[True]["multiprocess"], True)
