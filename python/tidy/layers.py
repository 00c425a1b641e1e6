# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Who may know whom: the dependencies of crates, and the names that a layer may not use."""

import json
import re
import subprocess
from pathlib import Path
from typing import Iterator

from tidy.files import Source

# The contract is pure data: these crates and no others.
TRAITS = "direct-sockets-traits"
TRAITS_MAY_USE = {"idna", "ipc-channel", "serde", "serde_bytes", "thiserror"}

# Crates that must not even be reached through others.
PURE = {TRAITS, "direct-sockets-policy"}
# mio is missing here on purpose: ipc-channel waits with it.
IMPURE = {"tokio", "socket2", "mozjs", "mozjs_sys", "hyper", "servo"}

# Who of ours may depend on whom.
OURS = {
    "direct-sockets-traits": set(),
    "direct-sockets-policy": {"direct-sockets-traits"},
    "direct-sockets-plane": {"direct-sockets-traits"},
    "direct-sockets-trace": {"direct-sockets-traits"},
    "direct-sockets-wire": {"direct-sockets-traits"},
    "direct-sockets-net": {
        "direct-sockets-traits",
        "direct-sockets-plane",
        "direct-sockets-policy",
        "direct-sockets-trace",
        "direct-sockets-wire",
    },
    "direct-sockets-broker": {"direct-sockets-traits", "direct-sockets-policy", "direct-sockets-wire"},
}

_OS_SOCKETS = re.compile(r"\b(?:TcpStream|TcpListener|UdpSocket|UnixStream)\b|\b(?:tokio|socket2|mio)::")
_UNBOUNDED = re.compile(r"\bunbounded(?:_channel)?\b")


def metadata(root: Path, manifest: str) -> tuple[dict | None, str]:
    """What cargo says of a workspace, from its lock file as it is; or None and the reason."""
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--manifest-path", str(root / manifest)]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if result.returncode != 0:
        return None, result.stderr.strip()
    return json.loads(result.stdout), ""


def lock_file(root: Path, manifest: str) -> Iterator[str]:
    """The committed lock file fits the manifests."""
    data, reason = metadata(root, manifest)
    if data is None:
        yield f"{manifest}: {reason.splitlines()[0] if reason else 'cargo metadata failed'}"


def dependencies(root: Path) -> Iterator[str]:
    """The dependencies of the engine-free crates go one way, and the pure ones stay pure."""
    data, reason = metadata(root, "Cargo.toml")
    if data is None:
        yield f"Cargo.toml: {reason}"
        return
    yield from judge(data)


def judge(data: dict) -> Iterator[str]:
    """The problems in the output of `cargo metadata`."""
    packages = {package["id"]: package for package in data["packages"]}
    nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
    names = {identity: package["name"] for identity, package in packages.items()}

    def direct(identity: str) -> set[str]:
        return {
            dependency["pkg"]
            for dependency in nodes[identity]["deps"]
            if any(kind["kind"] is None for kind in dependency["dep_kinds"])
        }

    def reached(identity: str) -> set[str]:
        seen: set[str] = set()
        waiting = [identity]
        while waiting:
            for dependency in direct(waiting.pop()) - seen:
                seen.add(dependency)
                waiting.append(dependency)
        return {names[one] for one in seen}

    for identity in sorted(data["workspace_members"]):
        name = names[identity]
        direct_names = {names[one] for one in direct(identity)}
        if name == TRAITS:
            for other in sorted(direct_names - TRAITS_MAY_USE):
                yield f"{name} depends on {other}, which the contract may not use"
        if name in PURE:
            for other in sorted(reached(identity) & IMPURE):
                yield f"{name} reaches {other}"
        if name in OURS:
            for other in sorted((direct_names & set(OURS)) - OURS[name]):
                yield f"{name} depends on {other}: dependencies go the other way"


def _code_lines(source: Source) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(source.lines(), 1):
        if not re.match(r"\s*//", line):
            yield number, line


def os_sockets(source: Source) -> Iterator[str]:
    """Only the net process opens sockets: other layers do not name the types."""
    layers = ("components/script", "components/shared/src", "components/policy/src", "components/broker/src")
    if source.suffix != ".rs" or not source.within(*layers):
        return
    for number, line in _code_lines(source):
        match = _OS_SOCKETS.search(line)
        if match:
            yield f"{source.path}:{number}: {match[0]} belongs to the net process"


def unbounded(source: Source) -> Iterator[str]:
    """Nothing that bytes or events wait in is without a bound."""
    if source.suffix != ".rs" or not source.within("components/script", "components/net/src"):
        return
    for number, line in _code_lines(source):
        if _UNBOUNDED.search(line):
            yield f"{source.path}:{number}: an unbounded queue"
