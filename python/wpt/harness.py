# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Where everything lies, and how testharness.js gets here.

testharness.js, idlharness.js, webidl2.js and gc.js are published in the npm package wpt-runner. They are fetched once
into target/wpt-harness, checked against the digest below and never committed.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests" / "wpt"
OS_TESTS = ROOT / "tests" / "os"
# What reports the results of testharness.js to the runner.
REPORT = TESTS / "resources" / "testharnessreport.js"
METADATA = ROOT / "wpt-metadata"
HARNESS = ROOT / "target" / "wpt-harness"
# The certificate of the web server, made by it.
CERTIFICATES = ROOT / "target" / "wpt-certificates"
# Tests of web-platform-tests that are not in this repository and that wpt-metadata speak of all the same.
UPSTREAM = {TESTS / "direct-sockets" / "udp_socket_multicast.https.html"}
RESULTS = ROOT / "target" / "test-results" / "wpt.jsonl"

PACKAGE = "wpt-runner"
VERSION = "7.0.0"
# The digest of the published archive, as `npm view wpt-runner@7.0.0 dist.integrity` gives it, in hexadecimal.
SHA512 = (
    "84c165f43c2573c733b71866d32d928cb03d2e665d2e4e70e7248ba4314d80f8"
    "77ef38f3823693bf1b323144a4ad51525bc795737a90872366df02bcdfe56a55"
)
# From the archive to the folder that the server serves.
FILES = {
    "package/testharness/testharness.js": "resources/testharness.js",
    "package/testharness/idlharness.js": "resources/idlharness.js",
    "package/testharness/webidl2.js": "resources/WebIDLParser.js",
    "package/common/gc.js": "common/gc.js",
    "package/LICENSE.txt": "LICENSE.txt",
}
# How long npm may take, in seconds.
DOWNLOAD_TIMEOUT = 300


class HarnessError(Exception):
    """The harness could not be fetched, or is not what it should be."""


def stamp() -> str:
    """What target/wpt-harness/STAMP holds when the folder is complete."""
    return f"{PACKAGE} {VERSION} {SHA512} {' '.join(FILES.values())}\n"


def ensure(directory: Path = HARNESS) -> Path:
    """Make sure that the harness files are in `directory`, and return it."""
    marker = directory / "STAMP"
    if marker.is_file() and marker.read_text() == stamp():
        return directory
    with tempfile.TemporaryDirectory() as scratch:
        archive = download(Path(scratch))
        unpack(archive, directory)
    marker.write_text(stamp())
    return directory


def download(scratch: Path) -> Path:
    """Have npm fetch the published archive."""
    command = ["npm", "pack", f"{PACKAGE}@{VERSION}", "--silent", "--pack-destination", str(scratch)]
    print(f"fetching {PACKAGE} {VERSION} from npm (testharness.js)", file=sys.stderr)
    try:
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT)
    except FileNotFoundError:
        raise HarnessError("npm is not installed; it is needed to fetch testharness.js") from None
    except subprocess.TimeoutExpired:
        raise HarnessError(f"npm took longer than {DOWNLOAD_TIMEOUT} s to fetch {PACKAGE}") from None
    if done.returncode != 0:
        raise HarnessError(f"npm could not fetch {PACKAGE}@{VERSION}: {done.stderr.strip()}")
    archives = sorted(scratch.glob("*.tgz"))
    if len(archives) != 1:
        raise HarnessError(f"npm pack left {len(archives)} archives where one was expected")
    return archives[0]


def unpack(archive: Path, directory: Path, digest: str = SHA512) -> None:
    """Check `archive` against `digest` and copy what is needed out of it."""
    found = hashlib.sha512(archive.read_bytes()).hexdigest()
    if found != digest:
        raise HarnessError(f"{archive.name} has the SHA-512 {found}, expected {digest}")
    directory.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        for member, name in FILES.items():
            source = tar.extractfile(member)
            if source is None:
                raise HarnessError(f"{archive.name} has no {member}")
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_bytes(source.read())
