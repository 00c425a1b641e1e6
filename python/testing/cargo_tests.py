# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Runs a workspace's Rust tests and reads one result a test.

The test programs are built by cargo and then run one after the other from here, each with its own time
limit: what a program prints on stdout is then its own, and a program that hangs is known by name.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from testing.results import FAIL, FLAKY, PASS, SKIP, Part

_TEST = re.compile(r"^test (\S.*?)(?: - should panic)? \.\.\. (ok|FAILED|ignored)\b")
_TOTALS = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored", re.MULTILINE)
# Names the file to which a test that cannot run appends its name, a tab, and why.
SKIPPED_VARIABLE = "DIRECT_SOCKETS_SKIPPED_TESTS"
_STATUS = {"ok": PASS, "FAILED": FAIL, "ignored": SKIP}


@dataclass(frozen=True)
class Program:
    """A test program that cargo built."""

    name: str
    package: str
    executable: str
    directory: str


@dataclass(frozen=True)
class Options:
    """What to run, and how."""

    manifest: Path
    environment: dict[str, str]
    package: str | None = None
    pattern: str | None = None
    release: bool = False
    include_ignored: bool = False
    # Only this test target, not all of them.
    target: str | None = None
    # How long one test program may take, in seconds.
    limit: float = 1200.0


def run(options: Options, part: Part) -> None:
    """Builds and runs the tests of one workspace."""
    programs = _build(options, part)
    if programs is None:
        return
    for program in programs:
        _run_program(program, options, part)
    _run_doc_tests(options, part)


def _cargo(options: Options, *extra: str, verb: str = "test") -> list[str]:
    command = ["cargo", verb, "--manifest-path", str(options.manifest)]
    command += ["--package", options.package] if options.package else ["--workspace"]
    return command + (["--release"] if options.release else []) + list(extra)


def _build(options: Options, part: Part) -> list[Program] | None:
    # Tests start the examples as programs; `cargo test` alone builds examples as tests of themselves.
    examples = subprocess.run(_cargo(options, "--examples", verb="build"), env=options.environment)
    if examples.returncode != 0:
        part.add("compilation of the examples", FAIL, "cargo build --examples failed, see above")
        return None
    targets = ["--test", options.target] if options.target else ["--all-targets"]
    command = _cargo(options, "--no-run", *targets, "--message-format", "json-render-diagnostics")
    built = subprocess.run(command, env=options.environment, stdout=subprocess.PIPE, text=True)
    if built.returncode != 0:
        part.add("compilation of the tests", FAIL, "cargo test --no-run failed, see above")
        return None
    return sorted(parse_artifacts(built.stdout), key=lambda program: program.name)


def parse_artifacts(text: str) -> list[Program]:
    """The test programs in cargo's messages."""
    programs = []
    for line in text.splitlines():
        if not line.startswith("{"):
            continue
        message = json.loads(line)
        if message.get("reason") != "compiler-artifact" or not message.get("executable"):
            continue
        target = message["target"]
        # Benchmarks and examples are built, so that they go on compiling; they are not tests.
        if not message["profile"]["test"] or set(target["kind"]) & {"bench", "example"}:
            continue
        directory = os.path.dirname(message["manifest_path"])
        package = _package_name(message["package_id"])
        kind = "unit" if target["kind"][0] != "test" else target["name"]
        if target["kind"] == ["bin"]:
            kind = f"bin {target['name']}"
        programs.append(Program(f"{package}: {kind}", package, message["executable"], directory))
    return programs


def _package_name(package_id: str) -> str:
    # `path+file:///dir#name@version`, or `...dir/name#version` where the directory has the package's name.
    location, _, fragment = package_id.partition("#")
    return fragment.split("@")[0] if "@" in fragment else location.rsplit("/", 1)[-1]


def _run_program(program: Program, options: Options, part: Part) -> None:
    command = [program.executable]
    if options.pattern:
        command.append(options.pattern)
    if options.include_ignored:
        command.append("--include-ignored")
    environment = {
        **options.environment,
        "CARGO_MANIFEST_DIR": program.directory,
        "CARGO_PKG_NAME": program.package,
    }
    print(f"running {program.name}", file=sys.stderr, flush=True)
    before = len(part.results)
    with tempfile.TemporaryDirectory() as directory:
        skipped = Path(directory, "skipped")
        environment[SKIPPED_VARIABLE] = str(skipped)
        output, status, timed_out = run_bounded(command, program.directory, environment, options.limit)
        read_output(output, program.name, part)
        _mark_skipped(program, skipped, part)
    if status == 0 and len(part.results) == before and not _TOTALS.search(output):
        # A program with a harness of its own, which says nothing that can be read.
        part.add(f"{program.name}: whole program", PASS)
    if timed_out:
        part.add(f"{program.name}: whole program", FAIL, f"did not end within {options.limit:.0f} s")
    elif status != 0 and not any(result.name.startswith(f"{program.name}:") for result in part.failures()):
        part.add(f"{program.name}: whole program", FAIL, describe_status(status))
    _run_failures_again(program, options, environment, part)


