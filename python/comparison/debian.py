# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Fetches web-platform tests from a source package of Debian, by apt's own means and with apt's own checks.

The machine's apt need not know source packages, nor the release that they are taken from: what is fetched, and what apt
remembers of it, stays in a folder of ours. Only the mirror is the machine's.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mach_support.log import Failure, say

PACKAGE = "nodejs"
RELEASE = "trixie"
# The version that the figures of the closing note are of. Security updates of the release may have another.
KNOWN_VERSION = "20.19.2+dfsg-1+deb13u2"
# Where the package has them, below the folder that its archive unpacks to.
FIXTURES = PurePosixPath("test/fixtures/wpt")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# The releases of the archive that a machine's sources may name; "bookworm-security" is of another archive.
RELEASES = {
    "oldoldstable", "oldstable", "stable", "testing", "unstable", "experimental",
    "buster", "bullseye", "bookworm", "trixie", "forky", "sid",
}  # fmt: skip
INDEX = re.compile(r"^'(?P<mirror>[^']+?)/?/dists/(?P<release>[^/']+)/InRelease'", re.MULTILINE)
# How long apt may take for each of its steps, in seconds.
PATIENCE = 600
# What the fixtures may take. Those of nodejs 20 have 1450 files and 22 MB.
MOST_FILES = 50_000
MOST_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True)
class Apt:
    """An apt that keeps everything in `directory`, and knows nothing but the source packages of one release."""

    directory: Path
    # What stands in the brackets of a source: who must have signed.
    trust: str = f"signed-by={KEYRING}" if KEYRING.is_file() else ""

    def prepare(self, mirror: str) -> None:
        """Make the folders and the list of sources."""
        shutil.rmtree(self.directory, ignore_errors=True)
        for folder in ("state/lists/partial", "cache/archives/partial", "archives"):
            (self.directory / folder).mkdir(parents=True, exist_ok=True)
        (self.directory / "status").touch()
        trust = f"[{self.trust}] " if self.trust else ""
        (self.directory / "sources.list").write_text(f"deb-src {trust}{mirror} {RELEASE} main\n")

    def run(self, program: str, *arguments: str) -> str:
        """Run apt-get or apt-cache; what it prints."""
        options = {
            "Dir::State": self.directory / "state",
            "Dir::State::status": self.directory / "status",
            "Dir::Cache": self.directory / "cache",
            "Dir::Etc::sourcelist": self.directory / "sources.list",
            "Dir::Etc::sourceparts": "-",
            # The user for whom apt gives up its rights could not write here.
            "APT::Sandbox::User": "",
        }
        settings = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        return call([program, *settings, *arguments], self.directory / "archives")

    def version(self) -> str:
        """The version of the package that the release has."""
        found = re.search(r"^Version: (\S+)$", self.run("apt-cache", "showsrc", "--only-source", PACKAGE), re.MULTILINE)
        if found is None:
            raise Failure(f"{RELEASE} has no source package {PACKAGE}")
        return found[1]

    def download(self) -> Path:
        """Fetch the archives of the package; apt checks them. Returns the one that has the fixtures."""
        self.run("apt-get", "source", "--download-only", "--tar-only", "-q", PACKAGE)
        # Its companions are called ...orig-NAME.tar.xz.
        found = sorted((self.directory / "archives").glob(f"{PACKAGE}_*.orig.tar.*"))
        if len(found) != 1:
            raise Failure(f"apt left {len(found)} archives {PACKAGE}_*.orig.tar.* where one was expected")
        return found[0]


def call(command: list[str], directory: Path) -> str:
    """Run a program of apt's; what it prints on standard output."""
    try:
        done = subprocess.run(
            command, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE
        )
    except FileNotFoundError:
        advice = "name a checkout of web-platform-tests with --wpt DIR"
        raise Failure(f"{command[0]} is not installed; it is needed to fetch the tests; or {advice}") from None
    except subprocess.TimeoutExpired:
        raise Failure(f"{command[0]} {command[-1]} took longer than {PATIENCE} s") from None
    if done.returncode != 0:
        said = "; ".join(line for line in done.stderr.splitlines() if line.startswith(("E:", "W:"))) or done.stderr
        raise Failure(f"{command[0]} {command[-1]} failed: {said.strip()}")
    return done.stdout


def mirror_in(uris: str) -> str | None:
    """The mirror of Debian's archive in what `apt-get update --print-uris` prints."""
    for found in INDEX.finditer(uris):
        if found["release"] in RELEASES:
            return found["mirror"]
    return None


def mirror() -> str:
    """The mirror of Debian that this machine uses."""
    found = mirror_in(call(["apt-get", "update", "--print-uris"], Path.cwd()))
    if found is None:
        raise Failure(
            "the sources of this machine's apt name no mirror of Debian's archive; "
            "name a checkout of web-platform-tests with --wpt DIR"
        )
    return found


def unpack(archive: Path, directory: Path, most_files: int = MOST_FILES, most_bytes: int = MOST_BYTES) -> int:
    """Unpack the fixtures, and nothing else, into `directory`; how many files they are."""
    files = size = 0
    with tarfile.open(archive) as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            # The first part is the folder of the package's version.
            inside = PurePosixPath(*path.parts[1:])
            if not inside.is_relative_to(FIXTURES):
                continue
            source = tar.extractfile(member) if member.isfile() else None
            if source is None:
                continue
            if ".." in inside.parts:
                raise Failure(f"{archive.name} has a file with a name that leads elsewhere: {member.name}")
            files, size = files + 1, size + member.size
            if files > most_files or size > most_bytes:
                raise Failure(f"{archive.name} has more than {most_files} files or {most_bytes} bytes of fixtures")
            target = directory / inside.relative_to(FIXTURES)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                shutil.copyfileobj(source, file)
    if not files:
        raise Failure(f"{archive.name} has no folder {FIXTURES}")
    return files


def copy(source: Path, directory: Path, folders: list[str]) -> None:
    """Copy some folders of a checkout of web-platform-tests."""
    shutil.rmtree(directory, ignore_errors=True)
    for folder in folders:
        if (source / folder).is_dir():
            shutil.copytree(source / folder, directory / folder)


def fetch(directory: Path, source: str | None = None, trust: str = Apt.trust) -> tuple[Path, str]:
    """The fixtures in `directory`/tests and the version of their package. Fetched once, from this machine's mirror."""
    tests, stamp = directory / "tests", directory / "STAMP"
    if stamp.is_file():
        return tests, stamp.read_text().strip()
    say(f"fetching the source package {PACKAGE} of Debian {RELEASE} with apt (about 30 MB)")
    apt = Apt(directory / "apt", trust)
    shutil.rmtree(tests, ignore_errors=True)
    apt.prepare(source or mirror())
    apt.run("apt-get", "update", "-q")
    version = apt.version()
    if version != KNOWN_VERSION:
        say(f"{PACKAGE} is at {version}; the figures that are quoted are of {KNOWN_VERSION}")
    files = unpack(apt.download(), tests)
    # The archives were needed for this only.
    shutil.rmtree(apt.directory)
    stamp.write_text(version + "\n")
    say(f"{files} files of web-platform tests from {PACKAGE} {version}")
    return tests, version
