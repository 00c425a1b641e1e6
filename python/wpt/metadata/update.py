# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Writes what was observed into the metadata, as wptrunner's update-expectations does.

- Only what is not as it would be without an entry is written; what passes now is removed, and so is what is left empty.
- Results that differ between kinds of runs get conditions, on the fewest properties that tell them apart.
- Several statuses of one kind of run become a list, the most frequent one first.
- A list that covers what was seen stays, as do the statuses of a list that are known to come now and then.
- A condition that none of these runs fulfils stays, as does everything about other tests.
- `disabled`, `tags`, `prefs` and the comments of what stays are left alone.

A subtest with PRECONDITION_FAILED counts as skipped, which is never unexpected: it changes nothing.
"""

from __future__ import annotations

import copy
import os
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterable

from wpt.metadata import conditions, schema, split, writer
from wpt.metadata.conditions import RunInfo
from wpt.metadata.expectations import Metadata, section_name
from wpt.metadata.tree import Entry, Line, Section, Value

# The status of a test that was not run.
SKIP = "SKIP"
KEY = "expected"
Statuses = tuple[str, ...]


@dataclass
class Observation:
    """What one run of one test has given."""

    test_path: Path
    test_id: str
    info: RunInfo
    status: str
    subtests: dict[str, str]


@dataclass
class _Seen:
    """What a test or subtest did in all runs of one kind."""

    info: RunInfo
    # What is expected now, and what would be without an entry.
    current: Statuses
    inherited: Statuses
    counts: Counter[str] = field(default_factory=Counter)

    def wanted(self, order: Statuses, remove_intermittent: bool) -> Statuses:
        """What is to be expected from now on."""
        found = tuple(sorted(self.counts, key=lambda status: (-self.counts[status], order.index(status))))
        if set(found) == set(self.current) or (set(found) < set(self.current) and not remove_intermittent):
            return self.current
        known = () if remove_intermittent else self.current[1:]
        return found + tuple(status for status in known if status not in found)


def update(metadata: Metadata, observations: list[Observation], remove_intermittent: bool = False) -> list[Path]:
    """Write the metadata files of the tests that were observed; those that were changed or removed.

    With `remove_intermittent`, statuses that were not seen are taken out of lists.
    """
    files: dict[Path, dict[str, list[Observation]]] = {}
    for observation in observations:
        _check(observation)
        path = metadata.path_of(observation.test_path)
        if path is not None and observation.status != SKIP:
            files.setdefault(path, {}).setdefault(observation.test_id, []).append(observation)
    changed = []
    for path, tests in sorted(files.items()):
        before = metadata.file(path).root
        root = copy.deepcopy(before)
        for test_id, found in sorted(tests.items()):
            _Update(metadata, root, test_id, found, remove_intermittent).run()
        if root != before:
            _save(path, root)
            metadata.forget(path)
            changed.append(path)
    return changed


def _check(observation: Observation) -> None:
    tests: Statuses = (*schema.TEST_STATUSES, SKIP)
    kinds = [(tests, observation.status, observation.test_id)]
    kinds += [
        (schema.SUBTEST_STATUSES, status, f"{observation.test_id} | {name}")
        for name, status in observation.subtests.items()
    ]
    for statuses, status, name in kinds:
        if status not in statuses:
            raise ValueError(f"{name}: {status!r} is no status; they are {', '.join(statuses)}")


def _save(path: Path, root: Section) -> None:
    """Write a file, whole or not at all; one that says nothing is removed."""
    if not root.children:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(writer.write(root).encode())
        # mkstemp makes files that only their owner can read.
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


@dataclass
class _Update:
    """The update of one test."""

    metadata: Metadata
    root: Section
    test_id: str
    observations: list[Observation]
    remove_intermittent: bool

    def run(self) -> None:
        """Change the section of the test, make it, or remove it."""
        name = section_name(self.test_id)
        section = self.root.section(name)
        target = section or Section(name)
        had_children = bool(target.children)
        self._settle(target, self._seen_tests(), schema.TEST_STATUSES)
        subtests = self._seen_subtests()
        for subtest, seen in subtests.items():
            self._settle_subtest(target, subtest, seen)
        self._remove_stale(target)
        if section is None and target.children:
            self.root.children.append(target)
        elif section is not None and had_children and not target.children:
            _remove(self.root, section)

    def _seen_tests(self) -> list[_Seen]:
        found: dict[object, _Seen] = {}
        for observation in self.observations:
            key = _key(observation.info)
            if key not in found:
                now = self.metadata.of(observation.test_path, self.test_id, observation.info)
                found[key] = _Seen(observation.info, tuple(now.test()), tuple(now.inherited(subtest=False)))
            found[key].counts[observation.status] += 1
        return list(found.values())

    def _seen_subtests(self) -> dict[str, list[_Seen]]:
        """What each subtest did whose results count, in the order in which the page gives them."""
        found: dict[str, dict[object, _Seen]] = {}
        for observation in self.observations:
            key = _key(observation.info)
            now = self.metadata.of(observation.test_path, self.test_id, observation.info)
            for name, status in observation.subtests.items():
                if status == "PRECONDITION_FAILED" or now.subtest_disabled(name) is not None:
                    continue
                seen = found.setdefault(name, {})
                if key not in seen:
                    current, inherited = tuple(now.subtest(name)), tuple(now.inherited(subtest=True))
                    seen[key] = _Seen(observation.info, current, inherited)
                seen[key].counts[status] += 1
        return {name: list(seen.values()) for name, seen in found.items()}

    def _settle_subtest(self, test: Section, name: str, seen: list[_Seen]) -> None:
        section = test.section(name)
        target = section or Section(name)
        had_children = bool(target.children)
        self._settle(target, seen, schema.SUBTEST_STATUSES)
        if section is None and target.children:
            test.children.append(target)
        elif section is not None and had_children and not target.children:
            _remove(test, section)

    def _settle(self, section: Section, seen: list[_Seen], order: Statuses) -> None:
        """Let the entry of a section expect what was seen."""
        wanted = [(one, one.wanted(order, self.remove_intermittent)) for one in seen]
        if all(one.current == statuses for one, statuses in wanted):
            return
        entry = section.entry(KEY)
        if entry is None:
            entry = Entry(KEY, [])
            place = sum(1 for _ in section.entries())
            section.children.insert(place, entry)
        entry.lines = _lines(entry, wanted, order)
        if not entry.lines:
            _remove(section, entry)

    def _remove_stale(self, test: Section) -> None:
        """Remove subtests that the test does not have: it ran to its end in every run, and they were in none."""
        if any(observation.status != "OK" for observation in self.observations):
            return
        existing = {name for observation in self.observations for name in observation.subtests}
        infos = [observation.info for observation in self.observations]
        for section in list(test.sections()):
            about_these = (schema.governing(entry, info) for entry in section.entries() for info in infos)
            if section.name not in existing and not section.entry("disabled") and any(about_these):
                _remove(test, section)


def _remove(section: Section, child: Entry | Section) -> None:
    """Take one child out, which may equal another."""
    section.children = [other for other in section.children if other is not child]


def _key(info: RunInfo) -> object:
    return tuple(sorted(info.items()))


def _lines(entry: Entry, wanted: list[tuple[_Seen, Statuses]], order: Statuses) -> list[Line]:
    """The lines of an entry after an update.

    Each line is looked at alone, with the runs that it governs: it is replaced by lines that together hold for what it
    held for. So it does not matter for any other line.
    """
    result: list[Line] = []
    governing = [(one, statuses, schema.governing(entry, one.info)) for one, statuses in wanted]
    # Lines that were about these runs; the others are not ours to remove.
    ours: list[Line] = []
    for line in entry.lines:
        runs = [(one, statuses) for one, statuses, its_line in governing if its_line is line]
        if not runs:
            result.append(line)
        elif line.condition is not None:
            new = _split(line, runs, order)
            ours += new
            result += new
    last = entry.lines[-1] if entry.lines and entry.lines[-1].condition is None else None
    rest = [(one, statuses) for one, statuses, its_line in governing if its_line is last]
    if rest:
        new = _default(last, rest, order)
        ours += new
        result += new
    kinds = {one.inherited for one, _ in wanted}
    inherited = kinds.pop() if len(kinds) == 1 else None
    result = _without_needless(result, ours, inherited)
    if all(any(line is one for one in ours) for line in result) and any(
        _statuses(line.value) == inherited for line in result
    ):
        # No other runs need these lines, so nothing has to say that something is as usual.
        result = _default(None, wanted, order)
    for line in entry.lines:
        _keep_reason(line, result)
    return result


def _split(line: Line, runs: list[tuple[_Seen, Statuses]], order: Statuses) -> list[Line]:
    """A conditional line, and before it lines for those of its runs that differ from most."""
    assert line.condition is not None
    old = _statuses(line.value)

    def rank(value: Statuses) -> int:
        return 0 if value == old else 1 + order.index(value[0])

    most = split.commonest([statuses for _, statuses in runs], rank)
    result = []
    for condition, statuses in split.conditions_for([(one.info, statuses) for one, statuses in runs], most):
        result.append(Line(_value(statuses), conditions.conjunction([line.condition, condition])))
    result.append(Line(_value(most), line.condition))
    return _keep_reason(line, result, last=True)


def _default(line: Line | None, runs: list[tuple[_Seen, Statuses]], order: Statuses) -> list[Line]:
    """The end of an entry: lines for the runs that differ, and the default unless it is what is inherited."""
    # None stands for what is inherited, which is preferred as it need not be written.
    values = [(one.info, None if statuses == one.inherited else statuses) for one, statuses in runs]
    given = [statuses for _, statuses in values if statuses is not None]
    most = None if len(given) < len(values) else split.commonest(given, lambda value: order.index(value[0]))
    result = [Line(_value(value), condition) for condition, value in split.conditions_for(values, most) if value]
    if most is not None:
        result.append(Line(_value(most)))
    return _keep_reason(line, result, last=True) if line is not None else result


def _keep_reason(old: Line, lines: list[Line], last: bool = False) -> list[Line]:
    """Give the comments of a line, unless one of `lines` has them, to one that says the same, or to the last."""
    reason = (old.comments, old.inline)
    if reason != ([], None) and all((line.comments, line.inline) != reason for line in lines):
        for line in [line for line in lines if line.value == old.value] or (lines[-1:] if last else []):
            if (line.comments, line.inline) == ([], None):
                line.comments, line.inline = reason
                break
    return lines


def _without_needless(lines: list[Line], ours: Iterable[Line], inherited: Statuses | None) -> list[Line]:
    """Drop those of the last lines that say what would be so without them."""
    ours = list(ours)
    result = list(lines)
    has_default = bool(result) and result[-1].condition is None
    rest = _statuses(result[-1].value) if has_default else inherited
    at = len(result) - 1 - has_default
    while at >= 0 and any(result[at] is one for one in ours) and _statuses(result[at].value) == rest:
        del result[at]
        at -= 1
    return result


def _statuses(value: Value) -> Statuses:
    return tuple(str(status) for status in schema.listed(value))


def _value(statuses: Statuses) -> Value:
    return statuses[0] if len(statuses) == 1 else list(statuses)
