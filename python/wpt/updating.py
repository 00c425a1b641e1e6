# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""--update-expectations: what was seen becomes what is expected."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from wpt.judging import TestResult
from wpt.metadata import Metadata, Observation, update


def observations(
    seen: list[TestResult], infos: Mapping[bool, Mapping[str, Any]], tests: Path
) -> list[Observation]:
    """Everything that was seen of tests that have metadata."""
    return [
        Observation(
            test_path=tests / result.path,
            test_id=result.test,
            info=infos[result.multiprocess],
            status=result.status,
            subtests={subtest.name: subtest.status for subtest in result.subtests},
        )
        for result in seen
        if result.kind != "os" and not result.of_the_runner
    ]


def write(metadata: Metadata, found: list[Observation], remove_intermittent: bool, out: TextIO) -> None:
    """Write the metadata, and say which files changed."""
    changed = update(metadata, found, remove_intermittent)
    for path in changed:
        print(f"{'changed' if path.exists() else 'removed'}: {shown(path)}", file=out)
    files = "file" if len(changed) == 1 else "files"
    print(f"expectations: {len(changed)} {files} changed, from {len(found)} results", file=out, flush=True)


def shown(path: Path) -> str:
    """A path as a person in this folder would write it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
