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
  await first;
  const lines = await traced(["trace=recvfrom,recvmsg,read,recv"], async () => {
    await peer.send("Z".repeat(1000));
    assert_equals((await second).value.length, 10);
  });
  const calls = lines.filter(line => line.includes("\"ZZZZ"));
  assert_greater_than(calls.length, 0, lines.join("\n"));
  assert_regexp_match(calls[0], /= 10$/, "the OS is asked for no more than the view holds");
  reader.releaseLock();
  await socket.close();
}, "TCP-R-04: with a BYOB request outstanding the OS is asked for the length of the view");
