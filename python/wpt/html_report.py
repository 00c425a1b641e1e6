# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""--html: a report in one page, which loads nothing.

Totals, what was unexpected, what was flaky, then a table for each file: a row a subtest, a column for each global and
mode. Everything that comes from pages is escaped, and the page's policy allows no script but its own.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from wpt.judging import TestResult, plain
from wpt.results import Report, Settled, explains

PAGE = Path(__file__).with_name("page")
TITLE = "Web platform tests of Direct Sockets"
# The name of the row of a test as a whole.
WHOLE = "(the test as a whole)"
# Which class a cell has if its results differ: the first of these that one of them has.
CLASSES = ("unexpected", "flaky", "known", "skip", "pass")


def facts(infos: Mapping[bool, Mapping[str, Any]], more: Mapping[str, str]) -> list[tuple[str, str]]:
    """What is worth knowing about a run, with the labels that a person reads."""
    info = next(iter(infos.values()))
    modes = ", ".join("multiprocess" if multiprocess else "single process" for multiprocess in infos)
    found = {
        "Written": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "Build": "debug" if info.get("debug") else "release",
        "System": " ".join(str(info[key]) for key in ("os", "version", "processor") if info.get(key)),
        "Modes": modes,
    }
    return [(label, text) for label, text in {**found, **more}.items() if text]


