# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of writing into the memory of another process."""

import subprocess
import sys
import unittest

from wpt import hostile

# A process that shares memory as net does, and tells what has become of it when asked.
SHARING = """
import hashlib, mmap, os, sys
memory = os.memfd_create("direct-sockets")
os.ftruncate(memory, 4096 * 300)
mapping = mmap.mmap(memory, 4096 * 300)
for _ in sys.stdin:
    print(sum(byte != 0 for byte in mapping[:]), hashlib.sha256(mapping).hexdigest(), flush=True)
"""


class Scribbling(unittest.TestCase):
    """This process is hostile to its children."""

    def start(self):
        """A child, and a function that asks it."""
        child = subprocess.Popen(
            [sys.executable, "-c", SHARING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

        def end():
            child.kill()
            child.wait()
            child.stdin.close()
            child.stdout.close()

        self.addCleanup(end)

        def ask():
            child.stdin.write("\n")
            child.stdin.flush()
            count, digest = child.stdout.readline().split()
            return int(count), digest

        self.assertEqual(ask()[0], 0, "it is new")
        return child.pid, ask

    def test_the_same_seed_writes_the_same(self):
        digests = []
        for seed in (1, 1, 2):
            pid, ask = self.start()
            self.assertEqual(len(hostile.shared_memory(pid)), 1)
            hostile.scribble(pid, seed)
            count, digest = ask()
            self.assertGreater(count, 100)
            digests.append(digest)
        self.assertEqual(digests[0], digests[1])
        self.assertNotEqual(digests[0], digests[2])

    def test_who_shares_nothing_is_left_alone(self):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        try:
            self.assertFalse(hostile.scribble(child.pid, 1))
        finally:
            child.stdin.close()
            child.wait()


if __name__ == "__main__":
    unittest.main()
