# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Runs cargo for the two workspaces."""

import os
import shlex
import subprocess
import sys

from mach_support import bootstrap, paths, spidermonkey, venv
from mach_support.log import Failure, say


def engine_environment() -> dict[str, str]:
    """The environment in which cargo builds the workspace that contains Servo."""
    return {
        **os.environ,
        **spidermonkey.environment(),
        "CARGO_TARGET_DIR": str(paths.engine_target()),
        # Servo's code generator gives the same bytes only with a fixed seed.
        "PYTHONHASHSEED": "0",
    }


def unit_environment() -> dict[str, str]:
    """The environment in which cargo builds the engine-free workspace."""
    return {**os.environ, "CARGO_TARGET_DIR": str(paths.cargo_target())}


def prepare_engine() -> None:
    """System packages and the fork: what must be there before cargo can look at the engine's workspace."""
    bootstrap.for_building()
    venv.ensure()
    # The fork builder needs the environment's libraries, so it runs as a verb of its own.
    command = [str(venv.python()), str(paths.ROOT / "mach"), "fork"]
    status = subprocess.run(command, stdout=sys.stderr).returncode
    if status != 0:
        raise Failure("the fork could not be generated; rerun with: ./mach fork", status)


def build_engine(release: bool, environment: dict[str, str] | None = None) -> None:
    """Builds the shell, and with it Servo."""
    prepare_engine()
    environment = environment or engine_environment()
    if not paths.shell_binary(release).exists():
        minutes = "15 to 30" if release else "8 to 20"
        say(f"the first build compiles all of Servo: about {minutes} minutes on 2 cores, 4 GB of disk")
    command = ["cargo", "build", "--manifest-path", str(paths.ENGINE_MANIFEST), "--package", "direct-sockets-shell"]
    run(command + (["--release"] if release else []), environment, "./mach build" + (" --release" if release else ""))


def build_unit(release: bool) -> None:
    """Builds the engine-free crates."""
    bootstrap.check_rust()
    command = ["cargo", "build", "--workspace"] + (["--release"] if release else [])
    run(command, unit_environment(), "./mach build --unit")


def run(command: list[str], environment: dict[str, str], rerun: str) -> None:
    """Runs a command in the root of the repository; its failure ends `mach` with the way to repeat it."""
    try:
        result = subprocess.run(command, cwd=paths.ROOT, env=environment, stdout=sys.stderr)
    except OSError as error:
        raise Failure(f"cannot run {command[0]}: {error}") from error
    if result.returncode != 0:
        raise Failure(f"failed: {shlex.join(command)}; rerun with: {rerun}")
