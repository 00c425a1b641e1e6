# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Reads components/servo/fork.toml, the description of the fork."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from fork.errors import ForkError


@dataclass(frozen=True)
class Crate:
    """A published crate that the fork changes."""

    name: str
    version: str
    # SHA-256 of the published `.crate` file, as in a Cargo.lock's `checksum`.
    sha256: str
    # Entries to add to the crate's `[dependencies]`: name -> table as in a Cargo.toml.
    # A `path` is relative to the root of this repository.
    dependencies: dict[str, Any] = field(default_factory=dict)
    # Entries to add to the crate's `[features]`.
    features: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Placement:
    """Something of ours that goes into the tree: `source` in this repository, `target` in Servo's tree."""

    source: str
    target: str


@dataclass(frozen=True)
class Checkout:
    """What a checkout of Servo gets on top: crates of ours, and files as they are."""

    crates: tuple[Placement, ...] = ()
    copies: tuple[Placement, ...] = ()


@dataclass(frozen=True)
class Config:
    """The whole description."""

    version: str
    revision: str
    crates: tuple[Crate, ...]
    copies: tuple[Placement, ...]
    appends: tuple[Placement, ...]
    # Directories (in this repository) of crates that the fork depends on: what `fork --out` takes along.
    own_crates: tuple[str, ...]
    checkout: Checkout


def read_config(path: Path) -> Config:
    """Reads and checks the description in `path`."""
    try:
        with path.open("rb") as file:
            data = tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ForkError(f"{path}: {error}") from error

    def complain(what: str) -> ForkError:
        return ForkError(f"{path}: {what}")

    _only_known(data, {"servo", "crate", "copy", "append", "own-crates", "checkout"}, "the top level", complain)
    servo = data.get("servo", {})
    version, revision = servo.get("version"), servo.get("revision")
    if not isinstance(version, str) or not isinstance(revision, str):
        raise complain("[servo] needs version and revision")

    crates = []
    for entry in data.get("crate", []):
        name = entry.get("name")
        if not isinstance(name, str):
            raise complain("a [[crate]] has no name")
        _only_known(entry, {"name", "version", "sha256", "dependencies", "features"}, name, complain)
        sha256 = entry.get("sha256", "")
        if len(sha256) != 64 or not all(digit in "0123456789abcdef" for digit in sha256):
            raise complain(f"{name}: sha256 must be 64 lower case hexadecimal digits")
        crates.append(
            Crate(
                name,
                entry.get("version", version),
                sha256,
                entry.get("dependencies", {}),
                entry.get("features", {}),
            )
        )
    if not crates:
        raise complain("no [[crate]]")
    names = [crate.name for crate in crates]
    if len(set(names)) != len(names):
        raise complain("a crate is named twice")

    checkout = data.get("checkout", {})
    _only_known(checkout, {"crate", "copy"}, "[checkout]", complain)
    return Config(
        version,
        revision,
        tuple(crates),
        _placements(data.get("copy", []), "copy", complain),
        _placements(data.get("append", []), "append", complain),
        tuple(data.get("own-crates", [])),
        Checkout(
            _placements(checkout.get("crate", []), "checkout.crate", complain),
            _placements(checkout.get("copy", []), "checkout.copy", complain),
        ),
    )


def _placements(entries: list[dict[str, Any]], kind: str, complain) -> tuple[Placement, ...]:
    placements = []
    for entry in entries:
        _only_known(entry, {"from", "to"}, f"[[{kind}]]", complain)
        source, target = entry.get("from"), entry.get("to")
        if not isinstance(source, str) or not isinstance(target, str):
            raise complain(f"a [[{kind}]] needs from and to")
        for path in (source, target):
            if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
                raise complain(f"[[{kind}]]: {path} leaves the tree")
        placements.append(Placement(source, target))
    return tuple(placements)


def _only_known(table: dict[str, Any], known: set[str], where: str, complain) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise complain(f"{where}: unknown key {unknown[0]}")
