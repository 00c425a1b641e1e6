# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""What ends up in the generated tree, and which files are rewritten."""

import tomllib
from unittest import mock

from fork import quiet
from fork.errors import ForkError
from fork.tests.fixture import LIBRARY, ForkFixture


class TreeTest(ForkFixture):
    def test_lays_crates_out_as_in_servos_tree(self):
        self.generate()
        self.assertIn("pub fn b()", self.read("components/shared/beta/lib.rs"))
        self.assertEqual(self.read("components/alpha/dom/mod.rs"), "// empty\n")
        self.assertFalse((self.layout.output / "components/alpha/Cargo.lock").exists())
        self.assertFalse((self.layout.output / "components/alpha/Cargo.toml.orig").exists())

    def test_copies_our_files_and_appends_our_text(self):
        self.generate()
        self.assertEqual(self.read("components/alpha/dom/ours/deep/file.rs"), "// Ours, too.\n")
        self.assertEqual(self.read("components/shared/beta/conf"), "start\n\nmore\n")

    def test_refuses_to_overwrite_a_file_of_servo(self):
        self.add_crate("servo-alpha", "components/alpha", {"lib.rs": "", "dom/ours/mod.rs": "theirs"})
        self.write_description()
        with self.assertRaisesRegex(ForkError, "components/alpha/dom/ours/mod.rs already"):
            self.generate()

    def test_silences_upstream_after_the_licence_comment(self):
        self.generate()
        lines = self.read("components/alpha/lib.rs").splitlines()
        self.assertEqual(lines[0], "/* Licence */ #![allow(warnings)]")
        self.assertEqual(len(lines), len(LIBRARY.splitlines()))
        self.assertTrue(self.read("components/shared/beta/lib.rs").startswith("#![allow(warnings)] pub fn b"))

    def test_lets_our_modules_warn(self):
        self.generate()
        self.assertEqual(self.read("components/alpha/dom/ours/mod.rs"), "#![warn(warnings)] //! Ours.\n")
        self.assertEqual(self.read("components/alpha/dom/ours/deep/file.rs"), "// Ours, too.\n")

    def test_attributes_come_after_a_licence_in_line_comments(self):
        self.assertEqual(quiet.insert(b"// A\n// B\n\n//! C\n", b"#![x]"), b"// A\n// B\n#![x] \n//! C\n")
        self.assertEqual(quiet.insert(b"/// A\nfn b() {}\n", b"#![x]"), b"#![x] /// A\nfn b() {}\n")

    def test_edits_manifests_and_keeps_the_rest(self):
        self.generate()
        text = self.read("components/alpha/Cargo.toml")
        manifest = tomllib.loads(text)
        self.assertEqual(manifest["dependencies"]["ours"]["path"], "../../../../components/shared")
        self.assertEqual(manifest["dependencies"]["url"], {"version": "2.5", "features": ["serde"]})
        self.assertEqual(manifest["dependencies"]["log"], {"version": "0.4"})
        self.assertEqual(manifest["features"]["sockets"], [])
        self.assertEqual(manifest["package"]["version"], "0.7.0")
        self.assertTrue((self.layout.output / "components/alpha" / "../../../../components/shared").resolve())

    def test_refuses_a_dependency_that_exists(self):
        text = self.layout.description.read_text().replace("url = {", "log = {")
        self.layout.description.write_text(text)
        with self.assertRaisesRegex(ForkError, "servo-alpha: dependency log exists already"):
            self.generate()

    def test_names_an_unknown_key(self):
        self.write_description('[[crate]]\nname = "x"\nsha = "y"\n')
        with self.assertRaisesRegex(ForkError, "x: unknown key sha"):
            self.generate()

    def test_refuses_a_path_that_leaves_the_tree(self):
        self.write_description('[[copy]]\nfrom = "components"\nto = "../outside"\n')
        with self.assertRaisesRegex(ForkError, "leaves the tree"):
            self.generate()


    def test_a_crate_that_the_workspace_forgets_is_named(self):
        line = 'servo-alpha = { path = "../../target/fork/components/alpha" }\n'
        self.write("components/servo/Cargo.toml", "[patch.crates-io]\n" + line)
        with self.assertRaisesRegex(ForkError, "servo-beta = .*target/fork/components/shared/beta"):
            self.generate()
        self.write(
            "components/servo/Cargo.toml",
            f'[patch.crates-io]\n{line}servo-beta = {{ path = "../../target/fork/components/shared/beta" }}\n',
        )
        self.generate()


