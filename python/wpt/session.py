# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""A browser on a page of this project, for tests that end processes and therefore cannot run in a page.

Such a test is a function `test_...(launch)` in tests/os/*.py. The first line of its docstring is its name.
`launch(path)` starts a browser on a page and returns a `Session`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from wpt import processes
from wpt.oschecks import PATIENCE, Browser
from wpt.server import Server
from wpt.sites import HOSTS, OTHER_HOST


class Session:
    """One browser, its server and its peers."""

    def __init__(self, server: Server, command: Callable[["Session"], list[str]], multiprocess: bool):
        self.browser = Browser()
        self.browser.multiprocess = multiprocess
        self.server = server
        self._scratch = tempfile.TemporaryDirectory(prefix="wpt-")
        self._hosts = Path(self._scratch.name) / "hosts"
        self._hosts.write_text(HOSTS)
        self.api = server.begin(self.browser, self._hosts)
        self._command = command
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.seen: list[str] = []
        self.child: subprocess.Popen[str] | None = None
        self._reader: threading.Thread

    def start(self) -> "Session":
        """Start the browser."""
        self.child = subprocess.Popen(
            self._command(self),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "HOST_FILE": str(self._hosts)},
        )
        self.browser.pid = self.child.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def _read(self) -> None:
        assert self.child is not None and self.child.stdout is not None
        for line in self.child.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def line(self, start: str, timeout: float = 60) -> str:
        """The next console line that begins so."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                found = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no line {start!r} within {timeout} s; seen: {self.seen[-10:]}") from None
            if found is None:
                raise AssertionError(f"the browser ended before a line {start!r}; seen: {self.seen[-10:]}")
            self.seen.append(found)
            if found.startswith(start):
                return found

    def elsewhere(self, path: str) -> str:
        """The URL of a page of another site, which has a content process of its own in multiprocess mode."""
        return self.server.url(path, host=OTHER_HOST)

    def ask(self, what: str, **arguments: Any) -> Any:
        """What a page could ask the peers."""
        return self.server.ask_peers(what, arguments)

    def peer(self, behaviour: str = "hold", **options: Any) -> dict[str, Any]:
        """A peer."""
        return self.ask("peer/create", behaviour=behaviour, **options)

    def kill(self, pid: int) -> None:
        """End a process of this browser at once."""
        if pid not in [process.pid for process in self.browser.tree()]:
            raise AssertionError(f"process {pid} is not one of this browser")
        os.kill(pid, signal.SIGKILL)

    def wait(self, timeout: float = PATIENCE) -> int:
        """Wait for the end of the browser; its status."""
        assert self.child is not None
        return self.child.wait(timeout)

    def end(self) -> None:
        """End everything."""
        try:
            if self.child is not None:
                kill(processes.tree(self.child.pid), self.child)
                self.child.wait()
                # Somebody who inherited standard output would keep it open.
                self._reader.join(PATIENCE)
                if not self._reader.is_alive() and self.child.stdout is not None:
                    self.child.stdout.close()
        finally:
            self.server.finish()
            self._scratch.cleanup()


def kill(tree: list[processes.Process], child: subprocess.Popen[Any]) -> None:
    """End the browser and everything that it started, by process id."""
    for process in [*tree, *processes.tree(child.pid)]:
        if process.pid != child.pid and processes.alive(process):
            # It may end by itself at this very moment.
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
    child.kill()


def load(path: Path) -> ModuleType:
    """The tests of a file."""
    spec = importlib.util.spec_from_file_location(f"os_tests_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def functions(module: ModuleType) -> list[Callable[..., None]]:
    """The test functions of a module, in the order in which they stand there."""
    found = [value for name, value in vars(module).items() if name.startswith("test_") and inspect.isfunction(value)]
    return sorted(found, key=lambda function: function.__code__.co_firstlineno)


def multiprocess_only(function: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that makes no sense without content processes."""
    function.multiprocess_only = True  # type: ignore[attr-defined]
    return function


def run_one(
    function: Callable[..., None], server: Server, command: Callable[[str], list[str]], multiprocess: bool
) -> str | None:
    """Run one test, whose browsers are started by a `command` for a URL; what went wrong, or None."""
    sessions: list[Session] = []

    def launch(path: str | Callable[[Session], str]) -> Session:
        def build(session: Session) -> list[str]:
            return command(server.url(path if isinstance(path, str) else path(session)))

        session = Session(server, build, multiprocess)
        sessions.append(session)
        return session.start()

    try:
        function(launch)
    except Exception:
        return traceback.format_exc(limit=-3)
    finally:
        with contextlib.ExitStack() as stack:
            for session in sessions:
                stack.callback(session.end)
    return None
