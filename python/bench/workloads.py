# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""What is measured: the workloads, their variants, and what comes out of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mach_support.log import Failure

HIGH, LOW = "high", "low"
# How many connections are open at a time, with --smoke.
SMOKE_SHARE = 20

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Measure:
    """One number that a sample gives: its unit, which direction is better, and how it is read from a sample."""

    name: str
    unit: str
    better: str
    pick: Callable[[Record], float | None] = field(compare=False)


@dataclass(frozen=True)
class Claim:
    """What a server must have counted if a client says the truth: of a role, the sum of these counters."""

    role: str
    counters: tuple[str, ...]
    least: int


@dataclass(frozen=True)
class Workload:
    """One workload."""

    name: str
    title: str
    # What servers it needs.
    roles: tuple[str, ...]
    variants: Mapping[str, Mapping[str, Any]]
    measures: tuple[Measure, ...]
    # What processor time is divided by: the name of one operation, and how many of the result's count make one.
    operation: str = ""
    scale: float = 1.0
    # Between which checkpoints of the client its time runs.
    spans: tuple[tuple[str, str], ...] = (("begin", "end"),)
    claims: Callable[[Record, Mapping[str, Any]], list[Claim]] = lambda result, parameters: []


@dataclass(frozen=True)
class Case:
    """A workload in one variant."""

    workload: Workload
    variant: str

    @property
    def name(self) -> str:
        """The name that tables show and the command line takes."""
        return f"{self.workload.name}/{self.variant}"

    def parameters(self, smoke: bool) -> dict[str, Any]:
        """What clients are told."""
        found = dict(self.workload.variants[self.variant])
        if smoke and "connections" in found:
            found["connections"] //= SMOKE_SHARE
        return found


def rate(scale: float = 1.0) -> Callable[[Record], float | None]:
    """So many of these a second."""

    def pick(record: Record) -> float | None:
        result = record["result"]
        return result["count"] / result["seconds"] / scale if result["seconds"] > 0 else None

    return pick


def member(name: str) -> Callable[[Record], float | None]:
    """What the client says itself. A latency of nothing is a clock that is too coarse."""
    return lambda record: record["result"].get(name) or None


def seen(name: str) -> Callable[[Record], float | None]:
    """What the harness has seen of the client's processes."""
    return lambda record: record["seen"].get(name)


def bytes_of(role: str) -> Callable[[Record, Mapping[str, Any]], list[Claim]]:
    """Every byte that is claimed was seen by the server."""
    return lambda result, parameters: [Claim(role, ("bytes",), result["total"])]


def units_of(role: str, *more: str) -> Callable[[Record, Mapping[str, Any]], list[Claim]]:
    """Every connection or datagram that is claimed was seen by the server."""
    return lambda result, parameters: [Claim(role, ("units", *more), result["total"])]


def messages_of(role: str) -> Callable[[Record, Mapping[str, Any]], list[Claim]]:
    """Every message that is claimed was seen by the server."""
    return lambda result, parameters: [Claim(role, ("bytes",), result["total"] * parameters["size"])]


def _beside_bulk(result: Record, parameters: Mapping[str, Any]) -> list[Claim]:
    return [*messages_of("tcp-echo")(result, parameters), Claim("tcp-flood", ("bytes",), result["bulk"])]


def _times_the_quiet(record: Record) -> float | None:
    quiet = record["result"].get("quiet_p99_us")
    return record["result"]["p99_us"] / quiet if quiet else None


_CROWD = {"1000": {"connections": 1000}, "5000": {"connections": 5000}}
_PING_PONG = {
    "1": {"size": 1},
    "4k": {"size": 4096},
    "1-1cpu": {"size": 1, "one_cpu": True},
    "4k-1cpu": {"size": 4096, "one_cpu": True},
}
_GIGA = 1e9

