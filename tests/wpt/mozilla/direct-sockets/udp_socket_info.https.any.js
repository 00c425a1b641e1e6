// META: title=UDPSocket: open info
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/_mozilla/direct-sockets/resources/udp_os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const { info } = await connectUdp(t, peer);
  assert_array_equals(Object.keys(info), ["localAddress", "localPort", "readable", "remoteAddress", "remotePort",
                                          "writable"]);
  assert_equals(info.remoteAddress, peer.address);
  assert_equals(info.remotePort, peer.port);
  const found = await udp.socket(info);
  assert_equals(found.remoteAddress, info.remoteAddress, "as the OS says");
  assert_equals(found.remotePort, info.remotePort, "as the OS says");
}, "UDP-INFO-02: in connected mode it has all six members, the remote ones numeric");

promise_test(async t => {
  await needIPv6();
  for (const localAddress of ["127.0.0.1", "127.0.0.77", "0.0.0.0", "::", "::1"]) {
    const { socket, info } = await bindUdp(t, { localAddress });
    assert_equals(info.localAddress, localAddress);
    const found = await udp.socket(info);
    assert_true(found.exists, `${localAddress}: the OS knows that address and port`);
    assert_equals(found.localAddress, localAddress, "as the OS says");
    await socket.close();
  }
}, "UDP-INFO-03: in bound mode the local members are what the kernel bound");
