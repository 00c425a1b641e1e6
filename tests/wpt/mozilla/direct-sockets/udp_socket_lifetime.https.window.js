// META: title=UDPSocket: frames and workers that go away
// META: global=window
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/_mozilla/direct-sockets/resources/udp_os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js
// META: script=/direct-sockets/resources/udp_states.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

const COUNT = 18;

async function allGone(ports, what) {
  for (const localPort of ports) {
    const { ok } = await udp.gone({ localPort });
    assert_true(ok, `${what}: the socket on port ${localPort} is closed`);
  }
}

// The next message of a worker.
function answer(worker) {
  return new Promise((resolve, reject) => {
    worker.onmessage = event => resolve(event.data);
    worker.onerror = event => reject(new Error(event.message));
  });
}

function openInWorker(worker, peer) {
  const ports = answer(worker);
  worker.postMessage({ command: "open", port: peer.port, count: COUNT });
  return ports;
}

const ENDS = {
  "removed": async frame => frame.remove(),
  "navigated": async frame => {
    const loaded = new Promise(resolve => { frame.onload = resolve; });
    frame.src = "/direct-sockets/resources/blank.html?second";
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
    const peer = await makeUdpPeer(t, "echo");
    const own = await connectUdp(t, peer);
    const before = await udp.count();
    const frame = await makeFrame(t);
    // Kept alive on purpose: what is reachable from here must not keep the sockets open.
    const { sockets, ports } = await openInEveryState(frame.contentWindow, peer.port, COUNT);
    assert_equals(await udp.count(), before + COUNT, "sockets of net");
    await end(frame);
    await allGone(ports, what);
    assert_equals(await udp.count(), before, "sockets of net afterwards");
    const writer = own.writable.getWriter();
    await writer.write({ data: encode("x") });
    assert_equals(await readText(own.readable.getReader()), "x", "sockets of other documents are untouched");
    assert_equals(sockets.length, COUNT);
  }, `LIFE-02: a frame that is ${what} closes its UDP sockets promptly`);
}

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const frame = await makeFrame(t);
  const worker = new frame.contentWindow.Worker("/direct-sockets/resources/udp_worker.js");
  const ports = await openInWorker(worker, peer);
  frame.remove();
  await allGone(ports, "worker of a frame");
}, "LIFE-02, LIFE-03: removing a frame closes the UDP sockets of its workers");

for (const [what, end] of Object.entries({
  "terminate()": async worker => worker.terminate(),
  "self.close()": async worker => {
    const closing = answer(worker);
    worker.postMessage({ command: "close" });
    assert_equals(await closing, "closing");
  },
})) {
  promise_test(async t => {
    const peer = await makeUdpPeer(t);
    const worker = new Worker("/direct-sockets/resources/udp_worker.js");
    t.add_cleanup(() => worker.terminate());
    const ports = await openInWorker(worker, peer);
    assert_equals(ports.length, COUNT);
    await end(worker);
    await allGone(ports, what);
  }, `LIFE-03: ${what} closes the UDP sockets of a worker`);
}

promise_test(async t => {
  t.add_cleanup(() => os.blockHosts(false));
  const net = await startUdpNet();
  const peer = await makeUdpPeer(t);
  const frame = await makeFrame(t);
  const inner = frame.contentWindow;
  await os.blockHosts(true);
  const opening = new inner.UDPSocket({ remoteAddress: "v4.test", remotePort: peer.port });
  const bound = new inner.UDPSocket({ localAddress: "127.0.0.1" });
  const { readable, writable, localPort } = await bound.opened;
  const reactions = [];
  const watch = (what, promise) => promise.then(() => reactions.push(what), () => reactions.push(`${what} failed`));
  watch("opened", opening.opened);
  watch("closed of the one that opens", opening.closed);
  watch("closed", bound.closed);
  watch("read", readable.getReader().read());
  watch("write", writable.getWriter().write(to({ address: "v4.test", port: peer.port }, "x")));
  await quiet();
  frame.remove();
  await os.blockHosts(false);
  assert_true((await udp.gone({ localPort })).ok, "the open one is closed");
  await quiet(300);
  assert_array_equals(reactions, [], "nothing settles there any more");
  assert_equals((await peer.log()).received, 0, "and the message is not sent");
  assert_equals((await os.processes()).net[0], net);
}, "TASK-08: nothing settles for a frame that has gone, and what it was sending is given up");

promise_test(async t => {
  const frame = await makeFrame(t);
  const { TCPSocket, UDPSocket, TCPServerSocket, DOMException: InnerException } = frame.contentWindow;
  frame.remove();
  for (const [name, construct] of Object.entries({
    TCPSocket: () => new TCPSocket("127.0.0.1", 1),
    UDPSocket: () => new UDPSocket({ localAddress: "127.0.0.1" }),
    TCPServerSocket: () => new TCPServerSocket("127.0.0.1"),
  })) {
    const error = thrown(construct, name);
    assert_equals(error.name, "NotAllowedError", name);
    assert_true(error instanceof InnerException || error instanceof DOMException, `${name}: a DOMException`);
  }
}, "PP-08: in a document that is not fully active none of the three may be constructed");
