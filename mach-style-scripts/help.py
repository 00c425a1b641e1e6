# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""`./mach help`"""

import argparse

from mach_support import launcher

SUMMARY = "list the verbs, or show the help of one"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("verb", nargs="?", help="the verb to explain")


def run(arguments: argparse.Namespace) -> int:
    if arguments.verb:
        return launcher.main([arguments.verb, "--help"])
    print("usage: ./mach VERB [ARGUMENTS...]\n\nverbs:")
    for name in launcher.verbs():
        print(f"  {name:<13} {launcher.load(name).SUMMARY}")
    print("\n`./mach VERB --help` explains one. Start with `./mach run` (the demo) or `./mach test`.")
    return 0
