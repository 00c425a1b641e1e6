# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""`./mach bootstrap`"""

import argparse

SUMMARY = "check for and install what the machine needs"
DETAILS = """\
Checks Rust, the C toolchain, libraries, fonts and the tools of the tests, makes the Python
environment in target/venv and decides where SpiderMonkey comes from. On Debian and Ubuntu it installs
what is missing, as root or with a sudo that asks nothing; elsewhere it names it. `build`, `run` and
`test` do this by themselves."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    del parser


def run(arguments: argparse.Namespace) -> int:
    from mach_support import bootstrap, spidermonkey, venv
    from mach_support.log import say

    del arguments
    bootstrap.for_building()
    bootstrap.for_testing()
    venv.ensure()
    spidermonkey.environment()
    say("everything is there; next: ./mach run")
    return 0
