# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""`./mach fork --checkout` on a tiny tree: which trees are taken, and that it is all or nothing."""

import os
import shutil
import tomllib
from unittest import mock

from fork import checkout, instructions
from fork.checkout import State
from fork.errors import ForkError
from fork.tests import servo_tree
from fork.tests.fixture import LIBRARY, MANIFEST, ForkFixture

ORIGINAL = """\
[package]
name = "{name}"
version.workspace = true

[dependencies]
log = {{ workspace = true }}
"""

ROOT = """\
[workspace]
members = ["components/*"]

[workspace.package]
version = "0.7.0"

[workspace.dependencies]
log = "0.4"
"""

CHECKOUT = """
[[checkout.crate]]
from = "components/shared"
to = "components/ours"

[[checkout.copy]]
from = "tests/wpt/ours"
to = "tests/wpt/tests/ours"
"""


class CheckoutFixture(ForkFixture):
    def setUp(self) -> None:
        super().setUp()
        alpha = {"lib.rs": LIBRARY, "dom/mod.rs": "// empty\n", "Cargo.toml.orig": ORIGINAL.format(name="servo-alpha")}
        beta = {"lib.rs": "", "conf": "start\n", "Cargo.toml.orig": ORIGINAL.format(name="servo-beta")}
        self.add_crate("servo-alpha", "components/alpha", alpha)
        self.add_crate("servo-beta", "components/shared/beta", beta)
        self.write("Cargo.toml", '[workspace.dependencies]\nserde = "1"\n')
        self.write("components/shared/Cargo.toml", '[package]\nname = "ours"\n[dependencies]\nserde.workspace = true\n')
        self.write("components/shared/src/lib.rs", "//! Ours.\n")
        self.write("components/shared/tests/all.rs", "// stays\n")
        self.write("tests/wpt/ours/a.js", "// a test\n")
        self.write_description(CHECKOUT)
        self.add_patch()

        self.checkout = self.root.parent / "checkout"
        files = {
            "Cargo.toml": ROOT,
            "components/alpha/Cargo.toml": alpha["Cargo.toml.orig"],
            "components/shared/beta/Cargo.toml": beta["Cargo.toml.orig"],
            **{f"components/alpha/{path}": alpha[path] for path in ("lib.rs", "dom/mod.rs")},
            **{f"components/shared/beta/{path}": beta[path] for path in ("lib.rs", "conf")},
        }
        for path, text in files.items():
            self.put(path, text)

    def put(self, path: str, text: str) -> None:
        target = self.checkout / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def plan(self) -> checkout.Plan:
        return checkout.make_plan(self.layout, self.checkout, self.messages.append)

    def judge(self) -> State:
        return checkout.judge(self.plan(), self.checkout)

    def apply(self) -> None:
        plan = self.plan()
        self.assertIs(checkout.judge(plan, self.checkout), State.PUBLISHED)
        checkout.carry_out(plan, self.checkout)

    def text(self, path: str) -> str:
        return (self.checkout / path).read_text()

    def assert_refused(self, reason: str) -> None:
        before = servo_tree.hashes(self.checkout)
        with self.assertRaisesRegex(ForkError, reason) as refusal:
            self.judge()
        self.assertNotIn("\n", str(refusal.exception))
        self.assertEqual(servo_tree.hashes(self.checkout), before)


class ApplyTest(CheckoutFixture):
    def test_brings_everything(self):
        self.apply()
        self.assertIn("    11\n", self.text("components/alpha/lib.rs"))
        self.assertTrue(self.text("components/alpha/lib.rs").startswith("/* Licence */\n"), "nothing is silenced")
        self.assertEqual(self.text("components/alpha/dom/ours/mod.rs"), "//! Ours.\n")
        self.assertEqual(self.text("components/shared/beta/conf"), "start\n\nmore\n")
        self.assertEqual(self.text("tests/wpt/tests/ours/a.js"), "// a test\n")
        self.assertEqual(self.text("components/ours/src/lib.rs"), "//! Ours.\n")
        self.assertFalse((self.checkout / "components/ours/tests").exists())

    def test_fits_the_manifests_into_the_workspace(self):
        self.apply()
        alpha = tomllib.loads(self.text("components/alpha/Cargo.toml"))
        self.assertEqual(alpha["dependencies"]["ours"], {"workspace": True})
        self.assertEqual(alpha["dependencies"]["url"], {"workspace": True, "features": ["serde"]})
        self.assertEqual(alpha["features"], {"sockets": []})
        root = tomllib.loads(self.text("Cargo.toml"))["workspace"]
        self.assertEqual(root["members"], ["components/ours", "components/*"])
        self.assertEqual(
            root["dependencies"],
            {
                "log": "0.4",
                "ours": {"version": "=0.7.0", "path": "components/ours"},
                "serde": "1",
                "url": "2.5",
            },
        )

    def test_what_is_untouched_is_no_part_of_the_plan(self):
        self.assertEqual(self.plan().changed(), [
            "Cargo.toml", "components/alpha/Cargo.toml", "components/alpha/lib.rs", "components/shared/beta/conf",
        ])  # fmt: skip

    def test_a_second_time_there_is_nothing_to_do(self):
        self.apply()
        self.assertIs(self.judge(), State.APPLIED)

    def test_files_keep_their_modes(self):
        (self.checkout / "components/alpha/lib.rs").chmod(0o755)
        self.apply()
        self.assertEqual((self.checkout / "components/alpha/lib.rs").stat().st_mode & 0o777, 0o755)

    def test_the_text_names_what_is_left_and_the_next_command(self):
        (self.checkout / ".git").mkdir()
        self.apply()
        text = instructions.after_applying(self.plan(), self.checkout)
        self.assertIn("  components/alpha/: 2 changed, 2 added\n", text)
        self.assertIn("untested", text)
        self.assertIn("direct_sockets_net::run_if_requested()", text)
        self.assertIn("cargo check -p servo-alpha -p servo-beta -p ours\n", text)
        self.assertIn(f"undo: {checkout.UNDO}\n", text)
        self.assertIn("[direct-sockets]", text)
        self.assertIn("copy tests/wpt/interfaces/direct-sockets.idl", text)

    def test_the_text_leaves_out_what_is_there(self):
        self.put("tests/wpt/include.ini", "skip: true\n[direct-sockets]\n  skip: false\n")
        self.put("tests/wpt/tests/interfaces/direct-sockets.idl", "")
        text = instructions.after_applying(self.plan(), self.checkout)
        self.assertNotIn("[direct-sockets]", text)
        self.assertNotIn("direct-sockets.idl", text)
        self.assertIn("there is no git repository", text)


