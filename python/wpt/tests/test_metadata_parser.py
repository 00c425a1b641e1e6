# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of reading the metadata format."""

import unittest

from wpt.metadata import conditions
from wpt.metadata.conditions import Binary, Index, Not, Number, Text, Variable
from wpt.metadata.parser import MAX_DEPTH, parse
from wpt.metadata.scanner import MetadataError, Problem, Scanner
from wpt.metadata.tree import Atom, Entry, Line, Section


def value_of(text):
    return parse(f"key: {text}\n").entry("key").lines[0].value


class Refusals(unittest.TestCase):
    """Errors name file and line, and what is wrong."""

    def refuse(self, text, line, message):
        with self.assertRaisesRegex(MetadataError, f"^folder/x.ini:{line}: .*{message}"):
            parse(text, "folder/x.ini")

    def test_lines_that_are_neither_sections_nor_values(self):
        self.refuse("[a]\nnonsense\n", 2, "neither a \\[section\\] nor a key with a colon: nonsense")
        self.refuse("[a]\nnonsense of words\n", 2, "neither a \\[section\\] nor a key")
        self.refuse("a b: c\n", 1, "a space in the key before 'b: c'")
        self.refuse(": c\n", 1, "without a key")

    def test_headings(self):
        self.refuse("\n[a\n", 2, "ends with \\]")
        self.refuse("[a\\]\n", 1, "ends with \\]")
        self.refuse("[a] b\n", 1, "'b' is too much")
        self.refuse("[a\\", 1, "ends after a backslash")

    def test_indentation(self):
        self.refuse("  key: a\n", 1, "2 spaces before it, where 0 are expected")
        self.refuse("[a]\n    key: a\n  other: b\n", 3, "2 spaces before it, where 0 are expected")
        self.refuse("[a]\n  key: a\n    other: b\n", 3, "4 spaces before it, where 2 are expected")
        self.refuse("key:\n  if a: b\n    if c: d\n", 3, "4 spaces before it, where 2 are expected")
        self.refuse("[a]\n\tkey: a\n", 2, "a tab in the indentation")

    def test_what_is_there_twice(self):
        self.refuse("key: a\n\nkey: b\n", 3, "a second 'key' in one section; the first is on line 1")
        self.refuse("[a]\n[b]\n  [a]\n[a]\n", 4, "a second section 'a'; the first is on line 1")

    def test_values(self):
        self.refuse("a: 1\nkey:\n", 2, "'key' has no value")
        self.refuse("[s]\n  key:\n  # only a comment\n\nother: a\n", 2, "'key' has no value")
        self.refuse('key: "a\n', 1, "does not end")
        self.refuse("key: 'a' b\n", 1, "'b' is too much")
        self.refuse("key: @Sometimes\n", 1, "@Sometimes is no special value; they are @True, @False, @Reset")
        self.refuse("key: if os: FAIL\n", 1, "conditions stand on lines of their own")
        self.refuse("key:\n  FAIL\n  PASS\n", 3, "only the last of the values may stand without a condition")
        self.refuse("key:\n  FAIL\n  if a: PASS\n", 3, "only the last of the values")

    def test_lists(self):
        self.refuse("\nkey: [a,\n  b,\n", 2, "a list that does not end")
        self.refuse("key: [a\n  ]\n", 1, "a comma or \\] must follow 'a'")
        self.refuse("key: ['a' b]\n", 1, "a comma or \\] must follow 'a'")
        self.refuse("key: [a # b]\n", 1, "a comma or \\] must follow 'a'")
        self.refuse("key: [,]\n", 1, "a comma without a value")
        self.refuse("key: [a,,b]\n", 1, "a comma without a value")
        self.refuse("key: [a,\n b,\n @Any]\n", 3, "@Any is no special value")
        self.refuse("key: [a] b\n", 1, "'b' is too much")

    def test_escapes(self):
        self.refuse("key: \\x4\n", 1, "\\\\x is followed by 2 hexadecimal digits, not by '4'")
        self.refuse("key: \\u00g0\n", 1, "\\\\u is followed by 4 hexadecimal digits, not by '00g0'")
        self.refuse("key: \\U110000\n", 1, "there is no character \\\\U110000")
        self.refuse("key: a\\\n", 1, "ends after a backslash")

    def test_conditions(self):
        self.refuse("key:\n  if os\n", 2, "':' or an operator .* not the end of the line")
        self.refuse("key:\n  if os == : FAIL\n", 2, "a property, a number, .* not ': FAIL'")
        self.refuse("key:\n  if os = 'a': FAIL\n", 2, "not \"= 'a': FAIL\"")
        self.refuse("key:\n  if (os: FAIL\n", 2, "'\\)' or an operator")
        self.refuse("key:\n  if os): FAIL\n", 2, "':' or an operator .* not '\\): FAIL'")
        self.refuse("key:\n  if a == not b: FAIL\n", 2, "a property, a number, .* not 'not b: FAIL'")
        self.refuse("key:\n  if a and: FAIL\n", 2, "a property")
        self.refuse("key:\n  if 'a: FAIL\n", 2, "does not end")
        self.refuse("key:\n  if a[1: FAIL\n", 2, "'\\]' or an operator")
        self.refuse("key:\n  if a:\n    FAIL\n", 2, "a condition without a value behind its colon")

    def test_what_has_no_end(self):
        deep = "".join(f"{' ' * depth}[s]\n" for depth in range(MAX_DEPTH + 1))
        self.refuse(deep, MAX_DEPTH + 1, f"more than {MAX_DEPTH} sections in each other")
        self.refuse(f"key:\n  if {'(' * 5000}a: b\n", 2, "more than 40 parentheses")
        self.refuse(f"key:\n  if {'not ' * 5000}a: b\n", 2, "more than 40 parentheses")
        self.refuse(f"key:\n  if {'a[' * 5000}a: b\n", 2, "more than 40 parentheses")
        self.refuse(f"key:\n  if {'a or ' * 5000}a: b\n", 2, "more than 200 operands")

    def test_as_much_as_is_allowed(self):
        parse(f"key:\n  if {'(' * 39}a{')' * 39}: b\n")
        entry = parse(f"key:\n  if {'a or ' * 199}a: b\n").entry("key")
        self.assertFalse(conditions.holds(entry.lines[0].condition, {"a": False}))
        self.assertIn("a or a", conditions.write(entry.lines[0].condition))
        parse("".join(f"{' ' * depth}[s]\n" for depth in range(MAX_DEPTH)))


