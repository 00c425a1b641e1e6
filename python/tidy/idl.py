# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The interfaces are those of the specification, apart from what only the engine needs."""

import re
from typing import Iterator

from tidy.files import Source

REFERENCE = "tests/wpt/interfaces/direct-sockets.idl"

_HEAD = re.compile(r"(?:\[[^\]]*\]\s*)?(?:partial\s+)?(?:interface|dictionary|enum)\s+(\w+)[^{;]*\{")
# Attributes that the engine's generator needs and the specification does not have.
_ENGINE_ONLY = re.compile(r'^(?:Pref\s*=\s*".*"|Func\s*=\s*".*"|Throws|NewObject|Cached|StoreInSlot)$')


def definitions(text: str) -> dict[str, str]:
    """The definitions of an IDL file, by name, in a form that spaces, comments and engine attributes do not change."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)
    text = re.sub(r"//[^\n]*", " ", text)
    found = {}
    position = 0
    while match := _HEAD.search(text, position):
        # A default value `{}` may stand in the body, so braces are counted.
        depth, position = 1, match.end()
        while depth and position < len(text):
            depth += {"{": 1, "}": -1}.get(text[position], 0)
            position += 1
        found[match[1]] = _normalise(text[match.start() : position])
    return found


def _normalise(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"\[([^\]]*)\]", _keep_attributes, re.sub(r"\s+", " ", text))).strip()


def _keep_attributes(match: re.Match) -> str:
    # Commas inside of parentheses, as in Exposed=(Window,Worker), separate nothing here.
    attributes = [part.strip() for part in re.split(r",(?![^(]*\))", match[1])]
    kept = [re.sub(r"\s*([=(),])\s*", r"\1", part) for part in attributes if not _ENGINE_ONLY.match(part)]
    return f"[{', '.join(sorted(kept))}] " if kept else ""


def verbatim(sources: list[Source]) -> Iterator[str]:
    """Compares webidls/ with the specification's IDL under tests/."""
    reference = next((source for source in sources if source.path == REFERENCE), None)
    if reference is None:
        yield f"{REFERENCE} is missing"
        return
    wanted = definitions(reference.text)
    for source in sources:
        if not source.within("webidls") or source.suffix != ".webidl":
            continue
        for name, text in definitions(source.text).items():
            if name not in wanted:
                yield f"{source.path}: {name} is not in the specification"
            elif text != wanted[name]:
                yield f"{source.path}: {name} differs from the specification: {text!r}, there: {wanted[name]!r}"
