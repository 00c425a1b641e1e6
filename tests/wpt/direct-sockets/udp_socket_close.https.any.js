// META: title=UDPSocket: close()
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js

"use strict";

promise_test(async () => {
  const socket = new UDPSocket({ localAddress: "127.0.0.1" });
  const closing = callClose(socket);
  assert_not_equals(closing, socket.closed, "a promise of its own");
  await rejectsWith(closing, "InvalidStateError");
  assert_greater_than((await socket.opened).localPort, 0, "opening goes on unharmed");
  assert_equals(await callClose(socket), undefined, "and then it works");
}, "UDP-CLOSE-01: before opened has resolved close() rejects with InvalidStateError");

promise_test(async () => {
  const socket = new UDPSocket({ localAddress: "127.0.0.1" });
  assert_equals(await socket.opened.then(() => callClose(socket)), undefined);
}, "UDP-CLOSE-01: in the first reaction to opened close() works");

promise_test(async () => {
  const socket = new UDPSocket({ remoteAddress: "127.0.0.1", remotePort: 0 });
  const error = await rejectsWith(socket.opened, "NetworkError");
  const closing = callClose(socket);
  assert_not_equals(closing, socket.closed);
  await rejectsWith(closing, "InvalidStateError", "close()");
  await rejectsExactly(socket.closed, error, "closed");
}, "UDP-CLOSE-01: after a failed open close() rejects with InvalidStateError");

promise_test(async t => {
  const one = await bindUdp(t);
  await one.socket.close();
  assert_equals(callClose(one.socket), one.socket.closed, "after close()");
  const two = await bindUdp(t);
  await two.writable.close();
  await two.readable.cancel();
  await two.socket.closed;
  assert_equals(callClose(two.socket), two.socket.closed, "after both streams ended");
  const three = await bindUdp(t);
  const error = await rejectsWith(three.writable.getWriter().write("str"), "TypeError");
  const reader = three.readable.getReader();
  await reader.cancel();
  await rejectsExactly(three.socket.closed, error);
  assert_equals(callClose(three.socket), three.socket.closed, "after an end with an error, and both streams locked");
  await rejectsExactly(callClose(three.socket), error);
}, "UDP-CLOSE-02: once closed is settled close() returns that very promise");

promise_test(async t => {
  const { socket, readable, writable } = await bindUdp(t);
  const reader = readable.getReader();
  await reader.cancel();
  await rejectsWith(callClose(socket), "InvalidStateError", "the readable has ended but is locked");
  reader.releaseLock();
  const writer = writable.getWriter();
  await rejectsWith(callClose(socket), "InvalidStateError", "the writable is locked");
  writer.releaseLock();
  assert_equals(await callClose(socket), undefined);
}, "UDP-CLOSE-03: a stream that has ended can be locked, too");

promise_test(async t => {
  const { socket, info, readable, writable } = await bindUdp(t);
  const unhandled = await unhandledRejections(async () => {
    const closing = callClose(socket);
    assert_equals(closing, socket.closed, "the closed promise itself");
    assert_equals(callClose(socket), closing, "again, before it has settled");
    await micro();
    assert_equals(await state(closing), "pending", "settled by a task");
    assert_equals(await closing, undefined, "fulfils with undefined");
  });
  assert_equals(unhandled.length, 0, "unhandled rejections");
  assert_true((await readable.getReader().read()).done, "the readable is closed");
  const writer = writable.getWriter();
  await rejectsWith(writer.write(to(at(info), "x")), "AbortError", "a write");
  await rejectsWith(writer.closed, "AbortError", "writer.closed");
}, "UDP-CLOSE-04: close() cancels and aborts with an AbortError, and returns closed, which fulfils with undefined");

promise_test(async t => {
  const { socket, info } = await bindUdp(t);
  const local = { localAddress: info.localAddress, localPort: info.localPort };
  await socket.close();
  for (let i = 0; i < 20; i++) {
    const again = new UDPSocket(local);
    assert_equals((await again.opened).localPort, info.localPort, `round ${i}`);
    await again.close();
  }
}, "UDP-CLOSE-05: the port is free when close() has settled");
