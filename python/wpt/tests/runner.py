# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""What the tests of the runner share: a folder of tests, a browser that is a script, and results that are made up."""

import io
import json
import stat
import sys
import tempfile
import textwrap
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from wpt import harness, rawlog, run
from wpt.judging import SubtestResult, TestResult

# Plays the browser: prints what the test tells it to.
BROWSER = """\
#!{python}
import sys, time
exec({behaviour!r})
"""
# Plays the browser that fetches the page as one would.
FETCHING_BROWSER = """\
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


def result(*subtests, status=0, message=None):
    """The line of testharnessreport.js."""
    return RESULT.format(result=json.dumps(["/x", status, message, None, list(subtests)]))


class NoServer:
    """In the place of a web server, for browsers that load nothing."""

    certificate = Path("certificate.pem")

    def __init__(self, site):
        self.site = site

    def url(self, path, secure=True, host=""):
        return f"https://web-platform.test{path}"

    def begin(self, browser, hosts=None, timeout_multiplier=1.0):
        return None

    def alive(self):
        return True

    def finish(self):
        pass

    def stop(self):
        pass


class RunnerCase(unittest.TestCase):
    """A folder with one test, `x.https.any.js`, of this project's own tests."""

    serves = False

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name).resolve()
        self.tests, self.metadata = self.root / "tests", self.root / "meta"
        self.results = self.root / "out" / "wpt.jsonl"
        self.tests.mkdir()
        self.metadata.mkdir()
        self.write_test("x")
        for name, value in (("TESTS", self.tests), ("OS_TESTS", self.root / "os"), ("METADATA", self.metadata)):
            self.patch(mock.patch.object(harness, name, value))
        self.patch(mock.patch.object(harness, "ensure", lambda: None))
        if not self.serves:
            self.patch(mock.patch("wpt.executor.Server", NoServer))

    def patch(self, patch):
        patch.start()
        self.addCleanup(patch.stop)

    def write_test(self, name, text="// META: global=window\n"):
        """Write a test file."""
        (self.tests / f"{name}.https.any.js").write_text(text)

    def ini(self, text, name="x"):
        """Write metadata."""
        (self.metadata / f"{name}.https.any.js.ini").write_text(text)

    def browser(self, behaviour):
        """A browser that behaves so."""
        path = self.root / "browser"
        template = FETCHING_BROWSER if self.serves else BROWSER
        path.write_text(template.format(python=sys.executable, behaviour=textwrap.dedent(behaviour)))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def run_with(self, behaviour, *arguments, mode="--single-process"):
        """The status of a run, what it printed, and its JSON lines."""
        out = io.StringIO()
        binary = self.browser(behaviour)
        with redirect_stdout(out):
            status = run.main(["--binary", str(binary), "--results", str(self.results), mode, *arguments])
        lines = [json.loads(line) for line in self.results.read_text().splitlines()]
        return status, out.getvalue(), lines

    def listed(self, *arguments):
        """What --list prints."""
        out = io.StringIO()
        with redirect_stdout(out):
            self.assertEqual(run.main(["--list", *arguments]), 0)
        return out.getvalue().splitlines()

    def refused(self, *arguments, status=2):
        """The one line that wrong usage gives."""
        with redirect_stderr(io.StringIO()) as error, redirect_stdout(io.StringIO()):
            self.assertEqual(run.main(list(arguments)), status)
        self.assertEqual(error.getvalue().count("\n"), 1, error.getvalue())
        return error.getvalue()


def made(name="/d/x.https.any.html", *subtests, **more):
    """A result as a run would give it."""
    values = {
        "test": name,
        "path": "d/x.https.any.js",
        "kind": "window",
        "multiprocess": False,
        "status": "OK",
        "subtests": subtests,
        "again": f"./mach test-wpt --single-process {name}",
    }
    return TestResult(**values | more)


def passing(name="good"):
    return SubtestResult(name, "PASS")


def failing(name="bad", **more):
    return SubtestResult(name, "FAIL", message="why", stack="where", **more)


INFO = {"os": "linux", "version": "12", "processor": "x86_64", "bits": 64, "debug": True, "product": "servo"}


def infos(*modes):
    """Run infos of these modes."""
    return {mode: INFO | {"multiprocess": mode} for mode in modes or (False,)}


def write_log(path, results, run_of=None, ended=True, tests=None, info=None):
    """A raw log with these results."""
    log = rawlog.RawLog(path)
    try:
        names = [one.test for one in results] if tests is None else tests
        log.start(run_of or rawlog.Run(1, 1, "digest", 1), names, info or infos(False, True))
        for one in results:
            log.start_test(one.test, one.path, one.multiprocess)
            log.end_test(one)
        if ended:
            log.end()
    finally:
        log.close()
    return path
