# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""`./mach fork`"""

import argparse
from pathlib import Path

from mach_support.log import Failure

SUMMARY = "generate Servo's changed crates under target/fork"
NEEDS_VENV = True
DETAILS = """\
Reads components/servo/fork.toml: fetches the published sources (through cargo, checked against
their checksums), copies our files in, applies components/servo/patches/*.patch and edits the
manifests. Files whose content stays the same are left alone. `build`, `run` and `test` do this
by themselves."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    way = parser.add_mutually_exclusive_group()
    way.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="generate the same into DIR, with copies of the crates of this repository that it needs, "
        "and print the [patch.crates-io] lines for an application's Cargo.toml",
    )
    way.add_argument(
        "--checkout",
        type=Path,
        metavar="DIR",
        help="apply the fork to a checkout of Servo 0.7.0 in DIR: all of it, or nothing if a file to be touched is not "
        "as in Servo; see components/servo/PORTING.md",
    )
    way.add_argument(
        "--edit",
        type=Path,
        metavar="DIR",
        help="make a git repository in DIR with one commit for each patch, to edit the series in",
    )
    way.add_argument(
        "--save",
        type=Path,
        metavar="DIR",
        help="write the commits of such a repository back as components/servo/patches/*.patch",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="with --checkout: write nothing; status 0 if the fork would apply or has been applied already, 1 if not",
    )


def run(arguments: argparse.Namespace) -> int:
    from mach_support import forking

    if arguments.check and arguments.checkout is None:
        raise Failure("--check needs --checkout DIR", 2)
    if arguments.out is not None:
        print(forking.generate_elsewhere(arguments.out.absolute()), end="")
    elif arguments.checkout is not None:
        print(forking.apply_to_checkout(arguments.checkout.absolute(), arguments.check), end="")
    elif arguments.edit is not None:
        forking.edit(arguments.edit.absolute())
    elif arguments.save is not None:
        forking.save(arguments.save.absolute())
    else:
        forking.generate()
    return 0
