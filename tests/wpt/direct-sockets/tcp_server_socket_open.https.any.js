// META: title=TCPServerSocket: opening
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js

"use strict";

promise_test(async t => {
  await needIPv6();
  await needAddresses("127.0.0.2");
  const { port } = await listen(t);
  await assertRefuses(port, "another address of loopback", "127.0.0.2");
  await assertRefuses(port, "IPv6", "::1");
}, "SRV-OPEN-01: it listens on no other address");

promise_test(async t => {
  const server = new TCPServerSocket("192.0.2.1");
  const order = [];
  const { port1, port2 } = new MessageChannel();
  const message = new Promise(resolve => {
    port2.onmessage = () => {
      order.push("message");
      resolve();
    };
  });
  const opened = server.opened.catch(async () => {
    order.push("opened");
    port1.postMessage(null);
    return state(server.closed);
  });
  const closed = server.closed.catch(() => order.push("closed"));
  const [seen] = await Promise.all([opened, closed, message]);
  assert_array_equals(order, ["opened", "closed", "message"], "no task between the two");
  assert_equals(seen, "rejected", "closed, in the handler of opened");
  port1.close();
}, "SRV-OPEN-02: a failure rejects opened and then closed in one task");

promise_test(async () => {
  const handled = await unhandledRejections(async () => {
    await rejection(new TCPServerSocket("192.0.2.1").opened);
  });
  assert_equals(handled.length, 0, "with a handler on opened only");
  let opened;
  const none = await unhandledRejections(async () => {
    ({ opened } = new TCPServerSocket("192.0.2.1"));
    await quiet();
  });
  assert_equals(none.length, 1, "without any handler");
  assert_equals(none[0].promise, opened, "it is for opened");
}, "SRV-OPEN-02: a failure reports at most one unhandled rejection, that of opened");

promise_test(async t => {
  for (let round = 0; round < 20; round++) {
    const localPort = await freePort(t);
    const server = new TCPServerSocket("127.0.0.1", { localPort });
    const order = [];
    const serving = server.opened.then(async info => {
      order.push("opened");
      assert_equals(info.localPort, localPort);
      assert_equals(await state(server.closed), "pending");
      const reader = info.readable.getReader();
      const { value } = await reader.read();
      order.push("connection");
      reader.releaseLock();
      return value;
    });
    // Clients that come as soon as the port is there, whether script knows already or not.
    let clients;
    for (;;) {
      clients = await Clients.connect(localPort);
      if (clients.failures.length === 0) {
        break;
      }
      await clients.end();
    }
    const accepted = await serving;
    assert_equals((await accepted.opened).remotePort, clients.connections[0].localPort, "not a connection is lost");
    assert_array_equals(order, ["opened", "connection"]);
    await clients.end();
    await accepted.close().catch(() => {});
    await server.close();
  }
}, "SRV-OPEN-03: the readable is there when opened resolves, and no connection is seen before");

promise_test(async t => {
  const { server, info } = await listen(t);
  await server.close();
  assert_equals(await server.opened, info);
}, "SRV-OPEN-03: opened resolves once and keeps its value after the server is closed");
