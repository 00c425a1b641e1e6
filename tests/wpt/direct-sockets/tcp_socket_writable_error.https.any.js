// META: title=TCPSocket: writes that fail
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

promise_test(async t => {
  const peer = await makePeer(t, "hold", { receiveBuffer: 4096 });
  const { socket, writable } = await connect(t, peer);
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  const writes = [writer.write(new Uint8Array(32 * MIB)), writer.write(bytes(1)), writer.write(bytes(2))];
  writes.forEach(write => write.catch(() => {}));
  await quiet();
  assert_equals(await state(writes[0]), "pending");
  await peer.rst();
  const error = await rejectsWith(writes[0], "NetworkError", "the write in flight");
  await rejectsExactly(writes[1], error, "the next one");
  await rejectsExactly(writes[2], error, "and the last one");
}, "TCP-W-10: a reset in the middle of a write rejects it and what is queued behind it");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable, writable } = await connect(t, peer);
  await readable.cancel();
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  assert_equals(await state(socket.closed), "pending");
  await peer.rst();
  const error = await writeUntilError(writer);
  await rejectsExactly(socket.closed, error, "closed");
}, "TCP-W-11: a failed write runs the writable's handle-closing");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable, writable } = await connect(t, peer);
  await peer.rst();
  const reader = readable.getReader();
  const error = await rejectsWith(reader.read(), "NetworkError");
  assert_equals(await writable.close(), undefined, "close fulfils");
  await rejectsExactly(socket.closed, error, "closed rejects because of the read error");
}, "TCP-W-20: a shutdown that fails does not turn into an error");

promise_test(async t => {
  const peer = await makePeer(t, "hold", { receiveBuffer: 4096 });
  const { socket, readable, writable } = await connect(t, peer);
  await readable.cancel();
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  const first = writer.write(new Uint8Array(8 * MIB));
  const refused = writer.write("str");
  refused.catch(() => {});
  await peer.read();
  await first;
  const error = await rejectsWith(refused, "TypeError");
  await rejectsExactly(socket.closed, error);
  const log = await peer.wait("end");
}, "TCP-W-21: a refused chunk behind a write waits for its turn");
