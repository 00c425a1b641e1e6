# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The JSON file of a run, and what an earlier one says of the same rows."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from bench.table import Row, times_as_good
from mach_support.log import Failure

FORMAT = 1
# With fewer samples a range says nothing.
FEWEST_SAMPLES = 3
# What each file has, and of which kind it is.
_MEMBERS: dict[str, type] = {
    "format": int,
    "conditions": dict,
    "settings": dict,
    "missing": dict,
    "samples": list,
    "rows": list,
}


def write(path: Path, record: dict[str, Any]) -> None:
    """Write the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read(path: Path, option: str) -> dict[str, Any]:
    """Read the file that an option names."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Failure(f"{option} {path}: cannot be read: {error}", 2) from error
    problem = problem_of(record)
    if problem:
        raise Failure(f"{option} {path}: {problem}", 2)
    return record


def problem_of(record: Any) -> str:
    """Why this is no record of a run, or nothing."""
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        return f"no record of ./mach bench, or not of format {FORMAT}"
    for name, kind in _MEMBERS.items():
        if not isinstance(record.get(name), kind):
            return f"{name} is missing, or not as it should be"
    known = {one.name for one in fields(Row)}
    needed = {"case", "measure", "unit", "better", "peer"}
    for row in record["rows"]:
        if not isinstance(row, dict) or not needed <= set(row) <= known:
            return f"a row is not as it should be: {row}"
    return ""


def rows_of(record: dict[str, Any]) -> list[Row]:
    """The rows in a record."""
    return [Row(**row) for row in record["rows"]]


def differences(now: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """Why two runs should be compared with care: what else than the software is not the same."""
    found = []
    for place, names in (("conditions", ("processor", "cores", "kernel")), ("settings", ("seconds", "smoke", "pin"))):
        for name in names:
            here, there = now[place].get(name), before[place].get(name)
            # A file has lists only.
            if list(here) != there if isinstance(here, tuple) else here != there:
                found.append(f"{name} is {here}, and was {there}")
    return found


@dataclass(frozen=True)
class Change:
    """A row, and the same one of an earlier run."""

    now: Row
    before: Row

    @property
    def ratio(self) -> float | None:
        """How many times as good it is as before."""
        return times_as_good(self.now.median, self.before.median, self.now.better)

    @property
    def overlaps(self) -> bool:
        """Whether the ranges have something in common: then the change may be chance."""
        bounds = (self.now.least, self.now.most, self.before.least, self.before.most)
        if any(bound is None for bound in bounds):
            return True
        return self.now.least <= self.before.most and self.before.least <= self.now.most

    @property
    def verdict(self) -> str:
        """The change in a word."""
        if self.ratio is None:
            return "not comparable"
        if min(self.now.samples, self.before.samples) < FEWEST_SAMPLES:
            return "too few samples"
        if self.overlaps:
            return "ranges overlap"
        return "better" if self.ratio > 1 else "worse"


def changes(now: list[Row], before: list[Row]) -> list[Change]:
    """What both runs have, in the order of this one."""
    earlier = {row.key: row for row in before}
    return [Change(row, earlier[row.key]) for row in now if row.key in earlier]
