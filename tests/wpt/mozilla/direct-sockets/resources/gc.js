/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// Garbage collection in this engine, which closes an unreachable idle socket when it is collected. Needs helpers.js.

"use strict";

// Collect everything that was unreachable at the time of the call.
async function collectGarbageForSure() {
  assert_true(await collectGarbage(200), "garbage is collected");
}