class Sections(unittest.TestCase):
    """Sections and keys."""

    def test_nesting(self):
        root = parse("a: 1\n[one]\n   b: 2\n   [two]\n     c: 3\n   d: 4\n[three]\n")
        one = Section(
            "one", [Entry("b", [Line("2")]), Section("two", [Entry("c", [Line("3")])]), Entry("d", [Line("4")])]
        )
        self.assertEqual(root, Section(None, [Entry("a", [Line("1")]), one, Section("three")]))

    def test_names(self):
        names = ["a [b] c: d # e", "'", "", "a\\", "\t\n\0\x7f", "A"]
        written = ["a [b\\] c: d # e", "'", "", "a\\\\", "\\t\\n\\x00\\x7f", "\\x41"]
        root = parse("".join(f"[{name}]\n" for name in written))
        self.assertEqual([section.name for section in root.sections()], names)

    def test_keys(self):
        root = parse("a\\:b\\ c : 1\n\\[x\\]: 2\nd#: 3\n")
        self.assertEqual(
            [(entry.key, entry.lines[0].value) for entry in root.entries()], [("a:b c", "1"), ("[x]", "2"), ("d#", "3")]
        )

    def test_line_numbers(self):
        root = parse("# a\n\n[one]\n  key:\n    # b\n    if a: 1\n    [2,\n     3]\n  other: 4\n")
        one = root.section("one")
        key = one.entry("key")
        self.assertEqual([one.number, key.number, key.lines[0].number, key.lines[1].number], [3, 4, 6, 7])
        self.assertEqual(one.entry("other").number, 9)

    def test_ends_of_lines(self):
        self.assertEqual(parse("[a]\r\n  key: [b,\r\n  c]\r\n"), parse("[a]\n  key: [b,\n  c]"))
        # These end lines elsewhere.
        self.assertEqual(parse("[a\x0b\x0c\x1c\x85\u2028\u2029b]\n").children[0].name, "a\x0b\x0c\x1c\x85\u2028\u2029b")


