# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The driver of Chromium: what a program says comes out, and nothing is left, however it ends. Where Chromium or Node
is missing, a run must tell so."""

from __future__ import annotations

import os
import signal
import tempfile
import time
import unittest
from pathlib import Path

from bench import peers
from bench.processes import Child, Ended
from wpt import processes as browser

LIMIT = 60.0
# A program that goes on until it is ended.
ENDLESS = "console.log('{\"on\": true}'); await new Promise(() => {});"


class Driver(unittest.TestCase):
    """Programs in Chromium."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def start(self, text: str, *options: str) -> Child | None:
        """A program in Chromium; None where that is missing, which is then told."""
        found = peers.find([peers.CHROMIUM], os.environ)
        if not found.peers:
            self.assertRegex(found.missing[peers.CHROMIUM], "CHROMIUM|NODE|--version fails")
            return None
        program = self.folder / "program.mjs"
        program.write_text(text)
        child = Child([*found.peers[0].command, *options, str(program)])
        self.addCleanup(child.stop, 0)
        return child

    def assert_gone(self, family: list[browser.Process], profile: bool = False) -> None:
        """Waits until none of these processes is there, and looks at what is left."""
        end = time.monotonic() + LIMIT
        while (left := [one for one in family if browser.alive(one)]) and time.monotonic() < end:
            time.sleep(0.01)
        self.assertEqual(left, [])
        self.assertEqual([path.name for path in self.folder.glob("chromium-*")] != [], profile)

    def test_what_a_program_says(self) -> None:
        sockets = "[TCPSocket, UDPSocket, TCPServerSocket].map((one) => one.name)"
        child = self.start(f"console.log('hello'); console.log(JSON.stringify({{ sockets: {sockets} }}));")
        if child is None:
            return
        _, message = child.next(("sockets",), LIMIT)
        self.assertEqual(message["sockets"], ["TCPSocket", "UDPSocket", "TCPServerSocket"])
        self.assertTrue(child.stop(LIMIT), "it ends with the module")
        self.assert_gone([])

    def test_a_program_that_fails(self) -> None:
        for text, wanted in (
            ("throw new Error('what is wrong');", "Error: what is wrong"),
            ("console.error('a complaint'); await Promise.reject(7);", "a complaint"),
            ("no program", "SyntaxError"),
        ):
            with self.subTest(text):
                child = self.start(text)
                if child is not None:
                    self.assertRaisesRegex(Ended, wanted, child.next, ("result",), LIMIT)

    def test_a_program_that_takes_too_long(self) -> None:
        child = self.start(ENDLESS, "--timeout", "0.01")
        if child is not None:
            with self.assertRaisesRegex(Ended, "the program did not end within 0.01 s"):
                child.next(("result",), LIMIT)

    def test_a_browser_that_cannot_be_run(self) -> None:
        child = self.start(ENDLESS, "--chromium", "/nowhere/chromium")
        if child is not None:
            with self.assertRaisesRegex(Ended, "Chromium has ended: spawn /nowhere/chromium"):
                child.next(("result",), LIMIT)

    def test_ends_from_outside(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL, None):
            with self.subTest(number):
                child = self.start(ENDLESS)
                if child is None:
                    return
                child.next(("on",), LIMIT)
                family = browser.tree(child.pid)
                self.assertGreater(len(family), 3, "the driver, the browser, its network service and the page")
                if number is None:
                    # Nobody listens any longer.
                    self.assertTrue(child.stop(LIMIT))
                else:
                    os.kill(child.pid, number)
                # Only who has the time can remove the profile.
                self.assert_gone(family, profile=number == signal.SIGKILL)
                for path in self.folder.glob("chromium-*"):
                    path.rename(self.folder / f"left-by-{path.name}")
