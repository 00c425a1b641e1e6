// META: title=TCPSocket: close()
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  const peer = await makePeer(t, "hold", { receiveBuffer: 4096 });
  const { socket, info, writable } = await connect(t, peer);
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  const writes = [writer.write(new Uint8Array(64 * MIB)), writer.write(bytes(1))].map(held);
  await os.waitForSocket(info, { minSendQueue: 1 });
  writer.releaseLock();
  const closing = callClose(socket);
  assert_equals(await within(t, closing, 5000, "close()"), undefined);
  for (const write of writes) {
    await rejectsWith(write, "AbortError", "a write that was dropped");
  }
  await peer.read();
  const log = await peer.wait("end");
  assert_less_than(log.received, 64 * MIB, "not all bytes");
}, "TCP-CLOSE-11: pending chunks are dropped and the peer sees the end of the connection");

promise_test(async t => {
  const peer = await makePeer(t, "hold", { greeting: "unread" });
  const { socket, info, readable } = await connect(t, peer);
  await os.waitForSocket(info, { receiveQueue: 0 });
  assert_equals(await callClose(socket), undefined, "with bytes nobody has read");
  await peer.wait("end");
  assert_true((await readable.getReader().read()).done, "they are gone");
}, "TCP-CLOSE-08: close() with unread bytes drops them and fulfils");
