// META: title=UDPSocket: handle closing
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/_mozilla/direct-sockets/resources/udp_os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

// The address of a socket can be had again at once.
async function assert_free(t, info) {
  assert_false((await udp.socket(info)).exists, "the OS socket is gone by the time closed settles");
  const { socket } = await bindUdp(t, { localAddress: info.localAddress, localPort: info.localPort });
  await socket.close();
}

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const { socket, info, readable, writable } = await bindUdp(t);
  await readable.cancel();
  const writer = writable.getWriter();
  await writer.write(to(peer, "still"));
  assert_equals((await peer.received(1)).datagrams[0].text, "still", "writes still arrive");
  await quiet();
  assert_equals(await state(socket.closed), "pending");
  assert_true((await udp.socket(info)).exists, "the OS socket is open");
  await writer.close();
  await socket.closed;
}, "UDP-HC-01: when the read side ends while the write side is open nothing is closed");

for (const [what, end] of Object.entries({
  "closed": ({ writable }) => writable.close(),
  "aborted": ({ writable }) => writable.abort("reason"),
  "errored": ({ writable }) => writable.getWriter().write("str").catch(() => {}),
})) {
  promise_test(async t => {
    const peer = await makeUdpPeer(t);
    const made = await bindUdp(t);
    const { socket, info, readable } = made;
    await end(made);
    await quiet();
    assert_equals(await state(socket.closed), "pending");
    await peer.send("still", at(info));
    const reader = readable.getReader();
    assert_equals(await readText(reader), "still", "datagrams still arrive");
    await reader.cancel();
    await socket.closed.catch(() => {});
    assert_not_equals(await state(socket.closed), "pending");
  }, `UDP-HC-01: when the write side is ${what} while the read side is open nothing is closed`);
}

const ORDERS = {
  "cancel, then close": ["cancel", "close"],
  "close, then cancel": ["close", "cancel"],
  "cancel, then abort": ["cancel", "abort"],
  "abort, then cancel": ["abort", "cancel"],
  "cancel, then a refused message": ["cancel", "refused"],
  "a refused message, then cancel": ["refused", "cancel"],
  "cancel, then a send error": ["cancel", "failed"],
  "a send error, then cancel": ["failed", "cancel"],
};
// Each returns the error that it leaves, if any.
const ENDS = {
  cancel: async ({ readable }) => { await readable.cancel("not reported"); },
  close: async ({ writable }) => { await writable.close(); },
  async abort({ writable }) {
    const reason = new Error("of the page");
    await writable.abort(reason);
    return reason;
  },
  refused: ({ writable }) => rejection(writable.getWriter().write("str")),
  failed: ({ writable }) => rejection(writable.getWriter().write(to({ address: "127.0.0.1", port: 0 }, "x"))),
};
for (const [what, steps] of Object.entries(ORDERS)) {
  const id = steps[0] === "cancel" ? "UDP-HC-04" : "UDP-HC-03";
  promise_test(async t => {
    const made = await bindUdp(t);
    const { socket, info } = made;
    const first = await ENDS[steps[0]](made);
    assert_equals(await state(socket.closed), "pending", "after the first");
    const error = first ?? await ENDS[steps[1]](made);
    if (first) {
      await ENDS[steps[1]](made);
    }
    if (error) {
      await rejectsExactly(socket.closed, error, "closed");
    } else {
      assert_equals(await socket.closed, undefined, "closed");
    }
    await assert_free(t, info);
  }, `UDP-HC-02, ${id}: ${what}: net closes the OS socket, and then closed settles`);
}

promise_test(async t => {
  const { socket, info, readable, writable } = await connectUdp(t, await closedUdpPort(t));
  const first = await rejectsWith(writable.getWriter().write("str"), "TypeError");
  const read = held(readable.getReader().read());
  await udp.provokeError(info);
  const second = await rejectsWith(read, "NetworkError", "the read");
  assert_not_equals(first, second);
  await rejectsExactly(socket.closed, first, "closed");
  assert_true((await udp.gone(info)).ok);
}, "UDP-HC-03: in the readable's handler the error of the writable is reported first");

