# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The tables of a run as text."""

from __future__ import annotations

import statistics
from typing import Any

from bench import table
from bench.conditions import told
from bench.record import Change
from bench.table import Row

EXPLANATION = """\
Ratios above 1 are better, whichever direction is: against the native client, Chromium's Direct Sockets, the best of the
others that have web streams, and the best of them all. CPU and switches (voluntary ones) are those of all processes of
the client, for one operation. On a busy machine compare CPU, not rates."""


def markdown(head: list[str], lines: list[list[str]]) -> str:
    """A table of Markdown, which is readable as it stands. The first and the last column are text."""
    safe = [[cell.replace("|", "/") for cell in line] for line in (head, *lines)]
    widths = [max(len(line[column]) for line in safe) for column in range(len(head))]
    last = len(head) - 1

    def line(cells: list[str]) -> str:
        parts = [
            cell if column == last else cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(parts)} |"

    rule = ["---" if column in (0, last) else "---:" for column in range(len(head))]
    return "\n".join([line(safe[0]), f"| {' | '.join(rule)} |", *map(line, safe[1:])])


def text(rows: list[Row], conditions: dict[str, Any], missing: dict[str, str], samples: list[dict[str, Any]]) -> str:
    """All of it."""
    parts = [
        f"### {table.title(group[0])}\n\n{markdown(table.HEAD, [table.cells(row) for row in group])}"
        for group in table.groups(rows)
    ]
    facts = [f"{label}: {value}" for label, value in told(conditions)]
    facts += [f"left out: {peer}, {reason}" for peer, reason in missing.items()]
    if noise := foreign(samples):
        facts.append(noise)
    return "\n\n".join([*parts, EXPLANATION, "\n".join(facts)])


def foreign(samples: list[dict[str, Any]]) -> str:
    """What else the machine did."""
    cores = [sample["seen"]["foreign_cores"] for sample in samples if "foreign_cores" in sample.get("seen", {})]
    if not cores:
        return ""
    return (
        f"besides client and server, {statistics.median(cores):.2f} processors were busy "
        f"(median; at most {max(cores):.2f})"
    )


def comparison(changes: list[Change], differences: list[str]) -> str:
    """This run beside an earlier one, and what makes it doubtful."""
    head = ["row", "before", "range before", "now", "range now", "ratio", "verdict"]
    lines = [
        [
            " ".join(change.now.key),
            table.number(change.before.median),
            f"{table.number(change.before.least)} to {table.number(change.before.most)}",
            table.number(change.now.median),
            f"{table.number(change.now.least)} to {table.number(change.now.most)}",
            table.ratio(change.ratio),
            change.verdict,
        ]
        for change in changes
    ]
    doubts = [f"With care: {difference}" for difference in differences]
    title = "### Compared with the earlier run (ratios above 1: better than before)"
    return "\n\n".join([title, *doubts, markdown(head, lines)])
