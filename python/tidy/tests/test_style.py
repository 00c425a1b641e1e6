# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The rules that look at one file."""

import unittest
from pathlib import Path

from tidy import style
from tidy.files import Source

HEADER = "".join(f"// {line}\n" for line in style.LICENCE)


def problems(rule, path: str, text: str) -> list[str]:
    return list(rule(Source(path, text)))


class LicenceTest(unittest.TestCase):
    def test_a_header_may_follow_meta_lines_or_a_first_line_for_the_shell(self):
        block = "/* " + "\n * ".join(style.LICENCE) + " */\n"
        script = "#!/usr/bin/env python3\n" + "".join(f"# {line}\n" for line in style.LICENCE)
        for path, text in (
            ("components/x.rs", block),
            ("components/y.rs", HEADER),
            ("mach", script),
            ("tests/a.any.js", "// META: title=x\n// META: global=window\n\n" + HEADER),
        ):
            self.assertEqual(problems(style.licence_headers, path, text), [], path)

    def test_a_missing_or_changed_header_is_found(self):
        for text in ("fn main() {}\n", HEADER.replace("2.0", "1.1")):
            self.assertEqual(len(problems(style.licence_headers, "x.rs", text)), 1)

    def test_only_sources_need_it(self):
        self.assertEqual(problems(style.licence_headers, "README.md", "# Title\n"), [])
        self.assertEqual(problems(style.licence_headers, "tests/wpt/interfaces/x.webidl", ""), [])


class LengthTest(unittest.TestCase):
    def test_long_lines_are_found_unless_they_hold_a_link(self):
        text = "a" * 120 + "\n" + "b" * 121 + "\n// https://example.com/" + "c" * 121 + "\n"
        self.assertEqual(
            problems(style.line_lengths, "x.rs", text), ["x.rs:2: 121 characters, the limit is 120"]
        )

    def test_long_files_are_found(self):
        self.assertEqual(problems(style.file_lengths, "x.rs", "a\n" * 600), [])
        self.assertEqual(len(problems(style.file_lengths, "x.rs", "a\n" * 601)), 1)


class WhitespaceTest(unittest.TestCase):
    def test_finds_spaces_tabs_and_wrong_ends(self):
        self.assertEqual(problems(style.whitespace, "x.rs", "a\n"), [])
        for text in ("a \n", "\ta\n", "a", "a\n\n"):
            self.assertEqual(len(problems(style.whitespace, "x.rs", text)), 1, repr(text))


class TextTest(unittest.TestCase):
    def test_open_ends_need_a_link(self):
        self.assertEqual(len(problems(style.todo_links, "x.rs", "// TODO: later\n")), 1)
        self.assertEqual(problems(style.todo_links, "x.rs", "// TODO(https://example.com/1): later\n"), [])

    def test_paths_of_one_machine_are_found(self):
        rule = style.machine_paths(Path("/some/where"))
        for line in ("see /home/ann/x", "cd /some/where", "/root/.cargo", "'/some/where/x'"):
            self.assertEqual(len(problems(rule, "x.md", line)), 1, line)
        for line in ("see https://example.com/home/ann/", "/some/where-else", "components/home/x", "${HOME}/x"):
            self.assertEqual(problems(rule, "x.md", line), [], line)

    def test_counted_steps_need_a_link(self):
        body = "fn open() {\n    // Step 1. Do.\n}\n"
        path = "components/script/dom/x.rs"
        self.assertEqual(len(problems(style.spec_links, path, body)), 1)
        self.assertEqual(problems(style.spec_links, path, "/// <https://example.com/#open>\n" + body), [])
        self.assertEqual(problems(style.spec_links, path, "//! <https://example.com/>\n\n" + body), [])
        self.assertEqual(problems(style.spec_links, "components/net/src/x.rs", body), [])

    def test_libraries_print_nothing(self):
        text = '// println!("no")\nprintln!("yes");\neprintln!("no");\n'
        self.assertEqual(len(problems(style.prints, "components/net/src/x.rs", text)), 1)
        self.assertEqual(problems(style.prints, "components/net/tests/x.rs", text), [])
        self.assertEqual(problems(style.prints, "components/shell/src/x.rs", text), [])
