# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""A repository with a description, two tiny crates in a cargo cache of its own, and a patch."""

import hashlib
import io
import json
import os
import tarfile
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from fork.builder import Layout, generate

REVISION = "0123456789abcdef0123456789abcdef01234567"

LIBRARY = """\
/* Licence */

pub fn one() -> u32 {
    1
}

// a
// b
// c
// d

pub fn two() -> u32 {
    2
}
"""

MANIFEST = """\
[package]
name = "{name}"
version = "0.7.0"
edition = "2024"
build = false

[lib]
path = "lib.rs"

[dependencies.log]
version = "0.4"
"""

PATCH = """\
Return another number.

The reason stands here.
---
diff --git a/components/alpha/lib.rs b/components/alpha/lib.rs
--- a/components/alpha/lib.rs
+++ b/components/alpha/lib.rs
@@ -1,7 +1,7 @@
 /* Licence */
~
 pub fn one() -> u32 {
-    1
+    11
 }
~
 // a
@@ -10,5 +10,5 @@
 // d
~
 pub fn two() -> u32 {
-    2
+    22
 }
""".replace("~\n", " \n")  # An editor would take the space at the end of an empty line away.


def crate_archive(name: str, tree_path: str, files: dict[str, str], revision: str = REVISION) -> bytes:
    """A `.crate` file as cargo makes them."""
    info = {"git": {"sha1": revision}, "path_in_vcs": tree_path}
    files = {
        ".cargo_vcs_info.json": json.dumps(info),
        "Cargo.lock": "# left out",
        "Cargo.toml": MANIFEST.format(name=name),
        "Cargo.toml.orig": "# left out",
        **files,
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path, text in files.items():
            content = text.encode()
            member = tarfile.TarInfo(f"{name}-0.7.0/{path}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


class ForkFixture(unittest.TestCase):
    """Gives each test a fresh repository in a temporary directory."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory(prefix="fork-test-")
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name).resolve() / "repository"
        self.cache = Path(directory.name).resolve() / "cargo/registry/cache/index"
        environment = mock.patch.dict(os.environ, {"CARGO_HOME": str(self.cache.parents[2])})
        environment.start()
        self.addCleanup(environment.stop)

        self.layout = Layout(self.root)
        self.messages: list[str] = []
        self.sums: dict[str, str] = {}
        self.add_crate("servo-alpha", "components/alpha", {"lib.rs": LIBRARY, "dom/mod.rs": "// empty\n"})
        self.add_crate("servo-beta", "components/shared/beta", {"lib.rs": "pub fn b() {}\n", "conf": "start\n"})
        self.write("components/script/dom/ours/mod.rs", "//! Ours.\n")
        self.write("components/script/dom/ours/deep/file.rs", "// Ours, too.\n")
        self.write("components/servo/conf.append", "more\n")
        self.write_description()

    def add_crate(self, name: str, tree_path: str, files: dict[str, str], revision: str = REVISION) -> None:
        archive = crate_archive(name, tree_path, files, revision)
        self.cache.mkdir(parents=True, exist_ok=True)
        (self.cache / f"{name}-0.7.0.crate").write_bytes(archive)
        self.sums[name] = hashlib.sha256(archive).hexdigest()

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def write_description(self, extra: str = "") -> None:
        self.write(
            "components/servo/fork.toml",
            f"""
own-crates = ["components/shared", "components/user"]

[servo]
version = "0.7.0"
revision = "{REVISION}"

[[crate]]
name = "servo-alpha"
sha256 = "{self.sums['servo-alpha']}"
[crate.dependencies]
ours = {{ path = "components/shared" }}
url = {{ version = "2.5", features = ["serde"] }}
[crate.features]
sockets = []

[[crate]]
name = "servo-beta"
sha256 = "{self.sums['servo-beta']}"

[[copy]]
from = "components/script/dom/ours"
to = "components/alpha/dom/ours"

[[append]]
from = "components/servo/conf.append"
to = "components/shared/beta/conf"
{extra}""",
        )

    def add_patch(self, name: str = "0001-number.patch", text: str = PATCH) -> None:
        self.write(f"components/servo/patches/{name}", text)

    def generate(self) -> None:
        generate(self.layout, self.messages.append)

    def read(self, path: str) -> str:
        return (self.layout.output / path).read_text()

    def times(self) -> dict[str, int]:
        """The modification times of everything that was generated."""
        return {
            path.relative_to(self.layout.output).as_posix(): path.stat().st_mtime_ns
            for path in self.layout.output.rglob("*")
            if path.is_file() and not path.name.startswith(".")
        }

    def contents(self) -> dict[str, bytes]:
        return {path: (self.layout.output / path).read_bytes() for path in self.times()}

    def age(self) -> None:
        """Makes everything that was generated an hour older, so that a rewrite shows."""
        for path in self.times():
            status = (self.layout.output / path).stat()
            os.utime(self.layout.output / path, ns=(status.st_atime_ns, status.st_mtime_ns - 3_600_000_000_000))
