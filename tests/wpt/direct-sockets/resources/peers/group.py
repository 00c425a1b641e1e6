"""Many TCP connections that one thread serves over epoll, so that a thousand of them cost one thread.

Commands are handed to that thread and answered when it has carried them out.

It has to be epoll, which is Linux's: a peer that does not read is to hear of a FIN behind bytes that nobody has read,
and the standard library's portable selectors know no event for that.
"""

from __future__ import annotations

import select
import socket
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from .connection import UNLIMITED, Connection, noise
from .script import PeerError, Script
from .waker import Waker

# How long a command or a wait may take unless the test says less.
PATIENCE = 20.0


class ConnectionGroup:
    """Connections and the thread that serves them."""

    def __init__(self, script: Script, name: str):
        self.script = script
        self.connections: list[Connection] = []
        self.changed = threading.Condition()
        self._by_fd: dict[int, Connection] = {}
        self._masks: dict[int, int] = {}
        self._commands: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        if not hasattr(select, "epoll"):
            raise PeerError("TCP peers need epoll, which this system does not have")
        self._waker = Waker()
        self._epoll = select.epoll()
        self._epoll.register(self._waker, select.EPOLLIN)
        self._ending = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    # The thread.

    def _run(self) -> None:
        while not self._ending:
            events = self._epoll.poll()
            with self.changed:
                for fd, mask in events:
                    if fd == self._waker.fileno():
                        self._waker.clear()
                    elif connection := self._by_fd.get(fd):
                        connection.handle(mask)
                        self._watch(connection)
                    else:
                        self._other(fd)
                self._obey()
                self.changed.notify_all()
        self._release()

    def _other(self, fd: int) -> None:
        """Something happened to a descriptor that is no connection."""

    def _obey(self) -> None:
        while self._commands:
            command, future = self._commands.popleft()
            try:
                future.set_result(command())
            except Exception as error:  # the asking thread raises it
                future.set_exception(error)

    def _adopt(self, sock: socket.socket) -> Connection:
        """Serve a connection that stands, as the script says. On the thread, or before it runs."""
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        script = self.script
        budget = UNLIMITED if script.behaviour in ("sink", "echo") else 0
        connection = Connection(sock, len(self.connections), budget, echo=script.behaviour == "echo")
        if script.greeting:
            connection.queue.append(memoryview(script.greeting))
        if script.flood:
            connection.source = noise(script.flood)
        connection.fin_when_sent = script.then == "fin"
        self.connections.append(connection)
        self._by_fd[connection.fd] = connection
        connection.send_some()
        self._watch(connection)
        return connection

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
        for connection in self.connections:
            connection.close()
        self._epoll.close()
        self._waker.close()

    # What others may do.

    def submit(self, command: Callable[[], Any], timeout: float = PATIENCE) -> Any:
        """Have the thread carry out `command`."""
        future: Future[Any] = Future()
        with self.changed:
            if self._ending:
                raise PeerError("the peer has ended")
            self._commands.append((command, future))
            self._waker.wake()
        return future.result(timeout)

    def on(self, index: int, action: Callable[[Connection], Any]) -> Any:
        """Carry out `action` on a connection, which is waited for if it is not there yet."""
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

    def end(self) -> None:
        """Close everything."""
        with self.changed:
            if self._ending:
                return
            # In this order, and before the thread can run: once it sees that it has to end, it closes what wakes it.
            self._waker.wake()
            self._ending = True
        self._thread.join(PATIENCE)

    def log(self) -> list[dict[str, Any]]:
        """What all connections have seen."""
        with self.changed:
            return [connection.log() for connection in self.connections]
