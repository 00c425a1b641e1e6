# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""A tree laid out as Servo's, made of what was published of it.

The crates stand where they were published from, with their original manifests. The root manifest was not published; it
is made of what cargo put into the published manifests in place of each `workspace = true`.
"""

import os
import subprocess
import tomllib
from pathlib import Path
from typing import Any, Iterator

from fork import sources, sync, workspace
from fork.builder import Layout
from fork.config import Crate, read_config
from fork.sources import Source

_TABLES = ("dependencies", "dev-dependencies", "build-dependencies")


def published(layout: Layout, everything: bool) -> dict[str, Source]:
    """The crates that the fork changes, or all crates of that version that it is compiled with."""
    config = read_config(layout.description)
    crates = {crate.name: crate for crate in config.crates}
    if everything:
        for package in tomllib.loads(layout.lock.read_text())["package"]:
            if package["name"].partition("-")[0] == "servo" and package["version"] == config.version:
                crate = Crate(package["name"], package["version"], package.get("checksum", ""))
                crates.setdefault(crate.name, crate)
    return {name: sources.load(crate, layout.work_directory, print) for name, crate in sorted(crates.items())}


def files(crates: dict[str, Source]) -> dict[str, bytes]:
    """The files of the tree."""
    found = {"Cargo.toml": root_manifest(crates).encode()}
    for source in crates.values():
        found.update({f"{source.tree_path}/{path}": content for path, content in source.files.items()})
        found[f"{source.tree_path}/Cargo.toml"] = source.original_manifest
    return found


def write(tree: Path, crates: dict[str, Source]) -> None:
    """Writes the tree into a directory."""
    sync.sync(files(crates), tree)


def root_manifest(crates: dict[str, Source]) -> str:
    """A root manifest from which the original manifests get what the published ones have."""
    uses: dict[str, list[dict[str, Any]]] = {}
    homes = {name: source.tree_path for name, source in crates.items()}
    package: dict[str, Any] = {}
    lints: dict[str, Any] = {}
    for source in crates.values():
        manifest = tomllib.loads(source.files["Cargo.toml"].decode())
        original = tomllib.loads(source.original_manifest.decode())
        lints = manifest["lints"]
        for key, value in original["package"].items():
            if isinstance(value, dict) and value.get("workspace"):
                package[key] = manifest["package"][key]
        for name, entry in _dependencies(manifest):
            uses.setdefault(name, []).append({"version": entry} if isinstance(entry, str) else entry)

    lines = ["[workspace]", 'resolver = "2"', "members = ["]
    lines += [f'    "{home}",' for home in sorted(homes.values())]
    lines += ["]", "", "[workspace.package]"]
    lines += [f"{key} = {workspace.inline(value)}" for key, value in package.items()]
    lines += ["", "[workspace.dependencies]"]
    for name, entries in sorted(uses.items(), key=lambda item: item[0].lower()):
        lines.append(f"{name} = {workspace.inline(_shared(name, entries, homes))}")
    for group, values in lints.items():
        lines += ["", f"[workspace.lints.{group}]"]
        lines += [f"{key} = {workspace.inline(value)}" for key, value in values.items()]
    # As the project's own builds, so that a target directory can be shared.
    lines += ["", "[profile.dev]", "debug = false"]
    # Crates of Servo that are not in the tree must find those that are.
    lines += ["", "[patch.crates-io]"]
    lines += [f"{name} = {workspace.inline({'path': home})}" for name, home in sorted(homes.items())]
    return "\n".join(lines) + "\n"


def _dependencies(manifest: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for part in (manifest, *manifest.get("target", {}).values()):
        for table in _TABLES:
            yield from part.get(table, {}).items()


def _shared(name: str, entries: list[dict[str, Any]], homes: dict[str, str]) -> dict[str, Any]:
    """What all users of a dependency have in common: that much at least the workspace says."""
    entry: dict[str, Any] = {"version": entries[0]["version"]}
    if "package" in entries[0]:
        entry["package"] = entries[0]["package"]
    home = homes.get(entry.get("package", name))
    if home:
        entry["path"] = home
    if any(user.get("default-features") is False for user in entries):
        entry["default-features"] = False
    features = set.intersection(*(set(user.get("features", ())) for user in entries))
    if features:
        entry["features"] = sorted(features)
    return entry


def git(tree: Path, *arguments: str) -> str:
    """Runs git in the tree, by nobody's configuration."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment.update(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1", LC_ALL="C")
    identity = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    command = ["git", *identity, "-c", "core.autocrlf=false", *arguments]
    return subprocess.run(command, cwd=tree, env=environment, check=True, capture_output=True, text=True).stdout


def commit(tree: Path) -> None:
    """Makes a repository of the tree, with one commit."""
    git(tree, "init", "--quiet")
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "--message", "Servo")


def hashes(tree: Path) -> dict[str, str]:
    """What is in the tree, git's own files apart."""
    from fork.checkout import digest

    return {
        path.relative_to(tree).as_posix(): digest(path.read_bytes())
        for path in tree.rglob("*")
        if path.is_file() and path.relative_to(tree).parts[0] != ".git"
    }
