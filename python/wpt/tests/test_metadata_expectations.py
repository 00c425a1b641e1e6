# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of what the metadata expect, with what directories hand down."""

import tempfile
import unittest
from pathlib import Path

from wpt import harness
from wpt.executor import HARNESS_STATUS, SUBTEST_STATUS
from wpt.metadata import Metadata, MetadataError, run_info, schema
from wpt.metadata.expectations import MAX_FILE, section_name

SINGLE, MULTI = run_info(False, False), run_info(True, False)


class Tree(unittest.TestCase):
    """A folder of metadata."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.metadata = Metadata(self.root / "meta", self.root / "tests")

    def write(self, **files):
        """Files below meta/, with `_` for `/` in their names, `dir` for `__dir__` and without .ini."""
        for name, text in files.items():
            path = self.root / "meta" / (name.replace("_", "/").replace("dir", "__dir__") + ".ini")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def of(self, test_id="/a/b/x.html", info=SINGLE, path=None):
        return self.metadata.of(self.root / "tests" / (path or test_id.split("?")[0][1:]), test_id, info)

    def refuse(self, message, name="a_b_x.html", text=None, test_id="/a/b/x.html"):
        if text is not None:
            self.write(**{name: text})
        with self.assertRaises(MetadataError) as caught:
            self.metadata.of(self.root / "tests" / "a/b/x.html", test_id, SINGLE)
        self.assertIn(message, str(caught.exception))


class Expected(Tree):
    """Statuses."""

    def test_what_is_not_named_passes(self):
        self.write(a_dir="tags: a\n")
        elsewhere = self.metadata.of(self.root / "a" / "x.html", "/a/x.html", SINGLE)
        for found in (elsewhere, self.of("/b.html")):
            self.assertEqual((found.test(), found.subtest("s")), (["OK"], ["PASS"]))
            self.assertEqual((found.disabled(), found.tags(), found.prefs()), (None, [], []))
            self.assertEqual(found.known_subtests(), [])

    def test_a_test_and_its_subtests(self):
        self.write(**{"a_b_x.html": "[x.html]\n  expected: TIMEOUT\n  [s]\n    expected: [PASS, FAIL]\n  [t]\n"})
        found = self.of()
        self.assertEqual(found.test(), ["TIMEOUT"])
        self.assertEqual(found.subtest("s"), ["PASS", "FAIL"])
        # That a test does not end does not mean that nothing in it passes.
        self.assertEqual((found.subtest("t"), found.subtest("u")), (["PASS"], ["PASS"]))
        self.assertEqual(found.known_subtests(), ["s", "t"])

    def test_subtests_that_should_exist(self):
        part = "  [%s]\n    %s\n"
        values = {
            "one": "expected: FAIL",
            "two": "expected:\n      if multiprocess: FAIL",
            "three": "disabled: why",
            "four": "",
            "five": "bug: 5",
        }
        self.write(**{"a_b_x.html": "[x.html]\n" + "".join(part % pair for pair in values.items())})
        self.assertEqual(self.of().known_subtests(), ["one", "four", "five"])
        self.assertEqual(self.of(info=MULTI).known_subtests(), ["one", "two", "four", "five"])

    def test_one_file_for_all_tests_of_a_script(self):
        text = "[y.any.html]\n  expected: ERROR\n[y.any.worker.html?a/b]\n  expected: CRASH\n"
        self.write(**{"a_y.any.js": text})

        def of(test_id):
            return self.of(test_id, path="a/y.any.js").test()

        self.assertEqual(of("/a/y.any.html"), ["ERROR"])
        self.assertEqual(of("/a/y.any.worker.html"), ["OK"])
        self.assertEqual(of("/a/y.any.worker.html?a/b"), ["CRASH"])

    def test_paths_through_links(self):
        self.write(**{"a_x.html": "[x.html]\n  expected: ERROR\n"})
        (self.root / "tests" / "a").mkdir(parents=True)
        (self.root / "link").symlink_to(self.root / "tests")
        found = self.metadata.of(self.root / "link" / "a" / "x.html", "/a/x.html", SINGLE)
        self.assertEqual(found.test(), ["ERROR"])

    def test_names_of_sections(self):
        self.assertEqual(section_name("/a/b.html"), "b.html")
        self.assertEqual(section_name("/a/b.html?c=/d#/e"), "b.html?c=/d#/e")
        self.assertEqual(section_name("/a/b.html#/e?"), "b.html#/e?")
        self.assertEqual(section_name("/os/file.py"), "file.py")

    def test_conditions(self):
        self.write(
            **{
                "a_b_x.html": f"""\
