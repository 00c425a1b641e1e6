# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Records, skips, coverage."""

import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from mach_support import ipv6
from testing import coverage, results, skips
from testing.results import FAIL, PASS, SKIP, Part, Result


def part_of(*statuses: tuple[str, str]) -> Part:
    part = Part("unit", "./mach test-unit")
    for name, status in statuses:
        part.add(name, status)
    return part


class IdTest(unittest.TestCase):
    def test_ids_are_read_from_sentences_and_from_names_of_functions(self):
        for text, ids in (
            ("TCP-CTOR-02, IDL-01: a sentence", ["IDL-01", "TCP-CTOR-02"]),
            ("options: tcp_ctor_02_and_life_08_are_refused", ["LIFE-08", "TCP-CTOR-02"]),
            ("pp_01_task_03", ["PP-01", "TASK-03"]),
            ("http_01 app_01 TCP-CTOR-1 tcp_ctor_022", []),
        ):
            self.assertEqual(results.requirement_ids(text), ids, text)


class FileTest(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def test_what_is_written_can_be_read(self):
        results.write(part_of(("a tcp_r_01", PASS), ("b", FAIL), ("c", SKIP)), self.directory)
        read = results.read(self.directory / "unit.jsonl")
        self.assertEqual([(one.name, one.status) for one in read], [("a tcp_r_01", PASS), ("b", FAIL), ("c", SKIP)])
        self.assertEqual(read[0].ids, ["TCP-R-01"])

    def test_other_statuses_are_failures_unless_expected(self):
        lines = [
            {"name": "a", "status": "TIMEOUT", "ids": []},
            {"name": "b", "status": "FAIL", "ids": [], "expected": "FAIL"},
            {"name": "c", "status": "TIMEOUT", "ids": [], "expected": ["PASS", "TIMEOUT"]},
            {"name": "d", "status": "CRASH", "ids": [], "expected": "FAIL"},
        ]
        path = self.directory / "x.jsonl"
        path.write_text("\n".join(map(json.dumps, lines)) + "\n")
        self.assertEqual([one.status for one in results.read(path)], [FAIL, SKIP, SKIP, FAIL])

    def list_of_skips(self, text: str) -> list[skips.Entry]:
        path = self.directory / "skips.txt"
        path.write_text(text)
        return skips.read(path)

    def test_a_skip_that_is_not_listed_is_a_failure(self):
        part = part_of(("a: long one", SKIP), ("b: [x] | y", SKIP), ("c", SKIP), ("d", PASS))
        text = "# why\n\nunit: a:* # takes an hour\nunit: b: [x] | y # see #2\nwpt: c # another part\n"
        skips.enforce(part, self.list_of_skips(text))
        self.assertEqual([one.status for one in part.results], [SKIP, SKIP, FAIL, PASS])
        self.assertEqual(part.results[0].detail, "takes an hour")

    def test_want_of_ipv6_needs_no_line_where_there_is_none(self):
        for is_off, status in ((True, SKIP), (False, FAIL)):
            part = part_of(("a", SKIP))
            part.results[0].detail = ipv6.REASON
            with mock.patch.object(ipv6, "is_off", return_value=is_off):
                skips.enforce(part, [])
            self.assertEqual(part.results[0].status, status)

    def test_a_line_holds_for_other_runs_of_the_part(self):
        for name, status in (("wpt", SKIP), ("release-wpt", SKIP), ("scripts", FAIL)):
            part = Part(name, "")
            part.add("a", SKIP)
            skips.enforce(part, [skips.Entry("wpt", "a", "a reason")])
            self.assertEqual(part.results[0].status, status, name)

    def test_a_line_without_a_reason_or_that_covers_everything_is_refused(self):
        for line in ("unit: a", "unit: * # all", "a # b", "unit: a # "):
            with self.assertRaisesRegex(skips.SkipsError, "skips.txt:1"):
                self.list_of_skips(line)

    def requirements(self, text: str) -> list[coverage.Requirement]:
        path = self.directory / "requirements.txt"
        path.write_text(text)
        return coverage.read(path)

    def test_only_passed_tests_cover(self):
        wanted = self.requirements("# title\nIDL-01\nTCP-R-01\nTCP-R-02\nUDP-R-01 later: UDP\nPP-01 later: x\n")
        tests = [
            Result("a", PASS, ["IDL-01", "PP-01"]),
            Result("b", FAIL, ["TCP-R-01"]),
            Result("c", SKIP, ["TCP-R-02", "TCP-R-99"]),
        ]
        report = coverage.report(wanted, tests)
        self.assertEqual(report.covered, ["IDL-01"])
        self.assertEqual(report.missing, ["TCP-R-01", "TCP-R-02"])
        self.assertEqual(report.unknown, ["TCP-R-99"])
        self.assertEqual(report.covered_early, ["PP-01"])
        self.assertIn("covered by passed tests: 1 of 3", report.text())

    def test_what_needs_ipv6_is_not_missing_where_there_is_none(self):
        wanted = self.requirements("TCP-R-01\nTCP-R-02\n")
        tests = [Result("a", SKIP, ["TCP-R-01"], ipv6.REASON), Result("b", SKIP, ["TCP-R-02"], "another reason")]
        report = coverage.report(wanted, tests)
        self.assertEqual((report.without_ipv6, report.missing), (["TCP-R-01"], ["TCP-R-02"]))
        self.assertIn("not covered, as IPv6 is off on this machine: TCP-R-01", report.text())

    def test_a_list_with_mistakes_is_refused(self):
        for text in ("IDL-1\n", "IDL-01 later\n", "IDL-01 never: x\n", "IDL-01\nIDL-01\n"):
            with self.assertRaises(coverage.CoverageError, msg=text):
                self.requirements(text)

    def test_the_committed_lists_are_readable(self):
        root = Path(__file__).resolve().parents[3]
        self.assertEqual(len(coverage.read(root / "tests/requirements.txt")), 288)
        skips.read(root / "tests/expected-skips.txt")

    def test_the_evidence_names_tests_with_modes_and_globals(self):
        wanted = self.requirements("UDP-R-01\nIDL-01 later: not built\n")
        tests = [
            Result(f"/direct-sockets/udp.https.any{kind}.html | UDP-R-01: bounded [{mode}]", PASS, ["UDP-R-01"])
            for kind in ("", ".worker")
            for mode in ("single", "multiprocess")
        ]
        tests.append(Result("net: unit: udp_r_01_bounded", PASS, ["UDP-R-01"]))
        tests.append(Result("net: unit: udp_r_01_fails", FAIL, ["UDP-R-01"]))
        self.assertEqual(
            coverage.evidence(wanted, tests).splitlines(),
            [
                "UDP-R-01: 2 tests",
                "  net: unit: udp_r_01_bounded [process of its own]",
                "  udp.https: UDP-R-01: bounded [window multiprocess, window single, worker multiprocess, "
                "worker single]",
                "IDL-01: 0 tests (later: not built)",
            ],
        )
