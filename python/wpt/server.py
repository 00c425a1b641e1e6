# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The web servers of a run as the runner sees them: a process for each (serve.py), and the answers to /_os."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from wpt import harness, sites
from wpt.os_api import ApiError, OsApi
from wpt.oschecks import Browser
from wpt.sites import Site

# A request larger than this is no request of ours.
LARGEST_BODY = 64 * 1024 * 1024
# How long a server may take to start, in seconds; the first one makes a certificate.
START = 60.0
END = 10.0
# How long the peers may take to answer the runner.
PEERS = 120.0
PEER_HANDLER = "/direct-sockets/resources/peer.py"


class ServerError(Exception):
    """The web server did not start."""


class Handler(BaseHTTPRequestHandler):
    """One request that the web server hands over."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "OsServer"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the report is made from results."""

    def do_POST(self) -> None:
        """Answer it."""
        try:
            length = int(self.headers.get("Content-Length", "0"))
        except ValueError:
            length = -1
        if not 0 <= length <= LARGEST_BODY:
            self.close_connection = True
            self._reply(413, {"error": "the request is too large"})
            return
        self._reply(*self.server.api.answer(self.path.removeprefix("/"), self.rfile.read(length)))

    def _reply(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            # Whoever asked has gone meanwhile.
            self.close_connection = True


class OsServer(ThreadingHTTPServer):
    """Listens on a port that the system picks, on loopback. `api` is that of the test that runs now."""

    daemon_threads = True
    # With this a stopped server would wait for requests that wait.
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.api = OsApi(Browser())
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
    """One web server. It serves one test at a time; `begin` says which browser that has."""

    def __init__(self, site: Site | None = None, certificates: Path = harness.CERTIFICATES):
        self.site = site or sites.project()
        self._os = OsServer()
        given = {
            "roots": [(root.url, str(root.directory.resolve())) for root in self.site.roots],
            "harness": str(self.site.harness.resolve()),
            "report": str(self.site.report.resolve()),
            "os_port": self._os.port,
            "certificates": str(certificates.resolve()),
        }
        self._child = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("serve.py")), json.dumps(given)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # An interrupt at the terminal is for the runner, which ends this process.
            start_new_session=True,
        )
        try:
            answer = json.loads(self._first_line())
        except BaseException:
            self.stop()
            raise
        self.ports: dict[str, list[int]] = answer["ports"]
        self.certificate = Path(answer["certificate"])

    def _first_line(self) -> str:
        lines: queue.Queue[str] = queue.Queue()
        assert self._child.stdout is not None
        reader = threading.Thread(target=lambda: lines.put(self._child.stdout.readline()), daemon=True)
        reader.start()
        try:
            line = lines.get(timeout=START)
        except queue.Empty:
            raise ServerError(f"the web server did not start within {START:.0f} s") from None
        if not line:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(END)
            raise ServerError(f"the web server ended as it started, with status {self._child.returncode}")
        return line

    def url(self, path: str, secure: bool = True, host: str = sites.HOST) -> str:
        """The URL of a path of the site."""
        scheme = "https" if secure else "http"
        return f"{scheme}://{host}:{self.ports[scheme][0]}{path}"

    def alive(self) -> bool:
        """Whether the server runs."""
        return self._child.poll() is None

    def begin(self, browser: Browser, hosts: Path | None = None, timeout_multiplier: float = 1.0) -> OsApi:
        """Let a test begin."""
        self._os.api = OsApi(browser, hosts, self.ask_peers, timeout_multiplier)
        return self._os.api

    def finish(self) -> None:
        """Undo what the test has done, and end the peers that it has left."""
        try:
            self._os.api.end()
        finally:
            self._os.api = OsApi(Browser())
            peers = self.site.find(PEER_HANDLER)
            if self.alive() and peers is not None and peers.is_file():
                # Peers that cannot be asked are those of a server that is about to end.
                with contextlib.suppress(ApiError, OSError):
                    self.ask_peers("reset", {})

    def ask_peers(self, what: str, arguments: dict[str, Any]) -> Any:
        """Ask for what a page could ask for."""
        url = f"http://127.0.0.1:{self.ports['http'][0]}{PEER_HANDLER}?{what}"
        request = urllib.request.Request(url, data=json.dumps(arguments).encode(), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=PEERS) as response:
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode(errors="replace")
            try:
                raise ApiError(str(json.loads(text)["error"]))
            except (ValueError, KeyError, TypeError):
                raise ApiError(f"{what}: status {error.code}") from None

    def stop(self) -> None:
        """End the process."""
        if self._child.stdin is not None:
            self._child.stdin.close()
        try:
            self._child.wait(END)
        except subprocess.TimeoutExpired:
            pass
        # Whatever it has started is in its process group.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()
        self._os.stop()
