"""One TCP connection of a peer, accepted or made: what it sends, what it has seen."""

from __future__ import annotations

import errno
import hashlib
import select
import socket
import struct
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

# How much is read or sent in one go before other connections have their turn.
SLICE = 256 * 1024
# How many received bytes are kept, so that a test can look at them.
KEPT = 4 * 1024 * 1024
# The block that made-up data is made from: a fixed digest, which looks random. Each block is stamped with its number,
# so that one that is repeated or lost shows in the digest of them all.
BLOCK = 64 * 1024
UNLIMITED = -1
# The receive buffer of a connection that reads everything, in bytes.
WIDE = 1024 * 1024

_NOISE = hashlib.shake_256(b"direct-sockets").digest(BLOCK)


def noise(total: int) -> Iterator[bytes]:
    """`total` bytes that look random and never repeat a block."""
    number = 0
    while total > 0:
        block = struct.pack(">Q", number) + _NOISE[8:]
        yield block[:total]
        total -= len(block)
        number += 1


def noise_digest(count: int) -> str:
    """The digest of the first `count` bytes of what a flood sends."""
    digest = hashlib.sha256()
    for block in noise(count):
        digest.update(block)
    return digest.hexdigest()


class Connection:
    """The state of one connection. Belongs to the thread of its peer; others only look."""

    def __init__(self, sock: socket.socket, index: int, read_budget: int, echo: bool):
        self.sock = sock
        self.index = index
        self.fd = sock.fileno()
        self.accepted_at = time.time()
        self.local = sock.getsockname()[:2]
        self.remote = self._peer_name()
        # How many more bytes may be read: 0 for a peer that holds still, UNLIMITED for one that reads.
        self.read_budget = read_budget
        self.echo = echo
        self.received = 0
        self.received_digest = hashlib.sha256()
        self.kept = bytearray()
        self.sent = 0
        self.sent_digest = hashlib.sha256()
        self.queue: deque[memoryview] = deque()
        self.source: Iterator[bytes] | None = None
        self.fin_when_sent = False
        self.rst_when_sent = False
        self.fin_sent = False
        # The peer has seen a FIN on the wire; `eof` also means that everything before it has been read.
        self.fin_seen = False
        self.eof = False
        self.reset: str | None = None
        self.closed = False
        self._hung_up = False

    def _peer_name(self) -> tuple[Any, ...]:
        try:
            return self.sock.getpeername()[:2]
        except OSError:
            return ("", 0)

    # What the poller has to watch.

    def mask(self) -> int:
        """The events to wait for now; 0 if there is nothing more to hear."""
        if self.closed or self._hung_up:
            return 0
        mask = 0
        if not self.fin_seen:
            mask |= select.EPOLLRDHUP
        if self.read_budget != 0 and not self.eof and not (self.echo and self.queue):
            mask |= select.EPOLLIN
        if self._wants_to_send():
            mask |= select.EPOLLOUT
        # Errors and resets are reported in any case while the connection is registered.
        return mask or select.EPOLLERR

    def _wants_to_send(self) -> bool:
        return not self.fin_sent and (
            bool(self.queue) or self.source is not None or self.fin_when_sent or self.rst_when_sent
        )

    # What the poller reports.

    def handle(self, events: int) -> None:
        """Do what the events ask for."""
        if events & select.EPOLLERR:
            self._take_error()
        if events & select.EPOLLRDHUP and self.reset is None:
            self.fin_seen = True
        if events & (select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR):
            self.read_some()
        if events & select.EPOLLOUT or self._wants_to_send():
            self.send_some()
        if events & select.EPOLLHUP:
            # Both directions have ended. epoll would report that for ever.
            self._hung_up = True
            self.read_rest()

    def _take_error(self) -> None:
        code = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._failed(code)

    def _failed(self, code: int) -> None:
        if self.reset is None:
            self.reset = errno.errorcode.get(code, str(code))
        self.queue.clear()
        self.source = None

    def read_some(self) -> None:
        """Read at most one slice within the budget."""
        left = SLICE
        while left > 0 and self.read_budget != 0 and not self.eof and not self.closed:
            if self.echo and self.queue:
                return
            want = left if self.read_budget == UNLIMITED else min(left, self.read_budget)
            try:
                data = self.sock.recv(min(want, SLICE))
            except BlockingIOError:
                return
            except OSError as error:
                self._failed(error.errno or errno.EIO)
                self.eof = True
                return
            if not data:
                # After a reset whose error has been fetched, recv() says end of stream.
                self.fin_seen = self.fin_seen or self.reset is None
                self.eof = True
                if self.echo:
                    self.fin_when_sent = True
                return
            left -= len(data)
            if self.read_budget != UNLIMITED:
                self.read_budget -= len(data)
            self._take(data)
            if self.echo:
                self.send_some()

    def read_rest(self) -> None:
        """Once both directions have ended nothing more is announced: read what the budget allows."""
        before = -1
        while self._hung_up and not self.eof and self.received != before:
            before = self.received
            self.read_some()

    def _take(self, data: bytes) -> None:
        self.received += len(data)
        self.received_digest.update(data)
        self.kept += data[: max(0, KEPT - len(self.kept))]
        if self.echo:
            self.queue.append(memoryview(data))

    def send_some(self) -> None:
        """Send at most one slice, then what was to follow it."""
        if self.closed or self.fin_sent:
            return
        left = SLICE
        while left > 0:
            if not self.queue and self.source is not None:
                block = next(self.source, None)
                if block is None:
                    self.source = None
                else:
                    self.queue.append(memoryview(block))
            if not self.queue:
                break
            data = self.queue[0]
            try:
                count = self.sock.send(data)
            except BlockingIOError:
                return
            except OSError as error:
                self._failed(error.errno or errno.EIO)
                return
            self.sent += count
            self.sent_digest.update(data[:count])
            left -= count
            if count == len(data):
                self.queue.popleft()
            else:
                self.queue[0] = data[count:]
        if not self.queue and self.source is None:
            if self.rst_when_sent:
                self.abort()
            elif self.fin_when_sent:
                self.finish()

    # What a test tells it to do.

    def read_all(self) -> None:
        """Read everything from now on."""
        self.read_budget = UNLIMITED
        if not self.closed:
            # A peer that held back may have a tiny buffer, through which megabytes would take a minute.
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WIDE)

    def finish(self) -> None:
        """Send a FIN."""
        self.fin_when_sent = False
        self.fin_sent = True
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            self._failed(error.errno or errno.EIO)

    def abort(self) -> None:
        """Send a RST."""
        if not self.closed:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close()

    def close(self) -> None:
        """Close the socket."""
        if not self.closed:
            self.closed = True
            self.sock.close()

    def log(self) -> dict[str, Any]:
        """Everything that it has seen, for a test."""
        return {
            "remoteAddress": self.remote[0],
            "remotePort": self.remote[1],
            "localAddress": self.local[0],
            "localPort": self.local[1],
            "acceptedAt": self.accepted_at * 1000,
            "received": self.received,
            "receivedSha256": self.received_digest.hexdigest(),
            "sent": self.sent,
            "sentSha256": self.sent_digest.hexdigest(),
            "unsent": sum(len(data) for data in self.queue),
            "sending": bool(self.queue) or self.source is not None,
            "fin": self.fin_seen,
            "eof": self.eof and self.reset is None,
            "reset": self.reset,
            "closed": self.closed,
        }

    def ended(self) -> bool:
        """Whether it has heard that the other side is done, one way or the other."""
        return self.fin_seen or self.reset is not None
