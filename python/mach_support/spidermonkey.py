# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Where SpiderMonkey comes from: an archive, mozjs's own download, or a compilation from source.

The choice is kept in target/spidermonkey.json. mozjs's build script runs again, and may compile for half
an hour, when the variables that it looks at change between two builds.
"""

import json
import os
import subprocess
import tomllib
from pathlib import Path

from mach_support import bootstrap, paths
from mach_support.log import Failure, say

_CHOICE = paths.TARGET / "spidermonkey.json"
_RELEASES = "https://github.com/servo/mozjs/releases"


def environment() -> dict[str, str]:
    """The variables that the build of the engine needs on top of the present ones."""
    wanted = _asked_for()
    if wanted is not None:
        return _remember(*wanted)
    kept = _kept()
    if kept is not None:
        return kept
    if _download_is_reachable():
        say("SpiderMonkey: a prebuilt archive will be downloaded by mozjs (about 20 MB, a minute at the most)")
        return _remember("download", {})
    say("SpiderMonkey: the prebuilt archive cannot be reached")
    return _remember("source", _from_source())


def _asked_for() -> tuple[str, dict[str, str]] | None:
    """What the person's own variables say."""
    if os.environ.get("MOZJS_FROM_SOURCE"):
        return "source", _from_source()
    archive = os.environ.get("MOZJS_ARCHIVE")
    if not archive:
        return None
    if "://" in archive:
        say(f"SpiderMonkey: a prebuilt archive from {archive} (MOZJS_ARCHIVE; a minute at the most)")
        return "archive", {"MOZJS_ARCHIVE": archive}
    path = Path(archive).resolve()
    if not path.is_file():
        raise Failure(f"MOZJS_ARCHIVE names {archive}, which is not a file", 2)
    say(f"SpiderMonkey: the prebuilt archive {path} (MOZJS_ARCHIVE; unpacked in seconds)")
    return "archive", {"MOZJS_ARCHIVE": str(path)}


def _kept() -> dict[str, str] | None:
    """The choice of an earlier build, as long as it still holds."""
    try:
        choice = json.loads(_CHOICE.read_text())
        mode, variables = choice["mode"], choice["variables"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    archive = variables.get("MOZJS_ARCHIVE", "")
    if archive and "://" not in archive and not Path(archive).is_file():
        return None
    if mode == "source":
        if not os.access(variables.get("CC", ""), os.X_OK):
            return None
        say("SpiderMonkey: compiled from source, as before")
    elif mode == "archive":
        say(f"SpiderMonkey: the prebuilt archive {archive}, as before")
    return variables


def _remember(mode: str, variables: dict[str, str]) -> dict[str, str]:
    _CHOICE.parent.mkdir(parents=True, exist_ok=True)
    _CHOICE.write_text(json.dumps({"mode": mode, "variables": variables}))
    return variables


def _from_source() -> dict[str, str]:
    bootstrap.provide((bootstrap.CLANG,))
    clang = bootstrap.find_clang()
    if clang is None:
        raise Failure(f"clang {bootstrap.MINIMUM_CLANG} or newer is needed to compile SpiderMonkey")
    say(
        f"SpiderMonkey: compiling from source with {clang.clang}; "
        "once, 15 to 30 minutes on 2 cores, and cargo shows nothing of it meanwhile"
    )
    return {
        "MOZJS_FROM_SOURCE": "1",
        "CC": clang.clang,
        "CXX": clang.clangxx,
        "AR": clang.ar,
        "CLANG_PATH": clang.clang,
        "LIBCLANG_PATH": clang.library_directory,
    }


def download_url() -> str:
    """What mozjs's build script fetches for this machine."""
    with (paths.ENGINE_MANIFEST.parent / "Cargo.lock").open("rb") as file:
        packages = tomllib.load(file)["package"]
    version = next((package["version"] for package in packages if package["name"] == "mozjs_sys"), None)
    if version is None:
        raise Failure("components/servo/Cargo.lock has no mozjs_sys")
    host = next(
        line.split()[1]
        for line in subprocess.run(["rustc", "-vV"], capture_output=True, text=True).stdout.splitlines()
        if line.startswith("host:")
    )
    return f"{_RELEASES}/download/mozjs-sys-v{version}/libmozjs-{host}.tar.gz"


def _download_is_reachable() -> bool:
    # With curl, because that is what mozjs's build script will use.
    command = ["curl", "-sfIL", "-m", "30", "-o", os.devnull, download_url()]
    try:
        return subprocess.run(command).returncode == 0
    except OSError:
        return False
