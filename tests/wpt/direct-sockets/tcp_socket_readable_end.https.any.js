// META: title=TCPSocket: end of stream and read errors
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable } = await connect(t, peer);
  const reader = readable.getReader();
  const read = reader.read();
  await peer.fin();
  const result = await read;
  assert_true(result.done);
  assert_equals(result.value, undefined);
  await reader.closed;
  assert_true((await reader.read()).done, "and again");
  reader.releaseLock();
  await socket.close();
}, "TCP-R-11: when the peer shuts down its side the readable closes");

promise_test(async t => {
  const pieces = ["a", "bc", "def"];
  const peer = await makePeer(t, "hold");
  const { socket, readable } = await connect(t, peer);
  const reader = readable.getReader();
  const chunks = [];
  const reading = (async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        assert_equals(value, undefined, "no bytes come with the end");
        return;
      }
      chunks.push(value);
    }
  })();
  for (const piece of pieces) {
    await peer.send(piece);
  }
  await peer.fin();
  await reading;
  assert_true(chunks.every(chunk => chunk.length > 0), "no chunk is empty");
  assert_equals(chunks.map(decode).join(""), "abcdef");
  reader.releaseLock();
  await socket.close();
}, "TCP-R-13: end of stream never enqueues an empty chunk");

for (const size of [1, 100, 65535, 65536, 65537, 200000]) {
  promise_test(async t => {
    const data = new Uint8Array(size).map((_, i) => i * 7 + (i >> 8));
    const peer = await makePeer(t, "hold");
    const { socket, readable } = await connect(t, peer);
    await peer.send(data, { then: "fin" });
    await peer.wait("sent");
    await quiet(300);
    const reader = readable.getReader();
    const found = await readAll(reader);
    assert_equals(found.length, size, "not a byte is lost");
    assert_true(found.every((b, i) => b === data[i]), "in order");
    reader.releaseLock();
    await socket.close();
  }, `TCP-R-14: ${size} bytes followed at once by FIN are delivered first, also to a reader that comes late`);
}

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable, writable } = await connect(t, peer);
  const reader = readable.getReader();
  await writable.close();
  const read = held(reader.read());
  assert_equals(await state(socket.closed), "pending");
  await peer.fin();
  assert_true((await read).done);
  assert_equals(await socket.closed, undefined, "handle-closing has run");
}, "TCP-R-16: end of stream runs the readable's handle-closing");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable } = await connect(t, peer);
  const reader = readable.getReader();
  const read = held(reader.read());
  await peer.rst();
  const error = await rejectsWith(read, "NetworkError", "the pending read");
  await rejectsExactly(reader.read(), error, "a later read");
  await rejectsExactly(reader.closed, error, "reader.closed");
  reader.releaseLock();
  await rejection(socket.close());
}, "TCP-R-17: a reset errors the readable with one NetworkError for all reads");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable, writable } = await connect(t, peer);
  const reader = readable.getReader();
  const read = held(reader.read());
  await writable.close();
  await peer.wait("fin");
  await peer.rst();
  const error = await rejectsWith(read, "NetworkError");
  await rejectsExactly(socket.closed, error, "closed");
}, "TCP-R-18: a read error runs the readable's handle-closing");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable, writable } = await connect(t, peer);
  await writable.close();
  await peer.send("hello", { then: "rst" });
  const closed = await rejectsWith(socket.closed, "NetworkError", "closed rejects without a reader");
  const reader = readable.getReader();
  assert_equals(decode((await reader.read()).value), "hello", "the bytes can still be read");
  await rejectsExactly(reader.read(), closed, "and then comes that same error");
}, "TCP-R-25: closed may reject before the bytes in front of the error have been read");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable, writable } = await connect(t, peer);
  await writable.close();
  await peer.send("hello", { then: "rst" });
  const error = await rejectsWith(socket.closed, "NetworkError");
  assert_equals(await readable.cancel("done"), undefined, "cancelling drops bytes and error");
  await rejectsExactly(socket.closed, error, "closed keeps its error");
}, "TCP-R-25: a cancel drops the error that waits behind unread bytes, and closed keeps it");
