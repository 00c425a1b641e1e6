# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of the page: it is well-formed, holds what was measured, and needs nothing else."""

import html.parser
import re
import unittest
import xml.etree.ElementTree as ElementTree

from bench import html_report, plot, record
from bench.tests.made import CONDITIONS, FAST, NATIVE, OURS, SLOW, rows, sample

EVIL = '</svg><script>x()</script><b onclick="x()">&amp;\x00\u202e'
# Elements without an end.
VOID = {"meta"}


class Parsed(html.parser.HTMLParser):
    """The elements of a page, whose starts and ends must fit."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], []
        self.problems = []
        self.feed(text)
        self.close()
        self.problems += self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"/{tag}")

    def handle_data(self, data):
        self.text.append(data)


def page(found, missing=None, samples=(), changes=()):
    text = html_report.render(found, CONDITIONS, missing or {}, list(samples), list(changes))
    return text, Parsed(text)


def four():
    values = {OURS: 100.0, NATIVE: 400.0, FAST: 200.0, SLOW: 50.0}
    return [sample("W4/seq", peer, {"rate": value}) for peer, value in values.items()]


class Page(unittest.TestCase):
    """The page as a whole."""

    def test_it_is_well_formed_and_holds_the_rows(self):
        samples = four()
        found = rows("W4/seq", samples)
        text, parsed = page(found, {"bun": "no bun on PATH"}, samples, record.changes(found, found))
        self.assertEqual(parsed.problems, [])
        told = " ".join(parsed.text)
        for wanted in ("W4/seq", "ours", "0.25×", "0.50×", "Left out: bun, no bun on PATH", "a processor", "0.25 proc"):
            self.assertIn(wanted, told)
        self.assertIn("Compared with the earlier run", told)
        self.assertIn("too few samples", told)
        self.assertTrue(text.startswith("<!doctype html>\n"))

    def test_it_needs_nothing_else(self):
        samples = four()
        text, parsed = page(rows("W4/seq", samples), samples=samples)
        names = {name for name, _ in parsed.attributes}
        self.assertFalse(names & {"src", "action", "srcset", "data", "onload"}, names)
        links = {value for name, value in parsed.attributes if name == "href"}
        self.assertTrue(links)
        self.assertTrue(all(link.startswith("#") for link in links), links)
        self.assertFalse({"script", "link", "img", "iframe", "object", "base", "image", "use"} & set(parsed.tags))
        self.assertNotRegex(text, r"url\(|@import")
        [policy] = [value for name, value in parsed.attributes if name == "content" and "default-src" in (value or "")]
        self.assertEqual(policy, "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'")

    def test_links_lead_somewhere(self):
        _, parsed = page(rows("W4/seq", four()))
        links = {value[1:] for name, value in parsed.attributes if name == "href"}
        self.assertLessEqual(links, {value for name, value in parsed.attributes if name == "id"})

    def test_texts_of_others_are_shown_as_they_are(self):
        bad = {"case": "W4/seq", "peer": "ours", "error": EVIL}
        text, parsed = page(rows("W4/seq", [bad]), {EVIL: EVIL})
        self.assertEqual(parsed.problems, [])
        self.assertNotIn("script", parsed.tags)
        self.assertNotIn("onclick", {name for name, _ in parsed.attributes})
        self.assertNotRegex(text, "[\x00\u202e]")
        self.assertIn("</svg><script>x()", "".join(parsed.text))
        text.encode()

    def test_a_peer_that_failed_stands_out(self):
        text, _ = page(rows("W4/seq", [{"case": "W4/seq", "peer": "ours", "error": "it hangs"}]))
        wanted = '<tr class="failed"><th scope=row>ours</th><td class=bar></td><td class=number>failed</td>'
        self.assertIn(wanted, text)

    def test_nothing_was_measured(self):
        _, parsed = page([])
        self.assertEqual(parsed.problems, [])
        self.assertNotIn("svg", parsed.tags)


class Bars(unittest.TestCase):
    """The plots."""

    def pictures(self, found):
        most = plot.largest(found)
        return {row.peer: ElementTree.fromstring(plot.bar(row, most)) for row in found}

    def length(self, picture):
        return float(picture.find("{*}rect").get("width"))

    def test_lengths_are_in_proportion(self):
        pictures = self.pictures(rows("W4/seq", four()))
        self.assertAlmostEqual(self.length(pictures["native"]) / self.length(pictures["ours"]), 4.0, places=2)
        self.assertLessEqual(self.length(pictures["native"]), plot.WIDTH)
        classes = [picture.find("{*}rect").get("class") for picture in pictures.values()]
        self.assertEqual(classes, ["native", "peer", "ours", "peer"])

    def test_the_range_lies_around_the_median(self):
        samples = [sample("W4/seq", OURS, {"rate": value}) for value in (10.0, 30.0, 40.0)]
        picture = self.pictures(rows("W4/seq", samples, [OURS]))["ours"]
        low, high = (float(part) for part in re.findall(r"[MH](\d+\.\d)", picture.find("{*}path").get("d")))
        self.assertAlmostEqual(low / self.length(picture), 10 / 30, places=2)
        self.assertAlmostEqual(high / self.length(picture), 40 / 30, places=2)
        self.assertEqual(picture.find("{*}title").text, "ours: 30.0 connections/s, 10.0 to 40.0")

    def test_no_number_no_bar(self):
        [row] = rows("W4/seq", [{"case": "W4/seq", "peer": "ours", "error": "no"}])
        self.assertEqual((plot.largest([row]), plot.bar(row, 1.0)), (0.0, ""))
        [row] = rows("W11/5000", [sample("W11/5000", OURS, {"idle": 0.0})], [OURS])
        self.assertEqual(plot.bar(row, plot.largest([row])), "", "nothing is no length")
