"""The peers that tests talk to: real TCP listeners on loopback that do as they are told."""

from __future__ import annotations

import select
import socket
import time
from typing import Any

from .group import PATIENCE, ConnectionGroup
from .script import PeerError, Script, decode

__all__ = ["ClosedPort", "FullListener", "Peer", "PeerError", "Script", "decode"]

# What a listener's queue holds; more connections than this must not come before it accepts.
BACKLOG = 1024


class Peer(ConnectionGroup):
    """A listener and its connections."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0, script: Script | None = None, backlog: int = BACKLOG):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        script = script or Script()
        if script.receive_buffer:
            # Before listen: accepted sockets inherit it, and it decides the window scale.
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, script.receive_buffer)
        self.listener.bind((address, port))
        self.listener.listen(backlog)
        self.listener.setblocking(False)
        self.address, self.port = self.listener.getsockname()[:2]
        super().__init__(script, f"peer {self.port}")
        self._epoll.register(self.listener.fileno(), select.EPOLLIN)
        self._thread.start()

    def _other(self, fd: int) -> None:
        if not self.listener._closed and fd == self.listener.fileno():  # type: ignore[attr-defined]
            self._accept()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                continue  # it has gone before it was accepted
            self._adopt(sock)

    def _release(self) -> None:
        self.listener.close()
        super()._release()

    def refuse(self) -> None:
        """Close the listener; connections stay."""

        def command() -> None:
            if not self.listener._closed:  # type: ignore[attr-defined]
                self._epoll.unregister(self.listener.fileno())
                self.listener.close()

        self.submit(command)


class FullListener:
    """A listener whose queue is full, so that a connection to it hangs until `drain` is called.

    Linux drops the SYN of a client that finds the queue full; the client tries again after a second.
    """

    def __init__(self) -> None:
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.address, self.port = self.listener.getsockname()
        self.fillers: list[socket.socket] = []
        while True:
            filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            filler.setblocking(False)
            filler.connect_ex((self.address, self.port))
            self.fillers.append(filler)
            # Not select(), which knows no descriptor above 1023.
            waiting = select.poll()
            waiting.register(filler, select.POLLOUT)
            if not waiting.poll(200):
                break
            if len(self.fillers) > 16:
                raise PeerError("the queue of the listener does not fill")
        self.accepted: list[socket.socket] = []

    def drain(self, timeout: float = PATIENCE) -> list[tuple[Any, ...]]:
        """Accept what waits, and what comes within the next moments; the remote addresses are returned.

        The connection that hangs comes when its SYN is sent again, so this goes on until one comes that is not
        a filler.
        """
        own = {filler.getsockname() for filler in self.fillers}
        found: list[tuple[Any, ...]] = []
        deadline = time.monotonic() + timeout
        self.listener.settimeout(0.5)
        while time.monotonic() < deadline:
            try:
                sock, remote = self.listener.accept()
            except TimeoutError:
                continue
            self.accepted.append(sock)
            if remote not in own:
                found.append(remote)
                break
        return found

    def end(self) -> None:
        """Close everything."""
        for sock in [*self.fillers, *self.accepted, self.listener]:
            sock.close()


class ClosedPort:
    """A port on which nobody listens, kept from others by binding it."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.bind((address, 0))
        self.port = self.sock.getsockname()[1]

    def end(self) -> None:
        """Give the port back."""
        self.sock.close()
