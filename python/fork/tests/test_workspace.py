# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Edits of the manifests in a checkout: one line more, all others as they were."""

import tomllib
import unittest

from fork import workspace
from fork.config import Crate
from fork.errors import ForkError

ROOT = """\
# Servo's.
[workspace]
members = [
    "components/alpha", # with a comment
    "ports/shell",
]

[workspace.package]
version = "0.7.0"

[workspace.dependencies]
Inflector = "0.11"
alpha = { path = "components/alpha" }
# Why gamma is old.
gamma = { version = "1.2", features = [
    "one",
] }

[profile.dev]
debug = 1
"""

MANIFEST = """\
[package]
name = "alpha"

[dependencies]
log = { workspace = true }

[lints]
workspace = true
"""


def root_with(dependencies: dict) -> workspace.Workspace:
    return workspace.Workspace("0.7.0", dependencies, ())


class InsertTest(unittest.TestCase):
    def insert(self, text: str, table: tuple[str, ...], **entries) -> str:
        return workspace.insert(text, table, entries, "Cargo.toml")

    def added(self, before: str, after: str) -> list[str]:
        """The lines that came; all others must be there in their order."""
        rest = before.splitlines()
        came = []
        for line in after.splitlines():
            if rest and line == rest[0]:
                rest.pop(0)
            else:
                came.append(line)
        self.assertEqual(rest, [])
        return came

    def test_puts_each_entry_where_its_name_belongs(self):
        after = self.insert(ROOT, workspace.WORKSPACE_DEPENDENCIES, beta="1", zeta={"path": "z"})
        self.assertEqual(self.added(ROOT, after), ['beta = "1"', 'zeta = { path = "z" }'])
        lines = after.splitlines()
        self.assertEqual(lines[lines.index('beta = "1"') - 1], 'alpha = { path = "components/alpha" }')
        self.assertEqual(lines[lines.index('beta = "1"') + 1], "# Why gamma is old.")
        self.assertEqual(lines[lines.index('zeta = { path = "z" }') - 1], "] }")

    def test_makes_the_table_where_there_is_none(self):
        after = self.insert("[package]\n", ("features",), sockets=[])
        self.assertEqual(after, "[package]\n\n[features]\nsockets = []\n")

    def test_joins_tables_as_cargo_publishes_them(self):
        before = '[workspace.dependencies.log]\nversion = "0.4"\n'
        after = self.insert(before, workspace.WORKSPACE_DEPENDENCIES, beta="1")
        dependencies = tomllib.loads(after)["workspace"]["dependencies"]
        self.assertEqual(dependencies, {"log": {"version": "0.4"}, "beta": {"version": "1"}})
        self.assertTrue(after.startswith(before))

    def test_refuses_an_entry_that_is_there(self):
        with self.assertRaisesRegex(ForkError, "Cargo.toml has an entry alpha in .workspace.dependencies. already"):
            self.insert(ROOT, workspace.WORKSPACE_DEPENDENCIES, alpha="1")

    def test_a_text_without_a_newline_at_its_end(self):
        after = self.insert('[dependencies]\nlog = "0.4"', ("dependencies",), zeta="1")
        self.assertEqual(after, '[dependencies]\nlog = "0.4"\nzeta = "1"\n')


class MembersTest(unittest.TestCase):
    def members(self, text: str) -> list[str]:
        return tomllib.loads(workspace.insert_member(text, "new", "Cargo.toml"))["workspace"]["members"]

    def test_lists_of_many_lines_of_one_and_none(self):
        self.assertEqual(self.members(ROOT), ["new", "components/alpha", "ports/shell"])
        edited = workspace.insert_member(ROOT, "new", "")
        self.assertIn('    "new",\n    "components/alpha", # with a comment\n', edited)
        self.assertEqual(self.members('[workspace]\nmembers = ["a", "b"]\n'), ["new", "a", "b"])
        self.assertEqual(self.members("[workspace]\nmembers = []\n"), ["new"])
        self.assertEqual(self.members('[workspace]\nresolver = "2"\n'), ["new"])

    def test_a_list_that_cannot_be_found_is_named(self):
        with self.assertRaisesRegex(ForkError, "Cargo.toml: cannot find the members"):
            workspace.insert_member('workspace = { members = ["a"] }\n', "new", "Cargo.toml")


