# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Samples, peers and rows as a run makes them."""

from __future__ import annotations

from typing import Any

from bench import table
from bench.peers import Peer
from bench.workloads import Case, cases

OURS = Peer("ours", ("shell",), "direct-sockets", streams=True)
NATIVE = Peer("native", ("server", "run"))
FAST = Peer("deno-web", ("deno",), "deno-web", streams=True)
SLOW = Peer("node-web", ("node",), "node-web", streams=True)
RAW = Peer("bun", ("bun",), "bun")
PEERS = [OURS, NATIVE, FAST, SLOW]

CONDITIONS: dict[str, Any] = {
    "date": "2026-01-02 03:04 UTC",
    "kernel": "Linux 6",
    "processor": "a processor",
    "cores": 2,
    "memory_gib": 8.0,
    "load_before": [0.1, 0.2, 0.3],
    "commit": "abc",
    "versions": {"deno-web": "deno 2"},
}


def case(name: str) -> Case:
    """A case by its name."""
    [found] = cases([name])
    return found


def sample(name: str, peer: Peer, values: dict[str, float], **more: Any) -> dict[str, Any]:
    """A sample that worked."""
    result = {"count": 1000, "total": 1100, "seconds": 1.0, **more.pop("result", {})}
    seen = {
        "cpu_per_operation_us": 5.0,
        "switches_per_operation": 2.0,
        "foreign_cores": 0.25,
        "ended_by_itself": True,
        **more.pop("seen", {}),
    }
    return {"case": name, "peer": peer.name, "values": values, "result": result, "seen": seen, "turn": 0, **more}


def rows(name: str, samples: list[dict[str, Any]], peers: list[Peer] | None = None) -> list[table.Row]:
    """The rows of one case."""
    return table.rows(samples, [case(name)], PEERS if peers is None else peers)
