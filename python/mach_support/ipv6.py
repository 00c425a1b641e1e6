# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Whether tests can speak IPv6 on loopback. Those that need it are skipped where it is off."""

import socket

# The reason that tests give, in Rust and in pages as well.
REASON = "IPv6 is off on this machine"


def is_off() -> bool:
    """Whether nothing can be bound to `::1`."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return True
    return False
