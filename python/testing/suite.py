# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The parts of the test suite, and the run of all of them."""

import argparse
import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable

from mach_support import bootstrap, cargo, paths
from mach_support.log import Failure, say
from testing import cargo_tests, coverage, readme, results, scripts, skips
from testing.results import FAIL, PASS, Part

SKIPS = paths.ROOT / "tests/expected-skips.txt"
REQUIREMENTS = paths.ROOT / "tests/requirements.txt"
WPT_RUNNER = paths.ROOT / "python/wpt/run.py"

# How long all web-platform style tests together may take, in seconds.
WPT_LIMIT = 3000.0
WPT_FULL_LIMIT = 4 * 3600.0
# How often --full runs the web-platform tests for every engine.
ROUNDS = 20
# How long an interrupted run of them may take to end, in seconds.
RUNNER_END = 60.0

# Long tests are ignored by cargo unless all of them are asked for.
FULL_VARIABLE = "DIRECT_SOCKETS_FULL_TESTS"

# Which browser the tests of the runner of web-platform style tests drive.
SHELL_VARIABLE = "DIRECT_SOCKETS_SHELL"

# The package whose threads loom takes apart.
MODEL_PACKAGE = "direct-sockets-plane"
MODEL_TEST = "loom"

# Packages of the workspace that contains Servo.
ENGINE_PACKAGES = ("direct-sockets-webview", "direct-sockets-shell")


def test_scripts(pattern: str | None = None) -> Part:
    """The tests of the Python code."""
    part = Part("scripts", "./mach test-scripts")
    scripts.run(paths.ROOT / "python", part, pattern)
    return part


def test_selftest(release: bool, pattern: str | None = None) -> Part:
    """The tests of the Python code that need the browser: what is broken is seen, and all workloads work."""
    part = Part("selftest", _with_flags("./mach test-scripts --with-browser", release, False))
    binary = paths.shell_binary(release)
    if not binary.exists():
        part.add("the runner", FAIL, f"{binary} does not exist")
        return part
    os.environ[SHELL_VARIABLE] = str(binary)
    scripts.run(paths.ROOT / "python", part, pattern, "selftest")
    return part


def test_long_scripts(pattern: str | None = None) -> Part:
    """The tests of the Python code that compile much of Servo: the fork in a checkout, and in an application."""
    part = Part("long", "./mach test-scripts --full" + (f" {pattern}" if pattern else ""))
    cargo.prepare_engine()
    scripts.run(paths.ROOT / "python", part, pattern, "long_tests")
    return part


def test_tidy() -> Part:
    """The checks of the sources themselves."""
    from tidy import checks

    part = Part("tidy", "./mach test-tidy")
    for name, problems in checks.run(paths.ROOT):
        for problem in problems:
            print(f"tidy: {problem}", file=sys.stderr)
        part.add(name, FAIL if problems else PASS, f"{len(problems)} problems" if problems else "")
    return part


def test_unit(
    package: str | None = None, pattern: str | None = None, full: bool = False, release: bool = False
) -> Part:
    """The Rust tests of the engine-free workspace."""
    bootstrap.check_rust()
    part = Part("unit", _with_flags("./mach test-unit", release, full))
    environment = _test_environment(cargo.unit_environment(), full)
    manifest = paths.ROOT / "Cargo.toml"
    cargo_tests.run(
        cargo_tests.Options(manifest, environment, package, pattern, release, include_ignored=full), part
    )
    return part


def test_model(pattern: str | None = None) -> Part:
    """The rings of the data plane in all interleavings that the memory model allows, by loom."""
    bootstrap.check_rust()
    part = Part("model", "./mach test-unit --model")
    environment = cargo.unit_environment()
    # A directory of its own: the flag changes every crate.
    environment["CARGO_TARGET_DIR"] = str(paths.TARGET / "loom")
    environment["RUSTFLAGS"] = f"{environment.get('RUSTFLAGS', '')} --cfg loom".strip()
    manifest = paths.ROOT / "Cargo.toml"
    options = cargo_tests.Options(manifest, environment, MODEL_PACKAGE, pattern, release=True, target=MODEL_TEST)
    cargo_tests.run(options, part)
    return part


