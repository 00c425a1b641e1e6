// META: title=TCPSocket: BYOB readers
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable } = await connect(t, peer);
  const reader = readable.getReader({ mode: "byob" });
  const reads = [reader.read(new Uint8Array(10)), reader.read(new Uint8Array(10)), reader.read(new Uint8Array(10))];
  await peer.send("0123456789");
  assert_equals(decode((await reads[0]).value), "0123456789");
  // Once the first read has been answered the next request carries the length of the view that waits.
  await peer.send("abcdefghijklmnopqrstuvwxyz");
  assert_equals(decode((await reads[1]).value), "abcdefghij", "exactly the view");
  assert_equals(decode((await reads[2]).value), "klmnopqrst", "nothing is lost");
  const { value } = await reader.read(new Uint8Array(10));
  assert_equals(decode(value), "uvwxyz", "the rest");
  reader.releaseLock();
  await socket.close();
}, "TCP-R-04: reads with views of ten bytes give ten bytes each, and nothing is lost");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable } = await connect(t, peer);
  const reader = readable.getReader({ mode: "byob" });
  const buffer = new Uint8Array(100).fill(0xee).buffer;
  const read = reader.read(new Uint8Array(buffer, 5, 20));
  assert_equals(buffer.byteLength, 0, "the original buffer is detached");
  await peer.send("hello");
  const { value, done } = await read;
  assert_false(done);
  assert_equals(value.byteOffset, 5, "offset");
  assert_equals(value.byteLength, 5, "length");
  assert_equals(value.buffer.byteLength, 100, "the length of the supplied buffer");
  assert_equals(decode(value), "hello");
  const all = new Uint8Array(value.buffer);
  assert_true(all.subarray(0, 5).every(b => b === 0xee), "bytes before the view are untouched");
  assert_true(all.subarray(25).every(b => b === 0xee), "bytes after the view are untouched");
  reader.releaseLock();
  await socket.close();
}, "TCP-R-06: with a BYOB request the bytes are written into the supplied memory");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable } = await connect(t, peer);
  // The automatic read waits already when the view arrives.
  const reader = readable.getReader({ mode: "byob" });
  const read = reader.read(new Uint8Array(4));
  await peer.send("abcdef");
  assert_equals(decode((await read).value), "abcd", "the view is filled");
  assert_equals(decode((await reader.read(new Uint8Array(4))).value), "ef", "the rest is queued in order");
  reader.releaseLock();
  await socket.close();
}, "TCP-R-07: more bytes than the view holds are neither lost nor written out of bounds");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable } = await connect(t, peer);
  const reader = readable.getReader({ mode: "byob" });
  const collected = [];
  let read = reader.read(new Uint16Array(4));
  await peer.send(bytes(1, 0, 2));
  let result = await read;
  assert_true(result.value instanceof Uint16Array);
  collected.push(...result.value);
  await peer.send(bytes(0, 3, 0, 4, 0));
  while (collected.length < 4) {
    result = await reader.read(new Uint16Array(4));
    collected.push(...result.value);
  }
  assert_array_equals(collected, [1, 2, 3, 4], "whole elements");
  reader.releaseLock();
  await socket.close();
}, "TCP-R-08: a Uint16Array gets whole elements only, wherever the segments break");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable } = await connect(t, peer);
  const reader = readable.getReader({ mode: "byob" });
  const read = reader.read(new Uint8Array(200), { min: 100 });
  for (let i = 0; i < 9; i++) {
    await peer.send("0123456789");
  }
  await quiet();
  assert_equals(await state(read), "pending", "after 90 bytes");
  await peer.send("0123456789abc");
  const { value } = await read;
  assert_greater_than_equal(value.length, 100);
  assert_equals(decode(value).slice(0, 100), "0123456789".repeat(10));
  reader.releaseLock();
  await socket.close();
}, "TCP-R-08: a read with min waits for as many bytes");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable } = await connect(t, peer);
  const reader = readable.getReader({ mode: "byob" });
  const kinds = [[DataView, 8], [Float64Array, 2], [BigInt64Array, 2], [Uint8ClampedArray, 8], [Int32Array, 3]];
  for (const [type, size] of kinds) {
    const length = type === DataView ? size : size * type.BYTES_PER_ELEMENT;
    const read = reader.read(type === DataView ? new DataView(new ArrayBuffer(size)) : new type(size),
                             { min: size });
    await peer.send("x".repeat(length));
    const { value } = await read;
    assert_true(value instanceof type, type.name);
    assert_equals(decode(value), "x".repeat(length), type.name);
  }
  reader.releaseLock();
  await socket.close();
}, "TCP-R-08: every kind of view can be read into");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable } = await connect(t, peer);
  const reader = readable.getReader({ mode: "byob" });
  const read = reader.read(new Uint8Array(8));
  await quiet();
  assert_equals(await state(read), "pending");
  await peer.fin();
  const { done, value } = await read;
  assert_true(done, "done");
  assert_equals(value.byteLength, 0, "a view of length zero");
  assert_equals(value.buffer.byteLength, 8, "on the given buffer");
  await reader.closed;
  reader.releaseLock();
  await socket.close();
}, "TCP-R-12: a pending BYOB read ends with the stream, with an empty view on the given buffer");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable } = await connect(t, peer);
  const reader = readable.getReader({ mode: "byob" });
  const reads = [reader.read(new Uint8Array(8)), reader.read(new Uint8Array(9)), reader.read(new Uint8Array(10))];
  await peer.fin();
  for (const [index, read] of reads.entries()) {
    const { done, value } = await read;
    assert_true(done, `read ${index}`);
    assert_equals(value.buffer.byteLength, 8 + index);
  }
  reader.releaseLock();
  await socket.close();
}, "TCP-R-12: all pending BYOB reads end with the stream");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable, writable } = await connect(t, peer);
  const reader = readable.getReader({ mode: "byob" });
  const read = held(reader.read(new Uint16Array(4)));
  await peer.send(bytes(1), { then: "fin" });
  const error = await rejectsWith(read, "TypeError", "the read");
  await rejectsExactly(reader.closed, error, "reader.closed");
  assert_equals(await state(socket.closed), "pending", "closed waits for the writer");
  await writable.close();
  await rejectsExactly(socket.closed, error, "closed");
}, "TCP-R-15: a FIN that leaves part of an element in a pending view errors the stream with a TypeError");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable } = await connect(t, peer);
  const reader = readable.getReader({ mode: "byob" });
  await rejectsWith(reader.read(new Uint8Array(0)), "TypeError", "a view of length zero");
  await peer.send("still");
  const { done, value } = await reader.read(new Uint8Array(10));
  assert_false(done, "no false end of stream");
  assert_equals(decode(value), "still", "the stream stays usable");
  reader.releaseLock();
  await socket.close();
}, "TCP-R-23: a view of length zero is refused and never becomes a read of zero bytes");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable } = await connect(t, peer);
  const first = readable.getReader({ mode: "byob" });
  const read = first.read(new Uint8Array(10));
  first.releaseLock();
  await rejectsWith(read, "TypeError", "the read whose lock was released");
  await peer.send("abcdefghij");
  const second = readable.getReader({ mode: "byob" });
  assert_equals(decode((await second.read(new Uint8Array(4))).value), "abcd");
  second.releaseLock();
  const third = readable.getReader();
  assert_equals(decode(await readExactly(third, 6)), "efghij", "a default reader gets the rest");
  third.releaseLock();
  await socket.close();
}, "TCP-R-22: bytes for a BYOB read whose lock was released go to the next reader");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { readable } = await connect(t, peer);
  const first = readable.getReader({ mode: "byob" });
  const released = [held(first.read(new Uint8Array(100))), held(first.read(new Uint8Array(3)))];
  await quiet();
  first.releaseLock();
  for (const read of released) {
    await rejectsWith(read, "TypeError", "a read whose reader was released");
  }
  const second = readable.getReader();
  const read = second.read();
  await quiet();
  await peer.send("hello");
  assert_equals(decode((await within(t, read, 10000, "the read")).value), "hello");
  second.releaseLock();
  const third = readable.getReader({ mode: "byob" });
  await peer.send("again");
  assert_equals(decode((await third.read(new Uint8Array(10))).value), "again");
}, "TCP-R-22, TCP-R-07: a default reader gets the bytes for which a BYOB reader has waited that was released");
