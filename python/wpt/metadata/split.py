# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tells runs with different results apart by as few of their properties as possible."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import Callable, Hashable, Sequence, TypeVar

from wpt.metadata import conditions
from wpt.metadata.conditions import Expression, RunInfo

# The first ones are asked for rather than the last ones, which say little about why a result differs.
PREFERRED = ("multiprocess", "debug", "os", "processor", "bits", "version", "product")

Value = TypeVar("Value", bound=Hashable)


def properties(infos: Sequence[RunInfo]) -> list[str]:
    """The properties in which runs differ, the preferred ones first."""
    shared = set.intersection(*(set(info) for info in infos))
    names = dict.fromkeys([*PREFERRED, *sorted(shared)])
    return [name for name in names if name in shared and len({info[name] for info in infos}) > 1]


def deciding(runs: Sequence[tuple[RunInfo, Hashable]]) -> list[str]:
    """The fewest properties that decide the value of a run. Runs that differ in nothing have one value."""
    names = properties([info for info, _ in runs])
    for count in range(len(names) + 1):
        for chosen in combinations(names, count):
            values: dict[tuple[object, ...], Hashable] = {}
            if all(values.setdefault(tuple(info[name] for name in chosen), value) == value for info, value in runs):
                return list(chosen)
    raise ValueError("two results of one kind of run")


def conditions_for(runs: Sequence[tuple[RunInfo, Value]], rest: Value) -> list[tuple[Expression, Value]]:
    """Conditions that hold for the runs whose value is not `rest`, and for no run with another value than theirs."""
    names = deciding(runs)
    found: list[tuple[dict[str, str | bool | int], Value]] = []
    for info, value in runs:
        if value == rest:
            continue
        wanted = {name: info[name] for name in names}
        others = [other for other, its_value in runs if its_value != value]
        # The last ones are the least telling, so they are the first to go.
        for name in reversed(names):
            without = {key: wanted[key] for key in wanted if key != name}
            if without and not any(_matches(other, without) for other in others):
                wanted = without
        if (wanted, value) not in found:
            found.append((wanted, value))
    needed = _needed([wanted for wanted, _ in found], [info for info, value in runs if value != rest])
    return [(_expression(found[place][0]), found[place][1]) for place in needed]


def _matches(info: RunInfo, wanted: dict[str, str | bool | int]) -> bool:
    return all(info[name] == value for name, value in wanted.items())


def _needed(parts: list[dict[str, str | bool | int]], infos: list[RunInfo]) -> list[int]:
    """The places of those `parts` without which some run would be matched by none."""
    kept = list(range(len(parts)))
    for place in reversed(range(len(parts))):
        others = [parts[other] for other in kept if other != place]
        if all(any(_matches(info, part) for part in others) for info in infos):
            kept.remove(place)
    return kept


def _expression(wanted: dict[str, str | bool | int]) -> Expression:
    return conditions.conjunction([conditions.property_is(name, value) for name, value in wanted.items()])


def commonest(values: Sequence[Value], rank: Callable[[Value], int]) -> Value:
    """The value that is there most often; of several, the one with the lowest rank, then the first."""
    counts = Counter(values)
    return min(counts, key=lambda value: (-counts[value], rank(value)))
