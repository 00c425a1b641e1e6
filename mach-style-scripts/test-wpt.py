# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""`./mach test-wpt`"""

import subprocess
import sys

SUMMARY = "run the web-platform style tests"
PASS_THROUGH = True
NEEDS_VENV = True

USAGE = """\
usage: ./mach test-wpt [--release] [ARGUMENTS...]

Builds what is needed and runs tests/wpt/direct-sockets. The arguments after `--release` are those of
python/wpt/run.py:
"""


def run(arguments: list[str]) -> int:
    from mach_support import bootstrap, cargo, paths
    from mach_support.log import Failure
    from testing import suite
    from wpt import options

    release = arguments[:1] in (["--release"], ["-r"])
    if release:
        arguments = arguments[1:]
    if "--help" in arguments or "-h" in arguments:
        print(USAGE, flush=True)
        return subprocess.run([sys.executable, str(suite.WPT_RUNNER), "--help"]).returncode
    # Before minutes of building, whether the runner will take them.
    parsed = options.parser().parse_intermixed_args(arguments)
    if problem := options.problem(parsed):
        raise Failure(problem, 2)
    # What only looks at the tests needs no engine.
    if not parsed.list and not parsed.coverage:
        bootstrap.for_testing()
        cargo.build_engine(release)
    return suite.run_wpt(arguments, paths.shell_binary(release), None)
