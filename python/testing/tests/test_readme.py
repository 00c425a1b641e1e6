# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The check of README.md's example, with a stand-in for the shell."""

import os
import tempfile
import unittest
from pathlib import Path

from testing import readme
from testing.results import FAIL, PASS, Part

README = """
```js
the script
```
```sh
$ ./mach run hello.js 127.0.0.1 7777
connected to 127.0.0.1:7777
received: Hi
```
"""

# Does what the example is to do, in the shell's own language: connects, sends, ends, reads.
STAND_IN = """#!/usr/bin/env python3
import socket, sys
host, port = sys.argv[-2:]
assert open(sys.argv[-3]).read() == "the script\\n"
with socket.create_connection((host, int(port))) as connection:
    connection.sendall(b"Hi")
    connection.shutdown(socket.SHUT_WR)
    print(f"connected to {host}:{port}")
    print("received:", connection.makefile("rb").read().decode()%s)
"""


@unittest.skipIf(os.name == "nt", "the stand-in is a script")
class ReadmeTest(unittest.TestCase):
    def outcome(self, code: str, text: str = README) -> Part:
        part = Part("engine", "")
        with tempfile.TemporaryDirectory() as directory:
            binary = Path(directory) / "shell"
            binary.write_text(code)
            binary.chmod(0o755)
            readme.run(binary, text, part)
        return part

    def test_an_example_that_does_what_the_document_says_passes_in_every_mode(self):
        part = self.outcome(STAND_IN % "")
        self.assertEqual([result.status for result in part.results], [PASS] * 4, part.results)

    def test_other_output_is_a_failure(self):
        self.assertIn("printed", self.outcome(STAND_IN % ".upper()").failures()[0].detail)

    def test_a_status_is_a_failure(self):
        self.assertIn("status 3", self.outcome("#!/bin/sh\nexit 3\n").failures()[0].detail)

    def test_a_document_without_an_example_is_a_failure(self):
        self.assertEqual(self.outcome("", "no example").results[0].status, FAIL)

    def test_the_real_document_has_an_example(self):
        text = (Path(__file__).resolve().parents[3] / "README.md").read_text()
        self.assertIn("new TCPSocket(", readme.example(text))
        self.assertIn("connected to 127.0.0.1:99\n", readme.expected(text, 99))
