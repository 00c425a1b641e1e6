# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Puts the fork together: sources, our files, patches, manifests, and the directory they go to."""

import hashlib
import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from fork import manifests, patches, quiet, sources, sync
from fork.config import Config, Placement, read_config
from fork.errors import ForkError

STAMP = ".fork-stamp.json"

# Where a generated manifest finds one of this repository's crates:
# (directory of the crate in Servo's tree) -> (directory of our crate in this repository) -> path.
PathsFor = Callable[[str], manifests.PathOf]


@dataclass(frozen=True)
class Layout:
    """The places in this repository that the builder reads."""

    root: Path

    @property
    def description(self) -> Path:
        return self.root / "components/servo/fork.toml"

    @property
    def lock(self) -> Path:
        return self.root / "components/servo/Cargo.lock"

    @property
    def manifest(self) -> Path:
        return self.root / "components/servo/Cargo.toml"

    @property
    def patch_directory(self) -> Path:
        return self.root / "components/servo/patches"

    @property
    def output(self) -> Path:
        return self.root / "target/fork"

    @property
    def work_directory(self) -> Path:
        return self.root / "target/fork-sources"

    def patches(self) -> list[Path]:
        """The series, in order."""
        return sorted(self.patch_directory.glob("*.patch"))


def unpatched(
    layout: Layout, config: Config, progress: Callable[[str], None]
) -> tuple[dict[str, bytes], dict[str, str]]:
    """Servo's sources with our files, in memory, and where each crate stands (name -> directory)."""
    published = load_sources(layout, config, progress)
    places = {name: source.tree_path for name, source in published.items()}
    return with_own_files(layout, config, lay_out(published), places), places


def load_sources(
    layout: Layout, config: Config, progress: Callable[[str], None]
) -> dict[str, sources.Source]:
    """The published crates, by their names."""
    sources.check_lock(layout.lock, config.crates)
    published = {}
    for crate in config.crates:
        source = sources.load(crate, layout.work_directory, progress)
        if source.revision != config.revision:
            raise ForkError(f"{crate.name} was published from {source.revision}, not from {config.revision}")
        published[crate.name] = source
    return published


def lay_out(published: dict[str, sources.Source]) -> dict[str, bytes]:
    """The published files, at their places in Servo's tree."""
    return {
        f"{source.tree_path}/{path}": content
        for source in published.values()
        for path, content in source.files.items()
    }


def with_own_files(
    layout: Layout, config: Config, tree: dict[str, bytes], places: dict[str, str]
) -> dict[str, bytes]:
    """The same tree with our files, and our texts at the end of Servo's."""
    for placement in config.copies:
        _copy(layout, placement, tree, places)
    for placement in config.appends:
        if placement.target not in tree:
            raise ForkError(f"fork.toml appends to {placement.target}, which is not in the tree")
        tree[placement.target] += b"\n" + _read(layout, placement.source)
    return tree


def assemble(
    layout: Layout, config: Config, paths_for: PathsFor, progress: Callable[[str], None]
) -> tuple[dict[str, bytes], dict[str, str]]:
    """The whole tree in memory, and where each crate stands in it (name -> directory)."""
    tree, places = unpatched(layout, config, progress)
    series = layout.patches()
    if series:
        patches.apply_series(tree, series)
        progress(f"{len(series)} patches applied")

    for crate in config.crates:
        place = places[crate.name]
        manifest = manifests.edit(tree[f"{place}/Cargo.toml"], crate, paths_for(place))
        tree[f"{place}/Cargo.toml"] = manifest
        library, build = manifests.compiled_roots(manifest)
        quiet.silence(tree, f"{place}/{library}", f"{place}/{build}" if build else None)
    for placement in config.copies:
        quiet.listen(tree, placement.target)
    return tree, places


def _read(layout: Layout, path: str) -> bytes:
    try:
        return (layout.root / path).read_bytes()
    except OSError as error:
        raise ForkError(f"fork.toml names {path}: {error.strerror}") from error


