# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""`./mach run`"""

import os
import subprocess
import sys

SUMMARY = "build what is needed and run the shell (without arguments: the demo)"
PASS_THROUGH = True

USAGE = """\
usage: ./mach run [--release] [OPTIONS] [TARGET] [ARG...]

Builds what is needed (progress on stderr) and runs direct-sockets-shell with everything after
`--release`. Without TARGET it runs the demo. TARGET is a script (FILE.js, FILE.mjs), a page
(FILE.html) or a URL. The status is the shell's; 2 means wrong usage.
"""


def run(arguments: list[str]) -> int:
    from mach_support import cargo, paths

    release = arguments[:1] in (["--release"], ["-r"])
    if release:
        arguments = arguments[1:]
    binary = paths.shell_binary(release)
    if arguments[:1] in (["--help"], ["-h"]):
        print(USAGE, flush=True)
        if not binary.exists():
            print("The options of the shell are shown here once it is built: ./mach build")
            return 0
        return subprocess.run([str(binary), "--help"]).returncode
    cargo.build_engine(release)
    command = [str(binary), *arguments]
    if os.name == "nt":
        return subprocess.run(command).returncode
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(command[0], command)
