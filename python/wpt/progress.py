# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""What a person sees while tests run.

On a terminal: one line that is written anew. Elsewhere: a line now and then, so that a log of a machine stays short
and still shows where a run hangs. With `verbose`: a line for each test.
"""

from __future__ import annotations

import shutil
import threading
import time
from typing import TextIO

from wpt.judging import TestResult, plain

# Without a terminal there is a line after so many tests, and one after so many seconds without a line.
EVERY_TESTS = 25
EVERY_SECONDS = 30.0
# Back to the start of the line, which is cleared.
CLEAR = "\r\x1b[K"


class Progress:
    """Tells how far a run is. `total` counts the tests of all rounds; those that are run again come on top."""

    def __init__(self, out: TextIO, total: int, verbose: bool = False, seconds: float = EVERY_SECONDS):
        self.out = out
        self.total = total
        self.verbose = verbose
        self.done = 0
        self.unexpected = 0
        self._seconds = seconds
        self._terminal = not verbose and out.isatty()
        self._running: dict[str, None] = {}
        self._started = time.monotonic()
        self._told = self._started
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "Progress":
        self._thread = threading.Thread(target=self._tell_now_and_then, name="progress", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        if self._thread is not None:
            self._thread.join()
        if self._terminal:
            self.out.write(CLEAR)
            self.out.flush()

    def start(self, name: str) -> None:
        """A test starts."""
        with self._lock:
            self._running[name] = None
            if self._terminal:
                self._tell()

    def end(self, result: TestResult) -> None:
        """A test has ended."""
        with self._lock:
            self._running.pop(result.name, None)
            # What is run again has been counted.
            self.done += result.attempt == 1
            self.unexpected += result.attempt == 1 and result.unexpected
            if self.verbose:
                self._tell_test(result)
            elif self._terminal or self.done % EVERY_TESTS == 0 and result.attempt == 1:
                self._tell()

    def _tell_test(self, result: TestResult) -> None:
        mark = "FAIL" if result.unexpected else "ok  "
        count = f"{result.passed}/{len(result.subtests)}"
        again = ", run again" if result.attempt > 1 else ""
        print(plain(f"{mark} {count} {result.name} {result.seconds:.1f} s{again}"), file=self.out)
        for complaint in result.complaints():
            print("     " + plain(complaint).replace("\n", "\n       "), file=self.out)
        self.out.flush()

    def line(self) -> str:
        """How far the run is."""
        bad = f", {self.unexpected} unexpected" if self.unexpected else ""
        seconds = time.monotonic() - self._started
        running = f"; running {plain(', '.join(self._running))}" if self._running else ""
        return f"{self.done} of {self.total} tests{bad}, {seconds:.0f} s{running}"

    def _tell(self) -> None:
        self._told = time.monotonic()
        if self._terminal:
            # The last column stays free: some terminals go to the next line when it is written.
            self.out.write(CLEAR + self.line()[: shutil.get_terminal_size().columns - 1])
        else:
            self.out.write(self.line() + "\n")
        self.out.flush()

    def _tell_now_and_then(self) -> None:
        # On a terminal the seconds go on.
        interval = min(1.0, self._seconds) if self._terminal else self._seconds
        while not self._end.wait(interval if self._terminal else self._rest(interval)):
            with self._lock:
                if not self.verbose and (self._terminal or self._rest(interval) <= 0):
                    self._tell()

    def _rest(self, interval: float) -> float:
        """How long nothing need be told."""
        return max(0.0, self._told + interval - time.monotonic()) if not self.verbose else interval
