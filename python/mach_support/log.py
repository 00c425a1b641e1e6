# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Messages of `mach` itself. They go to stderr: stdout belongs to the page and to test results."""

import sys


class Failure(Exception):
    """Ends `mach` with one message and a status."""

    def __init__(self, message: str, status: int = 1):
        super().__init__(message)
        self.status = status


def say(message: str) -> None:
    """Prints one line about what is going on."""
    print(f"mach: {message}", file=sys.stderr, flush=True)
