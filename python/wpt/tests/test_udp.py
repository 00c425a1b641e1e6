# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of the UDP peers and of the view on UDP sockets, over real sockets and processes."""

import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
import unittest

from wpt import processes
from wpt.oschecks import Browser
from wpt.tests.peers import ApiError, Everything, flood

TIMEOUT = 20


class UdpPeers(unittest.TestCase):
    """What a page can make a UDP peer do."""

    def setUp(self):
        self.api = Everything(Browser())
        self.client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.client.bind(("127.0.0.1", 0))
        self.client.settimeout(TIMEOUT)
        self.here = {"address": "127.0.0.1", "port": self.client.getsockname()[1]}

    def tearDown(self):
        self.client.close()
        self.api.end()

    def ask(self, what, **arguments):
        return self.api.call(f"/udp/{what}", arguments)

    def create(self, **options):
        peer = self.ask("create", **options)
        return peer["id"], (peer["address"], peer["port"])

    def test_sink_tells_what_came_and_from_whom(self):
        peer, address = self.create(behaviour="sink")
        for data in (b"", b"one", b"x" * 1000):
            self.client.sendto(data, address)
        log = self.ask("wait", id=peer, count=3)
        self.assertEqual((log["received"], log["bytes"]), (3, 1003))
        self.assertEqual(log["sha256"], hashlib.sha256(b"one" + b"x" * 1000).hexdigest())
        self.assertEqual([datagram["size"] for datagram in log["datagrams"]], [0, 3, 1000])
        self.assertEqual([datagram["text"] for datagram in log["datagrams"]], ["", "one", None])
        self.assertEqual(log["datagrams"][1]["port"], self.here["port"])
        self.assertEqual(log["datagrams"][2]["sha256"], hashlib.sha256(b"x" * 1000).hexdigest())

    def test_echo_also_of_nothing(self):
        _, address = self.create(behaviour="echo")
        for data in (b"hello", b"", b"again"):
            self.client.sendto(data, address)
            self.assertEqual(self.client.recvfrom(100), (data, address))

    def test_hold_reads_only_when_told(self):
        peer, address = self.create()
        self.client.sendto(b"waits", address)
        with self.assertRaises(ApiError):
            self.ask("wait", id=peer, count=1, timeout=0.1)
        self.ask("read", id=peer)
        self.assertEqual(self.ask("wait", id=peer, count=1)["datagrams"][0]["text"], "waits")

    def test_sends_text_bytes_and_sizes(self):
        peer, _ = self.create()
        self.ask("send", id=peer, to=self.here, text="text")
        self.ask("send", id=peer, to=self.here, base64="AAE=")
        self.ask("send", id=peer, to=self.here, size=5000)
        self.ask("send", id=peer, to=self.here)
        self.assertEqual([len(self.client.recv(65536)) for _ in range(4)], [4, 2, 5000, 0])

    def test_flood_is_numbered_and_bounded(self):
        peer, _ = self.create()
        self.assertEqual(self.ask("flood", id=peer, to=self.here, count=10, size=100)["sent"], 10)
        found = [self.client.recv(65536) for _ in range(10)]
        self.assertEqual([int.from_bytes(data[:4], "big") for data in found], list(range(10)))
        self.assertEqual({len(data) for data in found}, {100})
        self.assertGreater(self.ask("flood", id=peer, to=self.here, seconds=0.05)["sent"], 10)
        with self.assertRaises(ApiError):
            self.ask("flood", id=peer, to=self.here, seconds=3600)

    def test_flood_ends_when_it_cannot_be_sent(self):
        deadlines = []

        def send(data, deadline):
            deadlines.append(deadline)
            return len(deadlines) < 4

        start = time.monotonic()
        self.assertEqual(flood(send, 10, 100, 30), 3)
        self.assertEqual(len(set(deadlines)), 1, "one for all of them")
        self.assertGreaterEqual(deadlines[0], start + 30)

    def test_waits_until_the_destination_is_bound(self):
        peer, address = self.create()
        self.ask("end", id=peer)
        peer, _ = self.create()
        to = {"address": address[0], "port": address[1]}
        arguments = {"peer": peer, "to": to, "text": "x"}
        sending = threading.Thread(target=self.api.call, args=("/os/udp/send-when-bound", arguments))
        sending.start()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as late:
            late.bind(address)
            late.settimeout(TIMEOUT)
            self.assertEqual(late.recv(10), b"x")
        sending.join()

    def test_closed_port_answers_with_icmp(self):
        closed = self.ask("closed-port")
        self.client.connect((closed["address"], closed["port"]))
        self.client.send(b"x")
        with self.assertRaises(ConnectionRefusedError):
            self.client.recv(10)
        self.ask("send", id=closed["id"], to=self.here, text="all the same")
        self.assertEqual(self.client.recv(100), b"all the same")
        with self.assertRaises(ApiError):
            self.ask("log", id=closed["id"])

    def test_ipv6_and_errors(self):
        peer, address = self.create(address="::1", behaviour="sink")
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as client:
            client.sendto(b"six", address)
        self.assertEqual(self.ask("wait", id=peer, count=1)["datagrams"][0]["address"], "::1")
        with self.assertRaises(ApiError):
            self.ask("create", address="::1", port=address[1])
        with self.assertRaises(ApiError):
            self.ask("create", behaviour="nonsense")
        self.ask("end", id=peer)
        with self.assertRaises(ApiError):
            self.ask("log", id=peer)


