# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The program of tests/bench/server: it is built, and started with the roles that a workload needs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from bench.processes import Child, Ended
from bench.workloads import Claim
from mach_support import bootstrap, cargo, paths

PACKAGE = "direct-sockets-bench-server"
# How long it may take to start, and to answer, in seconds.
START_LIMIT = 20.0
ANSWER_LIMIT = 10.0
# How long what was on its way may take to be counted, in seconds.
SETTLE_LIMIT = 3.0


def build(release: bool) -> Path:
    """Builds it; where it is."""
    bootstrap.check_rust()
    profile = ["--release"] if release else []
    cargo.run(["cargo", "build", "--package", PACKAGE, *profile], cargo.unit_environment(), "./mach bench")
    return paths.cargo_target() / ("release" if release else "debug") / PACKAGE


class Server:
    """A server with some roles."""

    def __init__(
        self,
        program: Path,
        roles: tuple[str, ...],
        size: int,
        limit: float,
        processors: set[int] | None = None,
        client_ends: bool = False,
    ):
        options = ["--limit", f"{limit:g}", "--size", str(size)]
        if client_ends:
            options += ["--client-ends", "true"]
        self._child = Child([str(program), "serve", *roles, *options], processors=processors)
        self.pid = self._child.pid
        try:
            _, message = self._child.next(("ready",), START_LIMIT)
        except Ended:
            self.stop()
            raise
        self.ports: dict[str, list[int]] = message["ready"]

    def stats(self) -> dict[str, dict[str, int]]:
        """What each role has counted."""
        self._child.tell("stats")
        return self._child.next(("stats",), ANSWER_LIMIT)[1]["stats"]

    def check(self, claims: list[Claim]) -> dict[str, Any]:
        """What was counted. Fails if a client claims more."""
        end = time.monotonic() + SETTLE_LIMIT
        while True:
            stats = self.stats()
            false = [(claim, found) for claim in claims if (found := counted(stats, claim)) < claim.least]
            if not false:
                return stats
            if time.monotonic() > end:
                claim, found = false[0]
                told = " and ".join(claim.counters)
                raise Ended(f"rejected: claims {claim.least} {told}, and {claim.role} has counted {found}")
            # What the kernel has taken may not have been read yet.
            time.sleep(0.01)

    def stop(self) -> None:
        """End it."""
        self._child.stop(ANSWER_LIMIT)


def counted(stats: dict[str, dict[str, int]], claim: Claim) -> int:
    """What a role has counted of what is claimed."""
    return sum(stats[claim.role][counter] for counter in claim.counters)
