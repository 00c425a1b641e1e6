# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The two browsers, as the runner of web-platform tests sees them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mach_support import cargo, paths
from mach_support.log import say
from wpt import harness, processes
from wpt.executor import Executor, Outcome
from wpt.manifest import Test
from wpt.server import Server
from wpt.sites import Root, Site

MANIFEST = paths.ROOT / "tests/unpatched/Cargo.toml"
ENABLED = "dom_direct_sockets_enabled"
# What some kinds of globals need: Servo has service workers, but not for everybody, and not without storage.
PREFS = {"serviceworker": ("dom_serviceworker_enabled=true", "dom_indexeddb_enabled=true")}


def unpatched_binary(release: bool) -> Path:
    """The browser over Servo as it is published, once it is built."""
    return paths.engine_target() / ("release" if release else "debug") / "unpatched-servo"


def build(release: bool) -> None:
    """Build both. What they share is compiled once, as they share a target directory."""
    environment = cargo.engine_environment()
    cargo.build_engine(release, environment)
    if not unpatched_binary(release).exists():
        say("the browser without the fork compiles a second Servo: about 10 to 20 minutes on 2 cores, 2 GB of disk")
    command = ["cargo", "build", "--locked", "--manifest-path", str(MANIFEST)]
    cargo.run(command + (["--release"] if release else []), environment, "./mach compare-streams")


@dataclass
class Side(Executor):
    """One of the two browsers. Both get the same command line, ours with preferences on top."""

    def run(self, test: Test, multiprocess: bool, prefs: tuple[str, ...] = ()) -> Outcome:
        """Run one test."""
        return super().run(test, multiprocess, (*PREFS.get(test.kind, ()), *prefs))

    def _command(self, url: str, server: Server, multiprocess: bool, prefs: tuple[str, ...]) -> list[str]:
        command = [str(self.binary), url, "--hard-fail", "--certificate-path", str(server.certificate)]
        for pref in prefs:
            command += ["--pref", pref]
        return [*command, "--multiprocess"] if multiprocess else command

    def _check_end(self, outcome: Outcome, status: int | None, tree: list[processes.Process]) -> None:
        """How the engine ends is not compared: the one without our patches does not always manage to."""


def site_of(root: Path) -> Site:
    """What is served: the tests, which have the harness among them."""
    return Site((Root("/", root),), harness=root, report=harness.REPORT)
