// META: title=TCPSocket: frames and workers that go away
// META: global=window
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

const COUNT = 20;

// Sockets in every state, made by the code of a frame or worker.
async function openIn(global, port) {
  const sockets = [];
  for (let i = 0; i < COUNT; i++) {
    const socket = new global.TCPSocket("127.0.0.1", port);
    const { readable, writable } = await socket.opened;
    if (i % 4 === 1) {
      readable.getReader().read();
    } else if (i % 4 === 2) {
      writable.getWriter().write(new global.Uint8Array(4 * MIB));
    } else if (i % 4 === 3) {
      await writable.close();
    }
    sockets.push(socket);
  }
  return sockets;
}

async function allGone(peer, what) {
  const { ok, net } = await os.waitForSockets(peer.port, 0, 5);
  assert_true(ok, `${what}: ${net} sockets are left in net`);
  // Where bytes wait in the kernel the peer sees the end behind them.
  for (let connection = 0; connection < COUNT; connection++) {
    await peer.read(undefined, { connection });
  }
  await peer.waitForCount(COUNT, "ended");
}

const ENDS = {
  "removed": async frame => frame.remove(),
  "navigated": async frame => {
    const loaded = new Promise(resolve => { frame.onload = resolve; });
    frame.src = "/direct-sockets/resources/blank.html?second";
    await loaded;
  },
  "navigated by itself": async frame => {
    const loaded = new Promise(resolve => { frame.onload = resolve; });
    frame.contentWindow.location.href = "/direct-sockets/resources/blank.html?third";
    await loaded;
  },
  "reloaded": async frame => {
    const loaded = new Promise(resolve => { frame.onload = resolve; });
    frame.contentWindow.location.reload();
    await loaded;
  },
};
for (const [what, end] of Object.entries(ENDS)) {
  promise_test(async t => {
    const peer = await makePeer(t, "hold", { receiveBuffer: 4096 });
    const frame = await makeFrame(t);
    const own = await connect(t, await makePeer(t, "echo"));
    // Kept alive on purpose: what is reachable from here must not keep the sockets open.
    const sockets = await openIn(frame.contentWindow, peer.port);
    assert_equals((await os.countSockets(peer.port)).net, COUNT);
    await end(frame);
    await allGone(peer, what);
    const writer = own.writable.getWriter();
    await writer.write(encode("x"));
    const reader = own.readable.getReader();
    assert_equals(decode(await readExactly(reader, 1)), "x", "sockets of other documents are untouched");
    assert_equals(sockets.length, COUNT);
  }, `LIFE-02: a frame that is ${what} closes its sockets promptly`);
}

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const outer = await makeFrame(t);
  const inner = outer.contentDocument.createElement("iframe");
  const loaded = new Promise(resolve => { inner.onload = resolve; });
  inner.src = "/direct-sockets/resources/blank.html";
  outer.contentDocument.body.append(inner);
  await loaded;
  await openIn(inner.contentWindow, peer.port);
  outer.remove();
  await allGone(peer, "nested");
}, "LIFE-02: removing a frame closes the sockets of the frames in it, too");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const frame = await makeFrame(t);
  const worker = new frame.contentWindow.Worker("/direct-sockets/resources/socket_worker.js");
  const open = new Promise(resolve => { worker.onmessage = event => resolve(event.data); });
  worker.postMessage({ command: "open", port: peer.port, count: COUNT });
  assert_equals(await open, "open");
  frame.remove();
  await allGone(peer, "worker of a frame");
}, "LIFE-02, LIFE-03: removing a frame closes the sockets of its workers");

for (const [what, end] of Object.entries({
  "terminate()": async ({ worker }) => worker.terminate(),
  "self.close()": async handle => assert_equals(await handle.ask("close"), "closing"),
})) {
  promise_test(async t => {
    const peer = await makePeer(t, "hold");
    const handle = socketWorker(t);
    assert_equals(await handle.ask("open", { port: peer.port, count: COUNT }), "open");
    assert_equals((await os.countSockets(peer.port)).net, COUNT);
    await end(handle);
    await allGone(peer, what);
  }, `LIFE-03: ${what} closes the sockets of a worker`);
}

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  await startNet(t);
  const before = await os.descriptors();
  for (let round = 0; round < 10; round++) {
    const handle = socketWorker(t);
    assert_equals(await handle.ask("open", { port: peer.port, count: 5 }), "open");
    handle.worker.terminate();
  }
  await peer.waitForCount(50, "ended");
  assert_true((await os.waitForSockets(peer.port, 0, 5)).ok);
  // The descriptors of channels go a moment after the sockets.
  let after;
  for (let i = 0; i < 50; i++) {
    after = await os.descriptors();
    if (after.net <= before.net) {
      break;
    }
    await quiet(50);
  }
  assert_less_than_equal(after.net, before.net, "descriptors of net");
}, "LIFE-03: workers that were terminated leave no descriptors in net");
