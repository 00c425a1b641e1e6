// META: title=Direct Sockets: what goes wrong in Chromium's implementation and must not here
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// The faults that were seen in Chromium 156, numbered as in the table of ARCHITECTURE.md.

"use strict";

promise_test(async t => {
  for (let i = 0; i < 20; i++) {
    const peer = await makePeer(t, "hold", { flood: 60_000, then: "fin" });
    const { readable } = await connect(t, peer);
    const reader = readable.getReader({ mode: "byob" });
    let received = 0;
    for (;;) {
      const { value, done } = await reader.read(new Uint8Array(7000));
      if (done) {
        break;
      }
      received += value.length;
      await new Promise(resolve => t.step_timeout(resolve, 1));
    }
    assert_equals(received, 60_000, `run ${i}`);
    await peer.end();
  }
}, "TCP-R-14: fault 1, bytes that arrive just before the peer's FIN are there for a reader that pauses");

for (const [size, count] of [[65_536, 200], [1024, 3000], [48, 3000]]) {
  promise_test(async t => {
    const peer = await makePeer(t, "sink");
    const { writable } = await connect(t, peer);
    const writer = writable.getWriter();
    for (let i = 0; i < count; i++) {
      await writer.write(new Uint8Array(size).fill(i));
    }
    await writer.close();
    const { received } = await peer.wait("eof");
    assert_equals(received, size * count);
  }, `TCP-W-07, TCP-W-09: fault 2, each of ${count} awaited writes of ${size} bytes arrives`);
}

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { readable } = await connect(t, peer);
  const reader = readable.getReader();
  const reads = [reader.read(), reader.read()];
  await peer.send("first");
  assert_equals(decode((await reads[0]).value), "first");
  await peer.send("second");
  assert_equals(decode((await reads[1]).value), "second");
  reader.releaseLock();
  const byob = readable.getReader({ mode: "byob" });
  const views = [byob.read(new Uint8Array(5)), byob.read(new Uint8Array(5))];
  await peer.send("helloworld");
  assert_equals(decode((await views[0]).value), "hello");
  assert_equals(decode((await views[1]).value), "world");
  const atLeast = byob.read(new Uint8Array(8), { min: 8 });
  await peer.send("abcd");
  await peer.send("efgh");
  assert_equals(decode((await atLeast).value), "abcdefgh");
  const elements = byob.read(new Uint32Array(1));
  await peer.send("x");
  await peer.send("yz!");
  assert_equals((await elements).value.length, 1);
}, "TCP-R-08, TCP-R-10: fault 3, reads that need a second pull while one is outstanding are answered");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { readable } = await connect(t, peer);
  const read = readable.getReader({ mode: "byob" }).read(new Uint8Array(8));
  await peer.fin();
  const { value, done } = await read;
  assert_true(done);
  assert_equals(value.byteLength, 0);
}, "TCP-R-12: fault 4, a pending BYOB read ends with the stream");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable, writable } = await connect(t, peer);
  const error = await rejectsWith(writable.getWriter().write("no bytes"), "TypeError");
  await readable.cancel();
  await rejectsExactly(socket.closed, error, "closed");
}, "TCP-W-21: fault 5, a socket can close after it has refused a chunk");

promise_test(async t => {
  const socket = new UDPSocket({ localAddress: "127.0.0.1" });
  const { readable, writable } = await socket.opened;
  const error = await rejectsWith(writable.getWriter().write("no message"), "TypeError");
  await readable.cancel();
  await rejectsExactly(socket.closed, error, "closed");
}, "UDP-W-16: fault 5, a UDP socket can close after it has refused a message");

promise_test(async t => {
  const peer = await makePeer(t, "hold", { receiveBuffer: 4096 });
  const { socket, info, readable, writable } = await connect(t, peer);
  const write = held(writable.getWriter().write(new Uint8Array(32 * MIB)));
  await os.waitForSocket(info, { minSendQueue: 1 });
  await peer.rst();
  await rejectsWith(write, "NetworkError", "the write");
  await readable.cancel().catch(() => {});
  await rejectsWith(socket.closed, "NetworkError", "closed");
}, "TCP-W-10: fault 6, a write that is stuck is rejected when the peer resets");

promise_test(async t => {
  const peer = await makePeer(t, "hold", { then: "fin" });
  const sockets = Array.from({ length: 40 }, () => new TCPSocket(peer.address, peer.port));
  for (const socket of sockets) {
    const { readable, localPort } = await socket.opened;
    assert_greater_than(localPort, 0);
    assert_true((await readable.getReader().read()).done);
  }
}, "TCP-OPEN-06, TCP-INFO-05: fault 7, opened fulfils when the peer's FIN is there first");

for (const way of ["close", "abort"]) {
  promise_test(async t => {
    const peer = await makePeer(t, "sink");
    const { socket, writable } = await connect(t, peer);
    await writable.getWriter()[way]();
    // The other direction is open all the time.
    const { eof } = await peer.wait("eof");
    assert_true(eof);
    assert_equals(await state(socket.closed), "pending");
  }, `TCP-W-15, TCP-W-17: fault 8, writer.${way}() sends a FIN at once`);
}
