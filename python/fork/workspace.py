# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Manifests in a checkout of Servo, where dependencies are inherited from the workspace.

Lines are put in where they belong by their names, and all other lines stay as they are. What comes out is read
again: it must say what it said before and the new entries, nothing else.
"""

import re
import tomllib
from dataclasses import dataclass
from typing import Any

import tomlkit

from fork.config import Crate
from fork.errors import ForkError

# Where a workspace keeps what its members inherit.
WORKSPACE_DEPENDENCIES = ("workspace", "dependencies")

_KEY = re.compile(r"""^(?:([A-Za-z0-9_-]+)|"([^"]+)"|'([^']+)')\s*[.=]""")
_HEADER = re.compile(r"^\s*\[")
_MEMBERS = re.compile(r"^(\s*members\s*=\s*\[)", re.MULTILINE)

# What a package of Servo's inherits from its workspace.
_INHERITED = ("version", "authors", "license", "edition", "publish", "rust-version", "repository")
# What one of our crates keeps of its own. Its tests and benchmarks stay in this repository.
_KEPT = ("name", "description", "default-run")
_KEPT_TARGETS = ("lib", "bin")


@dataclass(frozen=True)
class Workspace:
    """What the root manifest of the checkout says."""

    version: str
    dependencies: dict[str, Any]
    members: tuple[str, ...]


def read_root(text: str, name: str) -> Workspace:
    """Reads the root manifest of a checkout; `name` is for messages."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ForkError(f"{name}: {error}") from error
    workspace = data.get("workspace", {})
    version = workspace.get("package", {}).get("version")
    dependencies = workspace.get("dependencies")
    if not isinstance(version, str) or not isinstance(dependencies, dict):
        raise ForkError(f"{name} is not Servo's: it has no [workspace.package] version or no [workspace.dependencies]")
    return Workspace(version, dependencies, tuple(workspace.get("members", ())))


def release(requirement: str) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """A plain requirement such as `1.54` as the part that must be equal and the whole; None for any other form."""
    if not re.fullmatch(r"\d+(\.\d+){0,2}", requirement):
        return None
    numbers = tuple(int(number) for number in requirement.split("."))
    leading = next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)
    return numbers[: leading + 1], numbers


def satisfies(theirs: Any, ours: str) -> bool:
    """Whether whatever fits the workspace's entry fits our requirement as well."""
    version = theirs.get("version") if isinstance(theirs, dict) else theirs
    if not isinstance(version, str) or (isinstance(theirs, dict) and "package" in theirs):
        return False
    their_release, our_release = release(version), release(ours)
    if their_release is None or our_release is None:
        return False
    return their_release[0] == our_release[0] and their_release[1] >= our_release[1]


def inherited(name: str, ours: Any, workspace: Workspace) -> tuple[Any, Any]:
    """How a member writes the dependency `name` that we write as `ours`, and what the root must have for it.

    The second one is None where the root needs nothing. A version that is pinned stays with the member that pins it.
    """
    entry = {"version": ours} if isinstance(ours, str) else dict(ours)
    version = entry.pop("version")
    present = workspace.dependencies.get(name)
    if release(version) is None or (present is not None and not satisfies(present, version)):
        return ({"version": version, **entry} if entry else version), None
    defaults = entry.pop("default-features", True)
    addition = None
    if present is None:
        addition = version if defaults else {"version": version, "default-features": False}
    return {"workspace": True, **entry}, addition


