// META: title=TCPSocket: loss of the net process
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/_mozilla/direct-sockets/resources/net_loss.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

// The steps at which net is killed, see net_loss.js.
const STEPS = {
  "before it reads the request to open": async (t, peer, kill) => {
    await os.signalNet("STOP");
    const socket = new TCPSocket(peer.address, peer.port);
    held(socket.opened);
    await micro();
    await kill();
    return { rejects: { opened: socket.opened, closed: socket.closed } };
  },
  "while resolving": async (t, peer, kill) => {
    await os.blockHosts(true);
    t.add_cleanup(() => os.blockHosts(false));
    const socket = new TCPSocket("v4.test", peer.port);
    held(socket.opened);
    await quiet();
    await kill();
    await os.blockHosts(false);
    return { rejects: { opened: socket.opened, closed: socket.closed } };
  },
  "while connecting": async (t, peer, kill) => {
    const { port } = await hangingPort(t);
    const socket = new TCPSocket("127.0.0.1", port);
    held(socket.opened);
    await quiet();
    assert_equals(await state(socket.opened), "pending");
    await kill();
    return { rejects: { opened: socket.opened, closed: socket.closed } };
  },
  "open and idle": async (t, peer, kill) => {
    const { socket, readable, writable } = await connect(t, peer);
    await kill();
    const reader = readable.getReader();
    const writer = writable.getWriter();
    return {
      rejects: { closed: socket.closed, read: reader.read(), "reader.closed": reader.closed,
                 "writer.closed": writer.closed, "a write": writer.write(bytes(1)) },
    };
  },
  "with a read pending": async (t, peer, kill) => {
    const { socket, readable } = await connect(t, peer);
    const reader = readable.getReader();
    const read = held(reader.read());
    await kill();
    return { rejects: { read, "reader.closed": reader.closed, closed: socket.closed } };
  },
  "with a BYOB read pending": async (t, peer, kill) => {
    const { socket, readable } = await connect(t, peer);
    const reader = readable.getReader({ mode: "byob" });
    const read = held(reader.read(new Uint8Array(10)));
    await kill();
    return { rejects: { read, "reader.closed": reader.closed, closed: socket.closed } };
  },
};

testNetLoss(STEPS);

promise_test(async t => {
  await startOldNet(t);
  const peer = await makePeer(t, "hold");
  const opened = await Promise.all(Array.from({ length: 50 }, () => connect(t, peer)));
  const failures = opened.map(({ socket }) => rejection(socket.closed));
  await os.signalNet("KILL");
  const errors = await within(t, Promise.all(failures), 10000, "all fifty");
  for (const [index, error] of errors.entries()) {
    assert_dom_exception(error, "NetworkError", `socket ${index}`);
  }
  // The error of one socket is one object.
  const { socket, readable, writable } = opened[0];
  await rejectsExactly(readable.getReader().read(), errors[0], "read");
  await rejectsExactly(writable.getWriter().closed, errors[0], "writer.closed");
}, "LIFE-04: all sockets of a page settle when net is lost, each with one NetworkError");

promise_test(async t => {
  await startOldNet(t);
  await os.signalNet("KILL");
  // At once: whether the old process is gone yet or not, no promise is left pending.
  const peer = await makePeer(t, "hold");
  const sockets = Array.from({ length: 10 }, () => new TCPSocket(peer.address, peer.port));
  sockets.forEach(socket => held(socket.opened));
  for (const socket of sockets) {
    await within(t, socket.opened.catch(error => assert_dom_exception(error, "NetworkError")), 10000, "opened");
  }
  const next = new TCPSocket(peer.address, peer.port);
  await within(t, next.opened, 10000, "the next socket");
  await next.close();
}, "LIFE-04: sockets that are made while net is being lost settle, and later ones open");

promise_test(async t => {
  await startOldNet(t);
  const unhandled = await unhandledRejections(async () => {
    const peer = await makePeer(t, "hold");
    const socket = new TCPSocket(peer.address, peer.port);
    await socket.opened;
    await os.signalNet("KILL");
    await quiet(500);
    assert_equals(await state(socket.closed), "rejected");
  });
  assert_equals(unhandled.length, 0);
}, "LIFE-04: the loss of net causes no unhandled rejection by itself");
