# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The fork in a checkout and in an application compiles, and the application's page talks.

Both share the engine's target directory, so that only Servo's own crates are compiled again. Cargo tells crates
apart by where they are: what is compiled stays at one place below target/tmp, so that each run replaces the last one.
"""

import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import unittest
from pathlib import Path

from fork import checkout, sync
from fork.builder import Layout
from fork.tests import servo_tree
from mach_support import cargo, paths
from mach_support.log import say

# Seconds.
COMPILATION_LIMIT = 3600.0
RUN_LIMIT = 120.0


def run(command: list[str], directory: Path, limit: float, environment: dict[str, str] | None = None) -> str:
    """Runs a command, shows what it says on stderr, and gives its stdout."""
    started = time.monotonic()
    result = subprocess.run(
        command, cwd=directory, env=environment, stdout=subprocess.PIPE, text=True, timeout=limit
    )
    say(f"{time.monotonic() - started:.0f} s, status {result.returncode}: {shlex.join(command)}")
    if result.returncode != 0:
        raise AssertionError(f"status {result.returncode}: {shlex.join(command)}")
    return result.stdout


def mach(*arguments: str) -> str:
    return run([sys.executable, str(paths.ROOT / "mach"), *arguments], paths.ROOT, RUN_LIMIT)


class CheckoutTest(unittest.TestCase):
    def test_the_touched_crates_of_a_checkout_compile(self):
        layout = Layout(paths.ROOT)
        tree = paths.TARGET / "tmp/checkout"
        shutil.rmtree(tree / ".git", ignore_errors=True)
        files = servo_tree.files(servo_tree.published(layout, everything=True))
        # Servo's own was not published; this one has the same versions, and leaves cargo something to add.
        files["Cargo.lock"] = layout.lock.read_bytes()
        sync.sync(files, tree)
        servo_tree.commit(tree)
        before = servo_tree.hashes(tree)

        self.assertTrue(mach("fork", "--checkout", str(tree), "--check").startswith("would apply: "))
        told = mach("fork", "--checkout", str(tree))
        command = next(line for line in told.splitlines() if line.startswith("next")).partition(": ")[2]
        self.assertTrue(command.startswith("cargo check -p servo-config "), command)
        run(shlex.split(command), tree, COMPILATION_LIMIT, cargo.engine_environment())
        self.assertTrue(mach("fork", "--checkout", str(tree), "--check").startswith("already applied: "))

        run(["sh", "-c", checkout.UNDO], tree, RUN_LIMIT)
        self.assertEqual(servo_tree.hashes(tree), before)


class ApplicationTest(unittest.TestCase):
    """An application outside of the repository, made as README.md says."""

    def test_an_application_is_built_with_the_printed_lines_and_its_page_reads_what_it_sends(self):
        fork = paths.TARGET / "tmp/fork-for-applications"
        printed = mach("fork", "--out", str(fork))
        self.assertEqual(set(tomllib.loads(printed)), {"patch"})
        environment = cargo.engine_environment()
        with tempfile.TemporaryDirectory(prefix="application-") as directory:
            application = Path(directory)
            (application / "src").mkdir()
            shutil.copy(paths.ROOT / "tests/application/main.rs", application / "src/main.rs")
            shutil.copy(paths.ENGINE_MANIFEST.parent / "Cargo.lock", application)
            (application / "Cargo.toml").write_text(
                '[package]\nname = "application-with-sockets"\nversion = "0.1.0"\nedition = "2024"\n\n'
                f"[profile.dev]\ndebug = false\n\n{printed}"
            )
            webview = str(fork / "direct-sockets/webview")
            run(["cargo", "add", "--quiet", "--path", webview], application, COMPILATION_LIMIT, environment)
            # Its name is its own, so nothing else goes with it.
            clean = ["cargo", "clean", "--quiet", "--package", "application-with-sockets"]
            self.addCleanup(subprocess.run, clean, cwd=application, env=environment)
            run(["cargo", "build"], application, COMPILATION_LIMIT, environment)
            program = paths.engine_target() / "debug/application-with-sockets"
            output = run([str(program)], application, RUN_LIMIT)
            self.doCleanups()
        self.assertEqual(output, "the page read: hello page, this is the application\n")
