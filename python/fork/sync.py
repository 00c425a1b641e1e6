# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Brings a directory in line with a tree in memory, touching only what differs."""

import os
from pathlib import Path


def sync(tree: dict[str, bytes], directory: Path, keep: frozenset[str] = frozenset()) -> tuple[int, int]:
    """Makes the files of `directory` those of `tree`; returns how many were written and how many removed.

    Files whose content is right are left alone, so that cargo does not rebuild for them. `keep` names
    top-level files and directories that are no part of the tree.
    """
    directory.mkdir(parents=True, exist_ok=True)
    present = _files(directory, keep)
    removed = 0
    for path in sorted(present - set(tree)):
        (directory / path).unlink()
        removed += 1
    _remove_empty_directories(directory, keep)

    written = 0
    for path, content in tree.items():
        target = directory / path
        if path in present and target.read_bytes() == content:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        # Written aside and renamed, so that an interrupted run leaves no half file behind.
        temporary = target.with_name(target.name + ".fork-tmp")
        temporary.write_bytes(content)
        os.replace(temporary, target)
        written += 1
    return written, removed


def _files(directory: Path, keep: frozenset[str]) -> set[str]:
    found = set()
    for parent, directories, names in os.walk(directory):
        base = os.path.relpath(parent, directory).replace(os.sep, "/")
        if base == ".":
            directories[:] = [name for name in directories if name not in keep]
            names = [name for name in names if name not in keep]
        found.update(name if base == "." else f"{base}/{name}" for name in names)
    return found


def _remove_empty_directories(directory: Path, keep: frozenset[str]) -> None:
    for parent, _, _ in os.walk(directory, topdown=False):
        inside = Path(parent).relative_to(directory).parts
        if inside and inside[0] not in keep and not os.listdir(parent):
            os.rmdir(parent)


def listing(directory: Path, paths: list[str]) -> dict[str, tuple[int, int]] | None:
    """Size and time of each of the files, or None when one is missing."""
    found = {}
    for path in paths:
        try:
            status = (directory / path).stat()
        except OSError:
            return None
        found[path] = (status.st_size, status.st_mtime_ns)
    return found