promise_test(async t => {
  const { socket, info, readable, writable } = await connectUdp(t, await closedUdpPort(t));
  await writable.close();
  const read = held(readable.getReader().read());
  await udp.provokeError(info);
  await rejectsExactly(socket.closed, await rejectsWith(read, "NetworkError", "the read"), "closed");
}, "UDP-HC-03: in the readable's handler the error of the readable is reported if the writable has none");

promise_test(async t => {
  const { socket, info, readable, writable } = await connectUdp(t, await closedUdpPort(t));
  await udp.provokeError(info);
  const first = await rejectsWith(readable.getReader().read(), "NetworkError", "the read");
  assert_equals(await state(socket.closed), "pending", "the write side is open");
  const second = await rejectsWith(writable.getWriter().write("str"), "TypeError");
  assert_not_equals(first, second);
  await rejectsExactly(socket.closed, first, "closed");
}, "UDP-HC-04: in the writable's handler the error of the readable is reported first");

for (const [what, end] of Object.entries({ "close": ENDS.close, "abort": ENDS.abort })) {
  promise_test(async t => {
    const made = await connectUdp(t, await closedUdpPort(t));
    await udp.provokeError(made.info);
    const error = await rejectsWith(made.readable.getReader().read(), "NetworkError", "the read");
    await end(made);
    await rejectsExactly(made.socket.closed, error, "closed");
  }, `UDP-HC-04: a read error, then ${what} of the writable: closed rejects with the read error`);
}

promise_test(async t => {
  // No reader: what is read ahead is how the error is seen.
  const { socket, info, writable } = await connectUdp(t, await closedUdpPort(t));
  await writable.close();
  await udp.provokeError(info);
  await rejectsWith(socket.closed, "NetworkError", "closed");
  assert_true((await udp.gone(info)).ok);
}, "UDP-HC-02: an error is seen, and teardown runs, for a page that never reads");

promise_test(async t => {
  const { socket, readable, writable } = await bindUdp(t);
  await writable.close();
  const order = [];
  const closed = socket.closed.then(() => order.push("closed"));
  const cancelled = readable.cancel().then(async () => {
    order.push("cancelled");
    await micro();
    order.push("microtasks after it");
  });
  await Promise.all([closed, cancelled]);
  assert_array_equals(order, ["cancelled", "microtasks after it", "closed"]);
}, "TASK-07: closed settles in a task of its own");

promise_test(async t => {
  const before = await udp.count();
  for (let round = 0; round < 10; round++) {
    const opened = await Promise.all(Array.from({ length: 50 }, () => bindUdp(t)));
    for (const [index, { socket, readable, writable }] of opened.entries()) {
      let settled = 0;
      socket.closed.then(() => settled++, () => settled++);
      const reason = new Error("of the page");
      if (index % 2) {
        readable.cancel();
        writable.abort(reason);
      } else {
        writable.abort(reason);
        readable.cancel();
      }
      await rejectsExactly(socket.closed, reason, "closed");
      await null;
      assert_equals(settled, 1, "closed settles once");
    }
  }
  assert_true((await udp.waitForCount(before, 5)).ok, "every socket is closed");
  assert_equals((await os.processes()).net.length, 1);
}, "UDP-HC-02: teardown happens once, whatever the interleaving of abort and cancel");

promise_test(async t => {
  await startUdpNet();
  const opened = await Promise.all(Array.from({ length: 20 }, () => bindUdp(t)));
  const lines = await traced(["trace=close"], async () => {
    for (const { writable, readable } of opened) {
      held(writable.abort("reason"));
      readable.cancel();
    }
    await Promise.all(opened.map(({ socket }) => rejection(socket.closed)));
  });
  assert_array_equals(lines.filter(line => line.includes("EBADF")), [], "no descriptor is closed twice");
}, "UDP-HC-02: no descriptor is used after it was closed");
