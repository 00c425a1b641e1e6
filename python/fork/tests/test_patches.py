# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Patches that do not apply are named with their hunk; patches that are skipped are found out."""

import os
import subprocess
import tempfile
from pathlib import Path
from unittest import mock

from fork import patches
from fork.errors import ForkError
from fork.tests.fixture import LIBRARY, PATCH, ForkFixture

ALPHA = "components/alpha/lib.rs"

NEW_FILE = """\
--- /dev/null
+++ b/components/alpha/new.rs
@@ -0,0 +1,2 @@
+// new
+// file
"""

DELETION = """\
--- a/components/alpha/dom/mod.rs
+++ /dev/null
@@ -1 +0,0 @@
-// empty
"""


class SeriesTest(ForkFixture):
    def test_applies_in_order(self):
        self.add_patch()
        second = "@@ -3,3 +3,3 @@\n pub fn one() -> u32 {\n-    11\n+    111\n }\n"
        second = f"--- a/{ALPHA}\n+++ b/{ALPHA}\n{second}"
        self.add_patch("0002-again.patch", second)
        self.generate()
        self.assertIn("    111\n", self.read(ALPHA))
        self.assertIn("    22\n", self.read(ALPHA))

    def test_creates_and_deletes_files(self):
        self.add_patch("0001-new.patch", NEW_FILE)
        self.add_patch("0002-gone.patch", DELETION)
        self.generate()
        self.assertEqual(self.read("components/alpha/new.rs"), "// new\n// file\n")
        self.assertFalse((self.layout.output / "components/alpha/dom/mod.rs").exists())

    def test_names_patch_file_and_hunk_that_do_not_apply(self):
        self.add_patch(text=PATCH.replace("-    2\n", "-    3\n"))
        with self.assertRaises(ForkError) as caught:
            self.generate()
        message = str(caught.exception)
        self.assertIn("patch 0001-number.patch does not apply", message)
        self.assertIn(f"{ALPHA}, hunk 2: @@ -10,5 +10,5 @@", message)

    def test_names_the_second_patch_of_a_series(self):
        self.add_patch()
        self.add_patch("0002-same.patch")
        with self.assertRaisesRegex(ForkError, r"0002-same\.patch does not apply: .*hunk 1"):
            self.generate()

    def test_a_failing_patch_leaves_the_last_good_fork(self):
        self.generate()
        before = self.contents()
        self.add_patch(text=PATCH.replace("-    2\n", "-    3\n"))
        with self.assertRaises(ForkError):
            self.generate()
        self.assertEqual(self.contents(), before)

    def test_names_a_file_of_a_crate_that_is_not_listed(self):
        self.add_patch(text=PATCH.replace("components/alpha", "components/gamma"))
        with self.assertRaisesRegex(ForkError, "components/gamma/lib.rs is not in the tree"):
            self.generate()

    def test_a_patch_without_files_is_an_error(self):
        self.add_patch(text="Only a message.\n")
        with self.assertRaisesRegex(ForkError, r"0001-number\.patch: names no files"):
            self.generate()

    def test_a_patch_that_leaves_the_tree_is_an_error(self):
        self.add_patch(text=PATCH.replace("components/alpha", "../alpha"))
        with self.assertRaisesRegex(ForkError, "leaves the tree"):
            self.generate()


class SkippedTest(ForkFixture):
    def test_a_patch_that_git_skips_is_named(self):
        program = self.root / "git-that-skips"
        program.write_text("#!/bin/sh\nexit 0\n")
        program.chmod(0o755)
        self.add_patch()
        series = self.layout.patches()
        with self.assertRaisesRegex(ForkError, rf"0001-number\.patch was silently skipped: {ALPHA}"):
            patches.apply_series({ALPHA: LIBRARY.encode()}, series, git=str(program))

    def test_git_does_skip_below_the_root_of_a_repository(self):
        """The trap is real: git takes the paths for those of the repository, and skips what is elsewhere."""
        ignored = self._ignored_directory()
        (ignored / "components/alpha").mkdir(parents=True)
        (ignored / ALPHA).write_text(LIBRARY)
        self.add_patch()
        result = subprocess.run(["git", "apply", str(self.layout.patches()[0])], cwd=ignored)
        self.assertEqual(result.returncode, 0)
        self.assertEqual((ignored / ALPHA).read_text(), LIBRARY)

    def test_works_where_the_temporary_directory_is_ignored_by_a_repository(self):
        ignored = self._ignored_directory()
        self.add_patch()
        tree = {ALPHA: LIBRARY.encode()}
        with mock.patch.object(tempfile, "tempdir", str(ignored)):
            patches.apply_series(tree, self.layout.patches())
        self.assertIn(b"    22\n", tree[ALPHA])

    def test_works_when_called_from_a_git_hook(self):
        self.add_patch()
        tree = {ALPHA: LIBRARY.encode()}
        with mock.patch.dict(os.environ, {"GIT_DIR": str(self.root), "GIT_WORK_TREE": str(self.root)}):
            patches.apply_series(tree, self.layout.patches())
        self.assertIn(b"    11\n", tree[ALPHA])

    def _ignored_directory(self) -> Path:
        subprocess.run(["git", "init", "--quiet", str(self.root)], check=True)
        (self.root / ".gitignore").write_text("/target\n")
        ignored = self.root / "target/deep"
        ignored.mkdir(parents=True)
        return ignored


class ParseTest(ForkFixture):
    def test_lines_that_look_like_headers_inside_of_a_hunk_are_text(self):
        text = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n---- a/y\n+++ b/y\n context\n"
        files = patches.parse(text, "p")
        self.assertEqual([(file.old, file.new) for file in files], [("x", "x")])

    def test_counts_hunks_per_file(self):
        files = patches.parse(PATCH + NEW_FILE, "p")
        self.assertEqual([len(file.hunks) for file in files], [2, 1])
        self.assertEqual(files[1].old, None)
        self.assertEqual(files[0].hunks[1].number, 2)
