# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The tests that exist, and the pages that are made from them, as web-platform-tests does it.

`x.https.any.js` gives `x.https.any.html` and `x.https.any.worker.html` (and `x.https.any.sharedworker.html` if its
META line says so), `x.https.window.js` gives `x.https.window.html`, `x.https.worker.js` gives
`x.https.worker.html`, and `x.https.html` is a test as it stands. Files without `.https` are loaded over plain http.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from pathlib import Path

from wpt.sites import Root, Site

META = re.compile(r"^//\s*META:\s*(\w+)=(.*)$")
HTML_TIMEOUT = re.compile(r"<meta\s+name=[\"']?timeout[\"']?\s+content=[\"']?long[\"']?", re.IGNORECASE)
HTML_VARIANT = re.compile(r"<meta\s+name=[\"']?variant[\"']?\s+content=(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
# Tests in which a person has a part.
MANUAL = re.compile(r"-manual\.")
GLOBAL = (
    "self.GLOBAL = {{ isWindow: () => {window}, isWorker: () => {worker}, isShadowRealm: () => false }};"
)
# Folders of the test tree that hold no tests.
NOT_TESTS = {"resources", "support", "interfaces", "common", "tools"}
# What "worker" stands for in `META: global=`, as far as it is run here; service workers are not.
WORKERS = ["dedicatedworker", "sharedworker"]


@dataclass(frozen=True)
class Test:
    """One page to load: a test id of web-platform-tests."""

    id: str
    path: Path
    kind: str  # "window", "worker", "sharedworker" or "os"
    secure: bool
    long: bool


@dataclass
class Meta:
    """The META lines at the top of a script."""

    title: str | None = None
    globals: list[str] = field(default_factory=lambda: ["window", "dedicatedworker"])
    scripts: list[str] = field(default_factory=list)
    variants: list[str] = field(default_factory=list)
    long: bool = False
    # Keys that mean nothing here.
    unknown: list[str] = field(default_factory=list)


def meta_of(path: Path) -> Meta:
    """The META lines of a file."""
    return parse_meta(path.read_text(encoding="utf-8", errors="replace"))


def parse_meta(text: str) -> Meta:
    """Read the META lines. They stop at the first line that is not one (comments of the licence aside)."""
    meta = Meta()
    for line in text.splitlines():
        match = META.match(line)
        if not match:
            if line.startswith("//") or not line.strip():
                continue
            break
        key, value = match.group(1), match.group(2).strip()
        if key == "title":
            meta.title = value
        elif key == "global":
            names = [name.strip() for name in value.split(",")]
            meta.globals = [one for name in names for one in (WORKERS if name == "worker" else [name])]
        elif key == "script":
            meta.scripts.append(value)
        elif key == "variant":
            meta.variants.append(value)
        elif key == "timeout":
            meta.long = value == "long"
        else:
            meta.unknown.append(key)
    return meta


def tests_of(path: Path, root: Root) -> list[Test]:
    """The tests that one file gives."""
    name = path.name
    url = root.url + path.relative_to(root.directory).as_posix()
    secure = ".https." in name or ".serviceworker." in name
    if MANUAL.search(name):
        return []
    if name.endswith((".any.js", ".window.js", ".worker.js")):
        meta = meta_of(path)
        stem = url[: -len(".js")]
        pages = []
        if name.endswith(".window.js"):
            pages.append((stem + ".html", "window"))
        elif name.endswith(".worker.js"):
            pages.append((stem + ".html", "worker"))
        else:
            if "window" in meta.globals:
                pages.append((stem + ".html", "window"))
            if "dedicatedworker" in meta.globals:
                pages.append((stem + ".worker.html", "worker"))
            if "sharedworker" in meta.globals:
                pages.append((stem + ".sharedworker.html", "sharedworker"))
        variants, long = meta.variants or [""], meta.long
    elif name.endswith((".html", ".htm")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if "testharness.js" not in text:
            return []
        pages = [(url, "window")]
        variants = [one or other for one, other in HTML_VARIANT.findall(text)] or [""]
        long = HTML_TIMEOUT.search(text) is not None
    else:
        return []
    return [
        Test(id=page + variant, path=path, kind=kind, secure=secure, long=long)
        for page, kind in pages
        for variant in variants
    ]


def discover_os(root: Path) -> list[Test]:
    """The tests that end processes (see session.py): one id a file."""
    return [
        Test(id=f"/os/{path.name}", path=path, kind="os", secure=True, long=True) for path in sorted(root.glob("*.py"))
    ]


def discover(site: Site, under: list[Path] | None = None) -> list[Test]:
    """All tests of a site, or those in some files and folders, sorted by id."""
    found: dict[str, Test] = {}
    for root in site.roots:
        directory = root.directory.resolve()
        # Folders within this one that another root serves.
        others = [other for other in (one.directory.resolve() for one in site.roots) if directory in other.parents]
        for path in files([directory] if under is None else under):
            if not path.is_relative_to(directory) or any(path.is_relative_to(other) for other in others):
                continue
            if not NOT_TESTS.intersection(path.relative_to(directory).parts[:-1]):
                found |= {test.id: test for test in tests_of(path, Root(root.url, directory))}
    return [found[name] for name in sorted(found)]


def files(places: list[Path]) -> list[Path]:
    """The files that are named, and those below the folders that are named."""
    found = []
    for place in (place.resolve() for place in places):
        found += [path for path in (place.rglob("*") if place.is_dir() else [place]) if path.is_file()]
    return found


def generated(url_path: str, site: Site) -> tuple[str, str, Path] | None:
    """The text, the type and the source of a page or script that exists only as a wrapper."""
    for suffix, source_suffix, make in (
        (".any.html", ".any.js", window_page),
        (".any.worker.html", ".any.js", worker_page),
        (".any.sharedworker.html", ".any.js", shared_worker_page),
        (".any.worker.js", ".any.js", worker_script),
        (".window.html", ".window.js", window_page),
        (".worker.html", ".worker.js", own_worker_page),
    ):
        if url_path.endswith(suffix):
            name = url_path[: -len(suffix)] + source_suffix
            source = site.find(name)
            if source is not None and source.is_file():
                kind = "text/javascript" if suffix.endswith(".js") else "text/html"
                return make(name, meta_of(source)), kind, source
    return None


def head(meta: Meta) -> str:
    """The start of every generated page."""
    long = "<meta name=timeout content=long>\n" if meta.long else ""
    title = f"<title>{html.escape(meta.title)}</title>\n" if meta.title else ""
    return (
        f"<!doctype html>\n<meta charset=utf-8>\n{long}{title}"
        '<script src="/resources/testharness.js"></script>\n'
        '<script src="/resources/testharnessreport.js"></script>\n'
    )


def window_page(url: str, meta: Meta) -> str:
    """The page that runs a script in its window."""
    lines = [head(meta), f"<script>{GLOBAL.format(window='true', worker='false')}</script>\n"]
    lines += [f'<script src="{html.escape(script)}"></script>\n' for script in meta.scripts]
    lines.append(f'<div id=log></div>\n<script src="{html.escape(url)}"></script>\n')
    return "".join(lines)


def worker_page(url: str, meta: Meta) -> str:
    """The page that runs a script in a dedicated worker."""
    worker = url[: -len(".js")] + ".worker.js"
    start = f'fetch_tests_from_worker(new Worker("{worker}" + location.search));'
    return f"{head(meta)}<div id=log></div>\n<script>{start}</script>\n"


def shared_worker_page(url: str, meta: Meta) -> str:
    """The page that runs a script in a shared worker, which is given the same script as a dedicated one."""
    return worker_page(url, meta).replace("new Worker(", "new SharedWorker(")


def own_worker_page(url: str, meta: Meta) -> str:
    """The page of a script that is a worker as it stands."""
    start = f'fetch_tests_from_worker(new Worker("{url}" + location.search));'
    return f"{head(meta)}<div id=log></div>\n<script>{start}</script>\n"


def worker_script(url: str, meta: Meta) -> str:
    """What that dedicated worker runs."""
    scripts = ["/resources/testharness.js", *meta.scripts, url]
    lines = [GLOBAL.format(window="false", worker="true")]
    lines += [f'importScripts("{script}");' for script in scripts]
    lines.append("done();")
    return "\n".join(lines) + "\n"
