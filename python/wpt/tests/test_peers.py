# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of the peers, over real sockets."""

import hashlib
import socket
import struct
import unittest
from unittest import mock

from wpt.tests.peers import ApiError, PeerApi, connection, noise

TIMEOUT = 20


class Peers(unittest.TestCase):
    """What a page can make a peer do."""

    def setUp(self):
        self.api = PeerApi()
        self.clients = []

    def tearDown(self):
        for client in self.clients:
            client.close()
        self.api.reset()

    def ask(self, what, **arguments):
        return self.api.call(f"peer/{what}", arguments)

    def connect(self, **options):
        peer = self.ask("create", **options)
        client = socket.create_connection((peer["address"], peer["port"]), TIMEOUT)
        client.settimeout(TIMEOUT)
        self.clients.append(client)
        return peer["id"], client

    def read_all(self, client):
        data = b""
        while chunk := client.recv(65536):
            data += chunk
        return data

    def test_echo_until_the_end(self):
        peer, client = self.connect(behaviour="echo")
        client.sendall(b"hello")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(self.read_all(client), b"hello")
        log = self.ask("wait", id=peer, **{"for": "eof"})
        self.assertEqual((log["received"], log["sent"], log["fin"], log["eof"]), (5, 5, True, True))
        self.assertEqual(log["remotePort"], client.getsockname()[1])

    def test_hold_reads_only_when_told(self):
        peer, client = self.connect(behaviour="hold")
        client.sendall(b"0123456789")
        self.ask("wait", id=peer, **{"for": "accepted"})
        self.assertEqual(self.ask("log", id=peer)["connections"][0]["received"], 0)
        self.ask("read", id=peer, count=4)
        self.ask("wait", id=peer, count=4, **{"for": "received"})
        self.assertEqual(self.ask("log", id=peer)["connections"][0]["received"], 4)
        self.ask("read", id=peer)
        log = self.ask("wait", id=peer, count=10, **{"for": "received"})
        self.assertEqual(log["receivedSha256"], hashlib.sha256(b"0123456789").hexdigest())

    def test_hold_sees_the_fin_behind_unread_bytes(self):
        peer, client = self.connect(behaviour="hold")
        client.sendall(b"x" * 1000)
        client.shutdown(socket.SHUT_WR)
        log = self.ask("wait", id=peer, **{"for": "fin"})
        self.assertEqual((log["received"], log["eof"], log["reset"]), (0, False, None))
        self.ask("read", id=peer)
        log = self.ask("wait", id=peer, **{"for": "eof"})
        self.assertEqual(log["received"], 1000)

    def test_rest_is_read_after_both_directions_have_ended(self):
        peer, client = self.connect(behaviour="hold", then="fin")
        self.assertEqual(client.recv(1), b"")
        client.sendall(b"x" * 40_000)
        client.close()
        self.ask("wait", id=peer, **{"for": "fin"})
        with mock.patch.object(connection, "SLICE", 4096):
            self.ask("read", id=peer)
            self.assertEqual(self.ask("wait", id=peer, **{"for": "eof"})["received"], 40_000)

    def test_reset_by_the_client_is_seen(self):
        peer, client = self.connect(behaviour="sink")
        self.ask("wait", id=peer, **{"for": "accepted"})
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        log = self.ask("wait", id=peer, **{"for": "reset"})
        self.assertEqual((log["reset"], log["eof"]), ("ECONNRESET", False))

    def test_reset_by_the_peer_comes_after_its_bytes(self):
        peer, client = self.connect()
        self.ask("send", id=peer, text="bytes", then="rst")
        self.assertEqual(client.recv(5), b"bytes")
        with self.assertRaises(ConnectionResetError):
            client.recv(1)

    def test_commands_wait_for_the_connection(self):
        peer, client = self.connect()
        self.ask("send", id=peer, text="a")
        self.ask("send", id=peer, base64="Yg==", then="fin")
        self.assertEqual(self.read_all(client), b"ab")

    def test_flood_is_what_its_digest_says(self):
        peer, client = self.connect(flood=3_000_000, then="fin")
        data = self.read_all(client)
        self.assertEqual(len(data), 3_000_000)
        log = self.ask("wait", id=peer, **{"for": "sent"})
        self.assertEqual(log["sentSha256"], hashlib.sha256(data).hexdigest())
        for count in (0, 1, 2_000_000):
            beginning = hashlib.sha256(data[:count]).hexdigest()
            self.assertEqual(self.ask("flood-digest", count=count), {"sha256": beginning})

    def test_noise_never_repeats_a_block(self):
        blocks = list(noise(65536 * 3 + 5))
        self.assertEqual(sum(map(len, blocks)), 65536 * 3 + 5)
        self.assertEqual(len(set(blocks)), 4)

    def test_kept_bytes(self):
        peer, client = self.connect(behaviour="sink")
        client.sendall(b"look")
        self.ask("wait", id=peer, count=4, **{"for": "received"})
        self.assertEqual(self.ask("data", id=peer)["base64"], "bG9vaw==")

    def test_many_connections_in_one_thread(self):
        peer = self.ask("create", behaviour="echo")
        clients = [socket.create_connection((peer["address"], peer["port"]), TIMEOUT) for _ in range(300)]
        self.clients += clients
        for index, client in enumerate(clients):
            client.sendall(index.to_bytes(2, "big"))
        for index, client in enumerate(clients):
            client.settimeout(TIMEOUT)
            self.assertEqual(client.recv(2), index.to_bytes(2, "big"))
            client.close()
        self.assertEqual(self.ask("wait-count", id=peer["id"], count=300, **{"for": "ended"})["count"], 300)

    def test_hanging_port(self):
        hang = self.ask("hang")
        client = socket.socket()
        self.clients.append(client)
        client.settimeout(0.3)
        with self.assertRaises((TimeoutError, BlockingIOError)):
            client.connect(("127.0.0.1", hang["port"]))
        client.close()
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", hang["port"]))
        self.clients.append(client)
        found = self.ask("drain-hang", id=hang["id"])["remotePorts"]
        self.assertEqual(len(found), 1)

    def test_closed_port_refuses(self):
        port = self.ask("closed-port")["port"]
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), TIMEOUT)

    def test_mistakes_are_answered(self):
        for what, arguments in (
            ("create", {"behaviour": "dance"}),
            ("log", {"id": "77"}),
            ("wait", {"id": self.ask("create")["id"], "for": "accepted", "timeout": 0.1}),
            ("send", {}),
            ("nothing", {}),
        ):
            with self.assertRaises(ApiError):
                self.ask(what, **arguments)
