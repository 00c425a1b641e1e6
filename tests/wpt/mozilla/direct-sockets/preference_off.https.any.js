// META: title=Nothing is there where the preference is off
// META: global=window,dedicatedworker

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

// The preference is off by this test's metadata.

test(() => {
  assert_true(self.isSecureContext, "a secure context");
  for (const name of ["TCPSocket", "UDPSocket", "TCPServerSocket"]) {
    assert_false(name in self, name);
  }
}, "with the preference off there is none of the interfaces");

if (self.HTMLIFrameElement) {
  test(() => {
    assert_false("allow" in HTMLIFrameElement.prototype);
  }, "with the preference off frames have no allow attribute of their own, as in Servo without the fork");
}