class RefusalTest(CheckoutFixture):
    def test_a_foreign_change_is_named(self):
        self.put("components/alpha/lib.rs", LIBRARY + "// mine\n")
        self.assert_refused("components/alpha/lib.rs is neither as in Servo nor as in this fork; nothing was written")

    def test_several_foreign_changes_are_all_named_or_counted(self):
        self.put("components/alpha/lib.rs", "")
        self.put("components/shared/beta/conf", "")
        self.assert_refused("components/alpha/lib.rs, components/shared/beta/conf are neither")

    def test_a_file_that_is_missing_is_named(self):
        (self.checkout / "components/shared/beta/conf").unlink()
        self.assert_refused("components/shared/beta/conf is neither")

    def test_a_file_in_place_of_one_of_ours_is_named(self):
        self.put("components/alpha/dom/ours/mod.rs", "// theirs\n")
        self.assert_refused("components/alpha/dom/ours/mod.rs is neither")

    def test_a_directory_in_place_of_a_file_is_named(self):
        (self.checkout / "components/alpha/dom/ours/mod.rs").mkdir(parents=True)
        self.assert_refused("components/alpha/dom/ours/mod.rs is neither")

    def test_a_link_that_leads_out_of_the_tree_is_not_followed(self):
        outside = self.root.parent / "outside"
        shutil.move(self.checkout / "components/alpha", outside)
        (self.checkout / "components/alpha").symlink_to(outside)
        self.assert_refused("components/alpha/")

    def test_changes_elsewhere_do_not_matter(self):
        self.put("components/alpha/dom/mod.rs", "// mine\n")
        # As upstream's own tests in a directory that we add to.
        self.put("tests/wpt/tests/ours/theirs.html", "theirs")
        self.apply()
        self.assertEqual(self.text("components/alpha/dom/mod.rs"), "// mine\n")
        self.assertEqual(self.text("tests/wpt/tests/ours/theirs.html"), "theirs")

    def test_a_tree_that_has_half_of_it_is_refused_with_the_way_back(self):
        self.apply()
        self.put("components/shared/beta/conf", "start\n")
        self.assert_refused("applied by half: .*components/shared/beta/conf is not; .*git checkout . && git clean -fd")

    def test_a_root_manifest_with_half_of_it_is_named(self):
        self.apply()
        self.put("Cargo.toml", self.text("Cargo.toml").replace('"components/ours", ', ""))
        self.assert_refused("Cargo.toml is neither")

    def test_another_version_is_refused(self):
        self.put("Cargo.toml", ROOT.replace("0.7.0", "0.8.0"))
        self.assert_refused("Cargo.toml says Servo 0.8.0, this fork is made for Servo 0.7.0")

    def test_a_directory_that_is_no_checkout_is_refused(self):
        shutil.rmtree(self.checkout)
        with self.assertRaisesRegex(ForkError, "is not a checkout of Servo: .*No such file"):
            self.judge()
        self.checkout.mkdir()
        self.put("Cargo.toml", MANIFEST.format(name="application"))
        self.assert_refused("Cargo.toml is not Servo's")


class FailureTest(CheckoutFixture):
    def test_everything_is_taken_back_when_a_file_cannot_be_written(self):
        plan = self.plan()
        before = servo_tree.hashes(self.checkout)
        directories = sorted(path for path in self.checkout.rglob("*") if path.is_dir())
        for failing in range(len(plan.changes)):
            left = [failing]

            def replace(source, target, left=left, real=os.replace):
                if left[0] == 0:
                    raise OSError(28, "No space left on device", str(target))
                left[0] -= 1
                real(source, target)

            with self.subTest(failing=failing), mock.patch("fork.checkout.os.replace", replace):
                with self.assertRaisesRegex(ForkError, "No space left on device; everything was taken back"):
                    checkout.carry_out(plan, self.checkout)
                self.assertEqual(servo_tree.hashes(self.checkout), before)
                self.assertEqual(sorted(path for path in self.checkout.rglob("*") if path.is_dir()), directories)
        self.assertIs(self.judge(), State.PUBLISHED)
