# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Expectations of web-platform tests in wptrunner's metadata format, read and updated.

Beside a test file `folder/x.any.js` stands `folder/x.any.js.ini` in the folder of metadata, with a section for each
test that the file gives and in it one for each subtest, and only for what is not PASS:

    [x.any.worker.html]
      expected: TIMEOUT
      disabled:
        if not multiprocess: it needs a content process of its own
      [the name of a subtest]
        expected: [PASS, FAIL]  # usually PASS, but known to be flaky

`__dir__.ini` speaks of all tests in its directory and below: `prefs:`, `tags:`, `disabled:` and `expected:`. The
nearest counts; preferences and tags add up, unless a list has `@Reset`.
"""

from wpt.metadata.conditions import RunInfo
from wpt.metadata.expectations import Expectations, Metadata, run_info
from wpt.metadata.scanner import MetadataError
from wpt.metadata.update import Observation, update

__all__ = ["Expectations", "Metadata", "MetadataError", "Observation", "RunInfo", "run_info", "update"]
