// META: title=TCPServerSocket: tasks and their order
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  await startNet(t);
  const localPort = (await makePeer(t, "hold")).port;
  const servers = {
    "one that opens": new TCPServerSocket("127.0.0.1"),
    "one whose port is taken": new TCPServerSocket("127.0.0.1", { localPort }),
    "one whose address is not of this machine": new TCPServerSocket("192.0.2.1"),
  };
  for (const server of Object.values(servers)) {
    held(server.opened);
  }
  await micro();
  for (const [what, server] of Object.entries(servers)) {
    assert_equals(await state(server.opened), "pending", `opened of ${what}`);
    assert_equals(await state(server.closed), "pending", `closed of ${what}`);
  }
  const [good, ...bad] = Object.values(servers);
  await good.opened;
  await good.close();
  for (const server of bad) {
    await rejectsWith(server.opened, "NetworkError");
  }
}, "TASK-01: nothing that the constructor of a server starts settles before the current task has ended");

promise_test(async t => {
  const { server, port, readable } = await listen(t);
  await makeClients(t, port);
  await listening.waitForCount(port, 2);
  // The connection is there, in net; it comes by a task, and then without another one.
  const reader = readable.getReader();
  const { value: socket } = await reader.read();
  assert_equals(await state(socket.opened), "fulfilled");
  const read = reader.read();
  await makeClients(t, port);
  await read;
  reader.releaseLock();
  const closing = server.close();
  await micro();
  assert_equals(await state(closing), "pending", "close()");
  await closing;
}, "TASK-02: what the OS reports to a server reaches script through tasks");

promise_test(async t => {
  const { port, readable } = await listen(t);
  const reader = readable.getReader();
  const read = reader.read();
  const client = new TCPSocket("127.0.0.1", port);
  // It connects, and the server accepts it, while script is busy.
  const start = Date.now();
  while (Date.now() - start < 300) {
    // Busy.
  }
  await micro();
  assert_equals(await state(read), "pending", "microtasks do not get at it");
  assert_equals(await state(client.opened), "pending", "nor at what happened to the client");
  const { value } = await read;
  await client.opened;
  await client.close();
  await value.close();
}, "TASK-02: a connection that comes while script is busy is delivered by a later task");

promise_test(async t => {
  const { server, readable } = await listen(t);
  const cancelled = readable.cancel();
  await micro();
  assert_equals(await state(cancelled), "fulfilled", "a cancel");
  assert_equals(await state(server.closed), "pending", "closed");
  await server.closed;
}, "TASK-06, TASK-07: of a server's outcomes only a cancel settles without a task");

promise_test(async t => {
  await startNet(t);
  const { server } = await listen(t);
  const lines = await traced(["trace=close,shutdown"], async () => {
    const order = [];
    const other = await listen(t);
    other.server.closed.then(() => order.push("closed"));
    await other.readable.cancel();
    order.push("cancel");
    await other.server.closed;
    assert_array_equals(order, ["cancel", "closed"]);
    assert_array_equals((await listening.find(other.port)).listeners, [], "closed in the OS before closed settled");
  });
  assert_array_equals(lines.filter(line => line.includes("EBADF")), [], "no descriptor is closed twice");
  assert_equals(await state(server.closed), "pending", "another server is not touched");
}, "TASK-07: closed is settled by a task of its own, after the OS close");
