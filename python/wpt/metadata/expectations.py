# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""What the metadata expect of a test, with what its directories say about all tests below them."""

from __future__ import annotations

import platform
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterable, Mapping

from wpt.metadata import schema
from wpt.metadata.conditions import RunInfo
from wpt.metadata.parser import parse
from wpt.metadata.scanner import MetadataError
from wpt.metadata.tree import Atom, Section, Value

DIRECTORY = "__dir__.ini"
SUFFIX = ".ini"
# Metadata are written by people; what is larger than this is something else.
MAX_FILE = 16 << 20
SYSTEMS = {"Darwin": "mac", "Windows": "win"}


def run_info(multiprocess: bool, debug: bool) -> RunInfo:
    """What conditions may ask for, with wptrunner's names; `multiprocess` is Servo's own."""
    system = platform.system()
    return {
        "os": SYSTEMS.get(system, system.lower()),
        "version": _version(),
        "processor": platform.machine(),
        "bits": 8 * struct.calcsize("P"),
        "debug": debug,
        "multiprocess": multiprocess,
        "product": "servo",
    }


def _version() -> str:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return platform.release()
    return f"{release['NAME']} {release.get('VERSION_ID', '')}".strip()


def section_name(test_id: str) -> str:
    """The name of a test's section: what follows the last `/` of the path. There may be more of them in its query."""
    cut = min((test_id.find(mark) for mark in "?#" if mark in test_id), default=len(test_id))
    return test_id[test_id.rfind("/", 0, cut) + 1 :]


@dataclass
class MetadataFile:
    """A file that was read."""

    path: Path
    # How errors name it.
    source: str
    root: Section

    @classmethod
    def load(cls, path: Path, source: str) -> "MetadataFile":
        """Read and check a file; one that does not exist says nothing."""
        if not path.is_file():
            return cls(path, source, Section(None))
        if path.stat().st_size > MAX_FILE:
            raise MetadataError(source, 1, f"larger than {MAX_FILE} bytes")
        data = path.read_bytes()
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            raise MetadataError(source, data[: error.start].count(b"\n") + 1, "not UTF-8") from None
        root = parse(text, source)
        schema.check(root, source, directory=path.name == DIRECTORY)
        return cls(path, source, root)


@dataclass
class Expectations:
    """What is expected of one test in one kind of run."""

    info: RunInfo
    # Those of directories from the outermost, that of the file, that of the test if there is one.
    levels: list[Section] = field(default_factory=list)
    section: Section | None = None
    _subtests: dict[str, Section] = field(init=False)

    def __post_init__(self) -> None:
        found = self.section.sections() if self.section is not None else ()
        self._subtests = {subtest.name or "": subtest for subtest in found}

    def _nearest(self, key: str, levels: Iterable[Section]) -> Value | None:
        """The value of the innermost level that has one for this kind of run."""
        for level in levels:
            line = schema.governing(level.entry(key), self.info)
            if line is not None:
                return line.value
        return None

    def _inner_first(self) -> list[Section]:
        return [*([self.section] if self.section is not None else []), *reversed(self.levels)]

    def disabled(self) -> str | None:
        """Why the test does not run; None if it does."""
        return _reason(self._nearest("disabled", self._inner_first()))

    def tags(self) -> list[str]:
        """The tags of the test, such as `full`. `@Reset` in a list drops those of the directories above."""
        result: dict[str, None] = {}
        for level in reversed(self._inner_first()):
            value = self._nearest("tags", [level])
            items = schema.listed(value) if value is not None else []
            if Atom.RESET in items:
                result.clear()
            result.update({item: None for item in items if isinstance(item, str)})
        return list(result)

    def prefs(self) -> list[str]:
        """The preferences that the test needs, as NAME=VALUE. `@Reset` drops those of the directories above."""
        result: dict[str, str] = {}
        for level in reversed(self._inner_first()):
            value = self._nearest("prefs", [level])
            items = schema.listed(value) if value is not None else []
            if Atom.RESET in items:
                result.clear()
            result.update(schema.preference(item) for item in items if isinstance(item, str))
        return [f"{name}={value}" for name, value in result.items()]

    def test(self) -> list[str]:
        """The harness statuses that are accepted, the expected one first, then those that are known to come as well."""
        return self._statuses(self._inner_first(), schema.TEST_STATUSES)

    def subtest(self, name: str) -> list[str]:
        """The statuses of a subtest that are accepted. The results of one that is disabled do not count: all are."""
        if self.subtest_disabled(name) is not None:
            return list(schema.SUBTEST_STATUSES)
        section = self._subtests.get(name)
        # What a test says of itself is not said of its subtests.
        return self._statuses([*([section] if section else []), *reversed(self.levels)], schema.SUBTEST_STATUSES)

    def subtest_disabled(self, name: str) -> str | None:
        """Why the results of a subtest do not count; None if they do."""
        section = self._subtests.get(name)
        return _reason(self._nearest("disabled", [section])) if section is not None else None

    def inherited(self, subtest: bool) -> list[str]:
        """The statuses that are accepted of the test or of a subtest where it says nothing itself."""
        statuses = schema.SUBTEST_STATUSES if subtest else schema.TEST_STATUSES
        return self._statuses(reversed(self.levels), statuses)

    def _statuses(self, levels: Iterable[Section], statuses: tuple[str, ...]) -> list[str]:
        """The nearest `expected`. Of one for a file or directory, tests and subtests each take what they can have."""
        for level in levels:
            value = self._nearest("expected", [level])
            found = [str(status) for status in schema.listed(value or []) if status in statuses]
            if found:
                return found
        return [statuses[0]]

    def known_subtests(self) -> list[str]:
        """The subtests of which something is said for this kind of run, and which thus should exist."""
        return [name for name, section in self._subtests.items() if self._speaks_of(name, section)]

    def _speaks_of(self, name: str, section: Section) -> bool:
        entries = list(section.entries())
        spoken = any(schema.governing(entry, self.info) for entry in entries)
        # A section that says nothing at all should not be there, whatever the run.
        return (spoken or not entries) and self.subtest_disabled(name) is None


