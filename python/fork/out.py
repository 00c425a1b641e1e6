# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The fork for other people's applications: a directory that needs nothing of this repository."""

import tomllib
from pathlib import Path, PurePosixPath
from typing import Callable

from fork import manifests, sync
from fork.builder import Layout, assemble, own_files
from fork.config import read_config
from fork.errors import ForkError

MARK = ".direct-sockets-fork"

# Parts of our crates that applications have no use for.
_LEFT_OUT = {"tests", "benches", "examples", "fuzz", "target"}


def generate(layout: Layout, directory: Path, progress: Callable[[str], None]) -> str:
    """Generates into `directory`, which must be new, empty, or one that was generated before."""
    if directory.exists() and any(directory.iterdir()) and not (directory / MARK).exists():
        raise ForkError(f"{directory} is not empty and was not made by `./mach fork --out`")
    config = read_config(layout.description)
    homes = {path: f"direct-sockets/{PurePosixPath(path).name}" for path in config.own_crates}

    def paths_for(place: str) -> manifests.PathOf:
        def path_of(path: str) -> str:
            if path not in homes:
                raise ForkError(f"fork.toml depends on {path}, which own-crates does not list")
            return manifests.tree_relative(place, homes[path])

        return path_of

    tree, places = assemble(layout, config, paths_for, progress)
    for source, home in homes.items():
        tree.update(_own_crate(layout, source, home, homes))
    for name in ("LICENSE",):
        if (layout.root / name).is_file():
            tree[name] = (layout.root / name).read_bytes()
    tree[MARK] = b"Made by `./mach fork --out`, which may overwrite everything in this directory.\n"
    written, removed = sync.sync(tree, directory)
    progress(f"{directory}: {len(tree)} files, {written} written, {removed} removed")

    lines = ["[patch.crates-io]"]
    lines.extend(f'{name} = {{ path = "{(directory / place).as_posix()}" }}' for name, place in places.items())
    return "\n".join(lines) + "\n"


def _own_crate(layout: Layout, source: str, home: str, homes: dict[str, str]) -> dict[str, bytes]:
    """One of our crates, with a manifest that inherits from no workspace."""
    directory = layout.root / source
    files = {
        f"{home}/{relative}": path.read_bytes()
        for path, relative in own_files(directory)
        if PurePosixPath(relative).parts[0] not in _LEFT_OUT
    }
    manifest = files.get(f"{home}/Cargo.toml")
    if manifest is None:
        raise ForkError(f"{source} has no Cargo.toml")

    parsed = tomllib.loads(manifest.decode())
    named = parsed.get("package", {}).get("workspace")
    workspace_root = (directory / named).resolve() if named else layout.root
    workspace = tomllib.loads((workspace_root / "Cargo.toml").read_text())["workspace"]
    inherited = workspace.get("dependencies", {})
    paths_as_written = {
        name: entry["path"] for name, entry in inherited.items() if isinstance(entry, dict) and "path" in entry
    }

    def path_of_dependency(name: str, path: str) -> str:
        base = workspace_root if paths_as_written.get(name) == path else directory
        target = (base / path).resolve()
        key = target.relative_to(layout.root).as_posix() if target.is_relative_to(layout.root) else str(target)
        if key not in homes:
            raise ForkError(f"{source} depends on {key}, which own-crates in fork.toml does not list")
        return manifests.tree_relative(home, homes[key])

    files[f"{home}/Cargo.toml"] = manifests.standalone(manifest, workspace, path_of_dependency)
    return files