# A process that looks like net: a UDP socket that is connected to a port, and says what it receives.
NET = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
s.connect(("127.0.0.1", int(sys.argv[1])))
print(s.getsockname()[1], flush=True)
while sys.stdin.buffer.read(1):
    try:
        print(len(s.recv(65536)), flush=True)
    except OSError as error:
        print(error.errno, flush=True)
"""


class UdpView(unittest.TestCase):
    """This process plays the shell, a child plays net."""

    def setUp(self):
        self.browser = Browser()
        self.browser.pid = os.getpid()
        self.api = Everything(self.browser)
        self.child = None

    def tearDown(self):
        self.child.kill()
        self.child.wait()
        self.child.stdin.close()
        self.child.stdout.close()
        self.api.end()

    def start(self, port):
        self.child = subprocess.Popen(
            [sys.executable, "-c", NET, str(port), processes.NET_FLAG, "token"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return int(self.child.stdout.readline())

    def line(self):
        self.child.stdin.write(b"x")
        self.child.stdin.flush()
        return int(self.child.stdout.readline())

    def ask(self, what, **arguments):
        return self.api.call(what, arguments)

    def test_socket_queue_drops_and_options(self):
        peer = self.ask("/udp/create")
        local = self.start(peer["port"])
        found = self.ask("/os/udp/socket", localPort=local)
        self.assertEqual((found["remotePort"], found["receiveQueue"], found["drops"]), (peer["port"], 0, 0))
        self.assertEqual(found["holders"], [{"pid": self.child.pid, "kind": "net"}])
        names = ["SOL_SOCKET.SO_RCVBUF", "SOL_SOCKET.SO_BROADCAST"]
        options = self.ask("/os/udp/option", localPort=local, names=names)
        self.assertEqual(options, {names[0]: 65536, names[1]: 0})
        self.assertNotEqual(self.ask("/os/udp/plain-option", names=names)[names[0]], 65536)
        to = {"address": "127.0.0.1", "port": local}
        self.ask("/udp/flood", id=peer["id"], to=to, count=200, size=1000)
        found = self.ask("/os/udp/wait", localPort=local, want={"minReceiveQueue": 1000, "minDrops": 1})
        self.assertTrue(found["ok"])
        self.assertEqual(self.line(), 1000)
        counts = self.ask("/os/udp/count")
        self.assertEqual((counts["net"], counts["content"]), (1, 0))
        self.assertTrue(self.ask("/os/udp/wait-count", count=1)["ok"])
        self.assertFalse(self.ask("/os/udp/wait", localPort=1, want={"exists": True}, timeout=0)["ok"])

    def test_provoke(self):
        local = self.start(self.ask("/udp/closed-port")["port"])
        self.ask("/os/udp/provoke", localPort=local)
        self.assertEqual(self.line(), 111)
