# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Runs the script that README.md shows, against an echo server."""

import re
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

from testing.results import FAIL, PASS, Part

# How long the script may take, in seconds; it takes less than one.
LIMIT = 60.0

MODES = ((), ("--worker",), ("--multiprocess",), ("--worker", "--multiprocess"))


def example(readme: str) -> str | None:
    """The first JavaScript example of a document."""
    match = re.search(r"```js\n(.*?)```", readme, re.DOTALL)
    return match[1] if match else None


def expected(readme: str, port: int) -> str | None:
    """What the document says that the example prints, with the port of this run."""
    match = re.search(r"\$ \./mach run hello\.js 127\.0\.0\.1 (\d+)\n(.*?)```", readme, re.DOTALL)
    return match[2].replace(match[1], str(port)) if match else None


class EchoServer:
    """Sends back what each connection sends, and ends when the peer has ended."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    @staticmethod
    def _serve(connection: socket.socket) -> None:
        with connection:
            connection.settimeout(LIMIT)
            try:
                while data := connection.recv(65536):
                    connection.sendall(data)
            except OSError:
                pass

    def close(self) -> None:
        """Accepts nothing more."""
        # Closing alone does not wake a thread that waits in accept.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def run(binary: Path, readme: str, part: Part) -> None:
    """Runs the example in every mode."""
    script = example(readme)
    server = EchoServer()
    try:
        wanted = expected(readme, server.port)
        if script is None or wanted is None:
            part.add("README.md: the example", FAIL, "README.md shows no script, or not what it prints")
            return
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "hello.js"
            path.write_text(script)
            for mode in MODES:
                name = " ".join(("README.md: the example runs", *mode))
                problem = _problem([str(binary), *mode, str(path), "127.0.0.1", str(server.port)], wanted)
                part.add(name, FAIL if problem else PASS, problem)
    finally:
        server.close()


def _problem(command: list[str], wanted: str) -> str:
    """Why the example did not do what it should, or nothing."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return f"did not end within {LIMIT:.0f} s"
    except OSError as error:
        return str(error)
    if result.returncode != 0:
        return f"status {result.returncode}: {result.stderr.strip()[-300:]}"
    if result.stdout != wanted:
        return f"printed {result.stdout!r}, not {wanted!r}"
    return ""