def write(path: Path, report: Report, about: Iterable[tuple[str, str]]) -> None:
    """Write the page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(report, about), encoding="utf-8")


def escape(text: str) -> str:
    """A text as a page shows it."""
    return html.escape(plain(text))


def render(report: Report, about: Iterable[tuple[str, str]]) -> str:
    """The page."""
    style = (PAGE / "report.css").read_text(encoding="utf-8")
    script = (PAGE / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; form-action 'none'"
    parts = [
        "<!doctype html>",
        '<html lang="en">',
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(verdict(report))} - {TITLE}</title>",
        f"<style>\n{style}</style>",
        *_head(report, about),
        *_articles("Unexpected", "unexpected", report.unexpected),
        *_articles("Flaky: passed when run again", "flaky", report.flaky),
        *_filter(),
        "<h2>Files</h2>",
        *(part for table in tables(report.settled) for part in table.render()),
        # Characters between the tags count for the digest in the policy.
        f"<script>{script}</script>",
        "</html>",
    ]
    return "\n".join(parts) + "\n"


def verdict(report: Report) -> str:
    """The run in a few words."""
    unexpected = len(report.unexpected)
    if unexpected:
        return f"{unexpected} {'test' if unexpected == 1 else 'tests'} unexpected"
    return "all as expected" if report.settled else "nothing ran"


def _head(report: Report, about: Iterable[tuple[str, str]]) -> list[str]:
    tests = {settled.final.name for settled in report.settled}
    seconds = sum(result.seconds for result in report.seen)
    numbers = [
        ("tests", len(tests), ""),
        ("passed", report.counts["PASS"], "pass"),
        ("failed", report.failed, "unexpected" if report.failed else ""),
        ("skipped", report.counts["SKIP"], ""),
        ("known not to pass", sum(settled.final.known_failures for settled in report.settled), "known"),
        ("flaky tests", len(report.flaky), "flaky" if report.flaky else ""),
        ("seconds in tests", round(seconds), ""),
    ]
    return [
        f"<h1>{TITLE}</h1>",
        '<p class="facts">'
        + "".join(f"<span>{escape(label)}: {escape(text)}</span>" for label, text in about)
        + "</p>",
        f'<p class="verdict {"unexpected" if report.unexpected else "pass"}">{escape(verdict(report))}</p>',
        '<ul class="totals">',
        *(f'<li class="{kind}"><b>{number}</b>{label}</li>' for label, number, kind in numbers),
        "</ul>",
    ]


def _articles(title: str, kind: str, which: list[Settled]) -> list[str]:
    if not which:
        return []
    parts = [f'<h2 id="{kind}">{title} ({len(which)})</h2>']
    for settled in which:
        result = settled.told
        rounds = f" in round {result.round}" if result.round > 1 else ""
        parts += [f'<article class="{kind}">', f"<h3>{escape(result.name)}{rounds}</h3>"]
        parts += [f"<pre>{escape(complaint)}</pre>" for complaint in result.complaints()]
        if explains(result):
            parts.append(_folded("the end of its standard error", result.stderr))
        parts += [f"<p>Again: <code>{escape(result.again)}</code></p>", "</article>"]
    return parts


def _folded(title: str, text: str) -> str:
    return f"<details><summary>{escape(title)}</summary><pre>{escape(text.strip())}</pre></details>"


def _filter() -> list[str]:
    options = (
        ("", "everything"),
        ("unexpected", "unexpected"),
        ("flaky", "flaky"),
        ("known", "known not to pass"),
        ("skip", "skipped"),
    )
    # Shown by the script that makes it work.
    return [
        '<form class="filter" hidden>',
        '<input type="search" aria-label="Filter" placeholder="Filter by words of files and subtests">',
        '<select aria-label="Which results">',
        *(f'<option value="{value}">{label}</option>' for value, label in options),
        "</select>",
        "<output></output>",
        "</form>",
    ]


@dataclass
class Cell:
    """The results of one subtest in one column: one, or one for each round."""

    statuses: Counter[str] = field(default_factory=Counter)
    kinds: set[str] = field(default_factory=set)
    messages: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """The class of the cell."""
        return next((kind for kind in CLASSES if kind in self.kinds), "none")

    def add(self, status: str, kind: str, message: str) -> None:
        """Take a result."""
        self.statuses[status] += 1
        self.kinds.add(kind)
        if message and message not in self.messages:
            self.messages.append(message)

    def render(self) -> str:
        """The cell."""
        if not self.statuses:
            return '<td class="none">–</td>'
        several = sum(self.statuses.values()) > 1
        text = ", ".join(f"{status} × {count}" if several else status for status, count in self.statuses.items())
        title = f' title="{escape(" / ".join(self.messages))}"' if self.messages else ""
        return f'<td class="{self.kind}"{title}>{escape(text)}</td>'


@dataclass
class Table:
    """What one file of tests gave."""

    path: str
    columns: dict[tuple[str, str], None] = field(default_factory=dict)
    # From the name of a subtest to its cells.
    rows: dict[str, dict[tuple[str, str], Cell]] = field(default_factory=dict)
    logs: list[str] = field(default_factory=list)
    unexpected: int = 0
    passed: int = 0
    total: int = 0

    def add(self, settled: Settled) -> None:
        """Take a result."""
        result = settled.final
        column = (global_of(result), result.mode)
        self.columns[column] = None
        flaky_names = {one.name for one in settled.first.subtests if one.unexpected} if settled.first else set()
        whole_flaky = settled.flaky and not flaky_names
        kind = "unexpected" if result.bad_status or result.problems else "skip" if result.skipped else "pass"
        if kind == "pass" and (whole_flaky or result.status != "OK"):
            kind = "flaky" if whole_flaky else "known"
        self._cell(WHOLE, column).add(result.status, kind, result.message)
        for subtest in result.subtests:
            kind = {"PASS": "pass", "SKIP": "known"}.get(subtest.verdict, "unexpected")
            if subtest.verdict == "SKIP" and subtest.status not in subtest.expected:
                kind = "skip"
            if settled.flaky and subtest.name in flaky_names:
                kind = "flaky"
            self._cell(subtest.name, column).add(subtest.status, kind, subtest.message)
            self.passed += subtest.verdict == "PASS"
            self.total += 1
        self.unexpected += settled.unexpected
        if log := log_of(settled):
            rounds = f", round {result.round}" if result.round > 1 else ""
            self.logs.append(_folded(f"log: {column[0]}, {column[1]}{rounds}", log))

    def _cell(self, name: str, column: tuple[str, str]) -> Cell:
        return self.rows.setdefault(name, {}).setdefault(column, Cell())

    def render(self) -> list[str]:
        """The table, folded unless something is unexpected."""
        count = f"{self.passed}/{self.total}" + (f", {self.unexpected} unexpected" if self.unexpected else "")
        bad = ' class="unexpected"' if self.unexpected else ""
        columns = sorted(self.columns)
        head = "".join(f"<th scope=col>{escape(where)}<br>{escape(mode)}</th>" for where, mode in columns)
        parts = [
            f'<details class="file" data-path="{escape(self.path)}"{" open" if self.unexpected else ""}>',
            f'<summary><span{bad}>{escape(self.path)}</span> <span class="count">{count}</span></summary>',
            '<div class="scroll"><table>',
            f"<thead><tr><th scope=col>subtest</th>{head}</tr></thead>",
            "<tbody>",
        ]
        for name, cells in self.rows.items():
            kinds = " ".join(sorted({kind for cell in cells.values() for kind in cell.kinds}))
            row = "".join(cells.get(column, Cell()).render() for column in columns)
            parts.append(f'<tr data-kinds="{kinds}"><th scope=row>{escape(name)}</th>{row}</tr>')
        return [*parts, "</tbody></table></div>", *self.logs, "</details>"]


def tables(settled: Iterable[Settled]) -> list[Table]:
    """A table for each file: those with something unexpected first."""
    found: dict[str, Table] = {}
    for one in settled:
        found.setdefault(one.final.path, Table(one.final.path)).add(one)
    return sorted(found.values(), key=lambda table: (not table.unexpected, table.path))


def global_of(result: TestResult) -> str:
    """In which global a test ran, with its variant if it has one."""
    query = result.test.partition("?")[2]
    return result.kind + (f" ?{query}" if query else "")


def log_of(settled: Settled) -> str:
    """What a test said that is not PASS: messages, stacks and the end of standard error."""
    parts = []
    for result in (settled.first, settled.final):
        if result is None:
            continue
        attempt = "first attempt: " if result is settled.first else ""
        if result.message or result.problems:
            parts.append(f"{attempt}{result.status}: {'; '.join(filter(None, [result.message, *result.problems]))}")
        parts += [attempt + subtest.complaint() for subtest in result.subtests if subtest.status != "PASS"]
        if explains(result):
            parts.append(f"{attempt}the end of standard error:\n{result.stderr.strip()}")
    return "\n\n".join(parts)
