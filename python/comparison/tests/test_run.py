# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Whole comparisons, with browsers that are scripts."""

import argparse
import json
import stat
import sys
import tempfile
import textwrap
import unittest
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from unittest import mock

from comparison import exposure, run
from mach_support.log import Failure

# Plays a browser: fetches the page as one would, counts its runs, and prints what the test wants of it.
BROWSER = """\
#!{python}
import http.client, json, os, pathlib, socket, ssl, sys
from urllib.parse import parse_qs, urlsplit
url = urlsplit(sys.argv[1])
hosts = pathlib.Path(os.environ["HOST_FILE"]).read_text()
assert "127.0.0.1 " + url.hostname in hosts, hosts
connection = http.client.HTTPConnection(url.hostname, url.port)
connection.sock = socket.create_connection(("127.0.0.1", url.port))
if url.scheme == "https":
    trusted = ssl.create_default_context(cafile=sys.argv[sys.argv.index("--certificate-path") + 1])
    connection.sock = trusted.wrap_socket(connection.sock, server_hostname=url.hostname)
connection.request("GET", url.path)
assert connection.getresponse().status == 200, url
log = pathlib.Path({folder!r}) / "runs"
with log.open("a") as file:
    file.write(url.path + " " + " ".join(sys.argv[2:]) + "\\n")
run = log.read_text().count(url.path + " ")
def result(status=0, **subtests):
    results = [[name, 0 if passed else 1, None, None] for name, passed in subtests.items()]
    print("ALERT: RESULT: " + json.dumps([url.path, status, None, None, results]), flush=True)
prefs = sys.argv[2:]
kind = parse_qs(url.query).get("global", [""])[0]
{behaviour}
"""
GOOD = "result(a=True, b=False)"


