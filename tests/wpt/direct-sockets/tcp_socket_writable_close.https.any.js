// META: title=TCPSocket: closing the writable stream
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const { socket, readable, writable } = await connect(t, peer);
  const writer = writable.getWriter();
  const writes = [writer.write(new Uint8Array(3 * MIB).fill(1)), writer.write(new Uint8Array(MIB).fill(2)),
                  writer.write(encode("end"))];
  const closing = writer.close();
  await Promise.all([...writes, closing]);
  const log = await peer.wait("eof");
  assert_equals(log.received, 4 * MIB + 3, "everything that was queued");
  await peer.send("after the FIN", { then: "fin" });
  const reader = readable.getReader();
  assert_equals(decode(await readAll(reader)), "after the FIN", "half-closed");
  assert_equals(await socket.closed, undefined);
}, "TCP-W-17: close shuts the socket down for writing after all queued chunks, and reading goes on");

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const { socket, readable, writable } = await connect(t, peer);
  await readable.cancel();
  const order = [];
  const closing = writable.close();
  closing.then(async value => {
    assert_equals(value, undefined);
    order.push("close");
    await micro();
    order.push("microtasks after it");
  });
  const closed = socket.closed.then(() => order.push("closed"));
  await micro();
  assert_equals(await state(closing), "pending", "not without a task");
  await Promise.all([closing, closed]);
  assert_array_equals(order, ["close", "microtasks after it", "closed"], "closed settles in a later task");
}, "TCP-W-18: close fulfils in a task, and closed settles in a later one");

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const { socket, readable, writable } = await connect(t, peer);
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  const reason = new Error("of the page");
  const closing = writer.close();
  const aborting = writer.abort(reason);
  await rejectsExactly(closing, reason, "close");
  await rejectsExactly(aborting, reason, "abort");
  await peer.wait("eof");
  await readable.cancel();
  await rejectsExactly(socket.closed, reason, "closed");
}, "TCP-W-19: an abort while the close is in flight rejects both with the reason, and the peer sees the FIN");

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const { socket, writable } = await connect(t, peer);
  const writer = writable.getWriter();
  const close = writer.close();
  await rejectsWith(writer.write(bytes(1)), "TypeError", "a write behind it");
  await rejectsWith(writer.close(), "TypeError", "another close");
  assert_equals(await close, undefined);
  assert_equals((await peer.wait("eof")).received, 0);
  assert_equals(await state(socket.closed), "pending");
}, "TCP-W-17: a write behind a close in the same turn is rejected, and the close goes on");