class SourceTest(ForkFixture):
    def test_refuses_an_archive_with_another_checksum(self):
        archive = self.cache / "servo-beta-0.7.0.crate"
        archive.write_bytes(archive.read_bytes() + b"x")
        with mock.patch("fork.sources._fetch"), self.assertRaisesRegex(ForkError, "servo-beta.*checksum mismatch"):
            self.generate()

    def test_fetches_what_the_cache_lacks(self):
        archive = self.cache / "servo-beta-0.7.0.crate"
        content = archive.read_bytes()
        archive.unlink()
        with mock.patch("fork.sources._fetch", lambda *_: archive.write_bytes(content)):
            self.generate()
        self.assertIn("fetching servo-beta 0.7.0", self.messages)

    def test_refuses_sources_of_another_revision(self):
        self.add_crate("servo-beta", "components/shared/beta", {"lib.rs": ""}, "f" * 40)
        self.write_description()
        with self.assertRaisesRegex(ForkError, "servo-beta was published from ffff"):
            self.generate()

    def test_refuses_a_lock_file_with_another_version_or_checksum(self):
        self.write("components/servo/Cargo.lock", '[[package]]\nname = "servo-beta"\nversion = "0.8.0"\n')
        with self.assertRaisesRegex(ForkError, "servo-beta 0.8.0"):
            self.generate()
        lock = '[[package]]\nname = "servo-beta"\nversion = "0.7.0"\nchecksum = "00"\n'
        self.write("components/servo/Cargo.lock", lock)
        with self.assertRaisesRegex(ForkError, "differ in the checksum"):
            self.generate()


class RepetitionTest(ForkFixture):
    def test_the_same_input_gives_the_same_bytes(self):
        self.add_patch()
        self.generate()
        first = self.contents()
        for path in self.layout.output.rglob("*"):
            if path.is_file():
                path.unlink()
        self.generate()
        self.assertEqual(self.contents(), first)

    def test_nothing_is_touched_when_nothing_changed(self):
        self.add_patch()
        self.generate()
        before = self.times()
        self.generate()
        self.assertEqual(self.messages[-1], "fork is up to date")
        self.assertEqual(self.times(), before)

    def test_an_edit_of_one_file_rewrites_one_file(self):
        self.add_patch()
        self.generate()
        self.age()
        before = self.times()
        self.write("components/script/dom/ours/mod.rs", "//! Ours, edited.\n")
        self.generate()
        after = self.times()
        changed = {path for path in after if after[path] != before[path]}
        self.assertEqual(changed, {"components/alpha/dom/ours/mod.rs"})

    def test_a_file_that_vanished_is_removed(self):
        self.generate()
        (self.root / "components/script/dom/ours/deep/file.rs").unlink()
        self.generate()
        self.assertFalse((self.layout.output / "components/alpha/dom/ours/deep").exists())
        self.assertTrue((self.layout.output / "components/alpha/dom/ours/mod.rs").exists())

    def test_an_edit_of_the_result_is_undone(self):
        self.generate()
        (self.layout.output / "components/alpha/dom/mod.rs").write_text("// edited by hand\n")
        (self.layout.output / "components/shared/beta/conf").unlink()
        self.generate()
        self.assertEqual(self.read("components/alpha/dom/mod.rs"), "// empty\n")
        self.assertEqual(self.read("components/shared/beta/conf"), "start\n\nmore\n")

    def test_a_new_patch_is_noticed(self):
        self.generate()
        self.assertIn(LIBRARY.partition("\n")[2], self.read("components/alpha/lib.rs"))
        self.add_patch()
        self.generate()
        self.assertIn("    11\n", self.read("components/alpha/lib.rs"))
