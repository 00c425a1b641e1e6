# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""What the keys of metadata files may be, and what their values mean."""

from __future__ import annotations

from wpt.metadata import conditions
from wpt.metadata.conditions import RunInfo
from wpt.metadata.scanner import MetadataError, Problem
from wpt.metadata.tree import Atom, Entry, Line, Scalar, Section, Value

# In the order in which wptrunner puts statuses that were seen equally often.
TEST_STATUSES = ("OK", "ERROR", "TIMEOUT", "CRASH", "PRECONDITION_FAILED")
SUBTEST_STATUSES = ("PASS", "FAIL", "TIMEOUT", "NOTRUN", "PRECONDITION_FAILED")

# Keys of wptrunner that need nothing done here: every test has a browser of its own, and the rest informs people.
WITHOUT_EFFECT = ("bug", "implementation-status", "restart-after", "type")
TEST_KEYS = ("disabled", "expected", "prefs", "tags", *WITHOUT_EFFECT)
SUBTEST_KEYS = ("disabled", "expected", *WITHOUT_EFFECT)

NO_REASON = "no reason given"


def check(root: Section, source: str, directory: bool) -> None:
    """Refuse what a file says if it means nothing. `directory` files speak of all tests below."""
    both = tuple(dict.fromkeys(TEST_STATUSES + SUBTEST_STATUSES))
    _check_entries(root, source, TEST_KEYS, both)
    for test in root.sections():
        if directory:
            raise MetadataError(source, test.number, "a file for a directory has no sections")
        _check_entries(test, source, TEST_KEYS, TEST_STATUSES)
        for subtest in test.sections():
            _check_entries(subtest, source, SUBTEST_KEYS, SUBTEST_STATUSES)
            for section in subtest.sections():
                raise MetadataError(source, section.number, "subtests have no sections")


def _check_entries(section: Section, source: str, keys: tuple[str, ...], statuses: tuple[str, ...]) -> None:
    for entry in section.entries():
        if entry.key not in keys:
            raise MetadataError(source, entry.number, f"{entry.key!r} is no key here; they are {', '.join(keys)}")
        for line in entry.lines:
            try:
                _check_value(entry.key, line.value, statuses)
            except Problem as problem:
                raise MetadataError(source, line.number, f"{entry.key}: {problem}") from None


def _check_value(key: str, value: Value, statuses: tuple[str, ...]) -> None:
    if key == "expected":
        found = listed(value)
        if not found:
            raise Problem("a list without a status")
        for status in found:
            if status not in statuses:
                raise Problem(f"{_shown(status)} is no status here; they are {', '.join(statuses)}")
        if len(set(found)) != len(found):
            raise Problem("a status is there twice")
    elif key == "disabled":
        if isinstance(value, list) or value is Atom.RESET:
            raise Problem("the reason is wanted, or @False")
    elif key in ("tags", "prefs"):
        for item in listed(value):
            if item in (Atom.TRUE, Atom.FALSE) or (key == "tags" and not item):
                raise Problem(f"{_shown(item)} stands where a name does")
            if key == "prefs" and isinstance(item, str):
                preference(item)


def _shown(value: Scalar) -> str:
    return f"@{value.value}" if isinstance(value, Atom) else repr(value)


def listed(value: Value) -> list[Scalar]:
    """A value that may be one or several."""
    return value if isinstance(value, list) else [value]


def preference(text: str) -> tuple[str, str]:
    """Name and value of `name:value` or `name: value`."""
    name, colon, value = text.partition(":")
    if not colon or not name.strip() or set(" =") & set(name.strip()):
        raise Problem(f"{text!r} is not name:value")
    return name.strip(), value.strip()


def check_conditions(section: Section, source: str, info: RunInfo) -> None:
    """Refuse conditions that ask for what is not known of runs."""
    for child in section.children:
        if isinstance(child, Section):
            check_conditions(child, source, info)
            continue
        for line in child.lines:
            if line.condition is not None:
                try:
                    conditions.check(line.condition, info)
                except Problem as problem:
                    raise MetadataError(source, line.number, str(problem)) from None


def governing(entry: Entry | None, info: RunInfo) -> Line | None:
    """The line of an entry that counts in a run; None if there is none, as if the entry were not there."""
    for line in entry.lines if entry is not None else ():
        if line.condition is None or conditions.holds(line.condition, info):
            return line
    return None
