# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""One sample: a server and a client, both fresh, and what came of it."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import processes, programs
from bench.control import Control
from bench.peers import Peer
from bench.processes import Child, Ended, Usage
from bench.server import Server
from bench.workloads import Case

HOST = "127.0.0.1"
# What a sample may take beyond its own time, in seconds; more where thousands of connections are opened.
PATIENCE = 20.0
CROWD_PATIENCE = 90.0
# How long a client may take to end after its result, in seconds.
END_LIMIT = 5.0
# The longest look at idle connections where that is not the workload itself, in seconds.
IDLE_LOOK = 1.0
# How much less time a client may claim than the harness has seen: a part, and seconds that are lost on the way.
LEAST_TIME, TIME_LOST = 0.9, 0.25
# With --smoke nobody looks at figures, and a machine may be so busy that a message takes longer than the sample.
SMOKE_TIME_LOST = 10.0
# More failures than this part of what was done make a sample useless.
MOST_FAILURES = 0.01


@dataclass(frozen=True)
class Settings:
    """What holds for all samples of a run."""

    server: Path
    folder: Path
    seconds: float
    warmup: float
    smoke: bool = False
    # The processors of the server and of the client.
    pin: tuple[int, int] | None = None

    def limit(self, case: Case) -> float:
        """The longest time that a client may take."""
        spare = CROWD_PATIENCE if "connections" in case.workload.variants[case.variant] else PATIENCE
        return 3 * (self.seconds + self.warmup) + spare

    def processors(self, parameters: Mapping[str, Any]) -> tuple[set[int] | None, set[int] | None]:
        """Where the server and the client run."""
        if parameters.get("one_cpu"):
            # The last one: interrupts tend to be served by the first.
            one = {max(os.sched_getaffinity(0))}
            return one, one
        return ({self.pin[0]}, {self.pin[1]}) if self.pin else (None, None)


class Watch:
    """Looks at the client's processes whenever it comes to a checkpoint."""

    def __init__(self, settings: Settings, case: Case, connections: int):
        self._settings, self._case, self._connections = settings, case, connections
        self.client = 0
        self.others: list[int] = []
        self.seen: dict[str, float] = {}
        # W8's client waits until its clients have gone.
        self.is_over = threading.Event()
        self._arrivals: dict[str, Usage] = {}
        self._departures: dict[str, Usage] = {}
        self._busy: dict[str, float] = {}
        self._memory: dict[str, int] = {}

    def __call__(self, label: str) -> None:
        """A client is here, and waits."""
        self._busy[label] = self._elsewhere()
        self._arrivals[label] = processes.usage(self.client)
        if label == "serving":
            self.is_over.wait(self._settings.limit(self._case))
        if label in ("base", "open", "echoed"):
            self._look_at_memory(label)
        if label == "open":
            self._look_at_idleness()
        self._departures[label] = processes.usage(self.client)

    def _elsewhere(self) -> float:
        own = sum(processes.cpu_seconds(pid) or 0.0 for pid in self.others)
        return processes.machine_seconds() - own

    def _look_at_memory(self, label: str) -> None:
        self._memory[label] = processes.memory_kib(self.client)
        self.seen[f"memory_{label}_kib"] = self._memory[label]
        before = self._memory.get("base")
        if label != "base" and before is not None and self._connections:
            name = "memory_each_kib" if label == "open" else "memory_each_used_kib"
            self.seen[name] = (self._memory[label] - before) / self._connections

    def _look_at_idleness(self) -> None:
        is_workload = self._case.workload.measures[0].name == "idle"
        # What opening has left to do is not idleness.
        time.sleep(max(self._settings.warmup, 0.05))
        before = processes.usage(self.client)
        time.sleep(self._settings.seconds if is_workload else min(self._settings.seconds, IDLE_LOOK))
        after = processes.usage(self.client)
        cpu, switches = after.since(before)
        self.seen["idle_percent"] = 100 * cpu / (after.at - before.at)
        self.seen["idle_switches_per_second"] = switches / (after.at - before.at)

    def active(self) -> tuple[float, float, int]:
        """Between the checkpoints of the workload: how long, with how much processor time, how many switches."""
        seconds, cpu, switches = 0.0, 0.0, 0
        for first, last in self._case.workload.spans:
            before, after = self._departures.get(first), self._arrivals.get(last)
            if before is None or after is None:
                raise Ended(f"the client was never at {first} and {last}")
            used = after.since(before)
            seconds, cpu, switches = seconds + after.at - before.at, cpu + used[0], switches + used[1]
        return seconds, cpu, switches

    def foreign(self, cpu: float, seconds: float) -> float:
        """How many processors others have used meanwhile."""
        first, last = self._case.workload.spans[0][0], self._case.workload.spans[-1][1]
        used = self._busy[last] - self._busy[first]
        whole = self._arrivals[last].at - self._arrivals[first].at
        # The kernel counts in ticks: over a short time there may seem to be more than there are.
        return min(max(0.0, used - cpu) / whole, os.cpu_count() or 1) if seconds > 0 else 0.0


