// META: title=TCPServerSocket: frames and workers that go away
// META: global=window
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

const COUNT = 10;

// Servers in every state, made by the code of a frame: listening, waiting, with a connection in the stream, with one
// that was read. Their ports, and the clients of the last two.
async function serveIn(t, global) {
  const ports = [];
  const clients = [];
  const kept = [];
  for (let i = 0; i < COUNT; i++) {
    const server = new global.TCPServerSocket("127.0.0.1");
    const { readable, localPort } = await server.opened;
    if (i % 4 === 1) {
      readable.getReader().read();
    } else if (i % 4 > 1) {
      const made = await makeClients(t, localPort, "sink");
      clients.push(made);
      assert_true((await listening.waitForCount(localPort, 2)).ok);
      if (i % 4 === 3) {
        kept.push((await readable.getReader().read()).value);
      }
    }
    ports.push(localPort);
    kept.push(server, readable);
  }
  return { ports, clients, kept };
}

async function allGone({ ports, clients }, what) {
  for (const port of ports) {
    assert_true((await listening.waitForCount(port, 0, 5)).ok, `${what}: net holds nothing of port ${port}`);
    await assertRefuses(port, `${what}: port ${port}`);
  }
  for (const made of clients) {
    await made.wait("end", { timeout: 5 });
  }
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
    const own = await listen(t);
    const frame = await makeFrame(t);
    // Kept alive on purpose: what is reachable from here must not keep the ports open.
    const made = await serveIn(t, frame.contentWindow);
    await end(frame);
    await allGone(made, what);
    assert_equals(await connectionFailure(own.port), "", "servers of other documents are untouched");
    assert_greater_than(made.kept.length, COUNT);
  }, `LIFE-02: a frame that is ${what} closes its servers and their connections promptly`);
}

promise_test(async t => {
  const frame = await makeFrame(t);
  const server = new frame.contentWindow.TCPServerSocket("127.0.0.1");
  const { readable, localPort } = await server.opened;
  const states = [];
  server.closed.then(() => states.push("closed"), () => states.push("closed"));
  readable.getReader().read().then(() => states.push("read"), () => states.push("read"));
  frame.remove();
  assert_true((await listening.wait(localPort, { listening: false }, 5)).ok);
  await quiet();
  assert_array_equals(states, [], "nothing settles in a document that is gone");
}, "LIFE-02, TASK-08: the promises of a server whose frame was removed settle no more");

for (const [what, end] of Object.entries({
  "terminate()": async ({ worker }) => worker.terminate(),
  "self.close()": async handle => assert_equals(await handle.ask("close"), "closing"),
})) {
  promise_test(async t => {
    const handle = socketWorker(t);
    const ports = [];
    for (let i = 0; i < COUNT; i++) {
      ports.push(await handle.ask("listen"));
      assert_equals(await handle.message(), "accepted");
      assert_equals((await listening.find(ports[i])).listeners.length, 1);
    }
    const port = await handle.ask("listen", { count: 1 });
    const accepted = handle.message();
    const clients = [await makeClients(t, port, "sink")];
    assert_equals(await accepted, "accepted");
    await end(handle);
    await allGone({ ports: [...ports, port], clients }, what);
  }, `LIFE-03: ${what} closes the servers of a worker and their connections: the ports refuse`);
}

promise_test(async t => {
  const frame = await makeFrame(t);
  const server = new TCPServerSocket("127.0.0.1");
  const { readable, localPort } = await server.opened;
  const client = new frame.contentWindow.TCPSocket("127.0.0.1", localPort);
  const [{ value: accepted }] = await Promise.all([readable.getReader().read(), client.opened]);
  const info = await accepted.opened;
  frame.remove();
  // The one end goes with its document, and the other one learns of it as of any peer.
  const reader = info.readable.getReader();
  await within(t, reader.read().then(({ done }) => assert_true(done), () => {}), 5000, "the end");
  await info.writable.close().catch(() => {});
  await within(t, accepted.closed.catch(() => {}), 5000, "closed");
}, "LIFE-02: the connection of a page to a frame that is removed ends");