def _mark_skipped(program: Program, skipped: Path, part: Part) -> None:
    """A test that finds out while it runs that it cannot, passes for libtest, and says why in this file."""
    if not skipped.exists():
        return
    for line in skipped.read_text(encoding="utf-8").splitlines():
        name, _, reason = line.partition("\t")
        for result in part.results:
            if result.name == f"{program.name}: {name}" and result.status == PASS:
                result.status = SKIP
                result.detail = reason


def _run_failures_again(program: Program, options: Options, environment: dict[str, str], part: Part) -> None:
    """Runs each test that failed once more, by itself. One that passes then is flaky: it counts, and is named."""
    prefix = f"{program.name}: "
    for result in part.failures():
        if not result.name.startswith(prefix) or result.name.endswith((": whole program", ": totals")):
            continue
        name = result.name.removeprefix(prefix)
        print(f"running {name} again", file=sys.stderr, flush=True)
        command = [program.executable, "--exact", name, *(["--include-ignored"] if options.include_ignored else [])]
        output, status, timed_out = run_bounded(command, program.directory, environment, options.limit)
        again = Part(part.name, part.rerun)
        read_output(output, program.name, again)
        if status == 0 and not timed_out and [one.status for one in again.results] == [PASS]:
            result.status = PASS
            result.detail = FLAKY


def has_library(metadata: str, package: str | None) -> bool:
    """Whether one of the crates in the output of `cargo metadata`, or the one that is named, is a library."""
    packages = [found for found in json.loads(metadata)["packages"] if package in (None, found["name"])]
    return any("lib" in target["kind"] for found in packages for target in found["targets"])


def _run_doc_tests(options: Options, part: Part) -> None:
    # Cargo refuses --doc where no crate has a library to test; programs are no part of it.
    metadata = ["cargo", "metadata", "--no-deps", "--format-version", "1", "--manifest-path", str(options.manifest)]
    told = subprocess.run(metadata, env=options.environment, stdout=subprocess.PIPE, text=True)
    if told.returncode == 0 and not has_library(told.stdout, options.package):
        return
    command = _cargo(options, "--doc", "--no-fail-fast")
    if options.pattern:
        command += ["--", options.pattern]
    print("running the examples in the documentation", file=sys.stderr, flush=True)
    output, status, timed_out = run_bounded(command, str(options.manifest.parent), options.environment, options.limit)
    before = len(part.failures())
    read_output(output, "documentation", part)
    if timed_out:
        part.add("documentation: whole program", FAIL, f"did not end within {options.limit:.0f} s")
    elif status != 0 and len(part.failures()) == before:
        part.add("documentation: whole program", FAIL, describe_status(status))


def describe_status(status: int) -> str:
    """How a program ended, in words."""
    if status < 0:
        try:
            return f"was ended by {signal.Signals(-status).name}"
        except ValueError:
            return f"was ended by signal {-status}"
    return f"ended with status {status}"


def run_bounded(command: list[str], directory: str, environment: dict[str, str], limit: float) -> tuple[str, int, bool]:
    """Runs a program, shows its stdout on stderr as it comes, and kills it after `limit` seconds.

    Returns what it wrote to stdout, its status, and whether it was killed. It gets a process group of its own,
    so that what it started ends with it.
    """
    process = subprocess.Popen(
        command,
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    timed_out = threading.Event()

    def end() -> None:
        timed_out.set()
        _kill_group(process)

    timer = threading.Timer(limit, end)
    timer.start()
    lines = []
    try:
        for line in process.stdout:
            lines.append(line)
            sys.stderr.write(line)
            if _TOTALS.match(line):
                # A process that the tests left behind may keep the pipe open for ever.
                break
        rest = _drain(process)
        lines.append(rest)
        status = process.wait()
    finally:
        timer.cancel()
        _kill_group(process)
    return "".join(lines), status, timed_out.is_set()


def _drain(process: subprocess.Popen) -> str:
    """What comes after the totals: read only when the program ends soon, by a thread that may be left behind."""
    parts: list[str] = []

    def read() -> None:
        for line in process.stdout:
            parts.append(line)
            sys.stderr.write(line)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    process.wait()
    reader.join(timeout=2)
    return "".join(list(parts))


def _kill_group(process: subprocess.Popen) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def read_output(output: str, name: str, part: Part) -> None:
    """Reads libtest's lines. Totals that say otherwise than the lines are a failure."""
    seen = {PASS: 0, FAIL: 0, SKIP: 0}
    told = {PASS: 0, FAIL: 0, SKIP: 0}
    for line in output.splitlines():
        if match := _TEST.match(line):
            status = _STATUS[match[2]]
            part.add(f"{name}: {match[1].rstrip()}", status)
            seen[status] += 1
        elif match := _TOTALS.match(line):
            for status, number in zip((PASS, FAIL, SKIP), match.groups()):
                told[status] += int(number)
    if seen != told:
        part.add(
            f"{name}: totals",
            FAIL,
            f"read {seen[PASS]} passed, {seen[FAIL]} failed, {seen[SKIP]} ignored; "
            f"the program counts {told[PASS]}, {told[FAIL]}, {told[SKIP]}",
        )
