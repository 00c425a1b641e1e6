# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of what an update of the metadata writes."""

import itertools
import os
import random
import stat
import tempfile
import unittest
from pathlib import Path

from wpt.metadata import Metadata, MetadataError, Observation, run_info, schema, split, update

SINGLE, MULTI = ({**run_info(mode, False), "os": "linux"} for mode in (False, True))
DEBUG, MULTI_DEBUG = ({**info, "debug": True} for info in (SINGLE, MULTI))
MAC = {**SINGLE, "os": "mac"}


class Folder(unittest.TestCase):
    """A folder of metadata with one file."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.path = self.root / "meta" / "a" / "x.html.ini"
        self.path.parent.mkdir(parents=True)
        self.metadata = Metadata(self.root / "meta", self.root / "tests")

    def seen(self, info, status="OK", test_id="/a/x.html", **subtests):
        return Observation(self.root / "tests" / "a" / "x.html", test_id, info, status, subtests)

    def write(self, text):
        self.path.write_text(text)
        self.metadata.forget(self.path)

    def text(self):
        return self.path.read_text() if self.path.is_file() else None

    def check(self, before, observations, after, **options):
        """An update writes `after`, and doing it again changes nothing."""
        self.path.unlink(missing_ok=True)
        self.metadata.forget(self.path)
        if before is not None:
            self.write(before)
        changed = update(self.metadata, observations, **options)
        self.assertEqual(self.text(), after)
        self.assertEqual(changed, [] if before == after else [self.path])
        self.assertEqual(update(self.metadata, observations, **options), [])
        self.assertEqual(os.listdir(self.path.parent), [self.path.name] if after is not None else [])


class Plain(Folder):
    """Without conditions."""

    def test_only_what_is_not_as_usual_is_written(self):
        both = [self.seen(info, s="PASS", t="FAIL") for info in (SINGLE, MULTI)]
        self.check(None, both, "[x.html]\n  [t]\n    expected: FAIL\n")

    def test_nothing_is_written_for_tests_that_pass(self):
        self.check(None, [self.seen(SINGLE, s="PASS")], None)

    def test_statuses_of_tests(self):
        self.check(None, [self.seen(SINGLE, "CRASH"), self.seen(MULTI, "CRASH")], "[x.html]\n  expected: CRASH\n")

    def test_tests_of_one_file_are_sorted_and_subtests_as_the_page_has_them(self):
        observations = [
            self.seen(SINGLE, "ERROR", "/a/x.html?b"),
            self.seen(SINGLE, "TIMEOUT", "/a/x.html?a", z="FAIL", y="NOTRUN"),
        ]
        self.check(
            None,
            observations,
            """\
[x.html?a]
  expected: TIMEOUT
  [z]
    expected: FAIL

  [y]
    expected: NOTRUN


[x.html?b]
  expected: ERROR
""",
        )

    def test_what_passes_now_is_removed(self):
        before = "[x.html]\n  expected: ERROR\n  [s]\n    expected: FAIL\n\n  [t]\n    expected: FAIL\n"
        self.check(before, [self.seen(SINGLE, s="PASS", t="FAIL")], "[x.html]\n  [t]\n    expected: FAIL\n")

    def test_a_file_with_nothing_left_is_removed(self):
        self.check("# why\n\n[x.html]\n  [s]\n    expected: FAIL\n", [self.seen(SINGLE, s="PASS")], None)

    def test_another_failure_keeps_the_reason(self):
        before = "# file\n\n# test\n[x.html]  # here\n  # key\n  expected: ERROR  # why\n"
        self.check(before, [self.seen(SINGLE, "CRASH")], before.replace("ERROR", "CRASH"))

    def test_a_file_that_says_the_same_is_not_touched(self):
        # Not the layout that would be written.
        text = "[x.html]\n\n    [s]\n        expected:\n           FAIL\n"
        self.check(text, [self.seen(SINGLE, s="FAIL")], text)

    def test_names_with_brackets(self):
        name = "a [b] \\ c\n#"
        observation = Observation(self.root / "tests/a/x.html", "/a/x.html", SINGLE, "OK", {name: "FAIL"})
        self.check(None, [observation], "[x.html]\n  [a [b\\] \\\\ c\\n#]\n    expected: FAIL\n")

    def test_other_keys_stay(self):
        before = """\
