// META: title=TCPSocket: backpressure
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/common/gc.js
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/_mozilla/direct-sockets/resources/gc.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

// What a socket may hold on the way (components/shared/src/limits.rs), far below what these tests push.
const ALLOWANCE = 32 * MIB;
const TOTAL = 256 * MIB;

promise_test(async t => {
  const peer = await makePeer(t, "hold", { receiveBuffer: 4096 });
  const { socket, info, writable } = await connect(t, peer, { sendBufferSize: 65536 });
  const writer = writable.getWriter();
  const chunk = new Uint8Array(64 * 1024).fill(1);
  await collectGarbageForSure();
  const before = await os.memory();
  const { ready } = writer;
  let settled = 0;
  // The same chunk again and again: the page's own queue costs nearly nothing.
  for (let i = 0; i < TOTAL / chunk.length; i++) {
    writer.write(chunk).then(() => settled++, () => {});
  }
  const full = writer.ready;
  assert_true((await os.waitForSocket(info, { minSendQueue: 1 })).ok);
  await quiet(1000);
  assert_equals(await state(full), "pending", "ready holds");
  const after = await os.memory();
  assert_less_than(after.net - before.net, ALLOWANCE, "net");
  assert_less_than(after.total - before.total, ALLOWANCE, "all processes together");
  const stalled = settled;
  await quiet(300);
  assert_equals(settled, stalled, "no write settles any more");
  assert_less_than(settled * chunk.length, 8 * MIB, "only what the kernel holds has been taken");
  writer.closed.catch(() => {});
  full.catch(() => {});
  await writer.abort();
}, "TCP-W-08, LIFE-09: a peer that never reads holds writer.ready, and memory stays bounded");

promise_test(async t => {
  const peer = await makePeer(t, "hold", { flood: TOTAL });
  await startNet(t);
  await collectGarbageForSure();
  const before = await os.memory();
  const { socket, info, readable } = await connect(t, peer);
  assert_true((await os.waitForSocket(info, { minReceiveQueue: 1 })).ok);
  let sent = -1;
  for (let i = 0; i < 100 && (await peer.log(0)).sent !== sent; i++) {
    sent = (await peer.log(0)).sent;
    await quiet(100);
  }
  await quiet(1000);
  const log = await peer.log(0);
  assert_equals(log.sent, sent, "the peer has stalled");
  assert_less_than(log.sent, TOTAL / 4);
  const after = await os.memory();
  assert_less_than(after.total - before.total, ALLOWANCE, "all processes together");
  await socket.close();
}, "TCP-R-03, LIFE-09: a page that never reads stops a flooding peer, and memory stays bounded");

promise_test(async t => {
  const count = 100;
  const peer = await makePeer(t, "hold", { flood: 16 * MIB });
  await startNet(t);
  await collectGarbageForSure();
  const before = await os.memory();
  const opened = [];
  for (let i = 0; i < count; i++) {
    opened.push(await connect(t, peer));
  }
  await quiet(1000);
  const after = await os.memory();
  // Each holds a read-ahead of 64 KiB and one read on the way, whatever the peer would like to send.
  assert_less_than(after.total - before.total, count * 512 * 1024, JSON.stringify({ before, after }));
  for (const { socket } of opened) {
    await socket.close();
  }
}, "LIFE-09: memory is linear in the number of flooded sockets, with a small constant");
