// META: title=TCPSocket: loss of the net process
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

// A net process that ends sooner than this after its start has "died quickly" (NET_QUICK_DEATH_MS), and after a few of
// those the broker waits before it starts another one. These tests are about single deaths.
const SECONDS_BEFORE_DEATH = 2.1;

async function startOldNet(t) {
  const net = await startNet(t);
  assert_true((await os.waitForAge("net", SECONDS_BEFORE_DEATH)).ok);
  return net;
}

// The steps at which net is killed. Each returns promises by name: what has to reject with NetworkError,
// and what only has to settle.
const STEPS = {
  "before it reads the request to open": async (t, peer, kill) => {
    await os.signalNet("STOP");
    const socket = new TCPSocket(peer.address, peer.port);
    await micro();
    await kill();
    return { rejects: { opened: socket.opened, closed: socket.closed } };
  },
  "while resolving": async (t, peer, kill) => {
    await os.blockHosts(true);
    t.add_cleanup(() => os.blockHosts(false));
    const socket = new TCPSocket("v4.test", peer.port);
    await quiet();
    await kill();
    await os.blockHosts(false);
    return { rejects: { opened: socket.opened, closed: socket.closed } };
  },
  "while connecting": async (t, peer, kill) => {
    const { port } = await hangingPort(t);
    const socket = new TCPSocket("127.0.0.1", port);
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
    const read = reader.read();
    await kill();
    return { rejects: { read, "reader.closed": reader.closed, closed: socket.closed } };
  },
  "with a BYOB read pending": async (t, peer, kill) => {
    const { socket, readable } = await connect(t, peer);
    const reader = readable.getReader({ mode: "byob" });
    const read = reader.read(new Uint8Array(10));
    await kill();
    return { rejects: { read, "reader.closed": reader.closed, closed: socket.closed } };
  },
  "with a write in flight": async (t, peer, kill) => {
    const { socket, writable } = await connect(t, peer);
    const writer = writable.getWriter();
    const writes = [writer.write(new Uint8Array(32 * MIB)), writer.write(bytes(1))];
    await quiet();
    assert_equals(await state(writes[0]), "pending");
    await kill();
    return {
      rejects: { write: writes[0], "queued write": writes[1], "writer.closed": writer.closed, closed: socket.closed },
    };
  },
  "with the write side closed": async (t, peer, kill) => {
    const { socket, readable, writable } = await connect(t, peer);
    await writable.close();
    const read = readable.getReader().read();
    await kill();
    return { rejects: { read, closed: socket.closed } };
  },
  "with the read side at its end": async (t, peer, kill) => {
    const { socket, readable, writable } = await connect(t, peer);
    await peer.fin();
    assert_true((await readable.getReader().read()).done);
    const writer = writable.getWriter();
    await kill();
    return { rejects: { "writer.closed": writer.closed, "a write": writer.write(bytes(1)), closed: socket.closed } };
  },
  "with the readable cancelled": async (t, peer, kill) => {
    const { socket, readable, writable } = await connect(t, peer);
    await readable.cancel();
    const writer = writable.getWriter();
    await kill();
    return { rejects: { "writer.closed": writer.closed, closed: socket.closed } };
  },
  "with bytes that nobody has read": async (t, peer, kill) => {
    const { socket, info, readable } = await connect(t, peer);
    await peer.send("unread");
    await os.waitForSocket(info, { receiveQueue: 0 });
    await quiet();
    await kill();
    await rejectsWith(socket.closed, "NetworkError", "closed");
    return { rejects: { closed: socket.closed } };
  },
  "while the writer is closing": async (t, peer, kill) => {
    const { socket, writable } = await connect(t, peer);
    const writer = writable.getWriter();
    const write = writer.write(new Uint8Array(32 * MIB));
    const closing = writer.close();
    await quiet();
    await kill();
    return { rejects: { write, close: closing, "writer.closed": writer.closed, closed: socket.closed } };
  },
  "right after writer.close()": async (t, peer, kill) => {
    const { socket, readable, writable } = await connect(t, peer);
    await os.signalNet("STOP");
    const closing = writable.close();
    const read = readable.getReader().read();
    await micro();
    await kill();
    return { rejects: { read, closed: socket.closed }, settles: { close: closing } };
  },
  "right after writer.abort()": async (t, peer, kill) => {
    const { socket, readable, writable } = await connect(t, peer);
    await os.signalNet("STOP");
    const aborting = writable.abort("reason");
    const read = readable.getReader().read();
    await micro();
    await kill();
    return { rejects: { read }, settles: { abort: aborting, closed: socket.closed } };
  },
  "right after close()": async (t, peer, kill) => {
    const { socket } = await connect(t, peer);
    await os.signalNet("STOP");
    const closing = socket.close();
    await micro();
    await kill();
    return { rejects: {}, settles: { "close()": closing } };
  },
};

for (const [what, step] of Object.entries(STEPS)) {
  promise_test(async t => {
    const net = await startOldNet(t);
    const peer = await makePeer(t, "hold", { receiveBuffer: 4096 });
    const kill = async () => {
      await os.signalNet("KILL");
      assert_true((await os.waitForEnd("net", net)).ok, "net has ended");
    };
    const { rejects, settles = {} } = await step(t, peer, kill);
    // They all settle at once, and are looked at one after the other.
    Object.values({ ...rejects, ...settles }).forEach(promise => promise.catch(() => {}));
    for (const [name, promise] of Object.entries(rejects)) {
      await rejectsWith(within(t, promise, 5000, name), "NetworkError", name);
    }
    for (const [name, promise] of Object.entries(settles)) {
      await within(t, promise.catch(() => {}), 5000, name);
    }
    const next = await connect(t, await makePeer(t, "echo"));
    const writer = next.writable.getWriter();
    await writer.write(encode("next"));
    const reader = next.readable.getReader();
    assert_equals(decode(await readExactly(reader, 4)), "next", "the next socket works");
    const found = await os.processes();
    assert_equals(found.net.length, 1, "one net process");
    assert_not_equals(found.net[0], net, "a new one");
    assert_equals(found.zombies, 0, "no zombie");
  }, `LIFE-04: net killed ${what}: every promise settles, and the next socket works`);
}

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
