# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Keeps upstream's warnings out of our builds, and ours in.

Cargo caps the lints of crates that come from a registry, but not of path dependencies, so the generated
copies would print all of upstream's warnings at every build. Setting lints in the manifest does not do:
`warnings = "allow"` becomes a command line flag that silences the whole crate for good. An attribute
`#![allow(warnings)]` at the crate's root can be taken back for one module, and our modules do so with
`#![warn(warnings)]` (components/script/dom/directsockets/mod.rs).
"""

import re

from fork.errors import ForkError

ATTRIBUTE = b"#![allow(warnings)] // Upstream's own warnings, silenced by the fork builder.\n"

_LEADING_COMMENT = re.compile(rb"\A(?:/\*.*?\*/[ \t]*\n)?", re.DOTALL)


def silence(tree: dict[str, bytes], library: str, build_script: str | None) -> None:
    """Silences the warnings of one crate's library and build script."""
    for path in (library, build_script):
        if path is None:
            continue
        if path not in tree:
            raise ForkError(f"{path} is not in the tree")
        tree[path] = _insert_attribute(tree[path])
    if build_script is not None:
        # Cargo shows what a path dependency's build script warns of, at every build.
        tree[build_script] = tree[build_script].replace(b"cargo:warning=", b"note: ")


def _insert_attribute(source: bytes) -> bytes:
    # After the licence comment: inner attributes may stand anywhere before the first item.
    end = _LEADING_COMMENT.match(source).end()
    return source[:end] + ATTRIBUTE + source[end:]
