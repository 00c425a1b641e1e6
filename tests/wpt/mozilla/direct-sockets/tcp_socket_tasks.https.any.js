// META: title=TCPSocket: tasks and their order
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
  const peer = await makePeer(t, "hold");
  await startNet(t);
  const open = new TCPSocket(peer.address, peer.port);
  const failing = [new TCPSocket("127.0.0.1", await closedPort()), new TCPSocket("", 1), new TCPSocket("a\0b", 1),
                   new TCPSocket("127.0.0.1", 1, { dnsQueryType: "ipv6" })];
  const fresh = [new TCPSocket(peer.address, peer.port), new TCPSocket("", 1)];
  for (const socket of [...failing, fresh[1]]) {
    socket.opened.catch(() => {}); // It may reject while another one is being waited for.
  }
  await micro();
  for (const socket of fresh) {
    assert_equals(await state(socket.opened), "pending", "opened");
    assert_equals(await state(socket.closed), "pending", "closed");
  }
  await open.opened;
  for (const socket of [...failing, fresh[1]]) {
    await rejectsWith(socket.opened, "NetworkError");
  }
  await fresh[0].opened;
  await fresh[0].close();
  await open.close();
}, "TASK-01: nothing that a constructor starts settles before the current task and its microtasks have ended");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  await startNet(t);
  const { now: server } = await ask("time");
  const socket = new TCPSocket(peer.address, peer.port);
  let reacted = false;
  socket.opened.then(() => { reacted = true; });
  const start = Date.now();
  while (Date.now() - start < 700) {
    // Busy.
  }
  const end = Date.now();
  await micro();
  assert_false(reacted, "no reaction while the thread is busy");
  await socket.opened;
  const log = await peer.wait("accepted");
  assert_less_than(log.acceptedAt, end, "the peer saw the connection meanwhile");
  assert_greater_than_equal(log.acceptedAt, server);
  await socket.close();
}, "TASK-09: the work goes on while script is busy");
