# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The web server of one test: its pages, testharness.js, and the requests of `api.py`."""

from __future__ import annotations

import json
import mimetypes
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from wpt import harness, manifest
from wpt.api import Api, ApiError

# A request larger than this is no request of ours.
LARGEST_BODY = 64 * 1024 * 1024
TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".html": "text/html; charset=utf-8",
    ".idl": "text/plain; charset=utf-8",
    ".json": "application/json",
}


class Handler(BaseHTTPRequestHandler):
    """One connection of the browser."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Listener"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the report is made from results."""

    def do_GET(self) -> None:
        """Serve a file, a generated page, or what the query asks for."""
        url = urlsplit(self.path)
        found = self.server.site.lookup(unquote(url.path))
        if found is None:
            self._reply(404, b"not found", {"Content-Type": "text/plain"})
            return
        body, headers = found
        # Headers and the status of one response: ?pipe-like, but only what tests of policies need.
        query = parse_qs(url.query)
        for line in query.get("header", []):
            name, _, value = line.partition(":")
            headers[name.strip()] = value.strip()
        status = query.get("status", ["200"])[0]
        self._reply(302 if status == "302" else 200, body, headers)

    def do_POST(self) -> None:
        """Answer a request of a page."""
        try:
            length = int(self.headers.get("Content-Length", "0"))
        except ValueError:
            length = -1
        if not 0 <= length <= LARGEST_BODY:
            self.close_connection = True
            self._reply(413, b"", {})
            return
        body = self.rfile.read(length)
        try:
            arguments = json.loads(body) if body else {}
            if not isinstance(arguments, dict):
                raise ApiError("the arguments are no object")
            status, answer = 200, self.server.site.api.call(urlsplit(self.path).path, arguments)
        except json.JSONDecodeError as error:
            status, answer = 400, {"error": f"the body is not JSON: {error}"}
        except ApiError as error:
            status, answer = 500, {"error": str(error)}
        headers = {"Content-Type": "application/json", "Access-Control-Allow-Origin": "*"}
        self._reply(status, json.dumps(answer).encode(), headers)

    def _reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            # The page has gone meanwhile.
            self.close_connection = True


class Listener(ThreadingHTTPServer):
    """Listens on a port that the system picks, on loopback."""

    daemon_threads = True
    # With this a stopped server would wait for pages that keep their connection.
    block_on_close = False
    request_queue_size = 128

    def __init__(self, site: "Server"):
        super().__init__(("127.0.0.1", 0), Handler)
        self.site = site
        self.port = self.server_address[1]
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that is killed breaks connections; that is no error of the server."""

    def stop(self) -> None:
        """Stop listening."""
        self.shutdown()
        self.server_close()
        self._thread.join()


class Server:
    """What is served, on two ports: two origins under each of the server's names."""

    def __init__(self, api: Api, tests: Path = harness.TESTS, harness_files: Path = harness.HARNESS):
        self.api = api
        self.tests = tests.resolve()
        self.harness_files = harness_files.resolve()
        self._listeners = [Listener(self), Listener(self)]
        ports = [listener.port for listener in self._listeners]
        self.port = ports[0]
        api.routes["/server/ports"] = lambda _: {"ports": ports}

    def lookup(self, path: str) -> tuple[bytes, dict[str, str]] | None:
        """The body and the headers for a path."""
        if made := manifest.generated(path, self.tests):
            text, kind, source = made
            headers = {"Content-Type": f"{kind}; charset=utf-8"}
            return text.encode(), headers | self._sidecar(source)
        # /resources/testharness.js and its companions come from the package, all else from the tests.
        places = [(self.tests, path.lstrip("/"))]
        if path.startswith("/resources/"):
            places.append((self.harness_files, path.removeprefix("/resources/")))
        for root, name in places:
            file = (root / name).resolve()
            if file.is_relative_to(root) and file.is_file():
                kind = TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
                return file.read_bytes(), {"Content-Type": kind} | self._sidecar(file)
        return None

    def _sidecar(self, file: Path) -> dict[str, str]:
        """The headers that FILE.headers, or __dir__.headers beside it, asks for."""
        headers = {}
        for sidecar in (file.parent / "__dir__.headers", file.with_name(file.name + ".headers")):
            if sidecar.is_file():
                for line in sidecar.read_text().splitlines():
                    name, colon, value = line.partition(":")
                    if colon:
                        headers[name.strip()] = value.strip()
        return headers

    def stop(self) -> None:
        """Stop listening, and end the peers."""
        for listener in self._listeners:
            listener.stop()
        self.api.end()
