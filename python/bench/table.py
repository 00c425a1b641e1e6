# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""What all samples together say: a row for each case, measure and peer."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.peers import CHROMIUM, NATIVE, Peer
from bench.workloads import HIGH, WORKLOADS, Case, Measure

# How long an error in a table may be.
MOST_TEXT = 160


@dataclass
class Row:
    """What one peer did in one case, by one measure."""

    case: str
    measure: str
    unit: str
    better: str
    peer: str
    median: float | None = None
    least: float | None = None
    most: float | None = None
    samples: int = 0
    failed: int = 0
    cpu_per_operation_us: float | None = None
    switches_per_operation: float | None = None
    # How many times as good as the native client, as Chromium, as the best peer with web streams, and as the best of
    # the others at all: above 1 is better.
    vs_native: float | None = None
    vs_chromium: float | None = None
    vs_streams: float | None = None
    vs_best: float | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells a row from the others."""
        return self.case, self.measure, self.peer

    def record(self) -> dict[str, Any]:
        """For the JSON file."""
        return asdict(self)


def times_as_good(value: float | None, other: float | None, better: str) -> float | None:
    """How many times as good a value is as another one."""
    high, low = (value, other) if better == HIGH else (other, value)
    return high / low if high is not None and low else None


def rows(samples: Iterable[dict[str, Any]], cases: list[Case], peers: list[Peer]) -> list[Row]:
    """All rows: the cases in their order, in each the best peer first, then those without a number."""
    by_place: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for sample in samples:
        by_place[sample["case"], sample["peer"]].append(sample)
    found = []
    for case in cases:
        for measure in case.workload.measures:
            mine = [
                _row(case, measure, peer, taken) for peer in peers if (taken := by_place.get((case.name, peer.name)))
            ]
            _compare(mine, [peer for peer in peers if peer.is_other], measure.better)
            found += sorted(mine, key=lambda row: _rank(row, measure))
    return found


def _rank(row: Row, measure: Measure) -> tuple[bool, float]:
    if row.median is None:
        return True, 0.0
    return False, -row.median if measure.better == HIGH else row.median


def _row(case: Case, measure: Measure, peer: Peer, samples: list[dict[str, Any]]) -> Row:
    row = Row(case.name, measure.name, measure.unit, measure.better, peer.name)
    good = [sample for sample in samples if measure.name in sample.get("values", {})]
    values = [sample["values"][measure.name] for sample in good]
    row.samples = len(values)
    row.failed = sum("error" in sample for sample in samples)
    if values:
        row.median, row.least, row.most = statistics.median(values), min(values), max(values)
        if case.workload.operation and measure is case.workload.measures[0]:
            row.cpu_per_operation_us = _median(good, "seen", "cpu_per_operation_us")
            row.switches_per_operation = _median(good, "seen", "switches_per_operation")
        row.notes += _notes(case, measure, good)
    row.notes += sorted({sample["gap"] for sample in samples if "gap" in sample})
    errors = [sample["error"] for sample in samples if "error" in sample]
    if errors:
        text = " ".join(errors[0].split())[:MOST_TEXT]
        row.notes.append(text if row.failed == len(samples) else f"{row.failed} failed: {text}")
    return row


def _median(samples: list[dict[str, Any]], place: str, name: str) -> float | None:
    values = [sample[place][name] for sample in samples if sample[place].get(name) is not None]
    return statistics.median(values) if values else None


def _notes(case: Case, measure: Measure, samples: list[dict[str, Any]]) -> list[str]:
    def result(name: str) -> float | None:
        return _median(samples, "result", name)

    def seen(name: str) -> float | None:
        return _median(samples, "seen", name)

    found = []
    name, first = case.workload.name, measure is case.workload.measures[0]
    if name == "W3" and first:
        p50 = result("p50_us")
        found.append(f"p50 {number(p50)} µs" if p50 else "its clock is too coarse for p50 and p99")
    if name == "W1" and (reads := result("reads")):
        found.append(f"{number((result('count') or 0) / reads / 1024)} KiB a read")
    if name == "W2" and (closing := result("closing_s") or 0) > 0.1:
        found.append(f"close() took {closing:.1f} s: it pushes back late")
    if name == "W5" and measure.name == "time":
        found.append(f"opened in {number(result('open_s'))} s, echoed in {number(result('echo_s'))} s")
    if measure.name == "memory":
        found.append(f"{number(seen('memory_each_used_kib'))} after the echo")
        found.append(f"{number((seen('memory_base_kib') or 0) / 1024)} MiB without connections")
    if measure.name == "idle":
        found.append(f"{number(seen('idle_switches_per_second'))} switches/s")
    if name == "W6":
        arrived = [_arrived(sample) for sample in samples]
        found.append(f"{100 * statistics.median(arrived):.0f} % arrived")
    if name == "W10" and measure.name == "p99":
        seconds = result("seconds") or 1.0
        found.append(f"{number(result('quiet_p99_us'))} µs without")
        found.append(f"about {number((result('bulk') or 0) / seconds / 1e6)} MB/s beside it")
    if failures := sum(sample["result"].get("failures", 0) for sample in samples):
        found.append(f"{failures} connections failed")
    if not all(sample["seen"].get("ended_by_itself", True) for sample in samples):
        found.append("did not end by itself")
    return found


def _arrived(sample: dict[str, Any]) -> float:
    return sample["server"]["udp-sink"]["units"] / max(1, sample["result"]["total"])


def _compare(found: list[Row], others: list[Peer], better: str) -> None:
    """Adds the ratios."""
    medians = {row.peer: row.median for row in found if row.median is not None}

    def best_of(rivals: Iterable[Peer]) -> float | None:
        values = [medians[peer.name] for peer in rivals if peer.name in medians]
        return (max if better == HIGH else min)(values) if values else None

    best, best_streams = best_of(others), best_of(peer for peer in others if peer.streams)
    for row in found:
        if row.peer != NATIVE:
            row.vs_native = times_as_good(row.median, medians.get(NATIVE), better)
            row.vs_chromium = times_as_good(row.median, medians.get(CHROMIUM), better)
            row.vs_streams = times_as_good(row.median, best_streams, better)
            row.vs_best = times_as_good(row.median, best, better)


def number(value: float | None) -> str:
    """A number with about three digits."""
    if value is None:
        return "–"
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 0.1 or not size else f"{value:.4f}"


def cost(row: Row) -> str:
    """Processor time of one operation, with the unit that fits."""
    if row.cpu_per_operation_us is None:
        return ""
    if WORKLOADS[row.case.partition("/")[0]].operation == "GB":
        return f"{number(row.cpu_per_operation_us / 1000)} ms/GB"
    return f"{number(row.cpu_per_operation_us)} µs"


def switches(row: Row) -> str:
    """Voluntary switches of one operation."""
    return "" if row.switches_per_operation is None else number(row.switches_per_operation)


def ratio(value: float | None) -> str:
    """A ratio."""
    return "–" if value is None else f"{value:.2f}×"


def cells(row: Row) -> list[str]:
    """A row as a table shows it."""
    if row.median is None:
        state = "failed" if row.failed else "n/a"
        return [row.peer, state, *[""] * (len(HEAD) - 3), "; ".join(row.notes)]
    return [
        row.peer,
        number(row.median),
        f"{number(row.least)} to {number(row.most)}",
        ratio(row.vs_native),
        ratio(row.vs_chromium),
        ratio(row.vs_streams),
        ratio(row.vs_best),
        cost(row),
        switches(row),
        "; ".join(row.notes),
    ]


HEAD = [
    "peer",
    "median",
    "range",
    "vs native",
    "vs chromium",
    "vs streams",
    "vs best",
    "CPU each",
    "switches each",
    "notes",
]


def title(row: Row) -> str:
    """The title of the table that a row belongs to."""
    workload = WORKLOADS[row.case.partition("/")[0]]
    direction = "higher" if row.better == HIGH else "lower"
    return f"{row.case} {workload.title}: {row.measure} in {row.unit}, {direction} is better"


def groups(found: list[Row]) -> list[list[Row]]:
    """The rows of each case and measure."""
    grouped: dict[tuple[str, str], list[Row]] = {}
    for row in found:
        grouped.setdefault((row.case, row.measure), []).append(row)
    return list(grouped.values())
