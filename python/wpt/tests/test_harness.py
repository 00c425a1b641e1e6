# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of how testharness.js gets here."""

import tempfile
import unittest
from pathlib import Path

from wpt import harness


class Harness(unittest.TestCase):
    """The package with testharness.js."""

    def test_wrong_digest_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "x.tgz"
            archive.write_bytes(b"something else")
            with self.assertRaisesRegex(harness.HarnessError, "SHA-512"):
                harness.unpack(archive, Path(folder) / "out")
