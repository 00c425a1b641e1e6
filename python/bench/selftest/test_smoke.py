# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Every workload works in the real shell, in the native client and in Chromium, where that is installed: a short run,
whose figures nobody looks at."""

import argparse
import contextlib
import io
import json
import os
import tempfile
import unittest
from pathlib import Path

from bench import options, peers, run, server
from bench.workloads import cases
from mach_support.log import Failure
from wpt.selftest.test_breakage import binary


class Smoke(unittest.TestCase):
    """`./mach bench --smoke`, with a server that is not optimised."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = server.build(release=False)

    def run_with(self, *arguments: str) -> dict:
        """What a run has written."""
        with tempfile.TemporaryDirectory() as folder:
            files = {name: Path(folder) / f"bench.{name}" for name in ("json", "html")}
            parser = argparse.ArgumentParser()
            options.add_arguments(parser)
            given = ["--smoke", "--binary", str(binary()), "--server", str(self.server), *arguments]
            places = [f"--{name}={path}" for name, path in files.items()]
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                status = run.run(parser.parse_args([*given, *places]))
            record = json.loads(files["json"].read_text())
            errors = [sample for sample in record["samples"] if "error" in sample]
            self.assertEqual((status, errors), (0, []), out.getvalue())
            self.assertIn("<svg", files["html"].read_text())
            return record

    def test_all_workloads(self):
        record = self.run_with("--peers", "ours,native")
        measured = {(row["case"], row["measure"], row["peer"]) for row in record["rows"] if row["median"] is not None}
        wanted = {
            (case.name, measure.name, peer)
            for case in cases([])
            for measure in case.workload.measures
            for peer in ("ours", "native")
        }
        self.assertEqual(measured, wanted)

    def test_chromium_has_the_rest(self):
        [runtime] = [one for one in peers.RUNTIMES if one.program == peers.CHROMIUM]
        found = peers.find([peers.CHROMIUM], os.environ)
        if not found.peers:
            with self.assertRaisesRegex(Failure, "nobody is left"):
                self.run_with("W0", "--peers", peers.CHROMIUM)
            return
        record = self.run_with("--peers", peers.CHROMIUM)
        measured = {row["case"] for row in record["rows"] if row["median"] is not None}
        self.assertEqual(measured, {case.name for case in cases([]) if runtime.peers[0].gap(case) is None})

    def test_modes_of_ours(self):
        record = self.run_with("W3/1", "W8", "--peers", "ours", "--multiprocess", "--worker")
        peers = {row["peer"] for row in record["rows"] if row["median"] is not None}
        self.assertEqual(peers, {"ours", "ours-multiprocess", "ours-worker", "ours-multiprocess-worker"})
