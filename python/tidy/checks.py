# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The list of checks."""

import subprocess
from pathlib import Path
from typing import Callable, Iterable, Iterator

from mach_support import formatting, launcher
from tidy import documents, idl, layers, style
from tidy.files import Source, sources


def run(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Runs every check; gives its name and its problems."""
    files = sources(root)
    verbs = set(launcher.verbs())

    def each(rule: Callable[[Source], Iterable[str]]) -> list[str]:
        return [problem for file in files for problem in rule(file)]

    yield "licence headers", each(style.licence_headers)
    yield "lengths of lines", each(style.line_lengths)
    yield "lengths of files", each(style.file_lengths)
    yield "white space", each(style.whitespace)
    yield "links of open ends", each(style.todo_links)
    yield "paths of one machine", each(style.machine_paths(root))
    yield "links to the specification", each(style.spec_links)
    yield "nothing printed by libraries", each(style.prints)
    yield "socket types stay in net", each(layers.os_sockets)
    yield "queues have bounds", each(layers.unbounded)
    yield "dependencies go one way", list(layers.dependencies(root))
    yield "lock file of the engine-free workspace", list(layers.lock_file(root, "Cargo.toml"))
    yield "interfaces as specified", list(idl.verbatim(files))
    yield "paths in documents", each(lambda file: documents.paths_exist(root, file))
    yield "verbs in documents", each(lambda file: documents.verbs_exist(verbs, file))
    yield "documented verbs", list(documents.verbs_are_told(verbs, files))
    yield "documented errors", list(documents.errors_are_told(files))
    yield "documented example", list(documents.examples_agree(files))
    yield "verbs explain themselves", list(_verbs_explain_themselves(verbs))
    yield "format of Rust sources", list(_formatted(root))


def _verbs_explain_themselves(verbs: set[str]) -> Iterator[str]:
    for verb in sorted(verbs):
        module = launcher.load(verb)
        if not getattr(module, "SUMMARY", "") or not callable(getattr(module, "run", None)):
            yield f"mach-style-scripts/{verb}.py: needs SUMMARY and run"
        if not (getattr(module, "USAGE", "") or callable(getattr(module, "add_arguments", None))):
            yield f"mach-style-scripts/{verb}.py: needs add_arguments or USAGE"


def _formatted(root: Path) -> Iterator[str]:
    command = ["rustfmt", "--edition", "2024", "--check", "--files-with-diff", *map(str, formatting.rust_sources())]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True)
    for path in sorted(set(result.stdout.split("\n")) - {""}):
        name = Path(path).relative_to(root).as_posix() if Path(path).is_relative_to(root) else path
        yield f"{name}: not formatted; run ./mach fmt"
    if result.returncode != 0 and not result.stdout.strip():
        yield f"rustfmt: {result.stderr.strip()}"
