# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Fetching with a real apt, from an archive that the test makes."""

import hashlib
import io
import tarfile
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from comparison import debian
from mach_support.log import Failure

VERSION = "20.0.0-1"
FIXTURES = "node-20/test/fixtures/wpt"


def archive(path: Path, files: dict[str, str], links: dict[str, str] | None = None) -> Path:
    """A compressed tar."""
    with tarfile.open(path, "w:xz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return path


class Folder(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)


class Mirror(Folder):
    """Which mirror a machine uses."""

    def uris(self, sources: str) -> str:
        """What apt says about a list of sources."""
        (self.root / "list").write_text(sources)
        (self.root / "state/lists/partial").mkdir(parents=True)
        command = ["apt-get", "-o", f"Dir::Etc::sourcelist={self.root}/list", "-o", "Dir::Etc::sourceparts=-"]
        return debian.call([*command, "-o", f"Dir::State={self.root}/state", "update", "--print-uris"], self.root)

    def test_is_that_of_the_archive_and_not_of_security_updates_or_others(self):
        uris = self.uris(
            "deb http://other.test/apt cloud-sdk-bookworm main\n"
            "deb http://mirror.test/debian-security bookworm-security main\n"
            "deb http://mirror.test/debian/ bookworm main\n"
        )
        self.assertEqual(debian.mirror_in(uris), "http://mirror.test/debian")

    def test_may_be_anywhere(self):
        self.assertEqual(debian.mirror_in(self.uris("deb http://m.test/a/b/debian stable main\n")), "http://m.test/a/b/debian")

    def test_a_machine_without_one_is_told_what_to_do(self):
        text = self.uris("deb http://archive.test/ubuntu noble main\n")
        with mock.patch.object(debian, "call", lambda *_: text), self.assertRaisesRegex(Failure, "--wpt DIR"):
            debian.mirror()

    def test_a_machine_without_apt_is_told_what_to_do(self):
        with self.assertRaisesRegex(Failure, "no-such-apt is not installed.*--wpt DIR"):
            debian.call(["no-such-apt", "update"], self.root)

    def test_a_failure_of_apt_is_passed_on(self):
        with self.assertRaisesRegex(Failure, "apt-get nothing failed: E: Invalid operation nothing"):
            debian.call(["apt-get", "nothing"], self.root)


class Unpack(Folder):
    """What is taken out of the archive."""

    def test_only_the_fixtures(self):
        source = archive(
            self.root / "a.tar.xz",
            {
                f"{FIXTURES}/streams/a.any.js": "a",
                f"{FIXTURES}/resources/testharness.js": "t",
                "node-20/test/fixtures/other.js": "o",
                "node-20/test/fixtures/wpt-more/b.js": "b",
            },
            {f"{FIXTURES}/link": "/etc"},
        )
        self.assertEqual(debian.unpack(source, self.root / "out"), 2)
        found = {path.relative_to(self.root / "out").as_posix() for path in (self.root / "out").rglob("*.js")}
        self.assertEqual(found, {"streams/a.any.js", "resources/testharness.js"})
        self.assertFalse((self.root / "out/link").is_symlink())

    def test_nothing_outside_of_the_folder(self):
        source = archive(self.root / "a.tar.xz", {f"{FIXTURES}/../../../../evil.js": "x"})
        with self.assertRaisesRegex(Failure, "leads elsewhere"):
            debian.unpack(source, self.root / "a/b/out")
        self.assertEqual(list(self.root.rglob("evil.js")), [])

    def test_has_bounds(self):
        source = archive(self.root / "a.tar.xz", {f"{FIXTURES}/{name}.js": "text" for name in "abc"})
        for bounds in ({"most_files": 2}, {"most_bytes": 11}):
            with self.subTest(bounds), self.assertRaisesRegex(Failure, "more than"):
                debian.unpack(source, self.root / "out", **bounds)
        self.assertEqual(debian.unpack(source, self.root / "out", most_files=3, most_bytes=12), 3)

    def test_an_archive_without_fixtures_is_named(self):
        source = archive(self.root / "a.tar.xz", {"node-20/README.md": "r"})
        with self.assertRaisesRegex(Failure, "a.tar.xz has no folder test/fixtures/wpt"):
            debian.unpack(source, self.root / "out")


class Fetch(Folder):
    """From the archive to the folder, with apt."""

    def setUp(self):
        super().setUp()
        self.mirror = self.root / "mirror"
        pool = self.mirror / "pool"
        pool.mkdir(parents=True)
        archive(pool / "nodejs_20.0.0.orig.tar.xz", {f"{FIXTURES}/streams/a.any.js": "a"})
        archive(pool / "nodejs_20.0.0.orig-ada.tar.xz", {"ada/README.md": "r"})
        archive(pool / "nodejs_20.0.0-1.debian.tar.xz", {"debian/control": "c"})
        (pool / "nodejs_20.0.0-1.dsc").write_text("Format: 3.0 (quilt)\n")
        lines = []
        for path in sorted(pool.iterdir()):
            lines.append(f" {hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_size} {path.name}")
        index = self.mirror / "dists" / debian.RELEASE / "main/source/Sources"
        index.parent.mkdir(parents=True)
        index.write_text(
            f"Package: nodejs\nBinary: nodejs\nVersion: {VERSION}\nFormat: 3.0 (quilt)\nArchitecture: any\n"
            "Directory: pool\nChecksums-Sha256:\n" + "\n".join(lines) + "\n"
        )

    def fetch(self) -> tuple[Path, str]:
        """Fetch without a signature, which nobody here could make."""
        return debian.fetch(self.root / "fixtures", f"file:{self.mirror}", "trusted=yes")

    def test_fetches_once(self):
        tests, version = self.fetch()
        self.assertEqual(version, VERSION)
        self.assertEqual((tests / "streams/a.any.js").read_text(), "a")
        self.assertFalse((self.root / "fixtures/apt").exists())
        (self.mirror / "pool/nodejs_20.0.0.orig.tar.xz").unlink()
        self.assertEqual(self.fetch(), (tests, version))

    def test_what_is_not_as_the_index_says_is_refused(self):
        damaged = self.mirror / "pool/nodejs_20.0.0.orig.tar.xz"
        damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
        with self.assertRaisesRegex(Failure, "apt-get nodejs failed"):
            self.fetch()
        self.assertFalse((self.root / "fixtures/STAMP").exists())

    def test_what_is_not_signed_is_refused(self):
        with self.assertRaisesRegex(Failure, "apt-get -q failed.*not signed|does not have a Release file"):
            debian.fetch(self.root / "fixtures", f"file:{self.mirror}", "")


if __name__ == "__main__":
    unittest.main()
