"""What wakes a thread that waits for descriptors."""

from __future__ import annotations

import contextlib
import socket


class Waker:
    """To be registered for reading by the thread that waits; any other thread may wake it."""

    def __init__(self) -> None:
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self._far.setblocking(False)

    def fileno(self) -> int:
        """What the thread waits for."""
        return self._near.fileno()

    def wake(self) -> None:
        """Wake the thread."""
        with contextlib.suppress(BlockingIOError):  # it is full: the thread has yet to take what woke it before
            self._far.send(b"x")

    def clear(self) -> None:
        """Called by the thread when it is awake."""
        with contextlib.suppress(BlockingIOError):
            self._near.recv(4096)

    def close(self) -> None:
        """Close both ends."""
        self._near.close()
        self._far.close()
