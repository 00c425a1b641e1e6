# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Bars as inline SVG."""

from __future__ import annotations

import html

from bench import table
from bench.peers import NATIVE, OURS
from bench.table import Row

# In units of the picture.
WIDTH, BAR, GAP = 720, 18, 8
LABELS, NUMBERS = 150, 110
# The range is drawn within the bar.
WHISKER = 5


def kind_of(peer: str) -> str:
    """The class of a peer's bar."""
    if peer.partition("-")[0] == OURS:
        return "ours"
    return "native" if peer == NATIVE else "peer"


def bars(rows: list[Row]) -> str:
    """A bar for each median, from nothing on, with the range in it; or nothing where there is no number."""
    drawn = [row for row in rows if row.median is not None and row.most is not None and row.least is not None]
    largest = max((max(row.most, row.median) for row in drawn), default=0.0)
    if not largest:
        return ""
    space = WIDTH - LABELS - NUMBERS
    height = len(drawn) * (BAR + GAP) + GAP
    label = html.escape(table.title(drawn[0]), quote=True)
    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}" xmlns="http://www.w3.org/2000/svg">']
    for index, row in enumerate(drawn):
        top = GAP + index * (BAR + GAP)
        middle = top + BAR / 2
        length, low, high = (space * value / largest for value in (row.median, row.least, row.most))
        peer = html.escape(row.peer)
        told = html.escape(f"{row.peer}: {table.number(row.median)} {row.unit}")
        parts += [
            f"<g><title>{told}</title>",
            f'<text class="name" x="{LABELS - 8}" y="{middle + 4:.1f}">{peer}</text>',
            f'<rect class="{kind_of(row.peer)}" x="{LABELS}" y="{top}" width="{max(length, 1):.1f}" height="{BAR}"/>',
            f'<path class="range" d="M{LABELS + low:.1f} {middle - WHISKER}v{2 * WHISKER}m0 {-WHISKER}'
            f'H{LABELS + high:.1f}m0 {-WHISKER}v{2 * WHISKER}"/>',
            f'<text x="{LABELS + max(length, high) + 6:.1f}" y="{middle + 4:.1f}">{table.number(row.median)}</text>',
            "</g>",
        ]
    return "\n".join([*parts, "</svg>"])
