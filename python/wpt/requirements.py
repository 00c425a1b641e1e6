# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Which requirements have a test: `run.py --coverage`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from wpt import harness
from wpt.results import IDS

# The one list of all requirements; `./mach test` compares it with the tests that passed.
LIST = harness.ROOT / "tests" / "requirements.txt"
# No page can test these: other platforms' options, and messages that no page can cause. The unit tests of the
# engine-free crates do, in functions whose names start with the id.
UNIT_TESTED = {"TCP-OPT-10", "TCP-OPT-11", "LIFE-08"}
UNIT_TEST = re.compile(r"\bfn ((?:idl|tcp_[a-z]+|udp_[a-z]+|srv_[a-z]+|pp|task|life)_\d\d)_")


def wanted() -> list[str]:
    """Every id."""
    lines = (line.strip() for line in LIST.read_text(encoding="utf-8").splitlines())
    return [line.split()[0] for line in lines if line and not line.startswith("#")]


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
        for match in re.finditer(UNIT_TEST, path.read_text()):
            names.add(match.group(1).upper().replace("_", "-"))
    return names


def missing(tests: Iterable[Path], components: Path) -> list[str]:
    """The ids without a test."""
    pages: set[str] = set()
    for root in tests:
        pages |= named_in_tests(root).keys()
    units = named_in_units(components)
    return [name for name in wanted() if name not in pages and not (name in UNIT_TESTED and name in units)]
