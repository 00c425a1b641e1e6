# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Who is measured: ours, the client without an engine, and the runtimes that are installed."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.workloads import Case
from mach_support import paths
from mach_support.log import Failure

OURS, NATIVE, CHROMIUM = "ours", "native", "chromium"
# How long a runtime may take to tell its version, in seconds.
VERSION_LIMIT = 20.0
# What runs a program in Chromium.
DRIVER = paths.ROOT / "tests/bench/chromium/driver.mjs"


@dataclass(frozen=True)
class Peer:
    """Somebody who runs the workloads."""

    name: str
    # What stands in front of the program, or of the workload's name for the native client.
    command: tuple[str, ...] = ()
    # Which file of tests/bench/workloads/adapters; none for the native client.
    adapter: str | None = None
    # Whether its sockets are web streams: the programs are then the same as ours.
    streams: bool = False
    suffix: str = ".mjs"
    version: str = ""
    # Whether W4's server waits for the client's end, for one that cannot open a connection that has ended already.
    client_ends: bool = False
    # From a workload or a case to why there is no such thing.
    gaps: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def is_ours(self) -> bool:
        """Whether it is this project's engine, in whichever mode."""
        return self.name.partition("-")[0] == OURS

    @property
    def is_other(self) -> bool:
        """Whether it is one of those that ours is compared with."""
        return not self.is_ours and self.name != NATIVE

    def gap(self, case: Case) -> str | None:
        """Why this case cannot be run here, if it cannot."""
        return self.gaps.get(case.name) or self.gaps.get(case.workload.name)


@dataclass(frozen=True)
class Runtime:
    """A program that others make, and the peers that it can be."""

    variable: str
    arguments: tuple[str, ...]
    peers: tuple[Peer, ...]
    # What another runtime runs to run this one.
    driver: Path | None = None

    @property
    def program(self) -> str:
        """What it is called on PATH."""
        return self.variable.lower()


_NO_DATAGRAMS = "no datagrams"
_DENO_FLAGS = ("run", "--quiet", "--no-check", "--no-lock", "--no-config", "--unstable-net", "--allow-net=127.0.0.1")

_CHROMIUM_GAPS = {"W2": "what is written while 64 KiB wait gets lost, and the end of the writable is never sent"}

RUNTIMES = (
    Runtime(
        "NODE",
        ("--no-warnings",),
        (Peer("node-net", adapter="node-net"), Peer("node-web", adapter="node-web", streams=True)),
    ),
    Runtime(
        "DENO",
        _DENO_FLAGS,
        (
            Peer("deno-web", adapter="deno-web", streams=True, suffix=".js"),
            Peer(
                "deno-raw",
                adapter="deno-raw",
                suffix=".js",
                gaps={"W1/byob": "the same as default: read() always fills a buffer of the caller's"},
            ),
        ),
    ),
    Runtime(
        "BUN",
        ("run",),
        (Peer("bun", adapter="bun", gaps={"W1/byob": "the callback brings its own buffer"}),),
    ),
    Runtime(
        "WORKERD",
        ("test", "--experimental"),
        (
            Peer(
                "workerd",
                adapter="workerd",
                streams=True,
                gaps={
                    "W6": _NO_DATAGRAMS,
                    "W7": _NO_DATAGRAMS,
                    "W8": "JavaScript cannot listen",
                    "W9": _NO_DATAGRAMS,
                    "W10": "its clock moves in steps of a millisecond",
                },
            ),
        ),
    ),
    Runtime(
        "CHROMIUM",
        (),
        (Peer(CHROMIUM, adapter="direct-sockets", streams=True, client_ends=True, gaps=_CHROMIUM_GAPS),),
        driver=DRIVER,
    ),
)
_NODE = RUNTIMES[0]

NAMES = (OURS, NATIVE, *(peer.name for runtime in RUNTIMES for peer in runtime.peers))


@dataclass
class Found:
    """The peers of a run, and those that are missing with the reason."""

    peers: list[Peer] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)


def find(wanted: list[str] | None, environment: Mapping[str, str]) -> Found:
    """The runtimes that are installed, of those that are wanted; of all if nothing was said."""
    for name in wanted or []:
        if name not in NAMES:
            raise Failure(f"--peers {name}: no such peer; there are {', '.join(NAMES)}", 2)
    found = Found()
    for runtime in RUNTIMES:
        peers = [peer for peer in runtime.peers if wanted is None or peer.name in wanted]
        if not peers:
            continue
        path, problem = locate(runtime, environment)
        version = version_of(path) if path else None
        if path and version is None:
            problem = f"{path} --version fails"
        command = (path or "", *runtime.arguments)
        if runtime.driver and not problem:
            node, problem = locate(_NODE, environment)
            problem = f"it is driven by Node, and there is {problem}" if problem else ""
            command = (node or "", str(runtime.driver), f"--{runtime.program}", *command)
        for peer in peers:
            if problem or version is None:
                found.missing[peer.name] = problem
            else:
                found.peers.append(dataclasses.replace(peer, command=command, version=version))
    return found


def locate(runtime: Runtime, environment: Mapping[str, str]) -> tuple[str | None, str]:
    """The program of a runtime, or why there is none."""
    named = environment.get(runtime.variable)
    if named:
        path = shutil.which(named, path=environment.get("PATH", os.defpath))
        return path, "" if path else f"{runtime.variable}={named} cannot be run"
    path = shutil.which(runtime.program, path=environment.get("PATH", os.defpath))
    return path, "" if path else f"no {runtime.program} on PATH, and {runtime.variable} names none"


def version_of(program: str | Path) -> str | None:
    """The first line of what a program says of its version."""
    try:
        result = subprocess.run(
            [str(program), "--version"],
            capture_output=True,
            text=True,
            timeout=VERSION_LIMIT,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = result.stdout.strip().splitlines()
    return lines[0] if result.returncode == 0 and lines else None


def ours(binary: Path, modes: list[tuple[str, ...]]) -> list[Peer]:
    """This project's shell, once for each set of its flags."""
    version = version_of(binary) or ""
    return [
        Peer(
            "-".join([OURS, *(flag.removeprefix("--") for flag in flags)]),
            (str(binary), *flags),
            "direct-sockets",
            streams=True,
            version=version,
        )
        for flags in modes
    ]


def native(server: Path) -> Peer:
    """The client without an engine."""
    return Peer(NATIVE, (str(server), "run"))
