# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Running Python tests: what becomes of one that fails."""

import contextlib
import io
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

from mach_support import paths
from testing import scripts
from testing.results import FAIL, FLAKY, PASS, Part


class ScriptsTest(unittest.TestCase):
    def run_tests(self, package: str, body: str) -> list[tuple[str, str, str]]:
        """Runs a package of tests whose only file is `body`; the package's name must not exist yet."""
        part = Part("scripts", "")
        with tempfile.TemporaryDirectory() as directory:
            tests = Path(directory, package, "tests")
            tests.mkdir(parents=True)
            (tests / "__init__.py").touch()
            (tests.parent / "__init__.py").touch()
            (tests / "test_it.py").write_text(f"import unittest\n{textwrap.dedent(body)}")
            sys.path.insert(0, directory)
            try:
                with contextlib.redirect_stderr(io.StringIO()):
                    scripts.run(Path(directory), part)
            finally:
                sys.path.remove(directory)
                for name in [name for name in sys.modules if name.split(".")[0] == package]:
                    del sys.modules[name]
        return [(result.name.rsplit(".", 1)[-1], result.status, result.detail) for result in part.results]

    def test_a_test_that_fails_once_is_named_as_flaky(self):
        results = self.run_tests(
            "fails_once",
            """
            runs = []

            class It(unittest.TestCase):
                def test_it(self):
                    runs.append(None)
                    self.assertEqual(len(runs), 2)
            """,
        )
        self.assertEqual(results, [("test_it", PASS, FLAKY)])

    def test_each_part_has_its_packages(self):
        root = paths.ROOT / "python"
        self.assertIn("testing.tests", scripts.packages(root))
        self.assertEqual(scripts.packages(root, "selftest"), ["bench.selftest", "wpt.selftest"])

    def test_a_test_that_fails_twice_has_failed(self):
        results = self.run_tests(
            "fails_always",
            """
            class It(unittest.TestCase):
                def test_it(self):
                    for number in (1, 2):
                        with self.subTest(number=number):
                            self.assertEqual(number, 1)

                def test_other(self):
                    pass
            """,
        )
        self.assertEqual(results, [("test_it (number=2)", FAIL, "2 != 1"), ("test_other", PASS, "")])

    def test_a_file_that_cannot_be_imported_is_a_failure(self):
        results = self.run_tests("broken", "raise RuntimeError('broken')")
        self.assertEqual([status for _, status, _ in results], [FAIL])

    def test_long_tests_are_found_only_when_they_are_asked_for(self):
        with tempfile.TemporaryDirectory() as directory:
            for folder in ("tests", "long_tests"):
                Path(directory, "some", folder).mkdir(parents=True)
                Path(directory, "some", folder, "__init__.py").touch()
            self.assertEqual(scripts.packages(Path(directory)), ["some.tests"])
            self.assertEqual(scripts.packages(Path(directory), "long_tests"), ["some.long_tests"])
