# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of the list of requirements."""

import tempfile
import unittest
from pathlib import Path

from wpt import requirements, results


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
