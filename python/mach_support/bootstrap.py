# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Checks for what the machine must have, and installs it with apt where that is possible."""

import glob
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import Callable

from mach_support.log import Failure, say

MINIMUM_RUST = (1, 88)
MINIMUM_CLANG = 19


@dataclass(frozen=True)
class Need:
    """Something that must be there: what it is for, how to see it, and the apt packages that bring it."""

    what: str
    packages: tuple[str, ...]
    present: Callable[[], bool]


def _command(*names: str) -> Callable[[], bool]:
    return lambda: all(shutil.which(name) for name in names)


def _pkg_config(*modules: str) -> Callable[[], bool]:
    def present() -> bool:
        if not shutil.which("pkg-config"):
            return False
        return subprocess.run(["pkg-config", "--exists", *modules], capture_output=True).returncode == 0

    return present


def _file(*patterns: str) -> Callable[[], bool]:
    return lambda: any(glob.glob(pattern, recursive=True) for pattern in patterns)


def _library(name: str) -> Callable[[], bool]:
    return _file(f"/lib/{name}", f"/lib/*/{name}", f"/usr/lib/{name}", f"/usr/lib/*/{name}", f"/usr/lib64/{name}")


def _python_venv() -> bool:
    # Debian splits ensurepip off; without it an environment has no pip.
    return subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True).returncode == 0


PYTHON = Need("Python environments", ("python3-venv",), _python_venv)

BUILD = (
    Need("a C and C++ compiler", ("gcc", "g++", "libc6-dev"), _command("gcc", "g++")),
    Need("make", ("make",), _command("make")),
    Need("pkg-config", ("pkg-config",), _command("pkg-config")),
    Need("git (applies the fork's patches)", ("git",), _command("git")),
    Need("curl (fetches the prebuilt SpiderMonkey)", ("curl", "ca-certificates"), _command("curl")),
    PYTHON,
    Need("fontconfig's headers", ("libfontconfig-dev",), _pkg_config("fontconfig")),
    Need("freetype's headers", ("libfreetype-dev",), _pkg_config("freetype2")),
    Need("zlib's headers", ("zlib1g-dev",), _pkg_config("zlib")),
)

RUN = (
    Need("EGL", ("libegl1",), _library("libEGL.so.1")),
    Need("Mesa's EGL", ("libegl-mesa0",), _library("libEGL_mesa.so.0")),
    Need(
        "Mesa's drivers (software rendering)",
        ("libgl1-mesa-dri",),
        _file("/usr/lib/*/dri/*_dri.so", "/usr/lib64/dri/*_dri.so", "/usr/lib/*/libgallium-*.so"),
    ),
    Need("fontconfig", ("libfontconfig1",), _library("libfontconfig.so.1")),
    Need(
        "a font",
        ("fonts-dejavu-core",),
        _file("/usr/share/fonts/**/*.ttf", "/usr/share/fonts/**/*.otf", "/usr/local/share/fonts/**/*.ttf"),
    ),
)

TEST = (
    Need("ss (socket states)", ("iproute2",), _command("ss")),
    Need("strace (system calls)", ("strace",), _command("strace")),
    Need("Xvfb (a display for --window)", ("xvfb",), _command("Xvfb")),
    Need(
        "what winit loads to open a window",
        ("libx11-xcb1", "libxcursor1", "libxi6", "libxkbcommon-x11-0"),
        lambda: all(
            _library(name)()
            for name in ("libX11-xcb.so.1", "libXcursor.so.1", "libXi.so.6", "libxkbcommon-x11.so.0")
        ),
    ),
    Need("openssl (the certificate of the web server under test)", ("openssl",), _command("openssl")),
    Need("npm (fetches testharness.js)", ("npm",), _command("npm")),
)

CLANG = Need(
    f"clang {MINIMUM_CLANG} or newer with libclang (compiles SpiderMonkey)",
    tuple(f"{name}-{MINIMUM_CLANG}{suffix}" for name, suffix in (("clang", ""), ("libclang", "-dev"), ("llvm", ""))),
    lambda: find_clang() is not None,
)


@dataclass(frozen=True)
class Clang:
    """A clang that is new enough, with the tools of its version."""

    clang: str
    clangxx: str
    ar: str
    library_directory: str