[x.html]
  expected:
    if multiprocess and os == "{SINGLE["os"]}": CRASH
    if not multiprocess and debug: ERROR
  [s]
    expected:
      if debug: [FAIL, PASS]
      if multiprocess: TIMEOUT
      NOTRUN
"""
            }
        )
        debug = run_info(False, True)
        found = {info["multiprocess"] + 2 * info["debug"]: self.of(info=info) for info in (SINGLE, MULTI, debug)}
        self.assertEqual([found[at].test() for at in range(3)], [["OK"], ["CRASH"], ["ERROR"]])
        self.assertEqual([found[at].subtest("s") for at in range(3)], [["NOTRUN"], ["TIMEOUT"], ["FAIL", "PASS"]])

    def test_files_and_directories_speak_of_all_tests_below(self):
        self.write(dir="expected: FAIL\n", a_dir="expected:\n  if multiprocess: [TIMEOUT, CRASH, NOTRUN]\n")
        self.write(
            **{"a_b_x.html": "[x.html]\n  [s]\n    expected: PASS\n", "a_b_y.html": "expected: ERROR\n[y.html]\n"}
        )
        # No test has the status FAIL, so that is for subtests.
        found = self.of()
        self.assertEqual((found.test(), found.subtest("s"), found.subtest("t")), (["OK"], ["PASS"], ["FAIL"]))
        found = self.of(info=MULTI)
        self.assertEqual((found.test(), found.subtest("t")), (["TIMEOUT", "CRASH"], ["TIMEOUT", "NOTRUN"]))
        found = self.of("/a/b/y.html")
        self.assertEqual((found.test(), found.subtest("t")), (["ERROR"], ["FAIL"]))
        self.assertEqual(self.of("/a/b/y.html?z", path="a/b/y.html").test(), ["ERROR"])
        self.assertEqual(self.of("/z.html").subtest("t"), ["FAIL"])
        self.assertEqual(found.inherited(subtest=False), ["ERROR"])

    def test_all_statuses_of_the_runner_are_known(self):
        self.assertEqual(set(schema.TEST_STATUSES), {*HARNESS_STATUS.values(), "CRASH"})
        self.assertEqual(set(schema.SUBTEST_STATUSES), set(SUBTEST_STATUS.values()))


class Disabled(Tree):
    """Tests that do not run."""

    def test_reasons(self):
        for text, expected in {
            "disabled: https://example.org/1": "https://example.org/1",
            "disabled: @True": "no reason given",
            "disabled: ''": "no reason given",
            "disabled: @False": None,
            "disabled:\n    if multiprocess: because": None,
            "disabled:\n    if not multiprocess: because": "because",
        }.items():
            with self.subTest(text=text):
                self.write(**{"a_b_x.html": f"[x.html]\n  {text}\n"})
                self.metadata.forget(self.root / "meta/a/b/x.html.ini")
                self.assertEqual(self.of().disabled(), expected)

    def test_the_nearest_counts(self):
        self.write(dir="disabled: far\n", a_dir="disabled:\n  if multiprocess: near\n")
        self.write(**{"a_b_x.html": "[x.html?on]\n  disabled: @False\n[x.html?off]\n  disabled: nearest\n"})
        on, off = "/a/b/x.html?on", "/a/b/x.html?off"
        self.assertEqual([self.of().disabled(), self.of(info=MULTI).disabled()], ["far", "near"])
        self.assertEqual([self.of(on).disabled(), self.of(off).disabled()], [None, "nearest"])

    def test_a_subtest_whose_results_do_not_count(self):
        self.write(**{"a_b_x.html": "[x.html]\n  [s]\n    disabled:\n      if multiprocess: why\n    expected: FAIL\n"})
        self.assertEqual((self.of().subtest("s"), self.of().subtest_disabled("s")), (["FAIL"], None))
        found = self.of(info=MULTI)
        self.assertEqual((set(found.subtest("s")), found.subtest_disabled("s")), (set(schema.SUBTEST_STATUSES), "why"))
        self.assertEqual((found.subtest("t"), found.subtest_disabled("t"), found.disabled()), (["PASS"], None, None))


class TagsAndPreferences(Tree):
    """Lists that add up."""

    def test_tags(self):
        self.write(dir="tags: slow\n", a_dir="tags: [network, slow]\n")
        self.write(**{"a_b_x.html": "tags: [full]\n[x.html?a]\n  tags: [@Reset, b]\n[x.html?c]\n  tags: [@Reset]\n"})
        self.assertEqual(self.of().tags(), ["slow", "network", "full"])
        self.assertEqual(self.of("/a/b/x.html?a").tags(), ["b"])
        self.assertEqual(self.of("/a/b/x.html?c").tags(), [])

    def test_preferences(self):
        self.write(dir="prefs: [one:1, two:2]\n", a_dir='prefs: ["two: 22", three_x:a:b=c]\n')
        self.write(
            **{"a_b_x.html": "[x.html]\n  prefs:\n    if multiprocess: four:\n[x.html?r]\n  prefs: [five:5, @Reset]\n"}
        )
        inherited = ["one=1", "two=22", "three_x=a:b=c"]
        self.assertEqual(self.of().prefs(), inherited)
        self.assertEqual(self.of(info=MULTI).prefs(), [*inherited, "four="])
        self.assertEqual(self.of("/a/b/x.html?r").prefs(), ["five=5"])

    def test_form_that_servo_writes(self):
        self.write(a_dir="prefs: [dom_cookiestore_enabled: true]")
        self.assertEqual(self.of().prefs(), ["dom_cookiestore_enabled=true"])


class Refusals(Tree):
    """Errors name the file, the line and what is allowed."""

    def test_keys(self):
        self.refuse(
            "meta/a/b/x.html.ini:2: 'expect' is no key here; they are disabled, expected, prefs, tags,",
            text="[x.html]\n  expect: FAIL\n",
        )

    def test_keys_of_subtests(self):
        self.refuse(
            "x.html.ini:3: 'prefs' is no key here; they are disabled, expected, bug",
            text="[x.html]\n  [s]\n    prefs: [a:b]\n",
        )

    def test_statuses_of_tests(self):
        self.refuse(
            "meta/a/b/x.html.ini:3: expected: 'FAIL' is no status here; they are OK, ERROR, TIMEOUT, CRASH, PREC",
            text="[x.html]\n  expected:\n    if multiprocess: FAIL\n",
        )

    def test_statuses_of_subtests(self):
        self.refuse(
            "x.html.ini:3: expected: 'OK' is no status here; they are PASS, FAIL, TIMEOUT, NOTRUN, PRECONDITION",
            text="[x.html]\n  [s]\n    expected: [PASS, OK]\n",
        )

    def test_lists_of_statuses(self):
        for text, message in {
            "[]": "a list without a status",
            "[OK, OK]": "there twice",
            "@True": "@True is no",
        }.items():
            with self.subTest(text=text):
                self.refuse(message, text=f"[x.html]\n  expected: {text}\n")

    def test_other_values(self):
        for text, message in {
            "disabled: [a]": "disabled: the reason is wanted",
            "disabled: @Reset": "disabled: the reason is wanted",
            "tags: @True": "tags: @True stands where a name does",
            "tags: [a, '']": "tags: '' stands where a name does",
            "prefs: [@False]": "prefs: @False stands where a name does",
            "prefs: [a:b, c]": "prefs: 'c' is not name:value",
            "prefs: a=b:c": "'a=b:c' is not name:value",
            "prefs: ':b'": "':b' is not name:value",
        }.items():
            with self.subTest(text=text):
                self.refuse(f"x.html.ini:2: {message}" if ": " in message else message, text=f"[x.html]\n  {text}\n")

    def test_sections(self):
        self.refuse("x.html.ini:3: subtests have no sections", text="[x.html]\n  [s]\n    [t]\n")

    def test_sections_of_directories(self):
        self.refuse("meta/a/__dir__.ini:2: a file for a directory has no sections", "a_dir", "tags: a\n[x.html]\n")

    def test_conditions_are_checked_wherever_they_stand(self):
        self.refuse(
            "meta/a/b/x.html.ini:4: nothing is known of 'platform'; conditions may ask for bits, debug, multi",
            text="[other.html]\n  [s]\n    expected:\n      if platform: FAIL\n",
        )

    def test_conditions_of_directories(self):
        self.refuse("meta/__dir__.ini:2: `os` is a string", "dir", "disabled:\n  if os: a\n")

    def test_files_that_are_no_text(self):
        (self.root / "meta/a/b").mkdir(parents=True)
        (self.root / "meta/a/b/x.html.ini").write_bytes(b"# a\n[\xff]\n")
        self.refuse("meta/a/b/x.html.ini:2: not UTF-8")
        with (self.root / "meta/a/b/x.html.ini").open("wb") as file:
            file.truncate(MAX_FILE + 1)
        self.refuse("larger than")

    def test_errors_come_again(self):
        for _ in range(2):
            self.refuse("x.html.ini:1", text="nonsense\n")


class Strays(Tree):
    """Metadata of what does not exist."""

    def test_files_and_sections_without_a_test(self):
        self.write(a_dir="tags: a\n", gone_dir="tags: a\n")
        self.write(**{"a_x.html": "[x.html]\n\n[x.html?gone]\n", "a_gone.html": "[gone.html]\n"})
        tests = {self.root / "tests/a/x.html": ["/a/x.html"], self.root / "elsewhere.py": ["/os/elsewhere.py"]}
        self.assertEqual(
            self.metadata.strays(tests),
            [
                "meta/a/gone.html.ini:1: there is no such test file",
                "meta/a/x.html.ini:3: the file has no test 'x.html?gone'",
            ],
        )


class Ours(unittest.TestCase):
    """The metadata of this project."""

    metadata = Metadata(harness.METADATA, harness.TESTS)

    def test_run_info(self):
        info = run_info(multiprocess=True, debug=False)
        self.assertEqual((info["multiprocess"], info["debug"], info["product"]), (True, False, "servo"))
        self.assertIn(info["bits"], (32, 64))
        self.assertTrue(all(info[name] for name in ("os", "version", "processor")))
        self.assertEqual(info["os"], str(info["os"]).lower())

    def test_every_file_can_be_read_and_asks_only_for_what_is_known(self):
        paths = sorted(harness.METADATA.rglob("*.ini"))
        self.assertTrue(paths)
        for path in paths:
            with self.subTest(path=path.name):
                schema.check_conditions(self.metadata.file(path).root, path.name, SINGLE)

    def test_the_preferences_that_the_tests_need(self):
        for folder in ("direct-sockets", "mozilla/direct-sockets"):
            with self.subTest(folder=folder):
                found = self.metadata.of(harness.TESTS / folder / "x.html", "/x.html", SINGLE).prefs()
                self.assertEqual(
                    found,
                    [
                        "dom_direct_sockets_enabled=true",
                        "dom_direct_sockets_allowed_origins=*",
                        "expose_servointernals_globally=true",
                    ],
                )


if __name__ == "__main__":
    unittest.main()
