# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of what a person sees while tests run."""

import io
import os
import threading
import unittest
from unittest import mock

from wpt import progress
from wpt.progress import CLEAR, Progress
from wpt.tests.runner import failing, made, passing


class Terminal(io.StringIO):
    """A terminal."""

    def isatty(self):
        return True


class Signalling(io.StringIO):
    """Tells when something was written."""

    def __init__(self):
        super().__init__()
        self.written = threading.Event()

    def write(self, text):
        count = super().write(text)
        self.written.set()
        return count


class OnATerminal(unittest.TestCase):
    """One line that is written anew."""

    def test_one_line_and_nothing_left_of_it(self):
        out = Terminal()
        with Progress(out, 2, seconds=3600) as shown:
            shown.start("/a [single]")
            shown.end(made("/a", passing()))
            shown.start("/b [single]")
            shown.end(made("/b", failing()))
        text = out.getvalue()
        self.assertNotIn("\n", text)
        lines = text.split(CLEAR)
        self.assertIn("0 of 2 tests, 0 s; running /a [single]", lines)
        self.assertIn("2 of 2 tests, 1 unexpected, 0 s", lines)
        self.assertEqual(lines[-1], "")

    def test_the_line_is_no_longer_than_the_terminal(self):
        out = Terminal()
        with mock.patch("shutil.get_terminal_size", return_value=os.terminal_size((20, 10))):
            with Progress(out, 1, seconds=3600) as shown:
                shown.start("/a/very/long/name/of/a/test [single]")
        self.assertEqual(max(len(line) for line in out.getvalue().split(CLEAR)), 19)

    def test_names_command_nothing(self):
        out = Terminal()
        with Progress(out, 1, seconds=3600) as shown:
            shown.start("/\x1b]0;title\x07")
        self.assertNotIn("\x1b]", out.getvalue())


class InALog(unittest.TestCase):
    """A line now and then."""

    def test_a_line_after_so_many_tests(self):
        out = io.StringIO()
        with mock.patch.object(progress, "EVERY_TESTS", 2), Progress(out, 5, seconds=3600) as shown:
            for name in "abcde":
                shown.start(f"/{name} [single]")
                shown.end(made(f"/{name}", passing()))
            shown.end(made("/a", passing(), attempt=2))
        self.assertEqual(out.getvalue(), "2 of 5 tests, 0 s\n4 of 5 tests, 0 s\n")

    def test_a_line_after_some_time_says_what_hangs(self):
        out = Signalling()
        with Progress(out, 5, seconds=0.01) as shown:
            with mock.patch.object(shown, "_told", shown._told):
                shown.start("/a [single]")
            out.written.clear()
            self.assertTrue(out.written.wait(20))
        self.assertRegex(out.getvalue(), r"0 of 5 tests, \d+ s; running /a \[single\]\n")

    def test_verbose_tells_each_test_with_its_reason(self):
        out = Terminal()
        with Progress(out, 1, verbose=True, seconds=0.001) as shown:
            shown.start("/a [single]")
            shown.end(made("/a", passing(), failing("b"), seconds=1.26))
            shown.end(made("/a", passing(), seconds=2, attempt=2))
        self.assertEqual(
            out.getvalue(),
            "FAIL 1/2 /a [single] 1.3 s\n"
            "     FAIL (expected PASS): b\n       why\n       where\n"
            "ok   1/1 /a [single] 2.0 s, run again\n",
        )
