// META: title=TCPSocket: realms
// META: global=window
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const inner = (await makeFrame(t)).contentWindow;
  const socket = new inner.TCPSocket(peer.address, peer.port);
  for (const name of ["opened", "closed"]) {
    const { get } = Object.getOwnPropertyDescriptor(TCPSocket.prototype, name);
    const promise = get.call(socket);
    assert_true(promise instanceof inner.Promise, `${name}: a promise of the frame`);
    assert_false(promise instanceof Promise, `${name}: not of the caller`);
    assert_equals(promise, socket[name], `${name}: the same promise for both getters`);
  }
  await socket.opened;
  await TCPSocket.prototype.close.call(socket);
}, "IDL-14: the promises belong to the relevant realm of the socket, whoever calls the getter");

promise_test(async t => {
  const inner = (await makeFrame(t)).contentWindow;
  const caught = options => thrown(() => new inner.TCPSocket("127.0.0.1", 1, options));
  assert_true(caught({ keepAliveDelay: 1 }) instanceof inner.TypeError, "validation");
  assert_true(caught({ sendBufferSize: -1 }) instanceof inner.TypeError, "conversion");
  const failed = new inner.TCPSocket("127.0.0.1", await closedPort());
  const error = await rejection(failed.opened);
  assert_true(error instanceof inner.DOMException, "asynchronous errors");
  assert_equals(error.name, "NetworkError");
  assert_equals(error.code, 19);
  const early = await rejection(failed.close());
  assert_true(early instanceof inner.DOMException, "close()");
  assert_equals(early.name, "InvalidStateError");
}, "IDL-30: errors come from the realm of the socket");

promise_test(async t => {
  const peer = await makePeer(t, "hold", { greeting: "hello" });
  const inner = (await makeFrame(t)).contentWindow;
  const socket = new inner.TCPSocket(peer.address, peer.port);
  const info = await socket.opened;
  assert_equals(Object.getPrototypeOf(info), inner.Object.prototype, "the info object");
  assert_true(info.readable instanceof inner.ReadableStream, "readable");
  assert_true(info.writable instanceof inner.WritableStream, "writable");
  const { value } = await info.readable.getReader().read();
  assert_equals(value.constructor, inner.Uint8Array, "chunks");
  assert_true(value.buffer instanceof inner.ArrayBuffer, "and their buffers");
}, "TCP-INFO-02, TCP-INFO-03, TCP-R-05: the info object, the streams and the chunks are of the socket's realm");

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const inner = (await makeFrame(t)).contentWindow;
  const socket = new TCPSocket(peer.address, peer.port);
  const { writable } = await socket.opened;
  const writer = writable.getWriter();
  await writer.write(new inner.Uint8Array([1, 2, 3]));
  await writer.write(new inner.ArrayBuffer(2));
  await peer.received(5);
  writer.releaseLock();
  await socket.close();
}, "TCP-W-03: chunks of another realm are accepted");
