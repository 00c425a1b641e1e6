# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Rules that look at one file at a time. Each gives its problems as `path:line: what is wrong`."""

import re
from pathlib import Path
from typing import Iterator

from tidy.files import Source

LICENCE = (
    "This Source Code Form is subject to the terms of the Mozilla Public",
    "License, v. 2.0. If a copy of the MPL was not distributed with this",
    "file, You can obtain one at https://mozilla.org/MPL/2.0/.",
)

CODE = {".rs", ".py", ".js", ".mjs", ".webidl"}
LINE_LIMIT = 120
FILE_LIMIT = 600

# Texts of others, kept as they are.
NOT_OURS = ("tests/wpt/interfaces",)

# Tests for other engines as well carry no header, as theirs do not: tests/wpt/LICENSE.md speaks for them.
FOR_EVERY_ENGINE = ("tests/wpt/direct-sockets",)


def licence_headers(source: Source) -> Iterator[str]:
    """Each source file begins with the licence; a test's `// META:` lines may stand before it."""
    if source.suffix not in CODE and source.path != "mach":
        return
    if source.within(*NOT_OURS, *FOR_EVERY_ENGINE):
        return
    lines = [line for line in source.lines() if not line.startswith(("#!", "// META:"))]
    head = [line.strip(" */#") for line in lines[:8]]
    if not any(tuple(head[start : start + 3]) == LICENCE for start in range(4)):
        yield f"{source.path}:1: does not begin with the licence header"


def line_lengths(source: Source) -> Iterator[str]:
    """Lines stay within the limit, unless a link or the path of an import makes them long."""
    if source.suffix not in CODE | {".html", ".css"} or source.within(*NOT_OURS):
        return
    for number, line in enumerate(source.lines(), 1):
        unbreakable = "https://" in line or "http://" in line or line.startswith("use ")
        if len(line) > LINE_LIMIT and not unbreakable:
            yield f"{source.path}:{number}: {len(line)} characters, the limit is {LINE_LIMIT}"


def file_lengths(source: Source) -> Iterator[str]:
    """Source files have one subject, and end before they grow too long."""
    lines = len(source.lines()) - 1
    if source.suffix in CODE and lines > FILE_LIMIT and not source.within(*NOT_OURS):
        yield f"{source.path}:{FILE_LIMIT + 1}: {lines} lines, the limit is {FILE_LIMIT}"


def whitespace(source: Source) -> Iterator[str]:
    """No tabs, no spaces at the end of a line, one newline at the end of a file."""
    if source.suffix == ".patch" or source.within(*NOT_OURS) or source.path.endswith("LICENSE"):
        return
    for number, line in enumerate(source.lines(), 1):
        if line != line.rstrip():
            yield f"{source.path}:{number}: spaces at the end of the line"
        if "\t" in line and source.suffix in CODE:
            yield f"{source.path}:{number}: a tab"
    if source.text and (not source.text.endswith("\n") or source.text.endswith("\n\n")):
        yield f"{source.path}:{len(source.lines())}: a file ends with one newline"


def todo_links(source: Source) -> Iterator[str]:
    """What is left to do is told with a link, or not at all."""
    if source.suffix not in CODE or source.within("python/tidy"):
        return
    for number, line in enumerate(source.lines(), 1):
        if re.search(r"\b(TODO|FIXME|XXX)\b", line) and "https://" not in line:
            yield f"{source.path}:{number}: TODO or FIXME without a link"


_HOME = re.compile(r"(?<![\w.])/(?:home|Users)/[a-z][\w.-]*/|(?<![\w./])/root/")


def machine_paths(root: Path):
    """No file names a place on the machine where it was written."""
    here = re.compile(re.escape(str(root)) + r"(?![\w.-])")

    def check(source: Source) -> Iterator[str]:
        for number, line in enumerate(source.lines(), 1):
            if _HOME.search(line) and not source.within("python/tidy") or here.search(line):
                yield f"{source.path}:{number}: a path of one machine"

    return check


_STEP = re.compile(r"^\s*//\s*Steps? \d")
_FUNCTION = re.compile(r"^\s*(?:pub(?:\([\w ]+\))? )?(?:default )?(?:unsafe )?(?:async )?fn \w+")
_ABOVE = re.compile(r"^\s*(?:///|//|#\[|\*|/\*)")


def spec_links(source: Source) -> Iterator[str]:
    """A function whose comments count the steps of an algorithm has the link to it above.

    The link in a module's own documentation serves the module's helpers.
    """
    if not source.within("components/script") or source.suffix != ".rs":
        return
    lines = source.lines()
    if any(line.startswith("//!") and "https://" in line for line in lines):
        return
    linked: dict[int, bool] = {}
    function = None
    for index, line in enumerate(lines):
        if _FUNCTION.match(line):
            function = index
        elif _STEP.match(line) and function is not None and function not in linked:
            above = function - 1
            texts = []
            while above >= 0 and _ABOVE.match(lines[above]):
                texts.append(lines[above])
                above -= 1
            body = lines[function:index]
            linked[function] = any("https://" in text for text in (*texts, *body))
            if not linked[function]:
                yield f"{source.path}:{function + 1}: counts steps, but has no link to the algorithm"


def prints(source: Source) -> Iterator[str]:
    """Standard output belongs to the page: libraries and the net process do not write to it."""
    libraries = tuple(f"components/{name}" for name in ("broker", "net", "policy", "script", "shared", "webview"))
    if source.suffix != ".rs" or not source.within(*libraries):
        return
    if any(part in source.path for part in ("/tests/", "/examples/", "/benches/")):
        return
    for number, line in enumerate(source.lines(), 1):
        if re.search(r"(?<!\w)print(?:ln)?!\(", line) and not re.match(r"\s*//", line):
            yield f"{source.path}:{number}: a library prints to stdout"
