# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of the operating system's view, on real processes."""

import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from wpt import processes
from wpt.os_api import OsApi
from wpt.oschecks import Browser, OsError, plain_options
from wpt.tests.peers import Peer
from wpt.tracing import Trace, TracingError

# A process that looks like net: it connects to a port, says so and waits for its standard input to end.
NET = """
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
print(s.getsockname()[1], flush=True)
while sys.stdin.buffer.read(1):
    socket.socket().close()
    print("again", flush=True)
"""


class NetLike(unittest.TestCase):
    """This process plays the shell, a child plays net."""

    def setUp(self):
        self.peer = Peer()
        self.child = subprocess.Popen(
            [sys.executable, "-c", NET, str(self.peer.port), processes.NET_FLAG, "token"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.local = int(self.child.stdout.readline())
        self.browser = Browser()
        self.browser.pid = os.getpid()

    def tearDown(self):
        self.child.kill()
        self.child.wait()
        self.child.stdin.close()
        self.child.stdout.close()
        self.peer.end()

    def test_net_is_found(self):
        found = self.browser.processes()
        self.assertEqual(found["net"], [self.child.pid])
        self.assertEqual(found["shell"], os.getpid())
        self.assertEqual(found["zombies"], 0)

    def test_socket_and_its_holder(self):
        found = self.browser.socket(self.local, self.peer.port)
        self.assertEqual(found["state"], "ESTABLISHED")
        self.assertEqual(found["holders"], [{"pid": self.child.pid, "kind": "net"}])
        self.assertFalse(self.browser.socket(1, 2)["exists"])
        counts = self.browser.count_sockets(self.peer.port)
        self.assertEqual((counts["net"], counts["shell"]), (1, 0))

    def test_option_through_a_copy_of_the_descriptor(self):
        names = ["SOL_SOCKET.SO_SNDBUF", "IPPROTO_TCP.TCP_NODELAY"]
        found = self.browser.option(self.local, self.peer.port, names)
        self.assertEqual(found, {"SOL_SOCKET.SO_SNDBUF": 131072, "IPPROTO_TCP.TCP_NODELAY": 0})
        self.assertEqual(plain_options("127.0.0.1", self.peer.port, names[1:]), {names[1]: 0})
        with self.assertRaises(OsError):
            self.browser.option(1, 2, names)
        with self.assertRaises(OsError):
            self.browser.option(self.local, self.peer.port, ["SOL_SOCKET.NONSENSE"])

    def test_descriptor_limit(self):
        limit = self.browser.limit_descriptors(0)
        self.child.stdin.write(b"x")
        self.child.stdin.flush()
        self.assertEqual(self.child.stdout.readline(), b"", "the child could not make a socket and ended")
        self.assertLess(limit["soft"], limit["hard"])

    def test_memory_and_descriptors(self):
        self.assertGreater(self.browser.memory()["net"], 1024 * 1024)
        self.assertGreaterEqual(self.browser.descriptors()["net"], 4)

    def test_signal_only_reaches_processes_of_the_browser(self):
        with self.assertRaises(OsError):
            self.browser.signal("net", "KILL", os.getppid())
        self.browser.signal("net", "KILL")
        found = self.browser.wait_for_process("net", 0, self.child.pid, 20)
        self.assertTrue(found["ok"])
        self.assertEqual(found["zombies"], 1)

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_trace(self):
        self.browser.start_trace("net", ["trace=socket"])
        self.child.stdin.write(b"x")
        self.child.stdin.flush()
        self.assertEqual(self.child.stdout.readline(), b"again\n")
        lines = self.browser.stop_trace()
        self.assertEqual(sum("socket(AF_INET" in line for line in lines), 1, lines)

    def test_trace_refuses_odd_expressions(self):
        with self.assertRaises(TracingError):
            Trace(self.child.pid, ["trace=socket; rm"])


class Tables(unittest.TestCase):
    """Reading /proc/net."""

    def test_ipv6_addresses(self):
        with socket.socket(socket.AF_INET6) as listener:
            listener.bind(("::1", 0))
            listener.listen()
            port = listener.getsockname()[1]
            entries = [entry for entry in processes.tcp_table() if entry.local == ("::1", port)]
            self.assertEqual([entry.state for entry in entries], ["LISTEN"])


class BlockedHosts(unittest.TestCase):
    """The hosts file that whoever opens it waits for."""

    def test_readers_get_the_text_when_it_is_unblocked(self):
        """Also one that comes at that very moment."""
        with tempfile.TemporaryDirectory() as folder:
            hosts = Path(folder) / "hosts"
            hosts.write_text("127.0.0.1 a.test\n")
            api = OsApi(Browser(), hosts)
            for number in range(20):
                api.call("block-hosts", {"block": True})
                self.assertTrue(stat.S_ISFIFO(hosts.stat().st_mode))
                with ThreadPoolExecutor(1) as pool:
                    found = pool.submit(hosts.read_text)
                    if number % 2:
                        self.assertFalse(found.done(), "it waits")
                    api.call("block-hosts", {"block": False})
                    self.assertEqual(found.result(30), "127.0.0.1 a.test\n")
                self.assertTrue(stat.S_ISREG(hosts.stat().st_mode))
                self.assertEqual(hosts.read_text(), "127.0.0.1 a.test\n")
            api.call("block-hosts", {"block": True})
            api.end()
            self.assertEqual([path.name for path in Path(folder).iterdir()], ["hosts"])
