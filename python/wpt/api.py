# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""What pages may ask of the server: peers under /peer, clients of their own servers under /client, the operating
system's view under /os, and the same for UDP (udp_api.py).

Everything is a POST with a JSON object, answered by a JSON object; `tests/wpt/direct-sockets/resources/peer.js` and
`os.js` are the other side. Waits are answered when what they wait for has come, so tests need no timers.
"""

from __future__ import annotations

import base64
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mach_support import ipv6
from wpt.clients import Clients
from wpt.connection import UNLIMITED, Connection, noise
from wpt.group import ConnectionGroup
from wpt.oschecks import PATIENCE, Browser, OsError, plain_options, sysctl
from wpt.peers import ClosedPort, FullListener, Peer
from wpt.script import PeerError, Script, decode
from wpt.tracing import TracingError
from wpt.udp_api import UdpApi

Json = dict[str, Any]
# No wait is longer than this, whatever a page asks for.
LONGEST_WAIT = 600.0


class ApiError(Exception):
    """A request that cannot be answered; the page gets the text."""


class Api:
    """The peers of one test, and the view on its browser."""

    def __init__(self, browser: Browser, hosts: Path | None = None):
        self.browser = browser
        self.hosts = hosts
        self._things: dict[str, ConnectionGroup | FullListener | ClosedPort] = {}
        self._lock = threading.Lock()
        self._next = 0
        self._udp = UdpApi(browser, patience)
        self.routes: dict[str, Callable[[Json], Any]] = {
            "/peer/create": self._create,
            "/client/connect": self._connect,
            "/peer/hang": lambda _: self._add(FullListener()),
            "/peer/closed-port": lambda args: self._add(ClosedPort(args.get("address", "127.0.0.1"))),
            "/peer/drain-hang": self._drain_hang,
            "/peer/log": lambda args: {"connections": self._peer(args).log()},
            "/peer/data": self._data,
            "/peer/wait": self._wait,
            "/peer/wait-count": self._wait_count,
            "/peer/send": self._send,
            "/peer/read": self._read,
            "/peer/fin": lambda args: self._act(args, lambda c: setattr(c, "fin_when_sent", True)),
            "/peer/rst": lambda args: self._act(args, Connection.abort),
            "/peer/batch": self._batch,
            "/peer/close": lambda args: self._act(args, Connection.close),
            "/peer/refuse": self._refuse,
            "/peer/end": self._end,
            "/os/ipv6": lambda _: {"missing": ipv6.REASON if ipv6.is_off() else ""},
            "/os/time": lambda _: {"now": time.time() * 1000},
            "/os/processes": lambda _: browser.processes(),
            "/os/wait-process": lambda args: browser.wait_for_process(
                str(args["kind"]), int(args.get("notPid", 0)), int(args.get("gone", 0)), patience(args)
            ),
            "/os/wait-age": lambda args: browser.wait_for_age(str(args["kind"]), float(args["seconds"])),
            "/os/signal": lambda args: {
                "pid": browser.signal(str(args.get("kind", "net")), str(args["signal"]), int(args.get("pid", 0)))
            },
            "/os/socket": lambda args: browser.socket(*pair(args)),
            "/os/wait-socket": lambda args: browser.wait_for_socket(
                *pair(args), {key: str(value) for key, value in args["want"].items()}, patience(args)
            ),
            "/os/count-sockets": lambda args: browser.count_sockets(
                int(args.get("remotePort", 0)), int(args.get("localPort", 0))
            ),
            "/os/wait-sockets": lambda args: browser.wait_for_sockets(
                int(args.get("remotePort", 0)), int(args["count"]), patience(args), int(args.get("localPort", 0))
            ),
            "/os/listener": lambda args: browser.listener(int(args["port"])),
            "/os/wait-listener": lambda args: browser.wait_for_listener(
                int(args["port"]), {key: str(value) for key, value in args["want"].items()}, patience(args)
            ),
            "/os/sysctl": lambda args: {"value": sysctl(str(args["name"]))},
            "/os/option": lambda args: browser.option(*pair(args), [str(name) for name in args["names"]]),
            "/os/plain-option": lambda args: plain_options(
                str(args.get("address", "127.0.0.1")), int(args["port"]), [str(name) for name in args["names"]]
            ),
            "/os/ss": lambda args: {"text": browser.ss(*pair(args))},
            "/os/descriptors": lambda _: browser.descriptors(),
            "/os/memory": lambda _: browser.memory(),
            "/os/limit-descriptors": lambda args: browser.limit_descriptors(int(args["spare"])),
            "/os/trace-start": lambda args: browser.start_trace(
                str(args.get("kind", "net")), [str(item) for item in args["expressions"]]
            ),
            "/os/trace-stop": lambda _: {"lines": browser.stop_trace()},
            "/os/block-hosts": self._block_hosts,
            **self._udp.routes,
        }

    def call(self, path: str, args: Json) -> Any:
        """Answer a request."""
        route = self.routes.get(path)
        if route is None:
            raise ApiError(f"no such request: {path}")
        try:
            return route(args) or {}
        except (PeerError, OsError, TracingError) as error:
            raise ApiError(str(error)) from error
        except (KeyError, ValueError, TypeError) as error:
            raise ApiError(f"{path}: bad arguments: {error!r}") from error
        except (OSError, TimeoutError) as error:
            raise ApiError(f"{path}: {error!r}") from error

    # Peers.

    def _add(self, thing: ConnectionGroup | FullListener | ClosedPort) -> Json:
        with self._lock:
            self._next += 1
            name = str(self._next)
            self._things[name] = thing
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
        thing = self._things.get(str(args["id"]))
        if thing is None:
            raise ApiError(f"no such peer: {args['id']}")
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
            self.routes[f"/peer/{command['do']}"]({**command, "id": args["id"]})

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
                connection.read_budget = UNLIMITED

        self._act(args, action)

    def _data(self, args: Json) -> Json:
        peer, index = self._peer(args), int(args.get("connection", 0))
        with peer.changed:
            if index >= len(peer.connections):
                return {"base64": ""}
            return {"base64": base64.b64encode(bytes(peer.connections[index].kept)).decode()}

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

    def _end(self, args: Json) -> None:
        with self._lock:
            thing = self._things.pop(str(args["id"]), None)
        if thing is not None:
            thing.end()

    # The resolver.

    def _block_hosts(self, args: Json) -> None:
        """Put a pipe in the place of the hosts file, so that whoever opens it waits; or put the file back."""
        if self.hosts is None:
            raise ApiError("this run has no hosts file")
        aside = self.hosts.with_suffix(".aside")
        if args.get("block", True) and not aside.exists():
            self.hosts.rename(aside)
            os.mkfifo(self.hosts)
        elif not args.get("block", True) and aside.exists():
            text = aside.read_bytes()
            try:
                # Whoever waits for the pipe gets the text of the file.
                pipe = os.open(self.hosts, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                pass  # nobody waits
            else:
                os.write(pipe, text)
                os.close(pipe)
            aside.rename(self.hosts)

    def end(self) -> None:
        """Close everything that the test left."""
        self.browser.release()
        if self.hosts is not None and self.hosts.with_suffix(".aside").exists():
            self._block_hosts({"block": False})
        with self._lock:
            things, self._things = list(self._things.values()), {}
        for thing in things:
            thing.end()
        self._udp.end()


def pair(args: Json) -> tuple[int, int]:
    """The two ports that name a socket of the browser."""
    return int(args["localPort"]), int(args["remotePort"])


def patience(args: Json) -> float:
    """How long a wait may take, in seconds."""
    return min(float(args.get("timeout", PATIENCE)), LONGEST_WAIT)
