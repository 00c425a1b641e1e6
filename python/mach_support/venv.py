# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The local Python environment with the libraries of python/requirements.txt, pinned by hash."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from mach_support import bootstrap, paths
from mach_support.log import Failure, say

REQUIREMENTS = paths.ROOT / "python/requirements.txt"
_STAMP = paths.VENV / ".requirements-sha256"


def python() -> Path:
    """The environment's interpreter."""
    return paths.VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _wanted() -> str:
    text = REQUIREMENTS.read_bytes() + f"{sys.version_info[:2]}".encode()
    return hashlib.sha256(text).hexdigest()


def is_ready() -> bool:
    """Whether the environment exists and fits the requirements."""
    return python().exists() and _STAMP.exists() and _STAMP.read_text() == _wanted()


def ensure() -> None:
    """Makes the environment where it is missing or out of date."""
    if is_ready():
        return
    bootstrap.provide((bootstrap.PYTHON,))
    say("setting up the Python environment in target/venv (a few seconds)")
    shutil.rmtree(paths.VENV, ignore_errors=True)
    made = subprocess.run([sys.executable, "-m", "venv", str(paths.VENV)], capture_output=True, text=True)
    if made.returncode != 0:
        raise Failure(f"cannot make a Python environment in {paths.VENV}: {(made.stderr or made.stdout).strip()}")
    command = [str(python()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    installed = subprocess.run(
        [*command, "--require-hashes", "-r", str(REQUIREMENTS)], stdout=sys.stderr
    )
    if installed.returncode != 0:
        raise Failure("cannot install python/requirements.txt (see above); is the network reachable?")
    _STAMP.write_text(_wanted())


def enter(arguments: list[str]) -> None:
    """Starts `mach` again in the environment, unless this is it."""
    if Path(sys.prefix).resolve() == paths.VENV.resolve() and is_ready():
        return
    ensure()
    command = [str(python()), str(paths.ROOT / "mach"), *arguments]
    if os.name == "nt":
        sys.exit(subprocess.run(command).returncode)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(command[0], command)
