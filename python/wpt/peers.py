# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The peers that tests talk to: real TCP listeners on loopback that do as they are told.

Each peer runs one thread over epoll for its listener and all of its connections, so that a thousand connections
cost one thread. Commands are handed to that thread and answered when it has carried them out.
"""

from __future__ import annotations

import base64
import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from wpt.connection import UNLIMITED, Connection, noise

# How long a command or a wait may take unless the test says less.
PATIENCE = 20.0
# What a listener's queue holds; more connections than this must not come before it accepts.
BACKLOG = 1024


class PeerError(Exception):
    """A request that makes no sense, or that could not be carried out in time."""


@dataclass
class Script:
    """What a connection does by itself once it is accepted."""

    behaviour: str = "hold"  # hold: nothing; sink: reads; echo: sends back what it reads
    greeting: bytes = b""  # sent first
    flood: int = 0  # so many bytes follow
    then: str = ""  # "fin" when all of that is sent
    receive_buffer: int = 0

    @classmethod
    def parse(cls, options: dict[str, Any]) -> "Script":
        """From the JSON that a page sends."""
        script = cls(
            behaviour=str(options.get("behaviour", "hold")),
            greeting=decode(options),
            flood=int(options.get("flood", 0)),
            then=str(options.get("then", "")),
            receive_buffer=int(options.get("receiveBuffer", 0)),
        )
        if script.behaviour not in ("hold", "sink", "echo"):
            raise PeerError(f"no such behaviour: {script.behaviour}")
        if script.then not in ("", "fin"):
            # A reset at once can overtake the client's connect(), which then fails with ECONNRESET: whoever wants
            # one commands it when the connection stands.
            raise PeerError(f"a new connection may end with fin, not with {script.then}")
        return script


def decode(options: dict[str, Any]) -> bytes:
    """The bytes that come with a request: as text, or as base64."""
    if "base64" in options:
        return base64.b64decode(options["base64"])
    return str(options.get("text", options.get("greeting", ""))).encode()


class Peer:
    """A listener and its connections."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0, script: Script | None = None, backlog: int = BACKLOG):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.script = script or Script()
        if self.script.receive_buffer:
            # Before listen: accepted sockets inherit it, and it decides the window scale.
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.script.receive_buffer)
        self.listener.bind((address, port))
        self.listener.listen(backlog)
        self.listener.setblocking(False)
        self.address, self.port = self.listener.getsockname()[:2]
        self.connections: list[Connection] = []
        self.changed = threading.Condition()
        self._by_fd: dict[int, Connection] = {}
        self._masks: dict[int, int] = {}
        self._commands: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll = select.epoll()
        self._epoll.register(self._wake, select.EPOLLIN)
        self._epoll.register(self.listener.fileno(), select.EPOLLIN)
        self._ending = False
        self._thread = threading.Thread(target=self._run, name=f"peer {self.port}", daemon=True)
        self._thread.start()

    # The thread.

    def _run(self) -> None:
        while not self._ending:
            events = self._epoll.poll()
            with self.changed:
                for fd, mask in events:
                    if fd == self._wake:
                        os.eventfd_read(self._wake)
                    elif not self.listener._closed and fd == self.listener.fileno():  # type: ignore[attr-defined]
                        self._accept()
                    elif connection := self._by_fd.get(fd):
                        connection.handle(mask)
                        self._watch(connection)
                self._obey()
                self.changed.notify_all()
        self._release()

    def _obey(self) -> None:
        while self._commands:
            command, future = self._commands.popleft()
            try:
                future.set_result(command())
            except Exception as error:  # the asking thread raises it
                future.set_exception(error)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                continue  # it has gone before it was accepted
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            reads = self.script.behaviour in ("sink", "echo")
            connection = Connection(
                sock, len(self.connections), UNLIMITED if reads else 0, echo=self.script.behaviour == "echo"
            )
            if self.script.greeting:
                connection.queue.append(memoryview(self.script.greeting))
            if self.script.flood:
                connection.source = noise(self.script.flood)
            connection.fin_when_sent = self.script.then == "fin"
            self.connections.append(connection)
            self._by_fd[connection.fd] = connection
            connection.send_some()
            self._watch(connection)

    def _watch(self, connection: Connection) -> None:
        """Bring the poller up to date with what the connection waits for."""
        mask = connection.mask()
        known = self._masks.get(connection.fd)
        if mask == 0:
            if known is not None:
                del self._masks[connection.fd]
                if not connection.closed:  # closing has taken it out already
                    self._epoll.unregister(connection.fd)
            if connection.closed:
                self._by_fd.pop(connection.fd, None)
        elif known is None:
            self._epoll.register(connection.fd, mask)
            self._masks[connection.fd] = mask
        elif known != mask:
            self._epoll.modify(connection.fd, mask)
            self._masks[connection.fd] = mask

    def _release(self) -> None:
        self.listener.close()
        for connection in self.connections:
            connection.close()
        self._epoll.close()
        os.close(self._wake)

    # What others may do.

    def submit(self, command: Callable[[], Any], timeout: float = PATIENCE) -> Any:
        """Have the thread carry out `command`."""
        future: Future[Any] = Future()
        with self.changed:
            if self._ending:
                raise PeerError("the peer has ended")
            self._commands.append((command, future))
        os.eventfd_write(self._wake, 1)
        return future.result(timeout)

    def on(self, index: int, action: Callable[[Connection], Any]) -> Any:
        """Carry out `action` on a connection, which is waited for if it has not been accepted yet."""
        self.wait(lambda: len(self.connections) > index, f"connection {index} to be accepted")

        def command() -> Any:
            connection = self.connections[index]
            result = action(connection)
            if not connection.closed:
                # Progress that needs no event: data that is here already, a queue that can be sent at once.
                connection.read_some()
                connection.read_rest()
                connection.send_some()
            self._watch(connection)
            return result

        return self.submit(command)

    def wait(self, condition: Callable[[], bool], what: str, timeout: float = PATIENCE) -> None:
        """Wait until something is so."""
        with self.changed:
            if not self.changed.wait_for(condition, timeout):
                raise PeerError(f"waited {timeout} s for {what}")

    def refuse(self) -> None:
        """Close the listener; connections stay."""

        def command() -> None:
            if not self.listener._closed:  # type: ignore[attr-defined]
                self._epoll.unregister(self.listener.fileno())
                self.listener.close()

        self.submit(command)

    def end(self) -> None:
        """Close everything."""
        with self.changed:
            if self._ending:
                return
            self._ending = True
        os.eventfd_write(self._wake, 1)
        self._thread.join(PATIENCE)

    def log(self) -> list[dict[str, Any]]:
        """What all connections have seen."""
        with self.changed:
            return [connection.log() for connection in self.connections]


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
            _, connected, _ = select.select([], [filler], [], 0.2)
            if not connected:
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
