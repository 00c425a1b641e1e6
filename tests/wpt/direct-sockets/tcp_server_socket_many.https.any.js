// META: title=TCPServerSocket: many connections
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js

"use strict";

const COUNT = 1000;

promise_test(async t => {
  const { server, port, readable } = await listen(t);
  // All of them wait before the first one is read: one in the stream, the others in the queue of the kernel.
  const clients = await makeClients(t, port, "hold", { count: COUNT, greeting: "x", timeout: 30 });
  const reader = readable.getReader();
  const seen = [];
  for (let i = 0; i < COUNT; i++) {
    const { value } = await reader.read();
    const info = await value.opened;
    seen.push(info.remotePort);
    assert_equals((await info.readable.getReader().read()).value.length, 1, `connection ${i}`);
  }
  assert_array_equals(seen, clients.connections.map(client => client.localPort), "in the order of connecting");
  reader.releaseLock();
  await server.close();
}, "LIFE-10, SRV-R-02: a thousand clients that have connected at once are accepted, each once");
