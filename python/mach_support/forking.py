# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Runs the fork builder for the verbs. To be imported inside of the Python environment only."""

from pathlib import Path

from fork import builder, checkout, instructions, out, series
from fork.errors import ForkError
from mach_support import paths
from mach_support.log import Failure, say

_LAYOUT = builder.Layout(paths.ROOT)


def _progress(message: str) -> None:
    say(f"fork: {message}")


def generate() -> None:
    """Brings target/fork up to date."""
    try:
        builder.generate(_LAYOUT, _progress)
    except ForkError as error:
        raise Failure(f"fork: {error}") from error


def generate_elsewhere(directory: Path) -> str:
    """Generates the fork into `directory`; returns the patch lines for a Cargo.toml."""
    try:
        return out.generate(_LAYOUT, directory, _progress)
    except ForkError as error:
        raise Failure(f"fork: {error}") from error


def edit(directory: Path) -> None:
    """Makes a git repository of the patch series."""
    try:
        series.export(_LAYOUT, directory, _progress)
    except ForkError as error:
        raise Failure(f"fork: {error}") from error


def save(directory: Path) -> None:
    """Writes the commits of such a repository back as patches."""
    try:
        series.save(_LAYOUT, directory, _progress)
    except ForkError as error:
        raise Failure(f"fork: {error}") from error


def apply_to_checkout(directory: Path, only_check: bool) -> str:
    """Applies the fork to a checkout of Servo, or says whether that could be done; returns what to tell."""
    try:
        plan = checkout.make_plan(_LAYOUT, directory, _progress)
        state = checkout.judge(plan, directory)
        if only_check or state is checkout.State.APPLIED:
            return instructions.verdict(plan, state)
        checkout.carry_out(plan, directory)
        return instructions.after_applying(plan, directory)
    except ForkError as error:
        raise Failure(f"fork: {error}") from error
