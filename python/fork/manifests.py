# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Edits of Cargo manifests, through a TOML library that keeps the rest of the file as it is."""

import os
import posixpath
from pathlib import Path, PurePosixPath
from typing import Any, Callable

import tomlkit

from fork.config import Crate
from fork.errors import ForkError

# Turns a directory of this repository into the path that a generated manifest names.
PathOf = Callable[[str], str]


def edit(manifest: bytes, crate: Crate, path_of: PathOf) -> bytes:
    """Adds the crate's extra dependencies and features to its published manifest."""
    document = tomlkit.parse(manifest.decode())
    package = document.get("package", {})
    if package.get("name") != crate.name or package.get("version") != crate.version:
        raise ForkError(f"{crate.name}: its manifest says {package.get('name')} {package.get('version')}")
    if crate.dependencies:
        table = document.setdefault("dependencies", tomlkit.table(is_super_table=True))
        for name, value in sorted(crate.dependencies.items()):
            if name in table:
                raise ForkError(f"{crate.name}: dependency {name} exists already")
            table.add(name, _dependency(value, path_of))
    if crate.features:
        features = document.setdefault("features", tomlkit.table())
        for name, value in sorted(crate.features.items()):
            if name in features:
                raise ForkError(f"{crate.name}: feature {name} exists already")
            features.add(name, value)
    return tomlkit.dumps(document).encode()


def _dependency(value: Any, path_of: PathOf) -> Any:
    if isinstance(value, str):
        value = {"version": value}
    table = tomlkit.table()
    for key, entry in sorted(value.items()):
        table.add(key, path_of(entry) if key == "path" else entry)
    return table


def relative_path_of(repository: Path, crate_directory: Path) -> PathOf:
    """Paths from a generated crate to this repository's crates, as a manifest writes them."""

    def path_of(path: str) -> str:
        return os.path.relpath(repository / path, crate_directory).replace(os.sep, "/")

    return path_of


def compiled_roots(manifest: bytes) -> tuple[str | None, str | None]:
    """The root source files of a crate's library and of its build script, where it has them."""
    document = tomlkit.parse(manifest.decode()).unwrap()
    library = document.get("lib", {}).get("path", "src/lib.rs")
    build = document.get("package", {}).get("build")
    return library, build if isinstance(build, str) else None


def standalone(manifest: bytes, workspace: dict[str, Any], path_of_dependency: Callable[[str, str], str]) -> bytes:
    """A manifest without inheritance and tests: each `x.workspace = true` is replaced by what `workspace` says.

    `path_of_dependency(name, path)` gives the path that a path dependency is to have; `path` is as written,
    relative to the manifest, or to the workspace's root where the entry is inherited.
    """
    document = tomlkit.parse(manifest.decode())
    # What they name is not taken along.
    for section in ("test", "bench", "example", "dev-dependencies"):
        document.pop(section, None)
    package = document["package"]
    package.pop("workspace", None)
    for key, value in list(package.items()):
        if isinstance(value, dict) and value.get("workspace") is True:
            package[key] = workspace["package"][key]
    for section in ("dependencies", "build-dependencies"):
        _flatten_dependencies(document.get(section), workspace, path_of_dependency)
    for target in document.get("target", {}).values():
        target.pop("dev-dependencies", None)
        for section in ("dependencies", "build-dependencies"):
            _flatten_dependencies(target.get(section), workspace, path_of_dependency)
    if document.get("lints", {}).get("workspace") is True:
        del document["lints"]
    return tomlkit.dumps(document).encode()


def _flatten_dependencies(section: Any, workspace: dict[str, Any], path_of_dependency) -> None:
    for name, value in list((section or {}).items()):
        if isinstance(value, str):
            continue
        entry = dict(value.unwrap() if hasattr(value, "unwrap") else value)
        if entry.pop("workspace", False) is True:
            inherited = workspace["dependencies"][name]
            inherited = {"version": inherited} if isinstance(inherited, str) else dict(inherited)
            features = [*inherited.get("features", []), *entry.pop("features", [])]
            entry = {**inherited, **entry}
            if features:
                entry["features"] = features
        if "path" in entry:
            entry["path"] = path_of_dependency(name, entry["path"])
        inline = tomlkit.inline_table()
        inline.update(entry)
        section[name] = inline


def tree_relative(source: str, target: str) -> str:
    """The path from directory `source` to directory `target`, both relative to one root."""
    return posixpath.relpath(str(PurePosixPath(target)), str(PurePosixPath(source)))
