# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The command line of `./mach bench`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from bench.peers import NAMES, OURS
from mach_support import paths
from mach_support.log import Failure

FOLDER = paths.TARGET / "bench"
SECONDS, WARMUP, REPEAT = 3.0, 0.3, 5
SMOKE_SECONDS, SMOKE_WARMUP = 0.1, 0.02
MOST_SECONDS, MOST_REPEATS = 60.0, 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line."""
    parser.add_argument(
        "workloads", nargs="*", metavar="WORKLOAD", help="such as W1, or W3/1-1cpu for one variant; default: all"
    )
    parser.add_argument("--list", action="store_true", help="print the workloads")
    parser.add_argument("--seconds", type=float, metavar="S", help=f"how long a sample measures (default {SECONDS:g})")
    parser.add_argument("--warmup", type=float, metavar="S", help=f"how long it runs before (default {WARMUP:g})")
    parser.add_argument("--repeat", type=int, metavar="N", help=f"samples of each (default {REPEAT})")
    parser.add_argument(
        "--peers", metavar="LIST", help=f"only these, separated by commas: {', '.join(NAMES)}; default: all there are"
    )
    parser.add_argument("--multiprocess", action="store_true", help="ours with content in a process of its own as well")
    parser.add_argument("--worker", action="store_true", help="ours in a dedicated worker as well")
    parser.add_argument("--binary", type=Path, metavar="FILE", help="this shell, instead of building one")
    parser.add_argument("--server", type=Path, metavar="FILE", help="this server, instead of building it")
    parser.add_argument("--pin", metavar="A,B", help="the server runs on processor A only, the client on B")
    parser.add_argument("--json", type=Path, default=FOLDER / "bench.json", metavar="FILE", help="what was measured")
    parser.add_argument("--html", type=Path, default=FOLDER / "bench.html", metavar="FILE", help="a page about it")
    parser.add_argument("--compare", type=Path, metavar="OLD.json", help="put an earlier run beside this one")
    parser.add_argument(
        "--smoke", action="store_true", help="only see that all works: a tenth of a second, once, few connections"
    )
    parser.add_argument(
        "--micro",
        action="store_true",
        help="instead the benchmarks of crates that need no engine; WORKLOAD is then a part of their names",
    )


def settle(options: argparse.Namespace) -> None:
    """Fills in what was not given, and refuses what makes no sense."""
    smoke = options.smoke
    if options.seconds is None:
        options.seconds = SMOKE_SECONDS if smoke else SECONDS
    if options.warmup is None:
        options.warmup = SMOKE_WARMUP if smoke else WARMUP
    if options.repeat is None:
        options.repeat = 1 if smoke else REPEAT
    if not 0 < options.seconds <= MOST_SECONDS:
        raise Failure(f"--seconds {options.seconds:g}: must be more than 0 and at most {MOST_SECONDS:g}", 2)
    if not 0 <= options.warmup <= MOST_SECONDS:
        raise Failure(f"--warmup {options.warmup:g}: must be from 0 to {MOST_SECONDS:g}", 2)
    if not 1 <= options.repeat <= MOST_REPEATS:
        raise Failure(f"--repeat {options.repeat}: must be from 1 to {MOST_REPEATS}", 2)
    for name, path in (("--binary", options.binary), ("--server", options.server)):
        if path is not None and not os.access(path, os.X_OK):
            raise Failure(f"{name} {path}: no program", 2)
    options.peers = [name.strip() for name in options.peers.split(",")] if options.peers else None
    if (options.multiprocess or options.worker) and options.peers is not None and OURS not in options.peers:
        raise Failure(f"--multiprocess and --worker are about {OURS}, which --peers leaves out", 2)
    options.pin = processors(options.pin) if options.pin else None


def processors(text: str) -> tuple[int, int]:
    """The processors in --pin."""
    there = os.sched_getaffinity(0)
    try:
        server, client = (int(part) for part in text.split(","))
    except ValueError:
        raise Failure(f"--pin {text}: must be two numbers, such as 0,1", 2) from None
    for processor in (server, client):
        if processor not in there:
            raise Failure(f"--pin {text}: there is no processor {processor}", 2)
    return server, client


def modes(options: argparse.Namespace) -> list[tuple[str, ...]]:
    """In which modes ours runs."""
    found: list[tuple[str, ...]] = [()]
    if options.multiprocess:
        found.append(("--multiprocess",))
    if options.worker:
        found.append(("--worker",))
    if options.multiprocess and options.worker:
        found.append(("--multiprocess", "--worker"))
    return found