def find_clang() -> Clang | None:
    """The newest suitable clang on this machine."""
    candidates = []
    for directory in os.environ.get("PATH", os.defpath).split(os.pathsep):
        candidates += glob.glob(os.path.join(directory, "clang")) + glob.glob(os.path.join(directory, "clang-[0-9]*"))
    candidates += glob.glob("/usr/lib/llvm-*/bin/clang")
    found = []
    for path in {os.path.realpath(candidate) for candidate in candidates}:
        clang = _describe_clang(path)
        if clang is not None:
            found.append(clang)
    return max(found, key=lambda entry: entry[0])[1] if found else None


def _describe_clang(path: str) -> tuple[int, Clang] | None:
    version = re.search(r"clang version (\d+)", _output(path, "--version"))
    if not version or int(version[1]) < MINIMUM_CLANG:
        return None
    directory = os.path.dirname(path)
    cxx = next((p for p in (f"{path}++", f"{directory}/clang++", f"{directory}/clang++-{version[1]}") if _runs(p)), "")
    ar = next((p for p in (f"{directory}/llvm-ar", f"{directory}/llvm-ar-{version[1]}") if _runs(p)), "") or "ar"
    places = (f"{directory}/../lib", f"/usr/lib/llvm-{version[1]}/lib")
    libraries = [library for place in places for library in glob.glob(f"{place}/libclang*.so*")]
    libraries = [library for library in libraries if "libclang-cpp" not in library]
    if not cxx or not libraries:
        return None
    return int(version[1]), Clang(path, cxx, ar, os.path.realpath(os.path.dirname(libraries[0])))


def _runs(path: str) -> bool:
    return os.access(path, os.X_OK)


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout
    except OSError:
        return ""


def check_rust() -> None:
    """Looks for cargo and a rustc that is new enough."""
    version = re.match(r"rustc (\d+)\.(\d+)", _output("rustc", "--version"))
    wanted = ".".join(map(str, MINIMUM_RUST))
    if not version or not shutil.which("cargo"):
        raise Failure(f"Rust {wanted} or newer is needed (rustc and cargo): install it as https://rustup.rs says")
    if (int(version[1]), int(version[2])) < MINIMUM_RUST:
        raise Failure(f"Rust {wanted} or newer is needed, this is {version[0][6:]}: run `rustup update stable`")


def missing(needs: tuple[Need, ...]) -> list[Need]:
    """The needs that are not met."""
    return [need for need in needs if not need.present()]


def _elevation() -> list[str] | None:
    """How apt can be run without asking anybody: [] as root, ["sudo", "-n"], or None."""
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


def provide(needs: tuple[Need, ...], required: bool = True) -> None:
    """Installs what is missing, or names it: as an error if `required`, as a remark otherwise."""
    lacking = missing(needs) if os.name == "posix" and sys.platform != "darwin" else []
    if not lacking:
        return
    packages = sorted({package for need in lacking for package in need.packages})
    names = ", ".join(need.what for need in lacking)
    elevation = _elevation()
    if elevation is not None:
        say(f"missing: {names}; installing with apt (about a minute): {' '.join(packages)}")
        _apt(elevation, packages)
        lacking = missing(needs)
        if not lacking:
            return
        names = ", ".join(need.what for need in lacking)
    if shutil.which("apt-get"):
        advice = f"run: sudo apt-get install --no-install-recommends {' '.join(packages)}"
    else:
        advice = f"install what your system calls (names of Debian): {' '.join(packages)}"
    if required:
        raise Failure(f"missing: {names}; {advice}")
    say(f"missing: {names}; tests that need it will fail or be skipped; {advice}")


def _apt(elevation: list[str], packages: list[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [*elevation, "apt-get", "install", "-q", "-y", "--no-install-recommends", *packages]
    if subprocess.run(install, env=environment, stdout=sys.stderr, stdin=subprocess.DEVNULL).returncode == 0:
        return
    # A fresh machine has no package lists, or old ones.
    update = [*elevation, "apt-get", "update", "-q"]
    subprocess.run(update, env=environment, stdout=sys.stderr, stdin=subprocess.DEVNULL)
    subprocess.run(install, env=environment, stdout=sys.stderr, stdin=subprocess.DEVNULL)


def for_building() -> None:
    """What `build` and `run` need."""
    check_rust()
    provide((*BUILD, *RUN))


def for_testing() -> None:
    """What the tests need on top. As root nothing may be missing; others are told."""
    provide(TEST, required=sys.platform == "linux" and os.geteuid() == 0)
