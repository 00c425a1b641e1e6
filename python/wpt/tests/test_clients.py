# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of the clients for servers in pages, and of the view on listeners, over real sockets."""

import os
import socket
import struct
import time
import unittest

from wpt.os_api import ApiError as OsApiError
from wpt.oschecks import Browser, sysctl
from wpt.tests.peers import ApiError, Everything

TIMEOUT = 20


class ClientsOfAServer(unittest.TestCase):
    """What a page can make clients of its server do. This process plays the browser."""

    def setUp(self):
        self.browser = Browser()
        self.browser.pid = os.getpid()
        self.api = Everything(self.browser)
        self.server = socket.create_server(("127.0.0.1", 0), backlog=32)
        self.server.settimeout(TIMEOUT)
        self.port = self.server.getsockname()[1]
        self.accepted = []

    def tearDown(self):
        for sock in self.accepted:
            sock.close()
        self.server.close()
        self.api.end()

    def ask(self, path, **arguments):
        return self.api.call(path, arguments)

    def accept(self):
        sock, remote = self.server.accept()
        sock.settimeout(TIMEOUT)
        self.accepted.append(sock)
        return sock, remote

    def test_clients_connect_in_order_and_say_who_they_are(self):
        made = self.ask("/client/connect", port=self.port, count=10)
        self.assertEqual(made["failures"], [])
        for client in made["connections"]:
            _, remote = self.accept()
            self.assertEqual(remote, (client["localAddress"], client["localPort"]))
            self.assertEqual((client["remoteAddress"], client["remotePort"]), ("127.0.0.1", self.port))

    def test_clients_obey_like_peers(self):
        made = self.ask("/client/connect", port=self.port, behaviour="sink", greeting="hello")
        sock, _ = self.accept()
        self.assertEqual(sock.recv(5), b"hello")
        sock.sendall(b"back")
        log = self.ask("/peer/wait", id=made["id"], count=4, **{"for": "received"})
        self.assertEqual(log["received"], 4)
        self.ask("/peer/send", id=made["id"], text="bye", then="fin")
        self.assertEqual(sock.recv(8), b"bye")
        self.assertEqual(sock.recv(8), b"")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
        self.assertEqual(self.ask("/peer/wait", id=made["id"], **{"for": "reset"})["reset"], "ECONNRESET")

    def test_echo_and_reset(self):
        made = self.ask("/client/connect", port=self.port, behaviour="echo", count=2)
        first, second = self.accept()[0], self.accept()[0]
        first.sendall(b"1")
        second.sendall(b"2")
        self.assertEqual((first.recv(1), second.recv(1)), (b"1", b"2"))
        self.ask("/peer/rst", id=made["id"], connection=1)
        with self.assertRaises(ConnectionResetError):
            second.recv(1)

    def test_commands_in_one_request(self):
        made = self.ask("/client/connect", port=self.port, count=2)
        first, second = self.accept()[0], self.accept()[0]
        second.sendall(b"12345")
        commands = [
            {"do": "send", "connection": 0, "text": "a"},
            {"do": "fin", "connection": 0},
            {"do": "read", "connection": 1},
        ]
        self.ask("/peer/batch", id=made["id"], commands=commands)
        self.assertEqual((first.recv(1), first.recv(1)), (b"a", b""))
        log = self.ask("/peer/wait", id=made["id"], connection=1, count=5, **{"for": "received"})
        self.assertEqual(log["received"], 5)
        with self.assertRaises(ApiError):
            self.ask("/peer/batch", id=made["id"], commands=[{"do": "end"}])

    def test_refusal_is_told(self):
        self.server.close()
        made = self.ask("/client/connect", port=self.port, count=2)
        self.assertEqual((made["connections"], made["failures"]), ([], ["ECONNREFUSED", "ECONNREFUSED"]))

    def test_patience_is_for_all_clients_together(self):
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            start = time.monotonic()
            made = self.ask("/client/connect", port=full.getsockname()[1], count=12, timeout=0.5)
            took = time.monotonic() - start
        self.assertEqual(set(made["failures"]), {"ETIMEDOUT"})
        self.assertGreater(len(made["failures"]), 8)
        self.assertLess(took, 3, "one after the other they would have taken at least 4 seconds")

    def test_source_address(self):
        made = self.ask("/client/connect", port=self.port, source="127.0.0.9")
        self.assertEqual(self.accept()[1], ("127.0.0.9", made["connections"][0]["localPort"]))

    def test_a_client_has_no_listener_to_close(self):
        made = self.ask("/client/connect", port=self.port)
        with self.assertRaises(ApiError):
            self.ask("/peer/refuse", id=made["id"])

    def test_listeners_are_seen(self):
        found = self.ask("/os/listener", port=self.port)
        self.assertEqual((found["address"], found["backlog"], found["queued"]), ("127.0.0.1", 32, 0))
        self.assertEqual([holder["pid"] for holder in found["holders"]], [os.getpid()])
        self.ask("/client/connect", port=self.port, count=3)
        self.assertTrue(self.ask("/os/wait-listener", port=self.port, want={"queued": 3})["ok"])
        self.server.close()
        found = self.ask("/os/wait-listener", port=self.port, want={"listening": False})
        self.assertEqual((found["ok"], found["listeners"]), (True, []))

    def test_sockets_of_a_local_port_are_counted(self):
        self.ask("/client/connect", port=self.port, count=2)
        self.accept()
        # The listener, one accepted connection, and nothing for the one that waits.
        self.assertEqual(self.ask("/os/count-sockets", localPort=self.port)["shell"], 2)
        self.assertEqual(self.ask("/os/count-sockets", remotePort=self.port)["shell"], 2)

    def test_settings(self):
        self.assertGreater(self.ask("/os/sysctl", name="net.core.somaxconn")["value"], 0)
        self.assertGreater(sysctl("net.core.somaxconn"), 0)
        with self.assertRaises(OsApiError):
            self.ask("/os/sysctl", name="kernel.hostname")


if __name__ == "__main__":
    unittest.main()
