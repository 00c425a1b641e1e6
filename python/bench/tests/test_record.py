# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of the JSON file, and of what an earlier one is good for."""

import json
import tempfile
import unittest
from pathlib import Path

from bench import record, report
from bench.tests.made import CONDITIONS, FAST, OURS, rows, sample
from mach_support.log import Failure


def made(*values, case="W4/seq", measure="rate"):
    return rows(case, [sample(case, OURS, {measure: value}) for value in values], [OURS])


def whole(found):
    return {
        "format": record.FORMAT,
        "conditions": CONDITIONS,
        "settings": {"seconds": 1.0},
        "missing": {},
        "samples": [],
        "rows": [row.record() for row in found],
    }


class Files(unittest.TestCase):
    """Writing and reading."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "a" / "b.json"

    def test_what_is_written_can_be_read(self):
        found = made(1.0, 2.0, 4.0)
        record.write(self.path, whole(found))
        self.assertEqual(record.rows_of(record.read(self.path, "--compare")), found)

    def test_what_is_none_is_named(self):
        good = whole(made(1.0))
        bad = [
            ("no json", "cannot be read"),
            (json.dumps([]), "no record"),
            (json.dumps({**good, "format": 999}), "not of format"),
            (json.dumps({**good, "rows": [{"case": "W1/byob"}]}), "a row"),
            (json.dumps({**good, "rows": [{**good["rows"][0], "colour": "red"}]}), "a row"),
            *((json.dumps({name: good[name] for name in good if name != one}), one) for one in good if one != "format"),
        ]
        self.path.parent.mkdir()
        for text, wanted in bad:
            with self.subTest(wanted):
                self.path.write_text(text)
                with self.assertRaises(Failure) as caught:
                    record.read(self.path, "--compare")
                self.assertIn(f"--compare {self.path}: ", str(caught.exception))
                self.assertIn(wanted, str(caught.exception))
                self.assertEqual(caught.exception.status, 2)

    def test_a_missing_file_is_named(self):
        with self.assertRaisesRegex(Failure, "--compare .*cannot be read"):
            record.read(self.path, "--compare")


class Changes(unittest.TestCase):
    """Two runs beside each other."""

    def change(self, now, before, **more):
        [change] = record.changes(made(*now, **more), made(*before, **more))
        return change

    def test_better_and_worse(self):
        self.assertEqual(self.change((20, 21, 22), (10, 11, 12)).verdict, "better")
        self.assertAlmostEqual(self.change((20, 21, 22), (10, 11, 12)).ratio, 21 / 11)
        self.assertEqual(self.change((5, 6, 6), (10, 11, 12)).verdict, "worse")

    def test_less_is_better(self):
        change = self.change((1.0,) * 3, (2.0,) * 3, case="W0/start", measure="time")
        self.assertEqual((change.ratio, change.verdict), (2.0, "better"))

    def test_ranges_that_overlap(self):
        self.assertEqual(self.change((10, 15, 20), (15, 20, 30)).verdict, "ranges overlap")
        self.assertEqual(self.change((10, 12, 15), (15, 20, 30)).verdict, "ranges overlap", "also in one point")
        self.assertEqual(self.change((12, 13, 13), (10, 11, 30)).verdict, "ranges overlap", "also within")

    def test_too_few_samples(self):
        self.assertEqual(self.change((20, 22), (10, 11, 12)).verdict, "too few samples")
        self.assertEqual(self.change((20, 21, 22), (10,)).verdict, "too few samples")

    def test_rows_without_a_number(self):
        bad = rows("W4/seq", [{"case": "W4/seq", "peer": "ours", "error": "no"}], [OURS])
        [change] = record.changes(made(1.0), bad)
        self.assertEqual((change.ratio, change.verdict), (None, "not comparable"))
        self.assertIn("not comparable", report.comparison([change], []))

    def test_other_conditions(self):
        now = {"conditions": CONDITIONS, "settings": {"seconds": 1.0, "pin": (0, 1)}}
        same = json.loads(json.dumps(now))
        self.assertEqual(record.differences(now, same), [])
        same["conditions"]["cores"] = 64
        same["settings"]["pin"] = None
        wanted = ["cores is 2, and was 64", "pin is (0, 1), and was None"]
        self.assertEqual(record.differences(now, same), wanted)

    def test_only_rows_of_both(self):
        other = rows("W4/seq", [sample("W4/seq", FAST, {"rate": 1.0})], [FAST])
        self.assertEqual(record.changes(made(1.0), other), [])

    def test_the_table(self):
        text = report.comparison([self.change((20, 21, 22), (10, 11, 12))], ["kernel is 2, and was 1"])
        self.assertIn("With care: kernel is 2, and was 1", text)
        self.assertIn("| W4/seq rate ours |", text)
        self.assertIn("1.91×", text)
        self.assertIn("| better |", text)
