"""What a test may ask for: TCP peers under `peer/`, clients of its own servers under `client/`, UDP peers under `udp/`.

Everything is a JSON object, answered by a JSON object; `../peer.js` and `../udp.js` are the other side. Waits are
answered when what they wait for has come, so tests need no timers.
"""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Callable
from typing import Any

from .clients import Clients
from .connection import Connection, noise, noise_digest
from .group import PATIENCE, ConnectionGroup
from .kept import Kept
from .listeners import ClosedPort, FullListener, Peer
from .script import PeerError, Script, decode
from .udp_api import UdpApi

Json = dict[str, Any]
# No wait is longer than this, in seconds, whatever a page asks for.
LONGEST_WAIT = 600.0
# The reason for which tests of IPv6 are skipped.
NO_IPV6 = "IPv6 is off on this machine"


class ApiError(Exception):
    """A request that cannot be answered; the page gets the text."""


class PeerApi:
    """The peers of one server process."""

    def __init__(self) -> None:
        self._things: Kept[ConnectionGroup | FullListener | ClosedPort] = Kept(lambda thing: thing.end())
        self._udp = UdpApi(patience)
        self.routes: dict[str, Callable[[Json], Any]] = {
            "peer/create": self._create,
            "client/connect": self._connect,
            "peer/hang": lambda _: self._add(FullListener()),
            "peer/closed-port": lambda args: self._add(ClosedPort(args.get("address", "127.0.0.1"))),
            "peer/drain-hang": self._drain_hang,
            "peer/log": lambda args: {"connections": self._peer(args).log()},
            "peer/data": self._data,
            "peer/values": lambda args: {"values": sorted(set(self._kept(args)))},
            "peer/wait": self._wait,
            "peer/wait-count": self._wait_count,
            "peer/send": self._send,
            "peer/read": self._read,
            "peer/fin": lambda args: self._act(args, lambda c: setattr(c, "fin_when_sent", True)),
            "peer/rst": lambda args: self._act(args, Connection.abort),
            "peer/batch": self._batch,
            "peer/flood-digest": lambda args: {"sha256": noise_digest(int(args["count"]))},
            "peer/close": lambda args: self._act(args, Connection.close),
            "peer/refuse": self._refuse,
            "peer/end": lambda args: self._things.end(str(args["id"])),
            "address": lambda args: {"missing": unbindable(str(args["address"]))},
            "ipv6": lambda _: {"missing": NO_IPV6 if unbindable("::1") else ""},
            "time": lambda _: {"now": time.time() * 1000},
            "reset": lambda _: self.reset(),
            **self._udp.routes,
        }

    def answer(self, path: str, body: bytes) -> tuple[int, Json]:
        """The status and the answer for a request."""
        try:
            arguments = json.loads(body) if body else {}
            if not isinstance(arguments, dict):
                raise ApiError("the arguments are no object")
            return 200, self.call(path, arguments)
        except json.JSONDecodeError as error:
            return 400, {"error": f"the body is not JSON: {error}"}
        except ApiError as error:
            return 500, {"error": str(error)}

    def call(self, path: str, args: Json) -> Any:
        """Answer a request."""
        route = self.routes.get(path)
        if route is None:
            raise ApiError(f"no such request: {path}")
        try:
            return route(args) or {}
        except PeerError as error:
            raise ApiError(str(error)) from error
        except (KeyError, ValueError, TypeError) as error:
            raise ApiError(f"{path}: bad arguments: {error!r}") from error
        except (OSError, TimeoutError) as error:
            raise ApiError(f"{path}: {error!r}") from error

    # Peers.

    def _add(self, thing: ConnectionGroup | FullListener | ClosedPort) -> Json:
        name = self._things.add(thing)
        return {"id": name, "port": thing.port, "address": getattr(thing, "address", "127.0.0.1")}

    def _create(self, args: Json) -> Json:
        return self._add(
            Peer(
                address=str(args.get("address", "127.0.0.1")),
                port=int(args.get("port", 0)),
                script=Script.parse(args),
                backlog=int(args.get("backlog", 1024)),
            )
        )

    def _thing(self, args: Json) -> ConnectionGroup | FullListener | ClosedPort:
        name = str(args["id"])
        thing = self._things.get(name)
        if thing is None:
            raise ApiError(f"no such peer: {name}")
        return thing

    def _connect(self, args: Json) -> Json:
        clients = Clients(
            address=str(args.get("address", "127.0.0.1")),
            port=int(args["port"]),
            script=Script.parse(args),
            count=int(args.get("count", 1)),
            source=str(args.get("source", "")),
            patience=patience(args),
        )
        return {**self._add(clients), **clients.describe()}

    def _refuse(self, args: Json) -> None:
        peer = self._peer(args)
        if not isinstance(peer, Peer):
            raise ApiError("that is no listening peer")
        peer.refuse()

    def _peer(self, args: Json) -> ConnectionGroup:
        thing = self._thing(args)
        if not isinstance(thing, ConnectionGroup):
            raise ApiError("that has no connections")
        return thing

    def _act(self, args: Json, action: Callable[[Connection], Any]) -> None:
        self._peer(args).on(int(args.get("connection", 0)), action)

    def _batch(self, args: Json) -> None:
        """Several commands to one peer in one request: for tests that drive hundreds of connections."""
        for command in args["commands"]:
            if command["do"] not in ("send", "read", "fin", "rst"):
                raise ApiError(f"no such command: {command['do']}")
            self.routes[f"peer/{command['do']}"]({**command, "id": args["id"]})

    def _drain_hang(self, args: Json) -> Json:
        thing = self._thing(args)
        if not isinstance(thing, FullListener):
            raise ApiError("that is no full listener")
        return {"remotePorts": [address[1] for address in thing.drain(patience(args))]}

    def _send(self, args: Json) -> None:
        data = decode(args)
        flood = int(args.get("flood", 0))

        def action(connection: Connection) -> None:
            if data:
                connection.queue.append(memoryview(data))
            if flood:
                connection.source = noise(flood)
            connection.fin_when_sent = connection.fin_when_sent or args.get("then") == "fin"
            connection.rst_when_sent = connection.rst_when_sent or args.get("then") == "rst"

        self._act(args, action)

    def _read(self, args: Json) -> None:
        def action(connection: Connection) -> None:
            if "count" in args:
                connection.read_budget = max(connection.read_budget, 0) + int(args["count"])
            else:
                connection.read_all()

        self._act(args, action)

    def _kept(self, args: Json) -> bytes:
        peer, index = self._peer(args), int(args.get("connection", 0))
        with peer.changed:
            return bytes(peer.connections[index].kept) if index < len(peer.connections) else b""

    def _data(self, args: Json) -> Json:
        return {"base64": base64.b64encode(self._kept(args)).decode()}

    def _wait(self, args: Json) -> Json:
        peer, index = self._peer(args), int(args.get("connection", 0))
        condition = args["for"]

        def so() -> bool:
            if index >= len(peer.connections):
                return False
            connection = peer.connections[index]
            if condition == "accepted":
                return True
            if condition == "fin":
                return connection.fin_seen
            if condition == "eof":
                return connection.eof and connection.reset is None
            if condition == "reset":
                return connection.reset is not None
            if condition == "end":
                return connection.ended()
            if condition == "sent":
                return not connection.queue and connection.source is None
            if condition == "received":
                return connection.received >= int(args["count"])
            if condition == "sent-count":
                return connection.sent >= int(args["count"])
            raise ApiError(f"nothing to wait for: {condition}")

        peer.wait(so, f"connection {index}: {condition} {args.get('count', '')}", patience(args))
        with peer.changed:
            return peer.connections[index].log()

    def _wait_count(self, args: Json) -> Json:
        peer, count = self._peer(args), int(args["count"])
        which = args.get("for", "accepted")

        def so() -> bool:
            if which == "accepted":
                return len(peer.connections) >= count
            return sum(1 for connection in peer.connections if connection.ended()) >= count

        peer.wait(so, f"{count} connections {which}", patience(args))
        return {"count": len(peer.connections)}

    def reset(self) -> None:
        """Close everything that a test left."""
        self._things.reset()
        self._udp.reset()


def unbindable(address: str) -> str:
    """Why nothing can be bound to an address; empty if something can."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError as error:
        return f"{address} cannot be bound: {error.strerror or error}"
    return ""


def patience(args: Json) -> float:
    """How long a wait may take, in seconds."""
    return min(float(args.get("timeout", PATIENCE)), LONGEST_WAIT)


# The peers of this process: handlers are read anew for each request, modules are not.
PEERS = PeerApi()
