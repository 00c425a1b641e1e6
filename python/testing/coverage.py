# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Which requirements the passed tests of a run cover.

tests/requirements.txt has one requirement a line: its id, then nothing, `later: REASON` (for what is not built
yet), or `uncovered: REASON` (for what no test can show).
"""

import re
from dataclasses import dataclass
from pathlib import Path

from mach_support import ipv6
from mach_support.log import Failure
from testing.results import PASS, SKIP, Result

_LINE = re.compile(r"^([A-Z]+(?:-[A-Z]+)?-\d\d)(?:\s+(later|uncovered):\s*(\S.*))?$")


class CoverageError(Failure):
    """The list of requirements cannot be read; the text names the line."""


@dataclass(frozen=True)
class Requirement:
    """One requirement: `excuse` is '', 'later' or 'uncovered'."""

    name: str
    excuse: str
    reason: str


@dataclass(frozen=True)
class Report:
    """The outcome."""

    covered: list[str]
    missing: list[str]
    excused: list[Requirement]
    # Requirements that carry an excuse although passed tests cover them.
    covered_early: list[str]
    # Ids that tests name and that do not exist.
    unknown: list[str]
    # Requirements that are not covered because the machine has no IPv6.
    without_ipv6: list[str]

    def text(self) -> str:
        """The report as lines."""
        asked = len(self.covered) + len(self.missing) + len(self.without_ipv6)
        lines = [f"requirements covered by passed tests: {len(self.covered)} of {asked}"]
        lines += [f"  not covered: {name}" for name in self.missing]
        lines += [f"  not covered, as {ipv6.REASON}: {name}" for name in self.without_ipv6]
        lines += [f"  named by a test, but no requirement: {name}" for name in self.unknown]
        by_excuse: dict[str, list[Requirement]] = {}
        for requirement in self.excused:
            by_excuse.setdefault(f"{requirement.excuse}: {requirement.reason}", []).append(requirement)
        for excuse, requirements in sorted(by_excuse.items()):
            lines.append(f"  {len(requirements)} {excuse}")
        if self.covered_early:
            lines.append(f"  covered already, though excused: {' '.join(self.covered_early)}")
        return "\n".join(lines)


# A web-platform style test: the file with its kind of global, the subtest, and the process mode.
_WPT = re.compile(
    r"^/(?:_mozilla/)?direct-sockets/(?P<file>[^ |]+?)(?P<query>\?[^ |]*)? \| (?P<subtest>.*) \[(?P<mode>\w+)\]$"
)


def evidence(requirements: list[Requirement], results: list[Result]) -> str:
    """Every requirement with the passed tests that name it, and where each ran: global and process mode.

    Tests that ran in several places are one line.
    """
    places: dict[str, dict[str, set[str]]] = {}
    for result in results:
        if result.status != PASS:
            continue
        test, place = _test_and_place(result.name)
        for name in result.ids:
            places.setdefault(name, {}).setdefault(test, set()).add(place)
    lines = []
    for requirement in requirements:
        tests = places.get(requirement.name, {})
        excuse = f" ({requirement.excuse}: {requirement.reason})" if requirement.excuse else ""
        lines.append(f"{requirement.name}: {len(tests)} tests{excuse}")
        for test, where in sorted(tests.items()):
            lines.append(f"  {test} [{', '.join(sorted(where))}]")
    return "\n".join(lines)


def _test_and_place(name: str) -> tuple[str, str]:
    match = _WPT.match(name)
    if not match:
        return name, "process of its own"
    file = match["file"]
    kind = "worker" if ".worker." in file else "window"
    for suffix in (".any.worker.html", ".any.html", ".window.html", ".worker.html"):
        file = file.removesuffix(suffix)
    return f"{file}: {match['subtest']}", f"{kind} {match['mode']}"


def read(path: Path) -> list[Requirement]:
    """Reads the list of requirements."""
    requirements = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.match(line)
        if not match:
            raise CoverageError(f"{path.name}:{number}: {line!r} is not an id with `later:` or `uncovered:`")
        requirements.append(Requirement(match[1], match[2] or "", match[3] or ""))
    names = [requirement.name for requirement in requirements]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CoverageError(f"{path.name}: {twice[0]} stands there twice")
    return requirements


def report(requirements: list[Requirement], results: list[Result]) -> Report:
    """Compares the requirements with what the passed tests name."""
    passed = {name for result in results if result.status == PASS for name in result.ids}
    named = {name for result in results for name in result.ids}
    known = {requirement.name for requirement in requirements}
    without_ipv6 = [result for result in results if result.status == SKIP and ipv6.REASON in result.detail]
    waived = {name for result in without_ipv6 for name in result.ids}
    asked = [requirement.name for requirement in requirements if not requirement.excuse]
    excused = [requirement for requirement in requirements if requirement.excuse]
    return Report(
        [name for name in asked if name in passed],
        [name for name in asked if name not in passed and name not in waived],
        excused,
        [requirement.name for requirement in excused if requirement.name in passed],
        sorted(named - known),
        [name for name in asked if name not in passed and name in waived],
    )
