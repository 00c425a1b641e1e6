# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of what is kept for pages, and for how long, and of what the peers say about the machine."""

import errno
import socket
import unittest
from unittest import mock

from mach_support import ipv6
from wpt.tests.peers import ApiError, Kept, PeerApi, api, kept


class Clock:
    """A clock that a test moves, for everything that is kept."""

    def __init__(self, case):
        self.now = 1000.0
        patch = mock.patch.object(kept, "monotonic", lambda: self.now)
        patch.start()
        case.addCleanup(patch.stop)

    def pass_by(self, seconds):
        """Let time pass."""
        self.now += seconds


class KeptThings(unittest.TestCase):
    """What is kept, by itself."""

    def setUp(self):
        self.clock = Clock(self)
        self.ended = []
        self.kept = Kept(self.ended.append)

    def test_by_name_until_it_is_ended(self):
        first, second = self.kept.add("first"), self.kept.add("second")
        self.assertNotEqual(first, second)
        self.assertEqual((self.kept.get(first), self.kept.get(second)), ("first", "second"))
        self.kept.end(first)
        self.kept.end(first)
        self.assertEqual((self.kept.get(first), self.ended), (None, ["first"]))
        self.kept.reset()
        self.assertEqual((self.kept.get(second), self.ended), (None, ["first", "second"]))

    def test_what_nobody_asks_for_is_ended_with_the_next_one(self):
        left, used = self.kept.add("left"), self.kept.add("used")
        self.clock.pass_by(kept.FORGOTTEN * 0.75)
        self.kept.get(used)
        self.clock.pass_by(kept.FORGOTTEN * 0.75)
        self.assertEqual(self.ended, [])
        last = self.kept.add("last")
        self.assertEqual(self.ended, ["left"])
        self.assertEqual([self.kept.get(name) for name in (left, used, last)], [None, "used", "last"])


class Machine(unittest.TestCase):
    """What pages are told, and what they leave behind."""

    def setUp(self):
        self.api = PeerApi()
        self.addCleanup(self.api.reset)

    def test_forgotten_peers_are_closed(self):
        clock = Clock(self)
        for kind in ("udp", "peer"):
            forgotten = self.api.call(f"{kind}/create", {"behaviour": "sink"})
            clock.pass_by(kept.FORGOTTEN + 1)
            self.api.call(f"{kind}/create", {})
            with self.assertRaisesRegex(ApiError, f"no such .*{forgotten['id']}"):
                self.api.call(f"{kind}/log", {"id": forgotten["id"]})
            again = self.api.call(f"{kind}/create", {"port": forgotten["port"]})
            self.assertEqual(again["port"], forgotten["port"], "it is free again")

    def test_addresses_that_can_be_bound(self):
        self.assertEqual(self.api.call("address", {"address": "127.0.0.1"}), {"missing": ""})
        missing = self.api.call("address", {"address": "192.0.2.1"})["missing"]
        self.assertIn("192.0.2.1 cannot be bound: ", missing)

    def test_ipv6_is_missing_for_the_reason_that_is_expected(self):
        self.assertEqual(api.NO_IPV6, ipv6.REASON)
        self.assertEqual(self.api.call("ipv6", {})["missing"], ipv6.REASON if ipv6.is_off() else "")

        def refuse(sock, address):
            raise OSError(errno.EADDRNOTAVAIL, f"no {address}")

        with mock.patch.object(socket.socket, "bind", refuse):
            self.assertEqual(self.api.call("ipv6", {})["missing"], ipv6.REASON)
