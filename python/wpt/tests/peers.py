# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The peers of tests/wpt/direct-sockets/resources/peers, as a handler of the web server finds them."""

import importlib
import sys

from wpt import harness
from wpt.os_api import OsApi

sys.path.insert(0, str(harness.TESTS))

api = importlib.import_module("direct-sockets.resources.peers.api")
ApiError = api.ApiError
PeerApi = api.PeerApi
Peer = importlib.import_module("direct-sockets.resources.peers.listeners").Peer
connection = importlib.import_module("direct-sockets.resources.peers.connection")
noise = connection.noise
flood = importlib.import_module("direct-sockets.resources.peers.datagrams").flood
kept = importlib.import_module("direct-sockets.resources.peers.kept")
Kept = kept.Kept


class Everything:
    """The peers and the view of the operating system, as one page sees both: /peer/..., /os/..."""

    def __init__(self, browser):
        self.peers = PeerApi()
        self.os = OsApi(browser, None, self.peers.call)

    def call(self, path, arguments):
        """Answer a request."""
        if path.startswith("/os/"):
            return self.os.call(path.removeprefix("/os/"), arguments)
        return self.peers.call(path.removeprefix("/"), arguments)

    def end(self):
        """Close everything."""
        self.peers.reset()
        self.os.end()
