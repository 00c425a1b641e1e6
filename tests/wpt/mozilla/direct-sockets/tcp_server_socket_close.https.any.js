// META: title=TCPServerSocket: close()
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  const unhandled = await unhandledRejections(async () => {
    const { server, readable } = await listen(t);
    // Both branches cancelled, the stream is.
    const [one, other] = readable.tee();
    one.cancel();
    other.cancel();
    await server.closed;
    const plain = await listen(t);
    callClose(plain.server);
    await plain.server.closed;
    const failed = await listen(t);
    t.add_cleanup(() => os.limitDescriptors(-1));
    await os.limitDescriptors(0);
    await makeDoomedClient(t, failed.port);
    await failed.server.closed;
    await os.limitDescriptors(-1);
    callClose(failed.server);
  });
  assert_equals(unhandled.length, 0);
}, "SRV-CLOSE-04: close() causes no unhandled rejection");
