# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Keeps upstream's warnings out of our builds, and ours in.

Cargo caps the lints of crates that come from a registry, but not of path dependencies, so the generated
copies would print all of upstream's warnings at every build. Setting lints in the manifest does not do:
`warnings = "allow"` becomes a command line flag that silences the whole crate for good. An attribute
`#![allow(warnings)]` at the crate's root can be taken back for one module, so our modules get
`#![warn(warnings)]`.

Both stand on a line that exists, so that messages of the compiler name the right lines.
"""

import re

from fork.errors import ForkError

ALLOW = b"#![allow(warnings)]"
WARN = b"#![warn(warnings)]"

_LEADING_COMMENT = re.compile(rb"\A/\*.*?\*/", re.DOTALL)
_LEADING_LINES = re.compile(rb"\A(?://(?![/!])[^\n]*\n)+")


def silence(tree: dict[str, bytes], library: str, build_script: str | None) -> None:
    """Silences the warnings of one crate's library and build script."""
    for path in (library, build_script):
        if path is None:
            continue
        if path not in tree:
            raise ForkError(f"{path} is not in the tree")
        tree[path] = insert(tree[path], ALLOW)
    if build_script is not None:
        # Cargo shows what a path dependency's build script warns of, at every build.
        tree[build_script] = tree[build_script].replace(b"cargo:warning=", b"note: ")


def listen(tree: dict[str, bytes], directory: str) -> None:
    """Lets the warnings of one of our modules be heard, where `directory` is one."""
    path = f"{directory}/mod.rs"
    if path in tree:
        tree[path] = insert(tree[path], WARN)


def insert(source: bytes, attribute: bytes) -> bytes:
    """Puts an inner attribute in front of everything but the licence."""
    if match := _LEADING_COMMENT.match(source):
        return source[: match.end()] + b" " + attribute + source[match.end() :]
    match = _LEADING_LINES.match(source)
    end = match.end() if match else 0
    return source[:end] + attribute + b" " + source[end:]
