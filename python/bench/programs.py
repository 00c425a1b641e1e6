# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The programs that are measured: one file each, of the parts in tests/bench/workloads."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.peers import CHROMIUM, NATIVE, Peer
from bench.workloads import Case
from mach_support import paths

PARTS = paths.ROOT / "tests/bench/workloads"

# workerd runs a module of a configuration.
_CONFIGURATION = """\
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .program),
    (name = "internet", network = (allow = ["127.0.0.1/32"])),
  ],
);
const program :Workerd.Worker = (
  modules = [(name = "program", esModule = embed "{name}")],
  compatibilityDate = "2026-01-01",
);
"""

# What the native client is told, by the names in `BENCH`.
_NATIVE_OPTIONS = {
    "seconds": "seconds",
    "warmup": "warmup",
    "control": "control",
    "chunk": "chunk",
    "size": "size",
    "lanes": "lanes",
    "connections": "connections",
    "window": "window",
    "listeners": "listeners",
    "byob": "buffer",
}


def write(peer: Peer, case: Case, bench: Mapping[str, Any], folder: Path) -> Path:
    """Writes the program of one sample."""
    parts = ["common.js"]
    if peer.streams:
        parts += ["streams.js", f"adapters/{peer.adapter}.js", f"{case.workload.name.lower()}.js"]
    else:
        parts += [f"adapters/{peer.adapter}.js"]
    # A worker of workerd may do nothing before it is called.
    end = "export default { test: main };" if peer.name == "workerd" else "await main();"
    texts = [f"const BENCH = {json.dumps(bench)};", *((PARTS / part).read_text(encoding="utf-8") for part in parts)]
    path = folder / f"{peer.name}-{case.workload.name}-{case.variant}{peer.suffix}"
    path.write_text("\n".join([*texts, end, ""]), encoding="utf-8")
    return path


def command(peer: Peer, case: Case, bench: Mapping[str, Any], folder: Path) -> list[str]:
    """The command of one sample."""
    if peer.name == NATIVE:
        return native_command(peer.command, case.workload.name, bench)
    path = write(peer, case, bench, folder)
    if peer.name == "workerd":
        configuration = path.with_suffix(".capnp")
        configuration.write_text(_CONFIGURATION.format(name=path.name), encoding="utf-8")
        return [*peer.command, str(configuration)]
    if peer.is_ours or peer.name == CHROMIUM:
        return [*peer.command, "--timeout", f"{bench['limit']:g}", str(path)]
    return [*peer.command, str(path)]


def native_command(command: tuple[str, ...], workload: str, bench: Mapping[str, Any]) -> list[str]:
    """The command of the native client."""
    found = [*command, workload]
    for name, option in _NATIVE_OPTIONS.items():
        if name in bench:
            found += [f"--{option}", str(bench[name])]
    # Of several roles it takes the first port each, of one all of them.
    ports = list(bench.get("ports", {}).values())
    chosen = ports[0] if len(ports) == 1 else [one[0] for one in ports]
    if len(chosen) > 1 and workload in ("W1", "W2", "W6", "W7", "W9"):
        chosen = chosen[:1]
    return [*found, "--port", ",".join(map(str, chosen))] if chosen else found


def environment(folder: Path) -> dict[str, str]:
    """The environment of all programs: nothing is looked up or kept elsewhere."""
    return {
        **os.environ,
        "DENO_NO_UPDATE_CHECK": "1",
        "DENO_DIR": str(folder / "deno"),
        "BUN_RUNTIME_TRANSPILER_CACHE_PATH": "0",
        "DO_NOT_TRACK": "1",
        "NO_COLOR": "1",
    }
