// META: title=UDPSocket: opening
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js

"use strict";

const FAILURES = {
  "a port in use": async t => {
    const { info } = await bindUdp(t);
    return { localAddress: info.localAddress, localPort: info.localPort };
  },
  "an address that is not local": () => ({ localAddress: "192.0.2.200" }),
  "an IPv6 address that is not local": () => ({ localAddress: "2001:db8::1" }),
  "a name that does not resolve": () => ({ remoteAddress: "no-such-name.invalid", remotePort: 9 }),
  "a host with a NUL": () => ({ remoteAddress: "a\0b", remotePort: 9 }),
  "a host in brackets": () => ({ remoteAddress: "[::1]", remotePort: 9 }),
  "an empty host": () => ({ remoteAddress: "", remotePort: 9 }),
  "a literal of the wrong family": () => ({ remoteAddress: "127.0.0.1", remotePort: 9, dnsQueryType: "ipv6" }),
  "a broadcast address": () => ({ remoteAddress: "127.255.255.255", remotePort: 9 }),
};

for (const [what, make] of Object.entries(FAILURES)) {
  promise_test(async t => {
    const socket = new UDPSocket(await make(t));
    const error = await rejectsWith(socket.opened, "NetworkError", "opened");
    await rejectsExactly(socket.closed, error, "closed");
  }, `UDP-OPEN-01: ${what} rejects opened and closed with one NetworkError`);
}

// A privileged port that nobody has, any of them: other tests may run at the same time. `allowed` says whether this
// user may have it, which depends on the machine.
async function privilegedPort() {
  for (let tries = 0; tries < 100; tries++) {
    const port = 1 + Math.floor(Math.random() * 1023);
    try {
      await (await UdpPeer.create("hold", { port })).end();
      return { port, allowed: true };
    } catch (error) {
      if (!/in use/.test(error.message)) {
        return { port, allowed: false };
      }
    }
  }
  throw new Error("no privileged port is free");
}

promise_test(async t => {
  for (let i = 0; i < 2; i++) {
    const { port, allowed } = await privilegedPort();
    const socket = new UDPSocket({ localAddress: "127.0.0.1", localPort: port });
    // A socket of this page may if another program may.
    if (allowed) {
      assert_equals((await socket.opened).localPort, port);
      await socket.close();
    } else {
      await rejectsWith(socket.opened, "NetworkError", `port ${port}`);
    }
  }
}, "UDP-OPEN-01: for privileged ports the operating system has the word");

promise_test(async t => {
  const { info } = await bindUdp(t);
  const socket = new UDPSocket({ localAddress: info.localAddress, localPort: info.localPort });
  const order = [];
  const { port1, port2 } = new MessageChannel();
  const message = new Promise(resolve => {
    port1.onmessage = () => {
      order.push("message");
      resolve();
    };
  });
  const opened = socket.opened.catch(() => {
    order.push("opened");
    port2.postMessage(null);
  });
  const closed = socket.closed.catch(() => order.push("closed"));
  await Promise.all([opened, closed, message]);
  assert_array_equals(order, ["opened", "closed", "message"]);
  port1.close();
}, "UDP-OPEN-01: opened is rejected before closed, in one task");

promise_test(async t => {
  const socket = new UDPSocket({ remoteAddress: "", remotePort: 9 });
  const seen = socket.opened.catch(() => state(socket.closed));
  assert_equals(await seen, "rejected", "closed is rejected by the time opened's handler runs");
}, "TASK-03: the steps that report a failed open run without a microtask between them");

promise_test(async t => {
  const one = await unhandledRejections(async () => {
    const socket = new UDPSocket({ remoteAddress: "", remotePort: 9 });
    await rejection(socket.opened);
  });
  assert_equals(one.length, 0, "only opened is handled");
  let socket;
  const none = await unhandledRejections(async () => {
    socket = new UDPSocket({ remoteAddress: "", remotePort: 9 });
    await quiet();
  });
  assert_equals(none.length, 1, "nothing is handled");
  assert_equals(none[0].promise, socket.opened, "the promise of the event");
  await rejection(socket.opened);
}, "UDP-OPEN-01: of a failed open only opened can be an unhandled rejection");

promise_test(async t => {
  const { socket, info } = await bindUdp(t);
  assert_equals(await socket.opened, info, "the same object for every await");
  await socket.close();
  assert_equals(await socket.opened, info, "also once it is closed");
}, "UDP-OPEN-02: opened resolves once and keeps its value after the socket is closed");

promise_test(async t => {
  for (const remoteAddress of ["127.0.0.1", "::1", "localhost"]) {
    const socket = new UDPSocket({ remoteAddress, remotePort: 0 });
    await rejectsWith(socket.opened, "NetworkError", remoteAddress);
    await rejectsWith(socket.closed, "NetworkError", remoteAddress);
  }
}, "UDP-OPEN-03: a remote port of 0 fails the open");
