// META: title=TCPSocket: aborting the writable stream
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  for (let i = 0; i < 30; i++) {
    const { socket, writable } = await connect(t, peer);
    const writer = writable.getWriter();
    writer.closed.catch(() => {});
    const reason = new Error("of the page");
    const write = writer.write(encode("0123456789"));
    write.catch(() => {});
    for (let turns = 0; turns < i; turns++) {
      await null;
    }
    if (i % 3 === 2) {
      await task();
    }
    await writer.abort(reason);
    let fulfilled = true;
    await write.catch(error => {
      fulfilled = false;
      assert_equals(error, reason, "only the reason, never a NetworkError");
    });
    const log = await peer.wait("eof", { connection: i });
    if (fulfilled) {
      assert_equals(log.received, 10, "a write that fulfils has sent everything");
    }
  }
}, "TCP-W-13: a write that was complete before the abort fulfils, any other rejects with the reason");

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const { socket, readable, writable } = await connect(t, peer);
  await readable.cancel();
  const reason = new Error("of the page");
  const order = [];
  const aborted = writable.abort(reason);
  aborted.then(async value => {
    assert_equals(value, undefined);
    order.push("aborted");
    await micro();
    order.push("microtasks after it");
  });
  const closed = socket.closed.catch(error => {
    assert_equals(error, reason);
    order.push("closed");
  });
  await micro();
  assert_equals(await state(aborted), "pending", "not without a task");
  await Promise.all([aborted, closed]);
  assert_array_equals(order, ["aborted", "microtasks after it", "closed"], "closed settles in a later task");
}, "TCP-W-16: abort fulfils in a task, and closed settles in a later one");

// The write is one that no buffer has room for: others may be fulfilled before they fail.
const BAD_CHUNKS = { "a write that then fails": new Uint8Array(16 << 20), "a chunk that is refused": "str" };
for (const [what, chunk] of Object.entries(BAD_CHUNKS)) {
  promise_test(async t => {
    const peer = await makePeer(t, "hold");
    const { socket, readable, writable } = await connect(t, peer);
    const read = held(readable.getReader().read());
    await peer.rst();
    await rejectsWith(read, "NetworkError");
    // The failure ends the second side, so that there is nothing left to shut down when the abort has its turn.
    const writer = writable.getWriter();
    held(writer.closed);
    const write = held(writer.write(chunk));
    const abort = writer.abort("reason");
    assert_equals(await within(t, abort, 5000, "the abort"), undefined);
    await rejection(write);
    await within(t, rejection(socket.closed), 5000, "closed");
  }, `TCP-W-16, TCP-HC-09: an abort in the turn of ${what} fulfils`);
}
