# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The files that are checked."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_LEFT_OUT_DIRECTORIES = {".git", "target", "__pycache__", "node_modules"}


@dataclass(frozen=True)
class Source:
    """A text file of the repository; `path` is relative to its root."""

    path: str
    text: str

    @property
    def suffix(self) -> str:
        """The end of the file's name, with its dot."""
        return os.path.splitext(self.path)[1]

    def lines(self) -> list[str]:
        """The lines, without their ends."""
        return self.text.split("\n")

    def within(self, *directories: str) -> bool:
        """Whether the file lies in one of these directories."""
        return any(self.path.startswith(f"{directory}/") for directory in directories)


def sources(root: Path) -> list[Source]:
    """All text files that belong to the repository, new ones included."""
    found = []
    for path in sorted(_paths(root)):
        try:
            found.append(Source(path, (root / path).read_text(encoding="utf-8")))
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
    return found


def _paths(root: Path) -> list[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if listed.returncode == 0:
        return [path for path in listed.stdout.split("\0") if path]
    # Not a checkout: an unpacked archive, for instance.
    found = []
    for parent, directories, names in os.walk(root):
        directories[:] = [name for name in directories if name not in _LEFT_OUT_DIRECTORIES]
        found += [os.path.relpath(os.path.join(parent, name), root).replace(os.sep, "/") for name in names]
    return found
