# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Garbage in the memory that the processes of a browser share, as a hostile one of them may write it at any time."""

from __future__ import annotations

import errno
import os
import random
import re
from pathlib import Path

# What the memory is called (components/plane/src/memory.rs).
NAME = "/memfd:direct-sockets"
PAGE = 4096
_MAPPING = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) rw-s \S+ \S+ \d+ +(.*)$")


def shared_memory(pid: int) -> list[tuple[int, int]]:
    """The mappings of a process that it shares with net, or net with others: from where to where."""
    found = []
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        match = _MAPPING.match(line)
        if match and match[3].startswith(NAME):
            found.append((int(match[1], 16), int(match[2], 16)))
    return found


def scribble(pid: int, seed: int, count: int = 200) -> bool:
    """Write over all memory that a process shares: mostly over the pages where positions and messages stand. Whether
    there was any: a process lets go of it when it finds what cannot be.
    """
    chance = random.Random(seed)
    memory = shared_memory(pid)
    descriptor = os.open(f"/proc/{pid}/mem", os.O_RDWR)
    try:
        for start, end in memory:
            for _ in range(count):
                # The headers of the queues, those of the first rings behind the queues, or anything.
                page = chance.choice((0, 0, 129, 129, 130, chance.randrange((end - start) // PAGE)))
                place = start + page % ((end - start) // PAGE) * PAGE + 8 * chance.randrange(PAGE // 8)
                word = chance.choice((0, 1, 2**64 - 1, chance.getrandbits(64), chance.randrange(2**20)))
                os.pwrite(descriptor, word.to_bytes(8, "little"), place)
    except OSError as error:
        # It has been let go of in between.
        if error.errno != errno.EIO:
            raise
    finally:
        os.close(descriptor)
    return bool(memory)
