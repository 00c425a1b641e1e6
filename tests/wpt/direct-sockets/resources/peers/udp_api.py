"""What tests may ask of UDP peers, under `udp/`. `../udp.js` is the other side."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import Any

from .datagrams import LARGEST, ClosedUdpPort, UdpPeer, UdpPeers, flood
from .kept import Kept
from .script import PeerError, decode

Json = dict[str, Any]


class UdpApi:
    """The UDP peers of one server process."""

    def __init__(self, patience: Callable[[Json], float]):
        self._patience = patience
        self._peers = UdpPeers()
        self._things: Kept[UdpPeer | ClosedUdpPort] = Kept(self._close)
        self.routes: dict[str, Callable[[Json], Any]] = {
            "udp/create": self._create,
            "udp/closed-port": lambda args: self._add(ClosedUdpPort(str(args.get("address", "127.0.0.1")))),
            "udp/send": self._send,
            "udp/flood": self._flood,
            "udp/read": lambda args: self._peers.read(self._peer(args)),
            "udp/wait": self._wait,
            "udp/log": lambda args: self._peers.log(self._peer(args)),
            "udp/end": lambda args: self._things.end(str(args["id"])),
        }

    def _add(self, thing: UdpPeer | ClosedUdpPort) -> Json:
        return {"id": self._things.add(thing), "port": thing.port, "address": thing.address}

    def _create(self, args: Json) -> Json:
        return self._add(
            self._peers.create(
                str(args.get("address", "127.0.0.1")),
                int(args.get("port", 0)),
                str(args.get("behaviour", "hold")),
                int(args.get("receiveBuffer", 0)),
            )
        )

    def _thing(self, args: Json) -> UdpPeer | ClosedUdpPort:
        thing = self._things.get(str(args["id"]))
        if thing is None:
            raise PeerError(f"no such UDP peer: {args['id']}")
        return thing

    def _peer(self, args: Json) -> UdpPeer:
        thing = self._thing(args)
        if not isinstance(thing, UdpPeer):
            raise PeerError("a closed port takes nothing")
        return thing

    def _send(self, args: Json) -> None:
        """Send a datagram."""
        thing, to = self._thing(args), destination(args)
        data = decode(args)
        if "size" in args:
            data = b"\xaa" * min(int(args["size"]), LARGEST)
        thing.sock.sendto(data, to)

    def _flood(self, args: Json) -> Json:
        peer, to = self._peer(args), destination(args)
        size, count, seconds = int(args.get("size", 64)), int(args.get("count", 0)), float(args.get("seconds", 0))

        def send(data: bytes, deadline: float) -> bool:
            while True:
                try:
                    peer.sock.sendto(data, to)
                    return True
                except BlockingIOError:
                    left = deadline - time.monotonic()
                    if left <= 0:
                        return False
                    waiting = select.poll()
                    waiting.register(peer.sock, select.POLLOUT)
                    waiting.poll(left * 1000)

        return {"sent": flood(send, size, count, seconds)}

    def _wait(self, args: Json) -> Json:
        peer = self._peer(args)
        self._peers.wait(peer, int(args["count"]), self._patience(args))
        return self._peers.log(peer)

    def _close(self, thing: UdpPeer | ClosedUdpPort) -> None:
        if isinstance(thing, UdpPeer):
            self._peers.close(thing)
        else:
            thing.sock.close()

    def reset(self) -> None:
        """Close everything that a test left."""
        self._things.reset()


def destination(args: Json) -> tuple[str, int]:
    """Where a datagram goes."""
    return str(args["to"]["address"]), int(args["to"]["port"])
