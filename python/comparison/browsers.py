# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The two browsers, as the runner of web-platform tests sees them."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from mach_support import cargo, paths
from mach_support.log import say
from wpt import executor, processes
from wpt.api import Api
from wpt.executor import Executor, Outcome
from wpt.manifest import Test
from wpt.oschecks import Browser
from wpt.server import Server

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

    def visit(self, test: Test, multiprocess: bool, server: Server, prefs: tuple[str, ...] = ()) -> Outcome:
        """Run one test, from a server that others use at the same time."""
        scratch = Path(tempfile.mkdtemp(prefix="comparison-"))
        hosts = scratch / "hosts"
        hosts.write_text(executor.HOSTS)
        browser = Browser()
        browser.multiprocess = multiprocess
        outcome = Outcome(test, multiprocess)
        run = Side(self.binary, self.timeout_multiplier, self.debug, prefs=(*PREFS.get(test.kind, ()), *prefs))
        started = time.monotonic()
        try:
            run._run(outcome, server, browser, hosts)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            outcome.seconds = time.monotonic() - started
        return outcome

    def _command(self, url: str, multiprocess: bool) -> list[str]:
        command = [str(self.binary), url, "--hard-fail", "--ignore-certificate-errors"]
        for pref in self.prefs:
            command += ["--pref", pref]
        return [*command, "--multiprocess"] if multiprocess else command

    def _check_end(self, outcome: Outcome, status: int | None, tree: list[processes.Process]) -> None:
        """How the engine ends is not compared: the one without our patches does not always manage to."""


def serve(root: Path) -> Server:
    """A server of the tests for both browsers."""
    return Server(Api(Browser()), tests=root, harness_files=root / "resources")
