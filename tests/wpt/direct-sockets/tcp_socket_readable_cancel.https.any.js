// META: title=TCPSocket: cancelling the readable stream
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable, writable } = await connect(t, peer);
  const reader = readable.getReader();
  let value = "not yet";
  reader.cancel("x").then(v => { value = v; });
  await micro();
  assert_equals(value, undefined, "cancel fulfils with undefined without a task");
  assert_equals(await state(socket.closed), "pending", "the write side is open");
  await writable.close();
  await socket.closed;
}, "TCP-R-19: cancelling fulfils without waiting for a task");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable, writable } = await connect(t, peer);
  await writable.close();
  const cancelled = readable.cancel();
  await micro();
  assert_equals(await state(cancelled), "fulfilled", "cancel");
  assert_equals(await state(socket.closed), "pending", "closed settles in a later task");
  assert_equals(await socket.closed, undefined);
}, "TCP-R-19: cancelling with the writer closed runs handle-closing, and closed fulfils in a later task");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable, writable } = await connect(t, peer);
  await readable.cancel(new Error("of the page"));
  await writable.close();
  assert_equals(await socket.closed, undefined);
  await peer.wait("end");
}, "TCP-R-20: the reason of a cancel is not reported anywhere");

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const { socket, readable, writable } = await connect(t, peer);
  const unhandled = await unhandledRejections(async () => {
    const reader = readable.getReader();
    const reads = [reader.read(), reader.read()];
    await quiet();
    const cancelled = reader.cancel();
    for (const read of reads) {
      assert_true((await read).done, "a pending read is done");
    }
    await cancelled;
    await peer.send("late");
    await quiet();
    const writer = writable.getWriter();
    await writer.write(encode("still writes"));
    await peer.received(12);
    assert_equals(await state(socket.closed), "pending");
    await peer.rst();
    let error;
    for (let i = 0; i < 1000 && !error; i++) {
      await writer.write(bytes(i)).catch(e => { error = e; });
      await task();
    }
    assert_dom_exception(error, "NetworkError", "writing fails by itself");
    await rejectsExactly(socket.closed, error, "closed");
    writer.closed.catch(() => {});
    writer.ready.catch(() => {});
  });
  assert_equals(unhandled.length, 0, "no unhandled rejection");
}, "TCP-R-21: cancelling with a read outstanding settles it as done, and the late result is dropped");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable, writable } = await connect(t, peer);
  const reader = readable.getReader({ mode: "byob" });
  const read = reader.read(new Uint8Array(10));
  await reader.cancel();
  const { done, value } = await read;
  assert_true(done);
  assert_equals(value, undefined, "as Streams says for a cancelled BYOB read");
  await peer.send("late", { then: "fin" });
  await quiet();
  await writable.close();
  await socket.closed;
}, "TCP-R-21: a BYOB read that is cancelled is done, and bytes that come later go nowhere");
