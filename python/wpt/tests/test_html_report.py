# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of the page: what it holds, and that nothing in it comes from elsewhere or does what a test's text says."""

import base64
import hashlib
import html.parser
import re
import tempfile
import unittest
from pathlib import Path

from wpt import html_report
from wpt.judging import SubtestResult
from wpt.results import Report
from wpt.tests.runner import failing, infos, made, passing

EVIL = '</script><b onclick="x()">&amp;\x00\ud800\u202e'


class Parsed(html.parser.HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.attributes = []
        self.text = []
        self.scripts = []
        self._inside = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self._inside = tag

    def handle_endtag(self, tag):
        self._inside = None

    def handle_data(self, data):
        if self._inside == "script":
            self.scripts.append(data)
        self.text.append(data)


def report(*settled):
    found = Report()
    for one in settled:
        found.settle(*one) if isinstance(one, tuple) else found.settle(one)
    return found


def rendered(*settled, about=()):
    text = html_report.render(report(*settled), about)
    return text, Parsed(text)


class Page(unittest.TestCase):
    """The page as a whole."""

    def test_totals_and_order(self):
        known = SubtestResult("known", "FAIL", ("FAIL",))
        text, page = rendered(
            made("/d/a.html", passing("a"), known, path="d/a.html"),
            made("/d/z.html", failing("bad one"), path="d/z.html", multiprocess=True),
            about=[("Build", "debug")],
        )
        self.assertIn("1 test unexpected", text)
        self.assertIn("Build: debug", text)
        for number, label in ((2, "tests"), (1, "passed"), (1, "failed"), (1, "skipped"), (1, "known not to pass")):
            self.assertIn(f"<b>{number}</b>{label}<", text)
        self.assertLess(text.index("Unexpected (1)"), text.index("<h2>Files</h2>"))
        self.assertLess(text.index('data-path="d/z.html" open'), text.index('data-path="d/a.html"'))
        self.assertIn("./mach test-wpt --single-process /d/z.html", "".join(page.text))
        self.assertIn("why\nwhere", "".join(page.text), "messages and stacks")

    def test_all_is_well_and_nothing_ran(self):
        text, _ = rendered(made("/a", passing()))
        self.assertIn("all as expected", text)
        self.assertNotIn("<article", text)
        self.assertIn("nothing ran", rendered()[0])

    def test_it_needs_nothing_else(self):
        _, page = rendered(made("/a", failing()))
        names = {name for name, _ in page.attributes}
        self.assertFalse(names & {"src", "href", "action", "srcset", "data"}, names)
        self.assertFalse({"link", "img", "iframe", "object", "base"} & set(page.tags))
        style = (html_report.PAGE / "report.css").read_text()
        self.assertNotRegex(style, r"url\(|@import")

    def test_the_policy_allows_the_script_that_is_there_and_no_other(self):
        text, page = rendered(made(EVIL, failing(EVIL)))
        [script] = page.scripts
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        [policy] = [value for name, value in page.attributes if name == "content" and "default-src" in (value or "")]
        self.assertIn("default-src 'none'", policy)
        self.assertIn(f"script-src 'sha256-{digest}'", policy)
        self.assertEqual(text.count("<script"), 1)

    def test_texts_of_tests_are_shown_as_they_are(self):
        crashed = made("/x", status="CRASH", message=EVIL, stderr=EVIL, path=EVIL, again=EVIL, problems=(EVIL,))
        named = SubtestResult(EVIL, "FAIL", message=EVIL, stack=EVIL)
        text, page = rendered(
            crashed, made(f"/y?{EVIL}", named, path=EVIL), (made("/z", passing(EVIL)), made("/z", named)),
            about=[(EVIL, EVIL)],
        )
        self.assertNotIn("b", page.tags[page.tags.index("h2") :])
        self.assertNotIn("onclick", [name for name, _ in page.attributes])
        self.assertNotRegex(text, "[\x00-\x08\ud800-\udfff\u202e]")
        shown = '</script><b onclick="x()">&amp;\\x00\\xd800\\x202e'
        self.assertGreater("".join(page.text).count(shown), 8)
        self.assertIn(("data-path", shown), page.attributes)
        text.encode()

    def test_it_is_written_where_it_is_wanted(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a" / "b.html"
            html_report.write(path, report(made("/a", passing("é"))), [])
            self.assertTrue(path.read_text(encoding="utf-8").startswith("<!doctype html>"))

    def test_facts(self):
        found = dict(html_report.facts(infos(False, True), {"Chunk": "", "Preferences": "a=b"}))
        self.assertEqual(found["Modes"], "single process, multiprocess")
        self.assertEqual((found["Build"], found["System"]), ("debug", "linux 12 x86_64"))
        self.assertNotIn("Chunk", found)
        self.assertEqual(found["Preferences"], "a=b")


class Tables(unittest.TestCase):
    """The table of a file."""

    def table(self, *settled):
        [table] = html_report.tables(report(*settled).settled)
        return "\n".join(table.render())

    def test_a_row_a_subtest_and_a_column_a_global_and_mode(self):
        text = self.table(
            made("/x.any.html", passing("a"), failing("b")),
            made("/x.any.html", passing("a"), multiprocess=True),
            made("/x.any.worker.html", passing("a"), kind="worker"),
            made("/x.any.html?v", passing("a")),
        )
        heads = re.findall(r"<th scope=col>(.*?)</th>", text)
        wanted = ["window<br>multiprocess", "window<br>single", "window ?v<br>single", "worker<br>single"]
        self.assertEqual(heads, ["subtest", *wanted])
        [row] = re.findall(r"<tr [^>]*><th scope=row>b</th>(.*)</tr>", text)
        self.assertEqual(re.findall(r">([^<]*)</td>", row), ["–", "FAIL", "–", "–"])

    def test_cells(self):
        cases = (
            (passing("s"), "pass", "PASS"),
            (SubtestResult("s", "FAIL", ("FAIL",)), "known", "FAIL"),
            (SubtestResult("s", "PRECONDITION_FAILED", message="no IPv6"), "skip", "PRECONDITION_FAILED"),
            (failing("s"), "unexpected", "FAIL"),
            (SubtestResult("s", "PASS", ("FAIL",)), "unexpected", "PASS"),
        )
        for subtest, kind, status in cases:
            with self.subTest(kind=kind, status=status):
                text = self.table(made("/x", subtest))
                row = rf'data-kinds="{kind}"><th scope=row>s</th><td class="{kind}"[^>]*>{status}</td>'
                self.assertRegex(text, row)

    def test_flaky(self):
        text = self.table((made("/x", passing("a"), passing("b"), attempt=2), made("/x", passing("a"), failing("b"))))
        self.assertIn('data-kinds="flaky"><th scope=row>b</th>', text)
        self.assertIn('data-kinds="pass"><th scope=row>a</th>', text)
        self.assertIn("first attempt: FAIL (expected PASS): b", text)
        text = self.table((made("/x", passing("a"), attempt=2), made("/x", status="CRASH", message="it ended")))
        self.assertIn(f'data-kinds="flaky"><th scope=row>{html_report.WHOLE}</th>', text)

    def test_rounds_are_counted_in_one_cell(self):
        rounds = [made("/x", passing("a"), round=number) for number in (1, 2)]
        text = self.table(*rounds, made("/x", failing("a"), round=3))
        self.assertIn("PASS × 2, FAIL × 1", text)
        self.assertIn("log: window, single, round 3", text)

    def test_the_log_has_what_the_browser_wrote_last(self):
        text = self.table(made("/x", status="CRASH", message="it ended", stderr="last words"))
        self.assertIn("CRASH: it ended", text)
        self.assertIn("last words", text)
