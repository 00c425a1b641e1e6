# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Runs one test in a browser of its own and reads its results.

As wptrunner's product `servo_legacy` does it: the page logs one line, `ALERT: RESULT: [id, status, message, stack,
[[name, status, message, stack], ...]]`, and closes its window. Lines `ALERT: SUBTEST: [name, status]` come before
that as subtests end, so that it is known how far a test came that hangs.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from wpt import processes, session
from wpt.manifest import Test
from wpt.oschecks import Browser, wait_until
from wpt.server import Server
from wpt.sites import HOSTS, Site, project

RESULT = "ALERT: RESULT: "
SUBTEST = "ALERT: SUBTEST: "
HARNESS_STATUS = {0: "OK", 1: "ERROR", 2: "TIMEOUT", 3: "PRECONDITION_FAILED"}
SUBTEST_STATUS = {0: "PASS", 1: "FAIL", 2: "TIMEOUT", 3: "NOTRUN", 4: "PRECONDITION_FAILED"}
# The limits of testharness.js, in seconds, before the multiplier.
NORMAL, LONG = 10, 60
# What the browser needs to start and to end, on top.
START, END = 60, 20
# How much longer than others a test may take that only --full runs.
FULL = 4
STDERR_KEPT = 4000
# What a test has whose metadata name no preferences.
DEFAULT_PREFS = (
    "dom_direct_sockets_enabled=true",
    # The pages come from a server, not from the embedder.
    "dom_direct_sockets_allowed_origins=*",
    # By which testharnessreport.js has garbage collected.
    "expose_servointernals_globally=true",
)
# A line of results is not longer, in bytes; of what else a page prints only the beginning is shown.
LONGEST_LINE = 64 * 1024 * 1024
LONGEST_SHOWN = 2000


@dataclass
class Subtest:
    """The outcome of one subtest."""

    name: str
    status: str
    message: str = ""
    stack: str = ""


@dataclass
class Outcome:
    """The outcome of one test in one mode."""

    test: Test
    multiprocess: bool
    status: str = "OK"
    message: str = ""
    subtests: list[Subtest] = field(default_factory=list)
    seconds: float = 0.0
    stderr: str = ""
    # Whether what went wrong says something about the runner, and nothing about the test.
    of_the_runner: bool = False

    @property
    def mode(self) -> str:
        """The name of the process mode."""
        return "multiprocess" if self.multiprocess else "single"


@dataclass
class Executor:
    """How tests are run. It keeps a web server for each test that runs at the same time; `close` ends them."""

    binary: Path
    timeout_multiplier: float = 2.0
    debug: bool = False
    # Appended to what is asked for: "seed=5".
    query: str = ""
    # More preferences, NAME=VALUE.
    prefs: tuple[str, ...] = ()
    site: Site = field(default_factory=project)
    _free: list[Server] = field(default_factory=list)
    _all: list[Server] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> "Executor":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the web servers."""
        with self._lock:
            servers, self._all, self._free = self._all, [], []
        for server in servers:
            server.stop()

    @contextlib.contextmanager
    def _server(self) -> Iterator[Server]:
        """A web server for one test."""
        with self._lock:
            server = self._free.pop() if self._free else None
        if server is None:
            server = Server(self.site)
            with self._lock:
                self._all.append(server)
        try:
            yield server
        finally:
            with self._lock:
                if server.alive():
                    self._free.append(server)
                else:
                    # The next test gets another one; this one ended in the middle of a test, which has failed of it.
                    self._all.remove(server)
                    server.stop()

    def run(self, test: Test, multiprocess: bool, prefs: tuple[str, ...] = ()) -> Outcome:
        """Run one test, with the preferences that its metadata ask for, or else the default ones."""
        outcome = Outcome(test, multiprocess)
        started = time.monotonic()
        with self._server() as server:
            if test.kind == "os":
                self._run_os(outcome, server, prefs)
            else:
                self._run_page(outcome, server, prefs)
        outcome.seconds = time.monotonic() - started
        return outcome

    def _run_page(self, outcome: Outcome, server: Server, prefs: tuple[str, ...]) -> None:
        with tempfile.TemporaryDirectory(prefix="wpt-", ignore_cleanup_errors=True) as scratch:
            hosts = Path(scratch) / "hosts"
            hosts.write_text(HOSTS)
            browser = Browser()
            browser.multiprocess = outcome.multiprocess
            server.begin(browser, hosts, self.multiplier(outcome.test))
            try:
                self._run(outcome, server, browser, hosts, prefs)
            finally:
                server.finish()
        if not server.alive() and outcome.status != "OK":
            outcome.message = f"the web server ended during this test: {outcome.message}"
            outcome.of_the_runner = True

    def _run_os(self, outcome: Outcome, server: Server, prefs: tuple[str, ...]) -> None:
        """Run the functions of a file of tests/os."""

        def command(url: str) -> list[str]:
            return self._command(url, server, outcome.multiprocess, prefs)

        for function in session.functions(session.load(outcome.test.path)):
            if outcome.multiprocess or not getattr(function, "multiprocess_only", False):
                name = (function.__doc__ or function.__name__).strip().splitlines()[0]
                error = session.run_one(function, server, command, outcome.multiprocess)
                outcome.subtests.append(Subtest(name, "FAIL" if error else "PASS", error or ""))

    def multiplier(self, test: Test) -> float:
        """What the limits of testharness.js are multiplied with."""
        return self.timeout_multiplier * (FULL if test.id.endswith("?full") else 1)

    def url(self, test: Test, server: Server) -> str:
        """Where the test is served. Nothing is added to its URL but what was asked for."""
        separator = "&" if "?" in test.id else "?"
        return server.url(test.id + (f"{separator}{self.query}" if self.query else ""), test.secure)

    def _command(self, url: str, server: Server, multiprocess: bool, prefs: tuple[str, ...]) -> list[str]:
        """The command line of the browser. Options may follow the URL, as wptrunner writes them."""
        command = [str(self.binary), url, "--hard-fail", "--certificate-path", str(server.certificate)]
        for pref in (*(prefs or DEFAULT_PREFS), *self.prefs):
            command += ["--pref", pref]
        if multiprocess:
            command.append("--multiprocess")
        return command

    def _run(
        self, outcome: Outcome, server: Server, browser: Browser, hosts: Path, prefs: tuple[str, ...]
    ) -> None:
        limit = (LONG if outcome.test.long else NORMAL) * self.multiplier(outcome.test) + START
        environment = dict(os.environ, HOST_FILE=str(hosts))
        child = subprocess.Popen(
            self._command(self.url(outcome.test, server), server, outcome.multiprocess, prefs),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        browser.pid = child.pid
        lines: queue.Queue[str | None] = queue.Queue()
        stderr: list[bytes] = []
        readers = [
            threading.Thread(target=read_lines, args=(child.stdout, lines, self.debug), daemon=True),
            threading.Thread(target=read_all, args=(child.stderr, stderr, self.debug), daemon=True),
        ]
        for reader in readers:
            reader.start()
        tree: list[processes.Process] = []
        try:
            found = self._await_result(outcome, lines, limit)
            if outcome.status == "CRASH":
                outcome.message += f" ({how_it_ended(child)})"
            tree = processes.tree(child.pid)
            browser.release()
            if not found:
                session.kill(tree, child)
            try:
                status = child.wait(END)
            except subprocess.TimeoutExpired:
                session.kill(tree, child)
                status = None
            if found:
                self._check_end(outcome, status, tree)
        finally:
            session.kill(tree, child)
            child.wait()
        for reader, stream in zip(readers, (child.stdout, child.stderr), strict=True):
            reader.join(END)
            if not reader.is_alive() and stream is not None:
                stream.close()
        outcome.stderr = b"".join(stderr)[-STDERR_KEPT:].decode(errors="replace")

    def _await_result(self, outcome: Outcome, lines: queue.Queue[str | None], limit: float) -> bool:
        """Read lines until the result comes; whether it came."""
        started = time.monotonic()
        deadline = started + limit
        while True:
            try:
                line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                outcome.status = "TIMEOUT"
                outcome.message = f"no result within {limit:.0f} s"
                return False
            if line is None:
                outcome.status = "CRASH"
                outcome.message = "the browser ended without a result"
                return False
            try:
                if line.startswith(SUBTEST):
                    name, status = json.loads(line[len(SUBTEST) :])
                    outcome.subtests.append(Subtest(name, SUBTEST_STATUS[status]))
                    if self.debug:
                        print(f"  . {time.monotonic() - started:6.2f} s {SUBTEST_STATUS[status]} {name}", flush=True)
                elif line.startswith(RESULT):
                    self._take_result(outcome, json.loads(line[len(RESULT) :]))
                    return True
            except (ValueError, TypeError, KeyError) as error:
                outcome.status = "ERROR"
                outcome.message = f"the page reports what cannot be read: {error!r}: {line[:200]}"
                outcome.of_the_runner = True
                return False

    def _take_result(self, outcome: Outcome, result: object) -> None:
        """Take what testharnessreport.js has sent at the end."""
        _, status, message, stack, subtests = result  # type: ignore[misc]
        outcome.status = HARNESS_STATUS.get(status, "ERROR")
        outcome.message = "\n".join(part for part in (message, stack) if part)
        outcome.subtests = [
            Subtest(name, SUBTEST_STATUS.get(code, "FAIL"), text or "", trace or "")
            for name, code, text, trace in subtests
        ]

    def _check_end(self, outcome: Outcome, status: int | None, tree: list[processes.Process]) -> None:
        """A browser has to end well, too: with status 0, in time, and with all of its processes."""
        complaint = None
        if status is None:
            complaint = f"the browser did not end within {END} s of window.close()"
        elif status != 0:
            complaint = f"the browser ended with status {status}"
        elif not wait_until(lambda: not any(map(processes.alive, tree)), END / 4):
            left = ", ".join(f"{process.kind} {process.pid}" for process in tree if processes.alive(process))
            complaint = f"processes outlived the browser: {left}"
        if complaint and outcome.status == "OK":
            outcome.status = "CRASH"
            outcome.message = complaint


def how_it_ended(child: subprocess.Popen[bytes]) -> str:
    """The status of a browser that has closed its standard output, or the signal that ended it."""
    try:
        status = child.wait(END)
    except subprocess.TimeoutExpired:
        return "its process goes on"
    return f"status {status}" if status >= 0 else f"signal {signal.Signals(-status).name}"


def read_lines(stream: IO[bytes], lines: queue.Queue[str | None], debug: bool) -> None:
    """Hand over the lines of standard output that are for the runner, then None."""
    while raw := stream.readline(LONGEST_LINE):
        line = raw.decode(errors="replace").rstrip("\n")
        if line.startswith("ALERT: "):
            lines.put(line)
        elif debug:
            print(f"  | {line[:LONGEST_SHOWN]}", flush=True)
    lines.put(None)


def read_all(stream: IO[bytes], kept: list[bytes], debug: bool) -> None:
    """Keep the end of standard error."""
    while raw := stream.readline(STDERR_KEPT):
        if debug:
            print(f"  ! {raw.decode(errors='replace').rstrip()}", flush=True)
        kept.append(raw)
        while sum(map(len, kept)) > 4 * STDERR_KEPT:
            kept.pop(0)
