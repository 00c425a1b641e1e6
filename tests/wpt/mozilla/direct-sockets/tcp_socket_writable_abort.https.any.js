// META: title=TCPSocket: aborting the writable stream
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
  const write = writer.write(new Uint8Array(64 * MIB));
  const { ok } = await os.waitForSocket(info, { minSendQueue: 1 });
  assert_true(ok, "part of the chunk has been written");
  await quiet();
  assert_equals(await state(write), "pending");
  const reason = { reason: "of the page" };
  const aborted = writer.abort(reason);
  await rejectsExactly(within(t, write, 5000, "the write"), reason, "the write");
  assert_equals(await aborted, undefined, "abort fulfils");
  await rejectsExactly(writer.closed, reason, "writer.closed");
  const log = await peer.log(0);
  assert_equals(log.received, 0, "the peer has never read");
}, "TCP-W-12: aborting makes a write in progress return promptly with the reason");

promise_test(async t => {
  const peer = await makePeer(t, "hold", { receiveBuffer: 4096 });
  const { socket, info, writable } = await connect(t, peer);
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  const write = writer.write(new Uint8Array(64 * MIB));
  await os.waitForSocket(info, { minSendQueue: 1 });
  const aborted = writer.abort();
  const error = await rejectsWith(write, "AbortError", "the write in flight takes the reason of the signal");
  await aborted;
  const closed = await rejection(writer.closed);
  assert_equals(closed, undefined, "writer.closed takes the stored error");
  await socket.opened.then(({ readable }) => readable.cancel());
  assert_equals(await rejection(socket.closed), undefined, "closed takes the stored error");
}, "TCP-W-12, TCP-HC-08: with a bare abort the write takes the signal's reason and closed the stored error");

promise_test(async t => {
  const peer = await makePeer(t, "hold", { receiveBuffer: 4096 });
  const { socket, info, writable } = await connect(t, peer);
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  const writes = [1, 2, 3].map(value => writer.write(new Uint8Array(32 * MIB).fill(value)));
  writes.forEach(write => write.catch(() => {}));
  await os.waitForSocket(info, { minSendQueue: 1 });
  const reason = new Error("of the page");
  await writer.abort(reason);
  for (const [index, write] of writes.entries()) {
    await rejectsExactly(write, reason, `write ${index + 1}`);
  }
  await peer.read();
  const log = await peer.wait("eof");
  assert_less_than(log.received, 32 * MIB, "only a part of the first chunk");
  assert_array_equals(await peer.values(), [1], "and nothing of the others");
}, "TCP-W-14: chunks behind an abort are never sent and reject with the reason");

promise_test(async t => {
  await startNet(t);
  const peer = await makePeer(t, "sink");
  const { socket, readable, writable } = await connect(t, peer);
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  await writer.write(encode("before"));
  const lines = await traced(["trace=shutdown"], async () => {
    assert_equals(await writer.abort(), undefined);
    await peer.wait("eof");
  });
  assert_true(lines.some(line => /shutdown\(\d+, SHUT_WR/.test(line)), lines.join("\n"));
  assert_equals(await peer.text(), "before", "what the kernel had is delivered");
  await peer.send("still reading");
  const reader = readable.getReader();
  assert_equals(decode(await readExactly(reader, 13)), "still reading");
  reader.releaseLock();
  readable.cancel();
  await rejection(socket.closed);
}, "TCP-W-15: abort shuts the socket down for writing, and reading still works");
