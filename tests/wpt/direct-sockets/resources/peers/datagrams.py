"""The UDP peers that tests talk to: real sockets on loopback that do as they are told.

One thread serves all peers of a server process. Datagrams are sent by whoever asks for it: on loopback that does
not wait.
"""

from __future__ import annotations

import hashlib
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .script import PeerError
from .waker import Waker

# No datagram is longer.
LARGEST = 65536
# How many datagrams a peer takes before others have their turn.
SLICE = 64
# How many datagrams are told of one by one; the count and the digest are of all.
KEPT = 4096
# The longest payload that is repeated in a log as text.
LONGEST_TEXT = 256
# What a flood may be.
MOST_DATAGRAMS = 10_000_000
LONGEST_FLOOD = 60.0
# How often a flood looks at its time.
FLOOD_STEP = 64

Address = tuple[Any, ...]


@dataclass
class Received:
    """One datagram that has come."""

    data: bytes
    source: Address

    def log(self) -> dict[str, Any]:
        """It, for a test."""
        text = self.data.decode(errors="replace") if len(self.data) <= LONGEST_TEXT else None
        return {
            "size": len(self.data),
            "sha256": hashlib.sha256(self.data).hexdigest(),
            "address": self.source[0],
            "port": self.source[1],
            "text": text,
        }


class UdpPeer:
    """One socket, and what has come to it."""

    def __init__(self, address: str, port: int, behaviour: str, receive_buffer: int):
        if behaviour not in ("hold", "sink", "echo"):
            raise PeerError(f"no such behaviour: {behaviour}")
        self.behaviour = behaviour
        self.sock = udp_socket(address)
        try:
            if receive_buffer:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            self.sock.bind((address, port))
        except OSError:
            self.sock.close()
            raise
        self.sock.setblocking(False)
        self.address, self.port = self.sock.getsockname()[:2]
        self.received = 0
        self.bytes = 0
        self.digest = hashlib.sha256()
        self.datagrams: list[Received] = []
        self.echo_errors = 0

    def take(self) -> bool:
        """Read what is there; whether there may be more."""
        for _ in range(SLICE):
            try:
                data, source = self.sock.recvfrom(LARGEST)
            except BlockingIOError:
                return False
            except OSError:
                continue  # an ICMP error about something that was sent: the socket goes on
            self.received += 1
            self.bytes += len(data)
            self.digest.update(data)
            if len(self.datagrams) < KEPT:
                self.datagrams.append(Received(data, source))
            if self.behaviour == "echo":
                try:
                    self.sock.sendto(data, source)
                except OSError:
                    self.echo_errors += 1
        return True

    def log(self) -> dict[str, Any]:
        """What has come, for a test."""
        return {
            "received": self.received,
            "bytes": self.bytes,
            "sha256": self.digest.hexdigest(),
            "echoErrors": self.echo_errors,
            "datagrams": [datagram.log() for datagram in self.datagrams],
        }


class UdpPeers:
    """The peers of one server process, and the thread that reads for them as long as it lives."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._by_fd: dict[int, UdpPeer] = {}
        # Made with the first peer.
        self._selector: selectors.BaseSelector | None = None
        self._waker: Waker | None = None

    def _start(self) -> tuple[selectors.BaseSelector, Waker]:
        if self._selector is None or self._waker is None:
            self._selector, self._waker = selectors.DefaultSelector(), Waker()
            self._selector.register(self._waker, selectors.EVENT_READ)
            run = threading.Thread(target=self._run, args=(self._selector, self._waker), name="udp peers", daemon=True)
            run.start()
        return self._selector, self._waker

    def _run(self, selector: selectors.BaseSelector, waker: Waker) -> None:
        while True:
            events = selector.select()
            with self.changed:
                for key, _ in events:
                    if key.fileobj is waker:
                        waker.clear()
                    elif peer := self._by_fd.get(key.fd):
                        peer.take()
                self.changed.notify_all()

    def create(self, address: str, port: int, behaviour: str, receive_buffer: int) -> UdpPeer:
        """A new peer. One that holds is read from when `read` is called."""
        peer = UdpPeer(address, port, behaviour, receive_buffer)
        with self.changed:
            if behaviour != "hold":
                self._watch(peer)
        return peer

    def _watch(self, peer: UdpPeer) -> None:
        selector, waker = self._start()
        if peer.sock.fileno() not in self._by_fd:
            self._by_fd[peer.sock.fileno()] = peer
            selector.register(peer.sock, selectors.EVENT_READ)
            # Not every system's selector sees in the middle of its wait what is new.
            waker.wake()

    def read(self, peer: UdpPeer) -> None:
        """Read from now on."""
        with self.changed:
            self._watch(peer)

    def wait(self, peer: UdpPeer, count: int, timeout: float) -> None:
        """Wait until so many datagrams have come."""
        with self.changed:
            if not self.changed.wait_for(lambda: peer.received >= count, timeout):
                raise PeerError(f"waited {timeout} s for {count} datagrams; {peer.received} have come")

    def log(self, peer: UdpPeer) -> dict[str, Any]:
        """What has come to a peer."""
        with self.changed:
            return peer.log()

    def close(self, peer: UdpPeer) -> None:
        """Close the socket of a peer."""
        with self.changed:
            if self._by_fd.pop(peer.sock.fileno(), None) and self._selector is not None:
                self._selector.unregister(peer.sock)
            peer.sock.close()


class ClosedUdpPort:
    """A port that answers datagrams with ICMP "port unreachable", and that nobody else gets.

    A connected socket takes datagrams from its peer only; this one is connected to itself.
    """

    def __init__(self, address: str = "127.0.0.1"):
        self.sock = udp_socket(address)
        self.sock.bind((address, 0))
        self.address, self.port = self.sock.getsockname()[:2]
        self.sock.connect((self.address, self.port))


def udp_socket(address: str) -> socket.socket:
    """A socket of the family of an address."""
    return socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)


def flood(send: Callable[[bytes, float], bool], size: int, count: int, seconds: float) -> int:
    """Send numbered datagrams: `count` of them, or as many as go into `seconds`. How many were sent.

    `send` is given a datagram and the time at which it has to give up, which it does by answering False.
    """
    if not 0 <= size < LARGEST or not 0 <= count <= MOST_DATAGRAMS or not 0 <= seconds <= LONGEST_FLOOD:
        raise PeerError(f"not a flood: {count} datagrams of {size} bytes, {seconds} s")
    filling = b"\xaa" * size
    deadline = time.monotonic() + (seconds or LONGEST_FLOOD)
    for number in range(count or MOST_DATAGRAMS):
        if number % FLOOD_STEP == 0 and time.monotonic() > deadline:
            return number
        # The number of a datagram is its first four bytes, as far as they fit.
        if not send((struct.pack(">I", number) + filling)[:size], deadline):
            return number
    return count or MOST_DATAGRAMS
