# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""`./mach test-unit`"""

import argparse

SUMMARY = "run the Rust tests of the crates that need no engine, or of the others"
NEEDS_VENV = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-p", "--package", help="only this package, of either workspace")
    parser.add_argument("--engine", action="store_true", help="the embedding and command line tests instead")
    parser.add_argument(
        "--model", action="store_true", help="the rings of the data plane in all interleavings instead, by loom"
    )
    parser.add_argument("--full", action="store_true", help="the long tests as well")
    parser.add_argument("-r", "--release", action="store_true", help="test the optimised profile")
    parser.add_argument("pattern", nargs="?", help="only tests whose name contains this")


def run(arguments: argparse.Namespace) -> int:
    from testing import suite

    if arguments.model:
        return suite.finish([suite.run_part(lambda: suite.test_model(arguments.pattern))])
    engine = arguments.engine or suite.engine_package(arguments.package)
    test = suite.test_engine if engine else suite.test_unit
    choice = (arguments.package, arguments.pattern, arguments.full, arguments.release)
    return suite.finish([suite.run_part(lambda: test(*choice))])
