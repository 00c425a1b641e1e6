// META: title=TCPSocket: what opened resolves with
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  await needIPv6();
  for (const address of ["127.0.0.1", "::1"]) {
    const peer = await makePeer(t, "hold", { address });
    const { socket, info } = await connect(t, peer);
    const log = await peer.wait("accepted");
    assert_equals(info.localAddress, log.remoteAddress, "what accept() gave the peer");
    assert_equals(info.localPort, log.remotePort);
    const line = await os.ss(info);
    assert_true(line.includes(`:${info.localPort}`) && line.includes(info.localAddress), line);
    await socket.close();
  }
}, "TCP-INFO-05: localAddress and localPort are what the kernel bound");
