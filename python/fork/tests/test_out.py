# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""`./mach fork --out`: the fork for other people's applications."""

import tomllib

from fork import out
from fork.errors import ForkError
from fork.tests.fixture import ForkFixture


class OutTest(ForkFixture):
    def setUp(self) -> None:
        super().setUp()
        self.write(
            "Cargo.toml",
            '[workspace.package]\nversion = "0.1.0"\nedition = "2024"\n'
            '[workspace.dependencies]\nours = { path = "components/shared" }\n'
            'serde = { version = "1", features = ["derive"] }\nlog = "0.4"\n',
        )
        self.write(
            "components/shared/Cargo.toml",
            '[package]\nname = "ours"\nversion.workspace = true\nedition.workspace = true\n\n'
            "[dependencies]\nserde.workspace = true\nlog = { workspace = true, optional = true }\n\n"
            '[dev-dependencies]\nnone = { path = "../none" }\n\n[[test]]\nname = "all"\npath = "tests/all.rs"\n\n'
            "[lints]\nworkspace = true\n",
        )
        self.write("components/shared/src/lib.rs", "//! Ours.\n")
        self.write("components/shared/tests/all.rs", "// left out\n")
        self.write("components/servo/Cargo.toml", "[workspace]\n")
        self.write(
            "components/user/Cargo.toml",
            '[package]\nname = "user"\nversion = "0.1.0"\nworkspace = "../servo"\n\n'
            '[dependencies]\nours = { path = "../shared" }\n',
        )
        self.directory = self.root.parent / "out"

    def out(self) -> str:
        return out.generate(self.layout, self.directory, self.messages.append)

    def manifest(self, path: str) -> dict:
        return tomllib.loads((self.directory / path / "Cargo.toml").read_text())

    def test_prints_patch_lines_that_name_directories_with_manifests(self):
        patch = tomllib.loads(self.out())["patch"]["crates-io"]
        self.assertEqual(set(patch), {"servo-alpha", "servo-beta"})
        for entry in patch.values():
            self.assertTrue((self.directory / entry["path"] / "Cargo.toml").is_file())

    def test_servos_crates_find_our_copies(self):
        self.out()
        path = self.manifest("components/alpha")["dependencies"]["ours"]["path"]
        self.assertEqual(path, "../../direct-sockets/shared")

    def test_our_copies_inherit_from_nothing(self):
        self.out()
        shared = self.manifest("direct-sockets/shared")
        self.assertEqual(shared["package"], {"name": "ours", "version": "0.1.0", "edition": "2024"})
        self.assertEqual(shared["dependencies"]["serde"], {"version": "1", "features": ["derive"]})
        self.assertEqual(shared["dependencies"]["log"], {"version": "0.4", "optional": True})
        self.assertFalse({"lints", "test", "dev-dependencies"} & set(shared))
        user = self.manifest("direct-sockets/user")
        self.assertNotIn("workspace", user["package"])
        self.assertEqual(user["dependencies"]["ours"]["path"], "../shared")
        self.assertFalse((self.directory / "direct-sockets/shared/tests").exists())

    def test_refuses_a_directory_that_it_did_not_make(self):
        self.directory.mkdir()
        (self.directory / "mine.txt").write_text("mine")
        with self.assertRaisesRegex(ForkError, "is not empty"):
            self.out()

    def test_can_be_repeated(self):
        self.out()
        self.out()
        self.assertIn("0 written, 0 removed", self.messages[-1])

    def test_names_a_crate_of_ours_that_is_not_taken_along(self):
        text = self.layout.description.read_text().replace('"components/shared", ', "")
        self.layout.description.write_text(text)
        with self.assertRaisesRegex(ForkError, "components/shared, which own-crates does not list"):
            self.out()