class Values(unittest.TestCase):
    """Strings, lists and special values."""

    def test_strings(self):
        self.assertEqual(value_of("a b: c  # d"), "a b: c")
        self.assertEqual(value_of("it's"), "it's")
        self.assertEqual(value_of("'a # b'  # c"), "a # b")
        self.assertEqual(value_of('"a\\"b\'"'), "a\"b'")
        self.assertEqual(value_of("a\\#b\\\\"), "a#b\\")
        self.assertEqual(value_of('""'), "")
        self.assertEqual(value_of("'if a'"), "if a")
        self.assertEqual(value_of("\\a\\b\\f\\n\\r\\t\\v\\x41\\u00e9\\U01F600"), "\a\b\f\n\r\t\vAé\U0001f600")
        self.assertEqual(value_of("http://a/b#c"), "http://a/b")

    def test_lists(self):
        self.assertEqual(value_of("[]"), [])
        self.assertEqual(value_of("[ a b , 'c, d',e\\,f,@Reset ,\"]\",]"), ["a b", "c, d", "e,f", Atom.RESET, "]"])
        self.assertEqual(value_of("[  # first\n\n a,\n# second\nb: c,\n]  # third"), ["a", "b: c"])

    def test_special_values(self):
        self.assertEqual([value_of(text) for text in ("@True", "@False  # a", "@Reset")], list(Atom))
        self.assertEqual(value_of("'@True'"), "@True")

    def test_blocks(self):
        lines = parse("key:\n  # a\n  if a: [b,\n c]  # d\n\n  if not a: @True\n  e\n").entry("key").lines
        self.assertEqual(
            lines,
            [
                Line(["b", "c"], Variable("a"), [" a"], " d"),
                Line(Atom.TRUE, Not(Variable("a"))),
                Line("e"),
            ],
        )

    def test_comments_belong_to_what_follows(self):
        root = parse(
            "# file\n\n# one\n[one]  # beside\n    # key\n  key: a  # value\n  # last of one\n  # two\n[two]\n# end\n"
        )
        self.assertEqual(root.header, [" file"])
        one, two = root.sections()
        self.assertEqual((one.comments, one.inline, one.trailing), ([" one"], " beside", [" last of one", " two"]))
        self.assertEqual((one.entry("key").comments, one.entry("key").lines[0].inline), ([" key"], " value"))
        self.assertEqual((two.comments, root.trailing), ([], [" end"]))


INFO = {"os": "linux", "bits": 64, "debug": False, "multiprocess": True, "version": "Debian 13"}


class Conditions(unittest.TestCase):
    """What conditions mean."""

    def read(self, text):
        return conditions.read(Scanner(text + ":"))

    def test_precedence(self):
        a, b, c = Variable("a"), Variable("b"), Variable("c")
        for text, expected in {
            "a or b and c": Binary("or", a, Binary("and", b, c)),
            "(a or b) and c": Binary("and", Binary("or", a, b), c),
            "a and b and c": Binary("and", a, Binary("and", b, c)),
            "not a and b": Binary("and", Not(a), b),
            "not a == b": Not(Binary("==", a, b)),
            "(not a) == b": Binary("==", Not(a), b),
            "a == b != c": Binary("!=", Binary("==", a, b), c),
            "a != b == c": Binary("!=", a, Binary("==", b, c)),
            "not not a": Not(Not(a)),
            "a=='b'": Binary("==", a, Text("b")),
            "a==10.40": Binary("==", a, Number("10.40")),
            "a['b']": Index(a, Text("b")),
            "nota or android": Binary("or", Variable("nota"), Variable("android")),
        }.items():
            with self.subTest(text=text):
                self.assertEqual(self.read(text), expected)

    def test_what_holds(self):
        for text, expected in {
            "multiprocess": True,
            "not multiprocess": False,
            "debug or multiprocess": True,
            "debug and multiprocess": False,
            "os == 'linux'": True,
            'os != "linux"': False,
            "bits == 64": True,
            "bits == 64.0": True,
            "bits != 32": True,
            "debug == multiprocess": False,
            "version[0] == 'D'": True,
            "version[99] == ''": True,
            "not (os == 'mac' or debug) and bits == 64": True,
        }.items():
            with self.subTest(text=text):
                condition = self.read(text)
                conditions.check(condition, INFO)
                self.assertIs(conditions.holds(condition, INFO), expected)

    def test_what_makes_no_sense(self):
        for text, message in {
            "system == 'linux'": "nothing is known of 'system'; conditions may ask for bits, debug, multi",
            # Also where it would not be reached.
            "multiprocess or nonsense": "nothing is known of 'nonsense'",
            "os": "`os` is a string, where true or false is needed",
            "not bits": "`bits` is a number, where true or false is needed",
            "'linux' and debug": '`"linux"` is a string',
            "bits == '64'": '`bits` is a number and `"64"` is a string: they are never equal',
            "debug == 1": "`debug` is true or false and `1` is a number",
            "bits[0] == 6": "`bits` is a number, where a string is needed",
            "os['x'] == 'l'": "is no place in a string",
            "os[1.5] == 'l'": "is no place in a string",
        }.items():
            with self.subTest(text=text), self.assertRaises(Problem) as caught:
                conditions.check(self.read(text), INFO)
            self.assertIn(message, str(caught.exception))

    def test_conditions_made_from_properties(self):
        parts = [
            conditions.property_is("debug", False),
            conditions.property_is("os", "linux"),
            conditions.property_is("bits", 64),
        ]
        condition = conditions.conjunction(parts)
        self.assertEqual(conditions.write(condition), 'not debug and os == "linux" and bits == 64')
        self.assertTrue(conditions.holds(condition, INFO))


if __name__ == "__main__":
    unittest.main()
