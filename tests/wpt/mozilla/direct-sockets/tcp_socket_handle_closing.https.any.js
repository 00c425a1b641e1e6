// META: title=TCPSocket: handle closing
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  const peer = await makePeer(t, "sink", { then: "fin" });
  const { socket, info, readable, writable } = await connect(t, peer);
  const reader = readable.getReader();
  assert_true((await reader.read()).done);
  await quiet(500);
  assert_equals(await state(socket.closed), "pending");
  assert_equals((await os.socket(info)).state, "CLOSE_WAIT");
  const writer = writable.getWriter();
  await writer.write(encode("still"));
  await peer.received(5);
  await writer.close();
  await socket.closed;
}, "TCP-HC-01: when the read side ends while the write side is open nothing is closed");

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const { socket, info, readable, writable } = await connect(t, peer);
  await writable.close();
  const { ok } = await os.waitForSocket(info, { state: "FIN_WAIT2" });
  assert_true(ok, "FIN_WAIT2");
  await quiet(500);
  assert_equals(await state(socket.closed), "pending");
  await peer.send("still", { then: "fin" });
  assert_equals(decode(await readAll(readable.getReader())), "still");
  await socket.closed;
}, "TCP-HC-02: when the write side ends while the read side is open nothing is closed");

const ORDERS = {
  "FIN, then close": async ({ peer, readable, writable }) => {
    await peer.fin();
    assert_true((await readable.getReader().read()).done);
    await writable.close();
  },
  "close, then FIN": async ({ peer, readable, writable }) => {
    await writable.close();
    await peer.fin();
  },
  "cancel, then close": async ({ readable, writable }) => {
    await readable.cancel();
    await writable.close();
  },
  "close, then cancel": async ({ readable, writable }) => {
    await writable.close();
    await readable.cancel();
  },
};

for (const [what, end] of Object.entries(ORDERS)) {
  promise_test(async t => {
    const peer = await makePeer(t, "sink");
    const { socket, info, readable, writable } = await connect(t, peer);
    assert_array_equals((await os.socket(info)).holders.map(holder => holder.kind), ["net"], "before");
    await end({ peer, readable, writable });
    assert_equals(await socket.closed, undefined, "closed fulfils with undefined");
    const { holders } = await os.socket(info);
    assert_array_equals(holders, [], "the descriptor is gone from net by then");
    await peer.wait("end");
  }, `TCP-HC-03, TCP-HC-04, TCP-HC-13: ${what}: net closes the OS socket and then closed fulfils`);
}

const ABORTS = {
  "cancel, then abort": async ({ readable, writable }, reason) => {
    await readable.cancel();
    await writable.abort(reason);
  },
  "abort, then cancel": async ({ readable, writable }, reason) => {
    await writable.abort(reason);
    await readable.cancel();
  },
  "abort, then FIN": async ({ peer, writable }, reason) => {
    await writable.abort(reason);
    await peer.fin();
  },
};

for (const [what, end] of Object.entries(ABORTS)) {
  promise_test(async t => {
    const peer = await makePeer(t, "sink");
    const { socket, info, readable, writable } = await connect(t, peer);
    const reason = new Error("of the page");
    await end({ peer, readable, writable }, reason);
    await rejectsExactly(socket.closed, reason, "closed");
    assert_array_equals((await os.socket(info)).holders, [], "the descriptor is gone from net by then");
  }, `TCP-HC-03, TCP-HC-08: ${what}: the OS socket is closed, and closed rejects with the reason of the abort`);
}

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const before = await os.countSockets();
  for (let round = 0; round < 20; round++) {
    const sockets = [];
    for (let i = 0; i < 50; i++) {
      sockets.push(connect(t, peer));
    }
    for (const [index, opening] of sockets.entries()) {
      const { socket, readable, writable } = await opening;
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
  const { ok } = await os.waitForSockets(peer.port, 0);
  assert_true(ok, "every socket is closed");
  assert_equals((await os.processes()).net.length, 1);
  await peer.waitForCount(1000, "ended");
}, "TCP-HC-09: teardown happens once, whatever the interleaving of abort and cancel");

promise_test(async t => {
  await startNet(t);
  const peer = await makePeer(t, "sink");
  const opened = await Promise.all(Array.from({ length: 20 }, () => connect(t, peer)));
  const lines = await traced(["trace=close,shutdown"], async () => {
    for (const { readable, writable } of opened) {
      writable.abort("reason");
      readable.cancel();
    }
    await Promise.all(opened.map(({ socket }) => rejection(socket.closed)));
  });
  const failed = lines.filter(line => line.includes("EBADF"));
  assert_array_equals(failed, [], "no descriptor is closed twice");
}, "TCP-HC-09: no descriptor is used after it was closed");

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const { socket, info } = await connect(t, peer);
  await socket.close();
  const found = await os.socket(info);
  assert_array_equals(found.holders, [], "nobody holds it");
  assert_false(["ESTABLISHED", "CLOSE_WAIT"].includes(found.state), `state ${found.state}`);
  await peer.wait("end");
}, "TCP-HC-13: the OS socket is released when closed settles");
