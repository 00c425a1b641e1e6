# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Compares our Servo with the one that is published, by real web-platform tests: whatever our hooks are not for has to
behave as before. `run.py` is the entry; see its --help."""
