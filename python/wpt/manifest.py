# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The tests that exist, and the pages that are made from them, as web-platform-tests does it.

`x.https.any.js` gives `x.https.any.html` and `x.https.any.worker.html`, `x.https.window.js` gives
`x.https.window.html`, and `x.https.html` is a test as it stands. Files without `.https` are loaded from a host
name that is not trustworthy.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from pathlib import Path

META = re.compile(r"^//\s*META:\s*(\w+)=(.*)$")
HTML_TIMEOUT = re.compile(r"<meta\s+name=[\"']?timeout[\"']?\s+content=[\"']?long[\"']?", re.IGNORECASE)
HTML_VARIANT = re.compile(r"<meta\s+name=[\"']?variant[\"']?\s+content=\"([^\"]*)\"", re.IGNORECASE)
GLOBAL = (
    "self.GLOBAL = {{ isWindow: () => {window}, isWorker: () => {worker}, isShadowRealm: () => false }};"
)
# Folders of the test tree that hold no tests.
NOT_TESTS = {"resources", "support", "interfaces", "common"}


@dataclass(frozen=True)
class Test:
    """One page to load: a test id of web-platform-tests."""

    id: str
    path: Path
    kind: str  # "window", "worker" or "os"
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
            meta.globals = [name.strip() for name in value.split(",")]
        elif key == "script":
            meta.scripts.append(value)
        elif key == "variant":
            meta.variants.append(value)
        elif key == "timeout":
            meta.long = value == "long"
        else:
            raise ValueError(f"unknown META key {key!r}")
    return meta


def tests_of(path: Path, root: Path) -> list[Test]:
    """The tests that one file gives."""
    name = path.name
    url = "/" + path.relative_to(root).as_posix()
    secure = ".https." in name
    if name.endswith(".any.js") or name.endswith(".window.js"):
        meta = parse_meta(path.read_text())
        stem = url[: -len(".js")]
        pages = []
        if name.endswith(".window.js") or "window" in meta.globals:
            pages.append((stem + ".html", "window"))
        if name.endswith(".any.js") and "dedicatedworker" in meta.globals:
            pages.append((stem + ".worker.html", "worker"))
        variants, long = meta.variants or [""], meta.long
    elif name.endswith(".html"):
        text = path.read_text()
        pages = [(url, "window")]
        variants = HTML_VARIANT.findall(text) or [""]
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


def discover(root: Path) -> list[Test]:
    """All tests under `root`, sorted by id."""
    found: list[Test] = []
    for path in sorted(root.rglob("*")):
        folders = path.relative_to(root).parts[:-1]
        if path.is_file() and not NOT_TESTS.intersection(folders):
            found.extend(tests_of(path, root))
    return sorted(found, key=lambda test: test.id)


def generated(url_path: str, root: Path) -> tuple[str, str, Path] | None:
    """The text, the type and the source of a page or script that exists only as a wrapper."""
    for suffix, source_suffix, make in (
        (".any.html", ".any.js", window_page),
        (".any.worker.html", ".any.js", worker_page),
        (".any.worker.js", ".any.js", worker_script),
        (".window.html", ".window.js", window_page),
    ):
        if url_path.endswith(suffix):
            source = root / (url_path[1 : -len(suffix)] + source_suffix)
            if source.is_file() and source.resolve().is_relative_to(root.resolve()):
                kind = "text/javascript" if suffix.endswith(".js") else "text/html"
                name = url_path[: -len(suffix)] + source_suffix
                return make(name, parse_meta(source.read_text())), kind, source
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


def worker_script(url: str, meta: Meta) -> str:
    """What that dedicated worker runs."""
    scripts = ["/resources/testharness.js", *meta.scripts, url]
    lines = [GLOBAL.format(window="false", worker="true")]
    lines += [f'importScripts("{script}");' for script in scripts]
    lines.append("done();")
    return "\n".join(lines) + "\n"
