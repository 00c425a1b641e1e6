# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Checkpoints: a client tells how far it is, and waits while its processes are looked at."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

# The longest label that is read.
LONGEST = 64


class Control:
    """Takes the connections of one sample's clients; `look(label)` is called while they wait."""

    def __init__(self, look: Callable[[str], None], limit: float):
        self._look, self._limit = look, limit
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                connection.settimeout(self._limit)
                self._connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, UnicodeDecodeError):
            lines = connection.makefile("rb")
            while line := lines.readline(LONGEST):
                self._look(line.decode().strip())
                connection.sendall(b"ok\n")

    def close(self) -> None:
        """Take no more, and let nobody wait any longer."""
        # Closing alone does not wake a thread that waits in accept.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
