# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The web server of a test: its ports, and what a query asks of a response."""

import http.client
import tempfile
import unittest
from pathlib import Path
from urllib.parse import urlencode

from wpt.api import Api
from wpt.oschecks import Browser
from wpt.server import Server


class ServerTest(unittest.TestCase):
    """A server with one page."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        tests = Path(directory.name)
        (tests / "page.html").write_text("<p>page")
        self.api = Api(Browser())
        self.server = Server(self.api, tests, tests)
        self.addCleanup(self.server.stop)

    def get(self, port: int, path: str) -> http.client.HTTPResponse:
        """The response to one request."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.addCleanup(connection.close)
        connection.request("GET", path)
        return connection.getresponse()

    def test_two_ports_serve_the_same(self) -> None:
        """Two origins, of one site."""
        ports = self.api.call("/server/ports", {})["ports"]
        self.assertEqual(ports[0], self.server.port)
        self.assertEqual(len(set(ports)), 2)
        for port in ports:
            response = self.get(port, "/page.html")
            self.assertEqual((response.status, response.read()), (200, b"<p>page"))

    def test_headers_and_a_redirect(self) -> None:
        """What a query asks for."""
        query = urlencode([("header", "Permissions-Policy: x=()"), ("header", "X-Two:2")])
        response = self.get(self.server.port, f"/page.html?{query}")
        self.assertEqual(response.getheader("Permissions-Policy"), "x=()")
        self.assertEqual(response.getheader("X-Two"), "2")
        self.assertEqual(response.status, 200)
        query = urlencode({"header": "Location: /elsewhere", "status": "302"})
        response = self.get(self.server.port, f"/page.html?{query}")
        self.assertEqual((response.status, response.getheader("Location")), (302, "/elsewhere"))
        # Nothing else can be asked for.
        self.assertEqual(self.get(self.server.port, "/page.html?status=500").status, 200)
        self.assertEqual(self.get(self.server.port, "/none.html").status, 404)


if __name__ == "__main__":
    unittest.main()
