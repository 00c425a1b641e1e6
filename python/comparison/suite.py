# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The tests that are compared: real ones of web-platform-tests, in every kind of global that they ask for.

What the server does not make by itself is written beside the tests: the pages around service workers, and crash tests
with a script that says when they are over.
"""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from wpt import manifest
from wpt.manifest import Test

PAGES = Path(__file__).resolve().parent / "pages"
# What is compared unless the command line says otherwise: what our patches touch, and what stands next to it.
FOLDERS = ("streams", "dom", "html", "webmessaging", "webidl", "encoding")
# Folders that hold no tests themselves.
NOT_TESTS = {"resources", "support", "tools"}
# The globals that a name in a META line means.
GLOBALS = {
    "window": {"window"},
    "worker": {"dedicatedworker", "sharedworker", "serviceworker"},
    "dedicatedworker": {"dedicatedworker"},
    "sharedworker": {"sharedworker"},
    "serviceworker": {"serviceworker"},
}
# Those of a script that does not say.
DEFAULT = ["window", "dedicatedworker"]
# How the page of each is called: `x.any.js` gives `x.any.sharedworker.html`.
PAGE_OF = {
    "window": ".any.html",
    "dedicatedworker": ".any.worker.html",
    "sharedworker": ".any.sharedworker.html",
    "serviceworker": ".any.serviceworker.html",
}
# The page around a service worker.
START = """\
(async () => {{
  const scope = "/does/not/exist/";
  await (await navigator.serviceWorker.getRegistration(scope))?.unregister();
  const registration = await navigator.serviceWorker.register("{worker}" + location.search, {{ scope }});
  fetch_tests_from_worker(registration.installing);
}})();"""
CRASH = re.compile(r"(^|/)crashtests/|-crash\.")
# A crash test with the script that ends it.
ENDED = ".ended.html"
# Tables of encodings, thousands of characters in each of hundreds of variants.
SLOW = "/encoding/legacy-mb-"


def globals_of(text: str) -> list[str]:
    """The globals that a script is to be run in, of those that Servo has."""
    names = DEFAULT
    for line in text.splitlines():
        match = manifest.META.match(line)
        if match and match[1] == "global":
            names = match[2].split(",")
    found: set[str] = set()
    for name in names:
        found |= GLOBALS.get(name.strip(), set())
    return [name for name in PAGE_OF if name in found]


def tests_of(path: Path, root: Path) -> Iterator[Test]:
    """The tests that one file gives."""
    name = path.name
    url = "/" + path.relative_to(root).as_posix()
    secure = ".https." in name
    if name.endswith(".any.js"):
        text = path.read_text()
        meta = manifest.parse_meta(text)
        for kind in globals_of(text):
            # Service workers are for secure contexts only.
            page = url[: -len(".any.js")] + PAGE_OF[kind]
            yield from variants(page, path, kind, secure or kind == "serviceworker", meta.long, meta.variants)
    elif name.endswith((".window.js", ".worker.js")):
        meta = manifest.parse_meta(path.read_text())
        kind = "window" if name.endswith(".window.js") else "dedicatedworker"
        yield from variants(url[: -len(".js")] + ".html", path, kind, secure, meta.long, meta.variants)
    elif path.suffix in (".html", ".htm") and not is_made(path):
        text = path.read_text(errors="replace")
        long = manifest.HTML_TIMEOUT.search(text) is not None
        if CRASH.search(url):
            yield from variants(url[: -len(path.suffix)] + ENDED, path, "crash", secure, long, [])
        # What has no harness is compared with a picture, or belongs to another test.
        elif "/testharness.js" in text:
            names = [one or other for one, other in manifest.HTML_VARIANT.findall(text)]
            yield from variants(url, path, "window", secure, long, names)


def variants(page: str, path: Path, kind: str, secure: bool, long: bool, names: list[str]) -> Iterator[Test]:
    """The variants of one page."""
    for variant in names or [""]:
        yield Test(id=page + variant, path=path, kind=kind, secure=secure, long=long)


def is_made(path: Path) -> bool:
    """Whether a file is one of those that `prepare` writes."""
    return path.name.endswith((ENDED, PAGE_OF["serviceworker"]))


def is_slow(test_id: str) -> bool:
    """Whether a test is run only if it is asked for."""
    return test_id.startswith(SLOW)


def sources(root: Path, folders: list[str]) -> Iterator[Path]:
    """The files below some folders that may be tests."""
    for folder in folders:
        start = root / folder
        for path in [start] if start.is_file() else sorted(start.rglob("*")):
            if path.is_file() and not NOT_TESTS.intersection(path.relative_to(root).parts[:-1]):
                yield path


def discover(root: Path, folders: list[str]) -> list[Test]:
    """All tests below some folders, in the order of these, and sorted by id in each."""
    found = []
    for folder in folders:
        tests = (test for path in sources(root, [folder]) for test in tests_of(path, root))
        found += sorted(tests, key=lambda test: test.id)
    return found


def prepare(root: Path, folders: list[str]) -> None:
    """Write what the tests need beside themselves."""
    resources = root / "resources"
    shutil.copyfile(PAGES / "crashtest.js", resources / "crashtest.js")
    # In upstream's server this is another name for the same file.
    shutil.copyfile(resources / "webidl2/lib/webidl2.js", resources / "WebIDLParser.js")
    # Nobody can click here; a test that wants that is told so, instead of waiting for somebody to do it.
    (resources / "testdriver-vendor.js").write_text("window.test_driver_internal.in_automation = true;\n")
    shutil.copytree(PAGES / "exposure", root / "exposure", dirs_exist_ok=True)
    for path in sources(root, folders):
        if path.name.endswith(".any.js"):
            write_page(path, root)
        elif path.suffix in (".html", ".htm") and CRASH.search("/" + path.relative_to(root).as_posix()):
            if not is_made(path):
                path.with_suffix(ENDED).write_text(with_end(path.read_text()))


def write_page(path: Path, root: Path) -> None:
    """The page around a script that runs it in a service worker, if that is wanted."""
    text = path.read_text()
    if "serviceworker" in globals_of(text):
        worker = "/" + path.relative_to(root).as_posix().removesuffix(".js") + ".worker.js"
        name = path.name.removesuffix(".any.js") + PAGE_OF["serviceworker"]
        path.with_name(name).write_text(page(manifest.parse_meta(text), START.format(worker=worker)))


def page(meta: manifest.Meta, start: str) -> str:
    """A page that takes over the results of a worker."""
    title = f"<title>{html.escape(meta.title)}</title>\n" if meta.title else ""
    long = "<meta name=timeout content=long>\n" if meta.long else ""
    return (
        f"<!doctype html>\n<meta charset=utf-8>\n{title}{long}"
        '<script src="/resources/testharness.js"></script>\n'
        '<script src="/resources/testharnessreport.js"></script>\n'
        f"<div id=log></div>\n<script>\n{start}\n</script>\n"
    )


def with_end(text: str) -> str:
    """A crash test with the script that says when it is over. It stays in the mode that its doctype asks for."""
    script = '<script src="/resources/crashtest.js"></script>\n'
    doctype = re.match(r"\s*<!doctype[^>]*>\s*", text, re.IGNORECASE)
    position = doctype.end() if doctype else 0
    return text[:position] + script + text[position:]
