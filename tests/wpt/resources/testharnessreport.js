/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// Tells the runner what happened: one line a subtest as it ends, one line with everything at the end.
// The last one is what wptrunner's product "servo_legacy" reads.

"use strict";

setup({
  output: false,
  // Filled in by the server, as in web-platform-tests.
  timeout_multiplier: %(timeout_multiplier)s,
});

add_result_callback(test => {
  console.log(`ALERT: SUBTEST: ${JSON.stringify([test.name, test.status])}`);
});

add_completion_callback((tests, status) => {
  const id = location.pathname + location.search;
  const results = tests.map(test => [test.name, test.status, test.message, test.stack]);
  console.log(`ALERT: RESULT: ${JSON.stringify([id, status.status, status.message, status.stack, results])}`);
  window.close();
});

// What /common/gc.js looks for.
if (navigator.servo) {
  self.gc = () => navigator.servo.garbageCollectAllContexts();
}
