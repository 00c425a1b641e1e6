// META: title=TCPServerSocket: opening
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  await os.needIPv6();
  for (const address of ["127.0.0.1", "::1"]) {
    const { server, port } = await listen(t, {}, address);
    const found = await listening.find(port);
    assert_equals(found.listeners.length, 1, `${address}: one listening socket`);
    assert_equals(found.address, address);
    assert_array_equals(found.holders.map(holder => holder.kind), ["net"], "net holds it");
    assert_equals(await connectionFailure(port, address), "", "an outside client can connect");
    await server.close();
  }
}, "SRV-OPEN-01: it listens on the address and the port in net, and clients can connect once opened has resolved");

promise_test(async t => {
  await os.needIPv6();
  const { port } = await listen(t);
  await assertRefuses(port, "another address of loopback", "127.0.0.2");
  await assertRefuses(port, "IPv6", "::1");
}, "SRV-OPEN-01: it listens on no other address");

promise_test(async t => {
  const localPort = await freePort(t);
  for (let round = 0; round < 5; round++) {
    const { server, port } = await listen(t, { localPort });
    assert_equals(port, localPort);
    assert_equals((await listening.find(localPort)).listeners.length, 1);
    await server.close();
  }
}, "SRV-OPEN-01: it listens on the port that was asked for");

// What bind() and listen() say where no ordinary arguments bring them to say it.
function injected(call, error) {
  return async (t, open) => {
    const lines = await traced([`trace=${call}`, `inject=${call}:error=${error}`], open);
    assert_true(lines.some(line => line.includes("INJECTED")), lines.join("\n"));
  };
}

const FAILURES = {
  "a port that another program listens on": {
    options: async t => ({ localPort: (await makePeer(t, "hold")).port }),
    message: /in use/i,
  },
  "a port that a server of this page listens on": {
    options: async t => ({ localPort: (await listen(t)).port }),
    message: /in use/i,
  },
  "an address that is not of this machine": { address: "192.0.2.1", message: /address/i },
  "a port that needs privileges": { during: injected("bind", "EACCES"), message: /denied|permission|allowed/i },
  "no descriptor left": {
    during: async (t, open) => {
      t.add_cleanup(() => os.limitDescriptors(-1));
      await os.limitDescriptors(0);
      await open();
      await os.limitDescriptors(-1);
    },
    message: /too many/i,
  },
  "a refusal to listen": { during: injected("listen", "EADDRINUSE"), message: /in use/i },
  "an option that the kernel refuses": { during: injected("setsockopt", "ENOPROTOOPT"), message: /./ },
};
for (const [what, failure] of Object.entries(FAILURES)) {
  const { address = "127.0.0.1", options = () => ({}), during = (_, open) => open(), message } = failure;
  promise_test(async t => {
    await startNet(t);
    const arguments_ = [address, await options(t)];
    await during(t, async () => {
      const server = new TCPServerSocket(...arguments_);
      const error = await rejectsWith(server.opened, "NetworkError", "opened");
      await rejectsExactly(server.closed, error, "closed");
      assert_regexp_match(error.message, message, "the message says why");
    });
    const { server } = await listen(t);
    await server.close();
  }, `SRV-OPEN-02: ${what} rejects opened and closed with a NetworkError, and the next server opens`);
}

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
  await startNet(t);
  const { port: localPort } = await makePeer(t, "hold");
  const before = await os.descriptors();
  const servers = Array.from({ length: 100 }, () => new TCPServerSocket("127.0.0.1", { localPort }));
  servers.forEach(server => held(server.opened));
  for (const server of servers) {
    await rejectsWith(server.opened, "NetworkError");
  }
  assert_equals((await os.descriptors()).net, before.net, "descriptors of net");
}, "SRV-OPEN-02: a failure leaves no OS socket behind");

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
