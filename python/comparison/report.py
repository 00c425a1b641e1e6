# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tables of a comparison, and the same as JSON."""

from __future__ import annotations

import json
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from comparison.exposure import Exposure
from comparison.verdict import Comparison, Entry, Verdict

# How much of a message stands in the report.
MESSAGE_LENGTH = 300
# How many problems of one global stand there; the JSON file has all.
MOST_PROBLEMS = 20
HEADINGS = ["tests", *(verdict.value for verdict in Verdict)]


def folder_of(test_id: str) -> str:
    """The row that a test belongs to: its folder, at most two levels deep."""
    return "/".join(test_id.split("/")[1:-1][:2])


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """A table of Markdown, which is readable as it stands: the first column is text, the others are numbers."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]

    def line(cells: list[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(head), f"| {' | '.join(rule)} |", *map(line, lines[1:])])


class Report:
    """The comparisons of one mode."""

    def __init__(self, mode: str):
        self.mode = mode
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)
        self.total: Counter[str] = Counter()
        self.notable: dict[Verdict, list[tuple[Comparison, Entry]]] = defaultdict(list)

    def add(self, comparison: Comparison) -> None:
        """Take one comparison when it has been run for the last time."""
        folder = folder_of(comparison.test.id)
        for counts in (self.counts[folder], self.total):
            counts["tests"] += 1
        for entry in comparison.entries():
            for counts in (self.counts[folder], self.total):
                counts[entry.verdict.value] += 1
            if entry.verdict in (Verdict.BROKEN, Verdict.FIXED, Verdict.FLAKY):
                self.notable[entry.verdict].append((comparison, entry))

    @property
    def regressions(self) -> int:
        """How many there are."""
        return self.total[Verdict.BROKEN.value]

    def text(self) -> str:
        """The table, and what differs."""
        rows = [(folder, self.counts[folder]) for folder in sorted(self.counts)]
        if len(rows) > 1:
            rows.append(("all", self.total))
        cells = [[name, *(str(counts[heading]) for heading in HEADINGS)] for name, counts in rows]
        parts = [table([f"{self.mode}: folder", *HEADINGS], cells)]
        for verdict in (Verdict.FIXED, Verdict.FLAKY, Verdict.BROKEN):
            if self.notable[verdict]:
                lines = [line for found in self.notable[verdict] for line in explain(*found)]
                parts.append("\n".join([f"{verdict.value} ({self.mode}):", *lines]))
        return "\n\n".join(parts)

    def record(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "total": dict(self.total),
            "folders": {folder: dict(self.counts[folder]) for folder in sorted(self.counts)},
            **{
                verdict.value: [
                    {
                        "test": comparison.test.id,
                        "subtest": entry.name,
                        "before": entry.before,
                        "after": entry.after,
                        "message": entry.message,
                    }
                    for comparison, entry in self.notable[verdict]
                ]
                for verdict in (Verdict.FIXED, Verdict.FLAKY, Verdict.BROKEN)
            },
        }


def explain(comparison: Comparison, entry: Entry) -> list[str]:
    """What is told of a subtest that differs."""
    lines = [f"  {comparison.test.id} | {entry.describe()}"]
    if entry.verdict is Verdict.BROKEN:
        if entry.message:
            lines.append("    " + entry.message.strip()[:MESSAGE_LENGTH].replace("\n", "\n    "))
        mode = "--multiprocess" if comparison.multiprocess else "--single-process"
        lines.append(f"    again: ./mach compare-streams {mode} {shlex.quote(comparison.test.id)}")
    return lines


def exposure_text(mode: str, found: list[Exposure]) -> str:
    """The table of what scripts find in their globals, and what should not be so."""
    head = [f"{mode}: global", "names", "new interfaces", "their members", "problems"]
    lines = [table(head, [exposure.row() for exposure in found])]
    for exposure in found:
        lines += [f"  {exposure.label}: {problem}" for problem in exposure.problems[:MOST_PROBLEMS]]
        if len(exposure.problems) > MOST_PROBLEMS:
            lines.append(f"  {exposure.label}: and {len(exposure.problems) - MOST_PROBLEMS} more")
    return "\n".join(lines)


def write(path: Path, record: dict[str, Any]) -> None:
    """Write the JSON file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
