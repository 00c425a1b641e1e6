# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The web server: its names and ports, generated pages, headers, handlers, and what it does not serve."""

import http.client
import json
import os
import signal
import socket
import ssl
import tempfile
import unittest
import urllib.error
import urllib.request
from pathlib import Path

from wpt import harness, sites
from wpt.executor import Executor
from wpt.os_api import ApiError
from wpt.oschecks import Browser
from wpt.server import Server
from wpt.sites import Root, Site

TIMEOUT = 30


class Serving(unittest.TestCase):
    """A server over a folder."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        root = Path(cls.folder.name).resolve()
        tests = root / "tests"
        (tests / "a").mkdir(parents=True)
        (tests / "own").mkdir()
        (tests / "a" / "x.https.any.js").write_text("1;\n")
        (tests / "a" / "x.https.any.js.headers").write_text("Permissions-Policy: direct-sockets=()\n")
        (tests / "a" / "plain.html").write_text("plain")
        (tests / "a" / "with blank.html").write_text("blank")
        names = "{{host}} {{hosts[alt][www]}} {{ports[https][1]}} {{ports[http][0]}}"
        (tests / "a" / "names.sub.html").write_text(names)
        (tests / "a" / "names.sub.html.sub.headers").write_text("X-Host: {{domains[www1]}}\n")
        (tests / "a" / "echo.py").write_text("def main(request, response):\n    return 203, [], request.body\n")
        (tests / "a" / "raw.asis").write_text("HTTP/1.1 299 Raw\nX-Raw: yes\n\nraw")
        (tests / "own" / "page.html").write_text("own")
        (root / "secret.html").write_text("secret")
        os.symlink(root / "secret.html", tests / "a" / "link.html")
        (root / "harness" / "resources").mkdir(parents=True)
        (root / "harness" / "resources" / "testharness.js").write_text("harness")
        site = Site((Root("/_own/", tests / "own"), Root("/", tests)), root / "harness")
        cls.server = Server(site, root / "certificates")
        cls.addClassCleanup(cls.server.stop)

    def get(self, path, data=None):
        url = f"http://127.0.0.1:{self.server.ports['http'][0]}{path}"
        return urllib.request.urlopen(url, data=data, timeout=TIMEOUT)

    def text(self, path):
        with self.get(path) as response:
            return response.read().decode()

    def test_every_port_serves_the_same(self):
        trusted = ssl.create_default_context(cafile=self.server.certificate)
        for scheme, ports in self.server.ports.items():
            self.assertEqual(len(set(ports)), 2)
            for port in ports:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
                self.addCleanup(connection.close)
                if scheme == "https":
                    connection.connect()
                    connection.sock = trusted.wrap_socket(connection.sock, server_hostname=sites.HOST)
                connection.request("GET", "/a/plain.html")
                response = connection.getresponse()
                self.assertEqual((response.status, response.read()), (200, b"plain"))

    def test_the_certificate_is_for_all_names(self):
        trusted = ssl.create_default_context(cafile=self.server.certificate)
        for name in (sites.HOST, f"www.{sites.HOST}", sites.OTHER_HOST, f"www2.{sites.OTHER_HOST}"):
            with socket.create_connection(("127.0.0.1", self.server.ports["https"][0]), TIMEOUT) as plain:
                trusted.wrap_socket(plain, server_hostname=name).close()
        with socket.create_connection(("127.0.0.1", self.server.ports["https"][0]), TIMEOUT) as plain:
            with self.assertRaises(ssl.SSLCertVerificationError):
                trusted.wrap_socket(plain, server_hostname="elsewhere.test")

    def test_sidecars_hold_for_generated_pages(self):
        for path in ("/a/x.https.any.html", "/a/x.https.any.worker.js", "/a/x.https.any.js"):
            with self.get(path) as response:
                self.assertEqual(response.headers["Permissions-Policy"], "direct-sockets=()", path)
        with self.get("/a/plain.html") as response:
            self.assertIsNone(response.headers["Permissions-Policy"])

    def test_substitution(self):
        with self.get("/a/names.sub.html") as response:
            names = response.read().decode().split()
            self.assertEqual(response.headers["X-Host"], f"www1.{sites.HOST}")
        ports = self.server.ports
        self.assertEqual(names, [sites.HOST, f"www.{sites.OTHER_HOST}", str(ports["https"][1]), str(ports["http"][0])])
        with self.get("/a/plain.html?pipe=header(X-Y,z)") as response:
            self.assertEqual(response.headers["X-Y"], "z")

    def test_handlers(self):
        with self.get("/a/echo.py", b"body") as response:
            self.assertEqual((response.status, response.read()), (203, b"body"))
        with self.get("/a/raw.asis") as response:
            self.assertEqual((response.status, response.headers["X-Raw"]), (299, "yes"))

    def test_roots_and_the_harness(self):
        self.assertEqual(self.text("/_own/page.html"), "own")
        self.assertEqual(self.text("/resources/testharness.js"), "harness")

    def test_the_report_has_the_multiplier_of_the_test(self):
        self.server.begin(Browser(), timeout_multiplier=2.5)
        text = self.text("/resources/testharnessreport.js")
        self.server.finish()
        self.assertEqual(text, harness.REPORT.read_text().replace("%(timeout_multiplier)s", "2.5"))
        self.assertIn("timeout_multiplier: 2.5", text)

    def test_paths_may_be_escaped(self):
        self.assertEqual(self.text("/a/pl%61in.html"), "plain")
        self.assertEqual(self.text("/a/with%20blank.html"), "blank")
        with self.get("/a/x%2Ehttps.any.html") as response:
            self.assertIn(b"testharness.js", response.read())

    def test_nothing_outside_is_served(self):
        for path in ("/../secret.html", "/a/link.html", "/a/none.html", "/%2e%2e/secret.html", "/_own/../x"):
            with self.assertRaises(urllib.error.HTTPError, msg=path) as caught:
                self.get(path)
            caught.exception.close()

    def test_the_runner_answers_for_the_operating_system(self):
        browser = Browser()
        browser.pid = os.getpid()
        self.server.begin(browser)
        with self.get("/_os/processes", b"{}") as response:
            self.assertEqual(json.load(response)["shell"], os.getpid())
        self.server.finish()
        for path, body in (("/_os/none", b"{}"), ("/_os/processes", b"[]"), ("/_os/processes", b"{")):
            with self.assertRaises(urllib.error.HTTPError) as caught:
                self.get(path, body)
            self.assertIn("error", json.load(caught.exception))
            caught.exception.close()


class Ending(unittest.TestCase):
    """Servers end with all that they have started."""

    def test_a_server_that_is_killed_is_replaced(self):
        with tempfile.TemporaryDirectory() as folder:
            site = Site((Root("/", Path(folder)),))
            with Executor(Path("/bin/true"), site=site) as executor:
                with executor._server() as first:
                    port = first.ports["http"][0]
                    os.kill(first._child.pid, signal.SIGKILL)
                    first._child.wait(TIMEOUT)
                    self.assertFalse(first.alive())
                    first.finish()
                # Nobody has inherited its sockets.
                with self.assertRaises(ConnectionRefusedError):
                    socket.create_connection(("127.0.0.1", port), TIMEOUT)
                with executor._server() as second:
                    self.assertIsNot(second, first)
                    self.assertTrue(second.alive())
                with executor._server() as third:
                    self.assertIs(third, second, "one that runs is used again")


class PeersOfTheProject(unittest.TestCase):
    """The handler of the peers."""

    def test_peers_live_until_the_test_ends(self):
        with tempfile.TemporaryDirectory() as folder:
            server = Server(certificates=Path(folder))
            try:
                server.begin(Browser())
                peer = server.ask_peers("peer/create", {"behaviour": "echo"})
                with socket.create_connection((peer["address"], peer["port"]), TIMEOUT) as client:
                    client.settimeout(TIMEOUT)
                    client.sendall(b"x")
                    self.assertEqual(client.recv(1), b"x")
                with self.assertRaisesRegex(ApiError, "dance"):
                    server.ask_peers("peer/create", {"behaviour": "dance"})
                server.finish()
                with self.assertRaises(ConnectionRefusedError):
                    socket.create_connection((peer["address"], peer["port"]), TIMEOUT)
            finally:
                server.stop()


if __name__ == "__main__":
    unittest.main()