def test_engine(
    package: str | None = None, pattern: str | None = None, full: bool = False, release: bool = False
) -> Part:
    """The Rust tests of the workspace that contains Servo: embedding and command line."""
    cargo.prepare_engine()
    part = Part("engine", _with_flags("./mach test-unit --engine", release, full))
    environment = _test_environment(cargo.engine_environment(), full)
    cargo_tests.run(
        cargo_tests.Options(paths.ENGINE_MANIFEST, environment, package, pattern, release, include_ignored=full), part
    )
    binary = paths.shell_binary(release)
    if package is None and pattern is None and binary.exists():
        readme.run(binary, (paths.ROOT / "README.md").read_text(encoding="utf-8"), part)
    return part


def _test_environment(environment: dict[str, str], full: bool) -> dict[str, str]:
    environment = {**environment, "RUST_BACKTRACE": environment.get("RUST_BACKTRACE", "1")}
    return {**environment, FULL_VARIABLE: "1"} if full else environment


def _with_flags(command: str, release: bool, full: bool) -> str:
    return command + (" --release" if release else "") + (" --full" if full else "")


def build_engine(release: bool) -> Part:
    """The build of the shell, as one test."""
    part = Part("build", "./mach build" + (" --release" if release else ""))
    try:
        cargo.build_engine(release)
        part.add("the shell is built", PASS)
    except Failure as failure:
        part.add("the shell is built", FAIL, str(failure))
    return part


def test_wpt(arguments: list[str], release: bool, full: bool = False, name: str = "wpt") -> Part:
    """The web-platform style tests, run by python/wpt/run.py, which writes NAME.jsonl and NAME.html."""
    part = Part(name, " ".join([_with_flags("./mach test-wpt", release, full), *arguments]))
    binary = paths.shell_binary(release)
    if not binary.exists():
        part.add("the runner", FAIL, f"{binary} does not exist")
        return part
    output = paths.RESULTS / f"{name}.jsonl"
    output.unlink(missing_ok=True)
    files = ["--results", str(output), "--html", str(paths.RESULTS / f"{name}.html")]
    limit = WPT_FULL_LIMIT if full else WPT_LIMIT
    # Two at a time, where there are two processors: most of the time is spent waiting.
    processes = ["--processes", str(min(2, os.cpu_count() or 1))]
    status = run_wpt([*files, *processes, *(["--full"] if full else []), *arguments], binary, limit)
    try:
        part.results = results.read(output)
    except (OSError, ValueError, KeyError) as error:
        part.add("the runner", FAIL, f"left no readable results: {error}")
        return part
    if status != 0 and not part.failures():
        part.add("the runner", FAIL, cargo_tests.describe_status(status))
    return part


def test_repeat(release: bool) -> Part:
    """The web-platform tests for every engine again and again: none may fail even once."""
    arguments = ["--repeat", str(ROUNDS), "--no-retry", "tests/wpt/direct-sockets"]
    return test_wpt(arguments, release, full=True, name="repeat-wpt")


def test_streams(release: bool) -> Part:
    """Servo's streams, abort and events with our patches and without them, in both process modes."""
    from comparison import run as comparison

    part = Part("streams", "./mach compare-streams --both-modes" + (" --release" if release else ""))
    parser = argparse.ArgumentParser()
    comparison.add_arguments(parser)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            status = comparison.run(parser.parse_args(["--both-modes", *(["--release"] if release else [])]))
        part.add("nothing is worse than without our patches", FAIL if status else PASS)
    except Failure as failure:
        part.add("nothing is worse than without our patches", FAIL, str(failure))
    return part


def run_wpt(arguments: list[str], binary: Path, limit: float | None) -> int:
    """Starts the runner of the web-platform style tests; its output goes to stderr when there is a limit."""
    command = [sys.executable, str(WPT_RUNNER), "--binary", str(binary), *arguments]
    if limit is None:
        return subprocess.run(command).returncode
    # A group of its own, so that the browsers can be ended with it.
    runner = subprocess.Popen(command, cwd=paths.ROOT, stdout=sys.stderr, start_new_session=True)
    try:
        return runner.wait(limit)
    except BaseException as error:
        _end_runner(runner)
        if not isinstance(error, subprocess.TimeoutExpired):
            raise
        say(f"the web-platform style tests did not end within {limit:.0f} s; rerun with: {shlex.join(command)}")
        return 124


