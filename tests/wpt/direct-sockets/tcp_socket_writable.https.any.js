// META: title=TCPSocket: the writable stream
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/sha256.js

"use strict";

promise_test(async t => {
  const peer = await makePeer(t, "hold", { receiveBuffer: 4096 });
  const { socket, writable } = await connect(t, peer);
  const writer = writable.getWriter();
  assert_equals(writer.desiredSize, 1, "at first");
  assert_equals(await state(writer.ready), "fulfilled", "ready at first");
  const write = writer.write(new Uint8Array(16 * MIB));
  assert_equals(writer.desiredSize, 0, "with one write outstanding");
  const { ready } = writer;
  await quiet();
  assert_equals(await state(ready), "pending", "ready while the peer does not read");
  await peer.read();
  await write;
  await ready;
  assert_equals(writer.desiredSize, 1, "afterwards");
  await writer.close();
  await dispose(socket);
}, "TCP-W-01: the high water mark is one chunk, and ready fulfils when the write completes");

const REFUSED = {
  "a string": () => "str",
  "a number": () => 1,
  "null": () => null,
  "undefined": () => undefined,
  "an object": () => ({}),
  "an array": () => [1, 2],
  "a Blob": () => new Blob(["x"]),
  "a symbol": () => Symbol(),
  "a function": () => () => {},
  "a BigInt": () => 1n,
  "a proxy of a view": () => new Proxy(new Uint8Array(1), {}),
};

for (const [what, make] of Object.entries(REFUSED)) {
  promise_test(async t => {
    const peer = await makePeer(t, "sink");
    const { socket, writable } = await connect(t, peer);
    const writer = writable.getWriter();
    writer.closed.catch(() => {});
    writer.ready.catch(() => {});
    const write = writer.write(make());
    await micro();
    assert_equals(await state(write), "rejected", "without a task");
    const error = await rejectsWith(write, "TypeError", "the write");
    await rejectsExactly(writer.closed, error, "writer.closed");
    await rejectsExactly(writer.write(bytes(1)), error, "a later write");
    await quiet();
    assert_equals((await peer.log(0)).received, 0, "nothing is sent");
  }, `TCP-W-02: a chunk that is ${what} rejects the write with a TypeError and errors the stream`);
}

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const { socket, writable } = await connect(t, peer);
  const writer = writable.getWriter();
  const buffer = Uint8Array.from({ length: 16 }, (_, i) => i).buffer;
  const chunks = [buffer, new DataView(buffer, 3, 5), new Uint8Array(buffer, 1, 2), new Int8Array(buffer),
                  new Uint8ClampedArray(buffer, 4), new Int16Array(buffer, 2, 2), new Uint16Array(buffer),
                  new Int32Array(buffer, 4, 1), new Uint32Array(buffer), new Float32Array(buffer, 8),
                  new Float64Array(buffer), new BigInt64Array(buffer, 8), new BigUint64Array(buffer)];
  const expected = [];
  for (const chunk of chunks) {
    const view = ArrayBuffer.isView(chunk) ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
                                           : new Uint8Array(chunk);
    expected.push(...view);
    assert_equals(await writer.write(chunk), undefined);
  }
  assert_equals(buffer.byteLength, 16, "writing detaches nothing");
  await peer.received(expected.length);
  assert_array_equals([...await peer.bytes()], expected, "only the viewed ranges");
  writer.releaseLock();
  await socket.close();
}, "TCP-W-03: buffers and every kind of view are accepted, and only the viewed range is sent");

for (const [what, make] of Object.entries({
  "resizable buffer": () => new ArrayBuffer(8, { maxByteLength: 16 }),
  "view on a resizable buffer": () => new Uint8Array(new ArrayBuffer(8, { maxByteLength: 16 })),
})) {
  promise_test(async t => {
    assert_implements_optional("resizable" in ArrayBuffer.prototype, "resizable buffers");
    const peer = await makePeer(t, "sink");
    const { socket, writable } = await connect(t, peer);
    await rejectsWith(writable.getWriter().write(make()), "TypeError");
  }, `TCP-W-04: a ${what} is refused with a TypeError`);
}

if ("SharedArrayBuffer" in self) {
  promise_test(async t => {
    const peer = await makePeer(t, "sink");
    for (const chunk of [new SharedArrayBuffer(8), new Uint8Array(new SharedArrayBuffer(8))]) {
      const { socket, writable } = await connect(t, peer);
      await rejectsWith(writable.getWriter().write(chunk), "TypeError");
    }
  }, "TCP-W-04: shared buffers are refused with a TypeError");
}

