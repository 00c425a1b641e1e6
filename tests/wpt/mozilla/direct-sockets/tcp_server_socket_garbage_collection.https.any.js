// META: title=TCPServerSocket: garbage collection
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/common/gc.js
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/_mozilla/direct-sockets/resources/gc.js
// META: script=/direct-sockets/resources/server.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

async function until(t, condition, what) {
  await within(t, (async () => {
    while (!condition()) {
      await task();
    }
  })(), 15000, what);
}

promise_test(async t => {
  await startNet(t);
  await os.signalNet("STOP");
  t.add_cleanup(() => os.signalNet("CONT"));
  let port;
  await detached(() => {
    new TCPServerSocket("127.0.0.1").opened.then(({ localPort }) => { port = localPort; });
  });
  await encourageCollection(10);
  assert_equals(port, undefined, "still opening");
  await os.signalNet("CONT");
  await until(t, () => port, "the reaction to opened");
  assert_greater_than(port, 0);
}, "LIFE-06: a server that is opening is not collected, and opened settles");

promise_test(async t => {
  let remotePort;
  const port = await detached(async () => {
    const { readable, localPort } = await new TCPServerSocket("127.0.0.1").opened;
    readable.getReader().read().then(async ({ value }) => { ({ remotePort } = await value.opened); });
    return localPort;
  });
  await collectGarbageForSure();
  assert_equals((await listening.find(port)).listeners.length, 1, "it listens");
  const clients = await makeClients(t, port);
  await until(t, () => remotePort, "the reaction to the read");
  assert_equals(remotePort, clients.connections[0].localPort);
}, "LIFE-06: a server with an outstanding read is not collected");

promise_test(async t => {
  const { readable, port } = await detached(async () => {
    const info = await new TCPServerSocket("127.0.0.1").opened;
    return { readable: info.readable, port: info.localPort };
  });
  await collectGarbageForSure();
  const clients = await makeClients(t, port);
  const { value } = await readable.getReader().read();
  assert_equals((await value.opened).remotePort, clients.connections[0].localPort);
}, "LIFE-06: a readable that the page holds keeps its server alive");

promise_test(async t => {
  const server = await detached(async () => {
    const made = new TCPServerSocket("127.0.0.1");
    await made.opened;
    return made;
  });
  const { localPort } = await server.opened;
  const clients = await makeClients(t, localPort);
  assert_true((await listening.waitForCount(localPort, 2)).ok, "the connection is accepted");
  await collectGarbageForSure();
  const { readable } = await server.opened;
  const { value } = await readable.getReader().read();
  assert_equals((await value.opened).remotePort, clients.connections[0].localPort, "and it is still there");
  assert_equals(await value.close(), undefined);
}, "LIFE-06: a server that the page holds keeps the connection that nobody has read");

promise_test(async t => {
  const { port, readable } = await listen(t);
  const clients = await makeClients(t, port, "hold", { count: 2 });
  const reader = readable.getReader();
  let text;
  await detached(async () => {
    const { value } = await reader.read();
    const { readable: incoming } = await value.opened;
    incoming.getReader().read().then(found => { text = decode(found.value); });
    await (await reader.read()).value.opened;
  });
  // Of the two connections one waits for data, and one is idle.
  const gone = await collectGarbageUntil(async () => (await listening.count(port)) === 2);
  assert_true(gone, "the idle one is closed, the listener and the other one stay");
  await clients.wait("end", { connection: 1 });
  await clients.send("late");
  await until(t, () => text, "the reaction to the read");
  assert_equals(text, "late");
}, "LIFE-06, LIFE-07: of a server's connections those are collected that are idle and unreachable");

promise_test(async t => {
  const ports = await detached(async () => {
    const found = [];
    for (let i = 0; i < 30; i++) {
      found.push((await new TCPServerSocket("127.0.0.1").opened).localPort);
    }
    return found;
  });
  const left = async () => {
    let count = 0;
    for (const port of ports) {
      count += await listening.count(port);
    }
    return count;
  };
  const gone = await collectGarbageUntil(async () => (await left()) === 0);
  assert_true(gone, `left in net: ${await left()}`);
  for (const port of ports) {
    await assertRefuses(port);
  }
}, "LIFE-07: unreachable servers that nobody waits for are closed after collection");

promise_test(async t => {
  const { port, clients } = await detached(async () => {
    const { localPort } = await new TCPServerSocket("127.0.0.1").opened;
    const made = await makeClients(t, localPort, "sink", { count: 3 });
    assert_true((await listening.wait(localPort, { queued: 2 })).ok);
    return { port: localPort, clients: made };
  });
  const gone = await collectGarbageUntil(async () => (await listening.count(port)) === 0);
  assert_true(gone, "the server and the connection in its stream are closed");
  for (let connection = 0; connection < 3; connection++) {
    await clients.wait("end", { connection });
  }
}, "LIFE-07: an unreachable server takes the connections with it that nobody has read");
