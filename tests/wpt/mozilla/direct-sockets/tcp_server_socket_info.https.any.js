// META: title=TCPServerSocket: what opened resolves with
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

for (const [address, text] of [["127.0.0.1"], ["127.0.0.2"], ["0.0.0.0"], ["::1"], ["::"], ["0:0:0:0:0:0:0:1", "::1"],
                               ["::ffff:127.0.0.1"]]) {
  promise_test(async t => {
    await needIPv6(address);
    const { info, port } = await listen(t, {}, address);
    assert_equals(info.localAddress, text ?? address);
    const found = await listening.find(port);
    assert_equals(found.address, text ?? address, "as ss shows it");
    assert_equals(found.port, info.localPort);
  }, `SRV-INFO-01: localAddress and localPort are what the kernel bound for ${address}`);
}
