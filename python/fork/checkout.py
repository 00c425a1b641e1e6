# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The fork in a checkout of Servo: all of it or nothing.

A checkout is known by the contents of the files to be touched. Those that were published with Servo's crates must be
as published, to the byte; the root manifest was not published, and is judged by what it says.
"""

import hashlib
import os
import shutil
import tomllib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import Any, Callable

from fork import builder, patches, workspace
from fork.builder import Layout, own_files
from fork.config import Config, read_config
from fork.errors import ForkError

UNDO = "git checkout . && git clean -fd"
ROOT_MANIFEST = "Cargo.toml"

# Parts of our crates that stay in this repository.
_LEFT_OUT = {"tests", "benches", "examples", "fuzz", "target"}

# The hash that no file has.
NOWHERE = ""

# How many files a message names.
_NAMED = 4


class State(Enum):
    """What the checkout is, as a whole."""

    PUBLISHED = "would apply"
    APPLIED = "already applied"


@dataclass(frozen=True)
class Change:
    """One file: the hash that it has in Servo (None: Servo has no such file), and what it becomes."""

    before: str | None
    after: bytes


@dataclass(frozen=True)
class Plan:
    """What is to be done to one checkout: path in Servo's tree -> change."""

    changes: dict[str, Change]
    # The packages whose sources or manifests change, and ours.
    packages: tuple[str, ...]
    # The directories that these files are told by.
    homes: tuple[str, ...]

    def changed(self) -> list[str]:
        """The files of Servo's that change."""
        return sorted(path for path, change in self.changes.items() if change.before is not None)

    def added(self) -> list[str]:
        """The files that are new in Servo's tree."""
        return sorted(path for path, change in self.changes.items() if change.before is None)


def digest(content: bytes) -> str:
    """By which contents are compared."""
    return hashlib.sha256(content).hexdigest()


def make_plan(layout: Layout, directory: Path, progress: Callable[[str], None]) -> Plan:
    """What is to be done to the checkout in `directory`, or why nothing can be."""
    config = read_config(layout.description)
    root_text = _root_manifest(directory)
    root = workspace.read_root(root_text, str(directory / ROOT_MANIFEST))
    if root.version != config.version:
        raise ForkError(
            f"{directory}: Cargo.toml says Servo {root.version}, this fork is made for Servo {config.version}; "
            "nothing was written"
        )
    published = builder.load_sources(layout, config, progress)
    original = builder.lay_out(published)
    for source in published.values():
        original[f"{source.tree_path}/Cargo.toml"] = source.original_manifest
    places = {name: source.tree_path for name, source in published.items()}
    tree = builder.with_own_files(layout, config, dict(original), places)
    patches.apply_series(tree, layout.patches())

    additions: dict[str, Any] = {}
    for crate in config.crates:
        path = f"{places[crate.name]}/Cargo.toml"
        tree[path], needed = workspace.servo_crate(tree[path], crate, root)
        additions.update(needed)
    crate_files, own_entries, needed = _own_crates(layout, config, root)
    additions.update(needed)
    tree.update(crate_files)
    for placement in config.checkout.copies:
        if not (layout.root / placement.source).exists():
            raise ForkError(f"fork.toml names {placement.source}, which does not exist")
        for path, relative in own_files(layout.root / placement.source):
            tree[f"{placement.target}/{relative}"] = path.read_bytes()

    changes = {
        path: Change(digest(original[path]) if path in original else None, content)
        for path, content in tree.items()
        if original.get(path) != content
    }
    changes[ROOT_MANIFEST] = _root_change(root_text, root, own_entries, additions, config)
    names = [crate.name for crate in config.crates]
    homes = [*places.values(), *(placement.target for placement in (*config.checkout.crates, *config.checkout.copies))]
    return Plan(changes, (*sorted(names), *sorted(own_entries)), tuple(homes))


def _root_manifest(directory: Path) -> str:
    path = directory / ROOT_MANIFEST
    try:
        # As bytes, so that the ends of lines stay what they are.
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ForkError(f"{directory} is not a checkout of Servo: {path}: {reason}") from error


