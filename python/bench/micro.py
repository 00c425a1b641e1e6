# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""--micro: criterion's benchmarks of the crates that need no engine."""

from __future__ import annotations

from mach_support import bootstrap, cargo

# The benchmarks of each package.
BENCHES = {
    "direct-sockets-wire": "messages",
    "direct-sockets-traits": "codec",
    "direct-sockets-plane": "ring",
    "direct-sockets-net": "net_loop",
}


def command(patterns: list[str], smoke: bool) -> list[str]:
    """The command."""
    found = ["cargo", "bench"]
    for package, bench in BENCHES.items():
        found += ["--package", package, "--bench", bench]
    own = (["--test"] if smoke else []) + patterns[:1]
    return [*found, *(["--", *own] if own else [])]


def run(patterns: list[str], smoke: bool) -> int:
    """Run them; criterion keeps what it has measured below target/criterion and compares with it."""
    bootstrap.check_rust()
    cargo.run(command(patterns, smoke), cargo.unit_environment(), "./mach bench --micro")
    return 0
