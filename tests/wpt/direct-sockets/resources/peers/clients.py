"""Clients from outside of the browser, for servers in pages: real TCP connections that do as they are told."""

from __future__ import annotations

import errno
import socket
import time
from typing import Any

from .group import PATIENCE, ConnectionGroup
from .script import Script

# The most clients that one request may ask for.
MOST = 10_000


class Clients(ConnectionGroup):
    """Connections that were made to one address, one after the other, so that they are accepted in this order.

    `patience` is for all of them together: those that it does not reach fail as if nobody had answered.
    """

    def __init__(
        self,
        address: str,
        port: int,
        script: Script | None = None,
        count: int = 1,
        source: str = "",
        patience: float = PATIENCE,
    ):
        super().__init__(script or Script(), f"clients of {port}")
        self.address, self.port = address, port
        # What became of each attempt that failed: "ECONNREFUSED" and the like, or "ETIMEDOUT" if nobody answered.
        self.failures: list[str] = []
        deadline = time.monotonic() + patience
        for _ in range(min(count, MOST)):
            try:
                self._adopt(self._connect(source, deadline))
            except TimeoutError:
                self.failures.append("ETIMEDOUT")
            except OSError as error:
                self.failures.append(errno.errorcode.get(error.errno or 0, str(error)))
        self._thread.start()

    def _connect(self, source: str, deadline: float) -> socket.socket:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            if self.script.receive_buffer:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.script.receive_buffer)
            if source:
                sock.bind((source, 0))
            sock.settimeout(left)
            sock.connect((self.address, self.port))
        except OSError:
            sock.close()
            raise
        return sock

    def describe(self) -> dict[str, Any]:
        """Who has connected, and what became of those who have not."""
        return {
            "connections": [
                {
                    "localAddress": connection.local[0],
                    "localPort": connection.local[1],
                    "remoteAddress": connection.remote[0],
                    "remotePort": connection.remote[1],
                }
                for connection in self.connections
            ],
            "failures": self.failures,
        }
