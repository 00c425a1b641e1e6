/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// Tells the runner that a crash test is over: it is loaded, and does not ask to be waited for any more.

"use strict";

addEventListener("load", () => {
  const look = () => {
    if (document.documentElement.classList.contains("test-wait")) {
      setTimeout(look, 50);
      return;
    }
    // What the page has begun may go wrong a little later.
    setTimeout(() => {
      console.log(`ALERT: RESULT: ${JSON.stringify([location.pathname, 0, null, null, []])}`);
      window.close();
    }, 500);
  };
  look();
});