def inline(value: Any) -> str:
    """A value as it stands behind `key = `."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return tomlkit.string(value).as_string()
    if isinstance(value, list):
        return "[" + ", ".join(inline(item) for item in value) + "]"
    return "{ " + ", ".join(f"{key} = {inline(item)}" for key, item in value.items()) + " }"


def insert(text: str, table: tuple[str, ...], entries: dict[str, Any], name: str) -> str:
    """Puts `entries` into a table of a manifest, each in front of the first key that sorts behind it."""
    before = tomllib.loads(text)
    lines = text.splitlines(keepends=True)
    header = re.compile(r"^\[\s*" + r"\s*\.\s*".join(re.escape(part) for part in table) + r"\s*\]")
    start = next((index for index, line in enumerate(lines) if header.match(line)), None)
    if start is None:
        entries = {key: {"version": value} if isinstance(value, str) else value for key, value in entries.items()}
        text = text.rstrip("\n") + "\n" + _new_tables(before, table, entries)
    else:
        for key, value in sorted(entries.items()):
            lines.insert(_place(lines, start, key), f"{key} = {inline(value)}\n")
        text = "".join(lines)
    _verify(before, text, table, entries, name)
    return text


def _new_tables(before: dict[str, Any], table: tuple[str, ...], entries: dict[str, Any]) -> str:
    """The text of `entries` for a table that has no header of its own."""
    found: Any = before
    for part in table:
        found = found.get(part, {})
    dotted = ".".join(table)
    if not found:
        return f"\n[{dotted}]\n" + "".join(f"{key} = {inline(value)}\n" for key, value in sorted(entries.items()))
    # It consists of tables, one for each key, as in the manifests that cargo publishes.
    return "".join(
        f"\n[{dotted}.{key}]\n" + "".join(f"{name} = {inline(item)}\n" for name, item in value.items())
        for key, value in sorted(entries.items())
    )


def _place(lines: list[str], start: int, key: str) -> int:
    """The index of the line in front of which `key` belongs, in the table whose header is at `start`."""
    last = start
    for index in range(start + 1, len(lines)):
        if _HEADER.match(lines[index]):
            break
        match = _KEY.match(lines[index])
        if match and (match[1] or match[2] or match[3]) > key:
            # A comment above a key belongs to it.
            while lines[index - 1].startswith("#") and index - 1 > start:
                index -= 1
            return index
        if lines[index].strip() and not lines[index].startswith("#"):
            last = index
    if not lines[last].endswith("\n"):
        lines[last] += "\n"
    return last + 1


def _verify(before: dict[str, Any], text: str, table: tuple[str, ...], entries: dict[str, Any], name: str) -> None:
    wanted = before
    for part in table:
        wanted = wanted.setdefault(part, {})
    for key in entries:
        if key in wanted:
            raise ForkError(f"{name} has an entry {key} in [{'.'.join(table)}] already")
    wanted.update(entries)
    try:
        correct = tomllib.loads(text) == before
    except tomllib.TOMLDecodeError:
        correct = False
    if not correct:
        raise ForkError(f"{name}: cannot add {', '.join(sorted(entries))} to [{'.'.join(table)}]")


def insert_member(text: str, member: str, name: str) -> str:
    """Puts a crate in front of the members of the workspace."""
    before = tomllib.loads(text)
    members = before["workspace"].setdefault("members", [])
    match = _MEMBERS.search(text)
    if match is None:
        header = re.search(r"^\[workspace\][^\n]*\n", text, re.MULTILINE)
        if header is None or members:
            raise ForkError(f"{name}: cannot find the members of its [workspace]")
        edited = f'{text[: header.end()]}members = ["{member}"]\n{text[header.end() :]}'
    else:
        rest = text[match.end() :]
        if rest.lstrip(" \t").startswith("\n"):
            added = f'\n    "{member}",'
        else:
            added = f'"{member}"' + (", " if members else "")
        edited = text[: match.end()] + added + rest
    members.insert(0, member)
    try:
        correct = tomllib.loads(edited) == before
    except tomllib.TOMLDecodeError:
        correct = False
    if not correct:
        raise ForkError(f"{name}: cannot add {member} to its members")
    return edited


def servo_crate(manifest: bytes, crate: Crate, workspace: Workspace) -> tuple[bytes, dict[str, Any]]:
    """Adds the dependencies of one of Servo's crates to its manifest; also gives what the root must have for them."""
    text = manifest.decode()
    entries: dict[str, Any] = {}
    additions: dict[str, Any] = {}
    for name, value in crate.dependencies.items():
        if isinstance(value, dict) and "path" in value:
            # One of ours. Its entry in the root is made with the crate.
            entries[name] = {"workspace": True}
            continue
        entries[name], addition = inherited(name, value, workspace)
        if addition is not None:
            additions[name] = addition
    for table, values in ((("dependencies",), entries), (("features",), crate.features)):
        if values:
            text = insert(text, table, values, f"the manifest of {crate.name}")
    return text.encode(), additions


# The configuration in which the interleavings of the rings are checked: nobody else sets it.
_ONLY_TESTS = ("cfg(loom)",)


def own_crate(
    manifest: bytes, own_workspace: dict[str, Any], own_names: set[str], workspace: Workspace
) -> tuple[bytes, dict[str, Any]]:
    """The manifest of one of our crates in Servo's workspace; also gives what the root must have for it."""
    data = tomllib.loads(manifest.decode())
    package = data["package"]
    known = {"package", "dependencies", "dev-dependencies", "target", "test", "bench", "lints", *_KEPT_TARGETS}
    unknown = set(data) - known
    for condition, tables in data.get("target", {}).items():
        # What only tests need stays here, as they do.
        if condition not in _ONLY_TESTS and set(tables) != {"dev-dependencies"}:
            unknown.add(f"target.'{condition}'")
    if unknown:
        raise ForkError(f"{package['name']}: [{sorted(unknown)[0]}] would get lost in a checkout")
    lines = ["[package]", *(f"{key} = {inline(package[key])}" for key in _KEPT if key in package)]
    lines += [f"{key}.workspace = true" for key in _INHERITED]
    for section in _KEPT_TARGETS:
        entries = data.get(section, [])
        for entry in entries if isinstance(entries, list) else [entries]:
            lines += ["", f"[[{section}]]" if isinstance(entries, list) else f"[{section}]"]
            lines += [f"{key} = {inline(value)}" for key, value in entry.items()]
    lines += ["", "[dependencies]"]
    additions: dict[str, Any] = {}
    for name, value in sorted(data.get("dependencies", {}).items()):
        entry: Any = {"workspace": True}
        if name not in own_names:
            entry, addition = inherited(name, _resolved(name, value, own_workspace), workspace)
            if addition is not None:
                additions[name] = addition
        lines.append(f"{name} = {inline(entry)}")
    lines += ["", "[lints]", "workspace = true", ""]
    return "\n".join(lines).encode(), additions


def _resolved(name: str, value: Any, own_workspace: dict[str, Any]) -> Any:
    """A dependency as it would be written without this repository's workspace."""
    if not isinstance(value, dict) or value.get("workspace") is not True:
        return value
    base = own_workspace["dependencies"][name]
    base = {"version": base} if isinstance(base, str) else dict(base)
    features = [*base.get("features", []), *value.get("features", [])]
    whole = {**base, **{key: item for key, item in value.items() if key not in ("workspace", "features")}}
    return {**whole, "features": features} if features else whole