def _own_crates(
    layout: Layout, config: Config, root: workspace.Workspace
) -> tuple[dict[str, bytes], dict[str, Any], dict[str, Any]]:
    """Our crates' files, their entries in the root, and what else they need there."""
    own_workspace = tomllib.loads((layout.root / "Cargo.toml").read_text())["workspace"]
    manifests = {
        placement: (layout.root / placement.source / "Cargo.toml").read_bytes() for placement in config.checkout.crates
    }
    names = {
        placement: tomllib.loads(manifest.decode())["package"]["name"] for placement, manifest in manifests.items()
    }
    files: dict[str, bytes] = {}
    entries: dict[str, Any] = {}
    additions: dict[str, Any] = {}
    for placement, manifest in manifests.items():
        for path, relative in own_files(layout.root / placement.source):
            if PurePosixPath(relative).parts[0] not in _LEFT_OUT:
                files[f"{placement.target}/{relative}"] = path.read_bytes()
        fitted, needed = workspace.own_crate(manifest, own_workspace, set(names.values()), root)
        files[f"{placement.target}/Cargo.toml"] = fitted
        entries[names[placement]] = {"version": f"={config.version}", "path": placement.target}
        additions.update(needed)
    return files, entries, additions


def _root_change(
    text: str, root: workspace.Workspace, own: dict[str, Any], additions: dict[str, Any], config: Config
) -> Change:
    """The change of the root manifest. It was not published: whether it was made shows in the entries of our crates."""
    present = {name: root.dependencies[name] for name in own if name in root.dependencies}
    members = [placement.target for placement in config.checkout.crates]
    if present:
        is_complete = present == own and not additions and set(members) <= set(root.members)
        return Change(digest(text.encode()), text.encode()) if is_complete else Change(NOWHERE, b"")
    edited = workspace.insert(text, workspace.WORKSPACE_DEPENDENCIES, {**own, **additions}, ROOT_MANIFEST)
    # Nothing in the tree depends on the net process until the embedder does.
    for member in reversed(members):
        edited = workspace.insert_member(edited, member, ROOT_MANIFEST)
    return Change(digest(text.encode()), edited.encode())


def judge(plan: Plan, directory: Path) -> State:
    """Whether the plan can be carried out or has been; everything else is an error that says what is in the way."""
    published, applied, foreign = [], [], []
    for path, change in sorted(plan.changes.items()):
        content = _read(directory, path)
        found = None if content is None else digest(content)
        if content == change.after:
            applied.append(path)
        elif found == change.before and not _leaves(directory, path):
            published.append(path)
        else:
            foreign.append(path)
    if foreign:
        raise ForkError(
            f"{directory}: {_names(foreign)} {'is' if len(foreign) == 1 else 'are'} neither as in Servo nor as in this "
            "fork; nothing was written"
        )
    if applied and published:
        raise ForkError(
            f"{directory}: applied by half: {_names(applied)} {'is' if len(applied) == 1 else 'are'} as in this fork, "
            f"{_names(published)} {'is' if len(published) == 1 else 'are'} not; nothing was written; "
            f"undo it there with: {UNDO}"
        )
    return State.APPLIED if applied else State.PUBLISHED


def _names(paths: list[str]) -> str:
    named = ", ".join(paths[:_NAMED])
    return named if len(paths) <= _NAMED else f"{named} and {len(paths) - _NAMED} more files"


def _read(directory: Path, path: str) -> bytes | None:
    target = directory / path
    try:
        return target.read_bytes()
    except FileNotFoundError:
        return None
    except OSError:
        # A directory in its place, or a file in place of its directory: what is there is not ours to replace.
        return b"\0"


def _leaves(directory: Path, path: str) -> bool:
    """Whether a link in the tree leads somewhere else."""
    return (directory / path).resolve() != directory.resolve() / path


def carry_out(plan: Plan, directory: Path) -> None:
    """Writes all files. When that fails or is interrupted, what was written is taken back."""
    done: list[tuple[Path, bytes | None]] = []
    made: list[Path] = []
    try:
        renamed = []
        # All of them aside first: a full disk shows here.
        for path, change in plan.changes.items():
            target = directory / path
            _make_directories(target.parent, made)
            temporary = target.with_name(target.name + ".fork-tmp")
            done.append((temporary, None))
            temporary.write_bytes(change.after)
            if change.before is not None:
                shutil.copymode(target, temporary)
            renamed.append((temporary, target))
        for temporary, target in renamed:
            done.append((target, target.read_bytes() if target.exists() else None))
            os.replace(temporary, target)
    except BaseException as error:
        _take_back(done, made)
        if not isinstance(error, OSError):
            raise
        raise ForkError(f"{error.filename or directory}: {error.strerror}; everything was taken back") from error


def _make_directories(directory: Path, made: list[Path]) -> None:
    missing = []
    while not directory.exists():
        missing.append(directory)
        directory = directory.parent
    for path in reversed(missing):
        path.mkdir()
        made.append(path)


def _take_back(done: list[tuple[Path, bytes | None]], made: list[Path]) -> None:
    for path, before in reversed(done):
        if before is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(before)
    for path in reversed(made):
        path.rmdir()