promise_test(async t => {
  const peer = await makePeer(t, "hold", { receiveBuffer: 4096 });
  const { socket, writable } = await connect(t, peer);
  const writer = writable.getWriter();
  const first = new Uint8Array(8 * MIB).fill(1);
  const second = new Uint8Array(100).fill(1);
  const writes = [writer.write(first)];
  first.fill(2);
  writes.push(writer.write(second));
  // The first chunk cannot complete yet, so the second one waits in the stream.
  await quiet();
  assert_equals(await state(writes[0]), "pending");
  second.fill(3);
  await peer.read();
  await Promise.all(writes);
  await writer.close();
  await peer.wait("eof");
  const expected = new Sha256().update(new Uint8Array(8 * MIB).fill(1)).update(new Uint8Array(100).fill(3));
  assert_equals((await peer.log(0)).receivedSha256, expected.hex(), "old bytes of the first, new bytes of the second");
  assert_equals(first.length, 8 * MIB, "nothing is detached");
  await dispose(socket);
}, "TCP-W-05: the bytes are copied when the turn of the chunk comes");

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const { socket, writable } = await connect(t, peer);
  const writer = writable.getWriter();
  const gone = new Uint8Array(8).fill(9);
  const { port1 } = new MessageChannel();
  port1.postMessage(null, [gone.buffer]);
  const order = [];
  const log = (name, promise) => promise.then(() => order.push(name));
  const writes = [
    log("a", writer.write(encode("a"))),
    log("empty", writer.write(new Uint8Array(0))),
    log("b", writer.write(encode("b"))),
    log("detached", writer.write(gone)),
    log("empty buffer", writer.write(new ArrayBuffer(0))),
    log("c", writer.write(encode("c"))),
  ];
  await Promise.all(writes);
  assert_array_equals(order, ["a", "empty", "b", "detached", "empty buffer", "c"], "in order");
  await writer.close();
  await peer.wait("eof");
  assert_equals(await peer.text(), "abc", "and the peer gets no byte of them");
  await dispose(socket);
}, "TCP-W-06: empty and detached chunks write nothing and succeed");

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const { socket, writable } = await connect(t, peer);
  const writer = writable.getWriter();
  for (const chunk of [encode("hello"), new Uint8Array(0)]) {
    const write = writer.write(chunk);
    await micro();
    assert_equals(await state(write), "pending", "not without a task");
    assert_equals(await write, undefined, "fulfils with undefined");
  }
  await peer.received(5);
  writer.releaseLock();
  await socket.close();
}, "TCP-W-07: a write fulfils with undefined in a task");

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const { socket, writable } = await connect(t, peer);
  const chunk = new Uint8Array(64 * MIB);
  for (let i = 0; i < chunk.length; i += 4093) {
    chunk[i] = i;
  }
  const writer = writable.getWriter();
  await writer.write(chunk);
  await writer.close();
  const log = await peer.wait("eof", { timeout: 60 });
  assert_equals(log.received, chunk.length);
  assert_equals(log.receivedSha256, new Sha256().update(chunk).hex());
  await dispose(socket);
}, "TCP-W-07: a chunk of 64 MiB is written completely");

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const { socket, writable } = await connect(t, peer);
  const writer = writable.getWriter();
  const digest = new Sha256();
  let settled = 0;
  const writes = [];
  for (let i = 0; i < 10000; i++) {
    const chunk = bytes(i * 31);
    digest.update(chunk);
    writes.push(writer.write(chunk).then(() => {
      assert_equals(settled++, i, "fulfilled in order");
    }));
  }
  await Promise.all(writes);
  const log = await peer.received(10000);
  assert_equals(log.receivedSha256, digest.hex(), "the bytes are in order");
  writer.releaseLock();
  await socket.close();
}, "TCP-W-09: ten thousand writes reach the peer and settle in call order");

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const { socket, readable, writable } = await connect(t, peer);
  await peer.fin();
  const reader = readable.getReader();
  assert_true((await reader.read()).done);
  reader.releaseLock();
  const writer = writable.getWriter();
  await writer.write(encode("after the FIN of the peer"));
  await peer.received(25);
  await writer.close();
  assert_equals(await socket.closed, undefined);
}, "TCP-W-22: writing after the FIN of the peer works as long as it accepts data");
