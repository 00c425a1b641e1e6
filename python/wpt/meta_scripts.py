# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Whether the scripts that a test asks for in its META lines are there.

A page whose script is missing may well pass: nothing tells testharness.js of it. So the runner looks by itself.
"""

from __future__ import annotations

from urllib.parse import unquote, urljoin, urlsplit

from wpt import manifest
from wpt.manifest import Test
from wpt.sites import Site


def missing(test: Test, site: Site) -> list[str]:
    """The META scripts of a test that the server has no file for, as the META lines name them."""
    if test.kind == "os" or test.path.suffix != ".js":
        return []
    scripts = manifest.meta_of(test.path).scripts
    return [script for script in scripts if not exists(script, test.id, site)]


def exists(script: str, test_id: str, site: Site) -> bool:
    """Whether there is a file for a script. One of another server is taken to be there."""
    url = urlsplit(urljoin(test_id, script))
    if url.scheme or url.netloc:
        return True
    path = unquote(url.path)
    file = site.find(path)
    return file is not None and file.is_file() or (site.harness / path.lstrip("/")).is_file()
