# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""What `./mach fork --checkout` tells: what was done, what is left to do by hand, and the next command."""

from collections import Counter
from pathlib import Path

from fork.checkout import UNDO, Plan, State

# The embedder in Servo's tree was never published, so these lines have not been compiled in their place.
SERVOSHELL = """\
  ports/servoshell/Cargo.toml, in [dependencies]:
    direct-sockets-net = { workspace = true }
  ports/servoshell/main.rs, the first lines of `fn main()`:
    // The process that owns the sockets of Direct Sockets is this executable started again.
    if let Some(code) = direct_sockets_net::run_if_requested() {
        std::process::exit(i32::from(code != std::process::ExitCode::SUCCESS));
    }
"""

INCLUDE = """\
  tests/wpt/include.ini, unless it has that directory:
    [direct-sockets]
      skip: false
"""

# web-platform-tests keeps these files for all directories: a copy of ours would be in the way of its own.
INTERFACES = """\
  tests/wpt/tests/interfaces/direct-sockets.idl, which this checkout lacks:
    copy tests/wpt/interfaces/direct-sockets.idl
"""


def verdict(plan: Plan, state: State) -> str:
    """One line: whether the fork would apply."""
    return f"{state.value}: {_numbers(plan)}\n"


def _numbers(plan: Plan) -> str:
    return f"{len(plan.changed())} files changed, {len(plan.added())} files added"


def after_applying(plan: Plan, directory: Path) -> str:
    """What was done to `directory`, and what comes next."""
    lines = [f"applied: {_numbers(plan)}"]
    lines += [f"  {line}" for line in _by_home(plan)]
    lines += [
        "Cargo.toml was not published with Servo's crates: it was judged by what it says. Look at: git diff Cargo.toml",
        "left to do by hand, and untested, as servoshell and the list of test directories were not published either:",
    ]
    text = "\n".join(lines) + "\n" + SERVOSHELL
    if not _includes(directory):
        text += INCLUDE
    if not (directory / "tests/wpt/tests/interfaces/direct-sockets.idl").exists():
        text += INTERFACES
    packages = " ".join(f"-p {package}" for package in plan.packages)
    text += f"next, which also brings Cargo.lock up to date: cargo check {packages}\n"
    text += "then: ./mach build && ./mach update-manifest && ./mach test-wpt tests/wpt/tests/direct-sockets\n"
    text += f"undo: {UNDO}\n" if (directory / ".git").exists() else "undo: there is no git repository to do it with\n"
    return text


def _by_home(plan: Plan) -> list[str]:
    """A line a directory, with the numbers of its files."""
    homes = sorted(plan.homes, key=len, reverse=True)

    def home(path: str) -> str:
        return next((f"{home}/" for home in homes if path.startswith(f"{home}/")), path)

    changed = Counter(home(path) for path in plan.changed())
    added = Counter(home(path) for path in plan.added())
    lines = []
    for name in sorted({*changed, *added}):
        numbers = ((changed[name], "changed"), (added[name], "added"))
        lines.append(f"{name}: " + ", ".join(f"{number} {what}" for number, what in numbers if number))
    return lines


def _includes(directory: Path) -> bool:
    try:
        text = (directory / "tests/wpt/include.ini").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return "[direct-sockets]" in text
