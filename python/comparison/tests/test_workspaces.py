# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""What is compared must differ in nothing but our patches."""

import tomllib
import unittest
from pathlib import Path
from typing import Any

from mach_support import paths

UNPATCHED = paths.ROOT / "tests/unpatched"
OURS = paths.ROOT / "components/servo"


def read(path: Path) -> Any:
    """A file of cargo's."""
    return tomllib.loads(path.read_text())


class Workspaces(unittest.TestCase):
    """The workspace of the browser without the fork, and that of ours."""

    def test_the_same_version_of_every_crate(self):
        def versions(path: Path) -> set[tuple[str, str]]:
            return {(package["name"], package["version"]) for package in read(path)["package"]}

        more = versions(UNPATCHED / "Cargo.lock") - versions(OURS / "Cargo.lock")
        self.assertEqual(more, {("unpatched-servo", "0.1.0")})

    def test_the_same_features_of_servo(self):
        theirs = read(UNPATCHED / "Cargo.toml")["dependencies"]["servo"]
        ours = read(paths.ROOT / "components/webview/Cargo.toml")["dependencies"]["servo"]
        self.assertEqual(theirs, ours)

    def test_the_same_profiles(self):
        self.assertEqual(read(UNPATCHED / "Cargo.toml")["profile"], read(OURS / "Cargo.toml")["profile"])

    def test_no_patch(self):
        self.assertNotIn("patch", read(UNPATCHED / "Cargo.toml"))
        crates = [package for package in read(UNPATCHED / "Cargo.lock")["package"] if "source" not in package]
        self.assertEqual([package["name"] for package in crates], ["unpatched-servo"])


if __name__ == "__main__":
    unittest.main()
