// META: title=TCPSocket: opening
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  await startNet(t);
  const peer = await makePeer(t, "hold");
  t.add_cleanup(() => os.limitDescriptors(-1));
  await os.limitDescriptors(0);
  const socket = new TCPSocket(peer.address, peer.port);
  const error = await rejectsWith(socket.opened, "NetworkError", "without a descriptor left");
  await os.limitDescriptors(-1);
  assert_regexp_match(error.message, /too many/i);
  const next = await connect(t, peer);
  await next.socket.close();
}, "TCP-OPEN-02: a net process without a descriptor left rejects opened with a NetworkError, and recovers");

promise_test(async t => {
  await startNet(t);
  const peer = await makePeer(t, "hold");
  let error;
  const lines = await traced(["trace=setsockopt", "inject=setsockopt:error=ENOPROTOOPT"], async () => {
    error = await rejectsWith(new TCPSocket(peer.address, peer.port, { keepAliveDelay: 5000 }).opened, "NetworkError");
  });
  assert_true(lines.some(line => line.includes("INJECTED")), lines.join("\n"));
  assert_regexp_match(error.message, /option|error/i);
}, "TCP-OPEN-02: an option that the kernel refuses rejects opened with a NetworkError");

promise_test(async t => {
  await startNet(t);
  const port = await closedPort();
  const before = await os.descriptors();
  const sockets = [];
  for (let i = 0; i < 100; i++) {
    sockets.push(new TCPSocket("127.0.0.1", port));
  }
  for (const socket of sockets) {
    await rejectsWith(socket.opened, "NetworkError");
  }
  const { ok } = await os.waitForSockets(port, 0);
  assert_true(ok, "no socket to that port is left");
  const after = await os.descriptors();
  assert_equals(after.net, before.net, "descriptors of net");
}, "TCP-OPEN-05: a failed open leaves no OS socket behind");
