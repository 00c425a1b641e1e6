# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The places in this repository and in the target directory."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VERBS = ROOT / "mach-style-scripts"

# The fork, the Python environment, fetched tools and results stay in the repository's own target
# directory: the manifests name `target/fork`, so it cannot move with CARGO_TARGET_DIR.
TARGET = ROOT / "target"
FORK = TARGET / "fork"
VENV = TARGET / "venv"
RESULTS = TARGET / "test-results"

ENGINE_MANIFEST = ROOT / "components/servo/Cargo.toml"


def cargo_target() -> Path:
    """The target directory of the engine-free workspace."""
    named = os.environ.get("CARGO_TARGET_DIR")
    return Path(named).absolute() if named else TARGET


def engine_target() -> Path:
    """The target directory of the workspace that is compiled together with Servo."""
    return cargo_target() / "engine"


def shell_binary(release: bool) -> Path:
    """The command line program, once it is built."""
    suffix = ".exe" if os.name == "nt" else ""
    return engine_target() / ("release" if release else "debug") / f"direct-sockets-shell{suffix}"
