// META: title=TCPSocket: handle closing
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable, writable } = await connect(t, peer);
  const reader = readable.getReader();
  const first = await rejectsWith(writable.getWriter().write("str"), "TypeError");
  assert_equals(await state(socket.closed), "pending", "the read side is open");
  await peer.rst();
  const second = await rejectsWith(reader.read(), "NetworkError");
  assert_not_equals(first, second);
  await rejectsExactly(socket.closed, first, "closed");
}, "TCP-HC-05: in the readable's handler the error of the writable is reported first");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable, writable } = await connect(t, peer);
  const reader = readable.getReader();
  await peer.rst();
  const first = await rejectsWith(reader.read(), "NetworkError");
  assert_equals(await state(socket.closed), "pending", "the write side is open");
  const second = await rejectsWith(writable.getWriter().write("str"), "TypeError");
  assert_not_equals(first, second);
  await rejectsExactly(socket.closed, first, "closed");
}, "TCP-HC-06: in the writable's handler the error of the readable is reported first");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable, writable } = await connect(t, peer);
  await peer.rst();
  const error = await rejectsWith(readable.getReader().read(), "NetworkError");
  writable.close();
  await rejectsExactly(socket.closed, error, "closed");
}, "TCP-HC-07: the reason is the stored error of the stream itself");

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const { socket, readable, writable } = await connect(t, peer);
  const reason = { any: "value" };
  await writable.abort(reason);
  assert_equals(await state(socket.closed), "pending", "until the read side ends");
  await readable.cancel();
  await rejectsExactly(socket.closed, reason, "closed");
}, "TCP-HC-08: an abort of the page counts as an error of the writable");

promise_test(async t => {
  const peer = await makePeer(t, "hold", { greeting: "x".repeat(100), then: "fin" });
  const { socket, readable, writable } = await connect(t, peer);
  await writable.close();
  assert_equals(await socket.closed, undefined, "without a reader");
  const reader = readable.getReader();
  assert_equals((await readAll(reader)).length, 100, "the bytes stay readable");
}, "TCP-HC-10: unread data does not hold teardown up once the end of stream was seen");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable, writable } = await connect(t, peer);
  await writable.close();
  const reader = readable.getReader();
  const seen = reader.read().then(async ({ done }) => {
    assert_true(done);
    await micro();
    return state(socket.closed);
  });
  await peer.fin();
  assert_equals(await seen, "pending", "in the task of the event");
  await socket.closed;
}, "TCP-HC-11, TASK-07: closed settles in a later task than the event that caused it");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable, writable } = await connect(t, peer);
  const reader = readable.getReader();
  const read = held(reader.read());
  await peer.rst();
  const error = await rejectsWith(read, "NetworkError");
  await quiet(700);
  assert_equals(await state(socket.closed), "pending", "the write side has not ended");
  await writable.close();
  await rejectsExactly(socket.closed, error, "closed");
}, "TCP-HC-12: a reset that only the read side saw leaves closed pending until the write side ends");
