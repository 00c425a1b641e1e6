# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of the test discovery and the generated pages."""

import tempfile
import unittest
from pathlib import Path

from wpt import manifest, sites
from wpt.sites import Root, Site


class ParseMeta(unittest.TestCase):
    """The META lines."""

    def test_reads_every_key(self):
        meta = manifest.parse_meta(
            "// META: title=A title\n// META: global=window\n// META: script=a.js\n// META: script=b.js\n"
            "// META: timeout=long\n// META: variant=\n// META: variant=?full\n\n// A comment.\n'use strict';\n"
        )
        self.assertEqual(meta.title, "A title")
        self.assertEqual(meta.globals, ["window"])
        self.assertEqual(meta.scripts, ["a.js", "b.js"])
        self.assertEqual(meta.variants, ["", "?full"])
        self.assertTrue(meta.long)

    def test_stops_at_the_first_line_of_code(self):
        self.assertFalse(manifest.parse_meta("'use strict';\n// META: timeout=long\n").long)

    def test_unknown_keys_are_kept(self):
        """A checkout may use keys of a later time; the tests of this project do not."""
        self.assertEqual(manifest.parse_meta("// META: colour=red\n// META: timeout=long\n").unknown, ["colour"])
        for test in manifest.discover(sites.project()):
            if test.path.suffix == ".js":
                self.assertEqual(manifest.meta_of(test.path).unknown, [], test.path)


class Discover(unittest.TestCase):
    """From files to test ids."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        (self.root / "a" / "resources").mkdir(parents=True)
        self.site = Site((Root("/", self.root),))

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name, text=""):
        path = self.root / name
        path.write_text(text)
        return path

    def test_ids(self):
        self.write("a/x.https.any.js", "// META: global=window,dedicatedworker\n// META: timeout=long\n")
        self.write("a/y.https.window.js")
        self.write("a/z.any.js", "// META: global=window\n")
        self.write("a/p.https.html", "<meta name=timeout content=long><script src=/resources/testharness.js></script>")
        self.write("a/no_test.html", "a page")
        self.write("a/w.https.worker.js")
        self.write("a/s.https.any.js", "// META: global=worker\n")
        self.write("a/p.https.html.headers", "X: y")
        self.write("a/resources/no.https.html")
        tests = {test.id: test for test in manifest.discover(self.site)}
        self.assertEqual(
            sorted(tests),
            [
                "/a/p.https.html",
                "/a/s.https.any.sharedworker.html",
                "/a/s.https.any.worker.html",
                "/a/w.https.worker.html",
                "/a/x.https.any.html",
                "/a/x.https.any.worker.html",
                "/a/y.https.window.html",
                "/a/z.any.html",
            ],
        )
        self.assertTrue(tests["/a/p.https.html"].long)
        self.assertTrue(tests["/a/x.https.any.html"].long)
        self.assertEqual(tests["/a/x.https.any.worker.html"].kind, "worker")
        self.assertFalse(tests["/a/z.any.html"].secure)

    def test_roots_within_roots(self):
        (self.root / "inner").mkdir()
        self.write("inner/i.https.any.js", "// META: global=window\n")
        self.write("a/x.https.any.js", "// META: global=window\n")
        site = Site((Root("/_inner/", self.root / "inner"), Root("/", self.root)))
        ids = [test.id for test in manifest.discover(site)]
        self.assertEqual(ids, ["/_inner/i.https.any.html", "/a/x.https.any.html"])
        only = [test.id for test in manifest.discover(site, [self.root / "inner", self.root / "none"])]
        self.assertEqual(only, ["/_inner/i.https.any.html"])

    def test_folders_of_others(self):
        """A checkout of Servo, one of web-platform-tests, and files alone."""
        self.write("a/x.https.any.js", "// META: global=window\n")
        ids = {name: [test.id for test in manifest.discover(sites.elsewhere(self.root / name))] for name in ("a",)}
        self.assertEqual(ids["a"], ["/direct-sockets/x.https.any.html"])
        (self.root / "resources").mkdir()
        self.write("resources/testharness.js")
        self.assertEqual(sites.elsewhere(self.root).main.url, "/")
        (self.root / "tests" / "wpt" / "tests").mkdir(parents=True)
        self.assertEqual([root.url for root in sites.elsewhere(self.root).roots], ["/_mozilla/", "/"])

    def test_variants(self):
        self.write("a/x.https.any.js", "// META: global=window\n// META: variant=\n// META: variant=?full\n")
        ids = [test.id for test in manifest.discover(self.site)]
        self.assertEqual(ids, ["/a/x.https.any.html", "/a/x.https.any.html?full"])

    def test_variants_of_pages_and_pages_for_people(self):
        harness = '<script src="/resources/testharness.js"></script>'
        self.write("a/v.html", f"<meta name=variant content='?a'><meta name=\"variant\" content=\"?b\">{harness}")
        self.write("a/look-manual.html", harness)
        self.assertEqual([test.id for test in manifest.discover(self.site)], ["/a/v.html?a", "/a/v.html?b"])

    def test_generated_pages(self):
        source = self.write("a/x.https.any.js", "// META: script=/b.js\n")
        page, kind, found = manifest.generated("/a/x.https.any.html", self.site)
        self.assertEqual((kind, found), ("text/html", source.resolve()))
        self.assertLess(page.index("testharness.js"), page.index("testharnessreport.js"))
        self.assertLess(page.index("/b.js"), page.index("/a/x.https.any.js"))
        page, _, _ = manifest.generated("/a/x.https.any.worker.html", self.site)
        self.assertIn('new Worker("/a/x.https.any.worker.js" + location.search)', page)
        script, kind, _ = manifest.generated("/a/x.https.any.worker.js", self.site)
        self.assertEqual(kind, "text/javascript")
        self.assertTrue(script.endswith("done();\n"))

    def test_nothing_is_generated_from_outside_the_tests(self):
        outside = self.root.parent / (self.root.name + "-outside.any.js")
        outside.write_text("")
        try:
            self.assertIsNone(manifest.generated(f"/../{outside.name.removesuffix('.any.js')}.any.html", self.site))
        finally:
            outside.unlink()
        self.assertIsNone(manifest.generated("/a/none.any.html", self.site))

    def test_the_real_tests_have_distinct_ids(self):
        ids = [test.id for test in manifest.discover(sites.project())]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertTrue(ids)
