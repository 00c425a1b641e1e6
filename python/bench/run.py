# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Runs the benchmarks: `./mach bench`."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

from bench import html_report, micro, options, peers, record, report, sample, server, table
from bench.conditions import conditions
from bench.peers import NATIVE, OURS, Found
from bench.sample import Settings
from bench.workloads import Case, cases, listed
from mach_support import cargo, paths
from mach_support.log import Failure, say


def run(chosen: argparse.Namespace) -> int:
    """Measure; the status of the process: 0 if every sample worked, 1 otherwise."""
    if chosen.list:
        print("\n".join(listed()))
        return 0
    options.settle(chosen)
    if chosen.micro:
        if len(chosen.workloads) > 1:
            raise Failure(f"--micro {' '.join(chosen.workloads)}: takes one part of a name", 2)
        return micro.run(chosen.workloads, chosen.smoke)
    selected = cases(chosen.workloads)
    earlier = record.read(chosen.compare, "--compare") if chosen.compare else None
    found = find(chosen)
    for name, reason in found.missing.items():
        say(f"{name} is left out: {reason}")
    about = conditions(found.peers)
    with tempfile.TemporaryDirectory(prefix="direct-sockets-bench-") as folder:
        settings = Settings(
            program_of(chosen), Path(folder), chosen.seconds, chosen.warmup, chosen.smoke, chosen.pin
        )
        samples = measure(settings, selected, found, chosen.repeat)
    rows = table.rows(samples, selected, found.peers)
    changes = record.changes(rows, record.rows_of(earlier)) if earlier else []
    written = {
        "format": record.FORMAT,
        "conditions": about,
        "settings": {
            "peers": [peer.name for peer in found.peers],
            **{name: getattr(chosen, name) for name in ("seconds", "warmup", "repeat", "smoke", "pin")},
        },
        "missing": found.missing,
        "samples": samples,
        "rows": [row.record() for row in rows],
    }
    record.write(chosen.json, written)
    html_report.write(chosen.html, html_report.render(rows, about, found.missing, samples, changes))
    print(report.text(rows, about, found.missing, samples))
    if earlier:
        print("\n" + report.comparison(changes, record.differences(written, earlier)))
    failed = sum("error" in one for one in samples)
    print(f"\n{len(samples)} samples, {failed} failed; {chosen.json}; {chosen.html}", flush=True)
    return 1 if failed or not samples else 0


def program_of(chosen: argparse.Namespace) -> Path:
    """The server, built if none was named."""
    if chosen.server is None:
        chosen.server = server.build(release=True)
    return chosen.server.resolve()


def find(chosen: argparse.Namespace) -> Found:
    """Everybody who takes part: ours first, then the native client, then others."""
    found = peers.find(chosen.peers, os.environ)
    first = []
    if chosen.peers is None or OURS in chosen.peers:
        if chosen.binary is None:
            cargo.build_engine(release=True)
        binary = (chosen.binary or paths.shell_binary(True)).resolve()
        first += peers.ours(binary, options.modes(chosen))
    if chosen.peers is None or NATIVE in chosen.peers:
        first.append(peers.native(program_of(chosen)))
    found.peers = [*first, *found.peers]
    if not found.peers:
        raise Failure("nobody is left to be measured", 2)
    return found


def measure(settings: Settings, selected: list[Case], found: Found, repeat: int) -> list[dict[str, Any]]:
    """Take all samples. Peers take turns, so that what the machine does meanwhile meets all of them."""
    samples: list[dict[str, Any]] = []
    total = len(selected) * repeat * len(found.peers)
    done = 0
    for case in selected:
        for turn in range(repeat):
            for peer in found.peers:
                taken = {**sample.take(settings, peer, case), "turn": turn}
                done += 1
                # A gap is one line of the table, however often it was tried.
                if "gap" not in taken or turn == 0:
                    samples.append(taken)
                say(f"{done} of {total}: {case.name} {peer.name}: {brief(case, taken)}")
    return samples


def brief(case: Case, taken: dict[str, Any]) -> str:
    """A sample in a few words."""
    if "error" in taken:
        return f"failed: {taken['error']}"
    if "gap" in taken:
        return f"n/a: {taken['gap']}"
    told = [
        f"{table.number(taken['values'][measure.name])} {measure.unit}"
        for measure in case.workload.measures
        if measure.name in taken["values"]
    ]
    return ", ".join(told) or "no number"
