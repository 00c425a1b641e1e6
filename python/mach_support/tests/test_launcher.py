# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""`mach` itself, as a process."""

import os
import subprocess
import sys
import unittest

from mach_support import launcher, paths


def mach(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, str(paths.ROOT / "mach"), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=60,
    )


class LauncherTest(unittest.TestCase):
    def test_help_lists_every_verb(self):
        for arguments in ((), ("help",), ("--help",)):
            result = mach(*arguments)
            self.assertEqual(result.returncode, 0, result.stderr)
            for verb in launcher.verbs():
                self.assertIn(f"\n  {verb} ", result.stdout)

    def test_every_verb_has_help(self):
        for verb in launcher.verbs():
            result = mach(verb, "--help")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn(f"usage: ./mach {verb}", result.stdout)

    def test_an_unknown_verb_is_one_line_and_status_2(self):
        result = mach("fly")
        self.assertEqual(result.returncode, 2)
        self.assertEqual(result.stdout, "")
        self.assertEqual(result.stderr.count("\n"), 1)
        self.assertIn("'fly'", result.stderr)

    def test_an_unknown_option_is_status_2(self):
        self.assertEqual(mach("build", "--fast").returncode, 2)

    def test_it_can_be_called_from_anywhere(self):
        result = subprocess.run(
            [sys.executable, str(paths.ROOT / "mach"), "help"], cwd="/", capture_output=True, timeout=60
        )
        self.assertEqual(result.returncode, 0)