def _copy(layout: Layout, placement: Placement, tree: dict[str, bytes], places: dict[str, str]) -> None:
    if not any(placement.target.startswith(f"{place}/") for place in places.values()):
        raise ForkError(f"fork.toml copies to {placement.target}, which is in none of its crates")
    for path, relative in own_files(layout.root / placement.source):
        target = f"{placement.target}/{relative}" if relative else placement.target
        if target in tree:
            raise ForkError(f"{placement.source}: Servo has a file {target} already")
        tree[target] = path.read_bytes()


def own_files(source: Path) -> list[tuple[Path, str]]:
    """The files at or below `source` that are to be copied, with their path relative to it."""
    if source.is_file():
        return [(source, "")]
    if not source.is_dir():
        raise ForkError(f"{source} does not exist")
    return [
        (path, path.relative_to(source).as_posix())
        for path in sorted(source.rglob("*"))
        if path.is_file() and not path.name.startswith(".") and path.suffix not in (".orig", ".pyc", ".rej")
    ]


def input_hash(layout: Layout, config: Config) -> str:
    """A hash over everything that the result depends on."""
    digest = hashlib.sha256()
    inputs = [layout.description, layout.lock, layout.manifest, *layout.patches()]
    inputs.extend(sorted(Path(__file__).parent.glob("*.py")))
    for placement in (*config.copies, *config.appends):
        inputs.extend(path for path, _ in own_files(layout.root / placement.source))
    for path in filter(Path.exists, inputs):
        name = str(path.relative_to(layout.root) if path.is_relative_to(layout.root) else path.name)
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def generate(layout: Layout, progress: Callable[[str], None]) -> dict[str, str]:
    """Brings target/fork up to date; returns where each crate stands in it (name -> directory)."""
    config = read_config(layout.description)
    wanted = input_hash(layout, config)
    stamp = _read_stamp(layout)
    if stamp and stamp["inputs"] == wanted:
        listing = sync.listing(layout.output, list(stamp["files"]))
        if listing == {path: tuple(entry) for path, entry in stamp["files"].items()}:
            progress("fork is up to date")
            return stamp["places"]

    def paths_for(place: str) -> manifests.PathOf:
        return manifests.relative_path_of(layout.root, layout.output / place)

    tree, places = assemble(layout, config, paths_for, progress)
    check_patch_section(layout, places)
    written, removed = sync.sync(tree, layout.output, keep=frozenset({STAMP}))
    progress(f"fork of {len(config.crates)} crates: {len(tree)} files, {written} written, {removed} removed")
    _write_stamp(layout, wanted, places, list(tree))
    return places


def check_patch_section(layout: Layout, places: dict[str, str]) -> None:
    """The second workspace names each generated crate: one that it forgets would be built as published."""
    if not layout.manifest.exists():
        return
    section = tomllib.loads(layout.manifest.read_text()).get("patch", {}).get("crates-io", {})
    for name, place in places.items():
        wanted = (layout.output / place).resolve()
        entry = section.get(name, {}).get("path")
        if entry is None or (layout.manifest.parent / entry).resolve() != wanted:
            path = os.path.relpath(wanted, layout.manifest.parent).replace(os.sep, "/")
            raise ForkError(
                f'components/servo/Cargo.toml: [patch.crates-io] needs the line {name} = {{ path = "{path}" }}'
            )


def _read_stamp(layout: Layout) -> dict | None:
    try:
        stamp = json.loads((layout.output / STAMP).read_text())
        return stamp if {"inputs", "places", "files"} <= set(stamp) else None
    except (OSError, ValueError, TypeError):
        return None


def _write_stamp(layout: Layout, inputs: str, places: dict[str, str], paths: list[str]) -> None:
    files = sync.listing(layout.output, paths)
    stamp = {"inputs": inputs, "places": places, "files": files}
    (layout.output / STAMP).write_text(json.dumps(stamp))
