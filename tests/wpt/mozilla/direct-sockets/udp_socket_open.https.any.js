// META: title=UDPSocket: opening
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/_mozilla/direct-sockets/resources/udp_os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  await startUdpNet();
  t.add_cleanup(() => os.limitDescriptors(-1));
  await os.limitDescriptors(0);
  const socket = new UDPSocket({ localAddress: "127.0.0.1" });
  const error = await rejectsWith(socket.opened, "NetworkError", "without a descriptor left");
  assert_regexp_match(error.message, /too many/i, "the message says why");
  await os.limitDescriptors(-1);
  const next = await bindUdp(t);
  await next.socket.close();
}, "UDP-OPEN-01: a process at its limit of descriptors fails with NetworkError, and later sockets open");

promise_test(async t => {
  const net = await startUdpNet();
  const { info } = await bindUdp(t);
  const before = await udp.count();
  const fail = async () => {
    const socket = new UDPSocket({ localAddress: info.localAddress, localPort: info.localPort });
    await rejectsWith(socket.opened, "NetworkError");
  };
  await fail();
  const descriptors = await os.descriptors();
  for (let i = 0; i < 100; i++) {
    await fail();
  }
  const found = await udp.waitForCount(before, 5);
  assert_true(found.ok, `UDP sockets of net: ${found.net} after, ${before} before`);
  assert_less_than_equal((await os.descriptors()).net, descriptors.net, "descriptors of net");
  assert_equals((await os.processes()).net[0], net, "the same net process");
}, "UDP-OPEN-01: a failed open leaves no OS socket behind");

promise_test(async t => {
  // A port that is free on this address, as nobody else uses it.
  const { info } = await bindUdp(t);
  const local = { localAddress: "127.0.0.9", localPort: info.localPort };
  const peer = await makeUdpPeer(t);
  const sent = udp.sendWhenBound(peer, "early", { address: local.localAddress, port: local.localPort });
  const socket = new UDPSocket(local);
  t.add_cleanup(() => dispose(socket));
  const order = [];
  const reading = socket.opened.then(async ({ readable, writable }) => {
    order.push("opened");
    assert_true(readable instanceof ReadableStream, "readable");
    assert_true(writable instanceof WritableStream, "writable");
    const reader = readable.getReader();
    const text = await readText(reader);
    reader.releaseLock();
    order.push(text);
  });
  // The datagram comes while no task can run.
  const start = Date.now();
  while (Date.now() - start < 500) {
    // Busy.
  }
  await sent;
  await reading;
  assert_array_equals(order, ["opened", "early"]);
}, "UDP-OPEN-02: streams exist when opened resolves, and a datagram that came before that is not lost");

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  await startUdpNet();
  const open = [new UDPSocket({ localAddress: "127.0.0.1" }),
                new UDPSocket({ remoteAddress: peer.address, remotePort: peer.port })];
  const failing = [new UDPSocket({ remoteAddress: "", remotePort: 1 }),
                   new UDPSocket({ remoteAddress: "127.0.0.1", remotePort: 0 }),
                   new UDPSocket({ remoteAddress: "127.0.0.1", remotePort: 1, dnsQueryType: "ipv6" })];
  failing.forEach(socket => held(socket.opened));
  await micro();
  for (const socket of [...open, ...failing]) {
    assert_equals(await state(socket.opened), "pending", "opened");
    assert_equals(await state(socket.closed), "pending", "closed");
  }
  for (const socket of failing) {
    await rejectsWith(socket.opened, "NetworkError");
  }
  for (const socket of open) {
    await socket.opened;
    await socket.close();
  }
}, "TASK-01: nothing that the constructor starts settles before the current task and its microtasks have ended");
