# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Deliberate breakage is seen: the runner and the real browser on test files that are broken in one way each."""

import contextlib
import io
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from mach_support import paths
from wpt import merging, rawlog, run
from wpt.selftest.broken import BROKEN, GOOD, Broken

# The browser, if it is not the debug build.
BINARY = "DIRECT_SOCKETS_SHELL"
# What a busy machine may need to start a browser, in seconds; a hanging page costs this much.
START = 8.0
# A limit of testharness.js of one second.
SHORT = "0.1"


def binary() -> Path:
    """The browser."""
    return Path(os.environ.get(BINARY) or paths.shell_binary(False))


def run_with(files: list[Broken], *arguments: str) -> tuple[int, str, dict[str, int]]:
    """The status of a run of these files, what it printed, and the status that each alone would have given."""
    with tempfile.TemporaryDirectory() as folder:
        tests, metadata, log = (Path(folder) / name for name in ("tests", "meta", "raw.log"))
        tests.mkdir()
        metadata.mkdir()
        for file in files:
            (tests / file.name).write_text(file.source)
            (metadata / f"{file.name}.ini").write_text(file.ini)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            places = ["--binary", str(binary()), "--tests", str(tests), "--metadata", str(metadata)]
            files_out = ["--results", str(Path(folder) / "results"), "--log-raw", str(log)]
            status = run.main([*places, *files_out, "--no-retry", "--processes", "2", *arguments])
        settled = merging.report_of([rawlog.read(log)]).settled
    return status, out.getvalue(), {one.final.name: int(one.unexpected) for one in settled}


def told(printed: str, result: str) -> str:
    """What the summary says of one test."""
    _, found, rest = printed.partition(f"\n{result}\n")
    return rest.partition("\n\n")[0] if found else ""


class Breakage(unittest.TestCase):
    """A run of everything that is broken."""

    def check(self, files: list[Broken], *arguments: str) -> None:
        status, printed, red = run_with([*files, GOOD], *arguments)
        self.assertEqual(status, 1, printed)
        self.assertEqual(red.pop(GOOD.result), 0, "what is not broken is not red")
        self.assertEqual(red, {file.result: 1 for file in files})
        for file in files:
            with self.subTest(file.name):
                text = told(printed, file.result)
                for part in file.says:
                    self.assertIn(part, text)
                self.assertIn("again: ./mach test-wpt ", text)
                self.assertTrue(text.endswith(file.page), "the command is for this test")

    def test_what_ends_by_itself(self):
        self.check([file for file in BROKEN if not file.hangs])

    def test_what_hangs(self):
        with mock.patch("wpt.executor.START", START):
            self.check([file for file in BROKEN if file.hangs], "--timeout-multiplier", SHORT)


class Preferences(unittest.TestCase):
    """Preferences of the command line."""

    def test_unknown_name(self):
        status, printed, _ = run_with([GOOD], "--pref", "no_such_preference=true")
        self.assertEqual(status, 1)
        self.assertIn("--pref no_such_preference=true: unknown preference", told(printed, GOOD.result))


class Green(unittest.TestCase):
    """The same machinery on what is not broken."""

    def test_nothing_is_red(self):
        status, printed, red = run_with([GOOD])
        self.assertEqual((status, red), (0, {GOOD.result: 0}), printed)
        self.assertEqual(printed.splitlines()[-1], "1 passed, 0 failed, 0 skipped")