WORKLOADS: dict[str, Workload] = {
    workload.name: workload
    for workload in (
        Workload(
            "W0",
            "start-up: from the start of the process to its first line",
            (),
            {"start": {}},
            (Measure("time", "ms", LOW, seen("first_line_ms")),),
            spans=(),
        ),
        Workload(
            "W1",
            "TCP receive",
            ("tcp-flood",),
            {"default": {}, "byob": {"byob": 64 * 1024}},
            (Measure("throughput", "MB/s", HIGH, rate(1e6)),),
            "GB",
            _GIGA,
            claims=bytes_of("tcp-flood"),
        ),
        Workload(
            "W2",
            "TCP send",
            ("tcp-discard",),
            {"64k": {"chunk": 64 * 1024}, "1m": {"chunk": 1024 * 1024}},
            (Measure("throughput", "MB/s", HIGH, rate(1e6)),),
            "GB",
            _GIGA,
            claims=bytes_of("tcp-discard"),
        ),
        Workload(
            "W3",
            "TCP ping-pong, one message on its way",
            ("tcp-echo",),
            _PING_PONG,
            (
                Measure("rate", "round trips/s", HIGH, rate()),
                Measure("p99", "µs", LOW, member("p99_us")),
            ),
            "round trip",
            claims=messages_of("tcp-echo"),
        ),
        Workload(
            "W4",
            "TCP connect and close",
            ("tcp-accept-close",),
            {"seq": {"lanes": 1}, "c64": {"lanes": 64}},
            (Measure("rate", "connections/s", HIGH, rate()),),
            "connection",
            claims=units_of("tcp-accept-close"),
        ),
        Workload(
            "W5",
            "many open TCP connections, then one echo over each",
            ("tcp-echo-many",),
            _CROWD,
            (
                Measure("time", "s", LOW, member("seconds")),
                Measure("memory", "KiB a connection", LOW, seen("memory_each_kib")),
                Measure("idle", "% of a core", LOW, seen("idle_percent")),
            ),
            "connection",
            spans=(("base", "open"), ("open", "echoed")),
            claims=lambda result, parameters: [
                Claim("tcp-echo-many", ("units",), result["total"]),
                Claim("tcp-echo-many", ("bytes",), result["total"] * 64),
            ],
        ),
        Workload(
            "W6",
            "UDP send",
            ("udp-sink",),
            {"64": {"size": 64}, "1200": {"size": 1200}},
            (Measure("rate", "datagrams/s", HIGH, rate()),),
            "datagram",
            # What the kernel had no room for behind the client was sent as well.
            claims=units_of("udp-sink", "dropped"),
        ),
        Workload(
            "W7",
            "UDP echo, 32 datagrams on their way",
            ("udp-echo",),
            {"w32": {"window": 32, "size": 64}},
            (Measure("rate", "round trips/s", HIGH, rate()),),
            "round trip",
            claims=units_of("udp-echo"),
        ),
        Workload(
            "W8",
            "TCP accept, echo, close; 64 clients at a time",
            (),
            {"echo": {"listeners": 8, "lanes": 64}},
            (Measure("rate", "connections/s", HIGH, rate()),),
            "connection",
        ),
        Workload(
            "W9",
            "UDP receive under a flood",
            ("udp-flood",),
            {"flood": {"size": 64}},
            (Measure("rate", "datagrams/s", HIGH, rate()),),
            "datagram",
            claims=units_of("udp-flood"),
        ),
        Workload(
            "W10",
            "TCP ping-pong of 1 byte while another socket receives in bulk",
            ("tcp-echo", "tcp-flood"),
            {"p99": {"size": 1}},
            (
                Measure("p99", "µs", LOW, member("p99_us")),
                Measure("slowdown", "times the p99 without", LOW, _times_the_quiet),
            ),
            "round trip",
            claims=_beside_bulk,
        ),
        Workload(
            "W11",
            "open TCP connections without traffic",
            ("tcp-echo-many",),
            {"5000": {"connections": 5000}},
            (Measure("idle", "% of a core", LOW, seen("idle_percent")),),
            spans=(("base", "open"),),
            claims=units_of("tcp-echo-many"),
        ),
    )
}


def cases(names: list[str]) -> list[Case]:
    """The cases that names such as `W1` and `W3/1-1cpu` select; all of them if there is none."""
    if not names:
        return [Case(workload, variant) for workload in WORKLOADS.values() for variant in workload.variants]
    found: dict[str, Case] = {}
    for name in names:
        first, _, variant = name.partition("/")
        workload = WORKLOADS.get(first.upper())
        if workload is None or (variant and variant not in workload.variants):
            raise Failure(f"{name}: no such workload; --list lists them", 2)
        for one in [variant] if variant else workload.variants:
            case = Case(workload, one)
            found[case.name] = case
    return list(found.values())


def listed() -> Iterator[str]:
    """A line for each case."""
    for case in cases([]):
        yield f"{case.name:<12} {case.workload.title}"
