# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of the command line."""

import argparse
import os
import subprocess
import sys
import unittest
from unittest import mock

from bench import micro, options
from bench.workloads import WORKLOADS, cases
from mach_support import paths
from mach_support.log import Failure


def settled(*arguments):
    parser = argparse.ArgumentParser()
    options.add_arguments(parser)
    parsed = parser.parse_args(arguments)
    options.settle(parsed)
    return parsed


class Options(unittest.TestCase):
    """Defaults, and what is refused."""

    def test_defaults(self):
        chosen = settled()
        self.assertEqual((chosen.seconds, chosen.repeat, chosen.peers), (3.0, 5, None))
        smoke = settled("--smoke")
        self.assertEqual((smoke.seconds, smoke.repeat), (0.1, 1))
        self.assertEqual(settled("--smoke", "--repeat", "2").repeat, 2, "what was said holds")

    def test_what_is_refused_is_named(self):
        for arguments in (
            ("--seconds", "0"),
            ("--seconds", "1000"),
            ("--warmup", "-1"),
            ("--repeat", "0"),
            ("--repeat", "1000"),
            ("--pin", "0"),
            ("--pin", "0,9999"),
            ("--binary", "/nowhere/shell"),
            ("--server", "/nowhere/server"),
        ):
            with self.subTest(arguments), self.assertRaises(Failure) as caught:
                settled(*arguments)
            self.assertTrue(str(caught.exception).startswith(f"{arguments[0]} {arguments[1]}: "), caught.exception)
            self.assertEqual(caught.exception.status, 2)
        with self.assertRaisesRegex(Failure, "--multiprocess"):
            settled("--multiprocess", "--peers", "native")

    def test_processors(self):
        there = min(os.sched_getaffinity(0))
        self.assertEqual(settled("--pin", f"{there},{there}").pin, (there, there))

    def test_modes_of_ours(self):
        self.assertEqual(options.modes(settled()), [()])
        both = options.modes(settled("--multiprocess", "--worker"))
        self.assertEqual(both, [(), ("--multiprocess",), ("--worker",), ("--multiprocess", "--worker")])


class Selection(unittest.TestCase):
    """The workloads by name."""

    def test_names(self):
        self.assertEqual([case.name for case in cases(["w1"])], ["W1/default", "W1/byob"])
        self.assertEqual([case.name for case in cases(["W3/1-1cpu", "W3/1-1cpu"])], ["W3/1-1cpu"])
        self.assertEqual(len(cases([])), sum(len(workload.variants) for workload in WORKLOADS.values()))
        for name in ("W99", "W1/fast", "1", ""):
            with self.subTest(name), self.assertRaisesRegex(Failure, "no such workload"):
                cases([name])

    def test_smoke_opens_few_connections(self):
        [case] = cases(["W11"])
        self.assertEqual(case.parameters(False)["connections"], 5000)
        self.assertEqual(case.parameters(True)["connections"], 250)


class Verb(unittest.TestCase):
    """The verb itself."""

    def test_list(self):
        result = subprocess.run(
            [sys.executable, str(paths.ROOT / "mach"), "bench", "--list"], capture_output=True, text=True, timeout=60
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(result.stdout.splitlines()), len(cases([])))

    def test_wrong_usage_is_one_line(self):
        result = subprocess.run(
            [sys.executable, str(paths.ROOT / "mach"), "bench", "W99"], capture_output=True, text=True, timeout=60
        )
        self.assertEqual(result.returncode, 2)
        self.assertEqual(result.stderr, "mach: W99: no such workload; --list lists them\n")


class Micro(unittest.TestCase):
    """criterion's benchmarks."""

    def test_each_benchmark_exists(self):
        for package, bench in micro.BENCHES.items():
            folder = {"direct-sockets-traits": "shared"}.get(package, package.rpartition("-")[2])
            self.assertTrue((paths.ROOT / "components" / folder / "benches" / f"{bench}.rs").is_file(), bench)

    def test_the_command(self):
        self.assertNotIn("--", micro.command([], False))
        self.assertEqual(micro.command(["codec"], True)[-3:], ["--", "--test", "codec"])
        with mock.patch("bench.micro.cargo.run") as ran, mock.patch("bench.micro.bootstrap.check_rust"):
            self.assertEqual(micro.run([], False), 0)
        self.assertEqual(ran.call_args.args[0][:2], ["cargo", "bench"])
