// META: title=TCPSocket: opening
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, info } = await connect(t, peer);
  const log = await peer.wait("accepted");
  assert_equals(`${log.remoteAddress}:${log.remotePort}`, `${info.localAddress}:${info.localPort}`);
  await quiet();
  assert_equals((await peer.log()).length, 1, "one connection");
  await socket.close();
}, "TCP-OPEN-01: construction makes exactly one connection to the given address and port");

const FAILURES = {
  "a closed port": async () => ["127.0.0.1", await closedPort()],
  "a closed port of IPv6": async () => {
    await needIPv6();
    return ["::1", await closedPort("::1")];
  },
  "a name that does not resolve": async () => ["no-such-name.invalid", 80],
  "an address that is not routed": async () => ["255.255.255.255", 80],
  "port 0": async () => ["127.0.0.1", 0],
  "a host with a NUL": async () => ["a\0b", 80],
  "a literal of the wrong family": async () => ["127.0.0.1", 80, { dnsQueryType: "ipv6" }],
};

for (const [what, arguments_] of Object.entries(FAILURES)) {
  promise_test(async () => {
    const socket = new TCPSocket(...await arguments_());
    await rejectsWith(socket.opened, "NetworkError", "opened");
  }, `TCP-OPEN-02: ${what} rejects opened with a NetworkError`);
}

promise_test(async t => {
  const socket = new TCPSocket("127.0.0.1", await closedPort());
  const order = [];
  const { port1, port2 } = new MessageChannel();
  const message = new Promise(resolve => {
    port2.onmessage = () => {
      order.push("message");
      resolve();
    };
  });
  const errors = {};
  const opened = socket.opened.catch(error => {
    order.push("opened");
    errors.opened = error;
    port1.postMessage(null);
  });
  const closed = socket.closed.catch(error => {
    order.push("closed");
    errors.closed = error;
  });
  await Promise.all([opened, closed, message]);
  assert_array_equals(order, ["opened", "closed", "message"], "no task between the two");
  assert_dom_exception(errors.closed, "NetworkError", "closed");
  assert_equals(errors.closed, errors.opened, "one error");
  port1.close();
}, "TCP-OPEN-03: the failure rejects closed, too, after opened and in the same task");

promise_test(async t => {
  const port = await closedPort();
  const handled = await unhandledRejections(async () => {
    await rejection(new TCPSocket("127.0.0.1", port).opened);
  });
  assert_equals(handled.length, 0, "with a handler on opened only");
  let opened;
  const none = await unhandledRejections(async () => {
    const socket = new TCPSocket("127.0.0.1", port);
    opened = socket.opened;
    await quiet();
  });
  assert_equals(none.length, 1, "without any handler");
  assert_equals(none[0].promise, opened, "it is for opened");
}, "TCP-OPEN-04: a failed open reports at most one unhandled rejection, that of opened");

promise_test(async t => {
  for (let i = 0; i < 20; i++) {
    const peer = await makePeer(t, "hold", { greeting: "early", then: "fin" });
    const socket = new TCPSocket(peer.address, peer.port);
    const order = [];
    const opened = socket.opened.then(async info => {
      order.push("opened");
      const reader = info.readable.getReader();
      const text = decode(await readAll(reader));
      order.push("data");
      reader.releaseLock();
      return text;
    });
    socket.closed.then(() => order.push("closed"));
    assert_equals(await opened, "early", "not a byte is lost");
    assert_array_equals(order, ["opened", "data"]);
    await socket.close();
    await peer.end();
  }
}, "TCP-OPEN-06: what the peer sends at once is neither lost nor seen before opened has settled");

promise_test(async t => {
  const { port, drain } = await hangingPort(t);
  const socket = new TCPSocket("127.0.0.1", port);
  await quiet(1000);
  assert_equals(await state(socket.opened), "pending", "the handshake is not complete");
  const [{ remotePorts }, info] = await Promise.all([drain(), within(t, socket.opened, 15000, "opening")]);
  assert_array_equals(remotePorts, [info.localPort], "once there is room it connects");
  await socket.close();
}, "TCP-OPEN-07: opened stays pending until the handshake is complete");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, info } = await connect(t, peer);
  await socket.close();
  assert_equals(await socket.opened, info);
}, "TCP-OPEN-08: opened keeps its value after the socket is closed");
