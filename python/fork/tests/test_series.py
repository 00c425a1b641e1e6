# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Editing the series as a git repository."""

import subprocess

from fork import series
from fork.errors import ForkError
from fork.tests.fixture import ForkFixture

ALPHA = "components/alpha/lib.rs"



class SeriesTest(ForkFixture):
    def setUp(self) -> None:
        super().setUp()
        self.directory = self.root.parent / "series"
        self.add_patch()

    def export(self) -> None:
        series.export(self.layout, self.directory, self.messages.append)

    def save(self) -> None:
        series.save(self.layout, self.directory, self.messages.append)

    def git(self, *arguments: str) -> str:
        command = ["git", "-c", "user.name=x", "-c", "user.email=x@localhost", *arguments]
        return subprocess.run(command, cwd=self.directory, check=True, capture_output=True, text=True).stdout

    def test_has_a_commit_for_each_patch(self):
        self.export()
        self.assertEqual(self.git("log", "--format=%s", "base..HEAD"), "Return another number.\n")
        self.assertIn("The reason stands here.", self.git("log", "-1", "--format=%B"))
        self.assertIn("    22\n", (self.directory / ALPHA).read_text())
        self.assertTrue((self.directory / "components/alpha/dom/ours/mod.rs").exists())

    def test_saving_without_an_edit_gives_patches_that_do_the_same(self):
        self.generate()
        before = self.contents()
        self.export()
        self.save()
        names = [path.name for path in self.layout.patches()]
        self.assertEqual(names, ["0001-number.patch"])
        self.generate()
        self.assertEqual(self.contents(), before)
        # A second round changes nothing any more.
        text = self.layout.patches()[0].read_text()
        self.assertNotIn("\nindex ", text)
        self.save()
        self.assertEqual(self.layout.patches()[0].read_text(), text)

    def test_an_edit_and_a_new_commit_become_patches(self):
        self.export()
        path = self.directory / ALPHA
        path.write_text(path.read_text().replace("    22\n", "    33\n"))
        self.git("commit", "--quiet", "--all", "--amend", "--no-edit")
        path.write_text(path.read_text().replace("// a\n", "// aa\n"))
        self.git("commit", "--quiet", "--all", "--message", "Say it twice, to be sure")
        self.save()
        names = [path.name for path in self.layout.patches()]
        self.assertEqual(names, ["0001-number.patch", "0002-say-it-twice-to-be-sure.patch"])
        self.generate()
        self.assertIn("    33\n", self.read(ALPHA))
        self.assertIn("// aa\n", self.read(ALPHA))

    def test_a_commit_that_is_dropped_takes_its_patch_along(self):
        self.export()
        self.git("reset", "--quiet", "--hard", "base")
        self.save()
        self.assertEqual(self.layout.patches(), [])

    def test_changes_that_are_not_committed_are_refused(self):
        self.export()
        (self.directory / ALPHA).write_text("")
        with self.assertRaisesRegex(ForkError, "not committed"):
            self.save()

    def test_a_patch_of_our_own_files_is_refused(self):
        self.export()
        (self.directory / "components/alpha/dom/ours/mod.rs").write_text("//! Changed.\n")
        self.git("commit", "--quiet", "--all", "--message", "Change ours")
        with self.assertRaisesRegex(ForkError, "edit components/script/dom/ours"):
            self.save()

    def test_a_directory_that_is_in_use_is_refused(self):
        self.directory.mkdir()
        (self.directory / "x").write_text("")
        with self.assertRaisesRegex(ForkError, "is not empty"):
            self.export()

    def test_reads_the_message_of_either_form(self):
        head = f"From {'0' * 40} Mon Sep 17\nFrom: A <a@localhost>\nDate: x\n"
        mail = f"{head}Subject: [PATCH 1/2] One\n\nTwo\n---\n x | 2\n"
        self.assertEqual(series.message_of(mail), "One\n\nTwo\n")
        self.assertEqual(series.message_of("One\n\nTwo\n\ndiff --git a/x b/x\n--- a/x\n"), "One\n\nTwo\n")
