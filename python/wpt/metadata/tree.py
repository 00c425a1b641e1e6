# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""What a metadata file holds: sections in sections, and keys with values that may depend on conditions."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Iterator

from wpt.metadata.conditions import Expression


class Atom(enum.Enum):
    """The special values, written with an @."""

    TRUE = "True"
    FALSE = "False"
    RESET = "Reset"


Scalar = str | Atom
Value = Scalar | list[Scalar]


@dataclass
class Line:
    """A value, and when it holds. Comments that stand above it are its own, as is one at its end."""

    value: Value
    condition: Expression | None = None
    comments: list[str] = field(default_factory=list)
    inline: str | None = None
    number: int = field(default=0, compare=False)


@dataclass
class Entry:
    """A key and its values, of which the first that holds counts."""

    key: str
    lines: list[Line]
    comments: list[str] = field(default_factory=list)
    number: int = field(default=0, compare=False)


@dataclass
class Section:
    """A heading and what stands below it; the root has no name."""

    name: str | None
    children: list["Entry | Section"] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    inline: str | None = None
    # Comments after the last child.
    trailing: list[str] = field(default_factory=list)
    # Comments on top of a file, with an empty line after them: of the file, not of what follows.
    header: list[str] = field(default_factory=list)
    number: int = field(default=0, compare=False)

    def entries(self) -> Iterator[Entry]:
        """The keys of this section."""
        return (child for child in self.children if isinstance(child, Entry))

    def sections(self) -> Iterator["Section"]:
        """The sections in this section."""
        return (child for child in self.children if isinstance(child, Section))

    def entry(self, key: str) -> Entry | None:
        """The values of a key."""
        return next((entry for entry in self.entries() if entry.key == key), None)

    def section(self, name: str) -> "Section | None":
        """The section with a name."""
        return next((section for section in self.sections() if section.name == name), None)
