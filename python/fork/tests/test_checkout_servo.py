# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""`./mach fork --checkout` on a tree laid out as Servo's, from end to end; and the document about it."""

import re
import subprocess
import sys
import tempfile
import tomllib
import unittest
from pathlib import Path

from fork import checkout
from fork.builder import Layout
from fork.tests import servo_tree
from mach_support import paths

# Seconds within which one run of the verb must end.
LIMIT = 300.0

PORTING = paths.ROOT / "components/servo/PORTING.md"


def fork(*arguments: str) -> subprocess.CompletedProcess:
    """Runs `./mach fork` as a person does."""
    command = [sys.executable, str(paths.ROOT / "mach"), "fork", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)


class ServoTreeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        directory = tempfile.TemporaryDirectory(prefix="fork-checkout-")
        cls.addClassCleanup(directory.cleanup)
        cls.tree = Path(directory.name).resolve() / "servo"
        servo_tree.write(cls.tree, servo_tree.published(Layout(paths.ROOT), everything=False))
        servo_tree.commit(cls.tree)
        cls.hashes = servo_tree.hashes(cls.tree)

    def setUp(self) -> None:
        self.addCleanup(self.undo)

    def undo(self) -> None:
        """What the verb says undoes it."""
        subprocess.run(checkout.UNDO, shell=True, cwd=self.tree, check=True, capture_output=True, timeout=LIMIT)

    def check(self, status: int, text: str) -> None:
        """`--check` says so, and writes nothing."""
        before = servo_tree.hashes(self.tree)
        result = fork("--checkout", str(self.tree), "--check")
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertIn(text, result.stdout if status == 0 else result.stderr)
        self.assertEqual(servo_tree.hashes(self.tree), before)

    def test_applies_is_recognised_and_is_undone_byte_for_byte(self):
        self.check(0, "would apply: ")
        applied = fork("--checkout", str(self.tree))
        self.assertEqual(applied.returncode, 0, applied.stderr)
        self.assertIn("next, which also brings Cargo.lock up to date: cargo check -p ", applied.stdout)
        self.assert_complete()

        after = servo_tree.hashes(self.tree)
        self.check(0, "already applied: ")
        again = fork("--checkout", str(self.tree))
        self.assertEqual((again.returncode, again.stdout[:16]), (0, "already applied:"))
        self.assertEqual(servo_tree.hashes(self.tree), after)

        self.undo()
        self.assertEqual(servo_tree.hashes(self.tree), self.hashes)
        self.assertEqual(servo_tree.git(self.tree, "status", "--porcelain"), "")

    def assert_complete(self) -> None:
        """The tree has all that makes the fork, and what was there is there, unless it was to be changed."""
        root = tomllib.loads((self.tree / "Cargo.toml").read_text())["workspace"]
        for name in ("broker", "net", "policy", "traits", "wire"):
            entry = root["dependencies"][f"direct-sockets-{name}"]
            manifest = tomllib.loads((self.tree / entry["path"] / "Cargo.toml").read_text())
            self.assertEqual(manifest["package"]["name"], f"direct-sockets-{name}")
            self.assertIn(entry["path"], root["members"])
        for path in (
            "components/script/dom/directsockets/tcpsocket.rs",
            "components/script_bindings/webidls/TCPSocket.webidl",
            "tests/wpt/tests/direct-sockets/tcp_socket_open.https.any.js",
        ):
            self.assertTrue((self.tree / path).is_file(), path)
        metadata = paths.ROOT / "wpt-metadata/direct-sockets"
        for path in metadata.iterdir():
            self.assertEqual((self.tree / "tests/wpt/meta/direct-sockets" / path.name).read_bytes(), path.read_bytes())
        preferences = (self.tree / "components/config/prefs.rs").read_text()
        self.assertIn("dom_direct_sockets_enabled: false", preferences)
        sources = (self.tree / "components/script/tasks/task_source.rs").read_text()
        self.assertIn("    TCPServerSocket,\n", sources)
        self.assertNotIn("allow(warnings)", (self.tree / "components/script/lib.rs").read_text())
        gone = self.hashes.keys() - servo_tree.hashes(self.tree).keys()
        self.assertEqual(gone, set())

    def test_a_foreign_change_is_refused(self):
        path = self.tree / "components/config/prefs.rs"
        path.write_text(path.read_text().replace("dom_crypto_subtle_enabled: true", "dom_crypto_subtle_enabled: false"))
        reason = "components/config/prefs.rs is neither as in Servo nor as in this fork; nothing was written"
        self.check(1, reason)
        before = servo_tree.hashes(self.tree)
        result = fork("--checkout", str(self.tree))
        self.assertEqual(result.returncode, 1)
        self.assertIn(reason, result.stderr)
        self.assertEqual(servo_tree.hashes(self.tree), before)

    def test_a_tree_that_has_half_of_it_is_refused(self):
        self.assertEqual(fork("--checkout", str(self.tree)).returncode, 0)
        servo_tree.git(self.tree, "checkout", "components/constellation")
        self.check(1, "applied by half: ")

    def test_wrong_usage_is_one_line(self):
        result = fork("--check")
        self.assertEqual((result.returncode, result.stderr), (2, "mach: --check needs --checkout DIR\n"))
        result = fork("--checkout", str(self.tree / "components"))
        self.assertEqual(result.returncode, 1)
        message = r"\Amach: fork: \S+ is not a checkout of Servo: \S+: No such file or directory\n\Z"
        self.assertRegex(result.stderr, message)


class DocumentTest(unittest.TestCase):
    """components/servo/PORTING.md names everything that somebody has to carry to a newer Servo."""

    def test_names_each_patch_and_each_file_of_servo_that_changes(self):
        layout = Layout(paths.ROOT)
        with tempfile.TemporaryDirectory(prefix="fork-checkout-") as directory:
            tree = Path(directory)
            servo_tree.write(tree, servo_tree.published(layout, everything=False))
            plan = checkout.make_plan(layout, tree, lambda _: None)
        text = PORTING.read_text(encoding="utf-8")
        told = set(re.findall(r"`([^`\s]+)`", text))
        wanted = {patch.name for patch in layout.patches()} | set(plan.changed())
        self.assertEqual(sorted(wanted - told), [])
        # Nor does it speak of patches and files that are no longer touched.
        in_servo = re.compile(r"components/(?:config|constellation|script|script_bindings|shared/\w+)/.+\.\w+$")
        speaks_of = {name for name in told if name.endswith(".patch") or in_servo.match(name)}
        self.assertEqual(sorted(speaks_of - wanted - set(plan.added())), [])
