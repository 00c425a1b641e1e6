// META: title=UDPSocket: losing the net process
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/_mozilla/direct-sockets/resources/udp_os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js
// META: script=/_mozilla/direct-sockets/resources/net_loss.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

const LOCAL = { localAddress: "127.0.0.1" };

// The steps at which net is killed. As in net_loss.js; the peers are UDP ones.
const STEPS = {
  "before it reads the request to open": async (t, kill) => {
    await os.signalNet("STOP");
    const sockets = [new UDPSocket(LOCAL), new UDPSocket({ remoteAddress: "127.0.0.1", remotePort: 9 })];
    sockets.forEach(socket => held(socket.opened));
    await micro();
    await kill();
    return { rejects: { "opened, bound": sockets[0].opened, "closed, bound": sockets[0].closed,
                        "opened, connected": sockets[1].opened, "closed, connected": sockets[1].closed } };
  },
  "while resolving": async (t, kill) => {
    await os.blockHosts(true);
    t.add_cleanup(() => os.blockHosts(false));
    const socket = new UDPSocket({ remoteAddress: "v4.test", remotePort: 9 });
    held(socket.opened);
    await quiet();
    assert_equals(await state(socket.opened), "pending");
    await kill();
    await os.blockHosts(false);
    return { rejects: { opened: socket.opened, closed: socket.closed } };
  },
  "open and idle": async (t, kill) => {
    const bound = await bindUdp(t);
    const connected = await connectUdp(t, await makeUdpPeer(t));
    await kill();
    const reader = bound.readable.getReader();
    const writer = connected.writable.getWriter();
    return {
      rejects: { "closed, bound": bound.socket.closed, "closed, connected": connected.socket.closed,
                 read: reader.read(), "reader.closed": reader.closed, "writer.closed": writer.closed,
                 "a write": writer.write({ data: bytes(1) }) },
    };
  },
  "with a read pending": async (t, kill) => {
    const { socket, readable } = await bindUdp(t);
    const reader = readable.getReader();
    const read = held(reader.read());
    await kill();
    return { rejects: { read, "reader.closed": reader.closed, closed: socket.closed } };
  },
  "with writes in flight": async (t, kill) => {
    const { socket, writable } = await bindUdp(t);
    await os.blockHosts(true);
    t.add_cleanup(() => os.blockHosts(false));
    const writer = writable.getWriter();
    const writes = [writer.write(to({ address: "v4.test", port: 9 }, "one")),
                    writer.write(to({ address: "127.0.0.1", port: 9 }, "two"))].map(held);
    const closing = held(writer.close());
    await quiet();
    assert_equals(await state(writes[0]), "pending");
    await kill();
    await os.blockHosts(false);
    return { rejects: { write: writes[0], "queued write": writes[1], close: closing, "writer.closed": writer.closed,
                        closed: socket.closed } };
  },
  "with the write side closed": async (t, kill) => {
    const { socket, readable, writable } = await bindUdp(t);
    await writable.close();
    const read = held(readable.getReader().read());
    await kill();
    return { rejects: { read, closed: socket.closed } };
  },
  "with the write side refused": async (t, kill) => {
    const { socket, readable, writable } = await bindUdp(t);
    const error = await rejection(writable.getWriter().write("str"));
    const read = held(readable.getReader().read());
    await kill();
    await rejectsExactly(within(t, socket.closed, 5000, "closed"), error, "closed");
    return { rejects: { read } };
  },
  "with the readable cancelled": async (t, kill) => {
    const { socket, readable, writable } = await bindUdp(t);
    await readable.cancel();
    const writer = writable.getWriter();
    await kill();
    return { rejects: { "writer.closed": writer.closed, closed: socket.closed } };
  },
  "with datagrams that nobody has read": async (t, kill) => {
    const { socket, info } = await bindUdp(t);
    await (await makeUdpPeer(t)).flood(at(info), { count: 50 });
    await udp.waitForSocket(info, { minReceiveQueue: 1 });
    await kill();
    return { rejects: { closed: socket.closed } };
  },
  "right after the second side has ended": async (t, kill) => {
    const { socket, readable, writable } = await bindUdp(t);
    await writable.close();
    await os.signalNet("STOP");
    const cancelled = readable.cancel();
    await micro();
    await kill();
    return { rejects: {}, settles: { cancel: cancelled, closed: socket.closed } };
  },
  "right after close()": async (t, kill) => {
    const { socket } = await bindUdp(t);
    await os.signalNet("STOP");
    const closing = held(socket.close());
    await micro();
    await kill();
    return { rejects: {}, settles: { "close()": closing } };
  },
};

for (const [what, step] of Object.entries(STEPS)) {
  promise_test(async t => {
    const net = await startOldNet(t);
    const kill = async () => {
      await os.signalNet("KILL");
      assert_true((await os.waitForEnd("net", net)).ok, "net has ended");
    };
    const { rejects, settles = {} } = await step(t, kill);
    // They all settle at once, and are looked at one after the other.
    Object.values({ ...rejects, ...settles }).forEach(held);
    for (const [name, promise] of Object.entries(rejects)) {
      await rejectsWith(within(t, promise, 5000, name), "NetworkError", name);
    }
    for (const [name, promise] of Object.entries(settles)) {
      await within(t, promise.catch(() => {}), 5000, name);
    }
    const next = await connectUdp(t, await makeUdpPeer(t, "echo"));
    await next.writable.getWriter().write({ data: encode("next") });
    assert_equals(await readText(next.readable.getReader()), "next", "the next socket works");
    const found = await os.processes();
    assert_equals(found.net.length, 1, "one net process");
    assert_not_equals(found.net[0], net, "a new one");
    assert_equals(found.zombies, 0, "no zombie");
  }, `LIFE-04: net killed ${what}: every promise of a UDP socket settles, and the next socket works`);
}

promise_test(async t => {
  await startOldNet(t);
  const opened = await Promise.all(Array.from({ length: 50 }, () => bindUdp(t)));
  const failures = opened.map(({ socket }) => rejection(socket.closed));
  await os.signalNet("KILL");
  const errors = await within(t, Promise.all(failures), 10000, "all fifty");
  for (const [index, error] of errors.entries()) {
    assert_dom_exception(error, "NetworkError", `socket ${index}`);
  }
  // The error of one socket is one object.
  const { readable, writable } = opened[0];
  await rejectsExactly(readable.getReader().read(), errors[0], "read");
  await rejectsExactly(writable.getWriter().closed, errors[0], "writer.closed");
}, "LIFE-04: all UDP sockets of a page settle when net is lost, each with one NetworkError");

promise_test(async t => {
  await startOldNet(t);
  const unhandled = await unhandledRejections(async () => {
    const { socket } = await bindUdp(t);
    await os.signalNet("KILL");
    await quiet(500);
    assert_equals(await state(socket.closed), "rejected");
  });
  assert_equals(unhandled.length, 0);
}, "LIFE-04: the loss of net causes no unhandled rejection of a UDP socket by itself");
