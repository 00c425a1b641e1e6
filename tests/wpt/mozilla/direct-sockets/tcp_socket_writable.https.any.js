// META: title=TCPSocket: the writable stream
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  const peer = await makePeer(t, "hold", { receiveBuffer: 4096 });
  const { socket, info, writable } = await connect(t, peer, { sendBufferSize: 65536 });
  const writer = writable.getWriter();
  const chunk = new Uint8Array(64 * MIB).fill(7);
  await startNet(t);
  const before = await os.memory();
  const write = writer.write(chunk);
  const { ok } = await os.waitForSocket(info, { minSendQueue: 16384 });
  assert_true(ok, "the send queue of the kernel is full");
  await quiet(1000);
  assert_equals(await state(write), "pending", "while the peer does not read");
  const after = await os.memory();
  assert_less_than(after.net - before.net, 16 * MIB, "net holds a window, not the chunk");
  await peer.read();
  await write;
  const log = await peer.received(chunk.length, { timeout: 60 });
  assert_equals(log.received, chunk.length);
  writer.releaseLock();
  await socket.close();
}, "TCP-W-08: while the peer does not read the write stays pending and memory stays bounded");