[x.html]
  tags: [full]
  disabled:
    if os == "mac": https://example.org/1
  expected: TIMEOUT
  prefs: [a:b]
"""
        self.check(before, [self.seen(SINGLE)], before.replace("  expected: TIMEOUT\n", ""))

    def test_a_new_status_stands_before_the_subtests(self):
        before = "[x.html]\n  tags: [full]\n  [s]\n    expected: FAIL\n"
        after = before.replace("  [s]", "  expected: TIMEOUT\n  [s]")
        self.check(before, [self.seen(SINGLE, "TIMEOUT", s="FAIL")], after)

    def test_what_directories_expect_need_not_be_written(self):
        (self.root / "meta/__dir__.ini").write_text("expected: FAIL\n")
        self.check(None, [self.seen(SINGLE, s="FAIL", t="PASS")], "[x.html]\n  [t]\n    expected: PASS\n")


class OtherTests(Folder):
    """What was not run."""

    def test_tests_that_were_not_run_stay(self):
        before = "[x.html?a]\n  expected: ERROR\n\n[x.html?b]\n  expected: ERROR\n"
        self.check(before, [self.seen(SINGLE, "OK", "/a/x.html?b")], "[x.html?a]\n  expected: ERROR\n")

    def test_files_of_other_tests_stay(self):
        other = self.root / "meta" / "y.html.ini"
        other.write_text("nonsense")
        self.check(None, [self.seen(SINGLE, "ERROR")], "[x.html]\n  expected: ERROR\n")
        self.assertEqual(other.read_text(), "nonsense")

    def test_tests_from_elsewhere_and_tests_that_were_skipped_change_nothing(self):
        elsewhere = Observation(self.root / "x.html", "/x.html", SINGLE, "ERROR", {})
        before = "[x.html]\n  disabled: why\n  expected: CRASH\n"
        self.check(before, [elsewhere, self.seen(SINGLE, "SKIP")], before)

    def test_subtests_that_a_hanging_test_did_not_reach_stay(self):
        before = "[x.html]\n  expected: TIMEOUT\n  [s]\n    expected: FAIL\n"
        self.check(before, [self.seen(SINGLE, "TIMEOUT"), self.seen(MULTI, "TIMEOUT")], before)

    def test_subtests_that_the_test_does_not_have_are_removed(self):
        before = """\
[x.html]
  [gone]
    expected: FAIL

  [gone in part]
    expected: FAIL

  [not counted]
    disabled: why

  [of others]
    expected:
      if os == "mac": FAIL
