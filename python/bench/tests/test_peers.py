# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of who takes part."""

import os
import tempfile
import unittest
from pathlib import Path

from bench import peers
from bench.tests.made import case
from mach_support.log import Failure


class Finding(unittest.TestCase):
    """Runtimes on PATH and in the environment."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def program(self, name, script="echo NAME 1.2.3"):
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def test_nothing_is_installed(self):
        found = peers.find(None, {"PATH": str(self.folder)})
        self.assertEqual(found.peers, [])
        self.assertEqual(set(found.missing), set(peers.NAMES) - {peers.OURS, peers.NATIVE})
        self.assertEqual(found.missing["bun"], "no bun on PATH, and BUN names none")

    def test_on_path(self):
        path = self.program("node")
        found = peers.find(None, {"PATH": str(self.folder)})
        self.assertEqual([peer.name for peer in found.peers], ["node-net", "node-web"])
        self.assertEqual(found.peers[0].command[0], str(path))
        self.assertEqual(found.peers[0].version, "NAME 1.2.3")
        self.assertNotIn("node-net", found.missing)

    def test_the_environment_comes_first(self):
        self.program("node")
        other = self.program("another")
        found = peers.find(["node-net"], {"PATH": str(self.folder), "NODE": str(other)})
        self.assertEqual([peer.command[0] for peer in found.peers], [str(other)])

    def test_what_is_named_and_cannot_be_run(self):
        self.program("node")
        found = peers.find(None, {"PATH": str(self.folder), "NODE": "/nowhere/node"})
        self.assertEqual(found.missing["node-net"], "NODE=/nowhere/node cannot be run")

    def test_what_does_not_tell_its_version(self):
        self.program("bun", "exit 1")
        found = peers.find(["bun"], {"PATH": str(self.folder)})
        self.assertRegex(found.missing["bun"], "bun --version fails")

    def test_chromium_is_driven_by_node(self):
        chromium = self.program("chromium", "echo Chromium 1")
        environment = {"PATH": str(self.folder)}
        self.assertEqual(
            peers.find(["chromium"], environment).missing,
            {"chromium": "it is driven by Node, and there is no node on PATH, and NODE names none"},
        )
        node = self.program("node")
        found = peers.find(["chromium"], environment)
        [peer] = found.peers
        self.assertEqual(peer.command, (str(node), str(peers.DRIVER), "--chromium", str(chromium)))
        self.assertEqual((peer.version, found.missing), ("Chromium 1", {}))
        self.assertTrue(peers.DRIVER.is_file())
        chromium.unlink()
        found = peers.find(["chromium"], environment)
        self.assertEqual(found.missing, {"chromium": "no chromium on PATH, and CHROMIUM names none"})

    def test_only_those_that_are_wanted(self):
        self.program("deno")
        found = peers.find(["deno-raw", "ours"], {"PATH": str(self.folder)})
        self.assertEqual(([peer.name for peer in found.peers], found.missing), (["deno-raw"], {}))

    def test_unknown_names(self):
        with self.assertRaisesRegex(Failure, "--peers netscape: no such peer; there are ours, native"):
            peers.find(["netscape"], os.environ)


class Gaps(unittest.TestCase):
    """What a peer has no means for."""

    def test_by_workload_and_by_variant(self):
        found = {peer.name: peer for runtime in peers.RUNTIMES for peer in runtime.peers}
        self.assertEqual(found["workerd"].gap(case("W7/w32")), "no datagrams")
        self.assertIsNone(found["workerd"].gap(case("W1/byob")))
        self.assertIsNotNone(found["bun"].gap(case("W1/byob")))
        self.assertIsNone(found["bun"].gap(case("W1/default")))

    def test_ours_in_several_modes(self):
        made = peers.ours(Path("/nowhere/shell"), [(), ("--multiprocess", "--worker")])
        self.assertEqual([peer.name for peer in made], ["ours", "ours-multiprocess-worker"])
        self.assertTrue(all(peer.is_ours and not peer.is_other for peer in made))
        self.assertEqual(made[1].command, ("/nowhere/shell", "--multiprocess", "--worker"))
