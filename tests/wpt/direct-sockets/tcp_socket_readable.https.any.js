// META: title=TCPSocket: the readable stream
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/sha256.js

"use strict";

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable } = await connect(t, peer);
  const byob = readable.getReader({ mode: "byob" });
  assert_true(byob instanceof ReadableStreamBYOBReader);
  byob.releaseLock();
  const reader = readable.getReader();
  assert_true(reader instanceof ReadableStreamDefaultReader);
  reader.releaseLock();
  await socket.close();
}, "TCP-R-01: the readable is a byte stream, of which a default and a BYOB reader can be taken");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable } = await connect(t, peer);
  await peer.send("hello");
  const reader = readable.getReader();
  const { value } = await reader.read();
  assert_equals(value.constructor, Uint8Array);
  assert_equals(value.byteOffset, 0, "byteOffset");
  assert_equals(value.byteLength, value.buffer.byteLength, "exactly fills its buffer");
  assert_equals(decode(value), "hello");
  reader.releaseLock();
  await socket.close();
}, "TCP-R-05: without a BYOB request bytes arrive as a new Uint8Array that fills its own buffer");

promise_test(async t => {
  const total = 64 * MIB;
  const peer = await makePeer(t, "hold", { flood: total, then: "fin" });
  const { socket, readable } = await connect(t, peer);
  const digest = new Sha256();
  let byob = false;
  let buffer = new ArrayBuffer(256 * 1024);
  for (let done = false; !done;) {
    byob = !byob;
    const reader = byob ? readable.getReader({ mode: "byob" }) : readable.getReader();
    for (let i = 0; i < 16 && !done; i++) {
      const result = byob ? await reader.read(new Uint8Array(buffer)) : await reader.read();
      done = result.done;
      if (!done) {
        assert_greater_than(result.value.length, 0, "no chunk is empty");
        digest.update(result.value);
      }
      if (byob) {
        buffer = result.value.buffer;
      }
    }
    reader.releaseLock();
  }
  const log = await peer.log(0);
  assert_equals(digest.length, total, "bytes");
  assert_equals(digest.hex(), log.sentSha256, "SHA-256");
  await socket.close();
}, "TCP-R-09: 64 MiB arrive complete and in order, through default and BYOB readers in turns");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable } = await connect(t, peer);
  const reader = readable.getReader();
  const order = [];
  const reads = [];
  for (let i = 0; i < 100; i++) {
    reads.push(reader.read().then(({ value }) => {
      order.push(i);
      return value;
    }));
  }
  let received = 0;
  const expected = [];
  for (let i = 0; received < 100 && i < 100; i++) {
    const waiting = reads[received];
    await peer.send(bytes(i));
    expected.push(i);
    const value = await waiting;
    received++;
    assert_equals(value[0], i, `read ${i}`);
  }
  assert_array_equals(order, expected, "settled in order");
  reader.releaseLock();
  await socket.close();
}, "TCP-R-10: a hundred reads queued at once are answered in order, and none is starved");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable } = await connect(t, peer);
  for (const text of ["abc", "def"]) {
    const first = readable.getReader();
    const read = first.read();
    first.releaseLock();
    await rejectsWith(read, "TypeError", "the read whose lock was released");
    await peer.send(text);
    const second = readable.getReader();
    assert_equals(decode(await readExactly(second, 3)), text);
    second.releaseLock();
  }
  await socket.close();
}, "TCP-R-22: releasing the lock with a read outstanding loses no bytes");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable } = await connect(t, peer);
  const pieces = [];
  for (let i = 0; i < 20; i++) {
    pieces.push(`<${"x".repeat(i * 7)}>`);
  }
  const reading = (async () => {
    const reader = readable.getReader();
    const text = decode(await readAll(reader));
    reader.releaseLock();
    return text;
  })();
  for (const piece of pieces) {
    await peer.send(piece);
  }
  await peer.fin();
  assert_equals(await reading, pieces.join(""));
  await socket.close();
}, "TCP-R-09: bytes arrive in order, whatever the segmentation");
