# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of the metadata format."""

import tempfile
import unittest
from pathlib import Path

from wpt.expectations import Expectations, Metadata, MetadataError, parse

TEXT = """\
# A reason.
[x.any.html]
  tags: [full]
  expected: [OK, TIMEOUT]
  disabled:
    if not multiprocess: needs a process of its own
  [TCP-R-01: a name with [brackets\\] and: a colon]
    expected: FAIL
  [by mode]
    expected:
      if multiprocess: TIMEOUT
      FAIL
[x.any.worker.html]
  [other]
    expected: FAIL
"""


class Parse(unittest.TestCase):
    """Reading a file."""

    def of(self, test, multiprocess=False):
        return Expectations(parse(TEXT).children[test], multiprocess)

    def test_values_of_a_test(self):
        found = self.of("x.any.html")
        self.assertEqual(found.tags(), ["full"])
        self.assertEqual(found.test(), ["OK", "TIMEOUT"])

    def test_conditions(self):
        self.assertEqual(self.of("x.any.html").disabled(), "needs a process of its own")
        self.assertIsNone(self.of("x.any.html", True).disabled())
        self.assertEqual(self.of("x.any.html", True).subtest("by mode"), ["TIMEOUT"])
        self.assertEqual(self.of("x.any.html").subtest("by mode"), ["FAIL"])

    def test_names_with_brackets_and_colons(self):
        found = self.of("x.any.html")
        self.assertEqual(found.subtest("TCP-R-01: a name with [brackets] and: a colon"), ["FAIL"])

    def test_what_is_not_named_passes(self):
        self.assertEqual(self.of("x.any.html").subtest("unknown"), ["PASS"])
        self.assertEqual(self.of("x.any.worker.html").test(), ["OK"])

    def test_errors_name_the_line(self):
        with self.assertRaisesRegex(MetadataError, "f.ini:2"):
            parse("[a]\nnonsense\n", "f.ini")

    def test_unknown_conditions_are_refused(self):
        node = parse("[a]\n  expected:\n    if os == 'mac': FAIL\n").children["a"]
        with self.assertRaises(MetadataError):
            Expectations(node, False).test()


class Files(unittest.TestCase):
    """Finding the file of a test."""

    def test_file_beside_the_tests(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "meta" / "a").mkdir(parents=True)
            (root / "meta" / "a" / "x.any.js.ini").write_text(TEXT)
            metadata = Metadata(root / "meta", root / "tests")
            found = metadata.of(root / "tests" / "a" / "x.any.js", "/a/x.any.worker.html", False)
            self.assertEqual(found.subtest("other"), ["FAIL"])
            missing = metadata.of(root / "tests" / "a" / "y.any.js", "/a/y.any.html", False)
            self.assertEqual(missing.test(), ["OK"])
