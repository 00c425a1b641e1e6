# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Rules about documents: they name what exists."""

import re
from pathlib import Path
from typing import Iterator

from tidy.files import Source

DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")

# Directories at the root: a text in backquotes that begins with one of them is a path.
_PATH = re.compile(
    r"`((?:components|python|mach-style-scripts|tests|webidls|wpt-metadata|resources|\.ci)/[\w./*-]*)`"
)
_VERB = re.compile(r"\./mach ([a-z][a-z-]*)")


def paths_exist(root: Path, source: Source) -> Iterator[str]:
    """Each path that a document names is there."""
    if source.path not in DOCUMENTS:
        return
    for number, line in enumerate(source.lines(), 1):
        for path in _PATH.findall(line):
            if not (any(root.glob(path.rstrip("/"))) if "*" in path else (root / path).exists()):
                yield f"{source.path}:{number}: {path} does not exist"


def verbs_exist(verbs: set[str], source: Source) -> Iterator[str]:
    """Each verb of `mach` that a document names is there."""
    if source.path not in DOCUMENTS:
        return
    for number, line in enumerate(source.lines(), 1):
        for verb in _VERB.findall(line):
            if verb not in verbs:
                yield f"{source.path}:{number}: `./mach {verb}` does not exist"


def verbs_are_told(verbs: set[str], sources: list[Source]) -> Iterator[str]:
    """CONTRIBUTING.md tells of each verb."""
    text = next((source.text for source in sources if source.path == "CONTRIBUTING.md"), None)
    if text is None:
        yield "CONTRIBUTING.md is missing"
        return
    told = set(_VERB.findall(text)) | set(re.findall(r"^\| `([a-z-]+)", text, re.MULTILINE))
    for verb in sorted(verbs - told):
        yield f"CONTRIBUTING.md: says nothing of `./mach {verb}`"


_ERROR = re.compile(r'#\[error\("([^"]*)"\)\]')


def errors_are_told(sources: list[Source]) -> Iterator[str]:
    """README.md has a row for each message of the table of errors."""
    by_path = {source.path: source.text for source in sources}
    readme = by_path.get("README.md")
    errors = by_path.get("components/shared/src/error.rs")
    if readme is None or errors is None:
        yield "README.md or components/shared/src/error.rs is missing"
        return
    for message in _ERROR.findall(errors):
        if f"| {message.replace('{0}', 'N')} |" not in readme:
            yield f"README.md: no row for the message {message!r}"


def examples_agree(sources: list[Source]) -> Iterator[str]:
    """The example in README.md is the one that the webview's documentation compiles."""
    by_path = {source.path: source.text for source in sources}
    example = re.search(r"```rust\n(.*?)```", by_path.get("README.md", ""), re.DOTALL)
    library = by_path.get("components/webview/src/lib.rs", "")
    documentation = "\n".join(line[4:] for line in library.split("\n") if line.startswith("//!"))
    if example is None or example[1] not in documentation:
        yield "README.md: its Rust example is not the one in components/webview/src/lib.rs"
