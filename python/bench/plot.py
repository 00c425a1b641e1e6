# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Bars as inline SVG, one for each row of a table."""

from __future__ import annotations

import html

from bench import table
from bench.peers import NATIVE, OURS
from bench.table import Row

# In units of the picture, which are pixels.
WIDTH, HEIGHT = 200, 18
BAR_TOP, BAR_HEIGHT = 3, 12
# Half of what stands at the ends of the range.
WHISKER = 4
# Stands in the picture as well as in the style of the page: not every engine applies the one to the other.
COLOURS = {"ours": "#c2571b", "peer": "#5877a8", "native": "#9a9aa6"}
RANGE_COLOUR = "#55555f"


def kind_of(peer: str) -> str:
    """The class of a peer's bar."""
    if peer.partition("-")[0] == OURS:
        return "ours"
    return "native" if peer == NATIVE else "peer"


def largest(rows: list[Row]) -> float:
    """What the longest bar of a table stands for."""
    return max((row.most for row in rows if row.most is not None), default=0.0)


def bar(row: Row, most: float) -> str:
    """A bar for the median, from nothing on, with the range in it; or nothing where there is no number."""
    if row.median is None or row.least is None or row.most is None or most <= 0:
        return ""
    space = WIDTH - 2
    length, low, high = (space * max(value, 0.0) / most for value in (row.median, row.least, row.most))
    middle = BAR_TOP + BAR_HEIGHT / 2
    kind = kind_of(row.peer)
    spread = f"{table.number(row.least)} to {table.number(row.most)}"
    told = html.escape(f"{row.peer}: {table.number(row.median)} {row.unit}, {spread}", quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="{told}"><title>{told}</title>'
        f'<rect class="{kind}" fill="{COLOURS[kind]}" x="0" y="{BAR_TOP}" width="{max(length, 1):.1f}" '
        f'height="{BAR_HEIGHT}"/>'
        f'<path class="range" fill="none" stroke="{RANGE_COLOUR}" d="M{low:.1f} {middle - WHISKER:g}v{2 * WHISKER}'
        f'm0 {-WHISKER}H{high:.1f}m0 {-WHISKER}v{2 * WHISKER}"/></svg>'
    )
