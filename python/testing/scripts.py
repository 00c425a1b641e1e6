# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Runs the tests of the Python code, and gives one result a test."""

import importlib
import sys
import unittest
from pathlib import Path

from testing.results import FAIL, FLAKY, PASS, SKIP, Part


class _Recorder(unittest.TextTestResult):
    """Keeps what became of each test."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.part: Part | None = None

    def addSuccess(self, test):
        super().addSuccess(test)
        self._record(test, PASS)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self._record(test, FAIL, str(error[1]))

    def addError(self, test, error):
        super().addError(test, error)
        self._record(test, FAIL, str(error[1]))

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self._record(subtest, FAIL, str(error[1]))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._record(test, SKIP, reason)

    def addExpectedFailure(self, test, error):
        super().addExpectedFailure(test, error)
        self._record(test, SKIP, "expected to fail")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._record(test, FAIL, "was expected to fail, and passed")

    def _record(self, test, status: str, detail: str = "") -> None:
        if self.part is not None:
            first_line = detail.strip().splitlines()[0] if detail.strip() else ""
            self.part.add(test.id(), status, first_line)


def packages(root: Path, folder: str = "tests") -> list[str]:
    """The packages below python/ that have tests, or long ones in a folder of another name."""
    return sorted(f"{path.parent.parent.name}.{folder}" for path in root.glob(f"*/{folder}/__init__.py"))


def run(root: Path, part: Part, pattern: str | None = None, folder: str = "tests") -> None:
    """Runs all tests below `root`, or those whose name contains `pattern`."""
    loader = unittest.TestLoader()
    suite = unittest.TestSuite()
    for package in packages(root, folder):
        directory = Path(importlib.import_module(package).__file__).parent
        suite.addTests(_matching(loader.discover(str(directory), top_level_dir=str(root)), pattern))
    _Runner(part).run(suite)
    _run_failures_again(loader, part)


def _run_failures_again(loader: unittest.TestLoader, part: Part) -> None:
    """Runs each test that failed once more, by itself. One that passes then is flaky: it counts, and is named."""
    for result in part.failures():
        again = Part(part.name, part.rerun)
        # What stands behind the name of a subtest are its parameters: the whole test is run again.
        _Runner(again).run(loader.loadTestsFromName(result.name.split(" ")[0]))
        if again.results and not again.failures():
            result.status = PASS
            result.detail = FLAKY


class _Runner(unittest.TextTestRunner):
    """Gives its recorder the part that it writes to."""

    def __init__(self, part: Part):
        super().__init__(stream=sys.stderr, resultclass=_Recorder)
        self._part = part

    def _makeResult(self):
        result = super()._makeResult()
        result.part = self._part
        return result


def _matching(suite: unittest.TestSuite, pattern: str | None):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from _matching(test, pattern)
        elif pattern is None or pattern in test.id():
            yield test
