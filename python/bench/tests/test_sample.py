# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of one sample: what is believed, what is not, and what becomes of a client that does not do its work."""

import dataclasses
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from bench import programs, sample
from bench.peers import CHROMIUM, Peer
from bench.run import brief, measure
from bench.sample import Settings
from bench.server import Server
from bench.tests import fake
from bench.tests.made import OURS, case

FAKE = Path(fake.__file__)


class Fakes(unittest.TestCase):
    """A server and clients that are made up."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        server = self.folder / "server"
        server.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" "$@"\n')
        server.chmod(0o755)
        self.settings = Settings(server, self.folder, 0.1, 0.0, smoke=True)

    def peer(self, kind):
        return Peer(kind, (sys.executable, str(FAKE), kind), "direct-sockets", streams=True)


class Samples(Fakes):
    """One sample."""

    def take(self, kind, name="W4/seq"):
        return sample.take(self.settings, self.peer(kind), case(name))

    def failed(self, kind, text, name="W4/seq"):
        taken = self.take(kind, name)
        self.assertIn(text, taken["error"])
        self.assertNotIn("values", taken)

    def test_an_honest_client(self):
        taken = self.take("is-honest")
        self.assertNotIn("error", taken)
        self.assertEqual(taken["values"], {"rate": taken["result"]["count"] / taken["result"]["seconds"]})
        self.assertEqual(taken["server"]["tcp-accept-close"], fake.COUNTS)
        seen = taken["seen"]
        self.assertTrue(seen["ended_by_itself"])
        self.assertGreaterEqual(seen["cpu_per_operation_us"], 0)
        self.assertGreaterEqual(seen["switches_per_operation"], 0)
        self.assertIn("foreign_cores", seen)

    def test_claims_of_more_than_was_counted(self):
        with mock.patch("bench.server.SETTLE_LIMIT", 0.05):
            self.failed("lies", "rejected: claims 101 units, and tcp-accept-close has counted 100")
            self.failed("is-honest", "claims 409600 bytes", name="W3/4k")

    def test_datagrams_that_were_dropped_were_sent(self):
        taken = self.take("sends", name="W6/64")
        self.assertNotIn("error", taken)

    def test_claims_of_less_time_than_went_by(self):
        self.settings = dataclasses.replace(self.settings, smoke=False)
        with mock.patch("bench.sample.TIME_LOST", -1.0):
            self.failed("is-honest", "rejected: claims 0.00 s, and")

    def test_too_many_failures(self):
        self.failed("misses-many", "50 failures, 90 done")

    def test_checkpoints_that_were_left_out(self):
        self.failed("skips", "the client was never at begin and end")

    def test_clients_that_tell_why_not(self):
        self.failed("fails", "the client failed: the port is gone")
        self.assertEqual(self.take("cannot"), {"case": "W4/seq", "peer": "cannot", "gap": "no such thing"})

    def test_a_client_that_ends_without_a_result(self):
        self.failed("is-silent", "its last words")

    def test_a_client_that_hangs(self):
        with mock.patch("bench.sample.PATIENCE", 0.2):
            self.failed("hangs", "no result or error or unsupported within")

    def test_a_client_that_does_not_end(self):
        with mock.patch("bench.sample.END_LIMIT", 0.05):
            taken = self.take("lingers")
        self.assertNotIn("error", taken)
        self.assertFalse(taken["seen"]["ended_by_itself"])

    def test_a_program_that_is_not_there(self):
        taken = sample.take(self.settings, Peer("none", ("/nowhere",), "direct-sockets", streams=True), case("W0"))
        self.assertIn("cannot run /nowhere", taken["error"])

    def test_gaps_are_not_run(self):
        peer = Peer("none", ("/nowhere",), "direct-sockets", gaps={"W0": "it never starts"})
        self.assertEqual(sample.take(self.settings, peer, case("W0"))["gap"], "it never starts")

    def test_start_up(self):
        taken = self.take("skips", name="W0/start")
        self.assertGreater(taken["values"]["time"], 0)

    def test_many_connections(self):
        with mock.patch("bench.server.SETTLE_LIMIT", 0.05):
            self.failed("is-a-crowd", "claims 250 units, and tcp-echo-many has counted 100", name="W11/5000")
        with mock.patch("bench.workloads.SMOKE_SHARE", 100):
            taken = self.take("is-a-crowd", name="W11/5000")
        self.assertNotIn("error", taken)
        self.assertGreaterEqual(taken["values"]["idle"], 0)
        self.assertIn("memory_each_kib", taken["seen"])

    def test_the_side_that_accepts(self):
        taken = self.take("accepts", name="W8/echo")
        self.assertEqual(taken["result"]["port"], "1,2", "the driver connects to the client's ports")
        self.assertGreater(taken["values"]["rate"], 0)

    def test_servers_that_wait_for_the_client(self):
        for client_ends, wanted in ((False, []), (True, ["--client-ends", "true"])):
            with self.subTest(client_ends), mock.patch("bench.server.Child") as child:
                child.return_value.next.return_value = (0.0, {"ready": {}})
                Server(FAKE, ("tcp-accept-close",), 64, 1.0, client_ends=client_ends)
                self.assertEqual(child.call_args.args[0][7:], wanted)

    def test_one_processor_for_both(self):
        server, client = self.settings.processors({"one_cpu": True})
        self.assertEqual(len(server), 1)
        self.assertEqual(server, client)
        self.assertEqual(self.settings.processors({}), (None, None))
        self.assertEqual(Settings(FAKE, FAKE, 1, 1, pin=(0, 1)).processors({}), ({0}, {1}))


class Runs(Fakes):
    """Several samples after each other."""

    def test_peers_take_turns_and_gaps_are_told_once(self):
        class Found:
            peers = [self.peer("is-honest"), self.peer("cannot"), self.peer("fails")]

        with mock.patch("bench.run.say") as said:
            samples = measure(self.settings, [case("W4/seq")], Found, 2)
        order = [(taken["turn"], taken["peer"]) for taken in samples]
        self.assertEqual(order, [(0, "is-honest"), (0, "cannot"), (0, "fails"), (1, "is-honest"), (1, "fails")])
        lines = [call.args[0] for call in said.call_args_list]
        self.assertEqual(len(lines), 6)
        self.assertTrue(lines[2].startswith("3 of 6: W4/seq fails: failed: the client failed"), lines[2])

    def test_in_a_few_words(self):
        one = case("W5/1000")
        self.assertEqual(brief(one, {"values": {"time": 1.0, "idle": 0.5}}), "1.00 s, 0.50 % of a core")
        self.assertEqual(brief(one, {"gap": "no"}), "n/a: no")
        self.assertEqual(brief(one, {"values": {}}), "no number")


class Programs(unittest.TestCase):
    """What is run."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_one_file_of_all_parts(self):
        path = programs.write(OURS, case("W1/byob"), {"byob": 7}, self.folder)
        text = path.read_text()
        self.assertTrue(text.startswith('const BENCH = {"byob": 7};'))
        self.assertTrue(text.rstrip().endswith("await main();"))
        for part in ("async function timed", "readExactly", "new TCPSocket", "byBuffer"):
            self.assertIn(part, text)

    def test_the_shell_has_a_limit(self):
        command = programs.command(OURS, case("W0"), {"limit": 12.5}, self.folder)
        self.assertEqual(command[:3], ["shell", "--timeout", "12.5"])

    def test_the_driver_of_chromium_has_one_too(self):
        peer = Peer(CHROMIUM, ("node", "driver", "--chromium", "browser"), "direct-sockets", streams=True)
        command = programs.command(peer, case("W1/byob"), {"limit": 12.5, "byob": 7}, self.folder)
        self.assertEqual(command[:-1], [*peer.command, "--timeout", "12.5"])
        ours = programs.write(OURS, case("W1/byob"), {"limit": 12.5, "byob": 7}, self.folder)
        self.assertEqual(Path(command[-1]).read_text(), ours.read_text(), "the program is the same as ours")

    def test_workerd_has_a_configuration(self):
        peer = Peer("workerd", ("workerd", "test"), "workerd", streams=True)
        command = programs.command(peer, case("W3/1"), {}, self.folder)
        configuration = Path(command[-1]).read_text()
        [program] = self.folder.glob("*.mjs")
        self.assertIn(f'embed "{program.name}"', configuration)
        self.assertIn("export default { test: main };", program.read_text())

    def test_the_native_client(self):
        bench = {"seconds": 1.0, "size": 4, "control": 9, "ports": {"tcp-echo": [1], "tcp-flood": [2]}, "limit": 5}
        command = programs.native_command(("server", "run"), "W10", bench)
        wanted = ["server", "run", "W10", "--seconds", "1.0", "--control", "9", "--size", "4", "--port", "1,2"]
        self.assertEqual(command, wanted)
        churn = programs.native_command(("server", "run"), "W4", {"ports": {"tcp-accept-close": [1, 2, 3]}})
        self.assertEqual(churn[-2:], ["--port", "1,2,3"])
