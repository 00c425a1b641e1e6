# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Skips are allowed only where tests/expected-skips.txt lists them with a reason, and for want of IPv6 where the
machine has none.

A line is `PART: NAME # REASON`, and holds for `SOMETHING-PART` as well. A name may end with `*`. Empty lines and lines
that begin with `#` say nothing.
"""

from dataclasses import dataclass
from pathlib import Path

from mach_support import ipv6
from mach_support.log import Failure
from testing.results import FAIL, SKIP, Part


class SkipsError(Failure):
    """The list cannot be read; the text names the line."""


@dataclass(frozen=True)
class Entry:
    """One line of the list."""

    part: str
    name: str
    reason: str

    def covers(self, part: str, name: str) -> bool:
        """Whether the line allows this test to be skipped."""
        # "release-wpt" is another run of the same tests.
        if part.rpartition("-")[2] != self.part:
            return False
        return name.startswith(self.name[:-1]) if self.name.endswith("*") else name == self.name


def read(path: Path) -> list[Entry]:
    """Reads the list."""
    entries = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        text, separator, reason = line.rpartition(" # ")
        part, colon, name = text.partition(":")
        if not separator or not colon or not reason.strip() or name.strip() in ("", "*"):
            raise SkipsError(f"{path.name}:{number}: a line is PART: NAME # REASON")
        entries.append(Entry(part.strip(), name.strip(), reason.strip()))
    return entries


def enforce(part: Part, entries: list[Entry]) -> None:
    """Turns skips that are not listed into failures."""
    for result in part.results:
        if result.status != SKIP or (ipv6.REASON in result.detail and ipv6.is_off()):
            continue
        entry = next((entry for entry in entries if entry.covers(part.name, result.name)), None)
        if entry is None:
            result.status = FAIL
            result.detail = "was skipped, and tests/expected-skips.txt does not list it"
        else:
            result.detail = entry.reason