class Run(unittest.TestCase):
    """A tree with a test or two, and two browsers."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name, text in (
            ("wpt/resources/testharness.js", ""),
            ("wpt/resources/webidl2/lib/webidl2.js", ""),
            ("wpt/streams/x.any.js", "// META: global=window,dedicatedworker\n"),
            ("wpt/dom/abort/y.html", '<script src="/resources/testharness.js"></script>'),
        ):
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        patch = mock.patch.object(run, "FIXTURES", self.root / "fixtures")
        patch.start()
        self.addCleanup(patch.stop)

    def browser(self, name: str, behaviour: str) -> Path:
        """A browser, in a folder of its own."""
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        path = folder / "browser"
        path.write_text(
            BROWSER.format(python=sys.executable, folder=str(folder), behaviour=textwrap.dedent(behaviour))
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def runs(self, name: str) -> list[str]:
        """The pages that a browser has seen, with its options."""
        return sorted((self.root / name / "runs").read_text().splitlines())

    def compare(self, before: str, after: str, *arguments: str, exposure: bool = False) -> tuple[int, str]:
        """The status and the output."""
        parser = argparse.ArgumentParser()
        run.add_arguments(parser)
        binaries = ["--unpatched-binary", str(self.browser("before", before))]
        binaries += ["--binary", str(self.browser("after", after))]
        rest = ["--wpt", str(self.root / "wpt"), "--results", str(self.root / "result.json")]
        options = parser.parse_args(
            [*binaries, *rest, "--processes", "1", *([] if exposure else ["--no-exposure"]), *arguments]
        )
        output = StringIO()
        with redirect_stdout(output), redirect_stderr(StringIO()):
            status = run.run(options)
        return status, output.getvalue()

    def record(self) -> dict:
        """The JSON file."""
        return json.loads((self.root / "result.json").read_text())

    def test_no_difference(self):
        status, text = self.compare(GOOD, GOOD, "--processes", "2")
        self.assertEqual(status, 0, text)
        self.assertIn("0 regressions", text)
        total = self.record()["modes"]["single process"]["total"]
        self.assertEqual(total, {"tests": 3, "passed in both": 6, "failed in both": 3})
        # Nothing differs, so nothing ran again.
        self.assertEqual(len(self.runs("before")), 3)
        self.assertEqual(len(self.runs("after")), 3)

    def test_a_regression_is_run_again_and_told(self):
        status, text = self.compare(GOOD, 'result(a="abort" in url.path, b=False)', "--reruns", "1")
        self.assertEqual(status, 1)
        self.assertIn("2 regressions", text)
        self.assertIn("/streams/x.any.html | a: PASS PASS -> FAIL FAIL", text)
        self.assertIn("again: ./mach compare-streams --single-process /streams/x.any.worker.html", text)
        self.assertEqual(len(self.runs("before")), 5)
        found = self.record()["modes"]["single process"]["regressions"]
        self.assertEqual([entry["test"] for entry in found], ["/streams/x.any.html", "/streams/x.any.worker.html"])

    def test_a_crash_is_a_regression(self):
        status, text = self.compare(GOOD, "sys.exit(1)", "dom/abort", "--reruns", "0")
        self.assertEqual(status, 1)
        self.assertIn("(the test as a whole): PASS -> CRASH", text)
        self.assertIn("a: PASS -> MISSING", text)

    def test_what_fails_only_at_first_is_flaky(self):
        status, text = self.compare(GOOD, "result(a=run > 1, b=False)", "streams/x.any.html")
        self.assertEqual(status, 0)
        self.assertIn("/streams/x.any.html | a: PASS PASS PASS -> FAIL PASS PASS", text)
        self.assertIn("flaky (single process):", text)

    def test_modes(self):
        status, text = self.compare(GOOD, GOOD, "--both-modes", "/streams/x.any.html")
        self.assertEqual(status, 0, text)
        self.assertEqual(list(self.record()["modes"]), ["single process", "multiprocess"])
        for name in ("before", "after"):
            plain, multiple = self.runs(name)
            self.assertEqual(multiple, f"{plain} --multiprocess")

    def test_what_scripts_find(self):
        patch = mock.patch.object(exposure, "KINDS", ("window",))
        patch.start()
        self.addCleanup(patch.stop)
        ours = f"""
            on = "dom_direct_sockets_enabled=true" in prefs and url.scheme == "https"
            sockets = ["TCPSocket", "TCPServerSocket", "UDPSocket"] if on else []
            if kind:
                result(**{{name: True for name in ["Array", *sockets]}})
            else:
                {GOOD}
        """
        theirs = f"result(Array=True) if kind else {GOOD}"
        status, text = self.compare(theirs, ours, "dom/abort", exposure=True)
        self.assertEqual(status, 0, text)
        self.assertIn("TCPServerSocket TCPSocket UDPSocket", text)
        exposed = self.record()["modes"]["single process"]["exposure"][0]
        wanted = {"names": 1, "interfaces": list(exposure.INTERFACES), "members": 0, "problems": []}
        self.assertEqual(exposed, {"global": "window, secure, preference on", **wanted})
        status, text = self.compare(theirs, theirs, "dom/abort", exposure=True)
        self.assertEqual(status, 1)
        self.assertIn("0 regressions, 1 problems with what is exposed", text)
        self.assertIn("has none where TCPServerSocket TCPSocket UDPSocket belong", text)

    def test_a_global_that_is_missing_in_both_browsers_is_a_problem(self):
        patch = mock.patch.object(exposure, "KINDS", ("window", "serviceworker"))
        patch.start()
        self.addCleanup(patch.stop)
        status, text = self.compare("result(status=1)", "result(status=1)", "dom/abort", exposure=True)
        self.assertEqual(status, 1)
        self.assertIn("window, not secure, preference off: without our patches: ERROR", text)
        self.assertIn("serviceworker, secure, preference on: ERROR", text)
        self.assertNotIn("serviceworker, not secure, preference on: ERROR", text)

    def test_the_list(self):
        status, text = self.compare(GOOD, GOOD, "--list", "streams")
        self.assertEqual((status, text.split()), (0, ["/streams/x.any.html", "/streams/x.any.worker.html"]))
        self.assertFalse((self.root / "before/runs").exists())

    def test_the_checkout_stays_as_it_is(self):
        before = sorted(path.name for path in (self.root / "wpt").rglob("*"))
        self.compare(GOOD, GOOD, "streams/x.any.html")
        self.assertEqual(sorted(path.name for path in (self.root / "wpt").rglob("*")), before)

    def test_wrong_options_are_named(self):
        for arguments, message in (
            (["--processes", "0"], "--processes 0: must be at least 1"),
            (["--reruns", "-1"], "--reruns -1: must be at least 0"),
            (["--timeout-multiplier", "0"], "--timeout-multiplier 0: must be more than 0"),
            (["--binary", "no-such-file"], "--binary no-such-file: no such file"),
            (["--wpt", str(self.root)], "has no resources/testharness.js"),
            (["streams/no-such-test"], "streams/no-such-test: no such test and no such folder"),
        ):
            with self.subTest(arguments), self.assertRaises(Failure) as caught:
                self.compare(GOOD, GOOD, *arguments)
            self.assertIn(message, str(caught.exception))
            self.assertEqual(caught.exception.status, 2)


if __name__ == "__main__":
    unittest.main()
