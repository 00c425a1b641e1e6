# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Writes metadata files as wptrunner does, so that neither tool changes the layout of the other's."""

from __future__ import annotations

from typing import Iterator

from wpt.metadata import conditions
from wpt.metadata.scanner import escaped
from wpt.metadata.tree import Atom, Entry, Line, Scalar, Section, Value

INDENT = "  "


def write(root: Section) -> str:
    """The text of a file; "" for a file that has nothing to say."""
    lines = [f"#{text}" for text in root.header]
    if root.header:
        lines.append("")
    lines += _children(root)
    lines += [f"#{text}" for text in root.trailing]
    return "\n".join(line.rstrip(" ") for line in lines).strip("\n") + "\n" if lines else ""


def _children(section: Section) -> Iterator[str]:
    for child in section.children:
        if isinstance(child, Entry):
            yield from _entry(child)
        else:
            yield from _section(child)


def _section(section: Section) -> Iterator[str]:
    yield from (f"#{text}" for text in section.comments)
    yield f"[{escaped(section.name or '', ']')}]{_comment(section.inline)}"
    for line in (*_children(section), *(f"#{text}" for text in section.trailing)):
        yield INDENT + line if line else ""
    yield ""


def _entry(entry: Entry) -> Iterator[str]:
    yield from (f"#{text}" for text in entry.comments)
    only = entry.lines[0] if len(entry.lines) == 1 else None
    if only is not None and only.condition is None and not only.comments:
        yield f"{_key(entry.key)}: {_value(only.value)}{_comment(only.inline)}"
        return
    yield f"{_key(entry.key)}:"
    for line in entry.lines:
        yield from (f"{INDENT}#{text}" for text in line.comments)
        yield INDENT + _line(line)


def _line(line: Line) -> str:
    condition = f"if {conditions.write(line.condition)}: " if line.condition is not None else ""
    return condition + _value(line.value) + _comment(line.inline)


def _comment(text: str | None) -> str:
    return "" if text is None else f"  #{text}"


def _key(key: str) -> str:
    result = escaped(key, ": ")
    # What would begin a section or a comment.
    return "\\" + result if key[0] in "[#" else result


def _value(value: Value) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_scalar(item, in_list=True) for item in value) + "]"
    return _scalar(value, in_list=False)


def _scalar(value: Scalar, in_list: bool) -> str:
    if isinstance(value, Atom):
        return f"@{value.value}"
    needs_quotes = (
        not value
        or value != value.strip(" ")
        or value[0] in "'\"@["
        or value == "if"
        or value.startswith("if ")
        or "#" in value
        or (in_list and ("," in value or "]" in value))
    )
    if not needs_quotes:
        return escaped(value)
    quote = "'" if '"' in value else '"'
    return quote + escaped(value, quote) + quote