"""
        observations = [self.seen(SINGLE), self.seen(MULTI, **{"gone in part": "FAIL"})]
        self.check(before, observations, before.replace("  [gone]\n    expected: FAIL\n\n", ""))

    def test_subtests_that_do_not_count_or_lack_a_precondition_change_nothing(self):
        before = "[x.html]\n  [s]\n    disabled: why\n    expected: FAIL\n\n  [t]\n    expected: FAIL\n"
        after_all = [self.seen(SINGLE, s="PASS", t="PRECONDITION_FAILED", u="PRECONDITION_FAILED")]
        self.check(before, after_all, before)

    def test_a_file_that_cannot_be_read_is_an_error_and_stays(self):
        self.write("[x.html]\n  expected: FAIL\n")
        with self.assertRaises(MetadataError):
            update(self.metadata, [self.seen(SINGLE, "ERROR")])
        self.assertEqual(self.text(), "[x.html]\n  expected: FAIL\n")

    def test_a_file_that_cannot_be_written_leaves_nothing_behind(self):
        self.path.mkdir()
        with self.assertRaises(OSError):
            update(self.metadata, [self.seen(SINGLE, "ERROR")])
        self.assertEqual(os.listdir(self.path.parent), [self.path.name])

    def test_unknown_statuses_are_refused(self):
        for observation in (self.seen(SINGLE, "PASS"), self.seen(SINGLE, s="OK"), self.seen(SINGLE, s="SKIP")):
            with self.assertRaisesRegex(ValueError, "/a/x.html.* is no status; they are "):
                update(self.metadata, [observation])
        self.assertIsNone(self.text())

    def test_files_can_be_read_by_others(self):
        update(self.metadata, [self.seen(SINGLE, "ERROR")])
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o644)


class Conditions(Folder):
    """Results that differ."""

    def status(self, *lines):
        """A file whose one subtest has these lines."""
        if len(lines) == 1 and not lines[0].startswith("if "):
            return f"[x.html]\n  [s]\n    expected: {lines[0]}\n"
        return "[x.html]\n  [s]\n    expected:\n" + "".join(f"      {line}\n" for line in lines)

    def results(self, *results):
        return [self.seen(info, s=status) for info, status in results]

    def test_one_property(self):
        self.check(None, self.results((SINGLE, "PASS"), (MULTI, "FAIL")), self.status("if multiprocess: FAIL"))
        self.check(None, self.results((SINGLE, "FAIL"), (MULTI, "PASS")), self.status("if not multiprocess: FAIL"))

    def test_another_default(self):
        found = self.results((SINGLE, "FAIL"), (MULTI, "TIMEOUT"), (DEBUG, "FAIL"), (MULTI_DEBUG, "TIMEOUT"))
        self.check(None, found, self.status("if multiprocess: TIMEOUT", "FAIL"))

    def test_the_property_that_tells_results_apart(self):
        found = self.results((SINGLE, "PASS"), (MULTI, "PASS"), (DEBUG, "FAIL"), (MULTI_DEBUG, "FAIL"))
        self.check(None, found, self.status("if debug: FAIL"))

    def test_two_properties(self):
        found = self.results((SINGLE, "PASS"), (MULTI, "PASS"), (DEBUG, "PASS"), (MULTI_DEBUG, "FAIL"))
        self.check(None, found, self.status("if multiprocess and debug: FAIL"))

    def test_no_more_properties_than_each_line_needs(self):
        found = self.results((SINGLE, "PASS"), (MULTI, "FAIL"), (DEBUG, "FAIL"), (MULTI_DEBUG, "FAIL"))
        self.check(None, found, self.status("if multiprocess: FAIL", "if debug: FAIL"))

    def test_strings(self):
        self.check(None, self.results((SINGLE, "PASS"), (MAC, "FAIL")), self.status('if os == "mac": FAIL'))

    def test_properties_that_also_differ_are_not_asked_for(self):
        other = {**MULTI, "os": "mac", "version": "1", "bits": 32}
        self.check(None, self.results((SINGLE, "PASS"), (other, "FAIL")), self.status("if multiprocess: FAIL"))

    def test_a_condition_that_no_longer_holds(self):
        before = self.status("if multiprocess: FAIL")
        self.check(before, self.results((SINGLE, "PASS"), (MULTI, "PASS")), None)
        self.check(before, self.results((SINGLE, "FAIL"), (MULTI, "FAIL")), self.status("FAIL"))
        self.check(before, self.results((SINGLE, "FAIL"), (MULTI, "PASS")), self.status("if not multiprocess: FAIL"))

    def test_reasons_survive_the_turning_of_a_condition(self):
        before = self.status("if multiprocess: FAIL  # why")
        after = self.status("if not multiprocess: FAIL  # why")
        self.check(before, self.results((SINGLE, "FAIL"), (MULTI, "PASS")), after)
        # With several, each goes to its own status.
        before = self.status("if multiprocess: FAIL  # one", "if debug: TIMEOUT  # two")
        found = self.results((SINGLE, "TIMEOUT"), (MULTI, "PASS"), (DEBUG, "NOTRUN"), (MULTI_DEBUG, "FAIL"))
        self.check(
            before,
            found,
            self.status(
                "if not multiprocess and not debug: TIMEOUT  # two",
                "if not multiprocess and debug: NOTRUN",
                "if multiprocess and debug: FAIL  # one",
            ),
        )

    def test_reasons_survive_the_fall_of_a_condition(self):
        before = self.status("if multiprocess: FAIL  # why")
        found = self.results((SINGLE, "FAIL"), (MULTI, "FAIL"))
        self.check(before, found, self.status("FAIL  # why"))

    def test_reasons_go_with_their_status(self):
        before = self.status('if os == "linux": FAIL  # why', "TIMEOUT")
        found = self.results((SINGLE, "PASS"), (MULTI, "FAIL"), (DEBUG, "PASS"), (MULTI_DEBUG, "PASS"))
        after = self.status(
            'if os == "linux" and multiprocess and not debug: FAIL  # why', 'if os == "linux": PASS', "TIMEOUT"
        )
        self.check(before, found, after)

    def test_reasons_of_what_passes_now_are_not_given_to_others(self):
        before = self.status("if multiprocess: FAIL  # why")
        found = self.results((SINGLE, "PASS"), (DEBUG, "TIMEOUT"), (MULTI, "PASS"))
        self.check(before, found, self.status("if debug: TIMEOUT"))

    def test_conditions_about_other_runs_stay(self):
        before = self.status('if os == "mac": CRASH'.replace("CRASH", "TIMEOUT"), "if debug: NOTRUN  # slow", "FAIL")
        found = self.results((SINGLE, "PASS"), (MULTI, "PASS"))
        self.check(before, found, before.replace("      FAIL\n", ""))
        self.check(before, self.results((SINGLE, "TIMEOUT")), before.replace("FAIL", "TIMEOUT"))

    def test_a_default_that_others_need_stays(self):
        before = self.status("if multiprocess: TIMEOUT", "FAIL")
        self.check(before, self.results((MULTI, "PASS")), self.status("if multiprocess: PASS", "FAIL"))
        self.check(before, self.results((MULTI, "FAIL")), self.status("FAIL"))

    def test_a_condition_whose_runs_differ_now_is_made_narrower(self):
        before = self.status('if os == "linux": FAIL  # why', "TIMEOUT")
        found = self.results((SINGLE, "FAIL"), (MULTI, "PASS"))
        self.check(
            before,
            found,
            self.status('if os == "linux" and multiprocess: PASS', 'if os == "linux": FAIL  # why', "TIMEOUT"),
        )

    def test_a_condition_with_or_is_kept_whole(self):
        before = self.status('if os == "mac" or multiprocess: FAIL')
        found = self.results((SINGLE, "PASS"), (MULTI, "FAIL"), (MULTI_DEBUG, "TIMEOUT"))
        self.check(
            before,
            found,
            self.status('if (os == "mac" or multiprocess) and debug: TIMEOUT', 'if os == "mac" or multiprocess: FAIL'),
        )

    def test_reasons_stay_with_what_is_left(self):
        before = "[x.html]\n  [s]\n    # why\n    expected: FAIL  # because\n"
        found = self.results((SINGLE, "PASS"), (MULTI, "FAIL"))
        self.check(before, found, "[x.html]\n  [s]\n    # why\n    expected:\n      if multiprocess: FAIL  # because\n")


class Intermittent(Folder):
    """Results that are not always the same."""

    def test_several_statuses_become_a_list(self):
        found = [self.seen(SINGLE, s=status) for status in ("FAIL", "PASS", "PASS", "TIMEOUT")]
        self.check(None, found, "[x.html]\n  [s]\n    expected: [PASS, FAIL, TIMEOUT]\n")

    def test_in_one_kind_of_run(self):
        found = [self.seen(info, s="PASS") for info in (SINGLE, SINGLE, MULTI)] + [self.seen(MULTI, s="FAIL")] * 2
        self.check(None, found, "[x.html]\n  [s]\n    expected:\n      if multiprocess: [FAIL, PASS]\n")

    def test_lists_that_cover_what_was_seen_stay_as_they_are(self):
        before = "[x.html]\n  expected: [TIMEOUT, OK, CRASH]\n"
        self.check(before, [self.seen(SINGLE, status) for status in ("OK", "OK", "CRASH")], before)
        self.check(before, [self.seen(SINGLE)], before)

    def test_what_is_known_to_come_now_and_then_stays(self):
        before = "[x.html]\n  expected: [OK, CRASH]\n"
        self.check(before, [self.seen(SINGLE, "TIMEOUT")], "[x.html]\n  expected: [TIMEOUT, CRASH]\n")

    def test_what_was_not_seen_can_be_removed(self):
        before = "[x.html]\n  expected: [TIMEOUT, OK, CRASH]\n"
        found = [self.seen(SINGLE), self.seen(SINGLE, "CRASH"), self.seen(SINGLE)]
        self.check(before, found, "[x.html]\n  expected: [OK, CRASH]\n", remove_intermittent=True)
        self.check(before, [self.seen(SINGLE)], None, remove_intermittent=True)
        # The order of a list is not turned to and fro.
        before = "[x.html]\n  expected: [CRASH, OK]\n"
        self.check(before, found, before, remove_intermittent=True)


class Random(Folder):
    """Any metadata and any observations."""

    INFOS = [
        {"multiprocess": multiprocess, "debug": debug, "os": system, "bits": bits}
        for multiprocess, debug, system, bits in itertools.product(
            (False, True), (False, True), ("linux", "mac"), (32, 64)
        )
    ]
    CONDITIONS = [
        "multiprocess",
        "not multiprocess",
        "debug",
        "not debug",
        'os == "mac"',
        'os != "mac"',
        "bits == 64",
        "multiprocess and debug",
        'multiprocess or os == "linux"',
        "not (debug and bits == 32)",
    ]
    # Fixed ones, so that a defect is found again, and fresh ones; a failure names its seed.
    SEEDS = [*range(60), *(random.SystemRandom().getrandbits(32) for _ in range(20))]

    def values(self, chance, statuses):
        found = chance.sample(statuses, chance.choice((1, 1, 1, 2)))
        return found[0] if len(found) == 1 else f"[{', '.join(found)}]"

    def expected(self, chance, statuses, indent):
        lines = [
            f"if {chance.choice(self.CONDITIONS)}: {self.values(chance, statuses)}" for _ in range(chance.randint(0, 3))
        ]
        if not lines or chance.random() < 0.5:
            lines.append(self.values(chance, statuses))
        return f"{indent}expected:\n" + "".join(f"{indent}  {line}  # {number}\n" for number, line in enumerate(lines))

    def make(self, chance):
        text = self.expected(chance, ["FAIL", "TIMEOUT", "OK"], "") if chance.random() < 0.2 else ""
        text += "[x.html]\n"
        if chance.random() < 0.5:
            text += self.expected(chance, list(schema.TEST_STATUSES), "  ")
        for name in "abc":
            if chance.random() < 0.5:
                text += f"  [{name}]\n" + self.expected(chance, list(schema.SUBTEST_STATUSES[:4]), "    ")
        return text

    def accepted(self, info):
        """Everything that is expected in one kind of run."""
        found = self.metadata.of(self.root / "tests/a/x.html", "/a/x.html", info)
        return {None: found.test(), **{name: found.subtest(name) for name in "abc"}}

    def lines(self):
        """The line that governs each kind of run, for the test and each subtest."""
        section = self.metadata.file(self.path).root.section("x.html")
        result = {}
        for name in (None, *"abc"):
            part = section if name is None or section is None else section.section(name)
            entry = part.entry("expected") if part is not None else None
            result[name] = [schema.governing(entry, info) for info in self.INFOS]
        return result

    def observe(self, chance):
        """Observations, and how often each kind of run gave which status."""
        observations = []
        for info in chance.sample(self.INFOS, chance.randint(1, 6)):
            for _ in range(chance.randint(1, 3)):
                subtests = {name: chance.choice(schema.SUBTEST_STATUSES[:3]) for name in "abc"}
                observations.append(self.seen(info, chance.choice(schema.TEST_STATUSES[:3]), **subtests))
        chance.shuffle(observations)
        return observations

    def test_an_update_expects_what_was_seen_and_changes_nothing_else(self):
        for seed in self.SEEDS:
            with self.subTest(seed=seed):
                chance = random.Random(seed)
                self.write(self.make(chance))
                before = {at: self.accepted(info) for at, info in enumerate(self.INFOS)}
                lines = self.lines()
                observations = self.observe(chance)
                remove = chance.random() < 0.3
                update(self.metadata, observations, remove)
                after = {at: self.accepted(info) for at, info in enumerate(self.INFOS)}
                for name in (None, *"abc"):
                    self.check_one(name, observations, before, after, lines[name], remove)
                self.assertEqual(update(self.metadata, observations, remove), [], self.text())

    def check_one(self, name, observations, before, after, lines, remove):
        seen = {}
        for observation in observations:
            status = observation.status if name is None else observation.subtests[name]
            seen.setdefault(self.INFOS.index(observation.info), []).append(status)
        governing = [lines[at] for at in seen]
        for at in range(len(self.INFOS)):
            old, new = before[at][name], after[at][name]
            message = f"{name} {self.INFOS[at]}: {old} -> {new}, seen {seen.get(at)}\n{self.text()}"
            if at not in seen:
                line = lines[at]
                if line is not None and line.condition is not None and not any(line is other for other in governing):
                    self.assertEqual(new, old, message)
            elif set(seen[at]) == set(old) or (set(seen[at]) < set(old) and not remove):
                self.assertEqual(new, old, message)
            else:
                self.assertLessEqual(set(seen[at]), set(new), message)
                self.assertLessEqual(set(new), set(seen[at]) | (set() if remove else set(old[1:])), message)
                self.assertEqual(seen[at].count(new[0]), max(map(seen[at].count, seen[at])), message)

    def test_nothing_needless_is_written(self):
        for seed in self.SEEDS:
            with self.subTest(seed=seed):
                self.path.unlink(missing_ok=True)
                self.metadata.forget(self.path)
                update(self.metadata, self.observe(random.Random(seed)))
                root = self.metadata.file(self.path).root
                for section in (part for test in root.sections() for part in (test, *test.sections())):
                    entry = section.entry("expected")
                    for line in entry.lines if entry is not None else ():
                        self.assertNotEqual(line.value, "PASS" if section not in root.children else "OK", self.text())


class Split(unittest.TestCase):
    """The fewest properties."""

    def test_no_fewer_properties_would_do(self):
        for seed in range(100):
            with self.subTest(seed=seed):
                chance = random.Random(seed)
                infos = chance.sample(Random.INFOS, chance.randint(1, 8))
                runs = [(info, chance.choice("ab")) for info in infos]
                names = split.deciding(runs)
                for count, decides in ((len(names), True), (len(names) - 1, False)):
                    found = [
                        self.decides(runs, chosen) for chosen in itertools.combinations(Random.INFOS[0], max(count, 0))
                    ]
                    self.assertIs(any(found) if count >= 0 else False, decides)
                self.assertTrue(self.decides(runs, names))

    def decides(self, runs, names):
        return all(
            value == other_value
            for info, value in runs
            for other, other_value in runs
            if all(info[name] == other[name] for name in names)
        )

    def test_runs_of_one_kind_have_one_value(self):
        with self.assertRaisesRegex(ValueError, "two results of one kind of run"):
            split.deciding([(SINGLE, "a"), (dict(SINGLE), "b")])

    def test_properties_that_only_some_runs_have_are_not_asked_for(self):
        self.assertEqual(split.properties([{**SINGLE, "extra": 1}, MULTI]), ["multiprocess"])
        self.assertEqual(split.properties([{**SINGLE, "extra": 1}, {**MULTI, "extra": 2}]), ["multiprocess", "extra"])


if __name__ == "__main__":
    unittest.main()
