# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""What is written is read as what it was: random trees, and the layout that wptrunner writes."""

import random
import unittest

from wpt.metadata.conditions import BINARY, Binary, Index, Not, Number, Text, Variable
from wpt.metadata.parser import parse
from wpt.metadata.tree import Atom, Entry, Line, Section
from wpt.metadata.writer import write

# Fixed ones, so that a defect is found again, and fresh ones, so that new ones are found. A failure names its seed.
SEEDS = [*range(200), *(random.SystemRandom().getrandbits(32) for _ in range(50))]

# What has a meaning somewhere in the format, what ends lines somewhere, and what is hard to see.
CHARACTERS = "ab7 :,[]()#'\"\\@=!.-_\n\r\t\v\x00\x1f\x7f\x85\xa0é\u2028\u3000\ud800\ufeff\U0001f600\U000e0001"
WORDS = ["if ", "if a: b", "not", "@True", "@Reset", "[", "]", "#", "'", '"', "\\", " a", "a ", "a, b", "if", "\\x41"]
NAMES = ["os", "debug", "multiprocess", "a-b", "_x9", "iffy", "order", "android", "nothing"]


class Trees:
    """Makes random trees in the form in which they are read: comments have no spaces at their end, and so on."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def few(self, make, most=3):
        return [make() for _ in range(self.random.randint(0, most))]

    def text(self):
        if self.random.random() < 0.3:
            return self.random.choice(WORDS)
        return "".join(self.random.choices(CHARACTERS, k=self.random.randint(0, 8)))

    def comment(self):
        return self.random.choice(["", " why", "#", " if a: b", " [x]", ": \\", " é # b"])

    def condition(self, depth=0):
        kind = self.random.randint(0, 6 if depth < 4 else 3)
        if kind == 0:
            return Text(self.text())
        if kind == 1:
            return Number(self.random.choice(["0", "64", "10.4", "3."]))
        if kind == 2:
            base = self.random.choice([Text(self.text()), Variable(self.random.choice(NAMES))])
            return Index(base, self.condition(depth + 1))
        if kind == 3:
            return Variable(self.random.choice(NAMES))
        if kind == 4:
            return Not(self.condition(depth + 1))
        return Binary(self.random.choice(BINARY), self.condition(depth + 1), self.condition(depth + 1))

    def scalar(self):
        return self.random.choice(list(Atom)) if self.random.random() < 0.2 else self.text()

    def value(self):
        return self.few(self.scalar) if self.random.random() < 0.3 else self.scalar()

    def line(self, condition):
        inline = self.comment() if self.random.random() < 0.2 else None
        return Line(self.value(), condition, self.few(self.comment, 1), inline)

    def entry(self, key):
        lines = [self.line(self.condition()) for _ in range(self.random.randint(0, 2))]
        if not lines or self.random.random() < 0.5:
            lines.append(self.line(None))
        return Entry(key, lines, self.few(self.comment, 2))

    def section(self, name=None, depth=0):
        children = []
        for key in {self.text(): None for _ in range(self.random.randint(0, 3))}:
            if key:
                children.append(self.entry(key))
        if depth < 3:
            for child in {self.text(): None for _ in range(self.random.randint(0, 3))}:
                children.append(self.section(child, depth + 1))
        # Keys after sections are unusual, and allowed.
        self.random.shuffle(children)
        result = Section(name, children, trailing=self.few(self.comment, 2))
        if name is not None:
            result.comments = self.few(self.comment, 2)
            result.inline = self.comment() if self.random.random() < 0.2 else None
        elif children:
            result.header = self.few(self.comment, 2)
        return result


class RandomTrees(unittest.TestCase):
    """Trees that nobody would write."""

    def test_a_tree_is_read_as_it_was_written(self):
        for seed in SEEDS:
            with self.subTest(seed=seed):
                tree = Trees(seed).section()
                text = write(tree)
                self.assertEqual(parse(text), tree, text)
                self.assertEqual(write(parse(text)), text)

    def test_lines_of_a_written_file_can_be_stored_as_utf_8_without_spaces_at_their_ends(self):
        for seed in SEEDS:
            with self.subTest(seed=seed):
                text = write(Trees(seed).section())
                self.assertEqual(text.encode().decode(), text)
                self.assertEqual([line for line in text.split("\n") if line != line.rstrip(" ")], [])
                # Nothing that other tools take for the end of a line, as str.splitlines() does.
                self.assertEqual(text.splitlines(), text.split("\n")[:-1])

    def test_the_trees_hold_what_the_format_has(self):
        # A generator that makes nothing of interest would let the other tests pass.
        text = "".join(write(Trees(seed).section()) for seed in range(200))
        for part in (
            "\n[",
            "\n  [",
            "\n    [",
            "if ",
            "@Reset",
            " and not ",
            '"',
            "\\]",
            "\\u2028",
            "\\U0e0001",
            "\\U01",
            "  # why",
        ):
            with self.subTest(part=part):
                self.assertIn(part.replace("\\U01", "\U0001f600"), text)


class Layout(unittest.TestCase):
    """The layout is wptrunner's."""

    def check(self, text, expected=None):
        self.assertEqual(write(parse(text)), text if expected is None else expected)

    def test_of_sections(self):
        self.check(
            "[a.any.html]\n  expected: TIMEOUT\n  [one]\n    expected: FAIL\n\n"
            "  [two]\n    expected: [PASS, FAIL]\n\n\n"
            "[a.any.worker.html]\n  expected: ERROR\n\n[a.any.serviceworker.html]\n"
        )

    def test_of_conditions(self):
        self.check('key:\n  if os == "linux" and not (debug or bits == 32): one\n  if a != "\\"": two\n  [a, b]\n')
        self.check("key:\n  if (a or b) and c: x\n")
        self.check("key:\n  if a or (b and c): x\n", "key:\n  if a or b and c: x\n")
        self.check("key:\n  if ((not (a))): x\n", "key:\n  if not a: x\n")
        self.check("key:\n  if (a and b) and c: x\n")
        self.check("key:\n  only\n", "key: only\n")

    def test_of_strings(self):
        self.check("key: 'a'\nother: \"a # b\"\n", 'key: a\nother: "a # b"\n')
        self.check('key: [a:1, "b:#", ",", "]", "@x", @Reset]\n')
        self.check("key: \\x12A\\x45\\u00e9\\U01F600\n", "key: \\x12AEé\U0001f600\n")
        self.check("key: '\"#'\n")

    def test_of_comments(self):
        self.check("# on top\n\n# of one\n[one]  # beside\n  # of a key\n  key: value  # of the value\n  # the last\n")
        self.check("# of one\n[one]\n")
        self.check("key:  # above\n  # the first\n  if a: b\n", "# above\nkey:\n  # the first\n  if a: b\n")
        self.check("key: [a,  # one\n  b]  # two\n", "key: [a, b]  # one; two\n")
        # Indentation tells the last comment of a section from the first one of the next.
        self.check("[one]\n  key: value\n  # of one\n\n# of two\n[two]\n")
        self.check("# alone\n")

    def test_of_nothing(self):
        self.check("")
        self.check("\n\n", "")


if __name__ == "__main__":
    unittest.main()