def _reason(value: Value | None) -> str | None:
    if value is None or value is Atom.FALSE:
        return None
    return value if isinstance(value, str) and value else schema.NO_REASON


class Metadata:
    """All metadata files under one folder, each read when it is first needed."""

    def __init__(self, root: Path, tests: Path):
        self.root = root
        self.tests = tests
        self._files: dict[Path, MetadataFile] = {}
        # Conditions are checked once for each file and each set of properties.
        self._checked: set[tuple[Path, frozenset[tuple[str, type]]]] = set()

    def path_of(self, test_path: Path) -> Path | None:
        """Where the metadata of a test file are or would be; None for a test from elsewhere."""
        path, tests = test_path.resolve(), self.tests.resolve()
        if not path.is_relative_to(tests):
            return None
        return self.root / (path.relative_to(tests).as_posix() + SUFFIX)

    def file(self, path: Path) -> MetadataFile:
        """A metadata file, empty if there is none."""
        if path not in self._files:
            source = (Path(self.root.name) / path.relative_to(self.root)).as_posix()
            self._files[path] = MetadataFile.load(path, source)
        return self._files[path]

    def forget(self, path: Path) -> None:
        """Read a file again when it is needed next."""
        self._files.pop(path, None)
        self._checked = {key for key in self._checked if key[0] != path}

    def _root_of(self, path: Path, info: RunInfo) -> Section:
        found = self.file(path)
        key = (path, frozenset((name, type(value)) for name, value in info.items()))
        if key not in self._checked:
            schema.check_conditions(found.root, found.source, info)
            self._checked.add(key)
        return found.root

    def of(self, test_path: Path, test_id: str, info: RunInfo) -> Expectations:
        """What is expected of a test. Of tests outside of the tree nothing is known: they have to pass."""
        path = self.path_of(test_path)
        if path is None:
            return Expectations(info)
        folders = [folder for folder in reversed(path.parents) if folder.is_relative_to(self.root)]
        levels = [self._root_of(folder / DIRECTORY, info) for folder in folders]
        root = self._root_of(path, info)
        return Expectations(info, [*levels, root], root.section(section_name(test_id)))

    def strays(self, tests: Mapping[Path, Iterable[str]]) -> list[str]:
        """What speaks of no test: files and sections, given all test ids of each test file that exists."""
        known = {self.path_of(path): {section_name(test) for test in ids} for path, ids in tests.items()}
        result = []
        for path in sorted(self.root.rglob("*" + SUFFIX)):
            found = self.file(path)
            if path.name == DIRECTORY:
                continue
            if path not in known:
                result.append(f"{found.source}:1: there is no such test file")
                continue
            for section in found.root.sections():
                if section.name not in known[path]:
                    result.append(f"{found.source}:{section.number}: the file has no test {section.name!r}")
        return result
