# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of what many samples together say."""

import unittest

from bench import table
from bench.peers import Peer
from bench.tests.made import FAST, NATIVE, OURS, RAW, SLOW, rows, sample
from bench.workloads import HIGH, LOW


class Medians(unittest.TestCase):
    """Medians, ranges and ratios."""

    def test_where_more_is_better(self):
        values = {OURS: (90, 110, 100), NATIVE: (400,), FAST: (200, 220), SLOW: (50,)}
        samples = [sample("W4/seq", peer, {"rate": value}) for peer, many in values.items() for value in many]
        found = rows("W4/seq", samples)
        self.assertEqual([row.peer for row in found], ["native", "deno-web", "ours", "node-web"])
        ours = found[2]
        self.assertEqual((ours.median, ours.least, ours.most, ours.samples), (100, 90, 110, 3))
        self.assertAlmostEqual(ours.vs_native, 0.25)
        self.assertAlmostEqual(ours.vs_best, 100 / 210, msg="the best is the best of the others, not ours or native")
        self.assertEqual((found[0].vs_native, found[0].vs_best), (None, None))
        self.assertEqual((found[1].vs_best, found[3].vs_best), (1.0, 50 / 210))
        self.assertEqual((ours.cpu_per_operation_us, ours.switches_per_operation), (5.0, 2.0))

    def test_where_less_is_better(self):
        values = {OURS: 2.0, NATIVE: 1.0, FAST: 4.0, SLOW: 8.0}
        samples = [sample("W0/start", peer, {"time": value}) for peer, value in values.items()]
        found = {row.peer: row for row in rows("W0/start", samples)}
        self.assertEqual(list(found), ["native", "ours", "deno-web", "node-web"])
        self.assertEqual(found["ours"].vs_native, 0.5)
        self.assertEqual(found["ours"].vs_best, 2.0, "above 1 is better")

    def test_several_measures(self):
        samples = [sample("W5/1000", OURS, {"time": 0.5, "memory": 10.0, "idle": 0.0})]
        found = rows("W5/1000", samples, [OURS])
        self.assertEqual([row.measure for row in found], ["time", "memory", "idle"])
        self.assertEqual([row.cpu_per_operation_us for row in found], [5.0, None, None])
        self.assertEqual(len(table.groups(found)), 3)

    def test_nothing_to_divide_by(self):
        for pair in ((None, 1.0), (1.0, None), (1.0, 0.0)):
            self.assertIsNone(table.times_as_good(*pair, HIGH))
        self.assertIsNone(table.times_as_good(0.0, 1.0, LOW), "nothing is infinitely much better")


    def test_those_with_streams_are_rivals_of_their_own(self):
        values = {OURS: 10.0, FAST: 20.0, RAW: 40.0}
        samples = [sample("W4/seq", peer, {"rate": value}) for peer, value in values.items()]
        ours = rows("W4/seq", samples, list(values))[-1]
        self.assertEqual((ours.peer, ours.vs_streams, ours.vs_best, ours.vs_native), ("ours", 0.5, 0.25, None))

    def test_chromium_is_a_rival_of_its_own(self):
        chromium = Peer("chromium", ("node",), "direct-sockets", streams=True)
        values = {OURS: 10.0, chromium: 4.0, FAST: 20.0}
        samples = [sample("W4/seq", peer, {"rate": value}) for peer, value in values.items()]
        fast, ours, theirs = rows("W4/seq", samples, list(values))
        self.assertEqual((fast.vs_chromium, ours.vs_chromium, theirs.vs_chromium), (5.0, 2.5, 1.0))
        self.assertEqual((ours.vs_streams, theirs.vs_best), (0.5, 0.2))
        self.assertIn("2.50×", table.cells(ours))


class Trouble(unittest.TestCase):
    """Samples that failed, and what a peer cannot do."""

    def test_a_peer_that_always_fails(self):
        bad = {"case": "W4/seq", "peer": "ours", "error": "rejected:\nclaims | more " + "x" * 1000}
        [row] = rows("W4/seq", [bad, bad], [OURS])
        self.assertEqual((row.median, row.failed), (None, 2))
        cells = table.cells(row)
        self.assertEqual(cells[:2], ["ours", "failed"])
        self.assertIn("rejected: claims", cells[-1])
        self.assertLess(len(cells[-1]), 200)

    def test_one_of_several_fails(self):
        bad = {"case": "W4/seq", "peer": "ours", "error": "it hangs"}
        [row] = rows("W4/seq", [sample("W4/seq", OURS, {"rate": 10.0}), bad], [OURS])
        self.assertEqual((row.median, row.samples, row.failed), (10.0, 1, 1))
        self.assertIn("1 failed: it hangs", row.notes)

    def test_a_gap(self):
        gap = {"case": "W6/64", "peer": "ours", "gap": "no datagrams"}
        [row] = rows("W6/64", [gap], [OURS])
        self.assertEqual(table.cells(row), ["ours", "n/a", "", "", "", "", "", "", "", "no datagrams"])

    def test_those_without_a_number_come_last(self):
        bad = {"case": "W4/seq", "peer": "ours", "error": "no"}
        found = rows("W4/seq", [bad, sample("W4/seq", SLOW, {"rate": 1.0})])
        self.assertEqual([row.peer for row in found], ["node-web", "ours"])


class Notes(unittest.TestCase):
    """What stands beside the numbers."""

    def test_what_samples_tell(self):
        server = {"udp-sink": {"bytes": 0, "units": 550, "dropped": 550}}
        cases = (
            ("W6/64", "rate", {"server": server}, "50 % arrived"),
            ("W1/default", "throughput", {"result": {"reads": 1, "count": 65536}}, "64.0 KiB a read"),
            ("W2/64k", "throughput", {"result": {"closing_s": 2.0}}, "close() took 2.0 s"),
            ("W3/1", "rate", {"result": {"p50_us": 0.0}}, "too coarse"),
            ("W3/1", "rate", {"result": {"p50_us": 12.0}}, "p50 12.0 µs"),
            ("W4/seq", "rate", {"result": {"failures": 3}}, "3 connections failed"),
            ("W4/seq", "rate", {"seen": {"ended_by_itself": False}}, "did not end by itself"),
            ("W10/p99", "p99", {"result": {"quiet_p99_us": 50.0, "bulk": 3e6}}, "3.00 MB/s beside it"),
            ("W11/5000", "idle", {"seen": {"idle_switches_per_second": 7.0}}, "7.00 switches/s"),
        )
        for name, measure, more, wanted in cases:
            with self.subTest(name, wanted=wanted):
                row = rows(name, [sample(name, OURS, {measure: 1.0}, **more)], [OURS])[0]
                self.assertIn(wanted, "; ".join(row.notes))

    def test_numbers(self):
        shown = [table.number(value) for value in (None, 0, 0.0123, 0.5, 9.876, 12.34, 1234.5, -1234.5)]
        self.assertEqual(shown, ["–", "0.00", "0.0123", "0.50", "9.88", "12.3", "1,234", "-1,234"])

    def test_processor_time_has_the_unit_that_fits(self):
        [of_bytes] = rows("W1/byob", [sample("W1/byob", OURS, {"throughput": 1.0})], [OURS])
        [of_turns] = rows("W4/seq", [sample("W4/seq", OURS, {"rate": 1.0})], [OURS])
        self.assertEqual((table.cost(of_bytes), table.cost(of_turns)), ("0.0050 ms/GB", "5.00 µs"))
