# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Processes that the harness starts, and what /proc tells of them and of what they have started."""

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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wpt import processes as browser

# How long a process may take to end after it was told to, in seconds.
END_LIMIT = 10.0
# How many messages of a process may wait, and how many other lines of it are kept: far more than any workload has.
MOST_MESSAGES = 1000
MOST_LINES = 100
# How much of its standard error is told.
TAIL = 600


class Ended(Exception):
    """A process does not say what is waited for; the text tells why."""


@contextlib.contextmanager
def on_processors(processors: set[int] | None) -> Iterator[None]:
    """What is started within runs on these processors only."""
    if not processors:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors)  # Of this thread, from which a new process has it.
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Child:
    """A process that writes lines of JSON."""

    def __init__(
        self,
        command: list[str],
        environment: Mapping[str, str] | None = None,
        processors: set[int] | None = None,
    ):
        self._errors = tempfile.TemporaryFile()
        self._messages: queue.Queue[tuple[float, dict[str, Any]] | None] = queue.Queue()
        self._other_lines: list[str] = []
        self.started = time.monotonic()
        with on_processors(processors):
            try:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._errors,
                    env=environment,
                    text=True,
                    errors="replace",
                )
            except OSError as error:
                self._errors.close()
                raise Ended(f"cannot run {command[0]}: {error}") from error
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._process.stdout:
            at = time.monotonic()
            try:
                message = json.loads(line)
            except ValueError:
                message = None
            if isinstance(message, dict):
                # More would not be looked at; a program that never stops is ended when its time is up.
                if self._messages.qsize() < MOST_MESSAGES:
                    self._messages.put((at, message))
            elif len(self._other_lines) < MOST_LINES:
                self._other_lines.append(line.rstrip())
        self._messages.put(None)

    def next(self, wanted: tuple[str, ...], limit: float) -> tuple[float, dict[str, Any]]:
        """The next message with one of these members, and when it came."""
        end = time.monotonic() + limit
        while True:
            try:
                found = self._messages.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                raise Ended(f"no {' or '.join(wanted)} within {limit:.0f} s{self._told()}") from None
            if found is None:
                self._messages.put(None)
                raise Ended(f"ended without {' or '.join(wanted)}{self._told()}")
            if any(name in found[1] for name in wanted):
                return found

    def tell(self, line: str) -> None:
        """Write a line to its standard input."""
        with contextlib.suppress(OSError):
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()

    def _told(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            size = os.fstat(self._errors.fileno()).st_size
            text = os.pread(self._errors.fileno(), TAIL, max(0, size - TAIL)).decode(errors="replace").strip()
            told = [*self._other_lines[-3:], text]
            return "".join(f": {one}" for one in told if one)
        return ""

    def stop(self, grace: float) -> bool:
        """Wait for its end; after `grace` seconds end it. Whether it ended by itself."""
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        # A tree that is ended from outside leaves no process behind if each of them is.
        family = [process.pid for process in browser.tree(self.pid)]
        by_itself = self._wait(grace)
        if not by_itself:
            self._process.send_signal(signal.SIGTERM)
            if not self._wait(grace):
                for pid in family or [self.pid]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                self._wait(END_LIMIT)
        self._reader.join(END_LIMIT)
        if not self._reader.is_alive():
            self._process.stdout.close()
        self._errors.close()
        return by_itself

    def _wait(self, limit: float) -> bool:
        try:
            self._process.wait(limit)
        except subprocess.TimeoutExpired:
            return False
        return True


@dataclass(frozen=True)
class Usage:
    """What processes have used up to a moment."""

    at: float
    # Of each process, in seconds.
    cpu: Mapping[int, float] = field(default_factory=dict)
    # Of each thread: how often it has given up the processor by itself.
    switches: Mapping[tuple[int, int], int] = field(default_factory=dict)

    def since(self, before: Usage) -> tuple[float, int]:
        """Processor time and voluntary switches from then until now."""
        cpu = sum(value - before.cpu.get(pid, 0.0) for pid, value in self.cpu.items())
        switches = sum(value - before.switches.get(thread, 0) for thread, value in self.switches.items())
        return cpu, switches


def usage(root: int) -> Usage:
    """What a process and all that it has started have used."""
    pids = [process.pid for process in browser.tree(root)]
    switches: dict[tuple[int, int], int] = {}
    cpu = {pid: seconds for pid in pids if (seconds := cpu_seconds(pid)) is not None}
    for pid in pids:
        switches.update(_switches(pid))
    return Usage(time.monotonic(), cpu, switches)


def cpu_seconds(pid: int) -> float | None:
    """The processor time of a process, of threads that have ended as well."""
    # The clock of another process, as clock_getcpuclockid(3) makes it: exact, where /proc counts in ticks.
    try:
        return time.clock_gettime(~pid << 3 | 2)
    except OSError:
        return None


def _switches(pid: int) -> Iterator[tuple[tuple[int, int], int]]:
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                text = Path(f"/proc/{pid}/task/{thread}/status").read_text()
                for line in text.splitlines():
                    if line.startswith("voluntary_ctxt_switches:"):
                        yield (pid, int(thread)), int(line.split()[1])


def memory_kib(root: int) -> int:
    """The memory of a process and all that it has started: pages that they share count once (PSS)."""
    total = 0
    for process in browser.tree(root):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total


def machine_seconds() -> float:
    """For how long the processors have been busy, all together."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    values = [int(value) for value in fields[:8]]
    return (sum(values) - values[3] - values[4]) / os.sysconf("SC_CLK_TCK")