class InheritedTest(unittest.TestCase):
    def test_what_the_workspace_has_is_inherited(self):
        for theirs in ("1.5.2", {"version": "1.5", "features": ["x"]}, "1.6"):
            with self.subTest(theirs=theirs):
                ours = {"version": "1.5", "features": ["y"]}
                found = workspace.inherited("log", ours, root_with({"log": theirs}))
                self.assertEqual(found, ({"workspace": True, "features": ["y"]}, None))

    def test_what_it_lacks_is_added_with_the_features_left_to_the_crate(self):
        ours = {"version": "0.6.3", "default-features": False, "features": ["y"]}
        entry, addition = workspace.inherited("log", ours, root_with({}))
        self.assertEqual(entry, {"workspace": True, "features": ["y"]})
        self.assertEqual(addition, {"version": "0.6.3", "default-features": False})
        self.assertEqual(workspace.inherited("log", "1", root_with({})), ({"workspace": True}, "1"))

    def test_a_version_that_does_not_fit_is_written_out(self):
        other_sources = {"git": "https://test.test/log"}, {"version": "1.5", "package": "b"}
        for theirs in ("1.4", "2", "0.15", "=1.5.0", *other_sources):
            with self.subTest(theirs=theirs):
                self.assertEqual(workspace.inherited("log", "1.5", root_with({"log": theirs})), ("1.5", None))
        self.assertEqual(workspace.inherited("log", "0.6", root_with({"log": "0.7"})), ("0.6", None))

    def test_a_pinned_version_stays_with_the_crate_that_pins_it(self):
        self.assertEqual(workspace.inherited("ipc", "=0.23.1", root_with({"ipc": "0.23"})), ("=0.23.1", None))


class CrateTest(unittest.TestCase):
    def test_a_crate_of_servo_gets_lines_and_the_root_what_it_lacks(self):
        crate = Crate("alpha", "0.7.0", "", {"ours": {"path": "x"}, "zeta": "1"}, {"sockets": []})
        text, additions = workspace.servo_crate(MANIFEST.encode(), crate, root_with({}))
        self.assertEqual(
            text.decode(),
            MANIFEST.replace(
                "log = { workspace = true }\n",
                "log = { workspace = true }\nours = { workspace = true }\nzeta = { workspace = true }\n",
            )
            + "\n[features]\nsockets = []\n",
        )
        self.assertEqual(additions, {"zeta": "1"})

    def test_one_of_ours_becomes_a_member_without_tests_and_benchmarks(self):
        manifest = (
            '[package]\nname = "ours"\ndescription = "What it is"\nversion.workspace = true\nautotests = false\n\n'
            '[[bin]]\nname = "ours"\npath = "src/main.rs"\n\n[lib]\nname = "ours_lib"\n\n[dependencies]\n'
            "serde = { workspace = true, features = [\"rc\"] }\nother.workspace = true\n\n"
            '[dev-dependencies]\nproptest = "1"\n\n[[test]]\nname = "all"\n\n'
            '[[bench]]\nname = "fast"\n\n[lints]\nworkspace = true\n'
        )
        own = {"dependencies": {"serde": {"version": "1", "features": ["derive"]}, "other": {"path": "x"}}}
        text, additions = workspace.own_crate(manifest.encode(), own, {"other"}, root_with({"serde": "1.0.228"}))
        data = tomllib.loads(text.decode())
        self.assertEqual(additions, {})
        self.assertEqual(set(data), {"package", "bin", "lib", "dependencies", "lints"})
        self.assertEqual(data["package"]["repository"], {"workspace": True})
        self.assertEqual(data["package"]["description"], "What it is")
        self.assertEqual(
            data["dependencies"],
            {"other": {"workspace": True}, "serde": {"workspace": True, "features": ["derive", "rc"]}},
        )

    def test_what_only_tests_need_under_a_condition_stays_here(self):
        manifest = b"""[package]
name = "ours"

[dependencies]

[target.'cfg(loom)'.dependencies]
loom = "0.7"

[target.'cfg(unix)'.dev-dependencies]
only-for-tests = "1"
"""
        text, additions = workspace.own_crate(manifest, {}, set(), root_with({}))
        self.assertEqual(additions, {})
        self.assertNotIn("target", tomllib.loads(text.decode()))

    def test_a_dependency_under_a_condition_that_would_get_lost_is_named(self):
        manifest = b"[package]\nname = \"ours\"\n\n[target.'cfg(unix)'.dependencies]\nlibc = \"0.2\"\n"
        with self.assertRaisesRegex(ForkError, r"ours: \[target\.'cfg\(unix\)'\] would get lost"):
            workspace.own_crate(manifest, {}, set(), root_with({}))

    def test_a_section_that_would_get_lost_is_named(self):
        manifest = b'[package]\nname = "ours"\n\n[features]\na = []\n'
        with self.assertRaisesRegex(ForkError, r"ours: \[features\] would get lost"):
            workspace.own_crate(manifest, {}, set(), root_with({}))


class RootTest(unittest.TestCase):
    def test_a_root_that_is_not_servos_is_refused(self):
        for text in ("[package]\n", "[workspace]\n", '[workspace.package]\nversion = "1"\n', "not TOML ["):
            with self.subTest(text=text), self.assertRaisesRegex(ForkError, "^Cargo.toml"):
                workspace.read_root(text, "Cargo.toml")
