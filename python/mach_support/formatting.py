# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""rustfmt and clippy over our sources."""

import subprocess
import sys
from pathlib import Path

from mach_support import cargo, paths
from mach_support.log import Failure, say


def rust_sources() -> list[Path]:
    """Our Rust files. Those of the fork's crate are modules of Servo, so no manifest leads to them."""
    return sorted(
        path
        for directory in ("components", "tests")
        for path in (paths.ROOT / directory).rglob("*.rs")
        if "target" not in path.relative_to(paths.ROOT).parts
    )


def format_sources(check: bool) -> int:
    """Formats every file by itself, so that it does not matter which crate a file belongs to."""
    command = ["rustfmt", "--edition", "2024"] + (["--check"] if check else [])
    try:
        result = subprocess.run([*command, *map(str, rust_sources())], cwd=paths.ROOT)
    except OSError as error:
        raise Failure(f"cannot run rustfmt: {error}; `rustup component add rustfmt` brings it") from error
    if result.returncode != 0 and check:
        say("format the sources with: ./mach fmt")
    return result.returncode


def clippy(unit_only: bool) -> int:
    """Clippy over both workspaces, warnings being errors."""
    base = ["cargo", "clippy", "--all-targets"]
    strict = ["--", "-D", "warnings"]
    unit = subprocess.run([*base, "--workspace", *strict], cwd=paths.ROOT, env=cargo.unit_environment())
    if unit.returncode != 0:
        say("rerun with: ./mach clippy --unit")
    if unit_only:
        return unit.returncode
    cargo.prepare_engine()
    command = [*base, "--manifest-path", str(paths.ENGINE_MANIFEST), "--workspace", *strict]
    engine = subprocess.run(command, cwd=paths.ROOT, env=cargo.engine_environment(), stdout=sys.stderr)
    if engine.returncode != 0:
        say("rerun with: ./mach clippy")
    return unit.returncode or engine.returncode
