# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Expectations in wptrunner's metadata format: one .ini file a test file, only what is not PASS.

    [tcp_socket_x.https.any.html]
      tags: [full]
      expected: TIMEOUT
      disabled:
        if not multiprocess: needs a content process of its own
      [TCP-R-01: the name of a subtest]
        expected: FAIL  # every expectation carries its reason

Values may be lists (`[PASS, FAIL]`: either) and may depend on `if multiprocess:` / `if not multiprocess:` lines, of
which the first that holds counts, with a value that stands alone as the default.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

Value = str | list[str]


class MetadataError(Exception):
    """A metadata file that cannot be read; the text names file and line."""


@dataclass
class Node:
    """A section: a test or a subtest."""

    values: dict[str, Value | list[tuple[str, Value]]] = field(default_factory=dict)
    children: dict[str, "Node"] = field(default_factory=dict)

    def get(self, key: str, multiprocess: bool) -> Value | None:
        """The value of `key` in this process mode."""
        value = self.values.get(key)
        if not isinstance(value, list) or not value or not isinstance(value[0], tuple):
            return value  # type: ignore[return-value]
        for condition, result in value:  # type: ignore[misc]
            if holds(condition, multiprocess):
                return result
        return None


def holds(condition: str, multiprocess: bool) -> bool:
    """Whether an `if` line holds; an empty condition is the default."""
    known = {"": True, "multiprocess": multiprocess, "not multiprocess": not multiprocess}
    if condition not in known:
        raise MetadataError(f"unknown condition {condition!r}; known are {sorted(known)}")
    return known[condition]


def parse_value(text: str) -> Value:
    """A word, a sentence or a list."""
    text = text.split(" #", 1)[0].strip()
    if text.startswith("[") and text.endswith("]"):
        return [part.strip() for part in text[1:-1].split(",") if part.strip()]
    return text


def unescape(name: str) -> str:
    """Section names write `]` and `\\` with a backslash before them."""
    return name.replace("\\]", "]").replace("\\[", "[").replace("\\\\", "\\")


def parse(text: str, source: str = "metadata") -> Node:
    """Read one .ini file."""
    root = Node()
    stack: list[tuple[int, Node]] = [(-1, root)]
    pending: tuple[int, Node, str] | None = None
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        indent = len(raw) - len(raw.lstrip(" "))
        if pending and indent > pending[0]:
            _, node, key = pending
            entry = node.values[key]
            assert isinstance(entry, list)
            if line.startswith("if "):
                condition, colon, value = line[3:].partition(":")
                if not colon:
                    raise MetadataError(f"{source}:{number}: a condition without a colon")
                entry.append((condition.strip(), parse_value(value)))  # type: ignore[arg-type]
            else:
                entry.append(("", parse_value(line)))  # type: ignore[arg-type]
            continue
        pending = None
        while stack[-1][0] >= indent:
            stack.pop()
        parent = stack[-1][1]
        if line.startswith("[") and line.endswith("]"):
            node = parent.children.setdefault(unescape(line[1:-1]), Node())
            stack.append((indent, node))
            continue
        key, colon, value = line.partition(":")
        if not colon:
            raise MetadataError(f"{source}:{number}: neither a section nor a value: {line}")
        if value.strip():
            parent.values[key.strip()] = parse_value(value)
        else:
            parent.values[key.strip()] = []
            pending = (indent, parent, key.strip())
    return root


@dataclass
class Expectations:
    """What is expected of one test in one process mode."""

    node: Node
    multiprocess: bool

    def disabled(self) -> str | None:
        """Why the test does not run in this mode."""
        value = self.node.get("disabled", self.multiprocess)
        return value if isinstance(value, str) else None

    def tags(self) -> list[str]:
        """The tags of the test, such as `full`."""
        value = self.node.get("tags", self.multiprocess)
        return [value] if isinstance(value, str) else list(value or [])

    def test(self) -> list[str]:
        """The harness statuses that are expected."""
        return as_list(self.node.get("expected", self.multiprocess), "OK")

    def subtest(self, name: str) -> list[str]:
        """The statuses of a subtest that are expected."""
        child = self.node.children.get(name)
        return as_list(child.get("expected", self.multiprocess) if child else None, "PASS")


def as_list(value: Value | None, default: str) -> list[str]:
    """An expectation as the list of its alternatives."""
    if value is None:
        return [default]
    return [value] if isinstance(value, str) else list(value)


class Metadata:
    """All metadata files under one folder, read once."""

    def __init__(self, root: Path, tests: Path):
        self.root = root
        self.tests = tests
        self._files: dict[Path, Node] = {}

    def of(self, test_path: Path, test_id: str, multiprocess: bool) -> Expectations:
        """The expectations for one test."""
        if not test_path.is_relative_to(self.tests):
            return Expectations(Node(), multiprocess)
        ini = self.root / (test_path.relative_to(self.tests).as_posix() + ".ini")
        if ini not in self._files:
            self._files[ini] = parse(ini.read_text(), ini.name) if ini.is_file() else Node()
        name = test_id.rsplit("/", 1)[1]
        return Expectations(self._files[ini].children.get(name, Node()), multiprocess)
