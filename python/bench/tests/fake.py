# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""A server and a client that behave in one way each. Run as a program: `fake.py serve ROLE...` is the server, which
has counted 1000 bytes and 100 units; `fake.py run WORKLOAD` its native client; `fake.py CLIENT PROGRAM` one of the
clients below."""

from __future__ import annotations

import json
import socket
import sys
import time
from pathlib import Path

COUNTS = {"bytes": 1000, "units": 100, "dropped": 5}


def say(message: dict) -> None:
    print(json.dumps(message), flush=True)


class Harness:
    """The connection to the harness."""

    def __init__(self, port: int):
        self._socket = socket.create_connection(("127.0.0.1", port), 60)

    def checkpoint(self, label: str) -> None:
        self._socket.sendall(f"{label}\n".encode())
        self._socket.recv(3, socket.MSG_WAITALL)


def timed(bench: dict, total: int = 100, **more) -> dict:
    """Does nothing, between the checkpoints, and claims that it was something."""
    harness = Harness(bench["control"])
    harness.checkpoint("begin")
    start = time.monotonic()
    seconds = max(time.monotonic() - start, 1e-6)
    harness.checkpoint("end")
    return {"count": 90, "total": total, "seconds": seconds, "p99_us": 1.0, **more}


def crowd(bench: dict) -> dict:
    """Claims to have opened connections."""
    harness = Harness(bench["control"])
    for label in ("base", "open", "echoed"):
        harness.checkpoint(label)
    count = bench["connections"]
    return {"count": count, "total": count, "seconds": 0.5, "open_s": 0.25, "echo_s": 0.25}


def client(kind: str, bench: dict) -> None:
    """One client."""
    if kind == "fails":
        say({"error": "the port is gone"})
    elif kind == "is-silent":
        sys.exit("its last words")
    elif kind == "hangs":
        sys.stdin.readline()
        time.sleep(600)
    elif kind == "cannot":
        say({"unsupported": "no such thing"})
    elif kind == "lingers":
        say({"result": timed(bench)})
        time.sleep(600)
    elif kind == "skips":
        say({"result": {"count": 1, "total": 1, "seconds": 1.0}})
    elif kind == "accepts":
        say({"listening": [1, 2]})
        Harness(bench["control"]).checkpoint("serving")
        say({"result": {}})
    elif kind == "is-a-crowd":
        say({"result": crowd(bench)})
    elif kind == "misses-many":
        say({"result": timed(bench, failures=50)})
    else:
        say({"result": timed(bench, **{"lies": {"total": 101}, "sends": {"total": 105}}.get(kind, {}))})


def main(arguments: list[str]) -> None:
    if arguments[0] == "serve":
        roles = [role for role in arguments[1:] if role[0].isalpha()]
        say({"ready": {role: [1] for role in roles}})
        for _ in sys.stdin:
            say({"stats": {role: COUNTS for role in roles}})
    elif arguments[0] == "run":
        options = dict(zip(arguments[2::2], arguments[3::2], strict=True))
        say({"result": timed({"control": int(options["--control"])}) | {"port": options["--port"]}})
    else:
        line = Path(arguments[1]).read_text(encoding="utf-8").splitlines()[0]
        client(arguments[0], json.loads(line.removeprefix("const BENCH = ").removesuffix(";")))


if __name__ == "__main__":
    main(sys.argv[1:])