def _end_runner(runner: subprocess.Popen[bytes]) -> None:
    """As Ctrl-C does, so that the runner ends its browsers itself; by force if that takes long."""
    runner.send_signal(signal.SIGINT)
    try:
        runner.wait(RUNNER_END)
    except subprocess.TimeoutExpired:
        os.killpg(runner.pid, signal.SIGKILL)
        runner.wait()


def check_coverage(parts: list[Part]) -> Part:
    """Whether the passed tests of the other parts cover the requirements."""
    part = Part("coverage", "./mach test")
    everything = [result for other in parts for result in other.results]
    requirements = coverage.read(REQUIREMENTS)
    report = coverage.report(requirements, everything)
    paths.RESULTS.mkdir(parents=True, exist_ok=True)
    path = paths.RESULTS / "coverage.txt"
    path.write_text(f"{report.text()}\n\n{coverage.evidence(requirements, everything)}\n", encoding="utf-8")
    print(report.text(), file=sys.stderr)
    print(f"each requirement with its tests: {path}", file=sys.stderr)
    problems = [*report.missing, *report.unknown]
    part.add("each requirement is covered by a passed test", FAIL if problems else PASS, " ".join(problems))
    return part


def run_part(make: Callable[[], Part], name: str | None = None) -> Part:
    """Runs one part, under another name if there is one: measures it, checks its skips and writes its results."""
    started = time.monotonic()
    part = make()
    part.name = name or part.name
    part.seconds = time.monotonic() - started
    skips.enforce(part, skips.read(SKIPS))
    if not part.results:
        part.add("any test at all", FAIL, "no test ran")
    results.write(part, paths.RESULTS)
    return part


def finish(parts: list[Part]) -> int:
    """Prints what failed and how to repeat it, a line a part and the closing line; returns the status."""
    for part in parts:
        for result in part.failures():
            print(f"FAIL {part.name}: {result.name}" + (f": {result.detail}" if result.detail else ""))
        for result in part.results:
            if result.detail.startswith("flaky"):
                print(f"FLAKY {part.name}: {result.name}")
    if len(parts) > 1:
        print(f"{'part':<10} {'passed':>7} {'failed':>7} {'skipped':>8} {'seconds':>8}")
        for part in parts:
            numbers = (part.count(status) for status in (results.PASS, results.FAIL, results.SKIP))
            print("{:<10} {:>7} {:>7} {:>8} {:>8.0f}".format(part.name, *numbers, part.seconds))
    for part in parts:
        if part.failures():
            print(f"rerun {part.name} with: {part.rerun}")
    passed, failed, skipped = (
        sum(part.count(status) for part in parts) for status in (results.PASS, results.FAIL, results.SKIP)
    )
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return 1 if failed else 0


def run_all(full: bool, release: bool) -> int:
    """Everything, from set-up on."""
    bootstrap.for_building()
    bootstrap.for_testing()
    for stale in paths.RESULTS.glob("*.jsonl") if paths.RESULTS.is_dir() else []:
        stale.unlink()
    parts = []

    def part(name: str, make: Callable[[], Part]) -> Part:
        say(f"test part: {name}")
        parts.append(run_part(make, name))
        return parts[-1]

    part("scripts", test_scripts)
    part("tidy", test_tidy)
    part("unit", lambda: test_unit(full=full, release=release))
    part("model", test_model)
    if not part("build", lambda: build_engine(release)).failures():
        part("engine", lambda: test_engine(full=full, release=release))
        part("wpt", lambda: test_wpt([], release, full))
        part("selftest", lambda: test_selftest(release))
        if full:
            part("repeat-wpt", lambda: test_repeat(release))
            part("streams", lambda: test_streams(release))
            part("long", test_long_scripts)
    if full and not release and not part("release-build", lambda: build_engine(True)).failures():
        part("release-unit", lambda: test_unit(full=True, release=True))
        part("release-engine", lambda: test_engine(full=True, release=True))
        part("release-wpt", lambda: test_wpt([], True, True, "release-wpt"))
    part("coverage", lambda: check_coverage(parts))
    return finish(parts)


def engine_package(package: str | None) -> bool:
    """Whether a package belongs to the workspace that contains Servo."""
    return package in ENGINE_PACKAGES
