# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""System packages and the choice of SpiderMonkey."""

import json
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from mach_support import bootstrap, spidermonkey
from mach_support.log import Failure


class SpiderMonkeyTest(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name).resolve()
        self.archive = self.directory / "libmozjs.tar.gz"
        self.archive.write_bytes(b"")
        self.said: list[str] = []
        self.patch(spidermonkey, "_CHOICE", self.directory / "choice.json")
        self.patch(spidermonkey, "say", self.said.append)
        clean = {key: value for key, value in os.environ.items() if not key.startswith("MOZJS_")}
        self.patch_environment(clean)

    def patch(self, target, name: str, value) -> None:
        patcher = mock.patch.object(target, name, value)
        patcher.start()
        self.addCleanup(patcher.stop)

    def patch_environment(self, environment: dict[str, str]) -> None:
        patcher = mock.patch.dict(os.environ, environment, clear=True)
        patcher.start()
        self.addCleanup(patcher.stop)

    def test_an_archive_is_taken_by_its_absolute_path(self):
        os.environ["MOZJS_ARCHIVE"] = os.path.relpath(self.archive)
        self.assertEqual(spidermonkey.environment(), {"MOZJS_ARCHIVE": str(self.archive)})

    def test_an_archive_that_does_not_exist_is_a_clear_error(self):
        os.environ["MOZJS_ARCHIVE"] = str(self.directory / "none.tar.gz")
        with self.assertRaisesRegex(Failure, "MOZJS_ARCHIVE names .*none.tar.gz, which is not a file") as caught:
            spidermonkey.environment()
        self.assertEqual(caught.exception.status, 2)

    def test_the_choice_is_kept_while_it_holds(self):
        self.patch(spidermonkey, "_download_is_reachable", lambda: True)
        os.environ["MOZJS_ARCHIVE"] = str(self.archive)
        spidermonkey.environment()
        del os.environ["MOZJS_ARCHIVE"]
        self.assertEqual(spidermonkey.environment(), {"MOZJS_ARCHIVE": str(self.archive)})
        self.archive.unlink()
        self.assertEqual(spidermonkey.environment(), {})
        self.assertIn("downloaded by mozjs", self.said[-1])

    def test_without_a_download_it_is_compiled_by_clang(self):
        clang = bootstrap.Clang("/bin/sh", "/c++", "/ar", "/lib")
        self.patch(spidermonkey, "_download_is_reachable", lambda: False)
        self.patch(bootstrap, "provide", lambda needs: None)
        self.patch(bootstrap, "find_clang", lambda: clang)
        variables = spidermonkey.environment()
        self.assertEqual(variables["MOZJS_FROM_SOURCE"], "1")
        self.assertEqual(variables["CC"], "/bin/sh")
        self.assertEqual(variables["LIBCLANG_PATH"], "/lib")
        self.assertTrue(any("minutes" in line for line in self.said), self.said)
        self.assertEqual(spidermonkey.environment(), variables)

    def test_a_damaged_choice_is_forgotten(self):
        spidermonkey._CHOICE.write_text(json.dumps([1]))
        self.patch(spidermonkey, "_download_is_reachable", lambda: True)
        self.assertEqual(spidermonkey.environment(), {})


class BootstrapTest(unittest.TestCase):
    NEED = bootstrap.Need("a thing", ("libthing-dev", "thing"), lambda: False)

    def test_what_cannot_be_installed_is_named_with_the_command(self):
        with mock.patch.object(bootstrap, "_elevation", lambda: None):
            with self.assertRaisesRegex(Failure, "missing: a thing; .*libthing-dev thing"):
                bootstrap.provide((self.NEED,))

    def test_what_is_not_required_is_a_remark(self):
        said: list[str] = []
        with mock.patch.object(bootstrap, "_elevation", lambda: None), mock.patch.object(bootstrap, "say", said.append):
            bootstrap.provide((self.NEED,), required=False)
        self.assertIn("a thing", said[0])

    def test_what_is_missing_is_installed(self):
        there: list[str] = []
        need = bootstrap.Need("a thing", ("thing",), lambda: bool(there))
        with (
            mock.patch.object(bootstrap, "_elevation", lambda: []),
            mock.patch.object(bootstrap, "_apt", lambda _, packages: there.extend(packages)),
        ):
            bootstrap.provide((need,))
        self.assertEqual(there, ["thing"])

    def test_an_installation_that_does_not_help_is_an_error(self):
        with (
            mock.patch.object(bootstrap, "_elevation", lambda: []),
            mock.patch.object(bootstrap, "_apt", lambda *_: None),
            self.assertRaisesRegex(Failure, "missing: a thing"),
        ):
            bootstrap.provide((self.NEED,))

    def test_nothing_happens_when_all_is_there(self):
        with mock.patch.object(bootstrap, "_apt", side_effect=AssertionError):
            bootstrap.provide((bootstrap.Need("sh", ("dash",), bootstrap._command("sh")),))

    def test_a_compiler_that_is_too_old_is_not_taken(self):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory).resolve() / "clang"
            path.write_text("#!/bin/sh\necho 'Debian clang version 14.0.6'\n")
            path.chmod(0o755)
            self.assertIsNone(bootstrap._describe_clang(str(path)))
