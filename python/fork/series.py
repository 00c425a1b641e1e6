# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The patch series as a git repository, for editing, and back.

`export` makes a repository whose first commit is Servo as published plus our files, and that has one
commit for each patch. There the series is edited with git's own means (amend, rebase). `save` writes the
commits after the first back as patches.
"""

import os
import re
import subprocess
from pathlib import Path
from typing import Callable

from fork import builder, patches, sync
from fork.config import Config, Placement, read_config
from fork.errors import ForkError

BASE = "base"


def _git(directory: Path, *arguments: str, given: str | None = None) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment.update(GIT_CEILING_DIRECTORIES=str(directory.parent), LC_ALL="C")
    # Patches carry a message, and no name: whose repository this is does not matter.
    identity = ("-c", "user.name=patch", "-c", "user.email=patch@localhost", "-c", "commit.gpgsign=false")
    command = ["git", *identity, "-c", "core.autocrlf=false", *arguments]
    result = subprocess.run(
        command, cwd=directory, env=environment, input=given, capture_output=True, text=True, errors="surrogateescape"
    )
    if result.returncode != 0:
        raise ForkError(f"git {arguments[0]} failed in {directory}: {result.stderr.strip()}")
    return result.stdout


def export(layout: builder.Layout, directory: Path, progress: Callable[[str], None]) -> None:
    """Makes the repository in `directory`, which must not exist or be empty."""
    if directory.exists() and any(directory.iterdir()):
        raise ForkError(f"{directory} is not empty")
    config = read_config(layout.description)
    tree, _ = builder.unpatched(layout, config, progress)
    directory.mkdir(parents=True, exist_ok=True)
    _git(directory, "init", "--quiet")
    _commit(directory, tree, "Servo as published, with the files that the fork adds")
    _git(directory, "tag", BASE)
    for patch in layout.patches():
        patches.apply_series(tree, [patch])
        _commit(directory, tree, message_of(patch.read_text()))
        progress(f"commit for {patch.name}")


def _commit(directory: Path, tree: dict[str, bytes], message: str) -> None:
    sync.sync(tree, directory, keep=frozenset({".git"}))
    _git(directory, "add", "--all", "--force")
    _git(directory, "commit", "--quiet", "--allow-empty", "--file", "-", given=message)


def message_of(patch: str) -> str:
    """The message of a patch: what stands before its first file."""
    lines = []
    for line in patch.splitlines():
        if line == "---" or line.startswith(("diff --git ", "--- ")):
            break
        lines.append(line)
    # As `git format-patch` writes it, or plain.
    text = "\n".join(line for line in lines if not re.match(r"(From [0-9a-f]{40}|From:|Date:)", line))
    return re.sub(r"\A\s*Subject: (\[PATCH[^\]]*\] )?", "", text).strip() + "\n"


def save(layout: builder.Layout, directory: Path, progress: Callable[[str], None]) -> None:
    """Writes the commits after the first as components/servo/patches/NNNN-subject.patch."""
    if not (directory / ".git").exists():
        raise ForkError(f"{directory} is not a repository made by `./mach fork --edit`")
    if _git(directory, "status", "--porcelain").strip():
        raise ForkError(f"{directory} has changes that are not committed")
    config = read_config(layout.description)
    names = {patch.name.partition("-")[2]: patch.name for patch in layout.patches()}
    written: dict[str, str] = {}
    commits = _git(directory, "rev-list", "--reverse", f"{BASE}..HEAD").split()
    for number, commit in enumerate(commits, 1):
        message = _git(directory, "log", "-1", "--format=%B", commit).strip()
        text = f"{message}\n\n{_difference(directory, commit)}"
        name = f"{number:04}-{_slug(message, layout, names)}.patch"
        _refuse_own_files(layout, name, text, config)
        written[name] = text
    for patch in layout.patches():
        if patch.name not in written:
            patch.unlink()
            progress(f"{patch.name} removed")
    layout.patch_directory.mkdir(parents=True, exist_ok=True)
    for name, text in written.items():
        path = layout.patch_directory / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            progress(f"{name} written")


def _difference(directory: Path, commit: str) -> str:
    options = ("--no-color", "--no-renames", "--no-ext-diff", "--src-prefix=a/", "--dst-prefix=b/")
    text = _git(directory, "diff", *options, f"{commit}^", commit)
    # Hashes of files say nothing to a reader.
    return re.sub(r"^index [0-9a-f]+\.\.[0-9a-f]+( \d+)?\n", "", text, flags=re.MULTILINE)


def _slug(message: str, layout: builder.Layout, names: dict[str, str]) -> str:
    """The name of a patch: that of the old patch with this subject, or one made of the subject."""
    subject = message.splitlines()[0] if message else ""
    for rest, name in names.items():
        if message_of((layout.patch_directory / name).read_text()).splitlines()[0] == subject:
            return rest.removesuffix(".patch")
    words = re.findall(r"[a-z0-9]+", subject.lower())
    return "-".join(words[:6]) or "patch"


def _refuse_own_files(layout: builder.Layout, name: str, text: str, config: Config) -> None:
    for file in patches.parse(text, name):
        for path in {file.old, file.new} - {None}:
            for placement in config.copies:
                if path in _targets(layout, placement):
                    raise ForkError(
                        f"{name} changes {path}, which is a file of this repository: edit {placement.source}"
                    )


def _targets(layout: builder.Layout, placement: Placement) -> set[str]:
    """Where in the tree the files of a placement stand."""
    files = builder.own_files(layout.root / placement.source)
    return {f"{placement.target}/{relative}" if relative else placement.target for _, relative in files}
