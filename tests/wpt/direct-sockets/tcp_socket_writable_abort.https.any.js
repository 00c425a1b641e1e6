// META: title=TCPSocket: aborting the writable stream
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
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
  const peer = await makePeer(t, "sink");
  for (let i = 0; i < 30; i++) {
    const { socket, writable } = await connect(t, peer);
    const writer = writable.getWriter();
    writer.closed.catch(() => {});
    const reason = new Error("of the page");
    const write = writer.write(encode("0123456789"));
    write.catch(() => {});
    for (let turns = 0; turns < i; turns++) {
      await null;
    }
    if (i % 3 === 2) {
      await task();
    }
    await writer.abort(reason);
    let fulfilled = true;
    await write.catch(error => {
      fulfilled = false;
      assert_equals(error, reason, "only the reason, never a NetworkError");
    });
    const log = await peer.wait("eof", { connection: i });
    if (fulfilled) {
      assert_equals(log.received, 10, "a write that fulfils has sent everything");
    }
  }
}, "TCP-W-13: a write that was complete before the abort fulfils, any other rejects with the reason");

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
  assert_true((await peer.bytes()).every(b => b === 1), "and nothing of the others");
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

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const { socket, readable, writable } = await connect(t, peer);
  await readable.cancel();
  const reason = new Error("of the page");
  const order = [];
  const aborted = writable.abort(reason);
  aborted.then(async value => {
    assert_equals(value, undefined);
    order.push("aborted");
    await micro();
    order.push("microtasks after it");
  });
  const closed = socket.closed.catch(error => {
    assert_equals(error, reason);
    order.push("closed");
  });
  await micro();
  assert_equals(await state(aborted), "pending", "not without a task");
  await Promise.all([aborted, closed]);
  assert_array_equals(order, ["aborted", "microtasks after it", "closed"], "closed settles in a later task");
}, "TCP-W-16: abort fulfils in a task, and closed settles in a later one");

for (const [what, chunk] of Object.entries({ "a write that then fails": bytes(1), "a chunk that is refused": "str" })) {
  promise_test(async t => {
    const peer = await makePeer(t, "hold");
    const { socket, readable, writable } = await connect(t, peer);
    const read = held(readable.getReader().read());
    await peer.rst();
    await rejectsWith(read, "NetworkError");
    // The failure ends the second side, so that there is nothing left to shut down when the abort has its turn.
    const writer = writable.getWriter();
    held(writer.closed);
    const write = held(writer.write(chunk));
    const abort = writer.abort("reason");
    assert_equals(await within(t, abort, 5000, "the abort"), undefined);
    await rejection(write);
    await within(t, rejection(socket.closed), 5000, "closed");
  }, `TCP-W-16, TCP-HC-09: an abort in the turn of ${what} fulfils`);
}
