# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Reads wptrunner's metadata format.

    # A comment belongs to what follows it.
    key: value
    [section]
      key: [a list, "of strings, with quotes if need be", @Reset]
      other:
        if os == "linux" and not debug: value
        the default

      [section in a section]  # Brackets in names are written \\].
        key: @True

The format: https://web-platform-tests.org/tools/wptrunner/docs/expectation.html, and where that is silent, what
wptrunner's own parser accepts. Stricter here: no key or section twice in one section, no tabs in indentation.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from wpt.metadata import conditions
from wpt.metadata.scanner import MetadataError, Problem, Scanner
from wpt.metadata.tree import Atom, Entry, Line, Scalar, Section

ATOMS = {atom.value: atom for atom in Atom}
# Sections in sections; wptrunner's files have two levels.
MAX_DEPTH = 20


@dataclass
class _Open:
    """A section that what follows may still belong to."""

    section: Section
    # Where its heading stands.
    indent: int
    # Where its children stand, once there is one.
    inner: int | None = None


@dataclass
class _Parser:
    source: str
    lines: list[str]
    # The line that is read next, counted from 0.
    at: int = 0
    open: list[_Open] = field(default_factory=list)
    # Comments that have found no place yet, with their indentation.
    pending: list[tuple[int, str]] = field(default_factory=list)

    def run(self) -> Section:
        root = Section(None)
        self.open = [_Open(root, -1, 0)]
        while (indent := self._next()) is not None:
            self._enter(indent)
            scanner = Scanner(self.lines[self.at].strip(" "))
            if scanner.peek() == "[":
                self._heading(scanner, indent)
            else:
                self._entry(scanner, indent)
        self._place_comments(-1)
        if not root.children:
            root.header, root.trailing = [], root.header + root.trailing
        return root

    def error(self, problem: str) -> MetadataError:
        """What is wrong with the line that is being read."""
        return MetadataError(self.source, self.at + 1, problem)

    def _next(self) -> int | None:
        """Go to the next line that is neither empty nor a comment; its indentation, None at the end."""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            text = line.lstrip(" ")
            indent = len(line) - len(text)
            if text.startswith("#"):
                self.pending.append((indent, text[1:]))
            elif text.startswith("\t"):
                raise self.error("a tab in the indentation; only spaces count")
            elif text:
                return indent
            elif not self.open[0].section.children:
                self.open[0].section.header += self._taken()
            self.at += 1
        return None

    def _taken(self) -> list[str]:
        comments = [text for _, text in self.pending]
        self.pending.clear()
        return comments

    def _place_comments(self, indent: int) -> None:
        """Comments that are deeper than the next line, in a section that it ends, are the last of that section."""
        rest = []
        for place, text in self.pending:
            owner = next(frame for frame in reversed(self.open) if frame.indent < place)
            if indent <= owner.indent:
                owner.section.trailing.append(text)
            else:
                rest.append((place, text))
        self.pending = rest

    def _enter(self, indent: int) -> None:
        """Find the section that a line with this indentation belongs to."""
        self._place_comments(indent)
        top = self.open[-1]
        if top.inner is None and indent > top.indent:
            top.inner = indent
        while self.open[-1].inner is None or indent < self.open[-1].inner:
            self.open.pop()
        if indent != self.open[-1].inner:
            raise self.error(f"{indent} spaces before it, where {self.open[-1].inner} are expected")

    def _heading(self, scanner: Scanner, indent: int) -> None:
        parent = self.open[-1].section
        try:
            scanner.take()
            name = []
            while scanner.peek() != "]":
                if scanner.ended():
                    raise Problem("the name of a section ends with ]")
                name.append(scanner.escape() if scanner.peek() == "\\" else scanner.take())
            scanner.take()
            section = Section("".join(name), comments=self._taken(), number=self.at + 1)
            section.inline = self._line_end(scanner)
        except Problem as problem:
            raise self.error(str(problem)) from None
        before = parent.section(section.name or "")
        if before is not None:
            raise self.error(f"a second section {section.name!r}; the first is on line {before.number}")
        if len(self.open) > MAX_DEPTH:
            raise self.error(f"more than {MAX_DEPTH} sections in each other")
        parent.children.append(section)
        self.open.append(_Open(section, indent))
        self.at += 1

    def _line_end(self, scanner: Scanner) -> str | None:
        """The comment at the end of a line; there may be nothing else."""
        scanner.skip_spaces()
        if scanner.ended():
            return None
        if scanner.peek() != "#":
            raise Problem(f"{scanner.rest()!r} is too much at the end of the line")
        return scanner.rest()[1:]

    def _entry(self, scanner: Scanner, indent: int) -> None:
        parent = self.open[-1].section
        try:
            key = _key(scanner)
        except Problem as problem:
            raise self.error(str(problem)) from None
        before = parent.entry(key)
        if before is not None:
            raise self.error(f"a second {key!r} in one section; the first is on line {before.number}")
        entry = Entry(key, [], comments=self._taken(), number=self.at + 1)
        parent.children.append(entry)
        try:
            scanner.skip_spaces()
            if scanner.ended() or scanner.peek() == "#":
                comment = self._line_end(scanner)
                entry.comments += [comment] if comment is not None else []
                self.at += 1
                self._block(entry, indent)
            else:
                entry.lines.append(self._line(scanner, None))
                self.at += 1
        except Problem as problem:
            raise self.error(str(problem)) from None
        if not entry.lines:
            raise MetadataError(self.source, entry.number, f"{key!r} has no value")

    def _block(self, entry: Entry, outer: int) -> None:
        """The lines below a key: conditions with their values, and the default."""
        inner = None
        while (indent := self._next()) is not None and indent > outer:
            if inner is None:
                inner = indent
            if indent != inner:
                raise Problem(f"{indent} spaces before it, where {inner} are expected")
            if entry.lines and entry.lines[-1].condition is None:
                raise Problem("only the last of the values may stand without a condition, as the default")
            comments = self._taken()
            scanner = Scanner(self.lines[self.at].strip(" "))
            condition = None
            if scanner.text.startswith("if "):
                scanner.at = len("if ")
                condition = conditions.read(scanner)
                scanner.skip_spaces()
                if scanner.ended() or scanner.peek() == "#":
                    raise Problem("a condition without a value behind its colon")
            number = self.at + 1
            line = self._line(scanner, condition)
            line.comments = comments
            line.number = number
            entry.lines.append(line)
            self.at += 1

    def _line(self, scanner: Scanner, condition: conditions.Expression | None) -> Line:
        """A value, up to the end of its line or of its list, which may have several lines."""
        number = self.at + 1
        scanner.skip_spaces()
        if scanner.peek() == "[":
            line = self._list(scanner, condition)
        else:
            line = Line(self._scalar(scanner), condition)
            line.inline = self._line_end(scanner)
        line.number = number
        return line

    def _scalar(self, scanner: Scanner) -> Scalar:
        if scanner.peek() in ("'", '"'):
            return scanner.quoted()
        if scanner.peek() == "@":
            scanner.take()
            return _atom(scanner.bare("#"))
        start = scanner.at
        value = scanner.bare("#")
        if scanner.text[start:].startswith("if "):
            raise Problem('conditions stand on lines of their own below the key; a value with "if " needs quotes')
        return value

    def _list(self, scanner: Scanner, condition: conditions.Expression | None) -> Line:
        values: list[Scalar] = []
        line = Line(values, condition)
        comments = []
        start = self.at
        scanner.take()
        while True:
            scanner.skip_spaces()
            if scanner.ended() or scanner.peek() == "#":
                comment = self._line_end(scanner)
                comments += [comment] if comment is not None else []
                self.at += 1
                if self.at == len(self.lines):
                    self.at = start
                    raise Problem("a list that does not end; the last character of a list is ]")
                scanner = Scanner(self.lines[self.at].strip(" "))
            elif scanner.peek() == "]":
                break
            elif scanner.peek() == ",":
                raise Problem("a comma without a value before it")
            else:
                values.append(self._item(scanner))
        scanner.take()
        last = self._line_end(scanner)
        comments += [last] if last is not None else []
        line.inline = ";".join(comments) if comments else None
        return line

    def _item(self, scanner: Scanner) -> Scalar:
        """A value of a list and the comma after it."""
        if scanner.peek() in ("'", '"'):
            value: Scalar = scanner.quoted()
        elif scanner.peek() == "@":
            scanner.take()
            value = _atom(scanner.bare(",]#"))
        else:
            value = scanner.bare(",]#")
        scanner.skip_spaces()
        if scanner.peek() == ",":
            scanner.take()
        elif scanner.peek() != "]":
            raise Problem(f"a comma or ] must follow {value!r} on its line, as in wptrunner")
        return value


def _key(scanner: Scanner) -> str:
    """A key and its colon."""
    result = []
    while scanner.peek() != ":":
        if scanner.ended():
            raise Problem(f"neither a [section] nor a key with a colon: {scanner.text}")
        if scanner.peek() == " ":
            scanner.skip_spaces()
            if scanner.peek() != ":" and ":" in scanner.rest():
                raise Problem(f"a space in the key before {scanner.rest()!r}; spaces in keys need a backslash")
        else:
            result.append(scanner.escape() if scanner.peek() == "\\" else scanner.take())
    scanner.take()
    if not result:
        raise Problem("a value without a key")
    return "".join(result)


def _atom(name: str) -> Atom:
    if name not in ATOMS:
        raise Problem(f"@{name} is no special value; they are {', '.join('@' + known for known in ATOMS)}")
    return ATOMS[name]


def parse(text: str, source: str = "metadata") -> Section:
    """Read a metadata file; `source` is its name in errors."""
    # Not splitlines(), which also splits at characters that are part of names.
    return _Parser(source, [line.rstrip("\r \t") for line in text.split("\n")]).run()
