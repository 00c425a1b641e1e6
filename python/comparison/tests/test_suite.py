# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Which tests there are, and the pages that are made for them."""

import shutil
import tempfile
import unittest
from pathlib import Path

from comparison import suite


class Suite(unittest.TestCase):
    """A small tree of tests."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name in ("streams/resources", "streams/crashtests", "resources/webidl2/lib"):
            (self.root / name).mkdir(parents=True)
        (self.root / "resources/webidl2/lib/webidl2.js").write_text("parser")
        self.report = self.write("report.js", "report")

    def write(self, name: str, text: str = "") -> Path:
        """Write a file."""
        path = self.root / name
        path.write_text(text)
        return path

    def ids(self, **options: bool) -> dict[str, tuple[str, bool, bool]]:
        """The tests that are found: kind, secure and long of each."""
        return {
            test.id: (test.kind, test.secure, test.long) for test in suite.discover(self.root, ["streams"], **options)
        }

    def test_scripts_run_in_every_global_that_they_ask_for(self):
        self.write("streams/a.any.js", "// META: global=window,worker,shadowrealm\n// META: timeout=long\n")
        self.write("streams/b.https.any.js")
        self.write("streams/c.window.js")
        self.write("streams/d.worker.js")
        self.write("streams/e.any.js", "// META: global=jsshell\n")
        self.write("streams/resources/f.any.js")
        self.assertEqual(
            self.ids(),
            {
                "/streams/a.any.html": ("window", False, True),
                "/streams/a.any.worker.html": ("dedicatedworker", False, True),
                "/streams/a.any.sharedworker.html": ("sharedworker", False, True),
                "/streams/a.any.serviceworker.html": ("serviceworker", True, True),
                "/streams/b.https.any.html": ("window", True, False),
                "/streams/b.https.any.worker.html": ("dedicatedworker", True, False),
                "/streams/c.window.html": ("window", False, False),
                "/streams/d.worker.html": ("dedicatedworker", False, False),
            },
        )

    def test_pages_count_if_they_have_the_harness(self):
        self.write("streams/a.html", '<script src="/resources/testharness.js"></script>')
        self.write("streams/b.html", "<link rel=match href=c.html>")
        self.write("streams/d.https.html", '<meta name=timeout content=long><script src="/resources/testharness.js">')
        self.assertEqual(
            self.ids(), {"/streams/a.html": ("window", False, False), "/streams/d.https.html": ("window", True, True)}
        )

    def test_of_many_variants_the_first_is_enough(self):
        few = [f"// META: variant=?{number}\n" for number in range(suite.MANY_VARIANTS)]
        self.write("streams/few.window.js", "".join(few))
        self.write("streams/many.window.js", "".join(few) + "// META: variant=?last\n")
        ids = self.ids()
        self.assertEqual(len([name for name in ids if "few" in name]), suite.MANY_VARIANTS)
        self.assertEqual([name for name in ids if "many" in name], ["/streams/many.window.html?0"])
        self.assertIn("/streams/many.window.html?last", self.ids(every_variant=True))

    def test_crash_tests_get_an_end(self):
        self.write("streams/crashtests/a.html", "<!DOCTYPE html>\n<p>")
        self.write("streams/b-crash.https.html", "<p>")
        wanted = {
            "/streams/crashtests/a.ended.html": ("crash", False, False),
            "/streams/b-crash.https.ended.html": ("crash", True, False),
        }
        self.assertEqual(self.ids(), wanted)
        suite.prepare(self.root, self.report, ["streams"])
        script = '<script src="/resources/crashtest.js"></script>\n'
        # The doctype stays the first thing of the page.
        made = (self.root / "streams/crashtests/a.ended.html").read_text()
        self.assertEqual(made, f"<!DOCTYPE html>\n{script}<p>")
        self.assertEqual((self.root / "streams/b-crash.https.ended.html").read_text(), f"{script}<p>")
        self.assertTrue((self.root / "resources/crashtest.js").is_file())
        # What was made is no test itself, however often it is made.
        suite.prepare(self.root, self.report, ["streams"])
        self.assertEqual(self.ids(), wanted)

    def test_pages_around_workers(self):
        self.write("streams/a.any.js", "// META: global=worker\n// META: title=A < B\n// META: timeout=long\n")
        self.write("streams/b.worker.js")
        before = self.ids()
        suite.prepare(self.root, self.report, ["streams"])
        self.assertEqual(self.ids(), before)
        shared = (self.root / "streams/a.any.sharedworker.html").read_text()
        self.assertIn('new SharedWorker("/streams/a.any.worker.js" + location.search)', shared)
        self.assertIn("<title>A &lt; B</title>", shared)
        self.assertIn("<meta name=timeout content=long>", shared)
        service = (self.root / "streams/a.any.serviceworker.html").read_text()
        self.assertIn('register("/streams/a.any.worker.js" + location.search, { scope })', service)
        plain = (self.root / "streams/b.worker.html").read_text()
        self.assertIn('new Worker("/streams/b.worker.js" + location.search)', plain)

    def test_the_harness_reports_to_our_runner(self):
        self.write("resources/testharnessreport.js", "theirs")
        suite.prepare(self.root, self.report, ["streams"])
        self.assertEqual((self.root / "resources/testharnessreport.js").read_text(), "report")
        self.assertEqual((self.root / "resources/WebIDLParser.js").read_text(), "parser")
        self.assertIn("in_automation = true", (self.root / "resources/testdriver-vendor.js").read_text())
        self.assertTrue((self.root / "exposure/exposure.html").is_file())

    def test_a_folder_that_is_not_there_has_no_tests(self):
        shutil.rmtree(self.root / "streams")
        self.assertEqual(self.ids(), {})


if __name__ == "__main__":
    unittest.main()
