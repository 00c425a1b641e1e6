# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Finds the verb, parses its arguments and runs it."""

import argparse
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from mach_support import paths
from mach_support.log import Failure


def verbs() -> dict[str, Path]:
    """The verbs that exist, with their files."""
    return {path.stem: path for path in sorted(paths.VERBS.glob("*.py")) if not path.stem.startswith("_")}


def load(name: str) -> ModuleType:
    """The module of a verb. It has `SUMMARY`, `add_arguments(parser)` and `run(arguments) -> status`.

    A verb with `PASS_THROUGH = True` gets the list of its arguments instead, unparsed, and prints its own help.
    One with `NEEDS_VENV = True` runs in the environment of python/requirements.txt.
    """
    spec = importlib.util.spec_from_file_location("verb_" + name.replace("-", "_"), verbs()[name])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(arguments: list[str]) -> int:
    """Runs one verb; returns the status of the process."""
    if not arguments or arguments[0] in ("-h", "--help"):
        arguments = ["help", *arguments[1:]]
    name, rest = arguments[0], arguments[1:]
    if name not in verbs():
        print(f"mach: unknown verb {name!r}; `./mach help` lists the verbs", file=sys.stderr)
        return 2
    try:
        return _run(name, rest)
    except Failure as failure:
        print(f"mach: {failure}", file=sys.stderr)
        return failure.status
    except KeyboardInterrupt:
        return 130


def _run(name: str, rest: list[str]) -> int:
    module = load(name)
    if getattr(module, "PASS_THROUGH", False):
        _enter_venv(module, name, rest)
        return module.run(rest)
    parser = argparse.ArgumentParser(
        prog=f"./mach {name}",
        description=module.SUMMARY,
        epilog=getattr(module, "DETAILS", None),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    parsed = parser.parse_args(rest)
    _enter_venv(module, name, rest)
    return module.run(parsed)


def _enter_venv(module: ModuleType, name: str, rest: list[str]) -> None:
    """Starts again in the environment, for a verb that needs it."""
    if getattr(module, "NEEDS_VENV", False):
        from mach_support import venv

        venv.enter([name, *rest])
