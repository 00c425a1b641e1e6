// META: title=TCPSocket: close()
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const socket = new TCPSocket(peer.address, peer.port);
  const closing = callClose(socket);
  assert_not_equals(closing, socket.closed, "a promise of its own");
  await rejectsWith(closing, "InvalidStateError");
  assert_equals((await socket.opened).remotePort, peer.port, "opening goes on unharmed");
  assert_equals(await callClose(socket), undefined, "and then it works");
}, "TCP-CLOSE-01, TCP-CLOSE-14: before opened has resolved close() rejects with InvalidStateError");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const socket = new TCPSocket(peer.address, peer.port);
  // The streams exist once the task that resolves opened runs.
  const closing = socket.opened.then(() => callClose(socket));
  assert_equals(await closing, undefined);
}, "TCP-CLOSE-01: in the first reaction to opened close() works");

promise_test(async () => {
  const socket = new TCPSocket("127.0.0.1", await closedPort());
  const error = await rejectsWith(socket.opened, "NetworkError");
  const closing = callClose(socket);
  assert_not_equals(closing, socket.closed);
  await rejectsWith(closing, "InvalidStateError", "close()");
  await rejectsExactly(socket.closed, error, "closed");
}, "TCP-CLOSE-02: after a failed open close() rejects with InvalidStateError");

promise_test(async t => {
  const peer = await makePeer(t, "hold", { then: "fin" });
  const { socket, readable, writable } = await connect(t, peer);
  await readAll(readable.getReader());
  await writable.close();
  await socket.closed;
  assert_equals(callClose(socket), socket.closed, "after a graceful end");

  const resetting = await makePeer(t, "hold");
  const reset = await connect(t, resetting);
  await resetting.rst();
  const error = await rejectsWith(reset.readable.getReader().read(), "NetworkError");
  await reset.writable.close();
  await rejectsExactly(reset.socket.closed, error);
  assert_equals(callClose(reset.socket), reset.socket.closed, "after an end with an error");
  await rejectsExactly(callClose(reset.socket), error);
}, "TCP-CLOSE-03: once closed is settled close() returns that very promise");

promise_test(async t => {
  const peer = await makePeer(t, "echo");
  const { socket, readable, writable } = await connect(t, peer);
  const reader = readable.getReader();
  await rejectsWith(callClose(socket), "InvalidStateError");
  assert_equals(await state(socket.closed), "pending");
  const writer = writable.getWriter();
  await writer.write(encode("works"));
  assert_equals(decode(await readExactly(reader, 5)), "works", "reading and writing still work");
  reader.releaseLock();
  writer.releaseLock();
  assert_equals(await callClose(socket), undefined);
}, "TCP-CLOSE-04: with a locked readable close() rejects with InvalidStateError and changes nothing");

promise_test(async t => {
  const peer = await makePeer(t, "echo");
  const { socket, readable, writable } = await connect(t, peer);
  const writer = writable.getWriter();
  await rejectsWith(callClose(socket), "InvalidStateError", "with a writer");
  await writer.write(encode("works"));
  writer.releaseLock();
  const source = new ReadableStream({
    start(controller) {
      controller.enqueue(encode("piped"));
      this.controller = controller;
      t.add_cleanup(() => { try { controller.close(); } catch {} });
    },
  });
  const controller = new AbortController();
  const piping = source.pipeTo(writable, { signal: controller.signal, preventAbort: true });
  await rejectsWith(callClose(socket), "InvalidStateError", "while a pipe runs");
  const reader = readable.getReader();
  assert_equals(decode(await readExactly(reader, 10)), "workspiped");
  reader.releaseLock();
  controller.abort();
  await rejection(piping);
  assert_equals(await callClose(socket), undefined);
}, "TCP-CLOSE-05: with a locked writable close() rejects with InvalidStateError and changes nothing");

promise_test(async t => {
  const peer = await makePeer(t, "hold", { then: "fin" });
  const one = await connect(t, peer);
  const reader = one.readable.getReader();
  const writer = one.writable.getWriter();
  await readAll(reader);
  await writer.close();
  await one.socket.closed;
  assert_equals(callClose(one.socket), one.socket.closed, "settled, with both locks held");

  const two = await connect(t, peer);
  const held = two.readable.getReader();
  await readAll(held);
  await rejectsWith(callClose(two.socket), "InvalidStateError", "ended but locked");
  held.releaseLock();
  assert_equals(await callClose(two.socket), undefined);
}, "TCP-CLOSE-06: the settled check comes before the lock check, and a stream that has ended can be locked");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable, writable } = await connect(t, peer);
  const closing = callClose(socket);
  assert_equals(closing, socket.closed, "the closed promise itself");
  const reader = readable.getReader();
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  writer.ready.catch(() => {});
  await micro();
  assert_equals(await state(reader.closed), "fulfilled", "the readable is closed in the same turn");
  assert_equals(writer.desiredSize, null, "the writable is erroring or errored");
  assert_equals(await closing, undefined);
}, "TCP-CLOSE-07: close() cancels the readable, aborts the writable and returns closed");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket } = await connect(t, peer);
  assert_equals(await callClose(socket), undefined);
  assert_equals(await socket.closed, undefined);
  await peer.wait("end");
}, "TCP-CLOSE-08: close() fulfils with undefined");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable, writable } = await connect(t, peer);
  await callClose(socket);
  await rejectsWith(writable.getWriter().write(bytes(1)), "AbortError", "writing");
  const { done, value } = await readable.getReader().read();
  assert_true(done, "reading");
  assert_equals(value, undefined);
}, "TCP-CLOSE-09: the streams get an AbortError as the reason");

promise_test(async t => {
  const unhandled = await unhandledRejections(async () => {
    const peer = await makePeer(t, "hold");
    const { socket, readable } = await connect(t, peer);
    await peer.rst();
    const reader = readable.getReader();
    reader.closed.catch(() => {});
    await rejectsWith(reader.read(), "NetworkError");
    reader.releaseLock();
    callClose(socket);
    await quiet();
    const fine = await connect(t, await makePeer(t, "hold"));
    callClose(fine.socket);
    await fine.socket.closed;
  });
  assert_equals(unhandled.length, 0);
}, "TCP-CLOSE-10: rejections of the internal cancel and abort are never reported as unhandled");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket } = await connect(t, peer);
  const closing = callClose(socket);
  assert_equals(callClose(socket), closing, "at once");
  await micro();
  assert_equals(callClose(socket), closing, "a little later");
  assert_equals(await closing, undefined);
  assert_equals(callClose(socket), closing, "when it has settled");
}, "TCP-CLOSE-12: calling close() again is harmless and gives the same promise");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable } = await connect(t, peer);
  await peer.rst();
  const reader = readable.getReader();
  const error = await rejectsWith(reader.read(), "NetworkError");
  reader.releaseLock();
  await rejectsExactly(callClose(socket), error, "close()");
}, "TCP-CLOSE-13: an error that happened before close() still rejects closed");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable } = await connect(t, peer);
  // A read that waits when its stream is cancelled runs code of the page in the middle of close().
  const waiting = readable.getReader();
  const read = waiting.read();
  waiting.releaseLock();
  await rejection(read);
  let again;
  Object.defineProperty(Object.prototype, "then", {
    configurable: true,
    get() {
      again = again || socket.close();
      return undefined;
    },
  });
  let closing;
  try {
    closing = callClose(socket);
  } finally {
    delete Object.prototype.then;
  }
  assert_equals(await closing, undefined);
  if (again) {
    assert_equals(await again, undefined, "the call from within");
  }
}, "TCP-CLOSE-14: close() called from within close() does not throw");
