// META: title=TCPSocket: BYOB readers
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  await startNet(t);
  const peer = await makePeer(t, "hold");
  const { socket, readable } = await connect(t, peer);
  const reader = readable.getReader({ mode: "byob" });
  const first = reader.read(new Uint8Array(10));
  const second = reader.read(new Uint8Array(10));
  await peer.send("0123456789");
  assert_equals((await first).value.length, 10);
  const lines = await traced(["trace=recvfrom,recvmsg,read,readv"], async () => {
    await peer.send("Z".repeat(1000));
    assert_equals((await second).value.length, 10);
    for (let i = 0; i < 99; i++) {
      assert_equals((await reader.read(new Uint8Array(10))).value.length, 10, `read ${i}`);
    }
  });
  const calls = lines.filter(line => line.includes("\"ZZZZ"));
  assert_equals(calls.length, 1, `the OS is asked once, and what no view asked for yet waits:\n${lines.join("\n")}`);
  reader.releaseLock();
  await socket.close();
}, "TCP-R-04: a read takes what its view holds, and what is left costs no other read of the OS socket");
