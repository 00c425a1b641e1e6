// META: title=TCPSocket: the readable stream
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
  const peer = await makePeer(t, "hold");
  const { socket, info, readable } = await connect(t, peer);
  await peer.send("x".repeat(1000));
  await peer.wait("sent");
  const { ok } = await os.waitForSocket(info, { receiveQueue: 0 });
  assert_true(ok, "the bytes have left the kernel without a reader");
  const reader = readable.getReader();
  assert_equals((await readExactly(reader, 1000)).length, 1000, "a later read returns them");
  reader.releaseLock();
  await socket.close();
}, "TCP-R-02: reading ahead starts when the socket opens, without a reader");

promise_test(async t => {
  const total = 64 * MIB;
  const peer = await makePeer(t, "hold", { flood: total });
  const before = await os.memory();
  const { socket, info } = await connect(t, peer);
  const { ok } = await os.waitForSocket(info, { minReceiveQueue: 1 });
  assert_true(ok, "bytes wait in the kernel");
  // The peer stalls once the kernel's buffers are full; look twice with time between.
  let sent = -1;
  for (let i = 0; i < 100 && (await peer.log(0)).sent !== sent; i++) {
    sent = (await peer.log(0)).sent;
    await quiet(100);
  }
  const log = await peer.log(0);
  assert_equals(log.sent, sent, "the peer has stalled");
  assert_less_than(log.sent, total, "before everything was sent");
  const after = await os.memory();
  assert_less_than(after.total - before.total, 24 * MIB, "memory of all processes");
  await socket.close();
}, "TCP-R-03, LIFE-09: what is not read stays in the kernel, and flow control reaches the peer");

promise_test(async t => {
  await startNet(t);
  const peer = await makePeer(t, "hold");
  const { socket, readable } = await connect(t, peer);
  const reader = readable.getReader();
  const reads = [];
  for (let i = 0; i < 50; i++) {
    reads.push(reader.read());
  }
  const lines = await traced(["trace=recvfrom,recvmsg,read,readv"], async () => {
    for (let i = 0; i < 5; i++) {
      await peer.send("z");
      await reads[i];
    }
  });
  // Each byte costs at most one read that finds it and one that finds nothing more.
  const found = lines.filter(line => /(recv\w*|read)\(\d+, "z"|readv\(\d+, \[\{iov_base="z"/.test(line));
  assert_equals(found.length, 5, `five reads of one byte:\n${lines.join("\n")}`);
  // The other 45 still wait: cancelling answers them, so that the reader can be released.
  await reader.cancel();
  reader.releaseLock();
  await socket.close();
}, "TCP-R-10: queued reads do not become concurrent reads of the OS socket");