def take(settings: Settings, peer: Peer, case: Case) -> dict[str, Any]:
    """Take one sample. What went wrong is in it, as `error`; what the peer has no means for as `gap`."""
    record: dict[str, Any] = {"case": case.name, "peer": peer.name}
    gap = peer.gap(case)
    if gap is not None:
        return {**record, "gap": gap}
    try:
        with contextlib.ExitStack() as stack:
            record |= _take(settings, peer, case, stack)
    except (Ended, OSError) as error:
        record["error"] = str(error)
    return record


def _take(settings: Settings, peer: Peer, case: Case, stack: contextlib.ExitStack) -> dict[str, Any]:
    parameters = case.parameters(settings.smoke)
    server_processors, client_processors = settings.processors(parameters)
    limit = settings.limit(case)
    bench: dict[str, Any] = {
        "host": HOST,
        "workload": case.workload.name,
        "seconds": settings.seconds,
        "warmup": settings.warmup,
        "limit": limit,
        "ports": {},
        **parameters,
    }
    watch = Watch(settings, case, parameters.get("connections", 0))
    server = None
    if case.workload.roles:
        size = parameters.get("size", 64)
        server = Server(
            settings.server, case.workload.roles, size, 2 * limit, server_processors, peer.client_ends
        )
        stack.callback(server.stop)
        bench["ports"] = server.ports
        watch.others.append(server.pid)
    if case.workload.spans:
        control = Control(watch, limit)
        stack.callback(control.close)
        bench["control"] = control.port
    command = programs.command(peer, case, bench, settings.folder)
    client = Child(command, programs.environment(settings.folder), client_processors)
    ending = _Ending(client)
    stack.callback(ending)
    watch.client = client.pid
    if case.workload.name == "W8":
        result = _driven(settings, client, bench, watch, server_processors, stack)
    else:
        at, message = client.next(("result", "error", "unsupported"), limit)
        result = _result(message)
        watch.seen["first_line_ms"] = 1000 * (at - client.started)
    if "unsupported" in result:
        return {"gap": result["unsupported"]}
    # Its end first: then everything that it has sent or taken has been counted.
    ending()
    seen: dict[str, Any] = {**watch.seen, "ended_by_itself": ending.by_itself}
    record: dict[str, Any] = {"result": result, "seen": seen}
    if server is not None:
        record["server"] = server.check(case.workload.claims(result, parameters))
    if case.workload.spans:
        _judge(case, result, watch, seen, SMOKE_TIME_LOST if settings.smoke else TIME_LOST)
    record["values"] = values(case, record)
    return record


class _Ending:
    """Ends a client, once."""

    def __init__(self, client: Child):
        self._client = client
        self.by_itself: bool | None = None

    def __call__(self) -> None:
        if self.by_itself is None:
            self.by_itself = self._client.stop(END_LIMIT)


def _result(message: dict[str, Any]) -> dict[str, Any]:
    if "error" in message:
        raise Ended(f"the client failed: {message['error']}")
    return message if "unsupported" in message else message["result"]


def _driven(
    settings: Settings,
    client: Child,
    bench: dict[str, Any],
    watch: Watch,
    processors: set[int] | None,
    stack: contextlib.ExitStack,
) -> dict[str, Any]:
    """The client accepts; the native one connects to it and counts."""
    _, message = client.next(("listening", "error", "unsupported"), bench["limit"])
    if "listening" not in message:
        return _result(message)
    driven = {**bench, "ports": {"client": message["listening"]}}
    command = programs.native_command((str(settings.server), "run"), "W8-driver", driven)
    driver = Child(command, processors=processors)
    stack.callback(driver.stop, END_LIMIT)
    stack.callback(watch.is_over.set)
    watch.others.append(driver.pid)
    _, message = driver.next(("result", "error"), bench["limit"])
    result = _result(message)
    watch.is_over.set()
    client.next(("result", "error"), bench["limit"])
    return result


def _judge(case: Case, result: Mapping[str, Any], watch: Watch, seen: dict[str, Any], lost: float) -> None:
    """Adds what the client's processes have used. Fails if its time cannot be, or if little of it worked."""
    seconds, cpu, switches = watch.active()
    if result["seconds"] < LEAST_TIME * seconds - lost:
        raise Ended(f"rejected: claims {result['seconds']:.2f} s, and {seconds:.2f} s went by")
    failures = result.get("failures", 0)
    if failures > MOST_FAILURES * result["count"] or result["count"] <= 0:
        raise Ended(f"{failures} failures, {result['count']} done")
    operations = result["count"] / case.workload.scale
    seen["cpu_s"] = cpu
    seen["cpu_per_operation_us"] = 1e6 * cpu / operations
    seen["switches_per_operation"] = switches / operations
    seen["foreign_cores"] = watch.foreign(cpu, seconds)


def values(case: Case, record: Mapping[str, Any]) -> dict[str, float]:
    """The measures of a sample."""
    found = {measure.name: measure.pick(record) for measure in case.workload.measures}
    return {name: value for name, value in found.items() if value is not None}
