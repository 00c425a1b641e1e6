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

    def write(self, name: str, text: str = "") -> Path:
        """Write a file."""
        path = self.root / name
        path.write_text(text)
        return path

    def ids(self) -> dict[str, tuple[str, bool, bool]]:
        """The tests that are found: kind, secure and long of each."""
        return {test.id: (test.kind, test.secure, test.long) for test in suite.discover(self.root, ["streams"])}

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

    def test_every_variant_is_a_test(self):
        self.write("streams/a.window.js", "// META: variant=?1\n// META: variant=?2\n")
        page = '<meta name="variant" content="?x"><meta name="variant" content="?y">'
        self.write("streams/b.html", f'{page}<script src="/resources/testharness.js"></script>')
        names = ["/streams/a.window.html?1", "/streams/a.window.html?2", "/streams/b.html?x", "/streams/b.html?y"]
        self.assertEqual(list(self.ids()), names)

    def test_crash_tests_get_an_end(self):
        self.write("streams/crashtests/a.html", "<!DOCTYPE html>\n<p>")
        self.write("streams/b-crash.https.html", "<p>")
        wanted = {
            "/streams/crashtests/a.ended.html": ("crash", False, False),
            "/streams/b-crash.https.ended.html": ("crash", True, False),
        }
        self.assertEqual(self.ids(), wanted)
        suite.prepare(self.root, ["streams"])
        script = '<script src="/resources/crashtest.js"></script>\n'
        # The doctype stays the first thing of the page.
        made = (self.root / "streams/crashtests/a.ended.html").read_text()
        self.assertEqual(made, f"<!DOCTYPE html>\n{script}<p>")
        self.assertEqual((self.root / "streams/b-crash.https.ended.html").read_text(), f"{script}<p>")
        self.assertTrue((self.root / "resources/crashtest.js").is_file())
        # What was made is no test itself, however often it is made.
        suite.prepare(self.root, ["streams"])
        self.assertEqual(self.ids(), wanted)

    def test_pages_around_service_workers(self):
        self.write("streams/a.any.js", "// META: global=worker\n// META: title=A < B\n// META: timeout=long\n")
        self.write("streams/b.any.js")
        before = self.ids()
        suite.prepare(self.root, ["streams"])
        self.assertEqual(self.ids(), before)
        page = (self.root / "streams/a.any.serviceworker.html").read_text()
        self.assertIn('register("/streams/a.any.worker.js" + location.search, { scope })', page)
        self.assertIn("<title>A &lt; B</title>", page)
        self.assertIn("<meta name=timeout content=long>", page)
        self.assertFalse((self.root / "streams/b.any.serviceworker.html").exists())

    def test_the_harness_has_what_the_server_of_upstream_adds(self):
        suite.prepare(self.root, ["streams"])
        self.assertEqual((self.root / "resources/WebIDLParser.js").read_text(), "parser")
        self.assertIn("in_automation = true", (self.root / "resources/testdriver-vendor.js").read_text())
        self.assertTrue((self.root / "exposure/exposure.html").is_file())

    def test_a_folder_that_is_not_there_has_no_tests(self):
        shutil.rmtree(self.root / "streams")
        self.assertEqual(self.ids(), {})


if __name__ == "__main__":
    unittest.main()
