# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""System calls of a browser's process, seen (or made to fail) by strace."""

from __future__ import annotations

import re
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

ATTACH_TIMEOUT = 20.0
# What may stand in an expression that a page asks for.
ALLOWED = re.compile(r"[\w%,!=:.+\-]*")


class TracingError(Exception):
    """strace is missing, or could not attach."""


class Trace:
    """strace on one process and its threads, from `__init__` until `stop`."""

    def __init__(self, pid: int, expressions: list[str]):
        self._output = tempfile.NamedTemporaryFile(prefix="strace-", suffix=".txt", delete=False)
        command = ["strace", "-f", "-s", "16", "-p", str(pid), "-o", self._output.name]
        for expression in expressions:
            if not ALLOWED.fullmatch(expression):
                raise TracingError(f"not an expression for strace: {expression}")
            command += ["-e", expression]
        try:
            self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        except FileNotFoundError:
            raise TracingError("strace is not installed") from None
        self._said: list[str] = []
        self._attached = threading.Event()
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()
        if not self._attached.wait(ATTACH_TIMEOUT) or self._process.poll() is not None:
            self.stop()
            raise TracingError(f"strace did not attach: {' '.join(self._said)}")

    def _listen(self) -> None:
        # strace says "Process N attached", with threads "... attached with M threads", once it has all of them.
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._said.append(line.strip())
            if "attached" in line:
                self._attached.set()
        self._attached.set()

    def stop(self) -> list[str]:
        """Detach; the lines that were written."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(ATTACH_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._reader.join(ATTACH_TIMEOUT)
        if not self._reader.is_alive() and self._process.stderr is not None:
            self._process.stderr.close()
        path = Path(self._output.name)
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        self._output.close()
        return lines
