# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Published crate sources: found in cargo's cache or fetched by cargo, checked, unpacked in memory."""

import hashlib
import io
import json
import os
import subprocess
import tarfile
import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Callable

from fork.config import Crate
from fork.errors import ForkError

# Files that cargo adds when it packages a crate, or that only make sense in the registry.
PACKAGING_FILES = {".cargo-ok", ".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml.orig"}


@dataclass(frozen=True)
class Source:
    """A published crate: where it lives in Servo's tree, and its files (path inside the crate -> content)."""

    tree_path: str
    revision: str
    files: dict[str, bytes]
    # The manifest as it stands in Servo's tree; the one in `files` is what cargo made of it for publishing.
    original_manifest: bytes


def cargo_home() -> Path:
    """Cargo's home directory, by cargo's own rule."""
    named = os.environ.get("CARGO_HOME")
    return Path(named) if named else Path.home() / ".cargo"


def load(crate: Crate, work_directory: Path, progress: Callable[[str], None]) -> Source:
    """The files of `crate`, whose archive is fetched through cargo when its cache has no good copy."""
    archive = _cached_archive(crate)
    if archive is None:
        progress(f"fetching {crate.name} {crate.version}")
        _fetch(crate, work_directory)
        archive = _cached_archive(crate)
        if archive is None:
            raise ForkError(_no_good_archive(crate))
    return unpack(crate, archive)


def _candidates(crate: Crate) -> list[Path]:
    return sorted((cargo_home() / "registry" / "cache").glob(f"*/{crate.name}-{crate.version}.crate"))


def _cached_archive(crate: Crate) -> bytes | None:
    for path in _candidates(crate):
        try:
            content = path.read_bytes()
        except OSError:
            continue
        if hashlib.sha256(content).hexdigest() == crate.sha256:
            return content
    return None


def _no_good_archive(crate: Crate) -> str:
    found = _candidates(crate)
    if not found:
        return f"{crate.name} {crate.version}: cargo fetched it, but no archive is in {cargo_home() / 'registry'}"
    actual = hashlib.sha256(found[0].read_bytes()).hexdigest()
    return (
        f"{crate.name} {crate.version}: checksum mismatch: {found[0]} has sha256 {actual}, "
        f"components/servo/fork.toml says {crate.sha256}"
    )


def _fetch(crate: Crate, work_directory: Path) -> None:
    # `cargo info` downloads exactly one archive into cargo's cache, checked against the registry's index.
    # The second workspace cannot be asked: its patches name directories that do not exist yet.
    work_directory.mkdir(parents=True, exist_ok=True)
    command = ["cargo", "info", "--quiet", f"{crate.name}@{crate.version}"]
    try:
        result = subprocess.run(command, cwd=work_directory, capture_output=True, text=True)
    except OSError as error:
        raise ForkError(f"cannot run cargo: {error}") from error
    if result.returncode != 0:
        raise ForkError(f"cannot fetch {crate.name} {crate.version}: {result.stderr.strip()}")


def unpack(crate: Crate, archive: bytes) -> Source:
    """Unpacks a `.crate` file in memory, after comparing its checksum."""
    actual = hashlib.sha256(archive).hexdigest()
    if actual != crate.sha256:
        raise ForkError(
            f"{crate.name} {crate.version}: checksum mismatch: the archive has sha256 {actual}, "
            f"components/servo/fork.toml says {crate.sha256}"
        )
    prefix = f"{crate.name}-{crate.version}"
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            if path.parts[:1] != (prefix,) or ".." in path.parts:
                raise ForkError(f"{crate.name}: unexpected path {member.name} in the archive")
            if member.isdir():
                continue
            content = tar.extractfile(member) if member.isreg() else None
            if content is None:
                raise ForkError(f"{crate.name}: {member.name} is not a plain file")
            files[str(PurePosixPath(*path.parts[1:]))] = content.read()

    try:
        info = json.loads(files[".cargo_vcs_info.json"])
        tree_path, revision = info["path_in_vcs"], info["git"]["sha1"]
    except (KeyError, ValueError) as error:
        raise ForkError(f"{crate.name}: the archive does not say where it lives in Servo's tree") from error
    original_manifest = files.get("Cargo.toml.orig", b"")
    for name in PACKAGING_FILES:
        files.pop(name, None)
    return Source(tree_path, revision, files, original_manifest)


def check_lock(lock: Path, crates: tuple[Crate, ...]) -> None:
    """Compares the description with the second workspace's lock file, as far as the lock names the crates.

    The entry of a patched crate has no checksum, so the description carries the checksums itself.
    """
    try:
        packages = tomllib.loads(lock.read_text()).get("package", [])
    except FileNotFoundError:
        return
    except tomllib.TOMLDecodeError as error:
        raise ForkError(f"{lock}: {error}") from error
    for crate in crates:
        for package in packages:
            if package.get("name") != crate.name:
                continue
            if package.get("version") != crate.version:
                raise ForkError(
                    f"{lock} has {crate.name} {package.get('version')}, "
                    f"components/servo/fork.toml has {crate.version}"
                )
            if package.get("checksum", crate.sha256) != crate.sha256:
                raise ForkError(f"{crate.name}: {lock} and components/servo/fork.toml differ in the checksum")
