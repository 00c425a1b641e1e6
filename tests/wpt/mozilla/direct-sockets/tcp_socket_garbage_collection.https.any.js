// META: title=TCPSocket: garbage collection
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/common/gc.js
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  const count = 200;
  const peer = await makePeer(t, "hold");
  await detached(async () => {
    for (let i = 0; i < count; i++) {
      const socket = new TCPSocket(peer.address, peer.port);
      await socket.opened;
    }
  });
  await peer.waitForCount(count);
  const gone = await collectGarbageUntil(async () => (await os.countSockets(peer.port)).net === 0);
  assert_true(gone, `left in net: ${(await os.countSockets(peer.port)).net}`);
  await peer.waitForCount(count, "ended");
}, "LIFE-07: unreachable idle sockets are closed after collection");

promise_test(async t => {
  const count = 50;
  const peer = await makePeer(t, "hold", { greeting: "unread" });
  await detached(async () => {
    for (let i = 0; i < count; i++) {
      const { readable, writable } = await new TCPSocket(peer.address, peer.port).opened;
      const writer = writable.getWriter();
      await writer.write(encode("used"));
      const reader = readable.getReader();
      await reader.read();
    }
  });
  const gone = await collectGarbageUntil(async () => (await os.countSockets(peer.port)).net === 0);
  assert_true(gone, `left in net: ${(await os.countSockets(peer.port)).net}`);
}, "LIFE-07: sockets that were used and are idle again are closed after collection, locked streams or not");

promise_test(async () => {
  for (let i = 0; i < 3; i++) {
    assert_true(await collectGarbage(), "the canary was seen");
  }
}, "LIFE-07: the rounds that tests for every engine make are enough for a collection in this one");
