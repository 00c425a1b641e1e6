/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// What the messages of this engine's errors say. No specification does, so no test for every engine looks at them.
// Needs helpers.js.

"use strict";

// Whether a member is what a message of an error is about: it comes before the others.
function assert_names(error, member, others = []) {
  assert_true(error instanceof TypeError, `a TypeError: ${String(error)}`);
  const at = error.message.indexOf(member);
  assert_greater_than_equal(at, 0, `the message names ${member}: ${error.message}`);
  for (const other of others) {
    const later = error.message.indexOf(other);
    assert_true(later < 0 || later > at, `the message is about ${member}, not ${other}: ${error.message}`);
  }
}

// Whether a promise rejects with a NetworkError whose message says why.
async function failsSaying(promise, message, what) {
  const error = await rejectsWith(promise, "NetworkError", what);
  assert_regexp_match(error.message, message, "the message says why");
}
