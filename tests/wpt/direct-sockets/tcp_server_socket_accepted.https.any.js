// META: title=TCPServerSocket: the connections of a server, as sockets
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js
// META: script=/direct-sockets/resources/sha256.js

"use strict";

// Connections of a server follow the requirements of TCPSocket, whose tests speak of sockets that connect. Here are the
// same behaviours where a server has accepted: everything that the two do not share by construction.

promise_test(async t => {
  const total = 8 * MIB;
  const { peer, readable } = await acceptClient(t, "hold", { flood: total, then: "fin" });
  const digest = new Sha256();
  const reader = readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      break;
    }
    assert_true(value instanceof Uint8Array && value.byteOffset === 0 && value.length === value.buffer.byteLength);
    digest.update(value);
  }
  assert_equals(digest.length, total);
  assert_equals(digest.hex(), (await peer.log(0)).sentSha256);
}, "SRV-R-06, TCP-R-05, TCP-R-09: bytes of a client arrive complete and in order, then the end");

promise_test(async t => {
  const { peer, readable } = await acceptClient(t);
  const reader = readable.getReader({ mode: "byob" });
  const read = reader.read(new Uint8Array(new ArrayBuffer(30), 5, 20));
  await peer.send("hello");
  const { value, done } = await read;
  assert_false(done);
  assert_equals(value.byteOffset, 5);
  assert_equals(value.buffer.byteLength, 30);
  assert_equals(decode(value), "hello");
  const last = reader.read(new Uint8Array(8));
  await peer.fin();
  const end = await last;
  assert_true(end.done);
  assert_equals(end.value.buffer.byteLength, 8);
}, "SRV-R-06, TCP-R-01, TCP-R-06, TCP-R-12: a BYOB reader gets bytes in its own memory, and the end");

promise_test(async t => {
  const { peer, socket, readable, writable } = await acceptClient(t);
  await peer.send("hello", { then: "rst" });
  await quiet();
  const reader = readable.getReader();
  assert_equals(decode(await readExactly(reader, 5)), "hello");
  const error = await rejectsWith(reader.read(), "NetworkError");
  await rejectsExactly(reader.closed, error, "reader.closed");
  assert_equals(await state(socket.closed), "pending", "until the write side ends");
  await writable.close();
  await rejectsExactly(socket.closed, error, "closed");
}, "SRV-R-06, TCP-R-17, TCP-R-25, TCP-HC-12: bytes before a reset are delivered, and then its error");

promise_test(async t => {
  const { peer, writable } = await acceptClient(t, "sink");
  const digest = new Sha256();
  const writer = writable.getWriter();
  for (let i = 0; i < 64; i++) {
    const chunk = new Uint8Array(1 + i * 4099).map((_, index) => (index * 7 + i) & 255);
    digest.update(chunk);
    assert_equals(await writer.write(chunk), undefined);
  }
  await writer.close();
  const log = await peer.wait("eof");
  assert_equals(log.received, digest.length);
  assert_equals(log.receivedSha256, digest.hex());
}, "SRV-R-06, TCP-W-07, TCP-W-09, TCP-W-17: what is written arrives in order, and close() is the end");

promise_test(async t => {
  const { peer, readable, writable, socket } = await acceptClient(t, "sink", { then: "fin" });
  assert_true((await readable.getReader().read()).done);
  const writer = writable.getWriter();
  const write = writer.write("str");
  held(writer.closed);
  await micro();
  assert_equals(await state(write), "rejected", "without a task");
  const error = await rejectsWith(write, "TypeError");
  await rejectsExactly(socket.closed, error, "closed");
  await peer.wait("end");
}, "SRV-R-06, TCP-W-02, TCP-W-21: a chunk that is refused ends the write side");

promise_test(async t => {
  const { peer, readable, writable } = await acceptClient(t);
  const reader = readable.getReader();
  const read = held(reader.read());
  await peer.rst();
  await rejectsWith(read, "NetworkError");
  const writer = writable.getWriter();
  held(writer.closed);
  let error;
  for (let i = 0; i < 100 && !error; i++) {
    await writer.write(bytes(i)).catch(found => { error = found; });
  }
  assert_dom_exception(error, "NetworkError");
  await rejectsExactly(writer.write(bytes(1)), error, "a later write");
}, "SRV-R-06, TCP-W-10: writing to a client that has reset fails with a NetworkError");

promise_test(async t => {
  const { socket, readable, writable } = await acceptClient(t, "sink");
  const reason = new Error("of the page");
  await readable.cancel();
  await writable.abort(reason);
  await rejectsExactly(socket.closed, reason, "closed");
}, "SRV-R-06, TCP-HC-08: an abort of the page counts as an error of the writable");

promise_test(async t => {
  const { accepted, client } = await acceptOwn(t);
  const closing = client.socket.close();
  assert_true((await accepted.readable.getReader().read()).done);
  await accepted.writable.close();
  assert_equals(await accepted.socket.closed, undefined, "the accepted socket");
  assert_equals(await closing, undefined, "the client");
}, "SRV-R-06: both ends of a connection in one page close");

promise_test(async t => {
  const { server, accepted, client } = await acceptOwn(t);
  const other = await acceptOwn(t);
  await server.close();
  await other.server.close();
  const ends = [[accepted, client], [client, accepted], [other.accepted, other.client]];
  for (const [from, to] of ends) {
    const writer = from.writable.getWriter();
    await writer.write(encode("to the other end"));
    writer.releaseLock();
    const reader = to.readable.getReader();
    assert_equals(decode(await readExactly(reader, 16)), "to the other end");
    reader.releaseLock();
  }
  await client.socket.close();
  assert_equals(decode(await readAll(accepted.readable.getReader())), "", "it ends with its own client");
  assert_equals(await state(other.accepted.socket.closed), "pending", "and no other one does");
}, "SRV-R-06: connections are independent of the server and of each other");

promise_test(async t => {
  const { server, info, socket } = await acceptClient(t, "hold", { greeting: "x", count: 1 });
  assert_equals(socket.opened, socket.opened);
  assert_not_equals(socket.opened, server.opened);
  assert_true(info.readable instanceof ReadableStream, "readable");
  assert_true(info.writable instanceof WritableStream, "writable");
  const error = thrown(() => structuredClone(socket));
  assert_equals(error.name, "DataCloneError");
}, "SRV-R-06: an accepted socket is a platform object like one that was constructed");
