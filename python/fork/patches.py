# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Applies a patch series with git and verifies that each patch did what it says.

`git apply` has a trap: inside a repository, in a directory that is ignored or outside of the index's
reach, it skips every file and still succeeds. So it runs outside of any repository here, and
afterwards each file that a patch names must have changed.
"""

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fork.errors import ForkError

Tree = dict[str, bytes]


@dataclass(frozen=True)
class Hunk:
    """One hunk: its number within its file and its `@@` line."""

    number: int
    old_start: int
    header: str


@dataclass(frozen=True)
class FilePatch:
    """What a patch says about one file. `old` or `new` is None when the file is created or deleted."""

    old: str | None
    new: str | None
    hunks: tuple[Hunk, ...]


_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_FAILED = re.compile(r"^error: patch failed: (.+):(\d+)$", re.MULTILINE)


def parse(text: str, name: str) -> list[FilePatch]:
    """The files that a unified diff names. `name` is the patch's name, for messages."""
    files: list[FilePatch] = []
    lines = text.splitlines()
    index = 0
    while index < len(lines):
        is_header = lines[index].startswith("--- ") and lines[index + 1 : index + 2]
        if not is_header or not lines[index + 1].startswith("+++ "):
            index += 1
            continue
        old, new = _path(lines[index][4:], "a/", name), _path(lines[index + 1][4:], "b/", name)
        index += 2
        hunks: list[Hunk] = []
        while index < len(lines) and (match := _HUNK.match(lines[index])):
            hunks.append(Hunk(len(hunks) + 1, int(match[1]), lines[index]))
            # Step over the hunk by its counts, so that nothing in its text is taken for a header.
            old_left, new_left = int(match[2] or 1), int(match[3] or 1)
            index += 1
            while index < len(lines) and (old_left > 0 or new_left > 0):
                mark = lines[index][:1]
                if mark == "\\":
                    index += 1
                    continue
                if mark not in ("", " ", "-", "+"):
                    raise ForkError(f"{name}: the hunk {hunks[-1].header!r} is cut short")
                old_left -= mark != "+"
                new_left -= mark != "-"
                index += 1
            if index < len(lines) and lines[index].startswith("\\"):
                index += 1
        if not hunks:
            raise ForkError(f"{name}: {old or new} has no hunks")
        files.append(FilePatch(old, new, tuple(hunks)))
    if not files:
        raise ForkError(f"{name}: names no files")
    return files


def _path(text: str, prefix: str, name: str) -> str | None:
    path = text.split("\t")[0].strip()
    if path == "/dev/null":
        return None
    if not path.startswith(prefix):
        raise ForkError(f"{name}: {path}: paths must begin with a/ and b/")
    path = path[len(prefix) :]
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        raise ForkError(f"{name}: {path} leaves the tree")
    return path


def apply_series(tree: Tree, series: list[Path], git: str = "git") -> None:
    """Applies the patches, in order, to `tree` (path -> content), or raises naming patch, file and hunk."""
    parsed = [(path.name, path, parse(path.read_text(), path.name)) for path in series]
    with tempfile.TemporaryDirectory(prefix="fork-patches-") as directory:
        root = Path(directory)
        # Only the files that patches name are needed on disk.
        for name, _, files in parsed:
            for file in files:
                for path in {file.old, file.new} - {None}:
                    if path in tree:
                        _write(root / path, tree[path])
        for name, path, files in parsed:
            before = _read(root, files)
            _missing_files(name, files, before)
            _run_git(git, root, path, name, files)
            _verify(name, files, before, _read(root, files))
        for _, _, files in parsed:
            for path, content in _read(root, files).items():
                if content is None:
                    tree.pop(path, None)
                else:
                    tree[path] = content


def _missing_files(name: str, files: list[FilePatch], before: dict[str, bytes | None]) -> None:
    for file in files:
        if file.old is not None and before[file.old] is None:
            raise ForkError(
                f"patch {name} does not apply: {file.old} is not in the tree (is its crate in fork.toml?)"
            )


def _run_git(git: str, root: Path, patch: Path, name: str, files: list[FilePatch]) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment.update(
        GIT_DIR=str(root / "no-repository"),
        GIT_CEILING_DIRECTORIES=str(root.parent),
        GIT_CONFIG_GLOBAL=os.devnull,
        GIT_CONFIG_NOSYSTEM="1",
        LC_ALL="C",
    )
    command = [git, "apply", "--whitespace=nowarn", str(patch.resolve())]
    try:
        result = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    except OSError as error:
        raise ForkError(f"cannot run git: {error}") from error
    if result.returncode == 0:
        return
    failed = _FAILED.search(result.stderr)
    if failed:
        path, line = failed[1], int(failed[2])
        for file in files:
            for hunk in file.hunks:
                if path in (file.old, file.new) and hunk.old_start == line:
                    raise ForkError(f"patch {name} does not apply: {path}, hunk {hunk.number}: {hunk.header}")
        raise ForkError(f"patch {name} does not apply: {path}, at line {line}")
    raise ForkError(f"patch {name} does not apply: {result.stderr.strip() or 'git gave no reason'}")


def _verify(
    name: str, files: list[FilePatch], before: dict[str, bytes | None], after: dict[str, bytes | None]
) -> None:
    for file in files:
        for path in {file.old, file.new} - {None}:
            if before[path] == after[path]:
                raise ForkError(f"patch {name} was silently skipped: {path} did not change")


def _read(root: Path, files: list[FilePatch]) -> dict[str, bytes | None]:
    contents: dict[str, bytes | None] = {}
    for file in files:
        for path in {file.old, file.new} - {None}:
            contents[path] = (root / path).read_bytes() if (root / path).is_file() else None
    return contents


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
