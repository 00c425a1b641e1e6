# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""What tests ask about the operating system's view of the browser's UDP sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wpt import processes
from wpt.oschecks import Browser, OsError, options_of, wait_until

# Nothing but an ICMP error comes of it: an empty datagram to somebody who does not listen.
PROVOCATION = b""


@dataclass(frozen=True)
class UdpEntry:
    """A line of /proc/net/udp or udp6."""

    local: tuple[str, int]
    remote: tuple[str, int]
    receive_queue: int
    inode: int
    drops: int


def udp_table() -> Iterator[UdpEntry]:
    """Every UDP socket of this machine."""
    for name in ("udp", "udp6"):
        try:
            lines = Path(f"/proc/net/{name}").read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            yield UdpEntry(
                processes.address(fields[1]),
                processes.address(fields[2]),
                int(fields[4].partition(":")[2], 16),
                int(fields[9]),
                int(fields[12]),
            )


@dataclass(frozen=True)
class Which:
    """What names a socket: its local port, and where two share that, its local address."""

    port: int
    address: str | None = None

    @classmethod
    def parse(cls, args: dict[str, Any]) -> "Which":
        """From the JSON that a page sends."""
        address = args.get("localAddress")
        return cls(int(args["localPort"]), None if address is None else str(address))

    def entry(self) -> UdpEntry | None:
        """The socket, if there is one."""
        found = [
            entry
            for entry in udp_table()
            if entry.local[1] == self.port and self.address in (None, entry.local[0])
        ]
        if len(found) > 1:
            raise OsError(f"{len(found)} sockets have the port {self.port}; name the address")
        return found[0] if found else None


class UdpView:
    """The UDP sockets of one browser."""

    def __init__(self, browser: Browser):
        self.browser = browser

    def socket(self, which: Which) -> dict[str, Any]:
        """A socket, and who holds it."""
        entry = which.entry()
        if entry is None:
            return {"exists": False, "receiveQueue": 0, "drops": 0, "holders": []}
        holders = [
            {"pid": process.pid, "kind": process.kind}
            for process in self.browser.tree()
            if entry.inode in processes.socket_inodes(process.pid)
        ]
        return {
            "exists": True,
            "localAddress": entry.local[0],
            "localPort": entry.local[1],
            "remoteAddress": entry.remote[0],
            "remotePort": entry.remote[1],
            "receiveQueue": entry.receive_queue,
            "drops": entry.drops,
            "holders": holders,
        }

    def wait(self, which: Which, want: dict[str, Any], timeout: float) -> dict[str, Any]:
        """Wait for the length of the queue, for drops, or until the socket exists or has gone."""

        def so() -> bool:
            found = self.socket(which)
            return (
                ("exists" not in want or found["exists"] == bool(want["exists"]))
                and ("receiveQueue" not in want or found["receiveQueue"] == int(want["receiveQueue"]))
                and ("minReceiveQueue" not in want or found["receiveQueue"] >= int(want["minReceiveQueue"]))
                and ("minDrops" not in want or found["drops"] >= int(want["minDrops"]))
            )

        return {"ok": wait_until(so, timeout), **self.socket(which)}

    def count(self) -> dict[str, Any]:
        """How many UDP sockets each kind of process holds, bound or not."""
        inodes = {entry.inode for entry in udp_table()}
        counts = {"net": 0, "shell": 0, "content": 0, "other": 0}
        for process in self.browser.tree():
            counts[process.kind] += sum(1 for inode in processes.socket_inodes(process.pid) if inode in inodes)
        return counts

    def wait_for_count(self, count: int, timeout: float) -> dict[str, Any]:
        """Wait until net holds exactly so many."""
        done = wait_until(lambda: self.count()["net"] == count, timeout)
        return {"ok": done, **self.count()}

    def _duplicate(self, which: Which) -> socket.socket:
        entry = which.entry()
        if entry is None:
            raise OsError(f"no UDP socket on port {which.port}")
        return self.browser.duplicate(entry.inode)

    def option(self, which: Which, names: list[str]) -> dict[str, int]:
        """Options of one of net's sockets."""
        with self._duplicate(which) as copy:
            return options_of(copy, names)

    def provoke(self, which: Which) -> None:
        """Send a datagram through net's own socket, behind its back, to the peer that it is connected to.

        If nobody listens there, the ICMP error that comes back is one that net has not asked for.
        """
        with self._duplicate(which) as copy:
            copy.send(PROVOCATION)


def plain_udp_options(address: str, names: list[str]) -> dict[str, int]:
    """The options of a UDP socket that an ordinary program makes."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        return options_of(sock, names)
