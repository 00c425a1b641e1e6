# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Under which conditions a run was made."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from bench.peers import Peer
from mach_support import paths


def conditions(peers: list[Peer]) -> dict[str, Any]:
    """What is worth knowing about the machine and what runs on it, at this moment."""
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "kernel": f"{platform.system()} {platform.release()}",
        "processor": processor(_text("/proc/cpuinfo")) or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": memory_gib(_text("/proc/meminfo")),
        "load_before": list(os.getloadavg()),
        "commit": commit(),
        "versions": {peer.name: peer.version for peer in peers if peer.version},
    }


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def processor(text: str) -> str:
    """The model in /proc/cpuinfo."""
    lines = (line.partition(":") for line in text.splitlines())
    return next((value.strip() for name, _, value in lines if name.strip() == "model name"), "")


def memory_gib(text: str) -> float | None:
    """The memory in /proc/meminfo."""
    lines = (line.split() for line in text.splitlines())
    return next((round(int(line[1]) / 1024**2, 1) for line in lines if line[:1] == ["MemTotal:"]), None)


def commit() -> str:
    """Which commit this is, and whether it was changed since."""
    command = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    try:
        result = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True)
    except OSError:
        return ""
    return result.stdout.strip() if result.returncode == 0 else ""


def told(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The same with labels that a person reads."""
    load = ", ".join(f"{value:.2f}" for value in found["load_before"])
    memory = found.get("memory_gib")
    facts = [
        ("Date", found["date"]),
        ("Commit", found["commit"]),
        ("Kernel", found["kernel"]),
        ("Processor", f"{found['cores']} × {found['processor']}"),
        ("Memory", f"{memory:g} GiB" if memory else ""),
        ("Load before", load),
        *((name, version) for name, version in found["versions"].items()),
    ]
    return [(label, text) for label, text in facts if text]
