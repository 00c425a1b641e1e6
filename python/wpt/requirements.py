# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Which requirements have a test: `run.py --coverage`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from wpt.results import IDS

# The requirements that speak of TCPSocket: (prefix, numbers).
TCP_SOCKET: dict[str, Iterable[int]] = {
    # 19 and 21 speak of members that only UDPSocket and TCPServerSocket have.
    "IDL": [number for number in range(1, 31) if number not in (19, 21)],
    "TCP-CTOR": range(1, 11),
    "TCP-OPT": range(1, 16),
    "TCP-OPEN": range(1, 9),
    "TCP-INFO": range(1, 7),
    "TCP-R": range(1, 26),
    "TCP-W": range(1, 23),
    "TCP-HC": range(1, 14),
    "TCP-CLOSE": range(1, 15),
    # PP 03, 04, 05, 09 and 11 speak of frames; TASK 12 of batches of datagrams; LIFE 10 of servers.
    "PP": [1, 2, 6, 7, 8, 10, 12],
    "TASK": range(1, 12),
    "LIFE": [1, 2, 3, 4, 5, 6, 7, 8, 9, 11],
}
# No page can test these: other platforms' options, and messages that no page can cause. The unit tests of the
# engine-free crates do, in functions whose names start with the id.
UNIT_TESTED = {"TCP-OPT-10", "TCP-OPT-11", "LIFE-08"}


def wanted() -> list[str]:
    """Every id that needs a test."""
    return [f"{prefix}-{number:02}" for prefix, numbers in TCP_SOCKET.items() for number in numbers]


def named_in_tests(root: Path) -> dict[str, set[str]]:
    """From id to the files that name it in the tests of pages."""
    found: dict[str, set[str]] = {}
    for path in sorted(root.rglob("*")):
        if path.suffix in (".js", ".html", ".py") and "resources" not in path.parts:
            for name in IDS.findall(path.read_text()):
                found.setdefault(name, set()).add(path.name)
    return found


def named_in_units(components: Path) -> set[str]:
    """The ids that names of Rust tests start with: `life_08_...`."""
    names: set[str] = set()
    for path in components.rglob("*.rs"):
        for match in re.finditer(r"\bfn ((?:idl|tcp_[a-z]+|pp|task|life)_\d\d)_", path.read_text()):
            names.add(match.group(1).upper().replace("_", "-"))
    return names


def missing(tests: Iterable[Path], components: Path) -> list[str]:
    """The ids without a test."""
    pages: set[str] = set()
    for root in tests:
        pages |= named_in_tests(root).keys()
    units = named_in_units(components)
    return [name for name in wanted() if name not in pages and not (name in UNIT_TESTED and name in units)]
