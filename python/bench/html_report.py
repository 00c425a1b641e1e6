# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""--html: the run in one page, which loads nothing and runs nothing."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from bench import plot, report, table
from bench.conditions import told
from bench.record import Change
from bench.table import Row

PAGE = Path(__file__).with_name("page")
TITLE = "Benchmarks of Direct Sockets"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'"


def write(path: Path, text: str) -> None:
    """Write the page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def escape(text: str) -> str:
    """A text as a page shows it; what no page may hold is named."""
    shown = "".join(char if char.isprintable() or char == "\n" else f"\\x{ord(char):02x}" for char in text)
    return html.escape(shown, quote=True)


def render(
    rows: list[Row],
    conditions: dict[str, Any],
    missing: dict[str, str],
    samples: list[dict[str, Any]],
    changes: list[Change],
) -> str:
    """The page."""
    style = (PAGE / "bench.css").read_text(encoding="utf-8")
    facts = "".join(f"<span>{escape(label)}: {escape(text)}</span>" for label, text in told(conditions))
    groups = table.groups(rows)
    parts = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{TITLE}</title>",
        f"<style>\n{style}</style>",
        "</head>",
        "<body>",
        f"<h1>{TITLE}</h1>",
        f'<p class="facts">{facts}</p>',
        *(f'<p class="missing">Left out: {escape(peer)}, {escape(reason)}</p>' for peer, reason in missing.items()),
        f"<p>{escape(report.EXPLANATION)}</p>",
        f"<p>{escape(noise)}</p>" if (noise := report.foreign(samples)) else "",
        '<p class="legend"><b class="ours">ours</b><b class="peer">other runtimes</b>'
        '<b class="native">without an engine</b></p>',
        *_overview(groups),
        *(part for group in groups for part in _group(group)),
        *_changes(changes),
        "</body>",
        "</html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _anchor(row: Row) -> str:
    return f"{row.case}-{row.measure}".replace("/", "-")


def _overview(groups: list[list[Row]]) -> list[str]:
    """A line for each measure of ours."""
    lines = []
    for group in groups:
        for row in group:
            if plot.kind_of(row.peer) != "ours":
                continue
            link = f'<a href="#{_anchor(row)}">{escape(row.case)} {escape(row.measure)}</a>'
            state = "failed" if row.failed and row.median is None else table.number(row.median)
            ratios = (row.vs_native, row.vs_chromium, row.vs_streams, row.vs_best)
            cells = [f"{state} {row.unit}", *map(table.ratio, ratios)]
            numbers = "".join(f'<td class="number">{escape(cell)}</td>' for cell in cells)
            lines.append(f"<tr><th scope=row>{link}</th><td>{escape(row.peer)}</td>{numbers}</tr>")
    if not lines:
        return []
    head = "".join(f"<th scope=col>{name}</th>" for name in ("measure", "peer", "median", *table.HEAD[3:7]))
    return [
        "<h2>Overview</h2>",
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>',
        *lines,
        "</tbody></table></div>",
    ]


def _group(group: list[Row]) -> list[str]:
    first_head, *other_heads = (f"<th scope=col>{escape(name)}</th>" for name in table.HEAD)
    most = plot.largest(group)
    lines = []
    for row in group:
        peer, *numbers, notes = table.cells(row)
        kind = "failed" if row.failed else plot.kind_of(row.peer)
        cells = "".join(f"<td class=number>{escape(cell)}</td>" for cell in numbers)
        lines.append(
            f'<tr class="{kind}"><th scope=row>{escape(peer)}</th><td class=bar>{plot.bar(row, most)}</td>{cells}'
            f"<td>{escape(notes)}</td></tr>"
        )
    return [
        "<section>",
        f'<h2 id="{_anchor(group[0])}">{escape(table.title(group[0]))}</h2>',
        f'<div class="scroll"><table><thead><tr>{first_head}<th></th>{"".join(other_heads)}</tr></thead><tbody>',
        *lines,
        "</tbody></table></div>",
        "</section>",
    ]


def _changes(changes: list[Change]) -> list[str]:
    if not changes:
        return []
    head = "".join(f"<th scope=col>{name}</th>" for name in ("row", "before", "now", "ratio", "verdict"))
    lines = [
        f'<tr class="{change.verdict.replace(" ", "-")}"><th scope=row>{escape(" ".join(change.now.key))}</th>'
        f"<td class=number>{escape(_range(change.before))}</td><td class=number>{escape(_range(change.now))}</td>"
        f"<td class=number>{table.ratio(change.ratio)}</td><td>{change.verdict}</td></tr>"
        for change in changes
    ]
    return [
        '<section><h2 id="changes">Compared with the earlier run</h2>',
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>',
        *lines,
        "</tbody></table></div></section>",
    ]


def _range(row: Row) -> str:
    return f"{table.number(row.median)} ({table.number(row.least)} to {table.number(row.most)})"
