// META: title=TCPServerSocket: opening
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
  await needIPv6();
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
